"""Who may do what to whom: the whole table, against a second one written by hand."""

from __future__ import annotations

import itertools

import pytest

from vpopmail.access import authorise
from vpopmail.access.authorise import (
    DOMAIN_ADMIN,
    FIELDS,
    RULES,
    SITE,
    SYSTEM_ADMIN,
    USER,
    Actor,
    Target,
    level_of,
    may,
    may_set,
)
from vpopmail.records import QA_ADMIN, SA_ADMIN, SA_EXPERT, V_OVERRIDE, VqPasswd

HOME, AWAY = "example.com", "example.net"
OWNER = 89

ACTORS = {
    "root": Actor.of_process(0),
    "owner": Actor.of_process(OWNER),
    "stranger": Actor.of_process(1000),
    "system": Actor.of_account(VqPasswd("boss", pw_gid=SA_ADMIN), HOME),
    "system-qa": Actor.of_account(VqPasswd("boss", pw_gid=SA_ADMIN | QA_ADMIN), HOME),
    "admin": Actor.of_account(VqPasswd("kim", pw_gid=QA_ADMIN), HOME),
    "override": Actor.of_account(VqPasswd("kim", pw_gid=QA_ADMIN | V_OVERRIDE), HOME),
    "postmaster": Actor.of_account(VqPasswd("postmaster"), HOME),
    "user": Actor.of_account(VqPasswd("joe"), HOME),
    "nobody": Actor(authorise.NOBODY),
}
TARGETS = {
    "site": SITE,
    "home": Target(HOME, owner=OWNER),
    "away": Target(AWAY, owner=90),
    "unknown owner": Target(HOME),
    "joe": Target.of_account(VqPasswd("joe"), HOME, OWNER),
    "amy": Target.of_account(VqPasswd("amy"), HOME, OWNER),
    "joe away": Target.of_account(VqPasswd("joe"), AWAY, 90),
    "kim": Target.of_account(VqPasswd("kim", pw_gid=QA_ADMIN), HOME, OWNER),
    "boss": Target.of_account(VqPasswd("boss", pw_gid=SA_ADMIN), HOME, OWNER),
}
SYSTEM = {"root", "system", "system-qa"}
ADMINS = {"admin", "override", "postmaster"}
OF_SITE = {
    "list_domains", "find_domain", "count_domains", "show_domain", "add_domain", "add_alias_domain",
    "delete_domain", "show_ip_map", "change_ip_map",
}  # fmt: skip
BY_USERS = {"change_user", "user_files"}
LIMITS = {"show_limits", "change_limits"}


def expected(actor: str, action: str, target: str) -> bool:
    """vpopmaild's table, in other words."""
    if actor in SYSTEM:
        return True
    if action in OF_SITE:
        return False
    if actor == "owner":
        return TARGETS[target].owner == OWNER
    if action in LIMITS or TARGETS[target].domain != HOME:
        return False
    if actor in ADMINS:
        return target != "boss"
    return actor == "user" and target == "joe" and action in BY_USERS


@pytest.mark.parametrize("action", sorted(RULES))
def test_each_actor_may_do_to_each_target_what_the_table_says(action: str) -> None:
    for actor, target in itertools.product(ACTORS, TARGETS):
        allowed = may(ACTORS[actor], action, TARGETS[target])
        assert allowed == expected(actor, action, target), (actor, action, target)


FREE = {"comment", "user_flag_2", "user_flag_3", "no_spamassassin", "delete_spam", "no_maildrop"}
PASSWORDS = {"clear_text_password", "encrypted_password"}
SYSTEMS = {"system_admin_privileges", "system_expert_privileges", "override_domain_limits"}


def settable(actor: str, field: str, target: str, *, fixed: bool) -> bool:
    if not expected(actor, "change_user", target):
        return False
    if field in PASSWORDS:
        return not fixed
    if actor in SYSTEM or field in FREE:
        return True
    if field in SYSTEMS:
        return False
    if field == "domain_admin_privileges":
        return actor in ADMINS | {"owner"}
    return actor in {"override", "owner"}


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_each_actor_may_set_the_fields_that_the_table_says(field: str) -> None:
    for actor, target, fixed in itertools.product(ACTORS, TARGETS, (False, True)):
        given = may_set(ACTORS[actor], field, TARGETS[target], no_password_change=fixed)
        assert given == settable(actor, field, target, fixed=fixed), (actor, field, target, fixed)


def test_level_comes_from_the_own_flags_and_from_the_name_postmaster() -> None:
    assert level_of(VqPasswd("joe")) == USER
    assert level_of(VqPasswd("joe", pw_gid=QA_ADMIN)) == DOMAIN_ADMIN
    assert level_of(VqPasswd("postmaster")) == DOMAIN_ADMIN
    assert level_of(VqPasswd("postmaster", pw_gid=SA_ADMIN)) == SYSTEM_ADMIN
    assert level_of(VqPasswd("joe", pw_gid=SA_EXPERT)) == USER
    assert level_of(VqPasswd("joe", pw_flags=SA_ADMIN)) == USER


def test_names_are_compared_without_case() -> None:
    actor = Actor.of_account(VqPasswd("kim", pw_gid=QA_ADMIN), "Example.COM")
    assert may(actor, "add_user", Target("EXAMPLE.com"))


def test_account_without_a_domain_administers_nothing() -> None:
    actor = Actor(DOMAIN_ADMIN, "kim", "")
    assert not may(actor, "add_user", SITE)
    assert not may(actor, "list_users", Target(""))


def test_unknown_action_or_field_is_an_error_of_the_caller() -> None:
    with pytest.raises(KeyError):
        may(ACTORS["root"], "fly", SITE)
    with pytest.raises(KeyError):
        may_set(ACTORS["root"], "wings", TARGETS["joe"])
