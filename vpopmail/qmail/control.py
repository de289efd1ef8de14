"""Rewriting qmail's control files, each under the lock that the C tools take for it."""

from __future__ import annotations

import subprocess

from vpopmail.errors import FileNotUpdated, FormatError
from vpopmail.formats import cdb, control
from vpopmail.formats.text import join_lines, split_lines, to_bytes
from vpopmail.qmail.locals import LOCALS, is_local
from vpopmail.safeio.directory import Directory
from vpopmail.safeio.locks import FileLock
from vpopmail.safeio.rewriting import rewrite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

RCPTHOSTS = "rcpthosts"
MORE = "morercpthosts"
MORE_INDEX = "morercpthosts.cdb"
VIRTUALDOMAINS = "virtualdomains"
FILES = (RCPTHOSTS, MORE, MORE_INDEX, VIRTUALDOMAINS, LOCALS)
PUBLIC = 0o644
# From this many lines on rcpthosts is full, and new names go to morercpthosts.
FULL = 50


class ControlFiles:
    """The files in qmail's control directory that name the virtual domains.

    Args:
        qmaildir: qmail's directory, absolute.
        sync: whether changes are brought to the disk.
        lock_timeout: seconds to wait for the lock of a file.
        newmrh: program that compiles morercpthosts; ``""`` compiles it here.
    """

    def __init__(self, qmaildir: str, *, sync: bool, lock_timeout: float, newmrh: str) -> None:
        self.path = f"{qmaildir}/control"
        self.sync = sync
        self.lock_timeout = lock_timeout
        self.newmrh = newmrh

    def publish(self, names: Sequence[str], *, compiled: bool = True) -> None:
        """Let mail for these names in: virtualdomains, locals, then rcpthosts or morercpthosts.

        Names that are there already stay. Its commit points are the renames of the files.

        Args:
            names: of domains and alias domains.
            compiled: whether morercpthosts is compiled, also for those who left that to others.

        Raises:
            OSError, FileNotUpdated.
        """
        lines = [to_bytes(name) for name in names]
        with self._open() as directory:
            self._add(directory, VIRTUALDOMAINS, [b"%b:%b" % (line, line) for line in lines])
            self._drop(directory, LOCALS, lines)
            compiled_now = self._accept(directory, lines, compiled=compiled)
            if compiled and not compiled_now and directory.has(MORE):
                with FileLock(directory, f"{MORE}.lock", self.lock_timeout):
                    self._compile(directory)
            directory.flush()

    def withdraw(self, names: Sequence[str]) -> list[str]:
        """Take these names out of rcpthosts and morercpthosts.

        Returns:
            Those that were in either.

        Raises:
            OSError, FileNotUpdated.
        """
        lines = [to_bytes(name) for name in names]
        with self._open() as directory:
            accepted = self._accepted(directory)
            self._drop(directory, RCPTHOSTS, lines)
            if self._drop(directory, MORE, lines):
                self._compile(directory)
            directory.flush()
        return [name for name, line in zip(names, lines, strict=True) if line in accepted]

    def accept(self, names: Sequence[str]) -> None:
        """Put names back into rcpthosts or morercpthosts.

        Raises:
            OSError, FileNotUpdated.
        """
        with self._open() as directory:
            self._accept(directory, [to_bytes(name) for name in names])
            directory.flush()

    def retire(self, names: Sequence[str]) -> None:
        """Take names out of virtualdomains.

        Raises:
            OSError, FileNotUpdated.
        """
        lines = [b"%b:%b" % (to_bytes(name), to_bytes(name)) for name in names]
        with self._open() as directory:
            self._drop(directory, VIRTUALDOMAINS, lines)
            directory.flush()

    def accepted(self, names: Sequence[str]) -> list[str]:
        """Those of the names that stand in rcpthosts or morercpthosts."""
        with self._open() as directory:
            lines = self._accepted(directory)
        return [name for name in names if to_bytes(name) in lines]

    def count_rcpthosts(self) -> int:
        """How many lines rcpthosts has, comments included; 0 if it is missing."""
        try:
            with self._open() as directory:
                return control.count_lines(directory.read(RCPTHOSTS) or b"")
        except FileNotFoundError:
            return 0

    def is_local(self, domain: str) -> bool:
        """Whether a name is a line of locals; ``localhost`` is local if there is any line.

        Args:
            domain: compared as it is.

        Raises:
            OSError.
        """
        return is_local(self.path, domain)

    def compile_more(self) -> None:
        """Compile morercpthosts anew; without any line in it, there is no compiled file.

        Raises:
            OSError, FileNotUpdated.
        """
        with self._open() as directory, FileLock(directory, f"{MORE}.lock", self.lock_timeout):
            self._compile(directory)
            directory.flush()

    def tidy(self) -> None:
        """Drop what a killed process staged, and compile morercpthosts if that was left undone."""
        with self._open() as directory:
            for name in FILES:
                directory.discard(name)
            if directory.has(MORE) or directory.has(MORE_INDEX):
                with FileLock(directory, f"{MORE}.lock", self.lock_timeout):
                    self._compile(directory)

    def read(self, name: str) -> bytes | None:
        """The content of one file; None if it is missing.

        Raises:
            OSError: it, or the directory, cannot be read.
        """
        with self._open() as directory:
            return directory.read(name)

    def is_compiled(self) -> bool:
        """Whether morercpthosts and its compiled file belong together."""
        with self._open() as directory:
            text, index = directory.read(MORE), directory.read(MORE_INDEX)
        if text is None or index is None:
            return text is index
        return index == cdb.build(control.compile_morercpthosts(text))

    def mend(self) -> None:
        """Make morercpthosts and its compiled file belong together, from whichever is left.

        Raises:
            OSError, FileNotUpdated.
        """
        with self._open() as directory:
            directory.discard(MORE)
            directory.discard(MORE_INDEX)
            with FileLock(directory, f"{MORE}.lock", self.lock_timeout):
                if directory.read(MORE) is None:
                    directory.stage(MORE, [restored_hosts(directory)], None, mode=PUBLIC)
                    directory.publish(MORE)
                self._compile(directory)
            directory.flush()

    def _open(self) -> Directory:
        return Directory.open(self.path, sync=self.sync, follow=True)

    def _accepted(self, directory: Directory) -> set[bytes]:
        names: set[bytes] = set()
        for file in (RCPTHOSTS, MORE):
            names.update(split_lines(directory.read(file) or b""))
        return names

    def _accept(
        self, directory: Directory, lines: Sequence[bytes], *, compiled: bool = True
    ) -> bool:
        """Add names to rcpthosts or morercpthosts; whether the latter was compiled."""
        there = self._accepted(directory)
        new = [line for line in lines if line not in there]
        room = max(FULL - control.count_lines(directory.read(RCPTHOSTS) or b""), 0)
        self._add(directory, RCPTHOSTS, new[:room])
        return self._add(directory, MORE, new[room:], compiled=compiled) and compiled

    def _add(
        self, directory: Directory, name: str, lines: Sequence[bytes], *, compiled: bool = True
    ) -> bool:
        """Add lines to a file; whether it changed."""
        if not lines:
            return False
        kind = control.VIRTUALDOMAINS if name == VIRTUALDOMAINS else control.LIST

        def insert(data: bytes) -> bytes:
            return control.insert_lines(data, lines, kind)

        return self._rewrite(directory, name, insert, compiled=compiled)

    def _drop(self, directory: Directory, name: str, lines: Collection[bytes]) -> bool:
        if not directory.has(name):
            return False

        def remove(data: bytes) -> bytes:
            return control.remove_lines(data, lines)[0]

        return self._rewrite(directory, name, remove)

    def _rewrite(
        self,
        directory: Directory,
        name: str,
        change: Callable[[bytes], bytes],
        *,
        compiled: bool = True,
    ) -> bool:
        """Rewrite one file under its lock; whether it changed."""
        with FileLock(directory, f"{name}.lock", self.lock_timeout):
            changed = rewrite(directory, name, change, new_mode=PUBLIC, mode=PUBLIC)
            if changed and compiled and name == MORE:
                self._compile(directory)
        return changed

    def _compile(self, directory: Directory) -> None:
        text = directory.read(MORE) or b""
        if not text:
            # Without its text the compiled file would go on letting mail in.
            directory.remove(MORE_INDEX)
            directory.remove(MORE)
        elif self.newmrh:
            run(self.newmrh)
        else:
            data = cdb.build(control.compile_morercpthosts(text))
            if data != directory.read(MORE_INDEX):
                directory.stage(MORE_INDEX, [data], None, mode=PUBLIC)
                directory.publish(MORE_INDEX)


def restored_hosts(directory: Directory) -> bytes:
    """The text of morercpthosts from its compiled file; nothing if that cannot be read.

    Raises:
        OSError.
    """
    try:
        records = list(cdb.iterate(directory.read(MORE_INDEX) or b""))
    except FormatError:
        return b""
    return join_lines(key for key, _ in records if key and b"\n" not in key)


def run(program: str, *arguments: str, text: bytes = b"", cwd: str | None = None) -> None:
    """Run one of qmail's compilers, or tcprules.

    Args:
        program: its path.
        arguments: more words for it.
        text: what it reads.
        cwd: directory that it runs in.

    Raises:
        FileNotUpdated: it cannot be started, or does not exit with 0.
    """
    try:
        done = subprocess.run(  # noqa: S603 - named by the administrator
            [program, *arguments], check=False, input=text, capture_output=True, cwd=cwd
        )
    except OSError as error:
        raise FileNotUpdated(program, f"cannot be started: {error.strerror}") from error
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
        raise FileNotUpdated(program, "; ".join([f"exit status {done.returncode}", *words[:1]]))
