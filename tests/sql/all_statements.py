"""Every statement of the SQL backends, rendered for one dialect; run as a module, writes the snapshots.

``python -m tests.sql.all_statements``
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

from vpopmail.backends import sql
from vpopmail.backends.sql import dir_control, tables
from vpopmail.backends.sql import limits as limits_table
from vpopmail.backends.sql.account_table import own_table, shared_table
from vpopmail.backends.sql.backend import _OF_A_DOMAIN
from vpopmail.backends.sql.dialect import Dialect
from vpopmail.backends.sql.mysql import MysqlDialect
from vpopmail.backends.sql.oracle import OracleDialect
from vpopmail.backends.sql.pgsql import PgsqlDialect
from vpopmail.backends.sql.sqlite import SqliteDialect
from vpopmail.backends.sql.sybase import SybaseDialect
from vpopmail.settings import load

DIALECTS = {
    dialect.name: dialect for dialect in (MysqlDialect, PgsqlDialect, SqliteDialect, OracleDialect, SybaseDialect)
}
SNAPSHOTS = Path(__file__).parent / "statements"
_STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b")
_USER = ("pw_name", "pw_domain", "pw_passwd", "pw_uid", "pw_gid", "pw_gecos", "pw_dir", "pw_shell", "pw_clear_passwd")
_UPSERTS = {
    "lastauth": (("user", "domain"), ("remote_ip", "timestamp")),
    "limits": (("domain",), limits_table._COLUMNS),
    "dir_control": (("domain",), dir_control._COLUMNS),
    "ip_alias_map": (("ip_addr",), ("domain",)),
    "aliasdomains": (("alias",), ("domain",)),
}


def dialect(name: str) -> Dialect:
    """A dialect with the settings of no site."""
    return DIALECTS[name](load({"vpopmaildir": "/none", "qmaildir": "/none", "vpopuser": 1, "vpopgroup": 1}))


def rendered(name: str) -> dict[str, str]:
    """The statements of a dialect as its driver gets them, by what they are."""
    found = dialect(name)
    texts = {what: found.render(text).text for what, text in _templates(found)}
    texts |= {  # as many rows are given to it
        what: found.render_by_place(text).text
        for what, text in _templates(found)
        if what.startswith("users.") and what.endswith(".insert")
    }
    texts["begin"] = found.begin
    texts["waits"] = found.bound_waits(5)
    return {what: " ".join(text.split()) for what, text in texts.items() if text}


def script(name: str) -> str:
    """The statements of a dialect as a text that people compare."""
    parts = []
    for what, text in sorted(rendered(name).items()):
        lines = textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)
        parts.append("\n".join([f"-- {what}", *lines]) + ";\n")
    return "\n".join(parts)


def definitions(name: str) -> list[str]:
    """The statements that make the tables of a dialect, that of one domain included."""
    found = dialect(name)
    texts = [text for part in tables.statements(name).values() for text in part]
    texts += tables.own_statements(own_table("a-b.example.com"), name)
    return [found.render(text).text for text in texts]


def _templates(found: Dialect) -> Iterator[tuple[str, str]]:
    yield from _constants(found)
    for kind, table in (("shared", shared_table()), ("own", own_table("a-b.example.com"))):
        names = [name for name in _USER if not (table.own and name == "pw_domain")]
        yield f"users.{kind}.find", table.find()
        yield f"users.{kind}.iterate", table.iterate()
        yield f"users.{kind}.insert", table.insert(names)
        yield f"users.{kind}.update", table.update(["pw_passwd", "pw_gecos"], {"pw_gecos"})
        yield f"users.{kind}.delete", table.delete()
        yield f"users.{kind}.clear", table.clear()
    for table_name, (keys, values) in _UPSERTS.items():
        for number, text in enumerate(found.upsert(table_name, keys, values), 1):
            yield f"upsert.{table_name}.{number}", text
    for table_name, column in (*_OF_A_DOMAIN, ("vlog", "domain")):
        yield f"delete_domain.{table_name}", f"DELETE FROM [{table_name}] WHERE [{table_name}.{column}] = :domain"


def _constants(found: Dialect) -> Iterator[tuple[str, str]]:
    """The texts of all modules; of those of dialects only this one's."""
    for module in pkgutil.iter_modules(sql.__path__):
        if module.ispkg or (module.name in DIALECTS and module.name != found.name):
            continue
        for name, value in vars(importlib.import_module(f"vpopmail.backends.sql.{module.name}")).items():
            if isinstance(value, str) and _STATEMENT.match(value):
                yield f"{module.name}.{name.strip('_').lower()}", value


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for one in DIALECTS:
        (SNAPSHOTS / f"{one}.sql").write_text(script(one))
