"""Making the tables that are missing, from the files in ``schema`` that a DBA can read."""

from __future__ import annotations

from vpopmail.errors import BackendUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.sql.connections import Connections
    from vpopmail.backends.sql.dialect import Dialect


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


def make_missing(connections: Connections, dialect: Dialect) -> None:
    """Make the tables that are not there; those that are stay as they are.

    Raises:
        BackendUnavailable.
    """
    there = connections.layout()
    for table, texts in statements(dialect.name).items():
        if table in there:
            continue
        for text in texts:
            try:
                connections.execute(text)
            except BackendUnavailable:
                # Another process may have made it meanwhile.
                connections.forget_layout()
                if table not in connections.layout():
                    raise
    connections.forget_layout()
