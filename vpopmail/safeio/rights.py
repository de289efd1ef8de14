"""Owner and mode of what lies in a directory: compared, and put right on open descriptors."""

from __future__ import annotations

import errno
import os
import stat

from vpopmail.safeio import seam
from vpopmail.safeio.view import OPEN_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from vpopmail.safeio.directory import Directory, Owner


class Rights:
    """What a file or directory must be like.

    Args:
        owner: whom it belongs to; None: anybody.
        must: permission bits that it needs.
        never: permission bits that it must not have.
    """

    __slots__ = ("must", "never", "owner")

    def __init__(self, owner: Owner | None, must: int, never: int) -> None:
        self.owner = owner
        self.must = must
        self.never = never

    def of_mode(self) -> Rights:
        """These without the owner."""
        return Rights(None, self.must, self.never)

    def of_owner(self) -> Rights:
        """These without the mode."""
        return Rights(self.owner, 0, 0)

    def mode(self, status: os.stat_result) -> int:
        """The mode that it should have, as near to the present one as can be."""
        return (stat.S_IMODE(status.st_mode) | self.must) & ~self.never

    def is_mode_right(self, status: os.stat_result) -> bool:
        """Whether the mode may stay."""
        return self.mode(status) == stat.S_IMODE(status.st_mode)

    def is_owner_right(self, status: os.stat_result) -> bool:
        """Whether it belongs to whom it should."""
        owner = self.owner
        return owner is None or (status.st_uid, status.st_gid) == (owner.uid, owner.gid)

    def may_give(self, status: os.stat_result) -> bool:
        """Whether giving it to the owner takes it from nobody but root, and this process can."""
        owner = self.owner
        return owner is not None and os.geteuid() == 0 and status.st_uid in {0, owner.uid}


def is_alone(status: os.stat_result) -> bool:
    """Whether it is a directory, or a regular file without a second name."""
    if stat.S_ISREG(status.st_mode):
        return status.st_nlink == 1
    return stat.S_ISDIR(status.st_mode)


def put_right(parent: Directory, name: str, rights: Rights) -> bool:
    """Give a file or directory its mode, and from root its owner; never through a link.

    The mode first: nobody gets in while it changes hands. What has a second name is left alone.
    It is on the disk when this returns, if the directory syncs.

    Args:
        parent: the open directory that holds it.
        name: one name, ``.`` for the directory itself.
        rights: what it must be like.

    Returns:
        Whether anything had to be changed.

    Raises:
        OSError: it cannot be opened or changed; EPERM: a file with several names, or special.
    """
    # Looked at before it is opened, too: to open a device may set it going.
    _check_alone(os.stat(name, dir_fd=parent.fd, follow_symlinks=False), name)
    fd = os.open(name, OPEN_FILE, dir_fd=parent.fd)
    try:
        status = os.fstat(fd)
        _check_alone(status, name)
        changed = _put_right(fd, status, rights)
        if changed and parent.sync:
            seam.fsync(fd)
        return changed
    finally:
        os.close(fd)


def _check_alone(status: os.stat_result, name: str) -> None:
    if not is_alone(status):
        raise OSError(errno.EPERM, "a link, special, or a file with several names", name)


def _put_right(fd: int, status: os.stat_result, rights: Rights) -> bool:
    changed = False
    if not rights.is_mode_right(status):
        seam.fchmod(fd, rights.mode(status))
        changed = True
    owner = rights.owner
    if owner is not None and not rights.is_owner_right(status) and rights.may_give(status):
        seam.fchown(fd, owner.uid, owner.gid)
        changed = True
    return changed


def can_enter(path: str, uid: int, gid: int) -> str:
    """Where a process of some uid and gid would be kept from entering a directory.

    Other groups of the user and access lists do not count.

    Args:
        path: absolute.
        uid, gid: of the process.

    Returns:
        The directory that keeps it out, or is missing; ``""`` if there is none.
    """
    here = "/"
    for part in ["", *os.path.realpath(path).split("/")]:
        here = os.path.join(here, part)
        try:
            status = os.stat(here)
        except OSError:
            return here
        if not stat.S_ISDIR(status.st_mode) or not may(status, uid, gid, 1):
            return here
    return ""


def may(status: os.stat_result, uid: int, gid: int, bits: int) -> bool:
    """Whether the mode grants a process of some uid and gid all of these bits.

    Args:
        status: of a file or directory.
        uid, gid: of the process; uid 0 may everything.
        bits: 4 read, 2 write, 1 execute or enter.
    """
    shift = 6 if uid == status.st_uid else 3 if gid == status.st_gid else 0
    return uid == 0 or (status.st_mode >> shift) & bits == bits


def where_others_write(path: str, uids: Collection[int], gids: Collection[int]) -> str:
    """Where others could put something into a directory, or another one in its place.

    Access lists do not count.

    Args:
        path: absolute; what is missing of it is passed over.
        uids, gids: of those who may.

    Returns:
        The first such directory on the way; ``""`` if there is none.
    """
    ends = {path, os.path.realpath(path)}
    for here in dict.fromkeys(place for end in sorted(ends) for place in _way_to(end)):
        try:
            status = os.stat(here)
        except OSError:
            continue
        by_group = status.st_mode & stat.S_IWGRP and status.st_gid not in gids
        # In /tmp nobody moves what is somebody else's.
        is_shared = status.st_mode & stat.S_ISVTX and here not in ends
        if status.st_uid not in uids:
            return here
        if (by_group or status.st_mode & stat.S_IWOTH) and not is_shared:
            return here
    return ""


def _way_to(path: str) -> list[str]:
    """A directory and all above it, from the top."""
    parts = path.strip("/").split("/")
    return ["/", *("/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1))]
