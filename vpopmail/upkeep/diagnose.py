"""The manual's troubleshooting chain for one login: each step looked at, nothing written or locked.

Source: manual, "How to troubleshoot vpopmail".
"""

from __future__ import annotations

import os

from vpopmail.accounts.lookup import may_look
from vpopmail.backends import flaws
from vpopmail.errors import DomainDirectoryMissing, FormatError, LimitsUnreadable, VpopmailError
from vpopmail.formats import assign
from vpopmail.formats.text import split_lines
from vpopmail.log import reason
from vpopmail.names import (
    MAX_DOMAIN,
    has_domain_characters,
    has_user_characters,
    split_address,
)
from vpopmail.passwords import verify
from vpopmail.passwords.stored import scheme_of
from vpopmail.records import (
    BOUNCE_MAIL,
    NO_DIALUP,
    NO_IMAP,
    NO_POP,
    NO_SMTP,
    NO_WEBMAIL,
    V_OVERRIDE,
)
from vpopmail.safeio.rights import can_enter
from vpopmail.safeio.view import read_file
from vpopmail.upkeep.advice import REBUILD, REPAIR
from vpopmail.upkeep.diagnose_mailbox import look_at_home, look_at_maildir
from vpopmail.upkeep.diagnosis import Diagnosis, Found, LoginStep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.backends.flaws import Flaw
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd

_NAMES = (
    "name",
    "domain",
    "users/cdb",
    "directory",
    "account",
    "index",
    "lines",
    "password",
    "flags",
    "home",
    "Maildir",
)
_SERVICES = (
    (NO_POP, "POP"),
    (NO_IMAP, "IMAP"),
    (NO_SMTP, "SMTP"),
    (NO_WEBMAIL, "webmail"),
)
_BESIDE = ((NO_DIALUP, "dial-up is shut"), (BOUNCE_MAIL, "its mail bounces"))


def diagnose_login(
    installation: Installation, address: str, password: str | bytes | None = None
) -> Diagnosis:
    """See ``Vpopmail.diagnose``."""
    login = _Login(installation, address, password)
    return Diagnosis(address, [_step(name, login) for name in _NAMES])


def _step(name: str, login: _Login) -> LoginStep:
    """A step; whatever is in the way is its failure."""
    examine = login.steps()[name]
    try:
        found = examine()
    except (VpopmailError, OSError) as error:
        return LoginStep(name, False, reason(error), "let it be read")
    return LoginStep(name, None) if found is None else LoginStep(name, *found)


