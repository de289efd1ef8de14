"""The table of options: name, kind, default and meaning of every setting.

The names are those of the manual's configure options, without ``enable`` or ``disable``. The
library and header directories (``incdir``, ``libdir``) mean nothing to Python and are not here.
Source: manual, "Configure options".
"""

from __future__ import annotations

from vpopmail.settings.kinds import (
    Addresses,
    Choice,
    Kind,
    Name,
    Owner,
    Path,
    Secret,
    Text,
    Whole,
    YesNo,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "VPOPMAIL_"
OLD_PROFILE = "5.4"
NEW_PROFILE = "5.6"


class Option:
    """One option.

    Attributes:
        name: the key in arguments and in the file.
        kind: what it may hold.
        default: its value in profile 5.6.
        old_default: its value in profile 5.4.
        doc: its meaning, in one line.
        variable: the environment variable that sets it.
    """

    __slots__ = ("default", "doc", "kind", "name", "old_default", "variable")

    def __init__(
        self, name: str, kind: Kind, default: object, doc: str, old_default: object = None
    ) -> None:
        self.name = name
        self.kind = kind
        self.default = default
        self.old_default = default if old_default is None else old_default
        self.doc = doc
        self.variable = PREFIX + name.upper()

    def default_for(self, profile: object) -> object:
        """The default in a profile, ``"5.4"`` or ``"5.6"``."""
        return self.old_default if profile == OLD_PROFILE else self.default


_BOOL = YesNo()
_NAME = Name()
_TEXT = Text()
_PATH = Path()
_MAYBE_PATH = Path(optional=True)

_SITE = (
    Option("vpopmaildir", _MAYBE_PATH, "", "Base directory; nothing: the home of vpopuser."),
    Option("qmaildir", _PATH, "/var/qmail", "Directory of qmail: users, control, bin."),
    Option("vpopuser", Owner(), "vpopmail", "User that owns the domains."),
    Option(
        "vpopgroup",
        Owner(optional=True),
        "",
        "Group that owns the domains; nothing: vpopuser's own group, or vchkpw if it has no entry.",
    ),
    Option("backend", _NAME, "cdb", "Where accounts are stored: the auth module."),
    Option(
        "profile",
        Choice(OLD_PROFILE, NEW_PROFILE),
        NEW_PROFILE,
        "Generation of vpopmail whose defaults and name lengths hold.",
    ),
    Option("domains_dir", _NAME, "domains", "Name of the directory of domains below a base."),
    Option("bindir", _MAYBE_PATH, "", "Directory of our programs; nothing: vpopmaildir/bin."),
    Option("users_big_dir", _BOOL, True, "Spread many users and domains over sub-directories."),
    Option("check_caller", _BOOL, True, "Serve root and the domain's owner only."),
)

_SAFETY = (
    Option(
        "file_locking",
        _BOOL,
        True,
        "Has no effect: files are always locked, with locks that exclude those of the C programs.",
    ),
    Option("lock_timeout", Whole(0, 86400), 20, "Seconds to wait for a lock."),
    Option("sync", _BOOL, True, "Write through to the disk before a change is reported as done."),
)

_PASSWORDS = (
    Option("sha512_passwords", _BOOL, True, "Make SHA-512 passwords; wins over MD5.", False),
    Option("md5_passwords", _BOOL, False, "Make MD5 passwords; without it and SHA-512, DES.", True),
    Option(
        "password_scheme",
        Choice("bcrypt", "argon2", "sha512", "md5", "des", optional=True),
        "",
        "Make such passwords, whatever the two above say; bcrypt and argon2 need the extra of that "
        "name. Nothing: as they say.",
    ),
    Option(
        "rehash_passwords",
        _BOOL,
        False,
        "At a login, hash the password anew if the site's scheme is another that is no weaker, or "
        "costs more.",
    ),
    Option("clear_passwd", _BOOL, False, "Store the clear password as well.", True),
    Option("learn_passwords", _BOOL, False, "A user without a password keeps the first he gives."),
    Option("sqwebmail_pass", _BOOL, False, "Copy the crypted password into the Maildir."),
    Option("passwd", _BOOL, False, "Let users of /etc/passwd log in too."),
)

_QMAIL = (
    Option("qmail_cdb_name", _NAME, "cdb", "Name of the compiled users/assign, in qmail's users."),
    Option("qmail_newu", _MAYBE_PATH, "", "Program that compiles users/assign; nothing: built in."),
    Option(
        "qmail_newmrh", _MAYBE_PATH, "", "Program that compiles morercpthosts; nothing: built in."
    ),
    Option(
        "qmail_inject",
        _MAYBE_PATH,
        "",
        "Program that sends a message; nothing: qmaildir/bin/qmail-inject.",
    ),
)

_DELIVERY = (
    Option("qmail_ext", _BOOL, False, "Deliver user-extension addresses to the user."),
    Option("defaultdelivery", _BOOL, False, "Take delivery lines from control/defaultdelivery."),
    Option(
        "file_sync",
        _BOOL,
        True,
        "Write every delivered message through to the disk before it is acknowledged.",
    ),
    Option("make_seekable", _BOOL, True, "Copy a message that cannot be rewound to a file."),
    Option("domainquotas", _BOOL, False, "Hold a domain to its own quota."),
    Option("spamassassin", _BOOL, False, "Filter messages with SpamAssassin."),
    Option("spamc_prog", _PATH, "/usr/bin/spamc", "Program that asks SpamAssassin."),
    Option("maildrop", _BOOL, False, "Hand messages to maildrop."),
    Option("maildrop_prog", _PATH, "/usr/bin/maildrop", "Program of maildrop."),
    Option(
        "program_seconds",
        Whole(0, 604800),
        3600,
        "Seconds that a program of a delivery may run before it is killed; 0: for ever.",
    ),
    Option(
        "program_output",
        Whole(0, 16777216),
        65536,
        "Bytes of a program's output that are passed on; the rest is dropped.",
    ),
)

_ROAMING = (
    Option("roaming_users", _BOOL, False, "Let an address send mail for a while after its login."),
    Option("relay_clear_minutes", Whole(1, 525600), 180, "Minutes for which it may."),
    Option("tcpserver_file", _MAYBE_PATH, "", "tcpserver's rules; nothing: etc/tcp.smtp."),
    Option("tcprules_prog", _MAYBE_PATH, "", "Program that compiles them; nothing: built in."),
    Option("rebuild_tcpserver_file", _BOOL, True, "Compile them when a login adds an address."),
    Option(
        "webmail_servers",
        Addresses(),
        ("127.0.0.1", "::1"),
        "Addresses of webmail servers: POP and IMAP from there is webmail.",
    ),
    Option("ip_alias_domains", _BOOL, False, "Take the default domain from the server's address."),
)

_RECORDS = (
    Option("auth_logging", _BOOL, True, "Keep time and address of each user's last login."),
    Option(
        "logging",
        Choice("n", "e", "y", "p", "v"),
        "e",
        "Logins told to syslog: n none, e errors, y all, p errors and v all, with passwords.",
    ),
    Option("log_name", _TEXT, "vpopmail", "Name used in syslog."),
    Option(
        "checkpassword_codes",
        _BOOL,
        False,
        "Let vchkpw end as the checkpassword interface has it, for Dovecot, not as in C.",
    ),
    Option("onchange_script", _BOOL, False, "Run etc/onchange after each change."),
)

_DATABASE = (
    Option(
        "database_url",
        Secret(),
        "",
        "Where the database is: scheme://user:password@host:port/name. Nothing: as the C library.",
    ),
    Option("many_domains", _BOOL, True, "One table for all domains, not one for each."),
    Option("valias", _BOOL, False, "Store aliases in the database."),
    Option("mysql_limits", _BOOL, False, "Store domain limits in the database."),
    Option("mysql_replication", _BOOL, False, "Read from one database server, write to another."),
    Option("sql_logging", _BOOL, False, "Log logins to the database."),
    Option("sql_remove_deleted", _BOOL, False, "Remove the log of what is deleted, too.", True),
    Option("sql_aliasdomains", _BOOL, True, "Copy alias domains into the database.", False),
)

SECTIONS: tuple[tuple[str, tuple[Option, ...]], ...] = (
    ("The site", _SITE),
    ("Locks and disks", _SAFETY),
    ("Passwords", _PASSWORDS),
    ("qmail", _QMAIL),
    ("Delivery", _DELIVERY),
    ("Roaming users and addresses", _ROAMING),
    ("Records and hooks", _RECORDS),
    ("Databases", _DATABASE),
)

OPTIONS: Mapping[str, Option] = {
    option.name: option for _title, options in SECTIONS for option in options
}
