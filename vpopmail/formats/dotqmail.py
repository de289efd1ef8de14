""".qmail files: their names, their delivery lines, and the domain's .qmail-default.

Source: formats, .qmail-default and .qmail-alias.
"""

from __future__ import annotations

from vpopmail import errors
from vpopmail.formats.text import has_control, join_lines, split_lines, to_bytes, to_text
from vpopmail.records import Record

COMMENT = "comment"
PROGRAM = "program"
MAILDIR = "maildir"
MBOX = "mbox"
FORWARD = "forward"
BLANK = "blank"

_PREFIX = ".qmail-"
# Characters that /bin/sh takes as they are, anywhere in a word.
_PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./_-"


class DeliveryLine(Record):
    """One line of a .qmail file.

    Attributes:
        kind: ``COMMENT``, ``PROGRAM``, ``MAILDIR``, ``MBOX``, ``FORWARD`` or ``BLANK``.
        target: the comment, the command, the path or the address, without what marks its
            kind.

    Source: formats, .qmail-alias, line kinds.
    """

    __slots__ = ("kind", "target")

    def __init__(self, kind: str, target: str) -> None:
        self.kind = kind
        self.target = target


def file_name(alias: str) -> str:
    """The name of an alias's file in the domain's directory.

    Args:
        alias: the local part; ``default`` is a legal one.

    Returns:
        ``.qmail-`` and the alias, its dots as colons.

    Raises:
        InvalidCharacter: ``/`` or NUL, which no file name can hold.

    Source: formats, .qmail-alias.
    """
    if "/" in alias or "\0" in alias:
        raise errors.InvalidCharacter(alias, "not possible in the name of a file")
    return _PREFIX + alias.replace(".", ":")


def alias_name(file_name: str) -> str | None:
    """The alias that a file belongs to.

    Args:
        file_name: a name in the domain's directory.

    Returns:
        The local part, ``default`` included; ``None`` for any other file.

    Source: formats, .qmail-alias.
    """
    if not file_name.startswith(_PREFIX):
        return None
    return file_name.removeprefix(_PREFIX).replace(":", ".") or None


def default_delivery(vdelivermail: str, action: str) -> bytes:
    """The content of .qmail-default.

    Args:
        vdelivermail: absolute path of the program.
        action: ``bounce-no-mailbox``, ``delete``, an address or an absolute directory.

    Returns:
        One line. Words that /bin/sh would not take as they are stand in quotes.

    Raises:
        InvalidCharacter: a control character, or an empty word.

    Source: formats, .qmail-default.
    """
    words = [to_bytes(_quoted(word)) for word in (vdelivermail, action)]
    if any(has_control(word) for word in words) or not (vdelivermail and action):
        raise errors.InvalidCharacter(".qmail-default", "a control character or an empty word")
    return b"| %b '' %b\n" % (words[0], words[1])


def parse_default(data: bytes) -> str | None:
    """What a .qmail-default does with mail for unknown users.

    Args:
        data: the whole file.

    Returns:
        The action; ``None`` unless the first line runs vdelivermail with ``''`` before it.

    Source: formats, .qmail-default; api, isCatchall.
    """
    _, mark, action = _parted(data.partition(b"\n")[0])
    return _unquoted(to_text(action.strip())) if mark else None


def default_action(data: bytes) -> str | None:
    """What a .qmail-default does with mail for unknown users, filters before it passed over.

    Args:
        data: the whole file.

    Returns:
        What vdelivermail is told, by the first line that runs it. Without one, the last line that
        is neither blank nor a comment, as it stands; ``None`` if there is no such line.

    Source: formats, .qmail-default.
    """
    lines = split_lines(data)
    at = _action_line(lines)
    if at is None:
        return None
    action = _told(lines[at])
    return to_text(lines[at].strip()) if action is None else action


def runs_vdelivermail(data: bytes) -> bool:
    """Whether a line of a .qmail-default hands the mail of unknown users to vdelivermail."""
    return any(_told(line) is not None for line in split_lines(data))


def with_default_action(data: bytes, vdelivermail: str, action: str) -> bytes:
    """A .qmail-default with another action; its other lines, and what precedes the action, stay.

    Args:
        data: the whole file.
        vdelivermail: absolute path of the program, for a file that does not run it yet.
        action: as for ``default_delivery``.

    Raises:
        InvalidCharacter: a control character, or an empty word.

    Source: formats, .qmail-default.
    """
    new = default_delivery(vdelivermail, action).removesuffix(b"\n")
    lines = split_lines(data)
    at = _action_line(lines)
    if at is None:
        return join_lines([*lines, new])
    if _told(lines[at]) is not None:
        before, mark, _ = _parted(lines[at])
        new = before + mark + to_bytes(_quoted(action))
    return join_lines([*lines[:at], new, *lines[at + 1 :]])


def _action_line(lines: list[bytes]) -> int | None:
    """Which line decides: the first that runs vdelivermail, else the last that delivers."""
    for at, line in enumerate(lines):
        if _told(line) is not None:
            return at
    delivering = [at for at, line in enumerate(lines) if line.strip() and line[:1] != b"#"]
    return delivering[-1] if delivering else None


def _told(line: bytes) -> str | None:
    return parse_default(line) if line.startswith(b"|") else None


def _parted(line: bytes) -> tuple[bytes, bytes, bytes]:
    """A line that runs vdelivermail, as ``parse_default`` reads it: before, mark, action."""
    before, program, rest = line.partition(b"vdelivermail")
    between, mark, action = rest.partition(b"'' ")
    return before + program + between, mark, action


def parse(data: bytes) -> list[DeliveryLine]:
    """The delivery lines of a .qmail file.

    Args:
        data: the whole file.

    Returns:
        One element a line; blanks at the end of a line do not count.

    Source: formats, .qmail-alias, line kinds.
    """
    return [parse_line(to_text(line)) for line in split_lines(data)]


def parse_line(line: str) -> DeliveryLine:
    """One delivery line, without its newline; blanks at its end do not count.

    Source: formats, .qmail-alias, line kinds.
    """
    line = line.rstrip(" \t")
    if not line:
        return DeliveryLine(BLANK, "")
    if line.startswith("#"):
        return DeliveryLine(COMMENT, line[1:].strip(" \t"))
    if line.startswith("|"):
        return DeliveryLine(PROGRAM, line[1:].strip(" \t"))
    if line.startswith(("/", ".")):
        return DeliveryLine(MAILDIR if line.endswith("/") else MBOX, line)
    return DeliveryLine(FORWARD, line.removeprefix("&"))


def _quoted(word: str) -> str:
    if not word.strip(_PLAIN):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def _unquoted(word: str) -> str:
    if len(word) > 1 and word.startswith("'") and word.endswith("'"):
        return word[1:-1].replace("'\\''", "'")
    return word
