"""What a setting may hold: one class for each kind of value.

``take`` accepts the native value or its text, so that arguments, the TOML file, the compiled file
and the environment share one set of rules.
"""

from __future__ import annotations

TYPE_CHECKING = False
_YES = ("yes", "true", "on", "1")
_NO = ("no", "false", "off", "0")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_DIGITS = 19


class Kind:
    """A kind of value; ``allowed`` says in words what it takes, ``secret`` whether to hide it."""

    __slots__ = ("allowed",)
    secret = False

    def __init__(self, allowed: str) -> None:
        self.allowed = allowed

    if TYPE_CHECKING:

        def take(self, value: object) -> object:
            """The value in its native form.

            Args:
                value: the native value or its text.

            Raises:
                ValueError: it is not allowed; the text of the error is not for people.
            """

    def text(self, value: object) -> str:
        """The text that ``take`` turns back into this value."""
        return str(value)


class YesNo(Kind):
    """A switch."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("yes or no (also true/false, on/off, 1/0)")

    def take(self, value: object) -> bool:
        """True or False."""
        if isinstance(value, bool):
            return value
        word = str(value).lower() if isinstance(value, (str, int)) else ""
        if word in _YES:
            return True
        if word in _NO:
            return False
        raise ValueError

    def text(self, value: object) -> str:
        """``yes`` or ``no``."""
        return "yes" if value else "no"


class Whole(Kind):
    """A whole number in a range, ends included."""

    __slots__ = ("high", "low")

    def __init__(self, low: int, high: int) -> None:
        super().__init__(f"a whole number from {low} to {high}")
        self.low = low
        self.high = high

    def take(self, value: object) -> int:
        """The number."""
        if isinstance(value, str):
            value = _decimal(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError  # noqa: TRY004 - one error for every value that is not allowed
        if not self.low <= value <= self.high:
            raise ValueError
        return value


_IDS = Whole(0, 2**32 - 2)  # one more is the "leave it alone" of chown(2)


class Choice(Kind):
    """One of a few words.

    Args:
        optional: whether ``""`` is allowed too; what it means is in the option's text.
    """

    __slots__ = ("words",)

    def __init__(self, *words: str, optional: bool = False) -> None:
        super().__init__("one of " + ", ".join(words) + (" or nothing" if optional else ""))
        self.words = (*words, "") if optional else words

    def take(self, value: object) -> str:
        """The word."""
        if isinstance(value, str) and value in self.words:
            return value
        raise ValueError


class Text(Kind):
    """A line of text without control characters."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("a line of text, not empty")

    def take(self, value: object) -> str:
        """The text."""
        return _line(value)


class Secret(Text):
    """A line of text that may hold a password: it is not shown; or nothing."""

    __slots__ = ()
    secret = True

    def __init__(self) -> None:
        Kind.__init__(self, "a line of text or nothing")

    def take(self, value: object) -> str:
        """The text."""
        return "" if value == "" else super().take(value)


class Name(Kind):
    """A name of letters, digits, ``_``, ``-``, ``.``: usable as one part of a path."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("a name of letters, digits, '_', '-', '.', without '/'")

    def take(self, value: object) -> str:
        """The name."""
        name = _line(value)
        if _NAME.issuperset(name) and name[0] not in ".-":
            return name
        raise ValueError


class Addresses(Kind):
    """Addresses of IPv4 and IPv6: a list, or a text with blanks or commas between them."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("a list of IP addresses, or nothing")

    def take(self, value: object) -> tuple[str, ...]:
        """The addresses, each in its one form."""
        words = value.replace(",", " ").split(" ") if isinstance(value, str) else value
        if not isinstance(words, (list, tuple)):
            raise ValueError  # noqa: TRY004 - one error for every value that is not allowed
        return tuple([_address(word) for word in words if word != ""])

    def text(self, value: object) -> str:
        """The addresses with blanks between them."""
        return " ".join(value) if isinstance(value, tuple) else str(value)


class Path(Kind):
    """An absolute path.

    Args:
        optional: whether ``""`` is allowed too; what it means is in the option's text.
    """

    __slots__ = ("optional",)

    def __init__(self, *, optional: bool = False) -> None:
        super().__init__("an absolute path" + (" or nothing" if optional else ""))
        self.optional = optional

    def take(self, value: object) -> str:
        """The path, without a slash at its end."""
        value = value.__fspath__() if hasattr(value, "__fspath__") else value
        if value == "" and self.optional:
            return ""
        path = _line(value)
        if not path.startswith("/") or ".." in path.split("/"):
            raise ValueError
        # A blank before the last slash would be one at the end, which no setting has.
        return _line(path.rstrip("/") or "/")


class Owner(Kind):
    """A user or a group: a name, or a number as int or text.

    Args:
        optional: whether ``""`` is allowed too; what it means is in the option's text.
    """

    __slots__ = ("optional",)

    def __init__(self, *, optional: bool = False) -> None:
        super().__init__("a name or a number" + (" or nothing" if optional else ""))
        self.optional = optional

    def take(self, value: object) -> str | int:
        """The number as an int, else the name."""
        if value == "" and self.optional:
            return ""
        number = _decimal(value) if isinstance(value, str) else value
        if isinstance(number, int):
            return _IDS.take(number)
        name = _line(value)
        if ":" in name or "/" in name:
            raise ValueError
        return name


def _line(value: object) -> str:
    if isinstance(value, str) and value and value == value.strip() and not _has_control(value):
        return value
    raise ValueError


def _address(word: object) -> str:
    if not isinstance(word, str):
        raise ValueError  # noqa: TRY004 - one error for every value that is not allowed
    import _socket  # the module ipaddress would cost a login more than all else

    family = _socket.AF_INET6 if ":" in word else _socket.AF_INET
    try:
        return _socket.inet_ntop(family, _socket.inet_pton(family, word))
    except (OSError, ValueError):
        raise ValueError from None


def _decimal(text: str) -> int | None:
    # int() alone would take blanks, signs, underscores and other scripts' digits; its own
    # limit of 4300 digits raises.
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


def _has_control(text: str) -> bool:
    return any(character < " " or "\x7f" <= character < "\xa0" for character in text)
