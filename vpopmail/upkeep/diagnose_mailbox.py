"""The last steps of a login: whether the mail user can use the home and the Maildir."""

from __future__ import annotations

import stat

from vpopmail.mailstore.paths import MAILDIR, split_home
from vpopmail.safeio.rights import may
from vpopmail.upkeep.advice import REPAIR

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.upkeep.diagnosis import Found

_PARTS = ("", "/cur", "/new", "/tmp")  # noqa: S108 - of a Maildir


def look_at_home(installation: Installation, entry: DomainEntry, user: VqPasswd) -> Found:
    """Whether the home is there and its owner can use it.

    Raises:
        DomainDirectoryMissing, OSError.
    """
    if not user.pw_dir:  # somebody has inserted the row
        return True, "none is stored: the first login or delivery makes it", ""
    path = _path(entry, user)
    if not path:
        return False, f"it is not below the domain: {user.pw_dir}", "correct the stored directory"
    with installation.open_domain(entry) as directory:
        found = _trouble_on_the_way(directory, path, entry)
    return found or (True, f"{user.pw_dir} is there and belongs to its owner", "")


def look_at_maildir(installation: Installation, entry: DomainEntry, user: VqPasswd) -> Found:
    """Whether the Maildir of a home that is there is whole and its owner can use it.

    Raises:
        DomainDirectoryMissing, OSError.
    """
    with installation.open_domain(entry) as directory:
        for part in _PARTS:
            path = f"{_path(entry, user)}/{MAILDIR}{part}"
            found = _trouble_on_the_way(directory, path, entry)
            if found is not None:
                return found
    return True, "it is there with cur, new and tmp, and belongs to its owner", ""


def _path(entry: DomainEntry, user: VqPasswd) -> str:
    """The home below the directory of the domain; ``""`` if it is not below it."""
    return "/".join(part for part in split_home(entry.path, user.pw_dir) or () if part)


def _trouble_on_the_way(directory: Directory, path: str, entry: DomainEntry) -> Found | None:
    """What is wrong with a directory below a domain, or with one above it; None if nothing."""
    here = directory.enter(".")
    shown = directory.path
    for name in path.split("/"):
        with here:
            shown = f"{shown}/{name}"
            status = here.status(name)
            trouble = _trouble_of(shown, status, entry)
            if trouble is not None:
                return trouble
            here = here.enter(name)
    here.close()
    return None


def _trouble_of(path: str, status: os.stat_result | None, entry: DomainEntry) -> Found | None:
    if status is None:
        return False, f"{path} is not there", REPAIR
    if not stat.S_ISDIR(status.st_mode):
        return False, f"{path} is a link, or no directory", "look at it by hand"
    if status.st_uid != entry.uid:
        says = f"{path} belongs to {status.st_uid}, not to {entry.uid}"
        return False, says, f"{REPAIR} if it is root's; else see whose it is"
    if not may(status, entry.uid, entry.gid, 7):
        says = f"{path} has mode {stat.S_IMODE(status.st_mode):04o}: its owner cannot use it"
        return False, says, REPAIR
    return None
