"""What the owner of a domain may put in the place of anything of his."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from .world import DOMAIN, OWNER

Trap = Callable[[Path, Path], None]  # where, and the directory that is not his


def _socket(where: Path, _outside: Path) -> None:
    # The path of a socket is short: made elsewhere, then moved.
    here = os.getcwd()
    os.chdir(where.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(where.name)
    finally:
        os.chdir(here)


TRAPS: dict[str, Trap] = {
    "link to a file": lambda where, outside: where.symlink_to(outside / "file"),
    "link to a directory": lambda where, outside: where.symlink_to(outside),
    "link to nothing yet": lambda where, outside: where.symlink_to(outside / "made"),
    "link to itself": lambda where, _outside: where.symlink_to(where.name),
    # As where the kernel does not protect hard links.
    "hard link": lambda where, outside: os.link(outside / "file", where),
    "fifo": lambda where, _outside: os.mkfifo(where),
    "device": lambda where, _outside: os.mknod(where, stat.S_IFCHR | 0o666, os.makedev(1, 3)),
    "socket": _socket,
    "directory": lambda where, _outside: where.mkdir(),
    "file": lambda where, _outside: where.write_bytes(b"what the owner wrote\n"),
}

# Names that are not there yet: what is going to be made, and what was left.
COMING = (
    ".vpopmail",
    "vpasswd.new.vpopmail",
    "vpasswd.cdb.new.vpopmail",
    ".dir-control.new.vpopmail",
    ".dir_control_free",
    ".dir_control_free.lock",
    ".qmail-new",
    ".qmail-default.new.vpopmail",
    ".user",
    "new",
    "made",
    "joe/Maildir/sqwebmail-pass",
    "joe/Maildir/maildirsize.new.vpopmail",
    "joe/lastauth.new.vpopmail",
)


def places(top: Path) -> list[str]:
    """Everything in the domain, the domain itself, and what is going to be there."""
    domain = top / "v/domains" / DOMAIN
    below = [str(path.relative_to(domain)) for path in sorted(domain.rglob("*"))]
    own = [name for name in below if not name.startswith(("anna/", "postmaster/"))]
    return [".", *own, *COMING, "../.vpopmail", "../adopted.example", "../another.example"]


def set_trap(top: Path, place: str, trap: str) -> bool:
    """Put a trap in a place; what was there is kept beside it. False if it cannot be there."""
    domain = top / "v/domains" / DOMAIN
    where = domain if place == "." else Path(os.path.normpath(domain / place))
    if not where.parent.is_dir():
        return False
    if os.path.lexists(where):
        where.rename(where.with_name(f"{where.name}.moved"))
    TRAPS[trap](where, top / "outside")
    if trap != "hard link":
        os.chown(where, OWNER, OWNER, follow_symlinks=False)
    return True
