"""One name put into users/assign, names taken out: as before or as after, wherever it stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import tree, without_locks
from vpopmail.errors import DomainExists, FileNotUpdated, InvalidDomainName, InvalidPath
from vpopmail.formats import assign, cdb
from vpopmail.qmail import Qmail
from vpopmail.qmail.assigning import assign_domain, compile_users, unassign_domains
from vpopmail.records import DomainEntry
from vpopmail.safeio import seam

ONE = DomainEntry("one.example", "one.example", 89, 90, "/v/domains/one.example")
TWO = DomainEntry("two.example", "two.example", 89, 90, "/v/domains/two.example")
OTHER = DomainEntry("one.example", "one.example", 89, 90, "/v/domains/elsewhere")

CHANGES: dict[str, Callable[[Qmail], object]] = {
    "assign": lambda qmail: assign_domain(qmail, TWO),
    "unassign": lambda qmail: unassign_domains(qmail, [ONE]),
    "compile": compile_users,
}


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def qmail(tmp_path: Path) -> Qmail:
    for name in ("control", "users", "bin"):
        (tmp_path / "q" / name).mkdir(parents=True)
    made = Qmail(str(tmp_path / "q"), lock_timeout=0)
    assign_domain(made, ONE)
    return made


def die_at(number: int) -> Callable[[str, tuple[object, ...]], None]:
    """Dies at a system call; what is dead makes none of those after it either."""
    left = number

    def watch(call: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise Killed

    return watch


def domains(qmail: Qmail) -> set[str]:
    """What another process sees."""
    there = Qmail(qmail.qmaildir)
    found = {name for name in ("one.example", "two.example") if there.find(name)}
    assert {entry.domain for entry in there.entries()} == found
    return found


@pytest.mark.parametrize("name", CHANGES)
def test_killed_anywhere_it_is_as_before_or_as_after_and_the_next_call_finishes(
    qmail: Qmail, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    line = b"+two.example-:two.example:89:90:/v/domains/two.example:-::\n"
    if name == "compile":
        path = Path(qmail.qmaildir, "users/assign")
        path.write_bytes(line + path.read_bytes())
    before = domains(qmail)
    after = {
        "assign": {"one.example", "two.example"},
        "unassign": set(),
        "compile": {"one.example", "two.example"},
    }[name]
    for number in range(1, 200):
        monkeypatch.setattr(seam, "watch", die_at(number))
        try:
            CHANGES[name](Qmail(qmail.qmaildir, lock_timeout=0))
        except Killed:
            monkeypatch.setattr(seam, "watch", None)
            assert domains(qmail) in (before, after)
            continue
        monkeypatch.setattr(seam, "watch", None)
        break
    else:
        pytest.fail("it never came to its end")
    assert number > 5
    assert domains(qmail) == after
    users = Path(qmail.qmaildir, "users")
    compiled = dict(cdb.iterate((users / "cdb").read_bytes()))
    assert compiled == dict(assign.compile_users((users / "assign").read_bytes()))
    CHANGES[name](qmail)
    assert not [one for one in tree(users) if "vpopmail" in one]


def test_a_name_of_another_directory_is_kept(qmail: Qmail) -> None:
    before = without_locks(tree(Path(qmail.qmaildir)))
    with pytest.raises(DomainExists):
        assign_domain(qmail, OTHER)
    assert without_locks(tree(Path(qmail.qmaildir))) == before
    assert qmail.find("one.example") == ONE


def test_what_no_new_domain_can_be_is_refused_first(qmail: Qmail) -> None:
    before = tree(Path(qmail.qmaildir))
    with pytest.raises(InvalidDomainName):
        assign_domain(qmail, DomainEntry("a..b", "a..b", 1, 1, "/v/a"))
    with pytest.raises(InvalidPath):
        assign_domain(qmail, DomainEntry("a.b", "a.b", 1, 1, "v/a"))
    assert tree(Path(qmail.qmaildir)) == before


def test_the_plan_of_taking_out_names_no_control_file(qmail: Qmail) -> None:
    plan = unassign_domains(qmail, [ONE])
    assert plan.carried_out
    assert "users/assign without one.example" in str(plan)
    assert "rcpthosts" not in str(plan)
    assert Path(qmail.qmaildir, "control/rcpthosts").read_bytes() == b"one.example\n"


def test_a_lost_final_dot_is_put_back_by_taking_out_and_refused_by_compiling(qmail: Qmail) -> None:
    path = Path(qmail.qmaildir, "users/assign")
    path.write_bytes(path.read_bytes().removesuffix(b".\n"))
    with pytest.raises(FileNotUpdated):
        compile_users(qmail)
    unassign_domains(qmail, [TWO])
    assert path.read_bytes().endswith(b"\n.\n")
    compile_users(qmail)
