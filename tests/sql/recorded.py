"""The ten layouts that releases of the C library made, as recorded, and databases made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMAS: dict[str, Any] = json.loads((Path(__file__).parent / "recorded_schemas.json").read_text())
DOMAIN = "example.com"


def kind_of(name: str) -> str:
    """The backend that a layout is for."""
    return next(kind for kind in ("mysql", "pgsql", "sqlite") if kind in name)


def options_for(name: str) -> dict[str, object]:
    """The options of a site with this layout: what its build had."""
    tables = SCHEMAS[name]["tables"]
    return {
        "many_domains": "per domain" not in name,
        "valias": "valias" in tables,
        "mysql_limits": "limits" in tables,
        "sql_aliasdomains": "aliasdomains" in tables,
        "clear_passwd": "without clear" not in name,
        "profile": "5.4" if name.startswith("5.4") else "5.6",
        "md5_passwords": True,
        "sha512_passwords": False,
    }


def statements(name: str) -> list[str]:
    """What makes the tables of a layout."""
    return [_create(table, what) for table, what in SCHEMAS[name]["tables"].items()]


def _create(table: str, what: dict[str, Any]) -> str:
    if what.get("create"):
        return str(what["create"])
    columns = [_column(column) for column in what["columns"]]
    for key in what["keys"].values():
        if key.get("primary"):
            columns.append(f"PRIMARY KEY ({', '.join(key['columns'])})")
    return f'CREATE TABLE "{table}" ({", ".join(columns)})'


def _column(column: dict[str, Any]) -> str:
    length = f"({column['length']})" if column.get("length") else ""
    null = "" if column["nullable"] else " NOT NULL"
    default = f" DEFAULT {column['default']}" if column["default"] is not None else ""
    return f'"{column["name"]}" {column["type"]}{length}{null}{default}'
