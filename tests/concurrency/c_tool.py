"""A program that changes a site as the C tools do, on its own: nothing of vpopmail is imported.

Usage: c_tool.py VPOPMAILDIR QMAILDIR NAME COUNT

It adds COUNT users ``NAME0`` ... to example.com and deletes every third of them, and does the same
with domains ``NAME0.example``. Each file is rewritten under a POSIX write lock on the whole of its
lock file: into a new file, renamed. It prints what is to be there in the end, one name a line.

Source: formats, vpasswd, users/assign, control files, lock and temp files.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cdblib

HASH = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The lock that C tools take, until they have it."""
    with open(path, "a") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        yield


def replace(path: Path, text: bytes) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_bytes(text)
    new.chmod(0o600)
    new.rename(path)


def build_cdb(path: Path, records: list[tuple[bytes, bytes]]) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}")
    with open(new, "wb") as file, cdblib.Writer(file) as writer:
        for key, data in records:
            writer.put(key, data)
    new.chmod(0o644)
    new.rename(path)


class Tool:
    def __init__(self, vpopmaildir: str, qmaildir: str) -> None:
        self.domain = Path(vpopmaildir, "domains/example.com")
        self.domains = Path(vpopmaildir, "domains")
        self.users = Path(qmaildir, "users")
        self.control = Path(qmaildir, "control")

    def change_user(self, name: str, *, add: bool) -> None:
        home = self.domain / name
        with locked(self.domain / ".vpasswd.lock"):
            text = self.domain / "vpasswd"
            lines = text.read_bytes().splitlines() if text.exists() else []
            lines = [line for line in lines if not line.startswith(name.encode() + b":")]
            if add:
                (home / "Maildir/new").mkdir(parents=True, exist_ok=True)
                (home / "Maildir/cur").mkdir(exist_ok=True)
                (home / "Maildir/tmp").mkdir(exist_ok=True)
                lines.append(f"{name}:{HASH}:1:0:{name}:{home}:NOQUOTA".encode())
            lines.sort()
            replace(text, b"".join(line + b"\n" for line in lines))
            records = [(line.partition(b":")[0], line.partition(b":")[2]) for line in lines]
            build_cdb(self.domain / "vpasswd.cdb", records)

    def change_domain(self, name: str, *, add: bool) -> None:
        path = self.domains / name
        if add:
            path.mkdir()
            (path / ".qmail-default").write_text("| /bin/vdelivermail '' bounce-no-mailbox\n")
        with locked(self.users / "assign.lock"):
            assign = self.users / "assign"
            lines = [line for line in assign.read_text().splitlines() if line != "."]
            lines = [line for line in lines if not line.startswith(f"+{name}-:")]
            if add:
                uid, gid = os.getuid(), os.getgid()
                lines.append(f"+{name}-:{name}:{uid}:{gid}:{path}:-::")
            replace(assign, "".join(f"{line}\n" for line in [*sorted(lines), "."]).encode())
            records = []
            for line in sorted(lines):
                local, *values = line[1:].split(":")
                data = "\0".join(values[:6]).encode()
                records.append((b"!" + local.lower().encode(), data))
            build_cdb(self.users / "cdb", [(b"", b"-"), *records])
        self._change_lines("virtualdomains", f"{name}:{name}", add=add)
        self._change_lines("rcpthosts", name, add=add)
        if not add:
            (path / ".qmail-default").unlink()
            path.rmdir()

    def _change_lines(self, file: str, line: str, *, add: bool) -> None:
        with locked(self.control / f"{file}.lock"):
            path = self.control / file
            lines = path.read_text().splitlines() if path.exists() else []
            lines = [one for one in lines if one != line] + ([line] if add else [])
            replace(path, "".join(f"{one}\n" for one in lines).encode())


def main(vpopmaildir: str, qmaildir: str, name: str, count: int) -> None:
    tool = Tool(vpopmaildir, qmaildir)
    for number in range(count):
        tool.change_user(f"{name}{number}", add=True)
        tool.change_domain(f"{name}{number}.example", add=True)
        if number % 3 == 0:
            tool.change_user(f"{name}{number}", add=False)
            tool.change_domain(f"{name}{number}.example", add=False)
        else:
            print(f"{name}{number}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
