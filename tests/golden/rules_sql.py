"""Rules about calls on accounts in a database: what C stores wrong, misses or keeps to itself."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from typing import Any

from .control_files import add_names
from .passwords import verifies
from .scenario import Step
from .tables import Row
from .world import World

_FAILED = -23
_NO_USER = -10
_INVALID_DOMAIN = -12
_NULL_POINTER = -33
_BAD_CHAR = -20
_NAME_TOO_LONG = -25
_USER_EXISTS = -2
_C_ADDRESS = 18  # characters of the columns of addresses in C
_C_NAME = 32  # and of those of names
_TINYINT = 127
_TABLE_NAME = 63  # characters
_BROKEN = re.compile(r"query\[\d+\]: ERROR:  syntax error")
_TIMES_STORED = 5  # each time that C stores a row again, it adds backslashes
_ESCAPED = re.compile(r"[\\'\"]")
_OF_ADDRESSES = frozenset(string.ascii_letters + string.digits + ".:-_%")
_SHOWN = {0: 1, 1: 2}
_UID = re.compile(r"(?<=^uid:    )[01]$", re.M)
_STORED = {1: 0, 2: 1}
_USER_CALLS = (
    "vadduser", "vdeluser", "vpasswd", "vsetuserquota", "vauth_adduser", "vauth_setquota",
    "vauth_deluser", "modpw", "vauth_getpw", "vauth_user", "vset_lastauth",
)  # fmt: skip
_LISTS = ("getall", "getall_names", "vauth_getall")


def _user_and_domain(step: Step) -> tuple[str, str]:
    """The user and the domain that a call is about."""
    if step.calls("vauth_setpw"):
        return str(step.args[0]["pw_name"]), str(step.args[1])
    return str(step.args[0]), str(step.args[1])


def _is_about_a_user(step: Step, world: World) -> bool:
    return world.has_database and step.calls("vauth_setpw", *_USER_CALLS)


# -- members of records


def entry_of(row: Row) -> dict[str, Any]:
    """The entry of a row as C would tell it."""
    told = {name: row.get(name) or "" for name in ("pw_name", "pw_passwd", "pw_gecos", "pw_dir")}
    flags = int(row["pw_gid"] or 0)
    return {
        **told,
        "pw_uid": int(row["pw_uid"] or 0),
        "pw_gid": flags,
        "pw_flags": flags,
        "pw_shell": row["pw_shell"] or "NOQUOTA",
        "pw_clear_passwd": row.get("pw_clear_passwd") or "",
    }


def apop_marker(step: Step, world: World) -> Step:
    """The marker of POP and APOP is 1 and 2 in every backend; C shows the column."""
    if not world.has_database:
        return step
    values = step.args[0] if step.calls("vauth_setpw") else step.args[-1] if step.calls("modpw") else {}
    if "pw_uid" in values:
        world.markers[_user_and_domain(step)[0]] = values["pw_uid"]
    result = dict(step.result)
    if step.kind == "cli" and step.name == "vuserinfo" and "stdout" in result:
        result["stdout"] = _UID.sub(lambda found: f"{_SHOWN[int(found[0])]}", result["stdout"])
    if result.get("pw"):
        result["pw"] = _with_marker(result["pw"], world)
    if step.calls("getall"):
        result["list"] = [_with_marker(pw, world) for pw in result["list"]]
    return step if result == step.result else replace(step, result=result)


def _with_marker(pw: dict[str, Any], world: World) -> dict[str, Any]:
    if pw["pw_name"] in world.markers:
        return pw
    return {**pw, "pw_uid": _SHOWN.get(pw["pw_uid"], pw["pw_uid"])}


def empty_comment(step: Step, world: World) -> Step:
    """A new user without a comment has his name there."""
    if not world.has_database:
        return step
    if step.calls("vadduser", "vauth_adduser") and not step.args[3]:
        world.uncommented.add(str(step.args[0]).lower())
    result = dict(step.result)
    if result.get("pw"):
        result["pw"] = _with_comment(result["pw"], world)
    if step.calls("getall"):
        result["list"] = [_with_comment(pw, world) for pw in result["list"]]
    return step if result == step.result else replace(step, result=result)


def _with_comment(pw: dict[str, Any], world: World) -> dict[str, Any]:
    bare = not pw["pw_gecos"] and pw["pw_name"] in world.uncommented
    return {**pw, "pw_gecos": pw["pw_name"]} if bare else pw


# -- lookups and lists


def lookups_give_rows(step: Step, world: World) -> Step:
    """C misses a user by an alias of his domain, and whom a broken statement asked for."""
    if not world.has_database:
        return step
    if step.calls("vget_lastauthip"):
        return _last_address(step, world)
    if not step.calls("vauth_getpw", "vauth_user") or "pw" not in step.result:
        return step
    user, domain = _user_and_domain(step)
    row = world.user_row(user, domain) if world.domain_dir(domain) else None
    if row is not None and step.calls("vauth_user"):
        row = row if verifies(str(step.args[2]), row["pw_passwd"] or "") else None
    if (row is None) == (step.result["pw"] is None) and not _has_parted(user, domain, world):
        return step
    return step.expecting(pw=None if row is None else entry_of(row))


def _has_parted(user: str, domain: str, world: World) -> bool:
    """Whether the row of a user is another one in C."""
    table = world.users_table(domain)
    return any(
        name == table and ours is not None and ours["pw_name"] == user
        for (name, _key), (_theirs, ours) in world.rows_instead.items()
    )


def _last_address(step: Step, world: World) -> Step:
    user, domain = _user_and_domain(step)
    table = world.tables_before.get("lastauth")
    for row in () if table is None else table.rows:
        if (row.get("user", row.get("userid")), row["domain"]) == (user, world.real(domain)):
            return step.expecting(value=row["remote_ip"])
    return step.expecting(value=None)


def listed_by_alias(step: Step, world: World) -> list[str] | None:
    """The names of our users where C lists others: by an alias, and of rows that C alone has."""
    domain = str(step.args[0])
    table = world.tables_before.get(world.users_table(domain))
    if table is None:
        return None
    real = world.real(domain)
    ours = [row["pw_name"] or "" for row in table.rows if row.get("pw_domain", real) == real]
    known = world.is_alias(domain.lower()) or domain in world.only_ours
    parted = {row["pw_name"] for pair in world.rows_instead.values() for row in pair if row and "pw_name" in row}
    if known or set(ours) ^ set(step.result["list"]) <= parted:
        return ours
    return None


def in_order_of_bytes(step: Step, world: World) -> Step:
    """A list is in the order of the names' bytes; in C in that of the column, or of nothing."""
    if not world.has_database or not step.calls(*_LISTS):
        return step
    if step.calls("vauth_getall"):
        return _next_of_list(step, world)
    if step.calls("getall"):
        ordered = sorted(step.result["list"], key=lambda pw: pw["pw_name"].encode())
    else:
        ours = listed_by_alias(step, world)
        ordered = sorted(step.result["list"] if ours is None else ours, key=str.encode)
    return step if ordered == step.result["list"] else step.expecting(list=ordered)


