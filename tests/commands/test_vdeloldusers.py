"""vdeloldusers as an administrator runs it, on files and on a table of logins."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others
from vpopmail import Vpopmail, errors
from vpopmail.accounts import unused
from vpopmail.commands import vdeloldusers

from . import programs
from .programs import Ran

DAY = 86_400
HINT = " ** no users were deleted  **\n ** use -D to delete users **\n"
NONE = "no old users found\n"


@pytest.fixture(params=["files", "table"])
def site(request: pytest.FixtureRequest, make_site: Callable[..., Vpopmail]) -> Iterator[Vpopmail]:
    """A site with amy, joe, postmaster and zoe, whose logins are files or rows."""
    path = request.getfixturevalue("tmp_path")
    more = {"backend": "sqlite", "database_url": f"sqlite://{path}/accounts"}
    made = make_site(**(more if request.param == "table" else {}))
    made.domains.add("example.com", "s3cret")
    for name in ("amy", "joe", "zoe"):
        made.users.add(f"{name}@example.com", crypted="")
    yield made
    made.close()


def age(site: Vpopmail, address: str, days: float) -> None:
    """Let a user's last login, or his addition, be some days ago."""
    then = int(time.time() - days * DAY)
    name, domain = address.split("@")
    if site.settings.backend == "cdb":
        os.utime(f"{site.users.get(address).pw_dir}/lastauth", (then, then))
        return
    path = site.settings.database_url.removeprefix("sqlite://")
    with sqlite3.connect(path) as connection:
        row = (then, name, domain)
        connection.execute("UPDATE lastauth SET timestamp = ? WHERE user = ? AND domain = ?", row)
    connection.close()


def run(site: Vpopmail, *words: str, **options: str) -> Ran:
    """Run the program."""
    more = {"DATABASE_URL": site.settings.database_url} if site.settings.database_url else {}
    return programs.run(site, "vdeloldusers", *words, **more, **options)


def names(site: Vpopmail) -> list[str]:
    return [user.pw_name for user in site.users.iter("example.com")]


ALL = ["amy", "joe", "postmaster", "zoe"]


def test_old_users_are_shown_in_order_and_nobody_is_deleted(site: Vpopmail) -> None:
    for name in ("zoe", "amy", "postmaster"):
        age(site, f"{name}@example.com", 181)
    age(site, "joe@example.com", 179)
    shown = "amy@example.com\nskipping postmaster@example.com\nzoe@example.com\n"
    assert run(site, "-V", "-d", "example.com") == (0, shown + HINT, "")
    assert run(site, "-V", "-e") == (0, shown + HINT, "")
    assert run(site, "-e") == (0, HINT, "")
    assert names(site) == ALL


def test_old_users_are_deleted_on_demand_with_their_homes(site: Vpopmail) -> None:
    homes = {name: site.users.get(f"{name}@example.com").pw_dir for name in ALL}
    for name in ("amy", "zoe", "postmaster"):
        age(site, f"{name}@example.com", 200)
    assert run(site, "-D", "-d", "example.com") == (0, "", "")
    assert names(site) == ["joe", "postmaster"]
    assert sorted(name for name, home in homes.items() if os.path.isdir(home)) == ["joe", "postmaster"]
    assert run(site, "-D", "-d", "example.com") == (0, NONE, "")


def test_days_are_those_that_are_given(site: Vpopmail) -> None:
    age(site, "amy@example.com", 10)
    assert run(site, "-a", "11", "-e") == (0, NONE, "")
    assert run(site, "-a9", "-e") == (0, HINT, "")


@pytest.mark.parametrize("days", ["", "abc", "-5", "1.5", "10x", "٣", "9" * 5000])
def test_what_is_no_number_of_days_deletes_nobody(site: Vpopmail, days: str) -> None:
    age(site, "amy@example.com", 1000)
    ran = run(site, "-D", "-e", "-a", days)
    assert ran.code == 255
    assert ran.err == f"vdeloldusers: no number of days: {days}\n"
    assert names(site) == ALL


def test_words_left_over_delete_nobody(site: Vpopmail) -> None:
    age(site, "amy@example.com", 1000)
    ran = run(site, "-D", "-e", "example.org")
    assert (ran.code, ran.err) == (255, "")
    assert ran.out.startswith("vdeloldusers: usage: ")
    assert names(site) == ALL


def test_domain_and_its_alias_are_looked_at_once(site: Vpopmail) -> None:
    site.domains.add_alias("aaa.example.net", "example.com")
    age(site, "amy@example.com", 1000)
    shown = "amy@example.com\nskipping postmaster@example.com\n"
    assert run(site, "-V", "-e") == (0, shown + HINT, "")


def test_alias_domain_can_be_named(site: Vpopmail) -> None:
    site.domains.add_alias("example.net", "example.com")
    age(site, "amy@example.com", 1000)
    assert run(site, "-D", "-d", "example.net") == (0, "", "")
    assert names(site) == ["joe", "postmaster", "zoe"]


def test_last_of_domain_and_every_domain_counts(site: Vpopmail) -> None:
    site.domains.add("example.org")
    age(site, "amy@example.com", 1000)
    assert run(site, "-e", "-d", "example.org") == (0, NONE, "")
    assert run(site, "-d", "example.org", "-e") == (0, HINT, "")


def test_user_of_whom_no_time_is_noted_is_never_old(site: Vpopmail) -> None:
    if site.settings.backend == "cdb":
        Path(site.users.get("amy@example.com").pw_dir, "lastauth").unlink()
    else:
        age(site, "amy@example.com", time.time() / DAY)
    assert run(site, "-D", "-a", "0", "-d", "example.com").code == 0
    assert "amy" in names(site)


