"""Passwords for the front door: from a prompt or from standard input, never from its words."""

from __future__ import annotations

from vpopmail.commands.front.arguments import WRONG_USAGE
from vpopmail.commands.terminal.options import Misuse
from vpopmail.commands.terminal.prompt import ask_new_password, has_terminal, read_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

HOW = """\
The password is asked for twice at the terminal, or read from the first line of standard input;
it is never an argument, which other users of the machine could read."""


def add_password(parser: ArgumentParser, *, crypted: bool = True) -> None:
    """The options that say where a password comes from.

    Args:
        parser: gets them.
        crypted: whether a crypt string can be given instead.
    """
    ways = {"--password-stdin": "read it from standard input, one line"}
    if crypted:
        ways["--crypted-stdin"] = "read a crypt string (a hash) from standard input, one line"
    ways["--no-password"] = "none: nobody can log in"
    group = parser.add_mutually_exclusive_group()
    for option, meaning in ways.items():
        group.add_argument(option, action="store_true", default=None, help=meaning)


def asks(arguments: Namespace) -> bool:
    """Whether ``given_password`` would ask somebody."""
    ways = ("no_password", "password_stdin", "crypted_stdin")
    return has_terminal() and not any(getattr(arguments, way, False) for way in ways)


def given_password(arguments: Namespace, whose: str) -> dict[str, str]:
    """The password that was given, asked for or refused.

    Args:
        arguments: with the options of ``add_password``.
        whose: as the prompt names the user.

    Returns:
        ``{"password": ...}`` or ``{"crypted": ...}``, as the library takes them.

    Raises:
        Misuse: there is none, and nobody to ask.
    """
    if arguments.no_password:
        return {"crypted": ""}
    if arguments.password_stdin:
        return {"password": line_of_input("password")}
    if getattr(arguments, "crypted_stdin", False):
        return {"crypted": line_of_input("crypt string")}
    if not has_terminal():
        raise Misuse(
            "there is no terminal to ask for a password: give --password-stdin", WRONG_USAGE
        )
    password = ask_new_password(whose)
    if not password:
        raise Misuse("no password was given: --no-password is for that", WRONG_USAGE)
    return {"password": password}


def line_of_input(what: str) -> str:
    """The first line of standard input.

    Args:
        what: it is, for who forgot it.

    Raises:
        Misuse: it is empty.
    """
    line = read_line()
    if not line:
        raise Misuse(f"standard input gives no {what}", WRONG_USAGE)
    return line
