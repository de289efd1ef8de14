"""Making the tables that are missing, from the files in ``schema`` that a DBA can read."""

from __future__ import annotations

from vpopmail.backends.sql.account_table import SHARED
from vpopmail.backends.sql.connections import NoTable
from vpopmail.errors import BackendUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from vpopmail.backends.sql.account_table import AccountTable
    from vpopmail.backends.sql.connections import Connections
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column
    from vpopmail.settings import Settings

    T = TypeVar("T")


def statements(name: str) -> dict[str, list[str]]:
    """The statements of a schema file, by the table that they are about.

    Args:
        name: of the dialect.

    A file has ``-- table`` before the statements of each table; they end with ``;``.
    """
    from importlib.resources import files

    text = files("vpopmail.backends.sql").joinpath(f"schema/{name}.sql").read_text("utf-8")
    found: dict[str, list[str]] = {}
    for part in text.split("\n-- table ")[1:]:
        table, _, body = part.partition("\n")
        found[table.strip()] = [one.strip() for one in body.split(";") if one.strip()]
    return found


def make_missing(
    connections: Connections, dialect: Dialect, users: AccountTable | None = None
) -> None:
    """Make the tables that are not there; those that are stay as they are.

    Args:
        connections: to the database.
        dialect: of it.
        users: the table of the users; None: it is not needed now.

    Raises:
        BackendUnavailable.
    """
    there = connections.layout()
    known = statements(dialect.name)
    shared = known[SHARED]
    needed = needed_tables(dialect.settings)
    if users is not None:
        known[users.name] = own_statements(users, dialect.name) if users.own else shared
        needed.append(users.name)
    for table, texts in known.items():
        if table in there or table not in needed:
            continue
        for text in texts:
            try:
                connections.define(text)
            except BackendUnavailable:
                # Another process may have made it meanwhile.
                connections.forget_layout()
                if table not in connections.layout():
                    raise
    connections.forget_layout()


def columns_of(connections: Connections, dialect: Dialect, table: str) -> dict[str, Column]:
    """The columns of a table that the settings ask for, made if it is missing.

    Raises:
        BackendUnavailable.
    """
    if table not in connections.layout():
        make_missing(connections, dialect)
    return connections.layout()[table]


def store_in(
    connections: Connections,
    dialect: Dialect,
    table: str,
    store: Callable[[dict[str, Column]], T],
) -> T:
    """Store something in a table, which is made anew if it was lost while this process ran.

    Args:
        connections: to the database.
        dialect: of it.
        table: one that the settings ask for.
        store: does it, given the columns; nothing counts if it raises NoTable.

    Raises:
        BackendUnavailable, and what ``store`` raises.
    """
    try:
        return store(columns_of(connections, dialect, table))
    except NoTable:
        connections.forget_layout()
        return store(columns_of(connections, dialect, table))


def own_statements(users: AccountTable, name: str) -> list[str]:
    """The statements that make the table of one domain.

    Args:
        users: the table.
        name: of the dialect.
    """
    return list(filter(None, [_own(text, users) for text in statements(name)[SHARED]]))


def needed_tables(settings: Settings) -> list[str]:
    """The tables that a site with these settings keeps something in, besides its users."""
    options = {
        "dir_control": True,
        "lastauth": settings.auth_logging,
        "valias": settings.valias,
        "limits": settings.mysql_limits,
        "vlog": settings.sql_logging,
        "ip_alias_map": settings.ip_alias_domains,
        "relay": settings.roaming_users,
        "aliasdomains": settings.sql_aliasdomains,
    }
    return [table for table, wanted in options.items() if wanted]


def _own(text: str, users: AccountTable) -> str:
    """The statement about the table of all domains, for one that does not name its domain."""
    lines = [line for line in text.split("\n") if not line.strip().startswith("pw_domain ")]
    text = "\n".join(lines).replace("(pw_name, pw_domain)", "(pw_name)")
    return "" if "INDEX" in text else text.replace(f"{SHARED} (", f"[{users.name}] (", 1)
