"""Changing what is stored of a user: passwords, quotas, flags, comments, alone and in a batch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import VLimits, Vpopmail
from vpopmail.errors import (
    DomainNotFound,
    GecosTooLong,
    InvalidCharacter,
    InvalidDomainName,
    InvalidInput,
    InvalidQuota,
    PasswordChangeForbidden,
    PasswordTooLong,
    PasswordTooWeak,
    UserNotFound,
    VpopmailError,
)
from vpopmail.passwords import hash_password
from vpopmail.records import NO_PASSWD_CHNG, NO_POP, NO_SMTP, V_OVERRIDE, VqPasswd
from vpopmail.testing import sandbox

JOE = f"joe@{DOMAIN}"
AMY = f"amy@{DOMAIN}"


@pytest.fixture
def joe(site: Vpopmail, domain: Path) -> Path:
    """The home of joe, who has a password and mail; amy is there too."""
    site.users.add(JOE, "secret", gecos="Joe")
    site.users.add(AMY, "secret")
    (domain / "joe/Maildir/new/1.mail,S=100").write_bytes(b"x" * 100)
    return domain / "joe"


@pytest.mark.usefixtures("joe")
def test_a_new_password_is_the_only_one_that_is_right(site: Vpopmail) -> None:
    before = site.users.get(AMY)
    plan = site.users.set_password(JOE, "changed")
    assert plan.carried_out
    assert site.users.check_password(JOE, "changed")
    assert not site.users.check_password(JOE, "secret")
    assert site.users.get(AMY) == before
    assert site.users.get(JOE).pw_gecos == "Joe"


@pytest.mark.usefixtures("joe")
@pytest.mark.parametrize("password", [None, ""])
def test_without_a_password_nobody_logs_in(site: Vpopmail, password: str | None) -> None:
    site.users.set_password(JOE, password)
    assert site.users.get(JOE).pw_passwd == ""
    assert not site.users.check_password(JOE, "")


@pytest.mark.usefixtures("joe")
def test_a_crypt_string_is_stored_as_it_is(site: Vpopmail) -> None:
    hashed = hash_password("other", "sha512")
    site.users.set_password(JOE, crypted=hashed)
    assert site.users.get(JOE).pw_passwd == hashed
    assert site.users.check_password(JOE, "other")


def test_the_clear_password_is_kept_and_forgotten_with_it(
    make_site: Callable[..., Vpopmail],
) -> None:
    site = make_site(clear_passwd=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE, "secret")
    site.users.set_password(JOE, "has:colon")
    assert site.users.get(JOE).pw_clear_passwd == "has:colon"
    site.users.set_password(JOE, crypted=hash_password("other", "sha512"))
    assert site.users.get(JOE).pw_clear_passwd == ""


def test_a_copy_of_the_hash_follows_if_the_site_wants_it(
    make_site: Callable[..., Vpopmail],
) -> None:
    site = make_site(sqwebmail_pass=True)
    site.domains.add(DOMAIN)
    site.users.add(JOE, "secret")
    user = site.users.get(JOE)
    file = Path(user.pw_dir, "Maildir/sqwebmail-pass")
    assert file.read_text() == f"\t{user.pw_passwd}\n"
    site.users.set_password(JOE, "changed")
    assert file.read_text() == f"\t{site.users.get(JOE).pw_passwd}\n"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_quota_counts_the_mail_that_is_there(site: Vpopmail, joe: Path) -> None:
    site.users.set_quota(JOE, "10M")
    assert site.users.get(JOE).pw_shell == "10485760S"
    assert (joe / "Maildir/maildirsize").read_text() == "10485760S\n100 1\n"
    site.users.set_quota(JOE, 2000)
    assert (joe / "Maildir/maildirsize").read_text() == "2000S\n100 1\n"
    site.users.set_quota(JOE, "NOQUOTA")
    assert site.users.get(JOE).pw_shell == "NOQUOTA"
    assert not (joe / "Maildir/maildirsize").exists()


@pytest.mark.usefixtures("joe")
def test_only_what_is_given_changes(site: Vpopmail) -> None:
    before = site.users.get(JOE)
    site.users.update(JOE, gecos="J. J.", set_flags=NO_POP | NO_SMTP, apop=1)
    user = site.users.get(JOE)
    assert (user.pw_gecos, user.pw_gid, user.pw_uid) == ("J. J.", NO_POP | NO_SMTP, 2)
    assert (user.pw_passwd, user.pw_dir, user.pw_shell) == (
        before.pw_passwd,
        before.pw_dir,
        before.pw_shell,
    )
    site.users.update(JOE, clear_flags=NO_POP)
    assert site.users.get(JOE).pw_gid == NO_SMTP
    site.users.update(JOE, flags=0, apop=0)
    assert (site.users.get(JOE).pw_gid, site.users.get(JOE).pw_uid) == (0, 1)
    site.users.update(JOE)
    assert site.users.get(JOE).pw_gecos == "J. J."


@pytest.mark.usefixtures("joe")
@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"gecos": "a:b"}, InvalidCharacter),
        ({"gecos": "a\nb"}, InvalidCharacter),
        ({"gecos": "x" * 65}, GecosTooLong),
        ({"quota": "10G"}, InvalidQuota),
        ({"quota": "-1"}, InvalidQuota),
        ({"password": "x" * 129}, PasswordTooLong),
        ({"crypted": "x" * 129}, PasswordTooLong),
        ({"crypted": "a:b"}, InvalidCharacter),
        ({"password": "a", "crypted": "b"}, InvalidInput),
        ({"flags": -1}, InvalidInput),
        ({"set_flags": 2**31}, InvalidInput),
    ],
)
def test_what_cannot_be_stored_is_refused_and_nothing_changes(
    site: Vpopmail, domain: Path, changes: dict[str, object], error: type[VpopmailError]
) -> None:
    before = tree(domain)
    with pytest.raises(error):
        site.users.update(JOE, **changes)  # type: ignore[arg-type]
    assert tree(domain) == before


@pytest.mark.usefixtures("joe")
def test_nobody_and_nowhere_are_told(site: Vpopmail, domain: Path) -> None:
    before = tree(domain)
    with pytest.raises(UserNotFound):
        site.users.set_password(f"nobody@{DOMAIN}", "x")
    with pytest.raises(DomainNotFound):
        site.users.set_quota("joe@missing.org", "1M")
    assert tree(domain) == before


@pytest.mark.usefixtures("joe")
def test_a_dry_run_says_what_it_would_do_and_does_nothing(site: Vpopmail, domain: Path) -> None:
    before = tree(domain)
    plan = site.users.set_quota(JOE, "1M", dry_run=True)
    assert "change joe" in str(plan)
    assert "commit point" in str(plan)
    assert not plan.carried_out
    with pytest.raises(UserNotFound):
        site.users.update(f"nobody@{DOMAIN}", gecos="x", dry_run=True)
    assert tree(domain) == before


@pytest.mark.usefixtures("joe")
def test_his_own_password_he_changes_only_if_flags_and_limits_let_him(site: Vpopmail) -> None:
    site.users.change_own_password("joe", DOMAIN, "first")
    site.users.update(JOE, set_flags=NO_PASSWD_CHNG)
    with pytest.raises(PasswordChangeForbidden):
        site.users.change_own_password("joe", DOMAIN, "second")
    site.limits.set(DOMAIN, VLimits(disable_passwordchanging=1))
    with pytest.raises(PasswordChangeForbidden):
        site.users.change_own_password("amy", DOMAIN, "second")
    site.users.update(AMY, set_flags=V_OVERRIDE)
    site.users.change_own_password("amy", DOMAIN, "third")
    assert site.users.check_password(JOE, "first")
    assert site.users.check_password(AMY, "third")


# in a batch


@pytest.mark.usefixtures("joe")
def test_changes_of_a_batch_count_together(
    site: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()
    with site.batch():
        site.users.set_password(JOE, "changed")
        site.users.set_quota(JOE, "1M")
        site.users.update(AMY, gecos="Amy")
        site.limits.update(DOMAIN, maxaliases=3)
        site.users.add(f"ken@{DOMAIN}")
        site.users.update(f"ken@{DOMAIN}", gecos="Ken", quota="2M")
        assert site.users.get(JOE).pw_shell == "1048576S"
        assert site.users.check_password(JOE, "changed")
        assert site.limits.get(DOMAIN).maxaliases == 3
        assert other.users.get(JOE).pw_shell == "NOQUOTA"
        assert other.limits.get(DOMAIN).maxaliases == -1
    assert other.users.check_password(JOE, "changed")
    assert other.users.get(JOE).pw_shell == "1048576S"
    assert other.users.get(AMY).pw_gecos == "Amy"
    assert other.limits.get(DOMAIN).maxaliases == 3
    ken = other.users.get(f"ken@{DOMAIN}")
    assert (ken.pw_gecos, ken.pw_shell) == ("Ken", "2097152S")
    assert Path(ken.pw_dir, "Maildir/maildirsize").read_text() == "2097152S\n0 0\n"


@pytest.mark.usefixtures("joe")
def test_an_error_in_a_batch_discards_all_changes(site: Vpopmail, domain: Path) -> None:
    before = without_locks(tree(domain))

    def fail() -> None:
        with site.batch():
            site.users.set_password(JOE, "changed")
            site.limits.set(DOMAIN, VLimits(maxaliases=1))
            site.users.set_quota(f"nobody@{DOMAIN}", "1M")

    with pytest.raises(UserNotFound):
        fail()
    assert without_locks(tree(domain)) == before


@pytest.mark.usefixtures("joe")
def test_what_others_changed_meanwhile_is_kept(
    site: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()

    def meanwhile() -> None:
        other.users.update(JOE, gecos="by the other")
        other.users.set_password(AMY, "by the other")
        other.limits.update(DOMAIN, maxforwards=7)

    with site.batch():
        site.users.set_quota(JOE, "1M")
        site.users.update(AMY, gecos="Amy")
        site.limits.update(DOMAIN, maxaliases=3)
        thread = threading.Thread(target=meanwhile)
        thread.start()
        thread.join()
    joe = other.users.get(JOE)
    assert (joe.pw_gecos, joe.pw_shell) == ("by the other", "1048576S")
    assert other.users.check_password(AMY, "by the other")
    assert other.users.get(AMY).pw_gecos == "Amy"
    assert (other.limits.get(DOMAIN).maxforwards, other.limits.get(DOMAIN).maxaliases) == (7, 3)


@pytest.mark.usefixtures("joe")
def test_a_user_deleted_meanwhile_fails_the_batch(
    site: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    other = make_site()

    def fail() -> None:
        with site.batch():
            site.users.update(AMY, gecos="Amy")
            site.users.set_quota(JOE, "1M")
            other.users.delete(JOE)

    with pytest.raises(UserNotFound):
        fail()
    assert other.users.get(AMY).pw_gecos == "amy"


@pytest.mark.usefixtures("joe")
def test_a_user_changed_and_then_deleted_in_a_batch_is_gone(site: Vpopmail) -> None:
    with site.batch():
        site.users.set_quota(JOE, "1M")
        site.users.delete(JOE)
        site.users.add(f"new@{DOMAIN}")
        site.users.update(f"new@{DOMAIN}", gecos="x")
        site.users.delete(f"new@{DOMAIN}")
    assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["amy"]


# listing


@pytest.mark.usefixtures("joe")
def test_users_are_listed_by_name_flags_and_anything_else(site: Vpopmail) -> None:
    site.users.add(f"jim@{DOMAIN}")
    site.users.update(JOE, set_flags=NO_POP | NO_SMTP)
    site.users.update(AMY, set_flags=NO_POP)

    def names(**filters: object) -> list[str]:
        return [user.pw_name for user in site.users.iter(DOMAIN, **filters)]  # type: ignore[arg-type]

    assert names() == ["amy", "jim", "joe"]
    assert names(names="j*") == ["jim", "joe"]
    assert names(names="j?m") == ["jim"]
    assert names(flags=NO_POP) == ["amy", "joe"]
    assert names(flags=NO_POP | NO_SMTP) == ["joe"]
    assert names(without=NO_POP) == ["jim"]
    assert names(flags=NO_POP, without=NO_SMTP) == ["amy"]
    assert names(where=lambda user: user.pw_gecos == "Joe") == ["joe"]
    site.limits.set(DOMAIN, VLimits(disable_pop=1))
    assert names(flags=NO_POP) == ["amy", "jim", "joe"]


@pytest.mark.usefixtures("joe")
def test_all_users_of_a_site_are_listed_once_with_their_domains(site: Vpopmail) -> None:
    site.domains.add("other.org", "x")
    site.domains.add_alias("alias.org", DOMAIN)
    with site.batch():
        site.users.add("bob@other.org")
        found = [f"{user.pw_name}@{domain}" for domain, user in site.users.iter_all()]
    assert sorted(found) == [AMY, "bob@other.org", JOE, "postmaster@other.org"]
    assert [user.pw_name for _, user in site.users.iter_all(names="B*")] == ["bob"]


# a password hashed anew


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_a_weaker_hash_is_replaced_at_the_login(
    make_site: Callable[..., Vpopmail], backend: str
) -> None:
    site = make_site(backend=backend, rehash_passwords=True, profile="5.6")
    site.domains.add(DOMAIN)
    old = hash_password("secret", "md5")
    site.users.add(JOE, crypted=old)
    assert not site.users.check_password(JOE, "wrong")
    assert site.users.get(JOE).pw_passwd == old
    assert site.users.check_password(JOE, "secret")
    new = site.users.get(JOE).pw_passwd
    assert new.startswith("$6$")
    assert site.users.check_password(JOE, "secret")
    assert site.users.get(JOE).pw_passwd == new


def test_no_hash_changes_unless_the_site_wants_it(site: Vpopmail, domain: Path) -> None:
    site.users.add(JOE, crypted=hash_password("secret", "md5"))
    before = tree(domain)
    assert site.users.check_password(JOE, "secret")
    assert tree(domain) == before


# any order of changes


_CHANGES = st.one_of(
    st.fixed_dictionaries({"gecos": st.text("abc Ä", max_size=10)}),
    st.fixed_dictionaries({"quota": st.sampled_from(["NOQUOTA", "1M", "5C", "1M,5C", 7])}),
    st.fixed_dictionaries({"set_flags": st.integers(0, 2**19)}),
    st.fixed_dictionaries({"clear_flags": st.integers(0, 2**19)}),
    st.fixed_dictionaries({"apop": st.sampled_from([0, 1])}),
    st.fixed_dictionaries({"crypted": st.sampled_from(["", "x", "$6$a$b"])}),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from([JOE, AMY]), _CHANGES), max_size=8), st.booleans())
def test_cdb_and_memory_agree_on_any_changes(
    changes: list[tuple[str, dict[str, object]]], in_batch: bool
) -> None:
    seen = []
    for backend in ("cdb", "memory"):
        with sandbox(backend=backend) as site:
            site.domains.add(DOMAIN)
            for address in (JOE, AMY):
                site.users.add(address)
            if in_batch:
                with site.batch():
                    for address, change in changes:
                        site.users.update(address, **change)  # type: ignore[arg-type]
            else:
                for address, change in changes:
                    site.users.update(address, **change)  # type: ignore[arg-type]
            top = str(site.settings.vpopmaildir)
            seen.append([str(user).replace(top, "") for user in site.users.iter(DOMAIN)])
    assert seen[0] == seen[1]


# the policy on passwords


def test_a_policy_holds_for_each_clear_password_that_is_stored(
    site: Vpopmail, domain: Path, tmp_path: Path
) -> None:
    (tmp_path / "v/etc/password_strength.conf").write_text("Length >= 6\nNumeric > 0\n")
    before = tree(domain)
    for password in ("", "abc1", "abcdefgh"):
        with pytest.raises(PasswordTooWeak) as caught:
            site.users.add(JOE, password)
        assert password not in str(caught.value) or not password
        with pytest.raises(PasswordTooWeak):
            site.domains.add("other.org", password)
    assert tree(domain) == before
    site.users.add(JOE)
    site.users.set_password(JOE, "abcdefg1")
    site.users.set_password(JOE)
    site.users.set_password(JOE, crypted="x")
    with pytest.raises(PasswordTooWeak):
        site.users.set_password(JOE, "short")
    assert site.users.get(JOE).pw_passwd == "x"


# wrong types and addresses


@pytest.mark.usefixtures("joe")
@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.users.get(None),
        lambda s: s.users.add(3),
        lambda s: s.users.set_password(JOE, b"x"),
        lambda s: s.users.set_quota(JOE, 1.5),
        lambda s: s.users.update(JOE, set_flags="x"),
        lambda s: s.domains.add(b"x.com"),
        lambda s: s.domains.find(3),
        lambda s: s.limits.set(DOMAIN, {}),
        lambda s: s.events.subscribe("x"),
    ],
)
def test_a_wrong_type_is_a_type_error(site: Vpopmail, call: Callable[[Vpopmail], object]) -> None:
    with pytest.raises(TypeError, match="needed|int|str"):
        call(site)


@pytest.mark.usefixtures("joe")
@pytest.mark.parametrize("address", ["joe", "", "joe@"])
def test_an_address_without_a_domain_says_what_is_missing(site: Vpopmail, address: str) -> None:
    for call in (site.users.add, site.users.set_password, site.users.delete):
        with pytest.raises(InvalidDomainName, match="give user@domain"):
            call(address)


@pytest.mark.parametrize("moment", ["decision", "commit"])
def test_change_of_all_users_passes_over_one_who_is_deleted_meanwhile(
    make_site: Callable[..., Vpopmail], moment: str
) -> None:
    ours, theirs = make_site(), make_site()
    ours.domains.add(DOMAIN)
    for name in ("amy", "joe", "zoe"):
        ours.users.add(f"{name}@{DOMAIN}")
    last = {"decision": "amy", "commit": "zoe"}[moment]  # whose change another process gets in before
    told = []
    ours.events.subscribe(lambda event: told.append((event.arguments[0], event.when)))

    def edit(user: VqPasswd) -> None:
        user.pw_gecos = "changed"
        if user.pw_name == last and f"joe@{DOMAIN}" in theirs.users:
            theirs.users.delete(f"joe@{DOMAIN}")

    ours.users.edit_all(DOMAIN, [edit])
    assert [(user.pw_name, user.pw_gecos) for user in ours.users.iter(DOMAIN)] == [
        ("amy", "changed"),
        ("zoe", "changed"),
    ]
    # It can be told before that he will be changed, but not that he was.
    assert [whose for whose, when in told if when == "after"] == [f"amy@{DOMAIN}", f"zoe@{DOMAIN}"]
    assert ((f"joe@{DOMAIN}", "before") in told) is (moment == "commit")
