"""How users are shown: whole, or single fields of them. Source: commands, listings."""

from __future__ import annotations

from itertools import repeat
from time import ctime

from vpopmail import records
from vpopmail.errors import HomeMissing
from vpopmail.records import NEVER_LOGGED_IN, NOQUOTA
from vpopmail.settings.options import OLD_PROFILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpopmail.records import VqPasswd
    from vpopmail.site import Vpopmail

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
    """

    def __init__(self, site: Vpopmail, domain: str, letters: str = "") -> None:
        self._site = site
        self._domain = domain
        self._letters = letters
        settings = site.settings
        self._shows_logins = settings.auth_logging and (not letters or "l" in letters)
        self._hides_clear = not settings.clear_passwd and settings.profile != OLD_PROFILE

    def texts(self, users: Iterable[VqPasswd]) -> Iterator[str]:
        """What is shown of each user, in lines."""
        show = self._fields if self._letters else self._whole
        if not self._shows_logins:
            return map(show, users, repeat(""))
        logins = self._site.users.last_auths(self._domain, users)
        return (show(user, _login_lines(login)) for user, login in logins)

    def _whole(self, user: VqPasswd, login: str) -> str:
        quota = user.pw_shell
        return (
            f"name:   {user.pw_name}\n"
            f"passwd: {user.pw_passwd}\n"
            f"clear passwd: {_NOT_KEPT if self._hides_clear else user.pw_clear_passwd}\n"
            f"comment/gecos: {user.pw_gecos}\n"
            f"uid:    {user.pw_uid}\n"
            f"gid:    {user.pw_gid}\n"
            f"flags:  {user.pw_flags}\n"
            f"gecos: {user.pw_gecos}\n"
            f"{limit_lines(user) if user.pw_flags else _NO_LIMITS}"
            f"dir:       {user.pw_dir}\n"
            f"quota:     {quota}\n"
            f"usage:     {NOQUOTA if quota == NOQUOTA else self._usage(user)}\n"
            f"{login}"
        )

    def _fields(self, user: VqPasswd, login: str) -> str:
        lines = ""
        for letter in self._letters:
            member = _MEMBERS.get(letter)
            if member is not None:
                lines += f"{getattr(user, member)}\n"
            elif letter == "C":
                lines += f"{_NOT_KEPT if self._hides_clear else user.pw_clear_passwd}\n"
            elif letter == "Q":
                lines += f"{self._usage(user)}\n"
            else:
                lines += login
        return lines

    def _usage(self, user: VqPasswd) -> str:
        if user.pw_shell == NOQUOTA:
            return NOQUOTA
        try:
            percent = self._site.quotas.usage_of(self._domain, user).percent
        except HomeMissing:
            percent = 0
        return f"{percent}%"


def _login_lines(login: tuple[str, int] | None) -> str:
    if login is None:
        return "last auth: Never logged in\n"
    address, seconds = login
    if address == NEVER_LOGGED_IN:
        return f"account created: {ctime(seconds)}\nlast auth: Never logged in\n"
    return f"last auth: {ctime(seconds)}\nlast auth ip: {address}\n"


def limit_lines(user: VqPasswd) -> str:
    """The flags of a user in words; a star marks what only the limits of the domain set."""
    if not user.pw_flags:
        return _NO_LIMITS
    lines = ["limits:\n"]
    for bit, text in _LIMITS:
        if user.pw_flags & bit:
            star = "" if user.pw_gid & bit else " (*)"
            lines.append(f"{_INDENT}{text}{star}\n")
    if user.pw_flags != user.pw_gid:
        lines.append(f"{_INDENT}* = set by domain-wide limits\n")
    return "".join(lines)
