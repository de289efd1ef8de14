"""What is left of qmail's files: read without a lock, none of it believed to be whole."""

from __future__ import annotations

from vpopmail.errors import FormatError
from vpopmail.formats import assign, cdb, control
from vpopmail.formats.text import join_lines, split_lines, to_bytes, to_text
from vpopmail.names import fold
from vpopmail.qmail.changes import ASSIGN
from vpopmail.qmail.control import MORE, RCPTHOSTS, VIRTUALDOMAINS, restored_hosts
from vpopmail.qmail.locals import LOCALS
from vpopmail.safeio.directory import Directory, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpopmail.qmail.control import ControlFiles
    from vpopmail.qmail.qmail import Qmail
    from vpopmail.records import DomainEntry

Entries = dict[str, "DomainEntry"]


class SurvivingAssign:
    """users/assign and users/cdb, joined: each may have what the other has lost.

    Args:
        directory: ``users`` of qmail.
        cdb_name: name of the compiled file.

    Attributes:
        text: users/assign as it is; None if it is missing.
        lines: the lines of the text that can stay, each with its key in users/cdb.
        restored: the lines that users/cdb alone has, by their keys.
        by_text, by_cdb: the domain that each file has for a folded name.
        notes: what was left out or put back, in sentences.
        lost: whether neither file could be read.
    """

    def __init__(self, directory: Directory, cdb_name: str) -> None:
        self.notes: list[str] = []
        self.text = directory.read(ASSIGN)
        self.lines: list[tuple[bytes, bytes]] = []
        self.records = self._read_cdb(directory, cdb_name)
        self.lost = self.text is None and not self.records
        for number, line in enumerate(split_lines(self.text or b""), 1):
            self._keep(number, line)
        self.by_text = self._entries()
        self.by_cdb: Entries = {}
        for entry in assign.iterate_domains(self.records):
            self.by_cdb.setdefault(fold(entry.domain), entry)
        self.restored = self._restore()

    def known(self, name: str) -> DomainEntry | None:
        """The domain that stands in the text, or can be put back into it, for a folded name."""
        return self.by_text.get(name) or self.by_cdb.get(name)

    def joined(self, new: Sequence[DomainEntry]) -> bytes:
        """The text with all that is known, and new lines in the place of old ones.

        Args:
            new: domains, of which each other line goes.

        Raises:
            InvalidCharacter: a field would break its line.
        """
        gone = {assign.lookup_key(to_bytes(entry.domain)) for entry in new}
        kept = [line for key, line in self.lines if key not in gone]
        restored = [line for key, line in self.restored.items() if key not in gone]
        lines = [assign.format_line(entry) for entry in new]
        if self.text is None:
            # All of it comes from users/cdb, which has the order of the lost text.
            kept, restored = restored, []
        return control.insert_lines(join_lines(kept), [*restored, *lines], control.ASSIGN)

    def is_compiled_from(self, text: bytes) -> bool:
        """Whether users/assign is this text and users/cdb is made of it."""
        return text == self.text and assign.compile_users(text) == self.records

    def _read_cdb(self, directory: Directory, name: str) -> list[tuple[bytes, bytes]]:
        try:
            return list(cdb.iterate(directory.read(name) or b""))
        except FormatError as error:
            if directory.has(name):
                self.notes.append(f"users/{name} cannot be read and is made anew: {error.advice}")
            return []

    def _keep(self, number: int, line: bytes) -> None:
        if line == b".":
            return
        try:
            records = assign.compile_users(line + b"\n.\n")
        except FormatError:
            records = []
        if len(records) < 2:
            text = f"users/assign, line {number}, is malformed and left out: {_shown(line)}"
            self.notes.append(text)
            return
        self.lines.append((records[0][0], line))

    def _entries(self) -> Entries:
        found: Entries = {}
        for _, line in self.lines:
            entry = assign.parse_line(line)
            if entry is not None:
                found.setdefault(fold(entry.domain), entry)
        return found

    def _restore(self) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        there = {key for key, _ in self.lines}
        for line in assign.restore_lines(self.records):
            key = assign.compile_users(line + b"\n.\n")[0][0]
            if key not in there:
                found.setdefault(key, line)
        if self.text is not None:
            self.notes += [
                f"users/assign has no line for what users/cdb has: put back: {_shown(line)}"
                for line in found.values()
            ]
        return found


class SurvivingLists:
    """The control files that name domains.

    Args:
        files: the control files.

    Attributes:
        accepted: lines of rcpthosts and morercpthosts.
        virtual: lines of virtualdomains.
        others: of these, by name, the first that is not as vpopmail writes it.
        local: lines of locals.
        missing: names of the files that are not there.
    """

    def __init__(self, files: ControlFiles) -> None:
        texts = {name: files.read(name) for name in (RCPTHOSTS, MORE, VIRTUALDOMAINS, LOCALS)}
        self.missing = [name for name, text in texts.items() if text is None]
        if texts[MORE] is None:
            with Directory.open(files.path, follow=True) as directory:
                texts[MORE] = restored_hosts(directory)
        self.more_is_lost = MORE in self.missing and bool(texts[MORE])
        lines = {name: split_lines(text or b"") for name, text in texts.items()}
        self.accepted = {*lines[RCPTHOSTS], *lines[MORE]}
        self.virtual = set(lines[VIRTUALDOMAINS])
        self.others = {
            to_text(line.partition(b":")[0].lower()): line
            for line in reversed(lines[VIRTUALDOMAINS])
            if not _is_own(line)
        }
        self.local = set(lines[LOCALS])

    def has(self, name: str) -> bool:
        """Whether mail for a name comes in and goes to vpopmail."""
        line = to_bytes(name)
        return line in self.accepted and own_line(name) in self.virtual and line not in self.local

    def virtual_names(self) -> list[str]:
        """The names that virtualdomains sends to themselves, as vpopmail writes it, sorted."""
        return sorted(to_text(line.partition(b":")[0]) for line in self.virtual if _is_own(line))

    def other_hosts(self) -> list[str]:
        """The names that rcpthosts and morercpthosts have and locals has not, sorted."""
        hosts = {line.rstrip(b" \t") for line in self.accepted} - self.local
        return sorted(to_text(host) for host in hosts if host and host[:1] not in {b"#", b"."})


def stored_paths(qmail: Qmail) -> list[str]:
    """The directories that users/assign or users/cdb has for any domain.

    Raises:
        OSError: the directory ``users`` cannot be read.
    """
    with Directory.open(f"{qmail.qmaildir}/users", follow=True) as users:
        left = SurvivingAssign(users, qmail.cdb_name)
    return [entry.path for entry in [*left.by_text.values(), *left.by_cdb.values()]]


def own_line(name: str) -> bytes:
    """The line of a domain in virtualdomains."""
    return b"%b:%b" % (to_bytes(name), to_bytes(name))


def _is_own(line: bytes) -> bool:
    name, colon, prefix = line.rstrip(b" \t").partition(b":")
    return bool(name) and bool(colon) and name.lower() == prefix.lower()


def is_directory(path: str) -> bool:
    """Whether a directory is there; links of others than root and the caller do not count."""
    try:
        open_trusted(path).close()
    except (OSError, ValueError):
        return False
    return path.startswith("/")


def is_closed(path: str) -> bool:
    """Whether this process may not look for a directory: it is not known to be missing then."""
    try:
        open_trusted(path).close()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _shown(line: bytes) -> str:
    return repr(line[:200])[1:]
