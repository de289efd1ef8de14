"""How a program of the administrator runs: it opens the site, does its work, and ends.

It never ends with a traceback, and a signal lets what is being done be undone or finished first.

Source: commands, start, exit, streams.
"""

from __future__ import annotations

# The module signal costs a fifth of a start.
import _signal  # type: ignore[import-not-found]
import os
import sys

from vpopmail.codes import UNKNOWN_ERROR, VA, verror
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.output import OutputLost, open_output
from vpopmail.errors import (
    ConfigError,
    FormatError,
    InvalidQuota,
    PasswordTooWeak,
    Refused,
    StorageError,
    VpopmailError,
)
from vpopmail.formats.text import to_text
from vpopmail.log import reason
from vpopmail.settings import load
from vpopmail.site import Vpopmail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import NoReturn, TextIO

    Work = Callable[[Vpopmail, list[str]], int]

FAILED = 255  # the exit status -1
_CODES = 256
_INTERRUPTING = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)
# What is no fault of the caller's words, or has a code whose text is of something else: there the
# reason is told, too.
_TROUBLE = (StorageError, FormatError, ConfigError, Refused, InvalidQuota)


class Refusal(Exception):
    """What was asked cannot be done, in words that no code of the library has.

    Args:
        text: for standard output.
        code: the exit status.
    """

    def __init__(self, text: str, code: int = FAILED) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class _Interrupted(BaseException):
    """A signal asks the program to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run_program(name: str, work: Work, settings: Mapping[str, object], *, usage: str) -> NoReturn:
    """Open the site, have the work done on the words of the command line, and end.

    Args:
        name: of the program.
        work: gets the site and the words, and gives the exit status: a code of C, or 0..255. It
            raises Misuse to have the usage text shown, Refusal to have a line of its own shown.
        settings: options of the site that the launcher names.
        usage: the text for those who call it wrongly; on standard output.
    """
    run_without_site(name, lambda words: _on_site(name, work, settings, words), usage=usage)


def run_without_site(name: str, work: Callable[[list[str]], int], *, usage: str) -> NoReturn:
    """As ``run_program``, for a program that opens no site, or only later.

    Args:
        name, usage: as there.
        work: gets the words.
    """
    words = [to_text(os.fsencode(word)) for word in sys.argv[1:]]
    _occupy_standard_descriptors()
    open_output()
    for number in _INTERRUPTING:
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, _interrupt)
    try:
        code = _complete(name, work, words, usage)
        if sys.stdout is not None:
            sys.stdout.flush()
        _let_signals_end()
    except BrokenPipeError:
        _end_by(_signal.SIGPIPE)
    except _Interrupted as interrupted:
        _end_by(interrupted.number)
    except OutputLost as error:
        complain(name, f"standard output: {error.strerror}")
        _forget_output()
        code = FAILED
    raise SystemExit(code % _CODES)


def open_site(name: str, settings: Mapping[str, object]) -> Vpopmail:
    """Open a site and its accounts, or end with what C says then.

    Args:
        name: of the program.
        settings: options of the site that the launcher names.
    """
    site = None
    try:
        site = Vpopmail(load(dict(settings)))
        site.installation.backend.connect()
    except VpopmailError as error:
        if site is not None:
            site.close()
        complain(name, str(error))
        print(f"Error - {verror(error.code)}. Initial open.", file=sys.stderr)
        raise SystemExit(error.code % _CODES) from None
    return site


def fail(error: VpopmailError, prefix: str = "Error: ", *, out: TextIO | None = None) -> int:
    """Tell of an error as the programs of C do, on standard output.

    Args:
        error: what the library says.
        prefix: before its text.
        out: another stream for it.

    Returns:
        The exit status: its code.
    """
    # C says of a weak password what is wanted, with a blank at the end.
    text = f"{error.advice} " if isinstance(error, PasswordTooWeak) else verror(error.code)
    print(f"{prefix}{text}", file=out)
    if isinstance(error, _TROUBLE) or text == UNKNOWN_ERROR:
        # The text of a code names no file, and that of a wrong quota says that it is too long.
        print(error, file=sys.stderr)
    return error.code


def complain(name: str, text: str) -> None:
    """Write one line on standard error.

    Args:
        name: of the program.
        text: what is wrong.
    """
    print(f"{name}: {text}", file=sys.stderr)


def tell_policy(site: Vpopmail) -> None:
    """Show the site's policy on passwords, if it has one in words, after one was refused."""
    from vpopmail.accounts.password_policy import policy_text

    text = policy_text(site.installation)
    if text is not None:
        print(f"A password policy is in place:\n\t{text}")


def plain_arguments(words: list[str], least: int = 1) -> list[str]:
    """The arguments of a program whose only option is -v, which prints the version.

    Args:
        words: of the command line.
        least: how many arguments it needs.

    Raises:
        Misuse: an unknown option, or fewer arguments.
    """
    options, arguments = parse(words, "v")
    if options:
        show_version()
    if len(arguments) < least:
        raise Misuse
    return arguments


def show_version() -> None:
    """Print the version of this package, as the option -v does."""
    from vpopmail import __version__

    print(f"version: {__version__}")


def _on_site(name: str, work: Work, settings: Mapping[str, object], words: list[str]) -> int:
    with open_site(name, settings) as site:
        try:
            return work(site, words)
        except PasswordTooWeak as error:
            code = fail(error)
            tell_policy(site)
            return code


def _complete(name: str, work: Callable[[list[str]], int], words: list[str], usage: str) -> int:
    """Do the work; what goes wrong becomes a line and an exit status."""
    try:
        return work(words)
    except Misuse as misuse:
        if misuse.complaint:
            complain(name, misuse.complaint)
        print(usage, end="")
        return misuse.code
    except Refusal as refusal:
        print(refusal.text)
        return refusal.code
    except VpopmailError as error:
        return fail(error)
    except (BrokenPipeError, OutputLost):
        raise
    except OSError as error:
        print(f"Error: {verror(VA.COULD_NOT_UPDATE_FILE)}")
        complain(name, reason(error))
        return VA.COULD_NOT_UPDATE_FILE
    except Exception as error:  # noqa: BLE001 - whatever it is, no traceback
        complain(name, f"{type(error).__name__}: this should not happen, please report it")
        return FAILED


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _let_signals_end()  # the second time at once
    raise _Interrupted(number)


def _let_signals_end() -> None:
    """Have signals end the process: there is nothing to be undone."""
    for number in _INTERRUPTING:
        if _signal.getsignal(number) == _interrupt:
            _signal.signal(number, _signal.SIG_DFL)


def _end_by(number: int) -> NoReturn:
    """End by a signal, so that who waits for this process sees that."""
    _forget_output()
    _signal.signal(number, _signal.SIG_DFL)
    os.kill(os.getpid(), number)
    raise SystemExit(128 + number)  # it is blocked


def _forget_output() -> None:
    """Have nothing written any more: Python would try once more, and complain."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    sys.stdout = None


def _occupy_standard_descriptors() -> None:
    """See that none of 0, 1 and 2 is free: the next file opened would be taken for it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR if number else os.O_RDONLY)
