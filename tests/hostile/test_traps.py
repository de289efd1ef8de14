"""Whatever the owner of a domain puts in the place of whatever: nothing outside of the site changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import needs_root
from tests.crash.processes import in_child
from tests.figures import FIGURES
from vpopmail.errors import FileNotUpdated, VpopmailError

from .conftest import World
from .traps import TRAPS, places, set_trap
from .world import ACTS, DOMAIN, HASH, SECRET, do_all, opened, outside

pytestmark = needs_root


def test_without_a_trap_all_of_it_succeeds(world: World) -> None:
    """Else the traps would be tried on nothing."""
    top = world.renew()
    before = outside(top)
    failed = {name: error for name, error in in_child(partial(do_all, top, list(ACTS))).items() if error}
    assert failed == {}
    assert outside(top) == before


@pytest.mark.parametrize("trap", list(TRAPS))
def test_a_trap_in_any_place_leads_root_nowhere(
    world: World, trap: str, full: bool, record_property: Callable[[str, object], None]
) -> None:
    found = places(world.renew())
    turn = list(TRAPS).index(trap)
    # In CI's size every place meets some of the traps, and each trap some of the places.
    chosen = found if full else found[turn % 8 :: 8]
    tried = 0
    for place in chosen:
        orders = [[name] for name in ACTS] if full else [list(ACTS)]
        for names in orders:
            top = world.renew()
            if not set_trap(top, place, trap):
                continue
            before = outside(top)
            in_child(partial(do_all, top, names))
            assert outside(top) == before, f"{trap} at {place}: {names}"
            tried += len(names)
    record_property(FIGURES, ("traps of an owner", {"operations": tried}))


def test_a_careless_program_is_found_out(world: World) -> None:
    """The trial sees what it is there for."""
    top = world.renew()
    assert set_trap(top, "joe/lastauth", "link to a file")
    before = outside(top)
    (top / "v/domains/example.com/joe/lastauth").write_text("192.0.2.1")
    assert outside(top) != before


def test_a_foreign_file_with_a_second_name_is_no_alias(world: World) -> None:
    """Else its content were told to whoever lists the aliases, and given away with the next line."""
    top = world.renew()
    assert set_trap(top, ".qmail-sales", "hard link")
    told = in_child(partial(_tell_aliases, top))
    assert SECRET.decode().strip() not in told
    assert "AliasUnreadable" in told


def _tell_aliases(top: Path) -> str:
    with opened(top) as site:
        told = repr(site.aliases.names(DOMAIN))
        for act in (lambda: site.aliases.get(f"sales@{DOMAIN}"), lambda: list(site.aliases.iter(DOMAIN))):
            try:
                told += repr(act())
            except VpopmailError as error:
                told += repr(error)
    return told


def test_something_else_by_the_name_of_the_journal_is_told(world: World) -> None:
    top = world.renew()
    assert set_trap(top, ".vpopmail", "file")
    with opened(top) as site, pytest.raises(FileNotUpdated, match="move it away"):
        site.users.add(f"new@{DOMAIN}", crypted=HASH)
