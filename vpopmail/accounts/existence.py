"""Whether an address is taken in a directory of a domain: by an alias, a mailing list, a robot."""

from __future__ import annotations

from sys import modules

from vpopmail.backends.abstract import ALIASES
from vpopmail.backends.files.aliases import read_file_of
from vpopmail.formats.dotqmail import file_name
from vpopmail.formats.text import to_bytes
from vpopmail.names import fold
from vpopmail.safeio.directory import Directory, open_trusted
from vpopmail.safeio.paths import check_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation

# A batch can only be open if its module is loaded: who only asks must not load it.
_BATCHES = "vpopmail.accounts.open_batches"
_LISTS = (b"ezmlm-reject", b"ezmlm-send")
_ROBOT = b"autorespond"
_DEFAULT = "default"
_MESSAGE = "message"


def is_alias(path: str, name: str, *, narrow: bool) -> bool:
    """Whether a directory holds the dot-qmail file of a name.

    Args:
        path: the directory of a domain, absolute.
        name: the local part, any case; its dots are colons in the name of the file.
        narrow: as release 5.6 sees it: neither a mailing list, an autoresponder nor a name that
            begins with ``default`` is an alias.

    Raises:
        InvalidPath, InvalidCharacter, OSError.
    """
    line = _first_line(path, name)
    if line is None or not narrow:
        return line is not None
    if fold(name).startswith(_DEFAULT):
        return False
    return not any(word in line for word in (*_LISTS, _ROBOT))


def is_kept_alias(installation: Installation, name: str, domain: str) -> bool:
    """Whether a backend that keeps aliases itself has this one.

    Args:
        installation: the site.
        name: the local part, any case.
        domain: domain or alias domain; ``""`` is none.

    Raises:
        BackendUnavailable.
    """
    if not domain or ALIASES not in installation.backend.facets:
        return False
    batches = modules.get(_BATCHES)
    if batches is None or batches.open_batch(installation) is None:
        entry, change = installation.resolve(domain), None
    else:
        entry = batches.open_batch(installation).resolve(domain)
        change = None if entry is None else batches.pending_change(installation, entry)
    aliases = installation.aliases if change is None else change.aliases
    return entry is not None and aliases.read_alias(entry, fold(name)) is not None


def is_mailing_list(path: str, name: str) -> bool:
    """Whether the first line of the dot-qmail file of a name runs ezmlm.

    Raises:
        InvalidPath, InvalidCharacter, OSError.
    """
    line = _first_line(path, name)
    return line is not None and any(word in line for word in _LISTS)


def is_robot(path: str, name: str) -> bool:
    """Whether there is an autoresponder: its directory, in capitals, with a message.

    Raises:
        InvalidPath, OSError.
    """
    if "/" in name or name in {"", ".", ".."}:
        return False
    name = name.upper()
    check_path(f"{path}/{name}")
    try:
        with _open(path) as directory, directory.enter(name) as robot:
            return robot.has(_MESSAGE)
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_qmail_alias(qmaildir: str, name: str) -> bool:
    """Whether qmail's own aliases have a name.

    Args:
        qmaildir: qmail's directory, absolute.
        name: the local part, any case.

    Raises:
        InvalidCharacter, OSError.
    """
    file = _file(name)
    try:
        with _open(f"{qmaildir}/alias") as directory:
            return directory.has(f"{file}-{_DEFAULT}") or directory.has(file)
    except FileNotFoundError:
        return False


def _first_line(path: str, name: str) -> bytes | None:
    """The first line of a dot-qmail file; None if it is missing."""
    if not name:
        return None
    batches = modules.get(_BATCHES)
    change = None if batches is None else batches.pending_change_at(path.rstrip("/"))
    if change is not None:
        data = change.aliases.read_file(_file(name))
    else:
        with _open(path) as directory:
            data = read_file_of(directory, _file(name))
    return None if data is None else data.partition(b"\n")[0]


def _file(name: str) -> str:
    to_bytes(name)
    return file_name(fold(name))


def _open(path: str) -> Directory:
    check_path(path)
    return open_trusted(path)
