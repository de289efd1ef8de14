"""Every public operation: swept by a scene, the same as one that is, or changing no file.

What is public is asked of the package itself, so a new operation cannot be forgotten.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cached_property

import vpopmail
from vpopmail.settings import load

from .places import GID, UID
from .scenes import C_FUNCTIONS

# Thin skins over an operation that is swept, and other spellings of its arguments.
SAME = {
    "domains.add_alias": "vaddaliasdomain",
    "domains.delete": "vdeldomain",
    "qmail.change": "qmail.add_domains",
    "qmail.rebuild": "rebuild",
    "users.add_to": "users.add",
    "users.authenticate": "users.check_password",
    "users.change_own_password": "vpasswd",
    "users.change_quota": "vsetuserquota",
    "users.change_quotas": "batch",
    "users.delete": "vdeluser",
    "users.delete_from": "vdeluser",
    "users.edit": "users.update",
    "users.edit_all": "batch",
    "users.set_quota": "vsetuserquota",
    "quotas.set": "vsetuserquota",
    "quotas.delete": "vsetuserquota",
    "users.store": "vauth_setpw",
    "aliases.add_to": "aliases.add",
    "aliases.set_in": "aliases.set",
    "aliases.remove_from": "aliases.remove",
    "aliases.delete_from": "aliases.delete",
    "relay.forget": "vclear_open_smtp",
    "relay.note": "vopen_smtp_relay",
    "relay.rebuild": "update_rules",
}

# Swept by tests of their own.
ELSEWHERE = {
    "reconcile": "tests/upkeep/test_reconcile_killed.py",
    "convert": "tests/sql/test_convert_killed.py",
    "aliases.move_to_store": "tests/crash/test_moved_aliases.py",
    "users.delete_unused": "tests/crash/test_unused_users.py",
    "mail.deliver": "tests/delivery/test_killed.py",
    "bulletins.send": "tests/delivery/test_killed.py",
}

_ASKS = "only asks"
_COMPUTES = "works on its arguments and touches no file"
_CURSOR = "goes on with a listing, or ends it"
_DESCRIPTORS = "works on descriptors of the caller"
_SETS_UP = "sets something up in this process"
_RUNS = "tells a program; files are that program's matter"
_TABLES = "the cdb backend has no tables; elsewhere they are the database's own files"
_STORE = "the cdb backend has nothing to prepare, to forget or to store there"

CHANGES_NOTHING = {
    _ASKS: (
        "domains.find", "domains.get", "domains.aliases", "domains.iter", "domains.count_users",
        "users.find", "users.find_in", "users.get", "users.iter", "users.iter_all",
        "users.check_lengths", "users.iter_unused", "users.last_auth",
        "users.last_auths", "users.stream", "users.stream_columns",
        "aliases.find", "aliases.find_in", "aliases.get", "aliases.in_files", "aliases.iter",
        "aliases.names",
        "aliases.check_lengths",
        "default_delivery.find", "default_delivery.get", "default_delivery.iter",
        "catch_all.find", "catch_all.get", "catch_all.iter", "catch_all.protects",
        "limits.find", "limits.get", "limits.iter", "limits.defaults",
        "schema.check",
        "quotas.find", "quotas.get", "quotas.iter", "quotas.usage", "quotas.usage_of", "quotas.domain_usage",
        "quotas.is_over", "quotas.is_domain_over",
        "qmail.find", "qmail.entries", "qmail.count_rcpthosts",
        "diagnose", "auth_log.iter", "mail.deliverable", "mail.plan", "bulletins.recipients",
        "ip_maps.find", "ip_maps.get", "relay.addresses", "relay.rules",
        "vget_ip_map", "vshow_ip_map", "ip_map_entries",
        "isCatchall", "isExistingAddress", "isExistingAlias", "isExistingAnyAddress",
        "isExistingRobot", "isExistingUser", "isQmailAlias", "isValidMailList",
        "valias_all", "valias_lines", "valias_names", "valias_select", "valias_select_all",
        "valias_select_names", "host_in_locals", "count_rcpthosts", "domain_entries",
        "get_domain_entries", "vget_assign", "file_exists", "vget_lastauth", "vget_lastauthip",
        "vget_limits", "vlimits_read_limits_file", "vlimits_setflags", "vget_real_domain",
        "vauth_getpw", "vauth_getall", "vauth_users", "vread_dir_control", "open_big_dir",
        "readdomainquota", "readuserquota", "wrapreaduserquota", "quota_user_usage",
        "domain_over_maildirquota", "client_query", "client_query_quick", "last_error",
        "vsqlerror", "vauth_module_name", "default_domain", "vauth_getpw_long",
        "pw_strength_policy", "pw_strength", "vcheck_vqpw", "parse_email", "parse_email_safe",
        "maildir_to_email", "get_remote_ip",
    ),
    _COMPUTES: (
        "vauth_munch_domain",
        "extract_domain", "is_domain_valid", "is_username_valid", "lowerit", "user_domain_to_email",
        "vvalidchar", "inc_dir", "inc_dir_control", "next_char", "print_control",
        "vdefault_limits", "vlimits_get_flag_mask", "format_maildirquota", "quota_mtos", "mkpasswd3",
        "pw_strength_error", "randltr", "vauth_crypt", "vgen_pass", "vgetpasswd", "vrandom_pass",
        "date_header", "dec2hex", "str_replace", "trim", "vgetent",
    ),
    _CURSOR: (
        "valias_select_next", "valias_select_all_next", "valias_select_names_next",
        "valias_select_names_end", "vauth_end_getall",
    ),
    _DESCRIPTORS: ("get_read_lock", "get_write_lock", "vfd_copy", "vfd_move", "vupdate_rules"),
    _SETS_UP: (
        "close", "silent", "vset_default_domain", "vauth_open", "vclose", "client_close",
        "client_connect", "events.subscribe", "events.nested", "events.wanted_before",
    ),
    _RUNS: (
        "call_onchange", "signal_process", "events.before", "events.after", "events.call_script",
        "events.committed", "events.noted",
    ),
    _TABLES: ("schema.create", "schema.upgrade"),
    _STORE: (
        "vauth_adddomain", "vauth_deldomain", "logsql", "auth_log.delete",
        "vcreate_sql_aliasdomain", "vdelete_sql_aliasdomain",
    ),
}  # fmt: skip
READING = frozenset(name for names in CHANGES_NOTHING.values() for name in names)


def operations() -> set[str]:
    """The C functions, the methods of a site, and those of what hangs on it."""
    return set(C_FUNCTIONS) | set(_methods_of_site())


def _methods_of_site() -> Iterator[str]:
    site = vpopmail.Vpopmail
    for name, value in inspect.getmembers_static(site):
        if name.startswith("_"):
            continue
        if isinstance(value, (property, cached_property)):
            yield from (f"{name}.{method}" for method in _methods(name))
        elif inspect.isfunction(value):
            yield name


def _methods(manager: str) -> Iterator[str]:
    options = {"vpopmaildir": "/none", "qmaildir": "/none", "vpopuser": UID, "vpopgroup": GID}
    kind = type(getattr(vpopmail.Vpopmail(load(options)), manager))
    for name, value in inspect.getmembers_static(kind):
        if not name.startswith("_") and inspect.isfunction(value):
            yield name
