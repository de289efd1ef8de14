"""Asking for a password: on the terminal without an echo, else from standard input.

Source: commands, password prompt; getpass(3).
"""

from __future__ import annotations

import os

from vpopmail.formats.text import to_bytes, to_text
from vpopmail.safeio.directory import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_TERMINAL = "/dev/tty"
_STANDARD_INPUT = 0
_STANDARD_ERROR = 2
_LONGEST = 65536  # bytes of a line
_LOCAL_MODES = 3  # in what tcgetattr gives


def ask_new_password(whose: str) -> str | None:
    """Ask for a password twice, until both are the same.

    Args:
        whose: as the prompt names the user.

    Returns:
        The password; None if the input ends before it is there twice.
    """
    while True:
        password = _ask_once(f"Please enter password for {whose}: ")
        again = None if password is None else _ask_once("enter password again: ")
        if again is None or again == password:
            return again
        print("Passwords do not match, try again", flush=True)


def ask_aloud(question: str) -> str | None:
    """Ask on the terminal of the process; what is typed is shown.

    Args:
        question: with a blank at its end.

    Returns:
        The line without its end; ``""`` at its end; None if there is no terminal.
    """
    print(end="", flush=True)
    try:
        terminal = _open_terminal()
    except OSError:
        return None
    try:
        write_all(terminal, to_bytes(question))
        return read_line(terminal) or ""
    finally:
        os.close(terminal)


def has_terminal() -> bool:
    """Whether the process has a terminal at which somebody can be asked."""
    try:
        os.close(_open_terminal())
    except OSError:
        return False
    return True


def ask_password(prompt: str) -> str:
    """Ask once: on the terminal of the process, else the prompt goes to standard error.

    Args:
        prompt: with a blank at its end.

    Returns:
        The line without its end; ``""`` at the end of the input.
    """
    return _ask_once(prompt) or ""


def read_line(descriptor: int = _STANDARD_INPUT) -> str | None:
    """One line, and not a byte more: what follows may be for somebody else.

    Args:
        descriptor: an open file.

    Returns:
        The line without its end; None at the end of the file.
    """
    line = b""
    while len(line) < _LONGEST:
        byte = os.read(descriptor, 1)
        if byte == b"\n":
            break
        if not byte:
            return to_text(line) if line else None
        line += byte
    return to_text(line)


def _ask_once(prompt: str) -> str | None:
    """The line; None at the end of the input."""
    print(end="", flush=True)  # what was told before comes before the prompt
    try:
        terminal = _open_terminal()
    except OSError:
        return _ask(prompt, _STANDARD_INPUT, _STANDARD_ERROR)
    try:
        return _ask(prompt, terminal, terminal)
    finally:
        os.close(terminal)


def _open_terminal() -> int:
    """Raises: OSError: there is none."""
    return os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)


def _ask(prompt: str, source: int, target: int) -> str | None:
    with _without_echo(source) as is_terminal:
        write_all(target, to_bytes(prompt))
        line = read_line(source)
        if is_terminal:
            write_all(target, b"\n")  # the one that was typed was not shown
        return line


def _without_echo(descriptor: int) -> AbstractContextManager[bool]:
    """Have a terminal show nothing for a while; True if it is one."""
    # Needed by who is asked only.
    from contextlib import contextmanager
    from termios import ECHO, TCSAFLUSH, error, tcgetattr, tcsetattr

    @contextmanager
    def quiet() -> Iterator[bool]:
        try:
            before = tcgetattr(descriptor)
        except error:
            yield False
            return
        silent = list(before)
        silent[_LOCAL_MODES] &= ~ECHO
        tcsetattr(descriptor, TCSAFLUSH, silent)
        try:
            yield True
        finally:
            tcsetattr(descriptor, TCSAFLUSH, before)

    return quiet()