def _next_of_list(step: Step, world: World) -> Step:
    return step


# -- users who are not there, or there already


def missing_user_told(step: Step, world: World) -> Step:
    """C says that a user who is not there was changed, or that his name is illegal."""
    if not world.has_database or not step.calls("vpasswd", "vsetuserquota", "vauth_setquota"):
        return step
    user, domain = _user_and_domain(step)
    if _is_lost(domain, world) and not world.build.endswith("few"):
        return step
    if "rc" not in step.result or world.user_row(user, domain) is not None:
        return step
    return step if step.result["rc"] == _NO_USER else step.expecting(rc=_NO_USER)


def by_alias_domain(step: Step, world: World) -> Step:
    """By an alias of his domain a user is found; in C some calls take the name for a domain."""
    if not _is_about_a_user(step, world) or step.calls("vauth_getpw", "vauth_user"):
        return step
    user, domain = _user_and_domain(step)
    if not world.is_alias(domain.lower()) or world.user_row(user, domain) is None:
        return step
    if step.result.get("rc") == 0 and _touches(step, domain, world):
        return step
    if step.calls("vset_lastauth"):
        world.orphans.add((user, domain))  # C has made a row for the alias
    return replace(step, alone=True).expecting(rc=0)


def _touches(step: Step, alias: str, world: World) -> bool:
    """Whether a step changed a table, and nothing under the name of the alias."""
    tables = step.tables or {}
    values = {value for table in tables.values() for row in table.rows for value in row.values()}
    return bool(tables) and alias.lower() not in values


def one_row_each(step: Step, world: World) -> Step:
    """C answers a second row of one user with -1 or success."""
    if not world.has_database or not step.calls("vauth_adduser"):
        return step
    if not is_place(str(step.args[4])):
        return world.refuse(step).expecting(rc=-1)
    if world.user_row(*_user_and_domain(step)) is None:
        world.capitals |= {str(step.args[0])} - {str(step.args[0]).lower()}
        return step
    return world.refuse(step).expecting(rc=_USER_EXISTS)


