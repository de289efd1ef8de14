"""vpopmail: virtual mail domains and users on a qmail server.

The object face::

    from vpopmail import Config, Vpopmail

    site = Vpopmail(Config.load())
    site.domains.add("example.com", password="...")
    site.users.add("joe@example.com", password="...", gecos="Joe")

The C functions, name for name, return codes (``VA``) instead of raising::

    import vpopmail

    vpopmail.vadduser("joe", "example.com", "...", "Joe", 0)

Importing this package reads no file and imports next to nothing; each name is imported when it is
first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail import errors as errors
    from vpopmail.capi.addresses import default_domain as default_domain
    from vpopmail.capi.addresses import extract_domain as extract_domain
    from vpopmail.capi.addresses import is_domain_valid as is_domain_valid
    from vpopmail.capi.addresses import is_username_valid as is_username_valid
    from vpopmail.capi.addresses import lowerit as lowerit
    from vpopmail.capi.addresses import parse_email as parse_email
    from vpopmail.capi.addresses import parse_email_safe as parse_email_safe
    from vpopmail.capi.addresses import user_domain_to_email as user_domain_to_email
    from vpopmail.capi.addresses import vauth_getpw_long as vauth_getpw_long
    from vpopmail.capi.addresses import vset_default_domain as vset_default_domain
    from vpopmail.capi.addresses import vvalidchar as vvalidchar
    from vpopmail.capi.alias_domains import vcreate_sql_aliasdomain as vcreate_sql_aliasdomain
    from vpopmail.capi.alias_domains import vdelete_sql_aliasdomain as vdelete_sql_aliasdomain
    from vpopmail.capi.aliases import isCatchall as isCatchall
    from vpopmail.capi.aliases import vadddotqmail as vadddotqmail
    from vpopmail.capi.aliases import valias_all as valias_all
    from vpopmail.capi.aliases import valias_delete as valias_delete
    from vpopmail.capi.aliases import valias_delete_domain as valias_delete_domain
    from vpopmail.capi.aliases import valias_insert as valias_insert
    from vpopmail.capi.aliases import valias_lines as valias_lines
    from vpopmail.capi.aliases import valias_names as valias_names
    from vpopmail.capi.aliases import valias_remove as valias_remove
    from vpopmail.capi.aliases import valias_select as valias_select
    from vpopmail.capi.aliases import valias_select_all as valias_select_all
    from vpopmail.capi.aliases import valias_select_all_next as valias_select_all_next
    from vpopmail.capi.aliases import valias_select_names as valias_select_names
    from vpopmail.capi.aliases import valias_select_names_end as valias_select_names_end
    from vpopmail.capi.aliases import valias_select_names_next as valias_select_names_next
    from vpopmail.capi.aliases import valias_select_next as valias_select_next
    from vpopmail.capi.aliases import vdeldotqmail as vdeldotqmail
    from vpopmail.capi.control_files import add_domain_assign as add_domain_assign
    from vpopmail.capi.control_files import compile_morercpthosts as compile_morercpthosts
    from vpopmail.capi.control_files import del_control as del_control
    from vpopmail.capi.control_files import del_domain_assign as del_domain_assign
    from vpopmail.capi.control_files import host_in_locals as host_in_locals
    from vpopmail.capi.control_files import remove_line as remove_line
    from vpopmail.capi.control_files import remove_lines as remove_lines
    from vpopmail.capi.control_files import signal_process as signal_process
    from vpopmail.capi.control_files import sort_file as sort_file
    from vpopmail.capi.control_files import update_file as update_file
    from vpopmail.capi.control_files import update_newu as update_newu
    from vpopmail.capi.domains import count_rcpthosts as count_rcpthosts
    from vpopmail.capi.domains import domain_entries as domain_entries
    from vpopmail.capi.domains import get_domain_entries as get_domain_entries
    from vpopmail.capi.domains import vaddaliasdomain as vaddaliasdomain
    from vpopmail.capi.domains import vadddomain as vadddomain
    from vpopmail.capi.domains import vclose as vclose
    from vpopmail.capi.domains import vdeldomain as vdeldomain
    from vpopmail.capi.domains import vget_assign as vget_assign
    from vpopmail.capi.events import call_onchange as call_onchange
    from vpopmail.capi.existence import isExistingAddress as isExistingAddress
    from vpopmail.capi.existence import isExistingAlias as isExistingAlias
    from vpopmail.capi.existence import isExistingAnyAddress as isExistingAnyAddress
    from vpopmail.capi.existence import isExistingRobot as isExistingRobot
    from vpopmail.capi.existence import isExistingUser as isExistingUser
    from vpopmail.capi.existence import isQmailAlias as isQmailAlias
    from vpopmail.capi.existence import isValidMailList as isValidMailList
    from vpopmail.capi.files import file_exists as file_exists
    from vpopmail.capi.files import get_read_lock as get_read_lock
    from vpopmail.capi.files import get_write_lock as get_write_lock
    from vpopmail.capi.files import r_chown as r_chown
    from vpopmail.capi.files import r_mkdir as r_mkdir
    from vpopmail.capi.files import vdelfiles as vdelfiles
    from vpopmail.capi.files import vfd_copy as vfd_copy
    from vpopmail.capi.files import vfd_move as vfd_move
    from vpopmail.capi.files import vmake_maildir as vmake_maildir
    from vpopmail.capi.homes import backfill as backfill
    from vpopmail.capi.homes import close_big_dir as close_big_dir
    from vpopmail.capi.homes import dec_dir_control as dec_dir_control
    from vpopmail.capi.homes import inc_dir as inc_dir
    from vpopmail.capi.homes import inc_dir_control as inc_dir_control
    from vpopmail.capi.homes import make_user_dir as make_user_dir
    from vpopmail.capi.homes import next_big_dir as next_big_dir
    from vpopmail.capi.homes import next_char as next_char
    from vpopmail.capi.homes import open_big_dir as open_big_dir
    from vpopmail.capi.homes import print_control as print_control
    from vpopmail.capi.homes import vdel_dir_control as vdel_dir_control
    from vpopmail.capi.homes import vread_dir_control as vread_dir_control
    from vpopmail.capi.homes import vwrite_dir_control as vwrite_dir_control
    from vpopmail.capi.ip_maps import ip_map_entries as ip_map_entries
    from vpopmail.capi.ip_maps import vadd_ip_map as vadd_ip_map
    from vpopmail.capi.ip_maps import vdel_ip_map as vdel_ip_map
    from vpopmail.capi.ip_maps import vget_ip_map as vget_ip_map
    from vpopmail.capi.ip_maps import vshow_ip_map as vshow_ip_map
    from vpopmail.capi.last_auth import vget_lastauth as vget_lastauth
    from vpopmail.capi.last_auth import vget_lastauthip as vget_lastauthip
    from vpopmail.capi.last_auth import vset_lastauth as vset_lastauth
    from vpopmail.capi.limits import vdefault_limits as vdefault_limits
    from vpopmail.capi.limits import vdel_limits as vdel_limits
    from vpopmail.capi.limits import vget_limits as vget_limits
    from vpopmail.capi.limits import vlimits_get_flag_mask as vlimits_get_flag_mask
    from vpopmail.capi.limits import vlimits_read_limits_file as vlimits_read_limits_file
    from vpopmail.capi.limits import vlimits_setflags as vlimits_setflags
    from vpopmail.capi.limits import vlimits_write_limits_file as vlimits_write_limits_file
    from vpopmail.capi.limits import vset_limits as vset_limits
    from vpopmail.capi.login_log import logsql as logsql
    from vpopmail.capi.passwords import mkpasswd3 as mkpasswd3
    from vpopmail.capi.passwords import pw_strength as pw_strength
    from vpopmail.capi.passwords import pw_strength_error as pw_strength_error
    from vpopmail.capi.passwords import pw_strength_policy as pw_strength_policy
    from vpopmail.capi.passwords import randltr as randltr
    from vpopmail.capi.passwords import vauth_crypt as vauth_crypt
    from vpopmail.capi.passwords import vgen_pass as vgen_pass
    from vpopmail.capi.passwords import vgetpasswd as vgetpasswd
    from vpopmail.capi.passwords import vrandom_pass as vrandom_pass
    from vpopmail.capi.quotas import add_warningsize_to_quota as add_warningsize_to_quota
    from vpopmail.capi.quotas import domain_over_maildirquota as domain_over_maildirquota
    from vpopmail.capi.quotas import format_maildirquota as format_maildirquota
    from vpopmail.capi.quotas import maildir_addquota as maildir_addquota
    from vpopmail.capi.quotas import quota_mtos as quota_mtos
    from vpopmail.capi.quotas import quota_user_usage as quota_user_usage
    from vpopmail.capi.quotas import readdomainquota as readdomainquota
    from vpopmail.capi.quotas import readuserquota as readuserquota
    from vpopmail.capi.quotas import remove_maildirsize as remove_maildirsize
    from vpopmail.capi.quotas import update_maildirsize as update_maildirsize
    from vpopmail.capi.quotas import user_over_maildirquota as user_over_maildirquota
    from vpopmail.capi.quotas import vmaildir_readquota as vmaildir_readquota
    from vpopmail.capi.quotas import wrapreaduserquota as wrapreaduserquota
    from vpopmail.capi.records import vcheck_vqpw as vcheck_vqpw
    from vpopmail.capi.records import vgetent as vgetent
    from vpopmail.capi.relay import open_smtp_relay as open_smtp_relay
    from vpopmail.capi.relay import update_rules as update_rules
    from vpopmail.capi.relay import vclear_open_smtp as vclear_open_smtp
    from vpopmail.capi.relay import vopen_smtp_relay as vopen_smtp_relay
    from vpopmail.capi.relay import vupdate_rules as vupdate_rules
    from vpopmail.capi.status import last_error as last_error
    from vpopmail.capi.status import vsqlerror as vsqlerror
    from vpopmail.capi.text import date_header as date_header
    from vpopmail.capi.text import dec2hex as dec2hex
    from vpopmail.capi.text import get_remote_ip as get_remote_ip
    from vpopmail.capi.text import maildir_to_email as maildir_to_email
    from vpopmail.capi.text import str_replace as str_replace
    from vpopmail.capi.text import trim as trim
    from vpopmail.capi.usage_daemon import client_close as client_close
    from vpopmail.capi.usage_daemon import client_connect as client_connect
    from vpopmail.capi.usage_daemon import client_query as client_query
    from vpopmail.capi.usage_daemon import client_query_quick as client_query_quick
    from vpopmail.capi.user_changes import vget_real_domain as vget_real_domain
    from vpopmail.capi.user_changes import vpasswd as vpasswd
    from vpopmail.capi.user_changes import vsetuserquota as vsetuserquota
    from vpopmail.capi.user_changes import vsqwebmail_pass as vsqwebmail_pass
    from vpopmail.capi.users import vadduser as vadduser
    from vpopmail.capi.users import vauth_getpw as vauth_getpw
    from vpopmail.capi.users import vauth_user as vauth_user
    from vpopmail.capi.users import vdeluser as vdeluser
    from vpopmail.capi.vauth import vauth_adddomain as vauth_adddomain
    from vpopmail.capi.vauth import vauth_adduser as vauth_adduser
    from vpopmail.capi.vauth import vauth_deldomain as vauth_deldomain
    from vpopmail.capi.vauth import vauth_deluser as vauth_deluser
    from vpopmail.capi.vauth import vauth_end_getall as vauth_end_getall
    from vpopmail.capi.vauth import vauth_getall as vauth_getall
    from vpopmail.capi.vauth import vauth_module_name as vauth_module_name
    from vpopmail.capi.vauth import vauth_munch_domain as vauth_munch_domain
    from vpopmail.capi.vauth import vauth_open as vauth_open
    from vpopmail.capi.vauth import vauth_setpw as vauth_setpw
    from vpopmail.capi.vauth import vauth_setquota as vauth_setquota
    from vpopmail.capi.vauth import vauth_users as vauth_users
    from vpopmail.capi.vauth import vmkpasswd as vmkpasswd
    from vpopmail.codes import VA as VA
    from vpopmail.codes import verror as verror
    from vpopmail.config import Config as Config
    from vpopmail.plan.steps import Plan as Plan
    from vpopmail.records import BOUNCE_MAIL as BOUNCE_MAIL
    from vpopmail.records import DELETE_SPAM as DELETE_SPAM
    from vpopmail.records import NEVER_LOGGED_IN as NEVER_LOGGED_IN
    from vpopmail.records import NO_DIALUP as NO_DIALUP
    from vpopmail.records import NO_IMAP as NO_IMAP
    from vpopmail.records import NO_MAILDROP as NO_MAILDROP
    from vpopmail.records import NO_PASSWD_CHNG as NO_PASSWD_CHNG
    from vpopmail.records import NO_POP as NO_POP
    from vpopmail.records import NO_RELAY as NO_RELAY
    from vpopmail.records import NO_SMTP as NO_SMTP
    from vpopmail.records import NO_SPAMASSASSIN as NO_SPAMASSASSIN
    from vpopmail.records import NO_WEBMAIL as NO_WEBMAIL
    from vpopmail.records import NOQUOTA as NOQUOTA
    from vpopmail.records import QA_ADMIN as QA_ADMIN
    from vpopmail.records import SA_ADMIN as SA_ADMIN
    from vpopmail.records import SA_EXPERT as SA_EXPERT
    from vpopmail.records import USE_APOP as USE_APOP
    from vpopmail.records import USE_POP as USE_POP
    from vpopmail.records import V_OVERRIDE as V_OVERRIDE
    from vpopmail.records import V_USER0 as V_USER0
    from vpopmail.records import V_USER1 as V_USER1
    from vpopmail.records import V_USER2 as V_USER2
    from vpopmail.records import V_USER3 as V_USER3
    from vpopmail.records import VLOG_AUTH as VLOG_AUTH
    from vpopmail.records import VLOG_ERROR_ACCESS as VLOG_ERROR_ACCESS
    from vpopmail.records import VLOG_ERROR_INTERNAL as VLOG_ERROR_INTERNAL
    from vpopmail.records import VLOG_ERROR_LOGON as VLOG_ERROR_LOGON
    from vpopmail.records import VLOG_ERROR_PASSWD as VLOG_ERROR_PASSWD
    from vpopmail.records import DirControl as DirControl
    from vpopmail.records import DomainEntry as DomainEntry
    from vpopmail.records import VLimits as VLimits
    from vpopmail.records import VqPasswd as VqPasswd
    from vpopmail.site import Vpopmail as Vpopmail
    from vpopmail.site import configure as configure
    from vpopmail.site import current as current
    from vpopmail.site import use as use

    VA_SUCCES: VA  # as the manual spells it
    VA_SUCCESS: VA
    VA_ILLEGAL_USERNAME: VA
    VA_USERNAME_EXISTS: VA
    VA_BAD_DIR: VA
    VA_BAD_U_DIR: VA
    VA_BAD_D_DIR: VA
    VA_BAD_V_DIR: VA
    VA_EXIST_U_DIR: VA
    VA_BAD_U_DIR2: VA
    VA_SUBDIR_CREATION: VA
    VA_USER_DOES_NOT_EXIST: VA
    VA_DOMAIN_DOES_NOT_EXIST: VA
    VA_INVALID_DOMAIN_NAME: VA
    VA_DOMAIN_ALREADY_EXISTS: VA
    VA_COULD_NOT_MAKE_DOMAIN_DIR: VA
    VA_COULD_NOT_OPEN_QMAIL_DEFAULT: VA
    VA_CAN_NOT_MAKE_DOMAINS_DIR: VA
    VA_COULD_NOT_UPDATE_FILE: VA
    VA_CRYPT_FAILED: VA
    VA_COULD_NOT_OPEN_DOT_QMAIL: VA
    VA_BAD_CHAR: VA
    VA_SQWEBMAIL_PASS_FAIL: VA
    VA_BAD_UID: VA
    VA_NO_AUTH_CONNECTION: VA
    VA_MEMORY_ALLOC_ERR: VA
    VA_USER_NAME_TOO_LONG: VA
    VA_DOMAIN_NAME_TOO_LONG: VA
    VA_PASSWD_TOO_LONG: VA
    VA_GECOS_TOO_LONG: VA
    VA_QUOTA_TOO_LONG: VA
    VA_DIR_TOO_LONG: VA
    VA_CLEAR_PASSWD_TOO_LONG: VA
    VA_ALIAS_LINE_TOO_LONG: VA
    VA_NULL_POINTER: VA
    VA_INVALID_EMAIL_CHAR: VA
    VA_PARSE_ERROR: VA
    VA_CANNOT_READ_LIMITS: VA
    VA_CANNOT_READ_ASSIGN: VA
    VA_CANNOT_OPEN_DATABASE: VA
    VA_INVALID_IP_ADDRESS: VA
    VA_QUERY_FAILED: VA
    VA_STORE_RESULT_FAILED: VA
    VA_INVALID_OPEN_MODE: VA
    VA_CANNOT_CREATE_DATABASE: VA
    VA_CANNOT_CREATE_TABLE: VA
    VA_PARSE_ERROR01: VA
    VA_PARSE_ERROR02: VA
    VA_PARSE_ERROR03: VA
    VA_PARSE_ERROR04: VA
    VA_PARSE_ERROR05: VA
    VA_PARSE_ERROR06: VA
    VA_PARSE_ERROR07: VA
    VA_PARSE_ERROR08: VA
    VA_PARSE_ERROR09: VA
    VA_PARSE_ERROR10: VA
    VA_CANNOT_DELETE_CATCHALL: VA
    VA_PASSWD_TOO_SHORT: VA
    VA_NO_AUTH_MODULE: VA
    VA_UNKNOWN_UIDGID: VA
    VA_INTERNAL_BUFFER_EXCEEDED: VA
    VA_PWSTR_EMPTY: VA
    VA_PWSTR_LENGTH: VA
    VA_PWSTR_ALPHA: VA
    VA_PWSTR_NUMERIC: VA
    VA_PWSTR_OTHER: VA
    VA_PWSTR_DELTA: VA

__version__ = "0.1.0"

# module: its public names
_PUBLIC = {
    "capi.addresses": (
        "default_domain",
        "extract_domain",
        "is_domain_valid",
        "is_username_valid",
        "lowerit",
        "parse_email",
        "parse_email_safe",
        "user_domain_to_email",
        "vauth_getpw_long",
        "vset_default_domain",
        "vvalidchar",
    ),
    "capi.alias_domains": ("vcreate_sql_aliasdomain", "vdelete_sql_aliasdomain"),
    "capi.aliases": (
        "isCatchall",
        "vadddotqmail",
        "valias_all",
        "valias_delete",
        "valias_delete_domain",
        "valias_insert",
        "valias_lines",
        "valias_names",
        "valias_remove",
        "valias_select",
        "valias_select_all",
        "valias_select_all_next",
        "valias_select_names",
        "valias_select_names_end",
        "valias_select_names_next",
        "valias_select_next",
        "vdeldotqmail",
    ),
    "capi.control_files": (
        "add_domain_assign",
        "compile_morercpthosts",
        "del_control",
        "del_domain_assign",
        "host_in_locals",
        "remove_line",
        "remove_lines",
        "signal_process",
        "sort_file",
        "update_file",
        "update_newu",
    ),
    "capi.domains": (
        "count_rcpthosts",
        "domain_entries",
        "get_domain_entries",
        "vaddaliasdomain",
        "vadddomain",
        "vclose",
        "vdeldomain",
        "vget_assign",
    ),
    "capi.existence": (
        "isExistingAddress",
        "isExistingAlias",
        "isExistingAnyAddress",
        "isExistingRobot",
        "isExistingUser",
        "isQmailAlias",
        "isValidMailList",
    ),
    "capi.files": (
        "file_exists",
        "get_read_lock",
        "get_write_lock",
        "r_chown",
        "r_mkdir",
        "vdelfiles",
        "vfd_copy",
        "vfd_move",
        "vmake_maildir",
    ),
    "capi.events": ("call_onchange",),
    "capi.homes": (
        "backfill",
        "close_big_dir",
        "dec_dir_control",
        "inc_dir",
        "inc_dir_control",
        "make_user_dir",
        "next_big_dir",
        "next_char",
        "open_big_dir",
        "print_control",
        "vdel_dir_control",
        "vread_dir_control",
        "vwrite_dir_control",
    ),
    "capi.ip_maps": ("ip_map_entries", "vadd_ip_map", "vdel_ip_map", "vget_ip_map", "vshow_ip_map"),
    "capi.last_auth": ("vget_lastauth", "vget_lastauthip", "vset_lastauth"),
    "capi.limits": (
        "vdefault_limits",
        "vdel_limits",
        "vget_limits",
        "vlimits_get_flag_mask",
        "vlimits_read_limits_file",
        "vlimits_setflags",
        "vlimits_write_limits_file",
        "vset_limits",
    ),
    "capi.login_log": ("logsql",),
    "capi.quotas": (
        "add_warningsize_to_quota",
        "domain_over_maildirquota",
        "format_maildirquota",
        "maildir_addquota",
        "quota_mtos",
        "quota_user_usage",
        "readdomainquota",
        "readuserquota",
        "remove_maildirsize",
        "update_maildirsize",
        "user_over_maildirquota",
        "vmaildir_readquota",
        "wrapreaduserquota",
    ),
    "capi.records": ("vcheck_vqpw", "vgetent"),
    "capi.passwords": (
        "mkpasswd3",
        "pw_strength",
        "pw_strength_error",
        "pw_strength_policy",
        "randltr",
        "vauth_crypt",
        "vgen_pass",
        "vgetpasswd",
        "vrandom_pass",
    ),
    "capi.relay": (
        "open_smtp_relay",
        "update_rules",
        "vclear_open_smtp",
        "vopen_smtp_relay",
        "vupdate_rules",
    ),
    "capi.status": ("last_error", "vsqlerror"),
    "capi.text": (
        "date_header",
        "dec2hex",
        "get_remote_ip",
        "maildir_to_email",
        "str_replace",
        "trim",
    ),
    "capi.usage_daemon": (
        "client_close",
        "client_connect",
        "client_query",
        "client_query_quick",
    ),
    "capi.user_changes": ("vget_real_domain", "vpasswd", "vsetuserquota", "vsqwebmail_pass"),
    "capi.users": ("vadduser", "vauth_getpw", "vauth_user", "vdeluser"),
    "capi.vauth": (
        "vauth_adddomain",
        "vauth_adduser",
        "vauth_deldomain",
        "vauth_deluser",
        "vauth_end_getall",
        "vauth_getall",
        "vauth_module_name",
        "vauth_munch_domain",
        "vauth_open",
        "vauth_setpw",
        "vauth_setquota",
        "vauth_users",
        "vmkpasswd",
    ),
    "codes": ("VA", "verror"),
    "config": ("Config",),
    "plan.steps": ("Plan",),
    "records": ("DirControl", "DomainEntry", "VLimits", "VqPasswd"),
    "site": ("Vpopmail", "configure", "current", "use"),
}

if not TYPE_CHECKING:
    # Hidden from type checkers, so that they report a name that does not exist.
    _HOMES = {name: module for module, names in _PUBLIC.items() for name in names}

    def __getattr__(name):
        """Import a public name when it is first used."""
        if name in _HOMES:
            module = __import__(f"vpopmail.{_HOMES[name]}", fromlist=[name])
            value = getattr(module, name)
        else:
            value = _constant(name)
        globals()[name] = value
        return value

    def _constant(name):
        if name.startswith("VA_"):
            from vpopmail.codes import constant

            value = constant(name)
            if value is not None:
                return value
        elif name.isupper():
            from vpopmail import records

            if hasattr(records, name):
                return getattr(records, name)
        elif name == "__all__":
            return sorted(_HOMES)
        elif name == "errors":
            import vpopmail.errors

            return vpopmail.errors
        raise AttributeError(f"module 'vpopmail' has no attribute '{name}'")

    def __dir__():
        return sorted({*globals(), *_HOMES})
