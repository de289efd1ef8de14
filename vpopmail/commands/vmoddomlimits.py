"""vmoddomlimits: show and change the limits of a domain, or those of domains without own ones.

What is not named stays. With ``-d`` the options are about etc/vlimits.default, which holds for
each domain that has no limits of its own; a domain gets its own with the first change.

``-g`` replaces all flags by those whose letters follow, and an empty word clears them; what -p, -a,
-f, -r, -l, -u, -o, -x and -z permit is replaced as well. Letters without a meaning are passed over.
A limit of -1 is none. Only root and the owner of a domain may read its own limits: others are
shown the default ones, and told so.

DIAGNOSTICS
    0; 245 and ``Error: Domain does not exist``; 255 and the usage: words that do not fit; 255 and
    a line that says what could not be read, written or deleted.

Source: manual, "vmoddomlimits"; commands, vmoddomlimits.
"""

from __future__ import annotations

from vpopmail.accounts.lookup import may_look
from vpopmail.commands.terminal.limits_text import describe, flags_from, permission_from
from vpopmail.commands.terminal.options import Misuse, parse, whole_number
from vpopmail.commands.terminal.running import FAILED, complain, run_program, show_version
from vpopmail.errors import DomainNotFound, LimitsNotFound, VpopmailError
from vpopmail.log import reason
from vpopmail.settings.options import OLD_PROFILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from vpopmail.site import Vpopmail

NAME = "vmoddomlimits"
USAGE = """\
vmoddomlimits: usage: vmoddomlimits [options] domain
                      vmoddomlimits -d [options]
    -v          print the version
    -h          show this
    -S          show the limits, and change nothing
    -D          forget the domain's own limits: the default ones hold
    -d          the default limits, instead of those of a domain
    -Q n        what the domain may keep, in megabytes
    -q quota    quota of new users: bytes, or 10M
    -M n        messages in the domain
    -m n        messages of a new user
    -P n        users
    -A n        aliases
    -F n        forwards
    -R n        autoresponders
    -L n        mailing lists
    -g letters  what users may not do: u dialup, d change the password, p POP, s SMTP,
                w webmail, i IMAP, r relay, c SpamAssassin, m maildrop; x: spam is deleted
  What administrators other than postmaster may not do, as letters: a all, c create, m modify,
  d delete:
    -p letters  with users              -l letters  with mailing lists
    -a letters  with aliases            -u letters  with their subscribers
    -f letters  with forwards           -o letters  with their moderators
    -r letters  with autoresponders     -x letters  with quotas
                                        -z letters  with default quotas
"""

_NUMBERS = {
    "Q": "diskquota",
    "M": "maxmsgcount",
    "m": "defaultmaxmsgcount",
    "P": "maxpopaccounts",
    "A": "maxaliases",
    "F": "maxforwards",
    "R": "maxautoresponders",
    "L": "maxmailinglists",
}
_PERMISSIONS = {
    "p": "perm_account",
    "a": "perm_alias",
    "f": "perm_forward",
    "r": "perm_autoresponder",
    "l": "perm_maillist",
    "u": "perm_maillist_users",
    "o": "perm_maillist_moderators",
    "x": "perm_quota",
    "z": "perm_defaultquota",
}
_LETTERS = "".join(f"{letter}:" for letter in (*_NUMBERS, *_PERMISSIONS, "q", "g"))
_KEPT = """\
Default limits must not be deleted. If you really want to do this,
remove the vlimits.default file.
But be warned: this might stop vpopmail from working!!
"""


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program(NAME, run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:
    """Show or change the limits that the words name; the exit status."""
    options, arguments = parse(words, f"vhSDd{_LETTERS}")
    given = dict(options)
    if "v" in given:
        show_version()
    if "h" in given:
        raise Misuse(code=0)
    values = _values(options)
    if "d" in given:
        return _default_limits(site, given, values)
    if not arguments:
        raise Misuse
    site.domains.get(arguments[0])  # also where nothing is to be changed
    if "D" in given:
        return _tried(lambda: _delete(site, arguments[0]), "Failed to delete limits\n")
    if "S" in given:
        return _tried(lambda: _listing(site, arguments[0]), "Failed to vget_limits\n")
    change = lambda: site.limits.update(arguments[0], dry_run=False, **values)  # noqa: E731
    return _tried(change, "Failed to vset_limits\n")


def _default_limits(site: Vpopmail, given: dict[str, str | None], values: dict[str, int]) -> int:
    """What -d asks for."""
    if "D" in given:
        print(_KEPT, end="")
        return FAILED
    read = (lambda: _default_listing(site)) if "S" in given else site.limits.defaults
    code = _tried(read, "Failed to read the vlimits.default file.\n")
    if code != 0 or "S" in given:
        return code
    change = lambda: site.limits.update_defaults(dry_run=False, **values)  # noqa: E731
    return _tried(change, "Failed to write vlimits.default file")


def _delete(site: Vpopmail, domain: str) -> str:
    try:
        site.limits.delete(domain)
    except LimitsNotFound:
        if site.settings.profile == OLD_PROFILE:
            raise
    return "Limits deleted\n"


def _listing(site: Vpopmail, domain: str) -> str:
    if may_look(site.installation, site.domains.get(domain)):
        return f"Domain: {domain}{describe(site.limits.get(domain))}"
    complain(NAME, f"only root and the owner of {domain} see its limits: the default ones")
    return f"Domain: {domain}{describe(site.limits.defaults())}"


def _default_listing(site: Vpopmail) -> str:
    path = site.settings.etc_path("vlimits.default")
    return f"Default limits: {path}{describe(site.limits.defaults())}"


def _tried(act: Callable[[], object], failure: str) -> int:
    """Do something and print the text that it gives, or that it failed; the exit status."""
    try:
        told = act()
    except DomainNotFound:
        raise
    except (VpopmailError, OSError) as error:
        print(failure, end="")
        complain(NAME, reason(error))
        return FAILED
    if isinstance(told, str):
        print(told, end="")
    return 0


def _values(options: list[tuple[str, str | None]]) -> dict[str, int]:
    """The limits that the options give, by the names of VLimits."""
    values: dict[str, int] = {}
    for letter, text in options:
        if letter in _NUMBERS:
            values[_NUMBERS[letter]] = _number(letter, text or "")
        elif letter in _PERMISSIONS:
            values[_PERMISSIONS[letter]] = permission_from(text or "")
        elif letter == "q":
            values["defaultquota"] = _bytes(text or "")
        elif letter == "g":
            values.update(flags_from(text or ""))
    return values


def _number(letter: str, text: str) -> int:
    number = -1 if text == "-1" else whole_number(text)
    if number is None:
        raise Misuse(f"-{letter} takes a number, or -1 for no limit, not {text!r}")
    return number


def _bytes(text: str) -> int:
    if text == "-1":
        return -1
    from vpopmail.errors import InvalidQuota
    from vpopmail.formats.maildirsize import format_quota, parse_quota

    try:
        size, count = parse_quota(format_quota(text.upper()))
    except InvalidQuota:
        size, count = 0, 1
    if count:
        raise Misuse(f"-q takes a number of bytes such as 10485760 or 10M, not {text!r}")
    return size


if __name__ == "__main__":
    main()
