"""qmail's files, one by one: lines put in and taken out, compiled, qmail-send told of it.

All file names are absolute, but need not lie in qmail's directory. A file keeps its owner and
mode, and each line that a call does not name. Changes go through ``<file>.lock``, which excludes
the C tools.
"""

from __future__ import annotations

import signal as signals

from vpopmail.accounts.checks import checked_id
from vpopmail.capi.status import ask, attempt, check_number, check_text, note, zero
from vpopmail.codes import VA
from vpopmail.errors import InvalidPath
from vpopmail.names import checked_texts, fold_domain
from vpopmail.qmail.assigning import assign_domain, compile_users, unassign_domains
from vpopmail.qmail.line_file import LineFile
from vpopmail.qmail.send import signal_program
from vpopmail.records import DomainEntry
from vpopmail.safeio.paths import check_path
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FAILED = -1
_TROUBLE = VA.COULD_NOT_UPDATE_FILE


def update_file(filename: str, update_line: str, file_type: int) -> VA:
    """Put a line into a sorted file, which is made if missing; a line that is there stays.

    Args:
        filename: absolute path.
        update_line: the line, without newline.
        file_type: 1 for users/assign, 2 for a plain list, 3 for virtualdomains.

    Returns:
        VA_SUCCESS, VA_COULD_NOT_UPDATE_FILE, VA_BAD_CHAR, -1 for a path that is not absolute.

    Its commit point is the rename of the file. Source: formats, control files and sort key.
    """
    check_text(filename, update_line)
    check_number(file_type)

    def add() -> None:
        with _file(filename) as file:
            file.add(update_line, file_type)

    return attempt(_TROUBLE, add)


def sort_file(filename: str, file_lines: int, file_type: int) -> VA:
    """Sort a file.

    Args:
        filename: absolute path.
        file_lines: how many lines it had when the caller looked.
        file_type: 1 for users/assign, 2 for a plain list, 3 for virtualdomains.

    Returns:
        VA_SUCCESS; VA_MEMORY_ALLOC_ERR if it has more lines by now, and VA_COULD_NOT_UPDATE_FILE
        or -1 as update_file: then nothing has changed.

    Its commit point is the rename of the file. Source: formats, sort key.
    """
    check_text(filename)
    check_number(file_lines, file_type)

    def sort() -> bool:
        with _file(filename) as file:
            fits = file.count() <= file_lines
            if fits:
                file.sort(file_type)
            return fits

    fits = _number(sort)
    if fits < 0:
        return VA(fits)
    return note(VA.SUCCESS if fits else VA.MEMORY_ALLOC_ERR)


def remove_lines(filename: str, lines: Sequence[str]) -> int:
    """Take whole lines out of a file; a missing file stays missing.

    Args:
        filename: absolute path.
        lines: without newlines; case matters.

    Returns:
        How many lines went; VA_COULD_NOT_UPDATE_FILE, VA_BAD_CHAR or -1 on an error.

    Its commit point is the rename of the file. Source: formats, control files.
    """
    check_text(filename)
    unwanted = checked_texts(lines)

    def remove() -> int:
        with _file(filename) as file:
            return file.remove(unwanted)

    return _number(remove)


def remove_line(template: str, filename: str, mode: int, once_only: int) -> int:
    """Take out the lines of a file that begin with a text.

    Args:
        template: the text, not empty; case matters.
        filename: absolute path.
        mode: permission bits that the file gets if a line goes.
        once_only: 1 to take out the first such line only.

    Returns:
        How many lines went, or -1.

    Its commit point is the rename of the file.
    """
    check_text(template, filename)
    check_number(mode, once_only)

    def remove() -> int:
        with _file(filename) as file:
            return file.remove_starting(template, mode, once=bool(once_only))

    return max(_number(remove), _FAILED)


