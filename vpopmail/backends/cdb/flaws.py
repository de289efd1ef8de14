"""What is wrong with vpasswd and vpasswd.cdb of a domain, found without a lock."""

from __future__ import annotations

from vpopmail.backends.cdb.lost import check_users
from vpopmail.backends.cdb.reading import INDEX, TEXT, fresh_index, lost_text
from vpopmail.backends.flaws import DOUBLE, LOST, MALFORMED, Flaw
from vpopmail.backends.flaws import INDEX as STALE
from vpopmail.errors import AccountsLost, FormatError
from vpopmail.formats import cdb, vpasswd
from vpopmail.formats.text import split_lines, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.backends.cdb.reading import Place


def find_flaws(place: Place) -> Iterator[Flaw]:
    """See Backend.flaws.

    Args:
        place: where the two files are.

    Raises:
        OSError.
    """
    trouble = lost_text(place) or _lost_both(place)
    if trouble:
        yield Flaw(LOST, f"{place.path}/{TEXT}", trouble)
    if place.status(TEXT) is None:
        return
    text = place.read(TEXT)
    trouble = _trouble_of_index(place, text)
    if trouble:
        yield Flaw(STALE, f"{place.path}/{INDEX}", trouble)
    for number, what in vpasswd.problems(text):
        yield Flaw(MALFORMED, f"{place.path}/{TEXT}, line {number}", what)
    yield from _doubles(f"{place.path}/{TEXT}", text)


def _lost_both(place: Place) -> str:
    try:
        check_users(place)
    except AccountsLost as error:
        return error.advice
    return ""


def _trouble_of_index(place: Place, text: bytes) -> str:
    """What is wrong with the index; ``""`` if nothing."""
    if place.is_no_file(INDEX):
        return "it is no plain file"
    if place.status(INDEX) is None:
        return "it is missing"
    if fresh_index(place) is None:
        return f"it is older than {TEXT}"
    try:
        same = list(cdb.iterate(place.read(INDEX))) == list(vpasswd.records(text))
    except FormatError as error:
        return f"it is broken: {error.advice}"
    return "" if same else f"it is not made of {TEXT}"


def _doubles(path: str, text: bytes) -> Iterator[Flaw]:
    seen: set[bytes] = set()
    for number, line in enumerate(split_lines(text), 1):
        name, colon, _ = line.partition(b":")
        if colon and name and name in seen:
            subject = f"{path}, line {number}"
            shown = to_text(name)
            yield Flaw(DOUBLE, subject, f"{ascii(shown)[1:-1]} has a line already", shown)
        seen.add(name)
