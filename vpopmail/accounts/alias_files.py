"""Moving aliases from dot-qmail files into the account store that keeps aliases.

As long as an alias has a file, qmail-local takes that, and nobody looks into the store. So the
store gets the lines first, and then the file goes: at no moment is there neither, and never do
both deliver. An alias moves only if mail goes the same way afterwards.

Source: commands, dotqmail2valias; qmail-local(8), dot-qmail(5).
"""

from __future__ import annotations

import stat

from vpopmail.accounts.change import change_domain, open_users
from vpopmail.accounts.open_batches import open_batch
from vpopmail.backends.files.aliases import listed
from vpopmail.errors import AliasExists, AliasNotFound, AliasStays, ConfigError
from vpopmail.formats import dotqmail
from vpopmail.formats.text import split_lines, to_text
from vpopmail.names import fold
from vpopmail.safeio.directory import open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vpopmail.accounts.user_change import UserChange
    from vpopmail.installation import Installation
    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry

_DEFAULT = "default"
_LIST = "mailing list"
_OWNER = "-owner"
_OTHERS_WRITE = 0o022
_FORWARDS_ONLY = 0o100


def names_in_files(domain: DomainEntry) -> list[str]:
    """The aliases of a domain that have a file, in the order in which they can be moved.

    A file ``x-default`` takes the mail of ``x-y`` too if that has no file of its own, so it comes
    first. A file that qmail never reads, with a capital or a dot in its name, is not among them.

    Raises:
        OSError.
    """
    with open_trusted(domain.path, sync=False) as directory:
        files = list(listed(directory))
    named = [(dotqmail.alias_name(file) or "", file) for file in files]
    names = [name for name, file in named if file == dotqmail.file_name(fold(name))]
    return sorted(names, key=_place)


def move_alias(
    installation: Installation,
    domain: DomainEntry,
    alias: str,
    check_line: Callable[[str], None],
    *,
    dry_run: bool,
) -> Plan:
    """Move an alias from its file into the store; see Aliases.move_to_store.

    Args:
        installation, domain: where.
        alias: in lower case.
        check_line: refuses a line that the store cannot keep.
        dry_run: only decide, without locks.
    """
    subject = f"{alias}@{domain.realdomain}"

    def decide(change: UserChange) -> list[str]:
        return _decide(change, alias, check_line)

    with open_users(installation, domain) as change:
        lines = decide(change)

    def act() -> Plan:
        words = f"move alias {ascii(subject)[1:-1]}"
        return change_domain(installation, domain, words, decide, dry_run=dry_run)

    return act() if dry_run else _told(installation, subject, lines, act)


def _told(
    installation: Installation, subject: str, lines: list[str], act: Callable[[], Plan]
) -> Plan:
    """Make the change, and tell of each line as of one that is added."""
    told = [("valias_insert", subject, line) for line in lines]
    events, batch = installation.events, open_batch(installation)
    for event in told:
        (events.before if batch is None else events.noted)(*event)
    with events.nested():
        plan = act()
    for command, *arguments in told:
        if batch is None:
            events.after(command, *arguments)
        elif not events.are_silent:
            batch.note_event(plan, command, tuple(arguments))
    return plan


def _decide(change: UserChange, alias: str, check_line: Callable[[str], None]) -> list[str]:
    """Note that the lines go to the store and the file goes; the lines."""
    if not change.aliases.in_backend:
        raise ConfigError("valias", "this site keeps its aliases in files")
    address = f"{alias}@{change.domain.realdomain}"
    file = dotqmail.file_name(alias)
    stored = change.aliases.read_alias(change.domain, alias)
    data = change.aliases.read_file(file)
    if data is None:
        if not stored:
            raise AliasNotFound(address)
        return []  # a process was killed when it had stored it: the rest was done just now
    _check_file(change, address, alias, file)
    lines = [line for line in map(to_text, split_lines(data)) if line.rstrip(" \t")]
    for line in lines:
        check_line(line)
    _check_lines(address, lines)
    if stored and stored != lines:
        raise AliasExists(address)
    if not stored:
        change.aliases.set(alias, lines)
    change.files.drop(file)
    return lines


def _check_file(change: UserChange, address: str, alias: str, file: str) -> None:
    """Refuse a file that means more to qmail than its lines say.

    Raises:
        AliasStays.
    """
    mode = _mode(change, file)
    if stat.S_ISLNK(mode):
        raise AliasStays(address, _LIST)
    if mode & _OTHERS_WRITE:
        raise AliasStays(address, "others can write the file, and qmail does not obey it")
    if mode & _FORWARDS_ONLY:
        raise AliasStays(address, "the file is executable: qmail only forwards by it")
    for wider in _wider_names(alias):
        if _has_file(change, wider):
            raise AliasStays(address, f"the file of {wider} would take its mail")
    owned = alias.removesuffix(_OWNER) if alias.endswith(_OWNER) else f"{alias}{_OWNER}"
    if _has_file(change, owned):
        raise AliasStays(address, "bounces go to the owner of a list by its file")


def _check_lines(address: str, lines: list[str]) -> None:
    """Refuse lines that would deliver otherwise, or not at all.

    Raises:
        AliasStays: and for a mailing list its advice is ``mailing list``.
    """
    if not lines:
        raise AliasStays(address, "no delivery lines")
    for line in map(dotqmail.parse_line, lines):
        if line.kind == dotqmail.PROGRAM:
            program = line.target.partition(" ")[0].rpartition("/")[2]
            if program.startswith("ezmlm-"):
                raise AliasStays(address, _LIST)
        if line.kind == dotqmail.MBOX:
            raise AliasStays(address, "delivers to an mbox")


def _wider_names(alias: str) -> Iterator[str]:
    """The names of the files that take the mail of an alias without one."""
    own = alias
    at = alias.rfind("-")
    while at >= 0:
        wider = f"{alias[: at + 1]}{_DEFAULT}"
        if wider != own:
            yield wider
        at = alias.rfind("-", 0, at)


def _has_file(change: UserChange, alias: str) -> bool:
    file = dotqmail.file_name(alias)
    if file in change.files.pending:
        return change.files.pending[file] is not None
    return change.directory.has(file)


def _mode(change: UserChange, file: str) -> int:
    status = change.directory.status(file)
    return 0 if status is None else status.st_mode


def _place(alias: str) -> tuple[int, int, str]:
    """Where an alias comes: first what takes the mail of others, the widest at the top."""
    wide = alias.endswith(f"-{_DEFAULT}")
    return (0, alias.count("-"), alias) if wide else (1, 0, alias)
