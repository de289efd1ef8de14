"""Signals for qmail's programs: qmail-send reads its control files again on SIGHUP."""

from __future__ import annotations

import os
import signal


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
    told = 0
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            told += _signal_if_it_runs(int(name), program, number)
    return told


def _signal_if_it_runs(pid: int, program: str, number: int) -> bool:
    try:
        # The descriptor stays with this process, even if its number is used again.
        process = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not _runs(pid, program):
            return False
        signal.pidfd_send_signal(process, number)
    except OSError:
        return False
    finally:
        os.close(process)
    return True


def _runs(pid: int, program: str) -> bool:
    executable = f"/proc/{pid}/exe"
    if os.readlink(executable) == f"{os.path.realpath(program)} (deleted)":
        return True
    try:
        return os.path.samefile(executable, program)
    except FileNotFoundError:
        return False
