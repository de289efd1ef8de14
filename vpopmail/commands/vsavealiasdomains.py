"""vsavealiasdomains: copy the alias domains into the database, for programs that join its table.

A site whose database keeps the copy writes it with each change of an alias domain; this is for
those that were there before. All of them, with ``-A``; else those of a domain, or one of them. With
``-A`` what is no alias domain any more goes from the copy.

DIAGNOSTICS
    0, also with ``No aliases found``; 255 and the usage: words that do not fit; 255 and a line: the
    site keeps no such copy (option ``sql_aliasdomains``, with a database); 245 there is no such
    domain; else ``Error:`` and the reason, and the code of the C library taken from 256.

Source: commands, only in 5.6.
"""

from __future__ import annotations

from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import FAILED, run_program, show_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.records import DomainEntry
    from vpopmail.site import Vpopmail

USAGE = """\
vsavealiasdomains: usage: vsavealiasdomains [-v] -A
                          vsavealiasdomains [-v] domain [alias_domain]
    -v  print the version
    -A  the alias domains of all domains
"""
_BOTH = 2  # a domain and its alias domain


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vsavealiasdomains", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Copy the alias domains that the words name; the exit status."""
    options, arguments = parse(words, "vA")
    letters = [letter for letter, _ in options]
    if "v" in letters:
        show_version()
    is_all = "A" in letters
    if not is_all and not arguments:
        raise Misuse
    store = site.installation.alias_domains
    if store is None:
        print("This site keeps no copy of its alias domains in a database.")
        return FAILED
    found = _chosen(site, [] if is_all else arguments)
    stale = [alias for alias, _ in store.iterate_alias_domains()] if is_all else []
    if found or stale:
        from vpopmail.accounts.alias_domains import save_copies

        save_copies(site.installation, {*stale, *(entry.domain for entry in found)})
    for entry in found:
        print(f"Alias: {entry.domain} Real domain: {entry.realdomain} saved")
    if not found:
        print("No aliases found" + ("" if is_all else f" for domain {arguments[0]}"))
    return 0


def _chosen(site: Vpopmail, arguments: list[str]) -> list[DomainEntry]:
    """All alias domains; those of a domain; or one of them.

    Raises:
        DomainNotFound, AssignUnreadable.
    """
    real = site.domains.get(arguments[0]).realdomain if arguments else ""
    found = [entry for entry in site.domains.iter(real) if entry.is_alias]
    if len(arguments) < _BOTH:
        return found
    one = site.domains.find(arguments[1])
    return [entry for entry in found if one is not None and entry.domain == one.domain]


if __name__ == "__main__":
    main()
