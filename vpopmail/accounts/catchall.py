"""Whether a user gets the mail of a domain's unknown users."""

from __future__ import annotations

from vpopmail.formats import dotqmail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry
    from vpopmail.safeio.directory import Directory

DEFAULT = ".qmail-default"
_NOBODY = ("bounce-no-mailbox", "delete-no-mailbox")


def is_catch_all(directory: Directory, domain: DomainEntry, name: str) -> bool:
    """Whether .qmail-default hands unknown users' mail to this user.

    Args:
        directory: of the domain.
        domain: the real domain.
        name: the user.

    Raises:
        OSError: the file cannot be read.

    Source: formats, .qmail-default.
    """
    data = directory.read(DEFAULT)
    action = None if data is None else dotqmail.parse_default(data)
    if action is None or any(word in action for word in _NOBODY):
        return False
    if action.startswith("/"):
        return domain.path in action and action.rstrip("/").rpartition("/")[2] == name
    user, found, target = action.partition("@")
    return bool(found) and user == name and target in {domain.realdomain, domain.domain}
