"""The settings of a site, checked and complete.

Source: manual, "Configure options"; the lengths follow the profile.
"""

from __future__ import annotations

from vpopmail import errors
from vpopmail.settings.options import OLD_PROFILE, OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_DERIVED = ("gid", "max_clear_passwd", "max_gecos", "max_user_name", "uid")
_LONGEST_PASSWORD = 128  # characters
_LONGEST_BCRYPT = 72  # bcrypt looks at as many bytes


class Settings:
    """Every option of ``settings.options`` as an attribute, and what follows from them.

    Made by ``settings.load`` or ``settings.resolve``; cannot be changed.

    Attributes:
        uid, gid: numbers of vpopuser and vpopgroup.
        password_scheme: the scheme of new passwords: ``sha512``, ``md5``, ``des``, ``bcrypt`` or
            ``argon2``; never empty.
        max_user_name, max_gecos, max_clear_passwd: longest value allowed, in characters.
    """

    __slots__ = (*OPTIONS, *_DERIVED)

    vpopmaildir: str
    qmaildir: str
    vpopuser: str | int
    vpopgroup: str | int
    backend: str
    profile: str
    domains_dir: str
    bindir: str
    users_big_dir: bool
    check_caller: bool
    file_locking: bool
    lock_timeout: int
    sync: bool
    sha512_passwords: bool
    md5_passwords: bool
    password_scheme: str
    rehash_passwords: bool
    clear_passwd: bool
    learn_passwords: bool
    sqwebmail_pass: bool
    passwd: bool
    qmail_cdb_name: str
    qmail_newu: str
    qmail_newmrh: str
    qmail_inject: str
    qmail_ext: bool
    defaultdelivery: bool
    file_sync: bool
    make_seekable: bool
    domainquotas: bool
    spamassassin: bool
    spamc_prog: str
    maildrop: bool
    maildrop_prog: str
    program_seconds: int
    program_output: int
    roaming_users: bool
    relay_clear_minutes: int
    tcpserver_file: str
    tcprules_prog: str
    rebuild_tcpserver_file: bool
    webmail_servers: tuple[str, ...]
    ip_alias_domains: bool
    auth_logging: bool
    logging: str
    log_name: str
    checkpassword_codes: bool
    onchange_script: bool
    database_url: str
    many_domains: bool
    valias: bool
    mysql_limits: bool
    mysql_replication: bool
    sql_logging: bool
    sql_remove_deleted: bool
    sql_aliasdomains: bool
    uid: int
    gid: int
    max_user_name: int
    max_gecos: int
    max_clear_passwd: int

    def __init__(self, values: Mapping[str, object]) -> None:
        put = object.__setattr__
        for name in OPTIONS:
            put(self, name, values[name])
        put(self, "uid", user_number(self.vpopuser))
        put(self, "gid", _group_number(self.vpopgroup, self.uid))
        put(self, "vpopmaildir", self.vpopmaildir or home_of(self.vpopuser))
        put(self, "bindir", self.bindir or f"{self.vpopmaildir}/bin")
        put(self, "tcpserver_file", self.tcpserver_file or self.etc_path("tcp.smtp"))
        put(self, "qmail_inject", self.qmail_inject or f"{self.qmaildir}/bin/qmail-inject")
        self._derive_limits()

    def _derive_limits(self) -> None:
        put = object.__setattr__
        put(self, "password_scheme", self.password_scheme or self._scheme())
        old = self.profile == OLD_PROFILE
        put(self, "max_user_name", 32 if old else 64)
        put(self, "max_gecos", 48 if old else 64)
        shorter = {"des": 8 if old else 50, "bcrypt": _LONGEST_BCRYPT}
        put(self, "max_clear_passwd", shorter.get(self.password_scheme, _LONGEST_PASSWORD))

    def _scheme(self) -> str:
        if self.sha512_passwords:
            return "sha512"
        return "md5" if self.md5_passwords else "des"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"settings cannot be changed: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"settings cannot be changed: {name}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Settings):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.vpopmaildir, self.qmaildir, self.backend))

    def __repr__(self) -> str:
        return f"<Settings {self.backend} {self.vpopmaildir} {self.qmaildir} {self.profile}>"

    @property
    def domains_path(self) -> str:
        """Absolute directory of the site's domains."""
        return f"{self.vpopmaildir}/{self.domains_dir}"

    @property
    def users_cdb_path(self) -> str:
        """Absolute path of qmail's compiled users/assign."""
        return f"{self.qmaildir}/users/{self.qmail_cdb_name}"

    def etc_path(self, name: str) -> str:
        """Absolute path of a file in the site's etc directory."""
        return f"{self.vpopmaildir}/etc/{name}"


def user_number(user: str | int) -> int:
    """The uid of a user.

    Args:
        user: a name, or a number, which needs no entry in the user database.

    Raises:
        ConfigError: there is no such user.
    """
    if isinstance(user, int):
        return user
    import pwd  # a login with numbers in its settings does not need it

    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        advice = "there is no such user: make it, or name another"
        raise errors.ConfigError(f"vpopuser = {user!r}", advice) from None


def home_of(user: str | int) -> str:
    """The home directory of a user.

    Args:
        user: a name or a number.

    Raises:
        ConfigError: there is no such user, or its home is not an absolute path.
    """
    import pwd

    try:
        entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except KeyError:
        raise errors.ConfigError(
            f"vpopuser = {user!r}", "there is no such user, so vpopmaildir must be given"
        ) from None
    if not entry.pw_dir.startswith("/"):
        raise errors.ConfigError(
            f"vpopuser = {user!r}", "it has no home, so vpopmaildir must be given"
        )
    return entry.pw_dir.rstrip("/") or "/"


def _group_number(group: str | int, uid: int) -> int:
    if isinstance(group, int):
        return group
    if not group:
        import pwd

        try:
            return pwd.getpwuid(uid).pw_gid
        except KeyError:
            group = "vchkpw"
    import grp

    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        advice = "there is no such group: make it, or name another"
        raise errors.ConfigError(f"vpopgroup = {group!r}", advice) from None