class _Login:
    """One login: what is known of it grows from step to step.

    Args:
        installation: the site.
        address: as given.
        password: as given; None: none.
    """

    def __init__(
        self, installation: Installation, address: str, password: str | bytes | None
    ) -> None:
        self.installation = installation
        self.address = address
        self.user_name, self.domain_name = split_address(address)
        if not isinstance(password, str | bytes | None):
            raise TypeError(f"a str or bytes are needed, not {type(password).__name__}")
        self._password = password
        self.entry: DomainEntry | None = None
        self.user: VqPasswd | None = None
        self.was_asked = False  # the account store, and it has answered
        self.home_is_right = False

    def steps(self) -> dict[str, Callable[[], Found | None]]:
        """What looks at each step."""
        looks = (
            self._name,
            self._domain,
            self._users_cdb,
            self._directory,
            self._account,
            self._index,
            self._lines,
            self._stored_password,
            self._flags,
            self._home,
            self._maildir,
        )
        return dict(zip(_NAMES, looks, strict=True))

    # the name and its domain

    def _name(self) -> Found:
        user, domain = self.user_name, self.domain_name
        if not user or not domain:
            return False, "it has no user or no domain", "log in as user@domain"
        if not has_user_characters(user):
            return False, "the user name has a character that none can have", "look at its spelling"
        if not has_domain_characters(domain) and domain.isascii():
            return False, "the domain has a character that none can have", "look at its spelling"
        longest = self.installation.settings.max_user_name
        if len(user) > longest or len(domain) > MAX_DOMAIN:
            return False, "the user name or the domain is too long", "look at its spelling"
        return True, f"{user} at {domain}", ""

    def _domain(self) -> Found | None:
        if not self.domain_name:
            return None
        settings = self.installation.settings
        path = settings.users_cdb_path
        if not os.path.lexists(path):
            if self._in_text() is not None:
                return False, f"{path} is not there", REPAIR
            advice = f"add the first domain; if there were domains, {REBUILD}"
            return False, f"{path} is not there", advice
        os.stat(path)
        if not os.access(path, os.R_OK, effective_ids=True):
            return False, f"{path} cannot be read by this process", "let it be read: 0644"
        self.entry = self.installation.resolve(self.domain_name)
        if self.entry is None:
            listed = self._in_text() is not None
            where = "only in users/assign" if listed else f"neither in {path} nor in users/assign"
            advice = REPAIR if listed else "look at its spelling, or add it"
            return False, f"the domain is {where}", advice
        return True, self._shown_domain(self.entry), ""

    def _shown_domain(self, entry: DomainEntry) -> str:
        what = f"in {entry.path}, served as {entry.uid}:{entry.gid}"
        return f"alias domain of {entry.realdomain}, {what}" if entry.is_alias else what

    def _users_cdb(self) -> Found | None:
        entry = self.entry
        if entry is None:
            return None
        settings = self.installation.settings
        text_path = f"{settings.qmaildir}/users/assign"
        text = os.stat(text_path)
        try:
            assign.compile_users(read_file(text_path) or b"")
        except FormatError as error:
            advice = "correct the line: users/cdb cannot be made anew until then"
            return False, f"{error.subject}: {error.advice}", advice
        if self._in_text() != entry:
            return False, "users/assign has another line for the domain, or none", REPAIR
        if os.stat(settings.users_cdb_path).st_mtime_ns < text.st_mtime_ns:
            return False, "it is older than users/assign, though equal for the domain", REPAIR
        return True, "no older than users/assign, and equal for the domain", ""

    def _in_text(self) -> DomainEntry | None:
        """What users/assign says of the domain."""
        text = read_file(f"{self.installation.settings.qmaildir}/users/assign") or b""
        name = self.domain_name if self.entry is None else self.entry.domain
        key = assign.lookup_key(name.encode("utf-8", "surrogateescape"))
        for line in split_lines(text):
            found = assign.parse_line(line)
            if found is not None and b"!" + line[1:].partition(b":")[0].lower() == key:
                found.domain = name
                return found
        return None

    def _directory(self) -> Found | None:
        entry = self.entry
        if entry is None:
            return None
        try:
            self.installation.open_domain(entry).close()
        except DomainDirectoryMissing as error:
            return False, str(error), "put it back, or see who made a link on the way to it"
        shut = can_enter(entry.path, entry.uid, entry.gid)
        if shut:
            who = f"{entry.uid}:{entry.gid}"
            return False, f"{shut} cannot be entered by {who}", f"let {who} enter it"
        return True, f"{entry.path} is there and can be entered", ""

    # the account

    def _account(self) -> Found | None:
        entry = self.entry
        if entry is None:
            return None
        if not may_look(self.installation, entry):
            return False, "this process may not look", "run it as root or as the domain's owner"
        self.user = self.installation.backend.find(entry, self.user_name)
        self.was_asked = True
        if self.user is not None:
            return True, f"found in the {self.installation.settings.backend} backend", ""
        if self.installation.aliases.read_alias(entry, self.user_name) is not None:
            return False, "an alias, which nobody can log in to", "log in as the user it leads to"
        return False, f"no such user at {entry.realdomain}", "look at its spelling, or add the user"

    def _index(self) -> Found | None:
        found = self._flaws(flaws.INDEX, flaws.LOST)
        if found is None:
            return None
        if found:
            lost = found[0].kind == flaws.LOST
            advice = "put it back from a backup" if lost else REPAIR
            return False, f"{found[0].subject}: {found[0].what}", advice
        if not self.was_asked:
            return None
        return True, "the users are found where they are stored", ""

    def _lines(self) -> Found | None:
        found = self._flaws(flaws.MALFORMED, flaws.DOUBLE, flaws.LOST)
        if found is None or any(one.kind == flaws.LOST for one in found):
            return None
        # A double of somebody else keeps nobody out.
        found = [one for one in found if one.kind != flaws.DOUBLE or one.name == self.user_name]
        if found:
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            says = f"{found[0].subject}: {found[0].what}{more}"
            return False, says, f"correct the line; {REPAIR}"
        if not self.was_asked:
            return None
        return True, "all are well-formed", ""

    def _flaws(self, *kinds: str) -> list[Flaw] | None:
        entry = self.entry
        if entry is None or not may_look(self.installation, entry):
            return None
        return [flaw for flaw in self.installation.backend.flaws(entry) if flaw.kind in kinds]

    def _stored_password(self) -> Found | None:
        user = self.user
        if user is None:
            return None
        reset = "vpopmail user password gives a new one"
        scheme = scheme_of(user.pw_passwd)
        if not user.pw_passwd and self.installation.settings.learn_passwords:
            return True, "none is stored: the first that is given will be", ""
        if scheme is None:
            what = "what is stored is in no scheme that is known here"
            return False, what if user.pw_passwd else "no password is stored", reset
        if self._password is None:
            return True, f"one is stored ({scheme}); it was not compared", ""
        if verify(self._password, user.pw_passwd):
            return True, f"it is right ({scheme})", ""
        return False, f"it is wrong ({scheme})", f"look at its spelling; {reset}"

    def _flags(self) -> Found | None:
        entry, user = self.entry, self.user
        if entry is None or user is None:
            return None
        try:
            by_limits = self.installation.limits.read_flag_mask(entry)
        except LimitsUnreadable as error:
            return False, str(error), "let it be read: its limits do not hold meanwhile"
        by_limits = 0 if user.pw_gid & V_OVERRIDE else by_limits
        beside = [words for bit, words in _BESIDE if (user.pw_gid | by_limits) & bit]
        shut = [
            _shown_flag(name, bit, user.pw_gid)
            for bit, name in _SERVICES
            if (user.pw_gid | by_limits) & bit
        ]
        if shut:
            advice = _how_to_open(user.pw_gid, by_limits)
            return False, "shut: " + ", ".join([*shut, *beside]), advice
        open_ = ", ".join(name for _, name in _SERVICES)
        return True, "; ".join([f"open: {open_}", *beside]), ""

    # the mailbox

    def _home(self) -> Found | None:
        if self.entry is None or self.user is None:
            return None
        found = look_at_home(self.installation, self.entry, self.user)
        self.home_is_right = found[0] and bool(self.user.pw_dir)
        return found

    def _maildir(self) -> Found | None:
        if self.entry is None or self.user is None or not self.home_is_right:
            return None
        return look_at_maildir(self.installation, self.entry, self.user)


def _how_to_open(own: int, by_limits: int) -> str:
    commands = ("vpopmail user set", own), ("vpopmail limits set", by_limits)
    shut = (
        (command, [f"--{name.lower()}" for bit, name in _SERVICES if bits & bit])
        for command, bits in commands
    )
    return "; ".join(f"{command} {' '.join(options)}" for command, options in shut if options)


def _shown_flag(name: str, bit: int, own: int) -> str:
    return name if own & bit else f"{name} (by the limits of the domain)"
