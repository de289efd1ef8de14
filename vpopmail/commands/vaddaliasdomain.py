"""vaddaliasdomain: let a name stand for a domain.

Users, directory and limits are those of the domain. Its name and the new one may come in either
order: that which exists is the domain, and an alias domain stands for the domain behind it.

DIAGNOSTICS
    0; 255: too few words, one name twice, or both exist, or neither does, with a line that says
    so; else ``Error:`` and the reason on standard output, and the code of the C library taken
    from 256: 244 the name cannot be one, 230 it is too long, 239 qmail's files cannot be changed.

Source: manual, "vaddaliasdomain"; commands, domains.
"""

from __future__ import annotations

from vpopmail.commands.terminal.options import Misuse
from vpopmail.commands.terminal.running import FAILED, plain_arguments, run_program
from vpopmail.names import fold_domain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vaddaliasdomain: usage: vaddaliasdomain [-v] domain alias_domain
    -v  print the version
    The two names may come in either order.
"""
_NAMES = 2


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vaddaliasdomain", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Add the alias domain that the words name; the exit status."""
    first, second = map(fold_domain, plain_arguments(words, _NAMES)[:_NAMES])
    if first == second:
        print("Error: real domain and alias domain are the same!")
        raise Misuse
    there = [name in site.domains for name in (first, second)]
    if all(there):
        print("Error: Both domains already exist, unable to create alias.")
        return FAILED
    if not any(there):
        print(f"Error: Neither '{first}' or '{second}'  exist, unable to create alias.")
        return FAILED
    real, alias = (first, second) if there[0] else (second, first)
    site.domains.add_alias(alias, real)
    return 0


if __name__ == "__main__":
    main()
