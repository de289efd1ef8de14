"""A fresh database for each test, in the servers of the test run (see tests/conftest.py)."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from . import servers

_numbers = itertools.count(1)


@pytest.fixture
def mysql_url(mariadb: servers.Server) -> str:
    """The URL of an empty database of MariaDB."""
    import pymysql

    name = f"v{next(_numbers)}"
    with pymysql.connect(host="127.0.0.1", port=mariadb.port, user="root", password="") as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
    return f"mysql://root:@127.0.0.1:{mariadb.port}/{name}"


@pytest.fixture
def pgsql_url(postgresql: servers.Server) -> str:
    """The URL of an empty database of PostgreSQL."""
    import psycopg

    name = f"v{next(_numbers)}"
    place = {"host": "127.0.0.1", "port": postgresql.port, "user": "postgres", "dbname": "postgres"}
    with psycopg.connect(**place, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return f"pgsql://postgres@127.0.0.1:{postgresql.port}/{name}"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a file that is not there yet."""
    return f"sqlite://{tmp_path}/accounts.sqlite"


@pytest.fixture(params=["mysql", "pgsql", "sqlite"])
def database(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A backend and the URL of an empty database, of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return request.param, url

