"""Places of deleted homes, kept in .dir_control_free of the domain to be used again."""

from __future__ import annotations

from vpopmail.formats import freeslots
from vpopmail.safeio.locks import FileLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.safeio.directory import Directory, Owner

FILE = ".dir_control_free"
_LEVELS = 3


def is_place(text: str) -> bool:
    """Whether a text is a place as directory hashing makes them: ``0``, ``0/A``, ``0/A/z``."""
    parts = text.split("/")
    return len(parts) <= _LEVELS and all(
        len(part) == 1 and part.isascii() and part.isalnum() for part in parts
    )


def free_places(domain: Directory) -> list[str]:
    """The places that can be used again, oldest first; others in the file are passed over."""
    data = domain.read(FILE) or b""
    return [place for place in freeslots.usable(data) if is_place(place)]


def unusable_places(domain: Directory) -> list[str]:
    """The lines of the file that are no places; C tools would follow them. Raises: OSError."""
    data = domain.read(FILE) or b""
    return [place for place in freeslots.usable(data) if not is_place(place)]


def change_free_places(
    domain: Directory, owner: Owner, timeout: float, taken: list[str], freed: list[str]
) -> None:
    """Take places from the list and add others to it.

    Args:
        domain: directory of the domain.
        owner: who gets the file.
        timeout: seconds to wait for its lock.
        taken: places that are in use again; one that is not listed is passed over.
        freed: places that became free.

    Its commit point is the rename of the file. Raises: OSError, FileNotUpdated.
    """
    if not taken and not freed:
        return
    with FileLock(domain, f"{FILE}.lock", timeout, owner):
        data = domain.read(FILE) or b""
        data = freeslots.append(freeslots.remove_first(data, *taken), *freed)
        domain.replace(FILE, [data], owner)
