"""An alias on its way from its file into a table: killed anywhere, mail goes where it went before."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from vpopmail import Vpopmail
from vpopmail.upkeep.findings import Reconciled

from . import sweep  # noqa: F401 - all modules are there before the first fork
from .places import open_site, renew
from .processes import Killed, in_child, kill_before
from .scenes import DOMAIN, SALES, TO_JOE
from .statements import watch_changes

LINES = [TO_JOE, "&amy@example.edu"]


def opened(top: Path) -> Vpopmail:
    return open_site(
        top / "site", backend="sqlite", database_url=f"sqlite://{top}/site/accounts", valias=True
    )


def prepare(top: Path) -> None:
    with opened(top) as site:
        site.prepare()
        site.domains.add(DOMAIN)
        site.users.add(TO_JOE.removeprefix("&"), crypted="")
        file = file_of(site)
        file.write_text("".join(f"{line}\n" for line in LINES))
        file.chmod(0o600)
        site.aliases.set(f"other@{DOMAIN}", [TO_JOE])


def file_of(site: Vpopmail) -> Path:
    return Path(site.domains.get(DOMAIN).path) / ".qmail-sales"


def move(top: Path, number: int = 0) -> list[str]:
    """Move the alias in this process, killed before a change if its number says so; the changes."""
    calls: list[str] = []
    if number:
        kill_before(number)
    else:
        watch_changes(calls.append)
    with opened(top) as site:
        site.aliases.move_to_store(SALES)
    return calls


def delivery(top: Path) -> tuple[bool, list[str] | None]:
    """Whether the file is there, and what is done with mail: by the file as long as there is one."""
    with opened(top) as site:
        file = file_of(site)
        if file.exists():
            return True, file.read_text().splitlines()
        return False, site.aliases.find(SALES)


def again(top: Path) -> Reconciled:
    """The same call in another process, and what a look finds then."""
    with opened(top) as site:
        site.aliases.move_to_store(SALES)
        assert site.aliases.find(SALES) == LINES
        assert not file_of(site).exists()
        return site.reconcile(dry_run=True)


@pytest.fixture
def prepared(tmp_path: Path) -> tuple[Path, Path, list[str]]:
    """A place for the site, the site before, and the calls of an undisturbed run."""
    top, kept = tmp_path, tmp_path / "kept"
    (top / "site").mkdir()
    in_child(partial(prepare, top))
    renew(top / "site", kept)
    assert in_child(partial(delivery, top)) == (True, LINES)
    calls = in_child(partial(move, top))
    assert in_child(partial(delivery, top)) == (False, LINES)
    return top, kept, calls


def test_killed_before_each_call_mail_goes_the_same_way(
    prepared: tuple[Path, Path, list[str]],
) -> None:
    top, kept, calls = prepared
    assert len(calls) > 5
    states = set()
    for number in range(1, len(calls) + 1):
        renew(kept, top / "site")
        with pytest.raises(Killed):
            in_child(partial(move, top, number))
        is_file, lines = in_child(partial(delivery, top))
        assert lines == LINES, (number, calls[number - 1])
        states.add(is_file)
        assert not in_child(partial(again, top)).findings, (number, calls[number - 1])
    assert states == {True, False}
