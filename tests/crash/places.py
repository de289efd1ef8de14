"""A site in a directory of its own: copied, snapshotted, and compared byte for byte."""

from __future__ import annotations

import os
import re
import shutil
import stat
from pathlib import Path

import vpopmail
from vpopmail.settings import load

from .statements import rows

# The mail user: a stranger if we are root, so that giving files away happens too.
UID = 89 if os.geteuid() == 0 else os.geteuid()
GID = 89 if os.geteuid() == 0 else os.getegid()
# As long as its replacement, so that a cdb with it keeps its layout.
_HASH = re.compile(rb"\$1\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{22}")
SAME_HASH = b"$1$" + b"s" * 8 + b"$" + b"h" * 22

DATABASE = ".sqlite"
Entry = tuple[str, int, int, int, bytes]
Tree = dict[str, Entry]


def open_site(root: Path, **more: object) -> vpopmail.Vpopmail:
    """A fresh Vpopmail, the current one of this process.

    A lock that is left anywhere shows at once: nobody waits for one.
    """
    return vpopmail.configure(**_settings(root), **more)


def make_site(root: Path) -> vpopmail.Vpopmail:
    """A fresh Vpopmail beside the current one."""
    return vpopmail.Vpopmail(load(_settings(root)))


def _settings(root: Path) -> dict[str, object]:
    return {
        "vpopmaildir": str(root / "v"),
        "qmaildir": str(root / "q"),
        "vpopuser": UID,
        "vpopgroup": GID,
        "sync": True,
        "lock_timeout": 0,
        "sha512_passwords": False,
        "md5_passwords": True,
    }


def same_hash(data: bytes) -> bytes:
    """Content with every password hash the same: the salts differ from run to run."""
    return _HASH.sub(SAME_HASH, data)


def copy_tree(source: str | Path, target: str | Path) -> None:
    """Copy with owners, modes, links and times: the times tell which index is fresh."""
    status = os.lstat(source)
    if stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(source), target)
        os.lchown(target, status.st_uid, status.st_gid)
        return
    if stat.S_ISDIR(status.st_mode):
        os.mkdir(target, 0o700)
        for entry in os.scandir(source):
            copy_tree(entry.path, f"{target}/{entry.name}")
    else:
        with open(source, "rb") as old, open(target, "wb") as new:
            new.write(old.read())
    os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))


def renew(prepared: Path, site: Path) -> None:
    """Put a fresh copy of a prepared site in its place."""
    shutil.rmtree(site, ignore_errors=True)
    copy_tree(prepared, site)


def snapshot(site: Path) -> Tree:
    """Everything below a directory, hidden files too: type, mode, owner and content."""
    tree: Tree = {}
    _look(str(site), "", tree)
    # The journal of a transaction that was killed is SQLite's matter: it goes with the next one.
    return {path: entry for path, entry in tree.items() if not path.endswith(f"{DATABASE}-journal")}


def entry_of(path: str | Path) -> Entry | None:
    """One path as in a snapshot; None if there is nothing."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    kind, content = _content(str(path), status.st_mode)
    return (kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, content)


def _look(path: str, shown: str, tree: Tree) -> None:
    for entry in os.scandir(path):
        found = entry_of(entry.path)
        assert found is not None, entry.path
        name = f"{shown}{entry.name}"
        tree[name] = found
        if found[0] == "directory":
            _look(entry.path, f"{name}/", tree)


def _content(path: str, mode: int) -> tuple[str, bytes]:
    if stat.S_ISDIR(mode):
        return "directory", b""
    if stat.S_ISLNK(mode):
        return "link", os.readlink(path).encode()
    if path.endswith(DATABASE):
        return "file", same_hash(rows(path))
    with open(path, "rb") as file:
        return "file", same_hash(file.read())


def differences(expected: Tree, found: Tree) -> list[str]:
    """How a tree differs from what it should be, in words, one line a path.

    What lies in a directory that is missing or left over is not told.
    """
    lines = []
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            if os.path.dirname(path) in found or "/" not in path:
                lines.append(f"missing: {path}")
        elif path not in expected:
            if os.path.dirname(path) in expected or "/" not in path:
                lines.append(f"left over: {path}")
        elif expected[path] != found[path]:
            lines.append(f"{path}: {_shown(found[path])} instead of {_shown(expected[path])}")
    return lines


def _shown(entry: Entry) -> str:
    """An entry in short: a cdb would fill pages."""
    kind, mode, uid, gid, content = entry
    return f"{kind} {mode:o} {uid}:{gid} {len(content)} bytes {content[:40]!r}"