def is_place(text: str) -> bool:
    """Whether it is a place of directory hashing, or none."""
    return all(len(part) == 1 and part.isalnum() for part in text.split("/")) or not text


# -- tables that are lost


def lost_table(step: Step, world: World) -> Step:
    """Where the users' table is gone we say that there is no connection to the accounts."""
    if not _is_about_a_user(step, world):
        return step
    user, domain = _user_and_domain(step)
    if step.calls("vdeluser") and step.result.get("rc") == -1 and "lastauth" not in world.tables_before:
        return replace(step, alone=True).expecting(rc=0) if world.user_row(user, domain) else step
    if step.calls("vauth_getpw", "vauth_user", "vset_lastauth") or not _is_lost(domain, world):
        return step
    if world.build.endswith("few") and not step.calls("vadduser"):
        return step  # a domain without a table has no users
    if not world.domain_dir(domain):
        return step
    return world.refuse(step).without(frozenset(("verrori",))).expecting(rc=_FAILED)


# -- values and names in statements


def _is_lost(domain: str, world: World) -> bool:
    """Whether the table of a domain's users is gone."""
    return bool(world.tables_before) and world.users_table(domain) not in world.tables_before


def values_are_no_sql(step: Step, world: World) -> Step:
    """What breaks a statement of C is stored as it is."""
    broken = step.kind == "cli" and _BROKEN.search(step.result.get("stderr", ""))
    if broken and _texts(step.data["cli"]):
        _keep_comment(step, world)
        return replace(step, alone=True, result={"exit": 0})
    if not _is_about_a_user(step, world) or step.result.get("rc", 0) not in (_FAILED, -1):
        return step
    user, domain = _user_and_domain(step)
    if _is_lost(domain, world) or not world.domain_dir(domain):
        return step
    if step.calls("vadduser") and step.result["rc"] == _FAILED:
        return replace(step, alone=True).expecting(rc=0)
    known = world.user_row(user, domain) is not None or step.calls("vauth_deluser")
    if _texts(step.args) and known:
        return replace(step, alone=True).expecting(rc=0)
    return step


def _keep_comment(step: Step, world: World) -> None:
    """C's later rows have the comment that was there before, with ever more backslashes."""
    row = world.user_row(*str(step.data["cli"][-1]).split("@", 1))
    [new] = _texts(step.data["cli"])
    before = None if row is None else row["pw_gecos"]
    for theirs, ours in [*world.given.items()]:
        if before in (theirs, ours):
            world.given[theirs] = new


def domains_that_c_cannot_make(step: Step, world: World) -> Step:
    """A table that is there, or whose name C does not quote, is in nobody's way."""
    if world.has_database and step.calls("vauth_adddomain") and step.result.get("rc") == -1:
        return step.expecting(rc=0)
    if not world.has_database or not step.calls("vadddomain") or step.result.get("rc") != _FAILED:
        return step
    name = str(step.args[0])
    others = {fields[1].replace("-", ".") for fields in world.assign_lines()}
    if name.replace("-", ".") in others or len(name) > _TABLE_NAME:
        return world.refuse(step).expecting(rc=_INVALID_DOMAIN)
    world.only_ours.add(name)
    base = "{VPOPMAILDIR}/domains"
    world.own_lines[name] = f"+{name}-:{name}:89:89:{base}/{name}:-::"
    if not _has_counted(step, world):
        world.counter_shift[f"{base}/.dir-control"] += 1
    return replace(step, alone=True).expecting(rc=0)


def _has_counted(step: Step, world: World) -> bool:
    """Whether C has counted the domain all the same."""
    rows = []
    for tables in (step.tables or step.changed_tables or {}, world.tables_before):
        table = tables.get("dir_control")
        rows.append(None if table is None else table.row(domain="dom_89"))
    after, before = (int(row["cur_users"] or 0) if row else 0 for row in rows)
    return after > before


def only_we_have_it(step: Step, world: World) -> Step:
    """A domain that C could not make, or not find in what it wrote."""
    at = 0 if step.calls("vdeldomain") else 1 if _is_about_a_user(step, world) else None
    if at is None or "rc" not in step.result:
        return step
    if str(step.args[at]) not in world.only_ours and not _is_only_ours(step, world):
        return step
    if step.calls("vdeluser"):
        world.counter_shift[f"{world.domain_dir(str(step.args[1]))}/.dir-control"] -= 1
    if step.calls("vdeldomain"):
        name = str(step.args[at])
        world.only_ours.discard(name)
        if world.own_lines.pop(name, None):
            world.counter_shift["{VPOPMAILDIR}/domains/.dir-control"] -= 1
    return replace(step, alone=True).expecting(rc=0)


