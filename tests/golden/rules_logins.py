"""Rules about logging in with vchkpw."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from .model import Entry
from .rules_programs import REASON
from .scenario import Step
from .tables import Row, Table, Tables, by_key
from .vpasswd_lines import edited_entry, line_of
from .world import World

_C_READS = 155  # bytes of descriptor 3
_NO_PASSWORD = 13
_UNKNOWN = 3
_NO_USER = -10
_MAIL_NOTICE = 21
_NO_HOME = 6
_DIRECTORY = 5  # field of vpasswd
_WRONG_PASSWORD = "3"  # class of a row of vlog
_MOMENT = 60  # seconds
_TRY_AGAIN = 111
_DATABASE_DOWN = "vdelivermail: deferred, database down\n"
_C_ADDRESS = 18  # characters of a column


def whole_credentials(step: Step, world: World) -> Step:
    """C loses the password behind a long name; with us the name is that of nobody."""
    given = step.data["chkpw"]["fd3"] if step.kind == "chkpw" else ""
    name, _, rest = given.partition("\0")
    if len(given) <= _C_READS or not rest.partition("\0")[0] or step.result.get("exit") != _NO_PASSWORD:
        return step
    return step.expecting(exit=_UNKNOWN, syslog=_not_found(step, name))


def _not_found(step: Step, name: str) -> list[dict[str, object]]:
    [told] = step.result["syslog"]
    log_name = told["message"].partition(":")[0]
    address = step.data["chkpw"]["env"]["TCPREMOTEIP"]
    return [{**told, "message": f"{log_name}: vpopmail user not found {name}:{address}"}]


def new_home(step: Step, world: World) -> Step:
    """In a home that the login makes C can note no login, since it comes first."""
    if step.tables is not None:
        return step  # the note is a row
    home = step.result.get("exec", {}).get("env", {}).get("HOME") if step.kind == "chkpw" else None
    if home is not None and any(change["path"] == home for change in step.changes or ()):
        _note_login(step, home, world)
        return step.expecting()
    return step


def home_after_password(step: Step, world: World) -> Step:
    """C makes the home of whom it refuses then; what we leave alone is as it was."""
    if step.kind != "chkpw" or "exec" in step.result or step.tables is None:
        return step
    made = [c for c in step.changes or () if c.get("op") == "added" and c.get("type") == "dir"]
    return replace(world.refuse(step), alone=True) if made else step


def unlogged(step: Step, world: World) -> Step:
    """C cannot log a name that is longer than its column; we leave that empty."""
    refused = step.kind == "chkpw" and "exec" not in step.result and not world.store_is_down
    if refused and "vlog" in world.tables_before and step.changes == [] and not step.tables:
        return replace(step, alone=True)
    return step


def store_is_down(step: Step, world: World) -> Step:
    """Accounts that cannot be read are not taken for users who are not there."""
    if not world.store_is_down:
        return step
    if step.kind == "deliver" and "stdout" not in step.result:
        return step.without(frozenset(("stderr",))).expecting(stdout=_DATABASE_DOWN)
    if step.kind != "chkpw" or "syslog" not in step.result:
        return step
    (first, *rest) = step.result["syslog"]
    who = first["message"].rpartition(" not found ")[2].rpartition(":")[0]
    told = first["message"].replace("vpopmail user not found", "accounts cannot be read")
    unlogged = f"a login of {who} is not in the log: {REASON}"
    told_after = [{**message, "message": unlogged} for message in rest]
    return step.expecting(exit=_TRY_AGAIN, syslog=[{**first, "message": told}, *told_after])


def by_capitals(step: Step, world: World) -> Step:
    """The server of C finds a name whose row has capitals; here nobody has the name."""
    if not world.has_database:
        return step
    if step.kind == "chkpw" and "exec" in step.result:
        name = step.data["chkpw"]["fd3"].partition("\0")[0]
        user, _, domain = name.partition("@")
        if "@" in name and world.user_row(user, domain) is None:
            address = step.data["chkpw"]["env"]["TCPREMOTEIP"]
            text = f"vchkpw-pop3: vpopmail user not found {name}:{address}"
            told = [{"priority": _MAIL_NOTICE, "ident": "vpopmail", "message": text}]
            refused = replace(world.refuse(step), alone=True).without(frozenset(("exec",)))
            return refused.expecting(exit=_UNKNOWN, syslog=told)
    if step.calls("vdeluser") and step.result["rc"] == 0:
        user, domain = map(str, step.args)
        table = world.tables_before.get(world.users_table(domain))
        names = [] if table is None else [row["pw_name"] for row in table.rows]
        if user in names and user.lower() not in names:
            return world.refuse(step).expecting(rc=_NO_USER)
    return step


def whole_address(step: Step, world: World) -> Step:
    """The address of an IPv6 client does not fit into the columns of C, which notes nothing then."""
    address = step.data["chkpw"]["env"].get("TCPREMOTEIP", "") if step.kind == "chkpw" else ""
    if ":" not in address:
        return step
    if "syslog" in step.result:
        shown = address.replace(":", "_")  # with C
        told = [{**t, "message": t["message"].replace(shown, address)} for t in step.result["syslog"]]
        step = step.expecting(syslog=told)
    return replace(step, alone=True) if world.has_database and len(address) > _C_ADDRESS else step


def by_alias(step: Step, world: World) -> Step:
    """The PostgreSQL module of C does not know that a domain is an alias."""
    if step.kind != "chkpw" or step.result.get("exit") != _UNKNOWN or not world.has_database:
        return step
    name, password = step.data["chkpw"]["fd3"].split("\0")[:2]
    user, _, domain = name.partition("@")
    row = world.user_row(user, domain)
    if not world.is_alias(domain) or row is None or row["pw_clear_passwd"] != password:
        return step
    return replace(_succeeding(step, user, name, row["pw_dir"] or ""), alone=True)


def stored_home(step: Step, world: World) -> Step:
    """C makes the home of an entry without one, cannot store it, and then does not find it."""
    if step.kind != "chkpw" or step.result.get("exit") != _NO_HOME:
        return step
    name = step.data["chkpw"]["fd3"].partition("\0")[0]
    user, _, domain = name.partition("@")
    directory = world.domain_dir(domain)
    assert directory is not None
    home = f"{directory}/{user}"
    _note_login(step, home, world)
    world.fields.setdefault(directory, {})[user] = {_DIRECTORY: home}
    for file in ("vpasswd", "vpasswd.cdb"):
        entry = world.before[f"{directory}/{file}"]
        text = world.before[f"{directory}/vpasswd"].text
        fields = (line_of(text, user) or "").split(":")
        fields[_DIRECTORY] = home
        world.moved[f"{directory}/{file}"] = edited_entry(entry, (), {user: ":".join(fields)})
    return _succeeding(step, user, name, home)


def _note_login(step: Step, home: str, world: World) -> None:
    address = step.data["chkpw"]["env"].get("TCPREMOTEIP", "")
    owner = world.before[posixpath.dirname(home)].owner
    noted = Entry("file", 0o600, owner, address.encode())
    world.moved[f"{home}/lastauth"] = noted
    world.instead[f"{home}/lastauth"] = (None, noted)


def _succeeding(step: Step, user: str, name: str, home: str) -> Step:
    data = step.data["chkpw"]
    added = {"USER": user, "HOME": home, "SHELL": "NOLOGIN", "VPOPUSER": name}
    told = {
        "argv": [data.get("prog", "qmail-pop3d"), *data.get("args", ())],
        "cwd": home,
        "uid": 89,
        "gid": 89,
        "env": {**data["env"], **added},
    }
    step = step.without(frozenset(("syslog",)))
    return step.expecting(exit=0, exec=told)


# In a database.


def login_rows(tables: Tables, world: World) -> Tables:
    """C writes a wrong password twice, keeps passwords, and takes a name alone for a domain."""
    log = tables.get("vlog")
    if log is None:
        return tables
    rows: list[Row] = []
    first: Row | None = None
    for row in log.rows:
        told = {**row, "id": ""}
        if _is_login(row) and row["error"] == _WRONG_PASSWORD and told == first:
            first = None
            continue
        first = told
        rows.append(_as_ours(row))
    return {**tables, "vlog": log.with_rows(rows)}


def _is_login(row: Row) -> bool:
    return (row["message"] or "").startswith("vchkpw-")


def _as_ours(row: Row) -> Row:
    if not _is_login(row):
        return row
    alone = not row["user"] and row["domain"] == row["logon"]
    return {**row, "passwd": "", "domain": "" if alone else row["domain"]}


def own_numbers(name: str, want: Table | None, have: Table | None, world: World) -> Table | None:
    """The rows of the log are numbered as ours are, which are others."""
    if name != "vlog" or want is None or have is None:
        return want
    ours = by_key(name, have)
    return want.with_rows(
        {**row, "id": ours[key]["id"]} if key in ours else row for key, row in by_key(name, want).items()
    )


def newer_note(name: str, want: Table | None, have: Table | None, world: World) -> Table | None:
    """Two logins within a recorded moment may have times of their own."""
    if name != "lastauth" or want is None or have is None:
        return want
    ours = by_key(name, have)

    def near(key: object, row: Row) -> Row:
        there = ours.get(key)
        if there is None or not 0 <= _seconds(there) - _seconds(row) < _MOMENT:
            return row
        return {**row, "timestamp": there["timestamp"]}

    return want.with_rows(near(key, row) for key, row in by_key(name, want).items())


def _seconds(row: Row) -> int:
    text = row["timestamp"] or ""
    return int(text) if text.isdigit() else 0
