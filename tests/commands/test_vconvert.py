"""vconvert as an administrator runs it; the conversions themselves are tested in tests/sql."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from tests.conftest import needs_root
from vpopmail import Vpopmail
from vpopmail.commands import vconvert
from vpopmail.settings import OPTIONS, resolve
from vpopmail.upkeep import newcomers

from .conftest import AMY, BOB, HASH, JOE
from .programs import Ran, run


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite://{tmp_path}/accounts.db"


def in_database(site: Vpopmail, url: str) -> Vpopmail:
    """The same site with its accounts in the database."""
    values = {name: getattr(site.settings, name) for name in OPTIONS}
    return Vpopmail(resolve({**values, "backend": "sqlite", "database_url": url}))


def names(site: Vpopmail, domain: str = "example.com") -> list[str]:
    return [user.pw_name for user in site.users.iter(domain)]


def convert(site: Vpopmail, *words: str, **options: str) -> Ran:
    return run(site, "vconvert", *words, **options)


@pytest.mark.usefixtures("three_users")
def test_accounts_go_to_the_database_and_back(site: Vpopmail, url: str) -> None:
    lines = [
        "alias.example is an alias of example.com.",
        "converting example.com...    done",
        "converting example.org...    done",
    ]
    assert convert(site, "-c", "-m", DATABASE_URL=url) == (0, "\n".join(lines) + "\n", "")
    with in_database(site, url) as other:
        assert names(other) == ["amy", "joe"]
        assert other.users.get(JOE).pw_passwd == HASH
        other.users.set_password(JOE, crypted="$1$other")
        other.users.delete(AMY)
    back = convert(site, "-mc", "example.com", BACKEND="sqlite", DATABASE_URL=url)
    assert back == (0, "converting example.com example.com done\ndone\n", "")
    assert names(site) == ["joe"]
    assert site.users.get(JOE).pw_passwd == "$1$other"


@pytest.mark.usefixtures("three_users")
def test_it_does_not_matter_which_store_the_site_works_with(site: Vpopmail, url: str) -> None:
    for backend in ("cdb", "sqlite"):
        ran = convert(site, "-c", "-m", "example.com", BACKEND=backend, DATABASE_URL=url)
        assert ran == (0, "converting example.com done\n", "")
    with in_database(site, url) as other:
        assert names(other) == ["amy", "joe"]
        assert names(other, "example.org") == []


@pytest.mark.usefixtures("three_users")
@pytest.mark.parametrize("words", [("-c", "-m"), ("-m", "-c", "example.com"), ("-e", "-m")])
def test_without_a_database_nothing_is_begun(site: Vpopmail, words: tuple[str, ...]) -> None:
    ran = convert(site, *words)
    assert (ran.code, ran.out) == (233, "Error: no authentication database connection\n")
    assert ran.err.startswith("database_url: ")


@pytest.mark.usefixtures("three_users")
def test_of_two_connection_files_none_is_guessed(site: Vpopmail) -> None:
    for kind in ("mysql", "pgsql"):
        Path(site.settings.vpopmaildir, f"etc/vpopmail.{kind}").write_text("127.0.0.1|1|u|p|vpopmail\n")
    ran = convert(site, "-c", "-m")
    assert ran.code == 233
    assert "mysql, pgsql: which database is meant?" in ran.err


@pytest.mark.usefixtures("three_users")
def test_database_that_does_not_answer_is_told_before_anything(site: Vpopmail) -> None:
    path = Path(site.settings.vpopmaildir, "etc/vpopmail.mysql")
    path.write_text("127.0.0.1|1|vpopmail|s3cret-of-it|vpopmail\n")
    ran = convert(site, "-c", "-m")
    assert (ran.code, ran.out) == (233, "Error: no authentication database connection\n")
    assert "Traceback" not in ran.err and "s3cret-of-it" not in ran.err


@pytest.mark.usefixtures("three_users")
def test_missing_domain_is_told_and_the_others_are_converted(site: Vpopmail, url: str) -> None:
    ran = convert(site, "-c", "-m", "missing.example", "example.org", DATABASE_URL=url)
    told = "converting missing.example Error. Domain not found\ndomain conversion failed\n"
    assert ran == (245, f"{told}converting example.org done\n", "")


@pytest.mark.usefixtures("three_users")
def test_domain_that_fails_keeps_its_rows_and_the_others_are_converted(site: Vpopmail, url: str) -> None:
    assert convert(site, "-c", "-m", DATABASE_URL=url).code == 0
    path = Path(site.domains.get("example.com").path, "vpasswd")
    path.rename(path.with_name("away"))
    for index in ("kept", "lost"):
        if index == "lost":
            path.with_name("vpasswd.cdb").unlink()
        ran = convert(site, "-c", "-m", DATABASE_URL=url)
        assert ran.code == 233
        assert "converting example.com...    domain conversion failed\n" in ran.out
        assert "converting example.org...    done\n" in ran.out
        assert ran.err.startswith("vconvert: example.com: ")
        with in_database(site, url) as other:
            assert names(other) == ["amy", "joe"]


@pytest.mark.usefixtures("three_users")
@pytest.mark.parametrize("words", [("-m", "-m"), ("-c", "-c"), ("-c", "-e"), ("-m", "-e")])
def test_other_pairs_are_unknown(site: Vpopmail, url: str, words: tuple[str, str]) -> None:
    ran = convert(site, *words, "example.com", DATABASE_URL=url)
    assert ran == (255, "converting example.com unknown conversion\ndomain conversion failed\n", "")


@pytest.mark.parametrize("words", [(), ("-c",), ("-d",), ("-v",), ("-Z", "-c", "-m"), ("-p",)])
def test_words_that_do_not_fit_get_the_usage(site: Vpopmail, words: tuple[str, ...]) -> None:
    ran = convert(site, *words)
    assert ran.code == 255
    assert "vconvert: usage: " in ran.out


# the file of SqWebMail


@pytest.mark.usefixtures("three_users")
def test_passwords_of_sqwebmail_are_written_for_all(site: Vpopmail) -> None:
    assert convert(site, "-S", "example.com") == (0, "converting example.com done\n", "")
    for address in (JOE, AMY):
        path = Path(site.users.get(address).pw_dir, "Maildir/sqwebmail-pass")
        assert path.read_text() == f"\t{HASH}\n"
        assert path.stat().st_mode & 0o777 == 0o600
    ran = convert(site, "-d", "-S")
    assert ran.out == (
        "alias.example is an alias of example.com.\n"
        "converting example.com...    Setting sqwebmail passwords for example.com\namy\njoe\ndone\n"
        "converting example.org...    Setting sqwebmail passwords for example.org\nbob\ndone\n"
    )


@pytest.mark.usefixtures("three_users")
def test_link_of_a_mailbox_owner_keeps_nobody_else_from_his_file(site: Vpopmail, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    maildir = Path(site.users.get(AMY).pw_dir, "Maildir")
    maildir.rename(maildir.with_name("away"))
    maildir.symlink_to(elsewhere)
    ran = convert(site, "-dS", "example.com")
    assert ran.code == 255
    assert ran.out.endswith("for example.com\njoe\ndone\n")
    assert ran.err.startswith(f"vconvert: {AMY}: ")
    assert list(elsewhere.iterdir()) == []


# users from elsewhere


@pytest.mark.usefixtures("three_users")
def test_users_of_a_list_come_with_their_passwords(site: Vpopmail, tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_text(f"ann {HASH}\nben:{HASH}\n\ncid\t{HASH}\n")
    assert convert(site, "-p", str(listed), "example.org") == (0, "converting example.org done\n", "")
    assert names(site, "example.org") == ["ann", "ben", "bob", "cid"]
    for name in ("ann", "ben", "cid"):
        user = site.users.get(f"{name}@example.org")
        assert user.pw_passwd == HASH
        assert Path(user.pw_dir, "Maildir/sqwebmail-pass").read_text() == f"\t{HASH}\n"


@pytest.mark.usefixtures("three_users")
def test_list_goes_to_the_store_that_is_named(site: Vpopmail, url: str, tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_text(f"ann {HASH}\n")
    assert convert(site, "-p", str(listed), "-m", "example.org", DATABASE_URL=url).code == 0
    assert names(site, "example.org") == ["bob"]
    with in_database(site, url) as other:
        assert names(other, "example.org") == ["ann"]


@pytest.mark.usefixtures("three_users")
def test_of_a_list_with_a_wrong_user_nobody_is_added(site: Vpopmail, tmp_path: Path) -> None:
    listed = tmp_path / "list"
    listed.write_text(f"ann {HASH}\nbob {HASH}\ncid {HASH}\n")
    ran = convert(site, "-p", str(listed), "example.org")
    told = "converting example.org user bob domain example.org did not add\ndomain conversion failed\n"
    assert (ran.code, ran.out) == (254, told)
    assert names(site, "example.org") == ["bob"]
    assert sorted(os.listdir(site.domains.get("example.org").path))[-1] != "cid"


@pytest.mark.usefixtures("three_users")
@pytest.mark.parametrize("content", [None, "ann\n"])
def test_list_that_cannot_be_read_is_told_before_anything(
    site: Vpopmail, tmp_path: Path, content: str | None
) -> None:
    listed = tmp_path / "list"
    if content is not None:
        listed.write_text(content)
    ran = convert(site, "-p", str(listed))
    assert (ran.code, ran.out) == (239, "Error: Could not update file\n")
    assert str(listed) in ran.err


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A system with some users."""

    def entry(name: str, crypted: str, uid: int, gecos: str = "") -> pwd.struct_passwd:
        return pwd.struct_passwd((name, crypted, uid, uid, gecos, f"/home/{name}", "/bin/sh"))

    system = [
        entry("root", "x", 0), entry("daemon", "x", 1), entry("ann", "x", 1000, "Ann " * 30),
        entry("bob", "x", 1001), entry("old", HASH, 1002), entry("gone", "x", 1003),
    ]  # fmt: skip
    shadow = tmp_path / "shadow"
    lines = [("root", HASH), ("daemon", "*"), ("ann", HASH), ("bob", HASH)]
    shadow.write_text("".join(f"{name}:{crypted}:19000:0:99999:7:::\n" for name, crypted in lines))
    monkeypatch.setattr(newcomers, "SHADOW", str(shadow))
    monkeypatch.setattr(pwd, "getpwall", lambda: system)


@pytest.mark.usefixtures("three_users", "system")
def test_system_users_come_with_their_passwords_but_root(
    site: Vpopmail, capsys: pytest.CaptureFixture[str]
) -> None:
    assert vconvert.run(site, ["-e", "-c", "example.org"]) == -2
    shown = capsys.readouterr()
    assert shown.out == (
        "converting example.org skipping root\nskipping daemon\nskipping gone\n"
        "user bob domain example.org did not add\ndone\n"
    )
    assert shown.err.startswith("vconvert: bob@example.org: ")
    assert names(site, "example.org") == ["ann", "bob", "old"]
    ann = site.users.get("ann@example.org")
    assert (ann.pw_passwd, ann.pw_gecos) == (HASH, ("Ann " * 30)[: site.settings.max_gecos])


@needs_root
def test_users_of_this_system_can_be_read(site: Vpopmail) -> None:
    site.domains.add("example.com")
    ran = convert(site, "-e", "-c", "example.com")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("converting example.com skipping root\n") and ran.out.endswith("done\n")
    assert "root" not in names(site)
