"""users/assign, its vpopmail lines, and the records that qmail-newu makes of it.

Line: ``+<domain>-:<real domain>:<uid>:<gid>:<directory>:-::``; the last line is ``.``.
Source: formats, users/assign and users/cdb.
"""

from __future__ import annotations

from vpopmail import errors
from vpopmail.formats.text import leading_int, to_bytes, to_text
from vpopmail.records import DomainEntry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VALUES = 6
_LEAST_VALUES = 4


def parse_line(line: bytes) -> DomainEntry | None:
    """The domain that a line assigns.

    Args:
        line: any line of users/assign, with or without its newline.

    Returns:
        A fresh record; ``None`` unless the line reads ``+<domain>-:`` and at least four more
        fields, none of these empty.

    Source: formats, users/assign.
    """
    fields = line.removesuffix(b"\n").split(b":")
    local = fields[0]
    if not (local.startswith(b"+") and local.endswith(b"-")):
        return None
    return _entry(local[1:-1], fields[1 : _LEAST_VALUES + 1])


def format_line(entry: DomainEntry) -> bytes:
    """The line of a domain, without its newline, of any length.

    Args:
        entry: the domain; names as they are to be stored.

    Returns:
        The line.

    Raises:
        InvalidCharacter: a colon, a line break or NUL in a field.

    Source: formats, users/assign.
    """
    texts = (entry.domain, entry.realdomain, entry.path)
    domain, real, path = (to_bytes(text) for text in texts)
    if (domain + real + path).translate(None, b":\n\r\0") != domain + real + path:
        raise errors.InvalidCharacter(entry.domain, "a colon, a line break or NUL in its line")
    return b"+%b-:%b:%d:%d:%b:-::" % (domain, real, entry.uid, entry.gid, path)


def compile_users(data: bytes) -> list[tuple[bytes, bytes]]:
    """The records of users/cdb, in the order in which qmail-newu writes them.

    Args:
        data: the whole of users/assign.

    Returns:
        Pairs of key and data; the last one, with an empty key, holds the wildchars.

    Raises:
        FormatError: a malformed line, by its number from 1, or no line ``.``.

    Source: formats, users/cdb.
    """
    records: list[tuple[bytes, bytes]] = []
    wildchars = b""
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.startswith(b"."):
            return [*records, (b"", wildchars)]
        local, *values = line.split(b":", _VALUES + 1)
        if not local or len(values) <= _VALUES or b"\0" in line:
            raise _malformed(number, line)
        name = b"!" + local[1:].lower()
        if not local.startswith(b"+"):
            name += b"\0"
        elif local[1:] and local[-1:] not in wildchars:
            wildchars += local[-1:]
        records.append((name, b"\0".join(values[:_VALUES])))
    raise errors.FormatError("users/assign", "the last line must be a single dot")


def lookup_key(domain: bytes) -> bytes:
    """The key of a domain in users/cdb.

    Args:
        domain: its name, in any case.

    Returns:
        ``!<domain in lower case>-``.

    Source: formats, users/cdb, lookup.
    """
    return b"!" + domain.lower() + b"-"


def parse_lookup(domain: str, data: bytes) -> DomainEntry:
    """The domain that a record of users/cdb stands for.

    Args:
        domain: the name that was looked up.
        data: the data of the record.

    Returns:
        A fresh record.

    Raises:
        FormatError: a value is missing.

    Source: formats, users/cdb, lookup.
    """
    entry = _entry(to_bytes(domain), data.split(b"\0")[:_LEAST_VALUES])
    if entry is None:
        raise errors.FormatError("users/cdb", f"the record of {domain!r} lacks a value")
    return entry


def iterate_domains(records: Iterable[tuple[bytes, bytes]]) -> Iterator[DomainEntry]:
    """The domains among the records of users/cdb.

    Args:
        records: pairs of key and data.

    Yields:
        A fresh record for each, in lower case and in the order given.

    Source: formats, users/cdb.
    """
    for key, data in records:
        if key.startswith(b"!") and key.endswith(b"-"):
            entry = _entry(key[1:-1], data.split(b"\0")[:_LEAST_VALUES])
            if entry is not None:
                yield entry


def restore_lines(records: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """The lines of users/assign that the records of users/cdb were made of.

    Args:
        records: pairs of key and data.

    Returns:
        Lines without newlines, in the order given, local parts in lower case; a record that no
        line can stand for is left out, as is the one of the wildchars.

    Source: formats, users/cdb.
    """
    lines: list[bytes] = []
    for key, data in records:
        sign, local = (b"=", key[1:-1]) if key.endswith(b"\0") else (b"+", key[1:])
        line = b"%b%b:%b:" % (sign, local, data.replace(b"\0", b":"))
        if _compiles_to(line, key, data):
            lines.append(line)
    return lines


def _compiles_to(line: bytes, key: bytes, data: bytes) -> bool:
    """Whether a line of users/assign stands for a record; its local part may be in any case."""
    try:
        (name, values), *_wildchars = compile_users(line + b"\n.\n")
    except errors.FormatError:
        return False
    return name == b"!" + key[1:].lower() and key[:1] == b"!" and values == data


def _entry(domain: bytes, values: list[bytes]) -> DomainEntry | None:
    if len(values) < _LEAST_VALUES or not domain or b"" in values:
        return None
    real, uid, gid, path = values
    return DomainEntry(
        to_text(domain), to_text(real), leading_int(uid), leading_int(gid), to_text(path)
    )


def _malformed(number: int, line: bytes) -> errors.FormatError:
    what = "it must have 7 colons, a local part and no NUL" if line else "it is blank"
    return errors.FormatError(f"users/assign, line {number}", what)
