"""vadddomain: add a domain and its postmaster.

Domain, postmaster, his quota and the catch-all are one change: all of it is there, or nothing,
whenever this program is stopped. The password is asked for, twice, at the terminal; without one
both lines come from standard input. Better so than on the command line, which everybody on the
machine can read. Two empty lines are no password, and no login; an input that ends before them is
no answer.

Mail for unknown users comes back, unless ``-e`` gives it to somebody: to the user of a name
without ``@``, who need not be there yet, or to an address. ``-b`` says what holds anyway and takes
no value.

``-O`` is for domains that are added one by one, many of them: what costs with each is left to the
last, which must be without it. Until then qmail may not take mail for them.

DIAGNOSTICS
    0, also without a domain, with the usage; 255 and the usage: words that do not fit; else
    ``Error:`` and the reason on standard output, where ``(vadduser)`` says that it is about the
    postmaster, and 255 or the code of the C library taken from 256: 244 the name cannot be one,
    230 it is too long, 243 there is the domain, 250 there is no base directory, 229 the password
    is too long, 227 the quota, or it is none, 246 nobody has the address of ``-e``, 239 qmail's
    files cannot be changed.

Source: manual, "vadddomain"; commands, domains.
"""

from __future__ import annotations

from contextlib import suppress

from vpopmail.commands.terminal.new_password import NewPassword
from vpopmail.commands.terminal.options import Misuse, parse, whole_number
from vpopmail.commands.terminal.running import (
    Refusal,
    complain,
    fail,
    run_program,
    show_version,
    tell_policy,
)
from vpopmail.errors import (
    AssignUnreadable,
    DomainExists,
    InvalidInput,
    PasswordTooWeak,
    UserNotFound,
    VpopmailError,
)
from vpopmail.names import check_new_user, fold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.site import Vpopmail

    Options = dict[str, str | None]

NAME = "vadddomain"
USAGE = """\
vadddomain: usage: vadddomain [options] domain [password]
    -v        print the version
    -q quota  what postmaster may keep: 10M, 1000C, 10M,1000C or NOQUOTA
    -b        mail for unknown users comes back; so without -e
    -e who    who gets the mail for unknown users: an address, or a user of the domain
    -u user   owner and base directory, as the system has them of a user
    -d dir    base directory; the domain goes below dir/domains
    -i uid    owner of the files, a number
    -g gid    group of the files, a number
    -O        one of many: only the last, without -O, has qmail take them all
    -r[n]     a random password of n characters for postmaster, which is printed
"""

_POSTMASTER = "postmaster"
_POSTMASTERS_NAME = "Postmaster"


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program(NAME, run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Add the domain that the words name; the exit status."""
    options, arguments = parse(words, "vq:be:u:i:g:d:Or::")
    given = dict(options)
    if "v" in given:
        show_version()
    base, uid, gid = _place(given)
    if not arguments:
        raise Misuse(code=0)
    name = arguments[0]
    if "b" in given and "." not in name:
        raise Misuse("-b takes no value; who is to get mail for unknown users, -e says")
    source = NewPassword(site.settings, arguments[1] if len(arguments) > 1 else None)
    if "r" in given:
        source.randomise(given["r"])
    with suppress(AssignUnreadable):  # it is told, or mended, when the domain is added
        if name in site.domains:
            raise DomainExists(name)
    password = source.choose(_POSTMASTER, may_be_empty=True)
    with site.batch(deferred="O" in given) as batch:
        site.domains.add(name, dir=base, uid=uid, gid=gid)
        try:
            with site.silent():
                address = f"{_POSTMASTER}@{name}"
                site.users.add(address, password, gecos=_POSTMASTERS_NAME)
        except VpopmailError as error:
            batch.discard()
            code = fail(error, "Error: (vadduser) ")
            if isinstance(error, PasswordTooWeak):
                tell_policy(site)
            return code
        quota = given.get("q")
        if quota is not None:
            site.users.set_quota(address, quota.upper())
        whom = given.get("e")
        if whom is not None:
            _give_the_rest(site, name, whom)
    source.show(password)
    return 0


def _place(given: Options) -> tuple[str | None, int | None, int | None]:
    """Base directory, uid and gid, as far as they are given."""
    base, uid, gid = given.get("d"), _number("i", given), _number("g", given)
    user = given.get("u")
    if user is None:
        return base, uid, gid
    import pwd

    try:
        found = pwd.getpwnam(user)
    except (KeyError, ValueError):
        raise Refusal(f"Error: user {user} not found in /etc/passwd") from None
    return base or found.pw_dir, found.pw_uid, found.pw_gid


def _number(letter: str, given: Options) -> int | None:
    text = given.get(letter)
    if text is None:
        return None
    number = whole_number(text)
    if number is None:
        raise Misuse(f"-{letter} takes a number, not {text!r}")
    return number


def _give_the_rest(site: Vpopmail, domain: str, whom: str) -> None:
    """Give the mail for unknown users to an address, or to a user, who need not be there yet."""
    try:
        with site.silent():
            site.default_delivery.set(domain, whom if "@" in whom else _home(site, domain, whom))
    except (InvalidInput, UserNotFound) as error:
        complain(NAME, f"-e {error}")
        raise


def _home(site: Vpopmail, domain: str, user: str) -> str:
    """Where the home of a user of a new domain is, or will be."""
    check_new_user(user, domain)
    return f"{site.domains.get(domain).path}/{fold(user)}"


if __name__ == "__main__":
    main()
