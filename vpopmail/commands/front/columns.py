"""What the columns of a bulk input may hold. Pure; no complaint holds a value."""

from __future__ import annotations

from vpopmail.commands.front import sizes
from vpopmail.errors import InvalidQuota

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Kind = Callable[[object], object]

_TRUE = frozenset(("yes", "true", "on", "1"))
_FALSE = frozenset(("no", "false", "off", "0"))
_SHOWN = 40  # characters of an unknown name


def text(value: object) -> str:
    """Any text. Raises: ValueError."""
    if not isinstance(value, str):
        raise ValueError("give a text")  # noqa: TRY004 - wrong input, no wrong program
    return value


def boolean(value: object) -> bool:
    """True or false; of CSV also yes, no, on, off, 1 and 0. Raises: ValueError."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        raise ValueError("give true or false")
    return word in _TRUE


def quota(value: object) -> str:
    """A quota as ``sizes.read_quota`` takes it, or a number of bytes. Raises: ValueError."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise ValueError("give a quota")  # noqa: TRY004
    try:
        return sizes.read_quota(value)
    except InvalidQuota as error:
        raise ValueError(error.advice) from None


def lines(value: object) -> list[str]:
    """A list of texts, or a text with one a line. Raises: ValueError."""
    if isinstance(value, str):
        # Not splitlines, which knows ends of lines that a delivery line may hold.
        return value.replace("\r\n", "\n").removesuffix("\n").split("\n") if value else []
    if not isinstance(value, list) or not all(isinstance(line, str) for line in value):
        raise ValueError("give a list of texts")
    return value


class Columns:
    """The columns that an action takes.

    Args:
        kinds: what each holds, by name.
        needed: those without which a line is bad.
        ignored: others, which listings have and which are passed over.
    """

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        needed: tuple[str, ...] = ("address",),
        ignored: tuple[str, ...] = (),
    ) -> None:
        self.kinds = kinds
        self.needed = needed
        self.ignored = frozenset(ignored)

    def check_names(self, names: list[str]) -> None:
        """Refuse names of columns that do not fit. Raises: ValueError."""
        for name in names:
            if name not in self.kinds and name not in self.ignored:
                raise ValueError(f"unknown column {name[:_SHOWN]!a}")
        for name in self.needed:
            if name not in names:
                raise ValueError(f"column {name} is missing")

    def take(self, values: Mapping[str, object]) -> dict[str, object]:
        """The values of a line in their kinds; None is none that was given.

        Raises:
            ValueError: an unknown column, a value of another kind, or a needed one is missing.
        """
        taken = {}
        for name, value in values.items():
            kind = self.kinds.get(name)
            if kind is None:
                self.check_names([name, *self.needed])
            elif value is not None:
                try:
                    taken[name] = kind(value)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        for name in self.needed:
            if name not in taken:
                raise ValueError(f"column {name} is missing")
        return taken
