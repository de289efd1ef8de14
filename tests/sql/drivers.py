"""The drivers, each in turn, and a layer around them that fails where a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from vpopmail.backends.sql.mysql import MysqlDialect
from vpopmail.backends.sql.pgsql import PgsqlDialect

DRIVERS = ["mysqlclient", "pymysql", "psycopg"]
CONNECT, BEGIN, STATEMENT, COMMIT, COMMITTED = "connect", "begin", "statement", "commit", "committed"

# What each code means is in models.md 3.3; those after a commit say that nobody knows its end.
LOST = {
    "mysql": [1047, 1053, 1158, 1159, 1160, 1161, 1290, 1792, 1836, 1927]
    + [2002, 2003, 2006, 2013, 2014, 2045, 2055, 4031],
    "pgsql": ["08000", "08003", "08006", "57P01", "57P02", "57P03", "25006", "40003", None],
}
REPEAT = {"mysql": [1020, 1205, 1213, 8002, 8005, 9007], "pgsql": ["40001", "40P01", "55P03"]}


def kind_of(driver: str) -> str:
    """The backend that uses a driver."""
    return "pgsql" if driver == "psycopg" else "mysql"


def choose(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library use this driver, or skip: mysqlclient wants headers that not every machine has."""
    import sys

    if driver == "mysqlclient":
        pytest.importorskip("MySQLdb", reason="mysqlclient is not installed")
    elif driver == "pymysql":
        monkeypatch.setitem(sys.modules, "MySQLdb", None)


def error_of(kind: str, code: Any, *, odd_class: bool = False) -> Exception:
    """What the driver in use raises for a code.

    Args:
        kind: of the backend.
        code: number or SQLSTATE; None: without one.
        odd_class: of another class than usual: old releases of PyMySQL did so.
    """
    if kind == "pgsql":
        import psycopg

        return psycopg.OperationalError("injected") if code is None else psycopg.errors.lookup(code)("injected")
    from vpopmail.backends.sql.mysql import _driver

    errors = _driver()
    return (errors.InternalError if odd_class else errors.OperationalError)(code, "injected")  # type: ignore[no-any-return]


class Faults:
    """Decides at each call of the driver whether it fails.

    Args:
        fail: gets the name of the call site and its number among those; gives the error, or None.
    """

    def __init__(self, fail: Callable[[str, int], Exception | None]) -> None:
        self.fail = fail
        self.calls: list[str] = []
        self.raised = 0

    def at(self, site: str) -> Exception | None:
        number = self.calls.count(site)
        self.calls.append(site)
        error = self.fail(site, number)
        self.raised += error is not None
        return error


@contextmanager
def failing(kind: str, faults: Faults) -> Iterator[None]:
    """Let the driver fail in a block."""
    dialect: type[Any] = MysqlDialect if kind == "mysql" else PgsqlDialect
    connect = dialect.connect

    def failing_connect(self: Any, server: Any) -> Any:
        error = faults.at(CONNECT)
        if error is not None:
            raise error
        return FailingConnection(connect(self, server), faults, self)

    dialect.connect = failing_connect
    try:
        yield
    finally:
        dialect.connect = connect


class FailingConnection:
    """A connection whose calls fail as the server or the network would let them fail."""

    def __init__(self, real: Any, faults: Faults, dialect: Any) -> None:
        self.real = real
        self.faults = faults
        self.dialect = dialect

    def cursor(self) -> FailingCursor:
        return FailingCursor(self)

    def commit(self) -> None:
        self.check(COMMIT)
        self.real.commit()
        error = self.faults.at(COMMITTED)
        if error is not None:
            self.real.close()
            raise error

    def rollback(self) -> None:
        self.real.rollback()

    def close(self) -> None:
        self.real.close()

    def check(self, site: str) -> None:
        """Fail, and let the server do with the transaction what it does then."""
        error = self.faults.at(site)
        if error is None:
            return
        if self.dialect.trouble(error) == "connection lost":
            self.real.close()
        else:
            self.real.rollback()
        raise error


class FailingCursor:
    def __init__(self, connection: FailingConnection) -> None:
        self.connection = connection
        self.real = connection.real.cursor()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def execute(self, text: str, *values: Any) -> Any:
        self.connection.check(BEGIN if text == "BEGIN" else STATEMENT)
        return self.real.execute(text, *values)

    def executemany(self, text: str, rows: Any) -> Any:
        self.connection.check(STATEMENT)
        return self.real.executemany(text, rows)
