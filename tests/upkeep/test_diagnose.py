"""The troubleshooting chain of the manual: which step of a login fails, and what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, needs_root, tree
from vpopmail import NO_IMAP, NO_POP, V_OVERRIDE, VLimits, Vpopmail
from vpopmail.safeio import seam
from vpopmail.testing import sandbox
from vpopmail.upkeep.diagnosis import Diagnosis

from .conftest import JOE, PASSWORD, STRANGER, fill
from .test_findings_of_domains import edit_assign, later

STEPS = ["name", "domain", "users/cdb", "directory", "account", "index", "lines", "password", "flags", "home", "Maildir"]  # fmt: skip


def failed(diagnosis: Diagnosis) -> str:
    """The name of the step that fails; its text says what and what to do."""
    step = diagnosis.failed
    assert step is not None, str(diagnosis)
    assert not diagnosis.ok
    assert step.says and step.advice, step
    assert str(step).startswith("FAILS ")
    return step.name


def test_all_steps_of_a_login_in_order_are_right(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert diagnosis.ok, str(diagnosis)
    assert diagnosis.failed is None
    assert [step.name for step in diagnosis.steps] == STEPS
    assert [step.ok for step in diagnosis.steps] == [True] * len(STEPS)
    assert len(str(diagnosis).splitlines()) == len(STEPS)


def test_an_alias_domain_and_upper_case_are_resolved(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose("JOE@Example.ORG", PASSWORD)
    assert diagnosis.ok
    assert "alias domain of example.com" in diagnosis["domain"].says


def test_nothing_is_written_and_no_lock_taken(
    filled: Vpopmail, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(place / "vpasswd", place / "vpasswd.cdb")
    shutil.rmtree(place / "joe/Maildir")
    before = tree(tmp_path)
    calls: list[str] = []
    monkeypatch.setattr(seam, "watch", lambda call, _arguments: calls.append(call))
    assert not filled.diagnose(JOE, PASSWORD).ok
    assert calls == []
    assert tree(tmp_path) == before


# name


@pytest.mark.parametrize("address", ["joe", "@example.com", "", "j oe@example.com", "joe@exa_mple.com", "j" * 300 + "@example.com"])  # fmt: skip
def test_a_name_that_none_can_have_fails_at_the_name(filled: Vpopmail, address: str) -> None:
    diagnosis = filled.diagnose(address, PASSWORD)
    assert failed(diagnosis) == "name"
    assert len(diagnosis.steps) == len(STEPS)


@pytest.mark.parametrize("address", ["joe\n@example.com", "joe@\0.com", "\udcff@example.com", "joe@b\u00fccher.example", "../../joe@example.com"])  # fmt: skip
def test_odd_names_are_told_in_plain_lines_and_never_raise(filled: Vpopmail, address: str) -> None:
    diagnosis = filled.diagnose(address, PASSWORD)
    assert failed(diagnosis) in {"name", "domain", "account"}
    assert str(diagnosis).isascii() or "b\u00fccher" in str(diagnosis)
    assert len(str(diagnosis).splitlines()) == len(STEPS)


def test_what_is_no_text_is_a_type_error(filled: Vpopmail) -> None:
    with pytest.raises(TypeError):
        filled.diagnose(b"joe@example.com")  # type: ignore[arg-type]


# domain and users/cdb


def test_an_unknown_domain_fails_at_the_domain_and_the_rest_is_not_reached(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose("joe@unknown.example", PASSWORD)
    assert failed(diagnosis) == "domain"
    assert [step.ok for step in diagnosis.steps[2:]] == [None] * (len(STEPS) - 2)
    assert "-     users/cdb: not reached" in str(diagnosis)


def test_a_missing_users_cdb_fails_at_the_domain(filled: Vpopmail, qmail: Path) -> None:
    (qmail / "users/cdb").unlink()
    diagnosis = filled.diagnose(JOE)
    assert failed(diagnosis) == "domain"
    assert "users/cdb" in diagnosis["domain"].says
    assert "site repair" in diagnosis["domain"].advice
    (qmail / "users/assign").unlink()
    assert "rebuild" in filled.diagnose(JOE)["domain"].advice


def test_a_domain_that_only_users_assign_has_is_told_so(filled: Vpopmail, qmail: Path) -> None:
    edit_assign(qmail, "+example.net-:example.net", "+new.example-:new.example")
    diagnosis = filled.diagnose("joe@new.example")
    assert failed(diagnosis) == "domain"
    assert "only in users/assign" in diagnosis["domain"].says


def test_a_users_cdb_that_is_older_than_users_assign_fails(filled: Vpopmail, qmail: Path) -> None:
    later(qmail / "users/assign", qmail / "users/cdb")
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "users/cdb"
    assert diagnosis["password"].ok  # what can be looked at is
    filled.reconcile()
    assert filled.diagnose(JOE, PASSWORD).ok


def test_another_line_in_users_assign_fails_at_users_cdb(filled: Vpopmail, qmail: Path) -> None:
    edit_assign(qmail, f"+{DOMAIN}-:{DOMAIN}:{os.getuid()}:", f"+{DOMAIN}-:{DOMAIN}:999:")
    assert failed(filled.diagnose(JOE)) == "users/cdb"
    assert "another line" in filled.diagnose(JOE)["users/cdb"].says


def test_a_malformed_users_assign_fails_at_users_cdb(filled: Vpopmail, qmail: Path) -> None:
    edit_assign(qmail, "+example.net-:", "+example.net-")
    diagnosis = filled.diagnose(JOE)
    assert failed(diagnosis) == "users/cdb"
    assert "line" in diagnosis["users/cdb"].says


# directory


def test_a_missing_domain_directory_fails_there(filled: Vpopmail, place: Path) -> None:
    shutil.rmtree(place)
    diagnosis = filled.diagnose(JOE)
    assert failed(diagnosis) == "directory"
    assert str(place) in diagnosis["directory"].says


@needs_root
def test_a_domain_directory_that_the_mail_user_cannot_enter_fails(foreign: Vpopmail) -> None:
    assert foreign.diagnose(JOE, PASSWORD).ok, str(foreign.diagnose(JOE, PASSWORD))
    Path(foreign.settings.vpopmaildir).chmod(0o700)
    os.chown(foreign.settings.vpopmaildir, 0, 0)
    diagnosis = foreign.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "directory"
    assert foreign.settings.vpopmaildir in diagnosis["directory"].says
    assert f"{STRANGER}:{STRANGER}" in diagnosis["directory"].advice


# account and its store


def test_an_unknown_user_fails_at_the_account(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose(f"nobody@{DOMAIN}", PASSWORD)
    assert failed(diagnosis) == "account"
    assert diagnosis["password"].ok is None


def test_an_alias_is_no_account(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose(f"sales@{DOMAIN}")
    assert failed(diagnosis) == "account"
    assert "alias" in diagnosis["account"].says


def test_a_stale_index_fails_at_the_index(filled: Vpopmail, place: Path) -> None:
    later(place / "vpasswd", place / "vpasswd.cdb")
    assert failed(filled.diagnose(JOE, PASSWORD)) == "index"


def test_lost_users_fail_at_the_index(filled: Vpopmail, place: Path) -> None:
    (place / "vpasswd").unlink()
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "index"
    assert "backup" in diagnosis["index"].advice
    assert diagnosis["lines"].ok is None  # they cannot be read


def test_a_malformed_line_fails_at_the_lines_by_its_number(filled: Vpopmail, place: Path) -> None:
    (place / "vpasswd").write_text((place / "vpasswd").read_text() + "secret-word\n")
    filled.reconcile()
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "lines"
    assert "line 4" in diagnosis["lines"].says
    assert "secret-word" not in str(diagnosis)


def test_a_double_line_of_somebody_else_keeps_nobody_out(filled: Vpopmail, place: Path) -> None:
    lines = (place / "vpasswd").read_text()
    (place / "vpasswd").write_text(lines + lines.splitlines(True)[0])
    filled.reconcile()
    assert lines.startswith("anna:")
    assert filled.diagnose(JOE, PASSWORD).ok
    assert failed(filled.diagnose(f"anna@{DOMAIN}")) == "lines"


# password


def test_a_wrong_password_is_told_and_neither_it_nor_the_stored_one_is_shown(
    filled: Vpopmail,
) -> None:
    diagnosis = filled.diagnose(JOE, "Wrong-7-Word")
    assert failed(diagnosis) == "password"
    stored = filled.users.get(JOE).pw_passwd
    for text in (str(diagnosis), repr(diagnosis), repr(diagnosis["password"])):
        assert "Wrong-7-Word" not in text
        assert stored not in text
        assert PASSWORD not in text


def test_without_a_password_it_is_only_looked_whether_one_is_stored(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose(JOE)
    assert diagnosis.ok
    assert "not compared" in diagnosis["password"].says


def test_no_stored_password_fails(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose(f"anna@{DOMAIN}", "")
    assert failed(diagnosis) == "password"
    assert diagnosis["password"].says == "no password is stored"


@pytest.mark.parametrize("stored", ["!", "*", "{CLEAR}word", "$99$abc$def", "$6$rounds=999999999$a$b"])
def test_a_stored_password_in_no_known_scheme_fails(filled: Vpopmail, stored: str) -> None:
    filled.users.add(f"max@{DOMAIN}", crypted=stored)
    diagnosis = filled.diagnose(f"max@{DOMAIN}", PASSWORD)
    assert failed(diagnosis) == "password"
    assert "no scheme" in diagnosis["password"].says
    assert stored not in str(diagnosis)[len(f"max@{DOMAIN}") :] or len(stored) == 1


def test_the_first_password_is_learned_where_that_is_so(
    filled: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    assert make_site(learn_passwords=True).diagnose(f"anna@{DOMAIN}", "x").ok


# flags


def test_shut_services_fail_at_the_flags_and_are_named(filled: Vpopmail) -> None:
    filled.users.update(JOE, set_flags=NO_POP | NO_IMAP)
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "flags"
    assert diagnosis["flags"].says == "shut: POP, IMAP"


def test_services_shut_by_the_limits_of_the_domain_are_told_apart(filled: Vpopmail) -> None:
    filled.limits.set(DOMAIN, VLimits(disable_webmail=1, disable_pop=1))
    filled.users.update(JOE, set_flags=NO_POP)
    step = filled.diagnose(JOE, PASSWORD)["flags"]
    assert step.says == "shut: POP, webmail (by the limits of the domain)"
    assert step.advice == "vpopmail user set --pop; vpopmail limits set --pop --webmail"
    filled.users.update(JOE, clear_flags=NO_POP, set_flags=V_OVERRIDE)
    assert filled.diagnose(JOE, PASSWORD).ok


def test_limits_that_cannot_be_read_fail_at_the_flags(filled: Vpopmail, place: Path) -> None:
    (place / ".qmailadmin-limits").unlink()
    (place / ".qmailadmin-limits").mkdir()
    assert failed(filled.diagnose(JOE, PASSWORD)) == "flags"


# home and Maildir


def test_a_missing_home_fails_there_and_the_maildir_is_not_reached(
    filled: Vpopmail, place: Path
) -> None:
    shutil.rmtree(place / "joe")
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "home"
    assert diagnosis["Maildir"].ok is None
    filled.reconcile()
    assert filled.diagnose(JOE, PASSWORD).ok


def test_a_home_that_the_first_login_will_make_is_no_failure(filled: Vpopmail, place: Path) -> None:
    shutil.rmtree(place / "joe")
    text = (place / "vpasswd").read_text().replace(f"{place}/joe", "")
    (place / "vpasswd").write_text(text)
    filled.reconcile(domains=[DOMAIN])
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert diagnosis.ok, str(diagnosis)
    assert diagnosis["home"].says == "none is stored: the first login or delivery makes it"
    assert diagnosis["Maildir"].ok is None
    filled.logins.authenticate(JOE, PASSWORD, "pop")
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert [step.ok for step in diagnosis.steps] == [True] * len(STEPS)


def test_a_home_that_is_a_link_fails(filled: Vpopmail, place: Path, tmp_path: Path) -> None:
    (place / "joe").rename(tmp_path / "joe")
    (place / "joe").symlink_to(tmp_path / "joe")
    assert failed(filled.diagnose(JOE, PASSWORD)) == "home"


def test_a_home_outside_the_domain_fails(filled: Vpopmail, place: Path) -> None:
    text = (place / "vpasswd").read_text().replace(f"{place}/joe", "/elsewhere/joe")
    (place / "vpasswd").write_text(text)
    filled.reconcile(domains=[DOMAIN])
    assert failed(filled.diagnose(JOE, PASSWORD)) == "home"


@pytest.mark.parametrize("part", ["", "cur", "new", "tmp"])
def test_a_missing_part_of_the_maildir_fails_there(
    filled: Vpopmail, place: Path, part: str
) -> None:
    shutil.rmtree(place / "joe/Maildir" / part)
    diagnosis = filled.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "Maildir"
    assert str(place / "joe/Maildir" / part) in diagnosis["Maildir"].says


@needs_root
def test_a_home_or_maildir_of_somebody_else_fails(foreign: Vpopmail) -> None:
    place = Path(foreign.domains.get(DOMAIN).path)
    os.chown(place / "joe/Maildir/new", 0, 0)
    assert failed(foreign.diagnose(JOE, PASSWORD)) == "Maildir"
    foreign.reconcile()
    os.chown(place / "joe", STRANGER + 1, STRANGER)
    diagnosis = foreign.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "home"
    assert str(STRANGER + 1) in diagnosis["home"].says


@needs_root
def test_a_maildir_that_its_owner_cannot_use_fails(foreign: Vpopmail) -> None:
    place = Path(foreign.domains.get(DOMAIN).path)
    (place / "joe/Maildir").chmod(0o500)
    diagnosis = foreign.diagnose(JOE, PASSWORD)
    assert failed(diagnosis) == "Maildir"
    assert "0500" in diagnosis["Maildir"].says


# other backends, other callers


@pytest.mark.parametrize("backend", ["memory", "null"])
def test_other_backends_have_no_index_to_be_stale(backend: str) -> None:
    with sandbox(backend) as site:
        if backend == "null":
            site.domains.add(DOMAIN)
            assert failed(site.diagnose(JOE, PASSWORD)) == "account"
            return
        fill(site)
        assert site.diagnose(JOE, PASSWORD).ok


def test_a_database_that_does_not_answer_fails_at_the_account_and_nothing_is_said_of_its_content() -> None:
    with sandbox("sqlite") as site:
        fill(site)
        site.close()
        Path(site.settings.domains_path, "_vpopmail.sqlite").write_bytes(b"no database " * 100)
        diagnosis = site.diagnose(JOE)
        assert failed(diagnosis) == "account"
        assert [diagnosis[step].ok for step in ("index", "lines")] == [None, None]


def test_a_step_is_found_by_its_name(filled: Vpopmail) -> None:
    diagnosis = filled.diagnose(JOE)
    assert diagnosis["home"].name == "home"
    with pytest.raises(KeyError):
        diagnosis["nothing"]
