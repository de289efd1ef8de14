"""The shipped compliance suite on the backends of this package."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("vpopmail.testing.compliance")

from vpopmail.testing.compliance import BackendCompliance


class TestCdb(BackendCompliance):
    backend = "cdb"


class TestMemory(BackendCompliance):
    backend = "memory"


class TestNull(BackendCompliance):
    backend = "null"


class TestSqlite(BackendCompliance):
    backend = "sqlite"


class TestSqliteWithAll(BackendCompliance):
    """Whatever can be in tables, one connection for each thread."""

    backend = "sqlite"
    settings = dict.fromkeys(
        ("valias", "mysql_limits", "sql_logging", "ip_alias_domains", "roaming_users"), True
    )
