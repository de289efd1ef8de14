"""The records that stores and faces exchange: users, domains, limits, directory control.

Plain classes with slots: a login must not pay for more.
"""

from __future__ import annotations

TYPE_CHECKING = False

# Bits of pw_gid and pw_flags (formats: vpasswd, field 4).
NO_PASSWD_CHNG = 0x00001
NO_POP = 0x00002
NO_WEBMAIL = 0x00004
NO_IMAP = 0x00008
BOUNCE_MAIL = 0x00010
NO_RELAY = 0x00020
NO_DIALUP = 0x00040
V_USER0 = 0x00080
V_USER1 = 0x00100
V_USER2 = 0x00200
V_USER3 = 0x00400
NO_SMTP = 0x00800
QA_ADMIN = 0x01000
V_OVERRIDE = 0x02000
NO_SPAMASSASSIN = 0x04000
DELETE_SPAM = 0x08000
SA_ADMIN = 0x10000
SA_EXPERT = 0x20000
NO_MAILDROP = 0x40000

USE_POP = 0
USE_APOP = 1
NOQUOTA = "NOQUOTA"
NEVER_LOGGED_IN = "0.0.0.0"  # noqa: S104 - the marker in lastauth, not an address to bind


class Record:
    """Base of the records: equality, copying and a repr from the slots."""

    __slots__: tuple[str, ...] = ()
    _secret: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={'...' if name in self._secret else repr(getattr(self, name))}"
            for name in self.__slots__
        )
        return f"{type(self).__name__}({shown})"


class FrozenRecord(Record):
    """Base of the records that stay as they were made: hashable, without assignment."""

    __slots__: tuple[str, ...] = ()

    def _fill(self, **members: object) -> None:
        for name, value in members.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed: {name}")

    def __hash__(self) -> int:  # type: ignore[override]
        members = [getattr(self, name) for name in type(self).__slots__]
        return hash((type(self), *members))


class VqPasswd(Record):
    """One user: the struct vqpasswd of the C library.

    Attributes:
        pw_name: the local part, lower case.
        pw_passwd: the crypt string; ``""`` is no password, so no login.
        pw_uid: not a system uid: 1 for POP, 2 for APOP.
        pw_gid: the user's own flag bits, which is what gets stored.
        pw_flags: the effective bits: pw_gid with the domain's limits; never stored.
        pw_gecos: a comment.
        pw_dir: absolute home, the parent of Maildir.
        pw_shell: the quota: NOQUOTA, ``<bytes>S``, ``<count>C``, both with a comma, or ``""``.
        pw_clear_passwd: the clear password, or ``""``.

    Its repr shows no password. Source: formats, vpasswd.
    """

    __slots__ = (
        "pw_clear_passwd",
        "pw_dir",
        "pw_flags",
        "pw_gecos",
        "pw_gid",
        "pw_name",
        "pw_passwd",
        "pw_shell",
        "pw_uid",
    )
    _secret = ("pw_passwd", "pw_clear_passwd")

    def __init__(  # noqa: PLR0913, PLR0917 - the struct has nine members
        self,
        pw_name: str = "",
        pw_passwd: str = "",
        pw_uid: int = 1,
        pw_gid: int = 0,
        pw_gecos: str = "",
        pw_dir: str = "",
        pw_shell: str = NOQUOTA,
        pw_clear_passwd: str = "",
        pw_flags: int | None = None,
    ) -> None:
        self.pw_name = pw_name
        self.pw_passwd = pw_passwd
        self.pw_uid = pw_uid
        self.pw_gid = pw_gid
        self.pw_flags = pw_gid if pw_flags is None else pw_flags
        self.pw_gecos = pw_gecos
        self.pw_dir = pw_dir
        self.pw_shell = pw_shell
        self.pw_clear_passwd = pw_clear_passwd

    def copy(self) -> VqPasswd:
        """A fresh record with the same content."""
        new = VqPasswd.__new__(VqPasswd)
        new.pw_name = self.pw_name
        new.pw_passwd = self.pw_passwd
        new.pw_uid = self.pw_uid
        new.pw_gid = self.pw_gid
        new.pw_flags = self.pw_flags
        new.pw_gecos = self.pw_gecos
        new.pw_dir = self.pw_dir
        new.pw_shell = self.pw_shell
        new.pw_clear_passwd = self.pw_clear_passwd
        return new


class DomainEntry(Record):
    """One ``+`` line of users/assign.

    Attributes:
        domain: the name as listed.
        realdomain: the real domain; another name than ``domain`` for an alias domain.
        uid, gid: owner of the files, numbers.
        path: absolute directory of the real domain.
    """

    __slots__ = ("domain", "gid", "path", "realdomain", "uid")

    def __init__(self, domain: str, realdomain: str, uid: int, gid: int, path: str) -> None:
        self.domain = domain
        self.realdomain = realdomain
        self.uid = uid
        self.gid = gid
        self.path = path

    def copy(self) -> DomainEntry:
        """A fresh record with the same content."""
        return DomainEntry(self.domain, self.realdomain, self.uid, self.gid, self.path)

    @property
    def is_alias(self) -> bool:
        """Whether the name stands for another domain."""
        return self.domain != self.realdomain


