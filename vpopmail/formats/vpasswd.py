"""vpasswd: a domain's users, one line each, and the same as records of vpasswd.cdb.

Line: ``name:crypt:uid:gid:gecos:dir:quota[:clear]``. Source: formats, vpasswd and vpasswd.cdb.
"""

from __future__ import annotations

from vpopmail import errors
from vpopmail.formats.text import has_control, leading_int, split_lines, to_bytes, to_text
from vpopmail.records import VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FIELDS = 7
_LOOKUP_LEAST = 4
_LOOKUP_FIELDS = 7
_DIGITS = frozenset("0123456789")
# The compiler of expressions recurses once a byte.
_LONGEST_EXPRESSION = 128
# Bytes of a file from which it is quicker to import expressions than to do without.
_WORTH_EXPRESSION = 1 << 20


def parse_line(line: bytes) -> VqPasswd:
    """The user that a line stands for.

    Args:
        line: 7 or 8 fields, with or without its newline; what follows the 7th colon is the
            clear password, colons included.

    Returns:
        A fresh record; ``pw_flags`` equals ``pw_gid``.

    Raises:
        FormatError: fewer than 7 fields.

    Source: formats, vpasswd.
    """
    fields = to_text(line.removesuffix(b"\n")).split(":", _FIELDS)
    if len(fields) < _FIELDS:
        raise errors.FormatError("vpasswd", "a line has fewer than 7 fields")
    return _user(*fields)


def next_user(lines: Iterable[bytes]) -> VqPasswd | None:
    """The user of the next line that is not malformed.

    Args:
        lines: with or without newlines, as they come; read no further than needed.

    Returns:
        A fresh record; ``None`` at the end.

    Source: formats, vpasswd.
    """
    for line in lines:
        if line.count(b":") >= _FIELDS - 1:
            return parse_line(line)
    return None


def parse_lookup(name: str, data: bytes, clear: bool = True) -> VqPasswd | None:  # noqa: FBT001, FBT002 - hot path
    """The user that a record of vpasswd.cdb stands for.

    Args:
        name: the key, which is the user's name.
        data: the rest of the line; with 3 or 4 colons the fields that are missing are empty.
        clear: whether the site keeps clear passwords; if not, a stored one is ignored.

    Returns:
        A fresh record; ``None`` below 3 colons.

    Source: formats, vpasswd.cdb.
    """
    fields = to_text(data).split(":", _LOOKUP_FIELDS - 1)
    if len(fields) < _LOOKUP_LEAST:
        return None
    if not clear:
        del fields[_LOOKUP_FIELDS - 1 :]
    return _user(name, *fields)


def format_line(user: VqPasswd, *, clear_passwd: bool) -> bytes:
    """The line of a user, without its newline.

    Args:
        user: the record; ``pw_flags`` is not stored.
        clear_passwd: whether the site keeps clear passwords; then the 8th field is written,
            even when empty.

    Returns:
        The line.

    Raises:
        InvalidCharacter: a control character in a field, or a colon in one but the clear
            password.

    Source: formats, vpasswd.
    """
    texts = (
        user.pw_name,
        user.pw_passwd,
        str(user.pw_uid),
        str(user.pw_gid),
        user.pw_gecos,
        user.pw_dir,
        user.pw_shell,
    )
    text = ":".join(texts)
    if text.count(":") != len(texts) - 1:
        raise errors.InvalidCharacter("vpasswd", "a colon in a field")
    if clear_passwd:
        text = f"{text}:{user.pw_clear_passwd}"
    line = to_bytes(text)
    if has_control(line):
        raise errors.InvalidCharacter("vpasswd", "a control character in a field")
    return line


def name_of(line: bytes) -> bytes:
    """The name in a line: what stands before its first colon.

    Args:
        line: a line without its newline.

    Returns:
        The name; the whole line if there is no colon.

    Source: formats, vpasswd.
    """
    return line.partition(b":")[0]


def find_line(data: bytes, name: bytes) -> tuple[int, int] | None:
    """Where the first line of a user stands.

    Args:
        data: the whole file, in any order.
        name: the user's name.

    Returns:
        Offset of the line and offset after its newline (or the end of the file), or ``None``.

    Source: formats, vpasswd.
    """
    start = 0
    if not data.startswith(name + b":"):
        # The newline before the name is part of what is found: + 1.
        start = data.find(b"\n" + name + b":") + 1
        if not start:
            return None
    return start, data.find(b"\n", start) + 1 or len(data)


def insertion_point(data: bytes, name: bytes) -> int:
    """Where the line of a new user goes: before the first line with a greater name.

    Args:
        data: the whole file, in any order.
        name: the user's name.

    Returns:
        The offset of that line; the length of the file if no name is greater.

    Source: formats, vpasswd, rules.
    """
    small = len(data) < _WORTH_EXPRESSION
    if small or len(name) > _LONGEST_EXPRESSION or b":" in name or b"\n" in name:
        return _first_greater(data, name)
    # One expression over the whole file takes a third of a loop over its lines.
    import re

    greater = _greater(name)
    if re.match(greater, data):
        return 0
    found = re.search(rb"\n" + greater, data)
    return found.start() + 1 if found else len(data)


def problems(data: bytes) -> list[tuple[int, str]]:
    """The lines that are malformed.

    Args:
        data: the whole file.

    Returns:
        Pairs of line number, from 1, and what is wrong with it; no content of the line.

    Source: formats, vpasswd, rules.
    """
    found = []
    for number, line in enumerate(split_lines(data), 1):
        fields = line.count(b":") + 1
        if not line:
            found.append((number, "blank line"))
        elif fields < _FIELDS:
            found.append((number, f"{fields} fields instead of at least {_FIELDS}"))
        elif line.startswith(b":"):
            found.append((number, "no user name"))
    return found


def records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The records of vpasswd.cdb.

    Args:
        data: the whole vpasswd file; a last line without newline counts.

    Yields:
        Name and rest of each line that has a colon, in the order of the file.

    Source: formats, vpasswd.cdb.
    """
    for line in data.split(b"\n"):
        name, colon, rest = line.partition(b":")
        if colon:
            yield name, rest


def _user(
    name: str,
    passwd: str,
    uid: str,
    gid: str,
    gecos: str,
    home: str = "",
    quota: str = "",
    clear: str = "",
) -> VqPasswd:
    return VqPasswd(name, passwd, _number(uid), _number(gid), gecos, home, quota, clear)


def _number(text: str) -> int:
    # Most are one digit, and a listing has twice as many as users.
    return int(text) if text in _DIGITS else leading_int(to_bytes(text))


def _first_greater(data: bytes, name: bytes) -> int:
    offset = 0
    for line in split_lines(data):
        if name_of(line) > name:
            return offset
        offset += len(line) + 1
    return len(data)


def _greater(name: bytes) -> bytes:
    """An expression for the beginning of a line whose name is greater.

    At each byte of the name: a greater one, or the same and then greater from the next on.
    """
    expression = rb"[^:\n]"
    for byte in reversed(name):
        expression = b"(?:%b|\\x%02x%b)" % (_greater_byte(byte), byte, expression)
    return expression


def _greater_byte(byte: int) -> bytes:
    # A colon ends the name and a newline the line: they are lower than any byte.
    spans = [
        b"\\x%02x-\\x%02x" % (max(byte + 1, low), high)
        for low, high in ((0, 9), (11, 57), (59, 255))
        if byte < high
    ]
    return b"[%b]" % b"".join(spans) if spans else b"(?!)"