def put_own_lines(world: World) -> None:
    """The domains that C could not make, in qmail's files."""
    if world.own_lines:
        add_names(world.expected, world.own_lines)


def _is_only_ours(step: Step, world: World) -> bool:
    """Whether C does not have the user that a call is about."""
    if step.calls("vdeldomain", "vadduser", "vauth_adduser"):
        return False
    user, domain = _user_and_domain(step)
    table = world.users_table(domain)
    return any(
        name == table and theirs is None and ours is not None and ours["pw_name"] == user
        for (name, _key), (theirs, ours) in world.rows_instead.items()
    )


def as_it_was_given(step: Step, world: World) -> Step:
    """Note the texts of a call: C stores some of them with backslashes of its own."""
    if world.has_database and step.kind in ("call", "cli"):
        for text in _texts(step.args if step.kind == "call" else step.data["cli"]):
            escaped = text
            for _ in range(_TIMES_STORED if step.kind == "cli" else 1):
                escaped = _ESCAPED.sub(r"\\\g<0>", escaped)
                world.given[escaped] = text
        for name in ("pw", "list"):
            if step.result.get(name):
                step = step.expecting(**{name: _as_given(step.result[name], world)})
        for theirs, ours in sorted(world.given.items(), reverse=True, key=lambda pair: len(pair[0])):
            if theirs in step.result.get("stdout", "") and step.kind == "cli":
                step = step.expecting(stdout=step.result["stdout"].replace(theirs, ours))
    return step


def _texts(values: Any) -> list[str]:
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list):
        return [text for value in values for text in _texts(value)]
    return [values] if isinstance(values, str) and _ESCAPED.search(values) else []


def _as_given(value: Any, world: World) -> Any:
    if isinstance(value, dict):
        return {name: _as_given(one, world) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_given(one, world) for one in value]
    return world.given.get(value, value) if isinstance(value, str) else value


def _domains(world: World) -> set[str]:
    return {fields[1] for fields in world.assign_lines()}


# -- columns


def wider_columns(step: Step, world: World) -> Step:
    """What C cuts or refuses because a column is narrow fits into ours."""
    if not world.has_database:
        return step
    if step.calls("vset_lastauth") and len(str(step.args[2])) > _C_ADDRESS:
        return replace(step, alone=True).expecting(rc=0)
    if step.calls("valias_insert") and len(str(step.args[0])) > _C_NAME:
        return world.refuse(step).expecting(rc=_NAME_TOO_LONG)
    if step.calls("vset_limits") and _packed(step.args[1]) > _TINYINT:
        return replace(step, alone=True).expecting(rc=0)
    return step


def _packed(limits: dict[str, int]) -> int:
    """The number in the column perm_maillist."""
    names = ("perm_maillist", "perm_maillist_users", "perm_maillist_moderators")
    return sum(limits.get(name, 0) << 3 * at for at, name in enumerate(names))


# -- what belongs to nobody


def nothing_for_strangers(step: Step, world: World) -> Step:
    """C stores aliases and limits of domains, and logins of users, that are not there."""
    if not world.has_database or step.result.get("rc") != 0:
        return step
    at = 0 if step.calls("vset_limits") else 1 if step.calls("valias_insert", "vset_lastauth") else None
    if at is None:
        return step
    domain = str(step.args[at])
    if step.calls("vset_lastauth") and not set(str(step.args[2])) <= _OF_ADDRESSES:
        return world.refuse(step).expecting(rc=-1)
    if not world.domain_dir(domain):
        world.orphans.add(("", domain))
        return world.refuse(step).expecting(rc=0 if step.calls("vset_lastauth") else -1)
    if step.calls("vset_lastauth") and world.user_row(str(step.args[0]), domain) is None:
        return world.refuse(step)
    return step


def strangers_have_no_limits(step: Step, world: World) -> Step:
    """C tells the limits of a domain that is not there."""
    if not world.has_database or not step.calls("vget_limits") or world.domain_dir(str(step.args[0])):
        return step
    unlimited = (
        "maxpopaccounts", "maxaliases", "maxforwards", "maxautoresponders", "maxmailinglists",
    )  # fmt: skip
    limits = {name: -1 if name in unlimited else 0 for name in step.result["limits"]}
    return step.expecting(rc=-1, limits=limits)


def one_line(step: Step, world: World) -> Step:
    """C stores two lines as one in a table."""
    if world.has_alias_table and step.calls("valias_insert") and "\n" in str(step.args[2]):
        return world.refuse(step).expecting(rc=_BAD_CHAR)
    if world.has_alias_table and step.calls("valias_select", "valias_select_all"):
        lines = [one for one in step.result["list"] if "\n" not in (one if isinstance(one, str) else one[-1])]
        return step if lines == step.result["list"] else step.expecting(list=lines)
    return step


