"""Who may do what to whom: pure rules, for the programs, vpopmaild and web panels.

One table. Nothing is looked up here: the actor and the target are told as they are stored.

Source: vpopmaild, login, levels, commands, users, a safe server; api, caller check; commands.
"""

from __future__ import annotations

from vpopmail.names import fold
from vpopmail.records import QA_ADMIN, SA_ADMIN, V_OVERRIDE, VqPasswd

# Levels, each with all that is below it.
NOBODY = 0
USER = 1
DOMAIN_ADMIN = 2
SYSTEM_ADMIN = 3

POSTMASTER = "postmaster"
ROOT = 0


class Actor:
    """Who wants to do something.

    Attributes:
        level: NOBODY, USER, DOMAIN_ADMIN or SYSTEM_ADMIN.
        user, domain: the account, by the real domain; ``""`` for a process.
        overrides: whether a domain administrator may set what limits a user.
        uid: of a process; None for an account.
    """

    __slots__ = ("domain", "level", "overrides", "uid", "user")

    def __init__(
        self,
        level: int,
        user: str = "",
        domain: str = "",
        *,
        overrides: bool = False,
        uid: int | None = None,
    ) -> None:
        self.level = level
        self.user = fold(user)
        self.domain = fold(domain)
        self.overrides = overrides
        self.uid = uid

    @classmethod
    def of_account(cls, user: VqPasswd, domain: str) -> Actor:
        """Who has logged in, by the flags that are stored for him (``pw_gid``), not by limits.

        Args:
            user: his record. The name ``postmaster`` is a domain administrator in any case.
            domain: his real domain.
        """
        overrides = bool(user.pw_gid & V_OVERRIDE)
        level = level_of(user)
        return cls(level, user.pw_name, domain, overrides=overrides)

    @classmethod
    def of_process(cls, uid: int) -> Actor:
        """A process: root administers the system, and others the domains that they own.

        Args:
            uid: the effective one.
        """
        return cls(SYSTEM_ADMIN if uid == ROOT else NOBODY, overrides=True, uid=uid)


class Target:
    """What something is to be done to.

    Attributes:
        domain: the real domain; ``""``: none, it concerns the site.
        user: an account in it; ``""``: the domain itself.
        level: that of the account.
        owner: uid of the domain; None: not known.
    """

    __slots__ = ("domain", "level", "owner", "user")

    def __init__(
        self, domain: str = "", user: str = "", *, level: int = USER, owner: int | None = None
    ) -> None:
        self.domain = fold(domain)
        self.user = fold(user)
        self.level = level
        self.owner = owner

    @classmethod
    def of_account(cls, user: VqPasswd, domain: str, owner: int | None = None) -> Target:
        """An account with its level.

        Args:
            user: its record.
            domain: its real domain.
            owner: uid of the domain.
        """
        return cls(domain, user.pw_name, level=level_of(user), owner=owner)


SITE = Target()


class Rule:
    """Who may do one thing.

    Attributes:
        anywhere: the least level that may do it to any target.
        at_home: the least level that may do it in the own domain.
        to_self: whether any user may do it to the own account.
        owner_may: whether a process may that owns the domain.
    """

    __slots__ = ("anywhere", "at_home", "owner_may", "to_self")

    def __init__(
        self,
        anywhere: int = SYSTEM_ADMIN,
        at_home: int = SYSTEM_ADMIN,
        *,
        to_self: bool = False,
        owner_may: bool = False,
    ) -> None:
        self.anywhere = anywhere
        self.at_home = at_home
        self.to_self = to_self
        self.owner_may = owner_may


_SITE_ONLY = Rule()
_OF_DOMAIN = Rule(at_home=DOMAIN_ADMIN, owner_may=True)
_OF_ACCOUNT = Rule(at_home=DOMAIN_ADMIN, to_self=True, owner_may=True)
_LIMITS = Rule(owner_may=True)

