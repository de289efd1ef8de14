"""vconvert: copy accounts from one store of the site to another, or bring users in from elsewhere.

The first letter says where from, the second where to: ``c`` is files (cdb), ``m`` the database of
the site, ``e`` the users of the system. The database is the one that the settings name: the
backend of the site, if that is a database; else what ``database_url`` says (in the environment
``VPOPMAIL_DATABASE_URL``), or the only connection file in etc, such as ``etc/vpopmail.mysql``. It
does not matter which of them the site works with now; to change over, change ``backend`` in
etc/vpopmail.toml afterwards.

Without a domain, all are converted, and what is of no domain: IP maps, relay addresses, the log.
What the target has of a domain becomes as the source has it; but a source without any user of a
domain empties nothing. Users are copied whole, with last logins, aliases and limits; both sides
are compared at the end. The source is only read, a domain is locked while it is copied, and after
a kill the same command goes on.

``-e`` adds each user of /etc/passwd with his crypted password; who has none, and root, is skipped.
``-p`` adds the users of a list, a name and a crypt string on each line, and writes
``Maildir/sqwebmail-pass`` for them; if one of them cannot be added, none is. It adds to the store
that the site works with, or to the one that ``-c`` or ``-m`` after it names. ``-S`` writes
``Maildir/sqwebmail-pass`` for all users.

DIAGNOSTICS
    A line for each domain, which ends in ``done`` or ``domain conversion failed``; the reason is
    told on standard error, and the others are converted. The exit status is 0 if all went well,
    else the code of the first failure, taken from 256; 245 for a domain that is not there, 233 if
    no database is named or it does not answer, 255 for words that do not fit, with the usage.

Source: manual, "vconvert"; commands, conversions.
"""

from __future__ import annotations

from vpopmail.codes import VA
from vpopmail.commands.terminal.options import Misuse, parse
from vpopmail.commands.terminal.running import FAILED, complain, run_program, show_version
from vpopmail.errors import ConversionFailed, VpopmailError
from vpopmail.log import reason
from vpopmail.site import Vpopmail
from vpopmail.upkeep.other_store import with_cdb, with_database, with_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn

    from typing_extensions import Self

    from vpopmail.records import DomainEntry
    from vpopmail.settings import Settings
    from vpopmail.upkeep.newcomers import Newcomer

NAME = "vconvert"
USAGE = """\
vconvert: usage: vconvert -from -to [-d] [-v] [domain ...]
    -e       the users of the system, as source
    -c       files (cdb)
    -m       the database
    -p file  a list of names and crypt strings, as source
    -S       write the file of SqWebMail for all users
    -d       tell more
    -v       print the version
"""
_COPIES = frozenset(("cm", "mc"))
_SYSTEM = frozenset(("ec", "em"))
_LISTS = frozenset(("p", "pc", "pm"))
_PASSES = "S"


