"""Bulk changes of the front door: what is done, what is told, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import tree, without_locks
from vpopmail import NO_POP, Vpopmail

from .front import CRYPTED, OTHER, records, vpopmail
from .programs import Ran, command, environment, run


@pytest.fixture
def domain(site: Vpopmail) -> Vpopmail:
    site.domains.add("example.com")
    return site


def bulk(site: Vpopmail, line: str, *rows: object, **options: str) -> Ran:
    """Run a bulk change with JSON lines."""
    text = "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)
    return vpopmail(site, f"{line} --bulk jsonl", text, **options)


def names(site: Vpopmail) -> list[str]:
    return [user.pw_name for user in site.users.iter("example.com")]


def test_users_of_a_csv_with_a_byte_order_mark_are_added(domain: Vpopmail) -> None:
    text = (
        "\ufeffaddress,crypted,comment,quota,pop\r\n"
        f"joe@example.com,{CRYPTED},\"Doe, Joe\",1.5G,no\r\n"
        "amy@example.com,,,,\r\n"
    )
    assert vpopmail(domain, "user add --bulk csv", text) == (0, "", "")
    joe, amy = domain.users.get("joe@example.com"), domain.users.get("amy@example.com")
    assert (joe.pw_passwd, joe.pw_gecos, joe.pw_shell) == (CRYPTED, "Doe, Joe", "1610612736S")
    assert (joe.pw_gid, amy.pw_gid, amy.pw_passwd, amy.pw_gecos) == (NO_POP, 0, "", "amy")


def test_clear_passwords_are_hashed(domain: Vpopmail) -> None:
    assert bulk(domain, "user add", {"address": "joe@example.com", "password": "s3cret"}).code == 0
    assert domain.users.check_password("joe@example.com", "s3cret")


def test_bad_line_is_told_with_its_number_and_the_others_are_done(domain: Vpopmail) -> None:
    ran = bulk(
        domain, "user add",
        {"address": "joe@example.com"}, {"address": "joe@example.com"}, "{",
        {"address": "amy@nowhere.example"}, {"address": "amy@example.com", "pop": "perhaps"},
        {"address": "amy@example.com", "password": "s3cret", "crypted": "x"},
        {"address": "zoe@example.com"},
    )  # fmt: skip
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        "line 2: Username exists: joe@example.com",
        "line 3: no JSON: Expecting property name enclosed in double quotes at column 2",
        "line 4: Domain does not exist: nowhere.example",
        "line 5: pop: give true or false",
        "line 6: not allowed: password: give it clear or crypted, not both",
        "5 bad of 7 lines, 2 done",
    ]
    assert names(domain) == ["joe", "zoe"]
    assert not domain.reconcile(dry_run=True).findings


def test_strict_lets_nothing_count_and_stops_at_the_bad_line(domain: Vpopmail, tmp_path: Path) -> None:
    before = without_locks(tree(tmp_path))
    ran = bulk(domain, "user add --strict", {"address": "joe@example.com"}, "{", "[")
    assert ran.code == 1
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == [
        "line 2", "1 bad of 2 lines, nothing was done",
    ]  # fmt: skip
    assert without_locks(tree(tmp_path)) == before


def test_strict_without_a_bad_line_does_all(domain: Vpopmail) -> None:
    assert bulk(domain, "user add --strict", {"address": "joe@example.com"}).code == 0
    assert names(domain) == ["joe"]


def test_unknown_column_of_a_csv_is_wrong_usage_and_nothing_is_done(domain: Vpopmail) -> None:
    ran = vpopmail(domain, "user add --bulk csv", "address,passwort\njoe@example.com,x\n")
    assert ran == (2, "", "vpopmail user add: standard input: unknown column 'passwort'\n")
    assert names(domain) == []


def test_empty_input_does_nothing(domain: Vpopmail) -> None:
    assert vpopmail(domain, "user add --bulk jsonl", "") == (0, "", "")
    assert vpopmail(domain, "user add --bulk csv", "").code == 2


def test_passwords_quotas_and_flags_are_changed(domain: Vpopmail) -> None:
    for name in ("joe", "amy"):
        domain.users.add(f"{name}@example.com", crypted=CRYPTED, flags=NO_POP)
    rows = (
        {"address": "joe@example.com", "crypted": OTHER, "quota": 1000},
        {"address": "amy@example.com", "pop": True, "comment": "", "quota": "none"},
    )
    assert bulk(domain, "user set", *rows) == (0, "", "")
    joe, amy = domain.users.get("joe@example.com"), domain.users.get("amy@example.com")
    assert (joe.pw_passwd, joe.pw_shell, joe.pw_gid) == (OTHER, "1000S", NO_POP)
    assert (amy.pw_passwd, amy.pw_shell, amy.pw_gid, amy.pw_gecos) == (CRYPTED, "NOQUOTA", 0, "")


def test_users_are_deleted(domain: Vpopmail) -> None:
    for name in ("joe", "amy"):
        domain.users.add(f"{name}@example.com")
    ran = bulk(domain, "user delete", {"address": "joe@example.com"}, {"address": "bob@example.com"})
    assert ran.code == 1
    assert ran.err.startswith("line 2: User does not exist: bob@example.com\n")
    assert names(domain) == ["amy"]


def test_aliases_are_added_and_removed_replaced_and_deleted(domain: Vpopmail) -> None:
    address, lines = "all@example.com", ["&joe@example.com", "&amy@example.com"]
    assert bulk(domain, "alias add", {"address": address, "lines": lines}).code == 0
    assert domain.aliases.get(address) == lines
    assert bulk(domain, "alias remove", {"address": address, "lines": lines[:1]}).code == 0
    assert domain.aliases.get(address) == lines[1:]
    text = 'address,lines\nall@example.com,"&a@example.org\n&b@example.org"\n'
    assert vpopmail(domain, "alias set --bulk csv", text).code == 0
    assert domain.aliases.get(address) == ["&a@example.org", "&b@example.org"]
    assert bulk(domain, "alias delete", {"address": address, "lines": []}).code == 0
    assert address not in domain.aliases


def test_row_of_an_alias_counts_with_all_its_lines_or_not_at_all(domain: Vpopmail) -> None:
    address = "all@example.com"
    ran = bulk(domain, "alias add", {"address": address, "lines": ["&joe@example.com", "a\nb"]})
    assert (ran.code, ran.err.splitlines()[-1]) == (1, "1 bad of 1 lines, 0 done")
    assert address not in domain.aliases


def test_lines_that_an_alias_has_are_not_added_again(domain: Vpopmail) -> None:
    row = {"address": "all@example.com", "lines": ["&joe@example.com"]}
    ran = bulk(domain, "alias add", row, row)
    told = "line 2: there is such an alias: all@example.com: it has the line &joe@example.com already\n"
    assert (ran.code, ran.err) == (1, f"{told}1 bad of 2 lines, 1 done\n")
    assert bulk(domain, "alias add", row).code == 1
    assert domain.aliases.get("all@example.com") == ["&joe@example.com"]


def test_line_that_an_alias_does_not_have_cannot_be_removed(domain: Vpopmail) -> None:
    domain.aliases.add("all@example.com", "&joe@example.com")
    ran = vpopmail(domain, "alias remove all@example.com &joe@example.com &amy@example.com")
    told = "no such line of the alias: all@example.com: &amy@example.com\n"
    assert ran == (255, "", told)
    assert domain.aliases.get("all@example.com") == ["&joe@example.com"]


@pytest.mark.parametrize(
    "line", ["add {} &joe@example.com", "set {} &joe@example.com", "remove {} x", "delete {}"]
)
def test_delivery_of_a_domain_is_no_alias(domain: Vpopmail, line: str) -> None:
    before = domain.default_delivery.get("example.com")
    ran = vpopmail(domain, "alias " + line.format("Default@example.com"))
    told = "it is the delivery of the whole domain: see vpopmail domain set"
    assert ran == (255, "", f"Illegal username: Default@example.com: {told}\n")
    assert domain.default_delivery.get("example.com") == before


def test_in_a_database_default_is_an_alias_as_others_are(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(backend="sqlite", valias=True)
    site.domains.add("example.com")
    ran = vpopmail(site, "alias add default@example.com &joe@example.com", VALIAS="yes")
    assert ran == (0, "", "")
    assert vpopmail(site, "alias delete default@example.com", VALIAS="yes") == (0, "", "")


def test_lines_of_one_alias_count_together_or_not_at_all(domain: Vpopmail) -> None:
    ran = run(domain, "vpopmail", "alias", "add", "all@example.com", "&joe@example.com", "x" * 200)
    assert ran.code == 224
    assert "all@example.com" not in domain.aliases


def test_listing_of_one_site_is_input_for_another(
    domain: Vpopmail, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.conftest import settings_for
    from vpopmail.settings import load

    domain.users.add("joe@example.com", crypted=CRYPTED, quota="10M", gecos="Jö", flags=NO_POP, apop=1)
    domain.users.add("amy@example.com")
    listed = vpopmail(domain, "user list --json --hashes")
    with Vpopmail(load(settings_for(tmp_path_factory.mktemp("other")))) as other:
        other.prepare()
        other.domains.add("example.com")
        assert vpopmail(other, "user add --bulk jsonl", listed.out) == (0, "", "")
        again = records(vpopmail(other, "user list --json --hashes"))
    for one in (mine := records(listed)) + again:
        del one["directory"]
    assert again == mine


def test_dry_run_looks_at_each_line_and_changes_nothing(domain: Vpopmail, tmp_path: Path) -> None:
    before = tree(tmp_path)
    ran = bulk(domain, "user add --dry-run", {"address": "joe@example.com"}, {"address": "x@nowhere"})
    assert ran.code == 1
    assert ran.out.startswith("add user joe@example.com\n")
    assert ran.err.startswith("line 2: ")
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "line",
    [
        "user add joe@example.com --bulk csv",
        "user add --bulk csv --password-stdin",
        "user add --bulk csv --no-pop",
        "user add --bulk xml",
        "user add --strict joe@example.com",
        "user set --bulk csv --quota 10M",
        "user delete",
        "alias add joe@example.com",
        "alias add --bulk csv joe@example.com &x",
    ],
)
def test_words_that_contradict_are_wrong_usage_in_a_line(domain: Vpopmail, line: str) -> None:
    ran = vpopmail(domain, line)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_store_that_fails_ends_it_and_nothing_counts(domain: Vpopmail) -> None:
    path = Path(domain.domains.get("example.com").path, "vpasswd")
    path.unlink(missing_ok=True)
    path.mkdir()
    ran = bulk(domain, "user add", {"address": "joe@example.com"}, {"address": "amy@example.com"})
    assert ran.code not in {0, 1}
    assert "Traceback" not in ran.err
    assert not Path(path.parent, "joe").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_in_the_middle_leaves_the_site_as_it_was(
    domain: Vpopmail, tmp_path: Path, number: signal.Signals
) -> None:
    before = without_locks(tree(tmp_path))
    child = subprocess.Popen(
        command("vpopmail", "user", "add", "--bulk", "jsonl"),
        env=environment(domain), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None
    rows = [f'{{"address": "user{one}@example.com"}}\n' for one in range(2000)]
    child.stdin.write("".join(rows).encode())
    child.stdin.flush()
    while not any("user3" in name for name in tree(tmp_path)):
        os.sched_yield()
    child.send_signal(number)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out, err) == (-number, b"", b"")
    assert without_locks(tree(tmp_path)) == before


# progress


def at_terminal(site: Vpopmail, text: str, folder: Path, **more: str) -> tuple[int, str]:
    """Run a bulk addition whose standard error is a terminal, and nothing else."""
    (folder / "rows").write_text(text)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with open(folder / "rows") as rows:
        child = subprocess.Popen(
            command("vpopmail", "user", "add", "--bulk", "jsonl"),
            env={**environment(site), "TERM": "xterm", **more},
            stdin=rows, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True,
        )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert child.communicate(timeout=60)[0] == b""
    return child.returncode, shown.decode()


ROWS = "".join(f'{{"address": "user{number}@example.com"}}\n' for number in range(40)) + "{\n"


def test_terminal_shows_a_bar_without_colours(domain: Vpopmail, tmp_path: Path) -> None:
    code, shown = at_terminal(domain, ROWS, tmp_path, NO_COLOR="1")
    assert code == 1
    assert "100%|" in shown
    assert "line 41: no JSON" in shown
    assert "\x1b[3" not in shown  # a colour
    assert shown.endswith("1 bad of 41 lines, 40 done\r\n")
    assert len(names(domain)) == 40


def test_warning_at_a_terminal_has_a_line_of_its_own(domain: Vpopmail, tmp_path: Path) -> None:
    Path(domain.settings.etc_path("onchange")).touch(mode=0o644)
    code, shown = at_terminal(domain, ROWS[:-2], tmp_path, VPOPMAIL_ONCHANGE_SCRIPT="true")
    assert code == 0
    told = [line.rstrip("\r") for line in shown.split("\n") if "warning" in line]
    assert len(told) == 1
    assert {line.rpartition("\r")[2].partition("/")[0] for line in told} == {"warning: "}


def test_terminal_shows_counts_without_tqdm(domain: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "tqdm.py").write_text("raise ImportError\n")
    code, shown = at_terminal(domain, ROWS, tmp_path, PYTHONPATH=str(tmp_path))
    assert code == 1
    assert "\r41 " in shown
    assert "%|" not in shown
    assert len(names(domain)) == 40
