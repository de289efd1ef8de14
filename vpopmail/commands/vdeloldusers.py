"""vdeloldusers: show or delete the users who have not logged in for long.

Old is who has last logged in, or was made, more than 180 days ago, or as many as ``-a`` says.
postmaster is never old, nor is a user of whom no time is noted; who gets the mail for unknown
users is not deleted. Without ``-D`` nothing is deleted. With it users go a thousand at once, each
with all mail, unless they log in meanwhile; killed anywhere, each is there with all his mail, or
gone.

DIAGNOSTICS
    0, whether anybody is old or not; 255 with the usage, after ``-v``, without ``-e`` or ``-d``,
    and on a site without the option ``auth_logging``, where nobody is known to be old; else
    ``Error:`` and the reason on standard output, and the code of the C library taken from 256: 245
    no such domain. With ``-e`` the other domains are done all the same.

Source: manual, "vdeloldusers"; commands, vdeloldusers.
"""

from __future__ import annotations

import sys
from itertools import islice
from time import time

from vpopmail.commands.terminal.options import Misuse, parse, whole_number
from vpopmail.commands.terminal.running import FAILED, fail, run_program, show_version
from vpopmail.errors import VpopmailError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from vpopmail.site import Vpopmail

USAGE = """\
vdeloldusers: usage: vdeloldusers [-V] [-D] [-a days] -e | -d domain
    -d domain  look at the users of this domain
    -e         look at the users of every domain
    -a days    old is who has not logged in for more than so many days; else 180
    -D         delete them; without it nothing is deleted
    -V         show their addresses
    -v         print the version, and end
"""

_POSTMASTER = "postmaster"
_DAYS = 180
_DAY = 86_400
_AT_ONCE = 1000
_NOT_CONFIGURED = "auth logging is not enabled: the option auth_logging is off"


class _Wish:
    """What the words ask for.

    Attributes:
        domain: only this one; None: all.
        before: who has last logged in earlier, in seconds since 1970, is old.
        deletes, shows: the options -D and -V.
    """

    def __init__(self, domain: str | None, days: int, *, deletes: bool, shows: bool) -> None:
        self.domain = domain
        self.before = max(int(time()) - days * _DAY, 0)
        self.deletes = deletes
        self.shows = shows


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vdeloldusers", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Show or delete old users; the exit status."""
    options, arguments = parse(words, "vVDd:a:e")
    chosen = dict(options)
    if "v" in chosen:
        show_version()
        return FAILED
    if not words or arguments:
        raise Misuse
    scope = next((pair for pair in reversed(options) if pair[0] in {"d", "e"}), None)
    days = _days(chosen.get("a"))
    if scope is None:
        print("error: you must supply either the -e or -d [domain] options")
        return FAILED
    if not site.settings.auth_logging:
        print(_NOT_CONFIGURED)
        return FAILED
    return _run(site, _Wish(scope[1], days, deletes="D" in chosen, shows="V" in chosen))


def _days(text: str | None) -> int:
    if text is None:
        return _DAYS
    days = whole_number(text)
    if days is None:
        raise Misuse(f"no number of days: {text}")
    return days


def _run(site: Vpopmail, wish: _Wish) -> int:
    found, code = 0, 0
    for domain in _domains(site, wish):
        try:
            for names in _batches(site, domain, wish):
                found += len(names)
                if wish.deletes:
                    _delete(site, domain, names, wish)
        except VpopmailError as error:
            code = fail(error)
    if not found:
        print("no old users found")
    elif not wish.deletes:
        print(" ** no users were deleted  **\n ** use -D to delete users **")
    return code


def _domains(site: Vpopmail, wish: _Wish) -> Iterator[str]:
    """The domains to look at: an alias domain has no users of its own."""
    if wish.domain is not None:
        yield wish.domain
        return
    for entry in site.domains:
        if not entry.is_alias:
            yield entry.domain


def _batches(site: Vpopmail, domain: str, wish: _Wish) -> Iterator[list[str]]:
    """The names of the old users of a domain, as many at a time as are deleted at once."""
    names = _old_names(site, domain, wish)
    while batch := list(islice(names, _AT_ONCE)):
        yield batch


def _old_names(site: Vpopmail, domain: str, wish: _Wish) -> Iterator[str]:
    """The names of the old users of a domain, shown if that is wished as they are found."""
    skips = wish.shows and f"{_POSTMASTER}@{domain}" in site.users
    for user in site.users.iter_unused(domain, wish.before):
        if skips and user.pw_name > _POSTMASTER:
            skips = _skip(domain)
        if wish.shows:
            print(f"{user.pw_name}@{domain}")
        yield user.pw_name
    if skips:
        _skip(domain)


def _skip(domain: str) -> bool:
    print(f"skipping {_POSTMASTER}@{domain}")
    return False


def _delete(site: Vpopmail, domain: str, names: list[str], wish: _Wish) -> None:
    deleted = set(site.users.delete_unused(domain, names, wish.before))
    for name in names:
        if name not in deleted:
            print(f"not deleted: {name}@{domain}", file=sys.stderr)


if __name__ == "__main__":
    main()
