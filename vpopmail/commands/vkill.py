"""vkill: end the processes that have a name, at once.

SIGKILL goes to each process whose name is the word that is given: as the kernel has it, as the
process was called, or, for an interpreter, as its script is called. A part of a name is not enough,
and neither is a word anywhere else on a command line. Never ended are the supervisors supervise,
multilog, svscan and runsv, the program itself, and those it was called by. What was ended did not
clean up behind itself; where a service has a supervisor, let that restart it.

DIAGNOSTICS
    0, whether there was such a process or not; 255 with the usage, and if there is one that this
    user may not end.

Source: commands, vkill.
"""

from __future__ import annotations

import os
import signal

from vpopmail.commands.terminal.options import Misuse
from vpopmail.commands.terminal.running import FAILED, complain, plain_arguments, run_without_site
from vpopmail.qmail.send import signal_processes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

USAGE = """\
vkill: usage: vkill [-v] name
    -v  print the version
"""

_NAME = "vkill"
_SUPERVISORS = frozenset(("supervise", "multilog", "svscan", "runsv"))
_INTERPRETERS = ("bash", "dash", "perl", "python", "ruby", "sh")
# Options of theirs after which there comes no script, but a text or the name of a module.
_INSTEAD_OF_SCRIPTS = frozenset("cem")
_KERNEL_KEEPS = 15  # bytes of a name


def main(**_settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        _settings: options of the site that its launcher names; it needs none.
    """
    run_without_site(_NAME, run, usage=USAGE)


def run(words: list[str]) -> int:
    """End the processes that have the name; the exit status."""
    name = plain_arguments(words)[0]
    if not name:
        raise Misuse
    spared = set(_ancestors())

    def is_wanted(pid: int) -> bool:
        names = set(_names(pid))
        return pid not in spared and name in names and not names & _SUPERVISORS

    refused = signal_processes(is_wanted, signal.SIGKILL)[1]
    if refused:
        complain(_NAME, f"{name}: not permitted to end {refused} of them")
        return FAILED
    return 0


def _names(pid: int) -> Iterator[str]:
    """The names of a process; none for one of the kernel, or one that has ended.

    Raises:
        OSError: there is no such process any more.
    """
    called = _read(pid, "cmdline").split("\0")[:-1]
    if not called:
        return
    kernels = _read(pid, "comm").removesuffix("\n")
    if len(os.fsencode(kernels)) < _KERNEL_KEEPS:  # else there may have been more of it
        yield kernels
    program = os.path.basename(called[0]).removeprefix("-")  # of a login shell
    yield program
    if program.rstrip("0123456789.") in _INTERPRETERS:
        yield from _script(called[1:])


def _script(words: list[str]) -> Iterator[str]:
    for word in words:
        if not word.startswith("-"):
            yield os.path.basename(word)
            return
        if not _INSTEAD_OF_SCRIPTS.isdisjoint(word):
            return


def _ancestors() -> Iterator[int]:
    """The processes that this one was called by, as far as they can be seen."""
    pid = os.getppid()
    while pid > 0:
        yield pid
        try:
            # After the name, which may have any character in it, come the state and the parent.
            pid = int(_read(pid, "stat").rpartition(")")[2].split()[1])
        except OSError:
            return


def _read(pid: int, what: str) -> str:
    with open(f"/proc/{pid}/{what}", "rb") as file:
        return os.fsdecode(file.read())


if __name__ == "__main__":
    main()
