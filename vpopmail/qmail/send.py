"""Signals for qmail's programs: qmail-send reads its control files again on SIGHUP."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def hang_up(qmaildir: str) -> int:
    """Send SIGHUP to the qmail-send of this qmail directory, and to nothing else.

    A process is it if it runs the very file ``<qmaildir>/bin/qmail-send`` (or what was there
    before an upgrade); its name alone proves nothing.

    Args:
        qmaildir: qmail's directory, absolute.

    Returns:
        How many processes were told: 0 if it does not run, or may not be told by this user.
    """
    return signal_program(f"{qmaildir}/bin/qmail-send", signal.SIGHUP)


def signal_program(program: str, number: int) -> int:
    """Send a signal to each process that runs a program, but never to this one.

    Args:
        program: absolute path of its file.
        number: of the signal; 0 only counts.

    Returns:
        How many processes were told.

    Raises:
        OSError: the processes cannot be listed.
    """
    return signal_processes(lambda pid: _runs(pid, program), number)[0]


def signal_processes(is_wanted: Callable[[int], bool], number: int) -> tuple[int, int]:
    """Send a signal to each process that is wanted, but never to this one.

    Args:
        is_wanted: gets the number of a process; it may raise OSError for one that is gone.
        number: of the signal; 0 only counts.

    Returns:
        How many processes were told, and how many may not be told by this user.

    Raises:
        OSError: the processes cannot be listed.
    """
    told = refused = 0
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            try:
                told += _signal_if(is_wanted, int(name), number)
            except PermissionError:
                refused += 1
    return told, refused


def _signal_if(is_wanted: Callable[[int], bool], pid: int, number: int) -> bool:
    try:
        # The descriptor stays with this process, even if its number is used again.
        process = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not _asked(is_wanted, pid):
            return False
        signal.pidfd_send_signal(process, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(process)
    return True


def _asked(is_wanted: Callable[[int], bool], pid: int) -> bool:
    try:
        return is_wanted(pid)
    except OSError:
        return False


def _runs(pid: int, program: str) -> bool:
    executable = f"/proc/{pid}/exe"
    if os.readlink(executable) == f"{os.path.realpath(program)} (deleted)":
        return True
    try:
        return os.path.samefile(executable, program)
    except FileNotFoundError:
        return False
