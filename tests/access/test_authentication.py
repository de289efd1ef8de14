"""Letting somebody in, or not: each step, in its order."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from vpopmail import Vpopmail
from vpopmail.access import reasons
from vpopmail.access.login import Login, Refusal
from vpopmail.access.proof import apop_digest, cram_md5_digest
from vpopmail.errors import BackendUnavailable, HomeNotMade, InvalidInput
from vpopmail.passwords import hash_password
from vpopmail.records import (
    BOUNCE_MAIL,
    NO_DIALUP,
    NO_IMAP,
    NO_POP,
    NO_SMTP,
    NO_WEBMAIL,
    V_OVERRIDE,
    VLimits,
)

DOMAIN = "example.com"
JOE = "joe@example.com"
SECRET = "s3cret"
IP = "192.0.2.1"
CLOSES = {"pop": NO_POP, "imap": NO_IMAP, "smtp": NO_SMTP, "webmail": NO_WEBMAIL}


@pytest.fixture
def joe(site: Vpopmail) -> Vpopmail:
    """A site with a domain, an alias domain and a user."""
    site.domains.add(DOMAIN)
    site.domains.add_alias("alias.org", DOMAIN)
    site.users.add(JOE, SECRET)
    return site


def reason(outcome: Login | Refusal) -> str:
    assert isinstance(outcome, Refusal)
    return outcome.reason.name


def log_in(site: Vpopmail, name: str = JOE, password: str | bytes = SECRET, service: str = "imap") -> Login | Refusal:
    return site.logins.authenticate(name, password, service, remote_ip=IP)


def test_login_tells_whose_mailbox_it_is(joe: Vpopmail) -> None:
    outcome = log_in(joe, "JOE@Alias.ORG")
    entry = joe.domains.get(DOMAIN)
    assert outcome == Login(
        "joe", DOMAIN, name="joe@alias.org", uid=entry.uid, gid=entry.gid,
        home=f"{entry.path}/joe", quota="NOQUOTA", flags=0, method="PLAIN", service="imap",
    )  # fmt: skip
    assert outcome and outcome.address == JOE


@pytest.mark.parametrize("name", [JOE, "joe%example.com", "joe/example.com", "Joe@EXAMPLE.com"])
def test_each_way_to_write_a_name_is_the_same_mailbox(joe: Vpopmail, name: str) -> None:
    outcome = log_in(joe, name)
    assert isinstance(outcome, Login)
    assert outcome.address == JOE
    assert outcome.name == name.lower()


@pytest.mark.parametrize(
    ("name", "password", "expected"),
    [
        ("", SECRET, "no_name"),
        ("", "", "no_name"),
        (JOE, "", "no_password"),
        ('b"d@example.com', SECRET, "bad_characters"),
        ("joe@exa mple.com", SECRET, "bad_characters"),
        ("joe@example.com@example.com", SECRET, "bad_characters"),
        ("joe\udcff@example.com", SECRET, "bad_characters"),
        ("joe@example.com\n", SECRET, "bad_characters"),
        ("nobody@example.com", SECRET, "unknown_user"),
        ("joe@example.net", SECRET, "unknown_user"),
        ("joe", SECRET, "unknown_user"),
        ("../joe@example.com", SECRET, "unknown_user"),
        (f"{'u' * 400}@example.com", SECRET, "unknown_user"),
        (JOE, "wrong", "password_failed"),
        (JOE, SECRET + "\0", "password_failed"),
        (JOE, SECRET.upper(), "password_failed"),
    ],
)
def test_refusal_has_its_reason_and_does_not_show_it(joe: Vpopmail, name: str, password: str, expected: str) -> None:
    outcome = log_in(joe, name, password)
    assert reason(outcome) == expected
    assert not outcome
    assert (str(outcome), repr(outcome)) == ("login refused", "<Refusal>")


@pytest.mark.parametrize("service", CLOSES)
@pytest.mark.parametrize("closed", CLOSES)
def test_flag_closes_its_service_and_no_other(joe: Vpopmail, service: str, closed: str) -> None:
    joe.users.update(JOE, flags=CLOSES[closed] | BOUNCE_MAIL | NO_DIALUP)
    outcome = log_in(joe, service=service)
    assert bool(outcome) == (service != closed)
    if not outcome:
        assert reason(outcome) == "service_closed"


@pytest.mark.parametrize("service", CLOSES)
def test_limit_of_the_domain_closes_a_service_unless_the_user_overrides(joe: Vpopmail, service: str) -> None:
    joe.limits.set(DOMAIN, VLimits(**{f"disable_{service}": 1}))
    assert reason(log_in(joe, service=service)) == "service_closed"
    joe.users.update(JOE, flags=V_OVERRIDE)
    assert log_in(joe, service=service)


def test_closed_service_costs_the_right_password(joe: Vpopmail) -> None:
    joe.users.update(JOE, flags=NO_IMAP)
    assert reason(log_in(joe, password="wrong")) == "password_failed"


def test_webmail_is_told_by_its_addresses(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(webmail_servers="198.51.100.7, 2001:DB8:0::7")
    site.domains.add(DOMAIN)
    site.users.add(JOE, SECRET)
    site.users.update(JOE, flags=NO_WEBMAIL)
    for address in ("198.51.100.7", "2001:db8::7", "::ffff:198.51.100.7"):
        for service in ("pop", "imap"):
            outcome = site.logins.authenticate(JOE, SECRET, service, remote_ip=address)
            assert reason(outcome) == "service_closed"
        assert site.logins.authenticate(JOE, SECRET, "smtp", remote_ip=address)
    assert site.logins.authenticate(JOE, SECRET, "imap", remote_ip="127.0.0.1")


def test_apop_and_cram_md5_where_the_clear_password_is_kept(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(clear_passwd=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE, SECRET)
    for service, digest, method in (("pop", apop_digest, "APOP"), ("smtp", cram_md5_digest, "CRAM-MD5")):
        answer = digest(SECRET.encode(), b"<1.2@x>")
        outcome = site.logins.authenticate(JOE, answer, service, challenge=b"<1.2@x>")
        assert isinstance(outcome, Login)
        assert outcome.method == method
        assert not site.logins.authenticate(JOE, answer, service, challenge=b"<1.3@x>")


def test_name_without_a_domain_is_of_the_default_domain(joe: Vpopmail) -> None:
    (Path(joe.settings.vpopmaildir) / "etc" / "defaultdomain").write_text("alias.org\n")
    outcome = log_in(joe, "joe")
    assert isinstance(outcome, Login)
    assert (outcome.address, outcome.name) == (JOE, "joe")


def test_login_notes_time_and_address(joe: Vpopmail) -> None:
    for service in CLOSES:
        assert joe.logins.authenticate(JOE, SECRET, service, remote_ip="2001:db8::1")
        noted = joe.users.last_auth(JOE)
        assert noted is not None
        assert noted[0] == "2001:db8::1"
        joe.users.note_login(JOE, "0.0.0.0")


def test_refused_login_notes_nothing(joe: Vpopmail) -> None:
    joe.users.update(JOE, flags=NO_IMAP)
    log_in(joe)
    log_in(joe, password="wrong")
    assert joe.users.last_auth(JOE)[0] == "0.0.0.0"  # type: ignore[index]


def test_note_from_the_same_address_is_newer_and_the_same_file(joe: Vpopmail) -> None:
    log_in(joe)
    path = Path(joe.domains.get(DOMAIN).path) / "joe" / "lastauth"
    os.utime(path, (1, 1))
    before = path.stat()
    log_in(joe)
    after = path.stat()
    assert after.st_ino == before.st_ino
    assert after.st_mtime > 1
    assert path.read_text() == IP


def test_note_that_cannot_be_written_refuses_nobody(joe: Vpopmail) -> None:
    path = Path(joe.domains.get(DOMAIN).path) / "joe" / "lastauth"
    path.unlink()
    path.mkdir()
    assert log_in(joe)
    assert joe.logins.authenticate(JOE, SECRET, "imap", remote_ip="x" * 60)


def test_home_is_made_on_the_first_login_of_a_service_that_works_in_it(joe: Vpopmail) -> None:
    directory = Path(joe.domains.get(DOMAIN).path) / "joe"
    shutil.rmtree(directory)
    assert log_in(joe, service="smtp")
    assert not directory.exists()
    assert log_in(joe, service="pop")
    assert sorted(path.name for path in (directory / "Maildir").iterdir()) == ["cur", "new", "tmp"]


def test_no_home_is_made_for_who_is_refused(joe: Vpopmail) -> None:
    directory = Path(joe.domains.get(DOMAIN).path) / "joe"
    shutil.rmtree(directory)
    joe.users.update(JOE, flags=NO_IMAP)
    log_in(joe)
    log_in(joe, password="wrong")
    assert not directory.exists()


def test_user_without_a_home_gets_one_that_is_stored(joe: Vpopmail) -> None:
    user = joe.users.get(JOE)
    shutil.rmtree(user.pw_dir)
    home, user.pw_dir = user.pw_dir, ""
    joe.users.store(user, DOMAIN)
    outcome = log_in(joe)
    assert isinstance(outcome, Login)
    assert outcome.home == joe.users.get(JOE).pw_dir == home
    assert (Path(home) / "Maildir" / "new").is_dir()


def test_home_that_cannot_be_made_is_trouble_and_no_refusal(joe: Vpopmail) -> None:
    user = joe.users.get(JOE)
    user.pw_dir = "/nowhere/joe"
    joe.users.store(user, DOMAIN)
    with pytest.raises(HomeNotMade):
        log_in(joe)
    assert not log_in(joe, password="wrong")


def test_logins_at_the_same_time_make_one_home(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(lock_timeout=60)
    site.domains.add(DOMAIN)
    site.users.add(JOE, SECRET)
    shutil.rmtree(site.users.get(JOE).pw_dir)
    assert all(at_once(lambda _: log_in(site), range(8)))


def at_once(act: Callable[..., Login | Refusal], arguments: Iterable[object]) -> list[Login | Refusal]:
    """What a function gives for each argument, called in threads of their own."""
    outcomes: list[Login | Refusal] = []
    threads = [threading.Thread(target=lambda each=each: outcomes.append(act(each))) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == len(threads)
    return outcomes


# learning


@pytest.fixture
def learning(make_site: Callable[..., Vpopmail]) -> Vpopmail:
    site = make_site(learn_passwords=True, clear_passwd=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE)
    return site


def test_user_without_a_password_is_refused_unless_the_site_learns(joe: Vpopmail) -> None:
    joe.users.set_password(JOE, "")
    assert reason(log_in(joe)) == "nothing_stored"
    assert joe.users.get(JOE).pw_passwd == ""


def test_first_password_is_learned_and_then_no_other(learning: Vpopmail) -> None:
    assert log_in(learning, password="first")
    assert learning.users.get(JOE).pw_clear_passwd == "first"
    assert reason(log_in(learning, password="second")) == "password_failed"
    assert log_in(learning, password="first")


def test_digest_is_never_learned(learning: Vpopmail) -> None:
    answer = apop_digest(b"first", b"<1.2@x>")
    outcome = learning.logins.authenticate(JOE, answer, "pop", challenge=b"<1.2@x>")
    assert reason(outcome) == "nothing_stored"
    assert learning.logins.authenticate(JOE, "first", "pop", challenge=b"<1.2@x>")


@pytest.mark.parametrize("password", ["a\nb", "x" * 200, "a\0b"])
def test_password_that_cannot_be_stored_is_not_learned(learning: Vpopmail, password: str) -> None:
    assert reason(log_in(learning, password=password)) == "nothing_stored"


def test_login_to_a_closed_service_learns_nothing(learning: Vpopmail) -> None:
    learning.users.update(JOE, flags=NO_IMAP)
    assert reason(log_in(learning, service="imap", password="a stranger's")) == "service_closed"
    assert learning.users.get(JOE).pw_passwd == ""
    assert log_in(learning, service="pop")


def test_check_learns_nothing(learning: Vpopmail) -> None:
    assert not learning.users.check_password(JOE, "first")
    assert learning.users.get(JOE).pw_passwd == ""


def test_clear_password_is_learned_from_a_right_one(learning: Vpopmail) -> None:
    learning.users.set_password(JOE, crypted=hash_password(SECRET, "md5"))
    assert not log_in(learning, password="wrong")
    assert learning.users.get(JOE).pw_clear_passwd == ""
    assert log_in(learning)
    assert learning.users.get(JOE).pw_clear_passwd == SECRET


def test_of_those_who_come_first_one_is_let_in(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(lock_timeout=60, learn_passwords=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE)
    outcomes = at_once(lambda word: log_in(site, password=str(word)), ("one", "two", "three"))
    assert [bool(outcome) for outcome in outcomes].count(True) == 1


def test_weak_hash_is_made_anew_if_the_site_wants_it(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(rehash_passwords=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE, crypted=hash_password(SECRET, "md5"))
    assert log_in(site)
    assert site.users.get(JOE).pw_passwd.startswith("$6$")
    assert log_in(site)


# trouble and misuse


def test_store_that_cannot_be_read_is_trouble_and_no_unknown_user(joe: Vpopmail, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BackendUnavailable("the store")

    monkeypatch.setattr(joe.installation.backend, "find", fail)
    with pytest.raises(BackendUnavailable):
        log_in(joe)


def test_unknown_service_is_an_error_of_the_caller(joe: Vpopmail) -> None:
    with pytest.raises(InvalidInput, match="webmail"):
        log_in(joe, service="ftp")


def test_every_refusal_has_a_class_and_a_word_of_its_own() -> None:
    found = [value for value in vars(reasons).values() if isinstance(value, reasons.Reason)]
    assert len({each.name for each in found}) == len(found)
    assert all(each.text and each.levels for each in found)
