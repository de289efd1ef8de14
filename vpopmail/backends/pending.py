"""What is to become of the users of a domain, while nothing of it is stored."""

from __future__ import annotations

from operator import attrgetter

from vpopmail.records import VqPasswd
from vpopmail.safeio.shelf import Shelf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from vpopmail.safeio.shelf import Row

    T = TypeVar("T")

_NOTHING = object()
# The arguments that make a record.
FIELDS = (
    "pw_name",
    "pw_passwd",
    "pw_uid",
    "pw_gid",
    "pw_gecos",
    "pw_dir",
    "pw_shell",
    "pw_clear_passwd",
    "pw_flags",
)
_row: Callable[[VqPasswd], Row] = attrgetter(*FIELDS)


class Pending:
    """A record for each name that is to be stored, or None for one that is to be deleted.

    Used like a dict. New users are kept apart, and on the disk if they are many.

    Args:
        below: what else is pending; it shows through where this says nothing of a name.

    Attributes:
        changed: what is to become of users that are stored already.
    """

    __slots__ = ("_added", "_below", "_forgotten", "changed")

    def __init__(self, below: Pending | None = None) -> None:
        self.changed: dict[str, VqPasswd | None] = {}
        self._added = Shelf()
        self._below = below
        self._forgotten: set[str] = set()  # of those below

    def add(self, user: VqPasswd) -> None:
        """Note a new user."""
        self._added.add(user.pw_name, _row(user))

    def added(self) -> Iterator[VqPasswd]:
        """The new users, in the order in which they came, as fresh records."""
        return (VqPasswd(*row) for _, row in self._added.rows())  # type: ignore[arg-type]

    def added_rows(self) -> Iterator[list[Row]]:
        """The arguments that make the records of the new users, in order, many at a time."""
        return self._added.pages()

    def is_added(self, name: str) -> bool:
        """Whether a user of this name is new."""
        return self._added.get(name) is not None

    def get(self, name: str, default: T | None = None) -> VqPasswd | T | None:
        """What is to become of a name; ``default``: nothing."""
        row = self._added.get(name)
        if row is not None:
            return VqPasswd(*row)  # type: ignore[arg-type]
        if name in self.changed:
            return self.changed[name]
        if self._below is None or name in self._forgotten:
            return default
        return self._below.get(name, default)

    def forget(self, name: str) -> None:
        """Let nothing become of a name."""
        self.changed.pop(name, None)
        self._added.drop(name)
        if self._below is not None:
            self._forgotten.add(name)

    def clear(self) -> None:
        """Forget all."""
        self.changed.clear()
        self._added.clear()

    def items(self) -> Iterator[tuple[str, VqPasswd | None]]:
        """Each name and what is to become of it; not of what is below."""
        for user in self.added():
            yield user.pw_name, user
        yield from self.changed.items()

    def values(self) -> Iterator[VqPasswd | None]:
        """What is to become of each name; not of what is below."""
        return (user for _, user in self.items())

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.items())

    def __len__(self) -> int:
        return len(self._added) + len(self.changed)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name, _NOTHING) is not _NOTHING

    def __getitem__(self, name: str) -> VqPasswd | None:
        found = self.get(name, _NOTHING)
        if isinstance(found, VqPasswd) or found is None:
            return found
        raise KeyError(name)

    def __setitem__(self, name: str, user: VqPasswd | None) -> None:
        if user is not None and self.is_added(name):
            self._added.put(name, _row(user))
        else:
            self.changed[name] = user
