"""Compiling the rules of tcpserver: tcp.smtp and more to tcp.smtp.cdb."""

from __future__ import annotations

import os

from vpopmail.errors import FileNotUpdated, FormatError
from vpopmail.formats import cdb, tcprules
from vpopmail.formats.text import join_lines
from vpopmail.safeio.directory import Owner
from vpopmail.safeio.paths import open_parent
from vpopmail.safeio.view import FileView, open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpopmail.safeio.directory import Directory

_PUBLIC = 0o644
_COMPILED = "rules.cdb"
_TEMPORARY = "rules.tmp"


class TcpRules:
    """One file of rules and what is compiled from it.

    Args:
        path: absolute path of the rules; the compiled file lies beside it.
        owner: who gets the compiled file.
        sync: whether it is brought to the disk.
        program: the path of tcprules; ``""`` compiles it here.
    """

    def __init__(self, path: str, owner: Owner, *, sync: bool, program: str = "") -> None:
        self.path = path
        self.owner = owner
        self.sync = sync
        self.program = program

    def has(self, address: str) -> bool:
        """Whether the compiled file has a rule for just this address.

        Raises:
            OSError.
        """
        try:
            view = FileView(open_file(f"{self.path}.cdb"))
            return cdb.find(view, address.encode("ascii")) is not None
        except (FileNotFoundError, FormatError):
            return False

    def compile(self, addresses: Sequence[str]) -> None:
        """Compile the rules; the caller holds the lock that keeps others from it.

        Args:
            addresses: IP addresses that may relay, after the rules of the file; of several rules
                for one address the first counts.

        Its commit point is the rename of the compiled file.

        Raises:
            FileNotUpdated: a line is no rule, or tcprules ended with an error. Nothing has
                changed.
            InvalidPath, OSError.
        """
        parent, name = open_parent(self.path, sync=self.sync)
        with parent as directory:
            text = directory.read(name, alone=True) or b""
            if not text.endswith(b"\n"):
                text += b"\n"
            index = f"{name}.cdb"
            data = self._compiled(directory, index, text, addresses)
            if data != directory.read(index):
                directory.replace(index, [data], self.owner, mode=_PUBLIC)

    def _compiled(
        self, directory: Directory, index: str, text: bytes, addresses: Sequence[str]
    ) -> bytes:
        if self.program:
            return self._asked(directory, index, text, addresses)
        try:
            records = tcprules.compile_rules(text)
            for address in addresses:
                records += tcprules.relay_records(address)
            return cdb.build(records)
        except FormatError as error:
            raise FileNotUpdated(f"{self.path}.cdb", error.advice) from error

    def _asked(
        self, directory: Directory, index: str, text: bytes, addresses: Sequence[str]
    ) -> bytes:
        """What tcprules makes of it, if need be of the IPv4 addresses alone."""
        try:
            return self._run(directory, index, text + _lines(addresses))
        except FileNotUpdated as error:
            older = [address for address in addresses if ":" not in address]
            if len(older) == len(addresses):
                raise
            from vpopmail.log import warn

            # The tcprules of ucspi-tcp knows no IPv6: one such address must not stop all others.
            warn("%s; trying without IPv6 addresses", error)
            return self._run(directory, index, text + _lines(older))

    def _run(self, directory: Directory, index: str, text: bytes) -> bytes:
        """What the program makes of rules, in a directory where nobody can set it a trap."""
        from vpopmail.qmail.control import run
        from vpopmail.safeio.tree import remove_tree

        private = f".{index}.vpopmail"
        remove_tree(directory, private)
        try:
            with directory.make(private, Owner(os.geteuid(), os.getegid())) as inner:
                here = f"/proc/self/fd/{inner.fd}"
                run(self.program, _COMPILED, _TEMPORARY, text=text, cwd=here)
                data = inner.read(_COMPILED)
        finally:
            remove_tree(directory, private)
        if data is None:
            raise FileNotUpdated(self.program, "it made no file")
        return data


def _lines(addresses: Sequence[str]) -> bytes:
    return join_lines(rule for address in addresses for rule in tcprules.relay_rules(address))
