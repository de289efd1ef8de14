"""What the C library sends, as it words it: see the reference, what each operation does.

Of the releases that a layout is for; each names its columns, quotes as C does, and is of a user
"cuser" with an alias "calias".
"""

from __future__ import annotations

from .recorded import DOMAIN, SCHEMAS, kind_of

_NUMBERS = ", ".join(
    ["cur_users", "level_cur", "level_max"]
    + [f"level_{part}{index}" for part in ("start", "end", "mod", "index") for index in range(3)]
)
_LIMITS = (
    "domain, maxpopaccounts, maxaliases, maxforwards, maxautoresponders, maxmailinglists, diskquota,"
    " maxmsgcount, defaultquota, defaultmaxmsgcount, disable_pop, disable_imap, disable_dialup,"
    " disable_passwordchanging, disable_webmail, disable_relay, disable_smtp, disable_spamassassin,"
    " delete_spam, perm_account, perm_alias, perm_forward, perm_autoresponder, perm_maillist,"
    " perm_quota, perm_defaultquota"
)


def c_statements(layout: str) -> list[str]:
    """The statements of C for the tables of a layout, in an order that leaves a user behind."""
    tables = SCHEMAS[layout]["tables"]
    kind = kind_of(layout)
    found = _users(layout) + _small_tables(kind)
    if "valias" in tables:
        found += _aliases()
    if "limits" in tables:
        found += _of_limits()
    if "relay" in tables:
        found += _of_relay()
    if "ip_alias_map" in tables:
        found += _of_the_ip_map()
    if "vlog" in tables:
        found += _of_the_log()
    if "aliasdomains" in tables:
        found += [f'INSERT IGNORE INTO aliasdomains (alias, domain) VALUES ("example.org", "{DOMAIN}")']
    return found


def _users(layout: str) -> list[str]:
    own = "per domain" in layout
    clear = "without clear" not in layout
    table = "example_com" if own else "vpopmail"
    domain = ("", "", "") if own else ("pw_domain, ", f"'{DOMAIN}', ", f" and pw_domain = '{DOMAIN}'")
    more = (", pw_clear_passwd", ", 'secret'") if clear else ("", "")
    fields = "pw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell" + more[0]
    setting = ", pw_clear_passwd = 'other'" if clear else ""
    return [
        f"insert into {table} ( pw_name, {domain[0]}pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell{more[0]} )"
        f" values ( 'cuser', {domain[1]}'$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne.', 0, 0, 'C User',"
        f" '/home/vpopmail/domains/{DOMAIN}/cuser', 'NOQUOTA'{more[1]} )",
        f"select {fields} from {table} where pw_name = 'cuser'{domain[2]}",
        f"select {fields} from {table}" + ("" if own else f" where pw_domain = '{DOMAIN}'") + " order by pw_name",
        f"update {table} set pw_passwd = 'x', pw_uid = 0, pw_gid = 8, pw_gecos = 'C''s',"
        f" pw_dir = '/home/vpopmail/domains/{DOMAIN}/cuser', pw_shell = '10M'{setting}"
        f" where pw_name = 'cuser'{domain[2]}",
        f"update {table} set pw_shell = 'NOQUOTA' where pw_name = 'cuser'{domain[2]}",
        f"delete from {table} where pw_name = 'nobody'{domain[2]}",
    ]


def _small_tables(kind: str) -> list[str]:
    numbers = ", ".join("1" for _ in _NUMBERS.split(","))
    state = f"into dir_control ( domain, {_NUMBERS}, the_dir ) values ( 'c.example', {numbers}, 'A' )"
    read = f"select {_NUMBERS}, the_dir from dir_control where domain = 'c.example'"
    if kind == "pgsql":
        return [
            "delete from dir_control where domain = 'c.example'",
            f"insert {state}",
            read,
            f"update lastauth set remote_ip = '192.0.2.1', timestamp = 1700000000 where userid = 'cuser' and domain = '{DOMAIN}'",
            f"insert into lastauth ( userid, domain, remote_ip, timestamp ) values ( 'cuser', '{DOMAIN}', '192.0.2.1', 1700000000 )",
            f"select timestamp, remote_ip from lastauth where userid = 'cuser' and domain = '{DOMAIN}'",
        ]
    return [
        f"replace {state}",
        read,
        "delete from dir_control where domain = 'c.example'",
        f"replace into lastauth ( user, domain, remote_ip, timestamp ) values ( 'cuser', '{DOMAIN}', '192.0.2.1', 1700000000 )",
        f"select timestamp, remote_ip from lastauth where user = 'cuser' and domain = '{DOMAIN}'",
    ]


def _aliases() -> list[str]:
    key = f"domain = '{DOMAIN}'"
    return [
        f"insert into valias ( alias, domain, valias_line ) values ( 'calias', '{DOMAIN}', '&{address}' )"
        for address in ("one@example.net", "two@example.net", "three@example.net")
    ] + [
        f"select valias_line from valias where alias = 'calias' and {key}",
        f"select alias, valias_line from valias where {key} order by alias",
        f"select distinct alias from valias where {key} order by alias",
        f"delete from valias where alias = 'calias' and {key} and valias_line = '&three@example.net'",
    ]


def _of_limits() -> list[str]:
    values = ", ".join("5" for _ in _LIMITS.split(",")[1:])
    return [
        f"replace into limits ( {_LIMITS} ) values ( '{DOMAIN}', {values} )",
        f"select {_LIMITS} from limits where domain = '{DOMAIN}'",
        "delete from limits where domain = 'nothing.example'",
    ]


def _of_relay() -> list[str]:
    return [
        "replace into relay ( ip_addr, timestamp ) values ( '192.0.2.1', 1700000000 )",
        "delete from relay where timestamp <= 1600000000",
        "select ip_addr from relay",
    ]


def _of_the_ip_map() -> list[str]:
    return [
        f"replace into ip_alias_map ( ip_addr, domain ) values ( '192.0.2.1', '{DOMAIN}' )",
        "select domain from ip_alias_map where ip_addr = '192.0.2.1'",
        "select ip_addr, domain from ip_alias_map",
        f"delete from ip_alias_map where ip_addr = '192.0.2.1' and domain = '{DOMAIN}'",
    ]


def _of_the_log() -> list[str]:
    return [
        "INSERT INTO vlog set user='cuser', passwd='', domain='example.com', logon='cuser@example.com',"
        " remoteip='192.0.2.1', message='vchkpw: login success', error=0, timestamp=1700000000",
        "delete from vlog where user='nobody' and domain='example.com'",
    ]
