"""How users are shown: whole, or single fields of them.

Many at a time, field by field: to make a text for each would take as long as all the rest.

Source: commands, listings.
"""

from __future__ import annotations

from time import ctime

from vpopmail import records
from vpopmail.errors import HomeMissing
from vpopmail.records import NEVER_LOGGED_IN, NOQUOTA
from vpopmail.settings.options import OLD_PROFILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.formats.user_columns import UserColumns
    from vpopmail.records import VqPasswd
    from vpopmail.site import Vpopmail

    Part = str | list[str]  # what all users have alike, or each his own

FIELDS = "npCugcdqQl"  # in the order in which they are shown
_LIMITS = (
    (records.NO_PASSWD_CHNG, "password can not be changed by user"),
    (records.NO_POP, "pop access closed"),
    (records.NO_WEBMAIL, "webmail access closed"),
    (records.NO_IMAP, "imap access closed"),
    (records.NO_SMTP, "smtp access is closed"),
    (records.NO_RELAY, "user not allowed to relay mail"),
    (records.NO_SPAMASSASSIN, "spamassassin processing disabled"),
    (records.DELETE_SPAM, "delete spam"),
    (records.NO_MAILDROP, "maildrop processing disabled"),
    (records.NO_DIALUP, "no dialup flag has been set"),
    (records.BOUNCE_MAIL, "mail will be bounced back to sender"),
    (records.QA_ADMIN, "has qmailadmin administrator access"),
    (records.SA_ADMIN, "has system administrator access"),
    (records.SA_EXPERT, "has expert access"),
    (records.V_USER0, "user flag 0 is set"),
    (records.V_USER1, "user flag 1 is set"),
    (records.V_USER2, "user flag 2 is set"),
    (records.V_USER3, "user flag 3 is set"),
    (records.V_OVERRIDE, "user is not subject to domain limits"),
)
_MEMBERS = {
    "n": "pw_name",
    "p": "pw_passwd",
    "u": "pw_uid",
    "g": "pw_gid",
    "c": "pw_gecos",
    "d": "pw_dir",
    "q": "pw_shell",
}
_NO_LIMITS = "limits: No user limits set.\n"
_INDENT = "        "
_NOT_KEPT = "(null)"


class UserListing:
    """How users of one domain are shown.

    Args:
        site: whose.
        domain: a domain or alias domain that exists.
        letters: the fields to show, some of ``FIELDS`` in their order; ``""``: all, with names.
        above: what comes before each user.
    """

    def __init__(self, site: Vpopmail, domain: str, letters: str = "", above: str = "") -> None:
        self._site = site
        self._domain = domain
        self._letters = letters
        self._above = above
        settings = site.settings
        self._shows_logins = settings.auth_logging and (not letters or "l" in letters)
        self._hides_clear = not settings.clear_passwd and settings.profile != OLD_PROFILE

    def text(self, users: UserColumns) -> str:
        """What is shown of some users, in lines."""
        parts = self._fields(users) if self._letters else self._whole(users)
        return _woven([self._above, *parts], len(users))

    def _whole(self, users: UserColumns) -> list[Part]:
        return [
            "name:   ",
            users.pw_name,
            "\npasswd: ",
            users.pw_passwd,
            "\nclear passwd: ",
            self._clear(users),
            "\ncomment/gecos: ",
            users.pw_gecos,
            "\nuid:    ",
            _digits(users.pw_uid),
            "\ngid:    ",
            _digits(users.pw_gid),
            "\nflags:  ",
            _digits(users.pw_flags),
            "\ngecos: ",
            users.pw_gecos,
            "\n",
            _limits(users),
            "dir:       ",
            users.pw_dir,
            "\nquota:     ",
            users.pw_shell,
            "\nusage:     ",
            self._usage(users),
            "\n",
            self._logins(users),
        ]

    def _fields(self, users: UserColumns) -> list[Part]:
        parts: list[Part] = []
        for letter in self._letters:
            if letter == "l":
                parts.append(self._logins(users))
            else:
                parts += (self._field(letter, users), "\n")
        return parts

    def _field(self, letter: str, users: UserColumns) -> Part:
        if letter == "C":
            return self._clear(users)
        if letter == "Q":
            return self._usage(users)
        column = getattr(users, _MEMBERS[letter])
        return _digits(column) if letter in "ug" else column

    def _clear(self, users: UserColumns) -> Part:
        return _NOT_KEPT if self._hides_clear else users.pw_clear_passwd

    def _usage(self, users: UserColumns) -> Part:
        if users.pw_shell.count(NOQUOTA) == len(users):
            return NOQUOTA
        return [self._usage_of(user) for user in users.records()]

    def _usage_of(self, user: VqPasswd) -> str:
        if user.pw_shell == NOQUOTA:
            return NOQUOTA
        try:
            percent = self._site.quotas.usage_of(self._domain, user).percent
        except HomeMissing:
            percent = 0
        return f"{percent}%"

    def _logins(self, users: UserColumns) -> Part:
        if not self._shows_logins:
            return ""
        logins = self._site.users.last_auths(self._domain, users.records())
        return [_login_lines(login) for _, login in logins]


def _woven(parts: list[Part], count: int) -> str:
    """The parts one after the other, once for each user: the same text, or that of the user."""
    width = len(parts)
    texts = [part if isinstance(part, str) else "" for part in parts] * count
    for place, part in enumerate(parts):
        if not isinstance(part, str):
            texts[place::width] = part
    return "".join(texts)


def _digits(numbers: list[int]) -> list[str]:
    known = {number: str(number) for number in set(numbers)}
    return [known[number] for number in numbers]


def _limits(users: UserColumns) -> Part:
    if not any(users.pw_flags):
        return _NO_LIMITS
    pairs = list(zip(users.pw_flags, users.pw_gid, strict=True))
    known = {pair: limit_lines(*pair) for pair in set(pairs)}
    return [known[pair] for pair in pairs]


def _login_lines(login: tuple[str, int] | None) -> str:
    if login is None:
        return "last auth: Never logged in\n"
    address, seconds = login
    if address == NEVER_LOGGED_IN:
        return f"account created: {ctime(seconds)}\nlast auth: Never logged in\n"
    return f"last auth: {ctime(seconds)}\nlast auth ip: {address}\n"


def limit_lines(flags: int, own: int) -> str:
    """Flags of a user in words; a star marks what only the limits of the domain set.

    Args:
        flags: the effective ones.
        own: those of the user himself.
    """
    if not flags:
        return _NO_LIMITS
    lines = ["limits:\n"]
    for bit, text in _LIMITS:
        if flags & bit:
            star = "" if own & bit else " (*)"
            lines.append(f"{_INDENT}{text}{star}\n")
    if flags != own:
        lines.append(f"{_INDENT}* = set by domain-wide limits\n")
    return "".join(lines)