def test_who_gets_the_mail_for_unknown_users_is_spared_and_told(site: Vpopmail) -> None:
    for name in ("amy", "zoe"):
        age(site, f"{name}@example.com", 1000)
    site.catch_all.set("example.com", "amy@example.com")
    assert run(site, "-D", "-e") == (0, "", "not deleted: amy@example.com\n")
    assert names(site) == ["amy", "joe", "postmaster"]


def test_domain_that_is_not_there_is_told(site: Vpopmail) -> None:
    assert run(site, "-d", "example.edu") == (245, f"Error: Domain does not exist\n{NONE}", "")


def test_domain_in_trouble_does_not_keep_it_from_the_others(site: Vpopmail) -> None:
    site.domains.add("broken.example", "s3cret")
    site.users.add("amy@broken.example", crypted="")
    age(site, "amy@broken.example", 1000)
    age(site, "amy@example.com", 1000)
    path = Path(site.domains.get("broken.example").path)
    path.rename(path.parent / "away")
    ran = run(site, "-D", "-e")
    assert names(site) == ["joe", "postmaster", "zoe"]
    assert ran.code != 0
    assert ran.out.startswith("Error: ")


@pytest.mark.parametrize("words", [("-V",), ("-a", "5"), ("-D",)])
def test_either_a_domain_or_all_must_be_named(site: Vpopmail, words: tuple[str, ...]) -> None:
    told = "error: you must supply either the -e or -d [domain] options\n"
    assert run(site, *words) == (255, told, "")


@pytest.mark.parametrize("words", [(), ("-D", "-e", "-x"), ("-e", "-d")])
def test_words_that_do_not_fit_get_the_usage(site: Vpopmail, words: tuple[str, ...]) -> None:
    age(site, "amy@example.com", 1000)
    ran = run(site, *words)
    assert ran.code == 255
    assert ran.out.startswith("vdeloldusers: usage: ")
    assert names(site) == ALL


def test_version_is_all_that_is_done(site: Vpopmail) -> None:
    age(site, "amy@example.com", 1000)
    ran = run(site, "-v", "-D", "-e")
    assert ran.code == 255
    assert ran.out.startswith("version: ")
    assert names(site) == ALL


def test_site_that_notes_no_logins_knows_nobody_to_be_old(site: Vpopmail) -> None:
    age(site, "amy@example.com", 1000)
    ran = run(site, "-D", "-e", AUTH_LOGGING="no")
    assert (ran.code, ran.err) == (255, "")
    assert ran.out.startswith("auth logging is not enabled")
    assert names(site) == ALL


def test_more_than_are_deleted_at_once(site: Vpopmail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vdeloldusers, "_AT_ONCE", 2)
    for name in ("amy", "joe", "zoe"):
        age(site, f"{name}@example.com", 1000)
    assert vdeloldusers.run(site, ["-D", "-e"]) == 0
    assert names(site) == ["postmaster"]


# the library below


def test_events_tell_of_who_is_deleted(site: Vpopmail) -> None:
    for name in ("amy", "zoe"):
        age(site, f"{name}@example.com", 1000)
    site.catch_all.set("example.com", "zoe@example.com")
    told: list[str] = []
    site.events.subscribe(lambda event: told.append(f"{event.when} {event.command} {event.arguments[0]}"))
    before = int(time.time()) - DAY
    assert site.users.delete_unused("example.com", ["amy", "joe", "nobody", "zoe"], before) == ["amy"]
    assert told == ["before del_user amy@example.com", "after del_user amy@example.com"]


def test_who_logs_in_between_is_spared_and_the_others_go(
    site: Vpopmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("amy", "joe", "zoe"):
        age(site, f"{name}@example.com", 1000)
    commit = unused.Batch._commit

    def login_first(batch: unused.Batch) -> None:
        # All is decided, and no lock is held: vchkpw lets joe in.
        with programs_site(site) as other:
            other.users.note_login("joe@example.com", "192.0.2.1")
        commit(batch)

    monkeypatch.setattr(unused.Batch, "_commit", login_first)
    told: list[str] = []
    site.events.subscribe(lambda event: told.append(f"{event.when} {event.arguments[0]}"))
    before = int(time.time()) - DAY
    assert site.users.delete_unused("example.com", ["amy", "joe", "zoe"], before) == ["amy", "zoe"]
    assert names(site) == ["joe", "postmaster"]
    assert [word for word in told if word.startswith("after")] == [
        "after amy@example.com", "after zoe@example.com",
    ]  # fmt: skip


def programs_site(site: Vpopmail) -> Vpopmail:
    """The same site as another process has it."""
    return Vpopmail(site.settings)


def test_library_says_too_that_nobody_is_known_to_be_unused(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(auth_logging=False)
    site.domains.add("example.com", "s3cret")
    with pytest.raises(errors.ConfigError, match="auth_logging"):
        site.users.iter_unused("example.com", 1)
    with pytest.raises(errors.ConfigError, match="auth_logging"):
        site.users.delete_unused("example.com", ["postmaster"], 2**31)
    assert "postmaster@example.com" in site.users


@needs_root
def test_nobody_deletes_nobody(site: Vpopmail, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    age(site, "amy@example.com", 1000)
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        code = 1
        try:
            os.setuid(65534)
            code = vdeloldusers.run(site, ["-D", "-e"]) % 256
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) not in (0, 1)
    assert names(site) == ALL