RULES: dict[str, Rule] = {
    # the site
    "list_domains": _SITE_ONLY,
    "find_domain": _SITE_ONLY,
    "count_domains": _SITE_ONLY,
    "show_domain": _SITE_ONLY,
    "add_domain": _SITE_ONLY,
    "add_alias_domain": _SITE_ONLY,
    "delete_domain": _SITE_ONLY,
    "show_ip_map": _SITE_ONLY,
    "change_ip_map": _SITE_ONLY,
    # a domain
    "show_limits": _LIMITS,
    "change_limits": _LIMITS,
    "list_users": _OF_DOMAIN,
    "count_users": _OF_DOMAIN,
    "domain_usage": _OF_DOMAIN,
    "list_aliases": _OF_DOMAIN,
    "change_aliases": _OF_DOMAIN,
    "list_mailing_lists": _OF_DOMAIN,
    "domain_files": _OF_DOMAIN,
    # an account
    "add_user": _OF_DOMAIN,
    "delete_user": _OF_DOMAIN,
    "show_user": _OF_DOMAIN,
    "last_auth": _OF_DOMAIN,
    "user_usage": _OF_DOMAIN,
    "change_user": _OF_ACCOUNT,
    "user_files": _OF_ACCOUNT,
}

# Fields of an account, for ``change_user``.
FREE_FIELDS = frozenset((
    "comment", "user_flag_2", "user_flag_3", "no_spamassassin", "delete_spam", "no_maildrop",
))  # fmt: skip
PASSWORD_FIELDS = frozenset(("clear_text_password", "encrypted_password"))
LIMITING_FIELDS = frozenset((
    "quota", "clear_all_flags", "no_password_change", "no_pop", "no_webmail", "no_imap",
    "bounce_mail", "no_relay", "no_dialup", "user_flag_0", "user_flag_1", "no_smtp",
))  # fmt: skip
DOMAIN_FIELDS = frozenset(("domain_admin_privileges",))
SYSTEM_FIELDS = frozenset((
    "system_admin_privileges", "system_expert_privileges", "override_domain_limits",
))  # fmt: skip
FIELDS = FREE_FIELDS | PASSWORD_FIELDS | LIMITING_FIELDS | DOMAIN_FIELDS | SYSTEM_FIELDS


def level_of(user: VqPasswd) -> int:
    """The level of an account, by its own flags: USER, DOMAIN_ADMIN or SYSTEM_ADMIN."""
    if user.pw_gid & SA_ADMIN:
        return SYSTEM_ADMIN
    is_admin = user.pw_gid & QA_ADMIN or user.pw_name == POSTMASTER
    return DOMAIN_ADMIN if is_admin else USER


def may(actor: Actor, action: str, target: Target = SITE) -> bool:
    """Whether somebody may do something to a target.

    Nobody may act on an account of a higher level than his own, administrators of a domain
    included.

    Args:
        actor: who.
        action: one of ``RULES``.
        target: to what.

    Raises:
        KeyError: there is no such action.
    """
    rule = RULES[action]
    if actor.level >= rule.anywhere:
        return True
    if actor.uid is not None:
        return rule.owner_may and target.owner == actor.uid
    if not actor.domain or target.domain != actor.domain:
        return False
    if rule.to_self and is_self(actor, target):
        return True
    if target.user and target.level > actor.level:
        return False
    return actor.level >= rule.at_home


def may_set(actor: Actor, field: str, target: Target, *, no_password_change: bool = False) -> bool:
    """Whether somebody may set a field of an account.

    Args:
        actor: who.
        field: as vpopmaild names it, one of ``FIELDS``.
        target: the account.
        no_password_change: whether the account has NO_PASSWD_CHNG, by flag or limit: then
            nobody sets its password this way, in clear or crypted.

    Raises:
        KeyError: there is no such field.
    """
    if field not in FIELDS:
        raise KeyError(field)
    if not may(actor, "change_user", target):
        return False
    if field in FREE_FIELDS:
        return True
    if field in PASSWORD_FIELDS:
        return not no_password_change
    administers = actor.level == SYSTEM_ADMIN or actor.uid is not None
    if administers:
        return field not in SYSTEM_FIELDS or actor.level == SYSTEM_ADMIN
    if actor.level < DOMAIN_ADMIN or field in SYSTEM_FIELDS:
        return False
    return field in DOMAIN_FIELDS or actor.overrides


def is_self(actor: Actor, target: Target) -> bool:
    """Whether the target is the actor's own account."""
    return bool(actor.user) and (target.user, target.domain) == (actor.user, actor.domain)
