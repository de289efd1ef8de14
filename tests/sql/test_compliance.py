"""The shipped compliance suite on real servers; sqlite's own is with the other backends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

pytest.register_assert_rewrite("vpopmail.testing.compliance")

from vpopmail import Vpopmail
from vpopmail.testing.compliance import BackendCompliance


class OnAServer(BackendCompliance):
    """Each test has a database of its own."""

    url = ""

    @contextmanager
    def opened(self, name: str, **more: object) -> Iterator[Vpopmail]:
        with super().opened(name, database_url=self.url, **more) as site:
            yield site


class TestMysql(OnAServer):
    backend = "mysql"

    @pytest.fixture(autouse=True)
    def fresh(self, mysql_url: str) -> None:
        self.url = mysql_url


class TestMysqlWithAll(TestMysql):
    """Whatever can be in tables."""

    settings = dict.fromkeys(
        ("valias", "mysql_limits", "sql_logging", "ip_alias_domains", "roaming_users"), True
    )


class TestPgsql(OnAServer):
    backend = "pgsql"

    @pytest.fixture(autouse=True)
    def fresh(self, pgsql_url: str) -> None:
        self.url = pgsql_url


class TestPgsqlWithAll(TestPgsql):
    """Whatever can be in tables."""

    settings = dict.fromkeys(
        ("valias", "mysql_limits", "sql_logging", "ip_alias_domains", "roaming_users"), True
    )


class TestMysqlWithTables(TestMysql):
    """A table for each domain."""

    settings = {"many_domains": False, "valias": True}


class TestPgsqlWithTables(TestPgsql):
    """A table for each domain."""

    settings = {"many_domains": False, "valias": True}


class TestSqliteWithTables(BackendCompliance):
    """A table for each domain."""

    backend = "sqlite"
    settings = {"many_domains": False}
