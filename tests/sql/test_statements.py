"""What each driver gets: as the snapshots have it, and as a parser of SQL understands it."""

from __future__ import annotations

import re

import pytest
import sqlglot

from vpopmail.backends.sql.statements import FORMAT, NAMED, NUMERIC, PYFORMAT, QMARK, render

from .all_statements import DIALECTS, SNAPSHOTS, definitions, rendered, script

PARSERS = {"mysql": "mysql", "pgsql": "postgres", "sqlite": "sqlite", "oracle": "oracle", "sybase": "tsql"}


@pytest.mark.parametrize("name", DIALECTS)
def test_statements_are_those_of_the_snapshot(name: str) -> None:
    """``python -m tests.sql.all_statements`` writes it; the difference is for a person to judge."""
    assert script(name) == (SNAPSHOTS / f"{name}.sql").read_text()


@pytest.mark.parametrize("name", DIALECTS)
def test_a_parser_understands_each_statement(name: str) -> None:
    for what, text in rendered(name).items():
        if what in {"begin", "waits"}:
            continue
        plain = re.sub(r"%\(\w+\)s|%s|:\d+", "NULL", text).replace("%%", "%")
        (parsed,) = sqlglot.parse(plain, read=PARSERS[name])
        assert parsed is not None
        assert not isinstance(parsed, sqlglot.exp.Command), what


@pytest.mark.parametrize("name", DIALECTS)
def test_a_parser_understands_the_schema(name: str) -> None:
    texts = definitions(name)
    assert any("a_b_example_com" in text.lower() for text in texts)
    for text in texts:
        (parsed,) = sqlglot.parse(text, read=PARSERS[name])
        assert isinstance(parsed, sqlglot.exp.Create), text
        assert "IF NOT EXISTS" not in text or name not in {"oracle", "sybase"}


@pytest.mark.parametrize("name", DIALECTS)
def test_all_schemas_have_the_same_columns(name: str) -> None:
    def columns(one: str) -> list[tuple[str, str]]:
        found = []
        for text in definitions(one):
            table = sqlglot.parse_one(text, read=PARSERS[one])
            if table.args["kind"] == "TABLE":
                names = [column.name.lower() for column in table.find_all(sqlglot.exp.ColumnDef)]
                found += [(table.find(sqlglot.exp.Table).name.lower(), column) for column in names]
        return found

    other = {"userid": "user", "pw_user": "user"}
    ours = [(table, other.get(column, column)) for table, column in columns(name)]
    if name == "oracle":
        ours = [(table, "domain" if (table, column) == ("lastauth", "pw_domain") else column) for table, column in ours]
    assert sorted(ours) == sorted(columns("sqlite"))


def test_no_statement_of_sybase_makes_a_column_that_may_be_null_by_accident() -> None:
    """Its columns refuse NULL unless it is said."""
    for text in definitions("sybase"):
        for line in text.split("\n")[1:-1]:
            if not line.strip().startswith("PRIMARY KEY"):
                assert "NULL" in line or "IDENTITY" in line, line


@pytest.mark.parametrize(
    ("style", "text", "order"),
    [
        (QMARK, "a = ? AND b = ? OR c = ?", ("x", "y", "x")),
        (NUMERIC, "a = :1 AND b = :2 OR c = :3", ("x", "y", "x")),
        (NAMED, "a = :x AND b = :y OR c = :x", None),
        (PYFORMAT, "a = %(x)s AND b = %(y)s OR c = %(x)s", None),
        (FORMAT, "a = %s AND b = %s OR c = %s", ("x", "y", "x")),
    ],
)
def test_values_are_given_as_the_driver_takes_them(style: str, text: str, order: object) -> None:
    found = render("a = :x AND b = :y OR c = :x", style, str)
    assert (found.text, found.order) == (text, order)
    values = {"x": 1, "y": 2, "more": 3}
    assert found.arguments(values) == ([1, 2, 1] if order else values)
