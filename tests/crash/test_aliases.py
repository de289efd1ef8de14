"""Several files in one change: each old or new at every moment, all the same after the next one.

Readers do not recover, so in between they may see the new lines of one alias and the old ones of
another; a scene of the sweep, which is all or nothing at once, could not say that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from vpopmail import Vpopmail

from .places import open_site, renew, snapshot
from .processes import Killed, in_child, kill_before
from .scenes import DOMAIN, KEPT, SALES, TO_JOE

Lines = dict[str, list[str]]
A, B, C = (f"{name}@{DOMAIN}" for name in ("a1", "b1", "c1"))
OLD: Lines = {A: [TO_JOE], B: [TO_JOE]}


def _prepare(root: Path) -> None:
    with open_site(root) as site:
        site.prepare()
        site.domains.add(DOMAIN)
        site.users.add(KEPT)
        for address, lines in OLD.items():
            site.aliases.set(address, lines)


def _batch(site: Vpopmail) -> None:
    with site.batch():
        site.aliases.set(A, ["&new@example.edu"])
        site.aliases.delete(B)
        site.aliases.add(C, TO_JOE)


def _batch_with_user(site: Vpopmail) -> None:
    with site.batch():
        site.users.update(KEPT, gecos="Anna")
        site.aliases.set(A, ["&new@example.edu"])
        site.aliases.add(C, TO_JOE)


def _delete_all(site: Vpopmail) -> None:
    site.aliases.delete_all(DOMAIN)


def _next_change(site: Vpopmail) -> None:
    site.aliases.set(SALES, [])
    site.aliases.delete(SALES)


def _run(root: Path, change: Callable[[Vpopmail], None], number: int = 0) -> None:
    with open_site(root) as site:
        if number:
            kill_before(number)
        change(site)


def _read(root: Path) -> Lines:
    with open_site(root) as site:
        return {f"{name}@{DOMAIN}": lines for name, lines in site.aliases.iter(DOMAIN)}


@pytest.mark.parametrize("change", [_batch, _batch_with_user, _delete_all])
def test_killed_anywhere_each_alias_is_whole_and_the_next_change_makes_them_agree(
    top: Path, change: Callable[[Vpopmail], None]
) -> None:
    site, prepared, seen = top / "site", top / "prepared", set()
    site.mkdir(mode=0o755)
    in_child(partial(_prepare, site))
    renew(site, prepared)
    in_child(partial(_run, site, _next_change))
    before = snapshot(site)
    renew(prepared, site)
    in_child(partial(_run, site, change))
    new = in_child(partial(_read, site))
    in_child(partial(_run, site, _next_change))
    after = snapshot(site)
    for number in range(1, 200):
        renew(prepared, site)
        try:
            in_child(partial(_run, site, change, number))
        except Killed:
            pass
        else:
            break
        found = in_child(partial(_read, site))
        for address in (A, B, C):
            assert found.get(address) in (OLD.get(address), new.get(address)), number
        in_child(partial(_run, site, _next_change))
        tree = snapshot(site)
        assert tree in (before, after), number
        seen.add(tree == after)
    assert seen == {True, False}