class _Unknown(Exception):
    """There is no such conversion."""


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program(NAME, run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Convert what the words name; the exit status."""
    options, domains = parse(words, "ecmSdvp:")
    given = dict(options)
    if "v" in given:
        show_version()
    kind = "".join(letter for letter, _ in options if letter in "ecmp")[:2]
    if "S" in given:
        kind = _PASSES
    elif len(kind) < 2 and kind != "p":
        raise Misuse
    with Conversion(site, kind, given.get("p") or "", tells="d" in given) as conversion:
        if domains:
            conversion.some(domains)
        else:
            conversion.all()
        return conversion.code


class Conversion:
    """One run of the program.

    Args:
        site: as its settings have it.
        kind: the letters of source and target.
        path: of the list of users.
        tells: whether users are named.

    Attributes:
        code: what the program is to end with.
    """

    def __init__(self, site: Vpopmail, kind: str, path: str, *, tells: bool) -> None:
        self.site = site
        self.kind = kind
        self.tells = tells
        self.code = 0
        self.newcomers = self._newcomers(path)
        self._opened: list[Vpopmail] = []

    def __enter__(self) -> Self:
        self.source = self.target = self.site
        try:
            self._open_stores()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        for site in self._opened:
            site.close()

    def some(self, names: Iterable[str]) -> None:
        """Convert domains by their names."""
        for name in names:
            print(f"converting {name} ", end="", flush=True)
            entry = self.site.domains.find(name)
            if entry is None:
                print("Error. Domain not found")
            self._end_line(entry)

    def all(self) -> None:
        """Convert all domains, and what is of none."""
        for entry in self.site.domains:
            if entry.is_alias:
                print(f"{entry.domain} is an alias of {entry.realdomain}.")
            else:
                print(f"converting {entry.domain}...    ", end="", flush=True)
                self._end_line(entry)
        if self.kind in _COPIES:
            try:
                self.source.convert(self.target, (), rest=True, replace=True)
            except (VpopmailError, OSError) as error:
                self._fail("what is of no domain", error)

    def _end_line(self, entry: DomainEntry | None) -> None:
        """Convert a domain, and tell how that ended."""
        try:
            done = entry is not None and self._convert(entry)
        except _Unknown:
            print("unknown conversion")
            done = False
        except (VpopmailError, OSError) as error:
            self._fail("" if entry is None else entry.realdomain, error)
            done = False
        if entry is None or not done:
            self.code = self.code or (VA.DOMAIN_DOES_NOT_EXIST if entry is None else FAILED)
        print("done" if done else "domain conversion failed", flush=True)

    def _convert(self, entry: DomainEntry) -> bool:
        domain = entry.realdomain
        if self.kind in _COPIES:
            self.source.convert(self.target, [domain], replace=True)
            if self.kind == "mc":
                print(f"{domain} done")
        elif self.kind == _PASSES:
            self._write_passes(entry)
        elif self.kind in _SYSTEM | _LISTS:
            self._add(domain)
        else:
            raise _Unknown
        return True

    def _write_passes(self, entry: DomainEntry) -> None:
        from vpopmail.upkeep.sqwebmail_passes import write_passes

        def told(name: str, failure: Exception | None) -> None:
            if failure is not None:
                self._fail(f"{name}@{entry.realdomain}", failure)
            elif self.tells:
                print(name)

        if self.tells:
            print(f"Setting sqwebmail passwords for {entry.realdomain}")
        write_passes(self.site.installation, entry, told)

    def _newcomers(self, path: str) -> list[Newcomer]:
        """Those who are to be added. Raises: FormatError, OSError."""
        from vpopmail.upkeep.newcomers import listed_users, system_users

        if self.kind in _SYSTEM:
            return list(system_users())
        return listed_users(path) if self.kind in _LISTS else []

    def _add(self, domain: str) -> None:
        from vpopmail.upkeep.newcomers import add_newcomers

        def refused(one: Newcomer, error: VpopmailError) -> None:
            print(f"user {one.name} domain {domain} did not add")
            if self.kind in _LISTS:
                raise error
            self._fail(f"{one.name}@{domain}", error)

        for one in self.newcomers:
            if not one.crypted:
                print(f"skipping {one.name}")
        usable = [one for one in self.newcomers if one.crypted]
        add_newcomers(self.target.installation, domain, usable, refused)

    def _fail(self, what: str, error: Exception) -> None:
        """Tell why something went wrong, and remember that."""
        if isinstance(error, ConversionFailed) and error.report is not None:
            error = next(iter(error.report.failed.values()))
        complain(NAME, f"{what}: {reason(error)}")
        self.code = self.code or (error.code if isinstance(error, VpopmailError) else FAILED)

    def _open_stores(self) -> None:
        if self.kind in _COPIES:
            self.source, self.target = (self._open(letter) for letter in self.kind)
        elif self.kind in _SYSTEM | _LISTS:
            self.target = self._open(self.kind[1:])

    def _open(self, letter: str) -> Vpopmail:
        """The site with the store of a letter. Raises: VpopmailError."""
        settings = self.site.settings
        if letter:
            settings = with_cdb(settings) if letter == "c" else with_database(settings)
        if self.kind in _LISTS:
            settings = with_options(settings, sqwebmail_pass=True)
        return self._opened_with(settings)

    def _opened_with(self, settings: Settings) -> Vpopmail:
        if settings is self.site.settings:
            return self.site
        site = Vpopmail(settings)
        self._opened.append(site)
        site.installation.backend.connect()
        return site


if __name__ == "__main__":
    main()
