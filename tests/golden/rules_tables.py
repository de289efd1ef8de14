"""Rules about the tables of a database themselves."""

from __future__ import annotations

from collections.abc import Callable

from . import dir_control as control
from .passwords import same_hash
from .rules_files import pattern
from .tables import Row, Table, Tables, by_key, is_users
from .world import World

# -- what differs from run to run


def random_salts(
    name: str, want: Table | None, have: Table | None, world: World
) -> Table | None:
    """Users may have other crypt strings of the same passwords."""
    if want is None or have is None or not is_users(want):
        return want

    def near(mine: Row, theirs: Row) -> Row:
        words = (theirs.get("pw_clear_passwd") or "", *world.clear_passwords)
        left, right = mine["pw_passwd"], theirs["pw_passwd"]
        same = left and right and same_hash(left, right, words)
        return {**mine, "pw_passwd": right} if same else mine

    return _nearer(name, want, have, near)


def moments(name: str, want: Table | None, have: Table | None, world: World) -> Table | None:
    """Where a recording has a placeholder for a time any will do."""
    if want is None or have is None:
        return want

    def near(mine: Row, theirs: Row) -> Row:
        return {column: _moment(value, theirs.get(column)) for column, value in mine.items()}

    return _nearer(name, want, have, near)


def _moment(want: str | None, have: str | None) -> str | None:
    if want is None or have is None or "{NOW}" not in want:
        return want
    return have if pattern(want).fullmatch(have) else want


def _nearer(name: str, want: Table, have: Table, near: Callable[[Row, Row], Row]) -> Table:
    """A table whose rows are each brought nearer to the one of the same key."""
    ours = by_key(name, have)
    return want.with_rows(
        near(row, ours[key]) if key in ours else row for key, row in by_key(name, want).items()
    )


# -- the tables


def tables_when_needed(
    name: str, want: Table | None, have: Table | None, world: World
) -> Table | None:
    """A table without rows may be there or not."""
    if want is None and have is not None and not have.rows:
        return have
    if want is not None and have is None and not want.rows:
        return None
    return want


# -- what is in them


def dir_control(tables: Tables, world: World) -> Tables:
    """The counters, with their numbers as they should be."""
    table = tables.get("dir_control")
    if table is None:
        return tables
    rows = [_counted(row, world) for row in table.rows]
    return {**tables, "dir_control": table.with_rows(rows)}


def _counted(row: Row, world: World) -> Row:
    key = row["domain"] or ""
    directory = world.domain_dir(key) or "{VPOPMAILDIR}/domains"
    path = f"{directory}/.dir-control"
    count = control.count_for_us(path, int(row["cur_users"] or 0), world.counter_shift)
    return {**row, "cur_users": str(count)}


def markers(tables: Tables, world: World) -> Tables:
    """The marker of POP and APOP that a caller stored, as the column has it."""
    stored = {"1": "0", "2": "1"}

    def marked(row: Row) -> Row:
        theirs = world.markers.get(row["pw_name"] or "")
        if theirs is None or row["pw_uid"] != str(theirs):
            return row
        return {**row, "pw_uid": stored.get(str(theirs), str(theirs))}

    return _users(tables, marked)


def comments(tables: Tables, world: World) -> Tables:
    """A new user without a comment has his name there."""

    def commented(row: Row) -> Row:
        bare = row["pw_gecos"] == "" and row["pw_name"] in world.uncommented
        return {**row, "pw_gecos": row["pw_name"]} if bare else row

    return _users(tables, commented)


def as_given(tables: Tables, world: World) -> Tables:
    """Texts as they were given, without the backslashes of C."""
    given = world.given
    return {
        name: table.with_rows(
            {column: given.get(value, value) if value else value for column, value in row.items()}
            for row in table.rows
        )
        for name, table in tables.items()
    }


def small_names(tables: Tables, world: World) -> Tables:
    """Names that a caller gave in capitals are in lower case; rows by hand stay."""

    def small(row: Row) -> Row:
        name = row["pw_name"] or ""
        if name not in world.capitals:
            return row
        directory, _, _last = (row["pw_dir"] or "").rpartition("/")
        return {**row, "pw_name": name.lower(), "pw_dir": f"{directory}/{name.lower()}"}

    folded = _users(tables, small)
    for name, columns in (("valias", ("alias", "domain")), ("lastauth", ("user", "userid", "domain"))):
        if name in folded:
            rows = (row for row in folded[name].rows if name != "lastauth" or _is_latest(row, world))
            folded[name] = folded[name].with_rows(_small(row, columns) for row in rows)
    return folded


def _is_latest(row: Row, world: World) -> bool:
    """Whether it was the last login of a user, under whatever name."""
    user = row.get("user", row.get("userid")) or ""
    return world.logins.get(user.lower(), user) == user


def _small(row: Row, columns: tuple[str, ...]) -> Row:
    return {c: v.lower() if v and c in columns else v for c, v in row.items()}


def quotas(tables: Tables, world: World) -> Tables:
    """A quota that was refused is what it was before."""
    return _users(tables, lambda row: {**row, "pw_shell": world.quotas.get(row["pw_shell"] or "", row["pw_shell"])})


def no_empty_lines(tables: Tables, world: World) -> Tables:
    """An empty line is that of an alias without lines."""
    table = tables.get("valias")
    if table is None:
        return tables
    full = {(row["alias"], row["domain"]) for row in table.rows if row["valias_line"]}
    rows = [r for r in table.rows if r["valias_line"] or (r["alias"], r["domain"]) not in full]
    for alias, domain in sorted(world.emptied - full):
        rows.append({"alias": alias, "domain": domain, "valias_line": ""})
    return {**tables, "valias": table.with_rows(rows)}


def never_stale(tables: Tables, world: World) -> Tables:
    """A clear password that is not kept any more is empty."""
    if world.build != "mysqlnoclear":
        return tables
    return _users(tables, lambda row: {**row, "pw_clear_passwd": ""})


def forget_orphans(world: World) -> None:
    """No row is left of a user or a domain that is gone, where C did not touch the table."""
    world.tables = orphans(world.tables, world)


def orphans(tables: Tables, world: World) -> Tables:
    """No row is left of a user or a domain that is gone."""

    def is_gone(row: Row) -> bool:
        domain = row.get("domain") or ""
        user = row.get("user", row.get("userid"))
        return ("", domain) in world.orphans or (user, domain) in world.orphans

    return {
        name: table.with_rows(row for row in table.rows if not is_gone(row))
        for name, table in tables.items()
    }


def _users(tables: Tables, change: Callable[[Row], Row]) -> Tables:
    """Tables with each row of a user changed."""
    return {
        name: table.with_rows(map(change, table.rows)) if is_users(table) else table
        for name, table in tables.items()
    }