class VLimits(Record):
    """The limits of a domain: the struct vlimits of the C library.

    Counts: -1 is unlimited. ``diskquota``: MB for the domain, ``maxmsgcount``: messages in the
    domain, ``defaultquota`` (bytes) and ``defaultmaxmsgcount``: for new users; 0 is none.
    ``disable_*`` and ``delete_spam``: 0 or 1. ``perm_*``: bits 1 create, 2 modify, 4 delete,
    forbidden to administrators other than postmaster. Source: formats, .qmailadmin-limits.
    """

    __slots__ = (
        "defaultmaxmsgcount",
        "defaultquota",
        "delete_spam",
        "disable_dialup",
        "disable_imap",
        "disable_maildrop",
        "disable_passwordchanging",
        "disable_pop",
        "disable_relay",
        "disable_smtp",
        "disable_spamassassin",
        "disable_webmail",
        "diskquota",
        "maxaliases",
        "maxautoresponders",
        "maxforwards",
        "maxmailinglists",
        "maxmsgcount",
        "maxpopaccounts",
        "perm_account",
        "perm_alias",
        "perm_autoresponder",
        "perm_defaultquota",
        "perm_forward",
        "perm_maillist",
        "perm_maillist_moderators",
        "perm_maillist_users",
        "perm_quota",
    )

    def __init__(self, **values: int) -> None:
        for name in self.__slots__:
            unlimited = name.startswith("max") and name != "maxmsgcount"
            setattr(self, name, -1 if unlimited else 0)
        for name, value in values.items():
            setattr(self, name, value)

    if TYPE_CHECKING:
        maxpopaccounts: int
        maxaliases: int
        maxforwards: int
        maxautoresponders: int
        maxmailinglists: int
        diskquota: int
        maxmsgcount: int
        defaultquota: int
        defaultmaxmsgcount: int
        disable_pop: int
        disable_imap: int
        disable_dialup: int
        disable_passwordchanging: int
        disable_webmail: int
        disable_relay: int
        disable_smtp: int
        disable_spamassassin: int
        delete_spam: int
        disable_maildrop: int
        perm_account: int
        perm_alias: int
        perm_forward: int
        perm_autoresponder: int
        perm_maillist: int
        perm_maillist_users: int
        perm_maillist_moderators: int
        perm_quota: int
        perm_defaultquota: int

    def copy(self) -> VLimits:
        """A fresh record with the same limits."""
        return VLimits(**{name: getattr(self, name) for name in self.__slots__})

    def flag_mask(self) -> int:
        """The flag bits that the ``disable_*`` limits add to every user of the domain."""
        mask = 0
        for name, bit in _LIMIT_FLAGS:
            if getattr(self, name):
                mask |= bit
        return mask


_LIMIT_FLAGS = (
    ("disable_pop", NO_POP),
    ("disable_smtp", NO_SMTP),
    ("disable_imap", NO_IMAP),
    ("disable_relay", NO_RELAY),
    ("disable_webmail", NO_WEBMAIL),
    ("disable_passwordchanging", NO_PASSWD_CHNG),
    ("disable_dialup", NO_DIALUP),
    ("disable_spamassassin", NO_SPAMASSASSIN),
    ("delete_spam", DELETE_SPAM),
    ("disable_maildrop", NO_MAILDROP),
)


class DirControl(Record):
    """The state of directory hashing: the struct vdir_type of the C library.

    Attributes:
        cur_users: entries counted, >= 0.
        level_cur: depth in use, 0..2.
        level_max: 3.
        level_start, level_end, level_mod, level_index: three ints each: first and last index in
            the alphabet, position of each level's character in ``the_dir``, current index.
        the_dir: where the next entry goes: ``""``, ``c``, ``c/c`` or ``c/c/c``.

    Source: formats, .dir-control.
    """

    __slots__ = (
        "cur_users",
        "level_cur",
        "level_end",
        "level_index",
        "level_max",
        "level_mod",
        "level_start",
        "the_dir",
    )

    def __init__(self) -> None:
        self.cur_users = 0
        self.level_cur = 0
        self.level_max = 3
        self.level_start = [0, 0, 0]
        self.level_end = [61, 61, 61]
        self.level_mod = [0, 2, 4]
        self.level_index = [0, 0, 0]
        self.the_dir = ""

    def copy(self) -> DirControl:
        """A fresh record with the same content."""
        new = DirControl()
        for name in self.__slots__:
            value = getattr(self, name)
            setattr(new, name, list(value) if isinstance(value, list) else value)
        return new


# Classes of lines of the log of logins.
VLOG_ERROR_INTERNAL = 0
VLOG_ERROR_LOGON = 1
VLOG_AUTH = 2
VLOG_ERROR_PASSWD = 3
VLOG_ERROR_ACCESS = 4


class LoginRecord(Record):
    """One line of the log of logins: a row of the C library's table vlog.

    Attributes:
        user, domain: who; texts, empty if not known.
        password: what was given, where the administrator chose to keep it; else empty.
        logon: the name as it was given.
        remote_ip: the client's address, or empty.
        message: what happened, in the words of the system log.
        time: seconds since 1970.
        status: its class: VLOG_ERROR_INTERNAL trouble of ours, VLOG_ERROR_LOGON no such user,
            VLOG_AUTH success, VLOG_ERROR_PASSWD wrong password, VLOG_ERROR_ACCESS closed service.

    Source: auth-and-delivery, logging; api, VLOG_*.
    """

    __slots__ = (
        "domain",
        "logon",
        "message",
        "password",
        "remote_ip",
        "status",
        "time",
        "user",
    )

    _secret = ("password",)

    def __init__(
        self,
        user: str,
        domain: str,
        *,
        logon: str = "",
        password: str = "",
        remote_ip: str = "",
        message: str = "",
        time: int = 0,
        status: int = 0,
    ) -> None:
        self.user = user
        self.domain = domain
        self.logon = logon
        self.password = password
        self.remote_ip = remote_ip
        self.message = message
        self.time = time
        self.status = status


def is_limited(quota: str) -> bool:
    """Whether a stored quota limits anything, so that a file is kept."""
    return bool(quota) and not quota.startswith("NO")