def small_aliases(step: Step, world: World) -> Step:
    """C lists an alias as it was written, and notes logins under the name as it was given."""
    if world.has_database and step.calls("vset_lastauth", "vadduser") and step.result.get("rc") == 0:
        name = str(step.args[0])
        world.logins[name.lower()] = name
    if not world.has_alias_table or not step.calls("valias_select_all"):
        return step
    pairs = [[alias.lower(), line] for alias, line in step.result["list"]]
    return step if pairs == step.result["list"] else step.expecting(list=pairs)


def nothing_to_remove(step: Step, world: World) -> Step:
    """C says that an alias was removed that is not there, or limits."""
    if world.has_database and step.calls("vdel_limits") and step.result.get("rc") == 0:
        table = world.tables_before.get("limits")
        there = table is not None and table.row(domain=str(step.args[0])) is not None
        return step if there else step.expecting(rc=-1)
    if not world.has_alias_table or not step.calls("valias_remove", "valias_delete"):
        return step
    alias, domain = str(step.args[0]).lower(), world.real(str(step.args[1]))
    table = world.tables_before.get("valias")
    if table is not None and table.row(alias=alias, domain=domain) is not None:
        return step
    return step.expecting(rc=-1)


def no_empty_lines(step: Step, world: World) -> Step:
    """C adds an empty line and lists it as one to deliver to; an alias goes with its last line."""
    if step.calls("valias_insert") and not str(step.args[2]).strip(" \t"):
        return world.refuse(step).expecting(rc=_NULL_POINTER) if step.result.get("rc") == 0 else step
    if world.has_alias_table and step.calls("valias_insert", "valias_delete", "valias_remove"):
        alias = str(step.args[0]).lower(), world.real(str(step.args[1]))
        table = world.tables_before.get("valias")
        rows = () if table is None else table.rows
        lines = {r["valias_line"] for r in rows if (r["alias"], r["domain"]) == alias}
        world.emptied.discard(alias)
        if step.calls("valias_remove") and lines == {str(step.args[2])}:
            world.emptied.add(alias)
    if not world.has_alias_table or not step.calls("valias_select", "valias_select_all"):
        return step
    lines = [one for one in step.result["list"] if one and one[-1]]
    return step if lines == step.result["list"] else step.expecting(list=lines)


def limits_by_name(step: Step, world: World) -> Step:
    """C reads the columns after perm_autoresponder one place too early."""
    if not world.has_database or not step.calls("vget_limits") or "limits" not in step.result:
        return step
    table = world.tables_before.get("limits")
    row = None if table is None else table.row(domain=str(step.args[0]))
    if row is None:
        return step
    numbers = {name: int(value or 0) for name, value in row.items() if name != "domain"}
    packed = numbers["perm_maillist"]
    names = ("perm_maillist", "perm_maillist_users", "perm_maillist_moderators")
    numbers |= {name: packed >> 3 * at & 7 for at, name in enumerate(names)}
    return step.expecting(limits=numbers)


def small_table_names(step: Step, world: World) -> Step:
    """The name of a table is in lower case."""
    if not step.calls("vauth_munch_domain"):
        return step
    return step.expecting(value=step.result["value"].lower())


def _note_program(step: Step, world: World) -> None:
    """Whose rows go with what a program deletes."""
    user, _, domain = str(step.data["cli"][-1]).lower().rpartition("@")
    if step.name == "vdeluser":
        world.orphans.add((user, world.real(domain)))
    elif step.name == "vdeldomain" and not world.is_alias(domain):
        world.orphans.add(("", domain))
        world.forget_rows(domain)


def gone_with_its_owner(step: Step, world: World) -> Step:
    """Note whose rows go: C leaves some of them."""
    if world.has_database and step.kind == "cli" and step.result.get("exit") == 0:
        _note_program(step, world)
    if world.has_database and step.result.get("rc") == 0:
        if step.calls("vdeluser"):
            world.orphans.add((str(step.args[0]).lower(), world.real(str(step.args[1]))))
        elif step.calls("vdeldomain"):
            name = str(step.args[0]).lower()
            if not world.is_alias(name):
                world.orphans.add(("", name))
                world.forget_rows(name)
        elif step.calls("vadduser", "vset_lastauth"):
            world.orphans.discard((str(step.args[0]).lower(), world.real(str(step.args[1]))))
        elif step.calls("vadddomain"):
            world.orphans.discard(("", str(step.args[0]).lower()))
    return step
