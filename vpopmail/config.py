"""Config: the settings of a site as an object to be made, compared and changed by programs.

It holds the same options as ``settings``, whose table checks every value; rooms read the
``Settings`` that it makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from vpopmail.settings import OPTIONS, SECTIONS, Settings, load, resolve
from vpopmail.settings.file import compile_file
from vpopmail.settings.sources import check

if TYPE_CHECKING:
    from vpopmail.settings import Option


def _option(name: str) -> Any:
    option = OPTIONS[name]

    def checked(value: object) -> object:
        return check({name: value}, "argument")[name]

    shown = not option.kind.secret
    return attrs.field(default=_default(option), converter=checked, repr=shown)


def _default(option: Option) -> object:
    if option.default == option.old_default:
        return option.default
    return attrs.Factory(lambda config: option.default_for(config.profile), takes_self=True)


@attrs.frozen(kw_only=True)
class Config:
    """The options of a site, each checked; docs/configuration.md says what they mean.

    A value may be given as its text. ``Config(...)`` takes the defaults for the rest,
    ``Config.load(...)`` also reads the environment and the site's file.

    Raises:
        ConfigError: a value is not allowed.

    Source: manual, "Configure options".
    """

    # The site
    vpopmaildir: str = _option("vpopmaildir")
    qmaildir: str = _option("qmaildir")
    vpopuser: str | int = _option("vpopuser")
    vpopgroup: str | int = _option("vpopgroup")
    backend: str = _option("backend")
    profile: str = _option("profile")
    domains_dir: str = _option("domains_dir")
    bindir: str = _option("bindir")
    users_big_dir: bool = _option("users_big_dir")
    check_caller: bool = _option("check_caller")
    # Locks and disks
    file_locking: bool = _option("file_locking")
    lock_timeout: int = _option("lock_timeout")
    sync: bool = _option("sync")
    # Passwords
    sha512_passwords: bool = _option("sha512_passwords")
    md5_passwords: bool = _option("md5_passwords")
    password_scheme: str = _option("password_scheme")
    rehash_passwords: bool = _option("rehash_passwords")
    clear_passwd: bool = _option("clear_passwd")
    learn_passwords: bool = _option("learn_passwords")
    sqwebmail_pass: bool = _option("sqwebmail_pass")
    passwd: bool = _option("passwd")
    # qmail
    qmail_cdb_name: str = _option("qmail_cdb_name")
    qmail_newu: str = _option("qmail_newu")
    qmail_newmrh: str = _option("qmail_newmrh")
    qmail_inject: str = _option("qmail_inject")
    # Delivery
    qmail_ext: bool = _option("qmail_ext")
    defaultdelivery: bool = _option("defaultdelivery")
    file_sync: bool = _option("file_sync")
    make_seekable: bool = _option("make_seekable")
    domainquotas: bool = _option("domainquotas")
    spamassassin: bool = _option("spamassassin")
    spamc_prog: str = _option("spamc_prog")
    maildrop: bool = _option("maildrop")
    maildrop_prog: str = _option("maildrop_prog")
    program_seconds: int = _option("program_seconds")
    program_output: int = _option("program_output")
    # Roaming users and addresses
    roaming_users: bool = _option("roaming_users")
    relay_clear_minutes: int = _option("relay_clear_minutes")
    tcpserver_file: str = _option("tcpserver_file")
    tcprules_prog: str = _option("tcprules_prog")
    rebuild_tcpserver_file: bool = _option("rebuild_tcpserver_file")
    webmail_servers: tuple[str, ...] = _option("webmail_servers")
    ip_alias_domains: bool = _option("ip_alias_domains")
    # Records and hooks
    auth_logging: bool = _option("auth_logging")
    logging: str = _option("logging")
    log_name: str = _option("log_name")
    checkpassword_codes: bool = _option("checkpassword_codes")
    onchange_script: bool = _option("onchange_script")
    # Databases
    database_url: str = _option("database_url")
    many_domains: bool = _option("many_domains")
    valias: bool = _option("valias")
    mysql_limits: bool = _option("mysql_limits")
    mysql_replication: bool = _option("mysql_replication")
    sql_logging: bool = _option("sql_logging")
    sql_remove_deleted: bool = _option("sql_remove_deleted")
    sql_aliasdomains: bool = _option("sql_aliasdomains")

    @classmethod
    def load(cls, **arguments: object) -> Config:
        """The options of the installed site.

        Args:
            arguments: values by option name. They win over ``VPOPMAIL_<OPTION>`` in the
                environment, that over etc/vpopmail.toml, that over the defaults.

        Returns:
            The options, with what follows from others filled in.

        Raises:
            ConfigError: a value is not allowed, an option is unknown, the file is unreadable
                or could have been written by somebody else, or there is no vpopuser.
        """
        settings = load(arguments)
        return cls(**{name: getattr(settings, name) for name in OPTIONS})

    @property
    def settings(self) -> Settings:
        """What the rooms of the house see: the options with all that follows from them.

        Raises:
            ConfigError: there is no such vpopuser or vpopgroup.
        """
        return resolve(attrs.asdict(self))

    @staticmethod
    def describe() -> str:
        """All options with kind, defaults and meaning, as Markdown."""
        return "\n".join(_section(title, options) for title, options in SECTIONS)


def compiled_settings(config: Config) -> bytes:
    """The content for etc/vpopmail.settings, which spares logins the TOML parser.

    Args:
        config: of a site with an etc/vpopmail.toml.

    Returns:
        The whole content; nothing is written.

    Raises:
        ConfigError: the TOML file is missing or wrong.
    """
    return compile_file(config.settings.etc_path("vpopmail.toml"))


def _section(title: str, options: tuple[Option, ...]) -> str:
    head = f"## {title}\n\n| Option | Values | Default | Meaning |\n|---|---|---|---|\n"
    return head + "".join(_row(option) for option in options)


def _row(option: Option) -> str:
    default = _shown(option, option.default)
    if option.old_default != option.default:
        default += f" (profile 5.4: {_shown(option, option.old_default)})"
    return f"| `{option.name}` | {option.kind.allowed} | {default} | {option.doc} |\n"


def _shown(option: Option, value: object) -> str:
    text = option.kind.text(value)
    return f"`{text}`" if text else "nothing"
