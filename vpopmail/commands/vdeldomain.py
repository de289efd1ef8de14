"""vdeldomain: remove a domain, with its users and all their mail; or an alias domain alone.

Nothing is asked. But a domain that has alias domains is removed only with ``-f``, and they with
it. The name goes out of qmail's users/cdb first: from then on the domain is gone, whatever happens
to this program, and what it leaves the next change of the domains removes.

DIAGNOSTICS
    0, also when nothing is done but a warning that there are alias domains, and without a domain,
    with the usage; 255 and the usage: an option that there is not; 219: users/assign cannot be
    read; else ``Error:`` and the reason on standard output, and the code of the C library taken
    from 256: 245 no such domain, 239 qmail's files cannot be changed.

Source: manual, "vdeldomain"; commands, domains.
"""

from __future__ import annotations

from vpopmail.codes import VA
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import run_program, show_version
from vpopmail.errors import AssignUnreadable, DomainNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vdeldomain: usage: vdeldomain [-v] [-f] domain
    -v  print the version
    -f  remove it with its alias domains, if it has any
"""


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vdeldomain", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Delete the domain that the words name; the exit status."""
    options, arguments = parse(words, "vf")
    if ("v", None) in options:
        show_version()
    if not arguments:
        raise Misuse(code=0)
    forced = ("f", None) in options
    try:
        # As C, from users/assign: a lost one is no empty one.
        aliases = _aliases(site, arguments[0])
    except AssignUnreadable:
        print("Error: Can't get domain entries - can't read users/assign file")
        return VA.CANNOT_READ_ASSIGN
    listed = "".join(f"   {name}\n" for name in aliases)
    if aliases and not forced:
        print(f"Warning: Alias domains exist:\n{listed}", end="")
        print("   use -f to force delete of domain and all aliases")
        return 0
    site.domains.delete(arguments[0])
    if aliases:
        print(f"Warning: Alias domains deleted:\n{listed}", end="")
    return 0


def _aliases(site: Vpopmail, domain: str) -> list[str]:
    """The alias domains that would go with a domain.

    Raises:
        AssignUnreadable, DomainNotFound.
    """
    entries = site.qmail.entries()
    found = site.domains.find(domain)
    if found is None:
        raise DomainNotFound(domain)
    return [
        entry.domain for entry in entries if entry.is_alias and entry.realdomain == found.domain
    ]


if __name__ == "__main__":
    main()
