"""The homes that a change adds or deletes."""

from __future__ import annotations

from itertools import groupby

from vpopmail.safeio.shelf import Shelf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Home:
    """A home that is added or deleted: of whom, where, and the name of its directory.

    Attributes:
        is_new: whether the user is added with it.
    """

    __slots__ = ("is_new", "leaf", "name", "place")

    def __init__(self, name: str, place: str, leaf: str, *, is_new: bool = True) -> None:
        self.name = name
        self.place = place
        self.leaf = leaf
        self.is_new = is_new

    def path(self, domain_path: str) -> str:
        """The absolute path of the home."""
        return "/".join(part for part in (domain_path, self.place, self.leaf) if part)


class AddedHomes:
    """The homes that a change adds, in order; on the disk if they are many."""

    __slots__ = ("_shelf",)

    def __init__(self) -> None:
        self._shelf = Shelf()

    def append(self, home: Home) -> None:
        """Note a home; no other one is of the same user."""
        self._shelf.add(home.name, (home.place, home.leaf, home.is_new))

    def find(self, name: str) -> Home | None:
        """The home of a user; None if there is none here."""
        row = self._shelf.get(name)
        return None if row is None else _home(name, row)

    def remove(self, name: str) -> None:
        """Forget the home of a user."""
        self._shelf.drop(name)

    def clear(self) -> None:
        """Forget all."""
        self._shelf.clear()

    def by_place(self) -> Iterator[tuple[str, Iterator[Home]]]:
        """Those that follow one another in the same place, together."""
        return groupby(self, lambda home: home.place)

    def new_users(self) -> Iterator[str]:
        """The names of the users that are added with their homes."""
        return (home.name for home in self if home.is_new)

    def __iter__(self) -> Iterator[Home]:
        return (_home(name, row) for name, row in self._shelf.rows())

    def __len__(self) -> int:
        return len(self._shelf)


def _home(name: str, row: tuple[str | int, ...]) -> Home:
    place, leaf, is_new = row
    return Home(name, str(place), str(leaf), is_new=bool(is_new))
