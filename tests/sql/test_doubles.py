"""The shipped compliance suite on the statements of Oracle and Sybase; SQLite plays the server.

``TestSybaseOverOdbc`` goes through pyodbc and a real ODBC driver.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

pytest.register_assert_rewrite("vpopmail.testing.compliance")

from vpopmail import Vpopmail
from vpopmail.backends.sql.oracle import OracleBackend
from vpopmail.backends.sql.sybase import SybaseBackend
from vpopmail.testing.compliance import BackendCompliance

from . import servers
from .doubles import OracleDouble, SybaseOverOdbc

ALL = dict.fromkeys(("valias", "mysql_limits", "sql_logging", "ip_alias_domains", "roaming_users"), True)


class OnADouble(BackendCompliance):
    """Each test has a file of its own."""

    url: ClassVar[str] = ""

    @pytest.fixture(autouse=True)
    def fresh(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(OracleBackend, "dialect_class", OracleDouble)
        monkeypatch.setattr(SybaseBackend, "dialect_class", SybaseOverOdbc)
        monkeypatch.setattr(type(self), "url", f"{self.backend}://nobody@localhost/{tmp_path}/accounts.sqlite")

    @contextmanager
    def opened(self, name: str, **more: object) -> Iterator[Vpopmail]:
        with super().opened(name, database_url=self.url, **more) as site:
            yield site


class TestOracleOnADouble(OnADouble):
    backend = "oracle"
    settings = ALL


class TestOracleOnADoubleWithTables(OnADouble):
    """A table for each domain."""

    backend = "oracle"
    settings = {"many_domains": False}


@pytest.fixture(scope="module")
def odbc() -> None:
    pyodbc = pytest.importorskip("pyodbc")
    if "SQLite3" not in pyodbc.drivers():
        servers.missing("the ODBC driver of SQLite (libsqliteodbc) is not installed")


@pytest.mark.usefixtures("odbc")
class TestSybaseOverOdbc(OnADouble):
    backend = "sybase"
    settings = ALL


@pytest.mark.usefixtures("odbc")
class TestSybaseOverOdbcWithTables(OnADouble):
    """A table for each domain, which is dropped outside of the transaction."""

    backend = "sybase"
    settings = {"many_domains": False}
