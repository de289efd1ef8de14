"""vdominfo: show a domain, or all domains.

Of a domain, or alias domain, that is named: the domain it stands for, then all its alias domains.
Without a name: each domain and alias domain in the order of qmail's users/assign, with an empty
line after it.

The options that choose fields print bare values, one a line, in the order name, uid, gid,
directory, users, real domain, whatever the order they are given in.

How many users there are is what the counter of directory hashing says: 0 on a site without
``users_big_dir``, and for who may not read the directory of the domain. Everybody may see the rest.
Nothing is written.

DIAGNOSTICS
    0; 245 and ``Invalid domain name``: there is no such domain; 219, without a name 255, and
    ``Can't get domain entries``: users/assign or users/cdb cannot be read; 255 and the usage: an
    option that there is not. ``What now - Success`` and 0: there is no domain.

Source: manual, "vdominfo"; commands, listings.
"""

from __future__ import annotations

from vpopmail.accounts.domain_queries import counted_users
from vpopmail.codes import VA
from vpopmail.commands.terminal.options import parse
from vpopmail.commands.terminal.running import FAILED, run_program, show_version
from vpopmail.errors import AssignUnreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from vpopmail.records import DomainEntry
    from vpopmail.site import Vpopmail

USAGE = """\
vdominfo: usage: vdominfo [-vanugdtr] [domain]
    -v  print the version
    -a  show all fields; so without an option
    -n  the name
    -u  the uid of the owner
    -g  the gid of the owner
    -d  the directory
    -t  how many users it has
    -r  the name of the real domain
"""

_FIELDS = "nugdtr"
_ALL = "a"


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vdominfo", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Show the domain that the words name, or all; the exit status."""
    options, arguments = parse(words, f"v{_ALL}{_FIELDS}")
    letters = [letter for letter, _ in options]
    if "v" in letters:
        show_version()
    chosen = [letter for letter in letters if letter != "v"]
    fields = "" if chosen[-1:] == [_ALL] else "".join(one for one in _FIELDS if one in chosen)
    try:
        entries = site.installation.domain_lookup.entries()
        if arguments:
            return _show_one(site, arguments[0], entries, fields)
    except AssignUnreadable:
        print("Can't get domain entries - can't read users/assign file")
        return VA.CANNOT_READ_ASSIGN if arguments else FAILED
    return _show_all(site, entries, fields)


def _show_one(site: Vpopmail, name: str, entries: Iterator[DomainEntry], fields: str) -> int:
    found = site.installation.resolve(name)
    if found is None:
        print("Invalid domain name")
        return VA.DOMAIN_DOES_NOT_EXIST
    real = found.realdomain
    _show(site, found, real, fields)
    for entry in entries:
        if entry.realdomain == real and entry.domain != real:
            print(f"alias: {entry.domain}")
    return 0


def _show_all(site: Vpopmail, entries: Iterator[DomainEntry], fields: str) -> int:
    empty = True
    for entry in entries:
        name = f"{entry.domain} (alias of {entry.realdomain})" if entry.is_alias else entry.domain
        _show(site, entry, name, fields)
        print()
        empty = False
    if empty:
        print("What now - Success")
    return 0


def _show(site: Vpopmail, entry: DomainEntry, name: str, fields: str) -> None:
    """Print a domain under a name: the fields, or all of them with what they are."""
    if not fields:
        print(f"domain: {name}\nuid:    {entry.uid}\ngid:    {entry.gid}\ndir:    {entry.path}")
        print(f"users:  {counted_users(site.installation, entry)}")
        return
    for letter in fields:
        print(_field(site, entry, name, letter))


def _field(site: Vpopmail, entry: DomainEntry, name: str, letter: str) -> object:
    if letter == "t":
        return counted_users(site.installation, entry)
    known = {"n": name, "u": entry.uid, "g": entry.gid, "d": entry.path, "r": entry.realdomain}
    return known[letter]


if __name__ == "__main__":
    main()