def add_domain_assign(
    alias_domain: str,
    real_domain: str,
    dir: str,  # noqa: A002 - the C library's word
    uid: int,
    gid: int,
) -> int:
    """Make qmail accept mail for a name: users/assign, users/cdb and the control files.

    Args:
        alias_domain: the name; the real domain's own for a real domain.
        real_domain: the real domain.
        dir: absolute directory of the real domain.
        uid, gid: owner of its files, numbers.

    Returns:
        0, also if it was so before; -1 if the name has another directory, owner or real domain,
        for a name that no new domain can have, or if a file cannot be written: then nothing has
        changed, and ``last_error()`` says what it was.

    Its commit point is the rename of users/cdb. qmail-send is told.
    """
    check_text(alias_domain, real_domain, dir)
    check_number(uid, gid)

    def assign() -> object:
        numbers = checked_id("uid", uid), checked_id("gid", gid)
        entry = DomainEntry(fold_domain(alias_domain), fold_domain(real_domain), *numbers, dir)
        return assign_domain(current().qmail, entry)

    return zero(assign)


def del_domain_assign(
    aliases: Sequence[str],
    real_domain: str,
    dir: str,  # noqa: A002 - the C library's word
    uid: int,
    gid: int,
) -> int:
    """Take names out of users/assign and users/cdb; the control files are del_control's.

    Args:
        aliases: the names.
        real_domain, dir, uid, gid: as in their lines; a line with other values stays.

    Returns:
        0; -1 on an error, and then nothing has changed.

    Its commit point is the rename of users/cdb.
    """
    check_text(real_domain, dir)
    check_number(uid, gid)
    entries = [DomainEntry(name, real_domain, uid, gid, dir) for name in _spellings(aliases)]
    return zero(lambda: unassign_domains(current().qmail, entries))


def del_control(aliases: Sequence[str]) -> int:
    """Take names out of rcpthosts, morercpthosts and virtualdomains.

    Args:
        aliases: the names.

    Returns:
        0; -1 on an error: what was done before it stays done.

    Its commit points are the renames of the files.
    """
    names = _spellings(aliases)

    def delete() -> None:
        control = current().qmail.control
        control.withdraw(names)
        control.retire(names)

    return zero(delete)


def update_newu() -> VA:
    """Make users/cdb of users/assign.

    Returns:
        VA_SUCCESS; VA_COULD_NOT_UPDATE_FILE if users/assign is missing or malformed, or the
        site's own program for it fails. Then users/cdb is as it was.

    Its commit point is the rename of users/cdb.
    """
    return attempt(_TROUBLE, lambda: compile_users(current().qmail))


def compile_morercpthosts() -> VA:
    """Make control/morercpthosts.cdb of control/morercpthosts; without any line it goes.

    Returns:
        VA_SUCCESS or VA_COULD_NOT_UPDATE_FILE.

    Its commit point is the rename of morercpthosts.cdb.
    """
    return attempt(_TROUBLE, _compile_more)


def signal_process(name: str, signal: int) -> int:
    """Send a signal to a program of qmail, to nothing else and never to this process.

    Args:
        name: of the program in qmail's ``bin``, such as ``qmail-send``; or the absolute path of
            another program.
        signal: its number, 0 to 64; 0 tells nobody anything.

    Returns:
        0, also if the program does not run; -1 for another name or number, or if the processes
        cannot be listed.
    """
    check_text(name)
    check_number(signal)
    return zero(lambda: _tell(name, signal))


def host_in_locals(domain: str) -> int:
    """1 if the domain is a line of control/locals, else 0.

    Args:
        domain: compared as it is, outside ASCII as its A-label; ``localhost`` counts whenever
            the file has any line.
    """
    check_text(domain)
    name = domain if domain.isascii() else fold_domain(domain)
    return int(ask(False, lambda: current().qmail.control.is_local(name)))


def _compile_more() -> None:
    current().qmail.control.compile_more()


def _tell(name: str, signal: int) -> None:
    program = name if "/" in name else f"{current().qmail.qmaildir}/bin/{name}"
    check_path(program)
    if name in {"", ".", ".."} or not 0 <= signal < signals.NSIG:
        raise InvalidPath(name, "give the name of a program, and a signal up to 64")
    signal_program(program, signal)


def _file(filename: str) -> LineFile:
    return LineFile.of(current().settings, filename)


def _number(count: Callable[[], int]) -> int:
    """What is counted, or the code of the error."""
    counted: list[int] = []
    code = attempt(_TROUBLE, lambda: counted.append(count()))
    return counted[0] if counted else code


def _spellings(names: Sequence[str]) -> list[str]:
    """Names as they are given and as A-labels."""
    given = checked_texts(names)
    return list(dict.fromkeys([*given, *(fold_domain(one) for one in given if not one.isascii())]))
