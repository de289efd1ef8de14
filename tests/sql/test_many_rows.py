"""Rows of many new users are those of each by himself, and what is refused is refused alike."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vpopmail.backends.pending import FIELDS, Pending
from vpopmail.backends.sql.dialect import Dialect
from vpopmail.backends.sql.layout import Column
from vpopmail.backends.sql.mysql import MysqlDialect
from vpopmail.backends.sql.pgsql import PgsqlDialect
from vpopmail.backends.sql.sqlite import SqliteDialect
from vpopmail.backends.sql.sybase import SybaseDialect
from vpopmail.backends.sql.users import Writer
from vpopmail.errors import VpopmailError
from vpopmail.records import VqPasswd
from vpopmail.settings import Settings, load

TEXTS = st.text(st.sampled_from("ab: \0\n\x7f\x80é€😀\udc80\\'%"), max_size=5) | st.sampled_from(
    ["abcdefgh", "NOQUOTA"]
)
NUMBERS = st.sampled_from([-(2**31) - 1, -1, 0, 1, 2, 3, 2**31 - 1, 2**31])
PLAIN = VqPasswd("joe", "$1$x", 2, 1, "Joe B", "/joe", "10M", "a:b")
# Most are plain but for one field.
ODD = st.tuples(st.sampled_from(FIELDS[:-1]), TEXTS, NUMBERS)
USERS = st.lists(ODD.map(lambda odd: changed(*odd)), min_size=1, max_size=3, unique_by=lambda user: user.pw_name)
EVERYWHERE = {"narrow": False, "own": False, "clear": True, "clear_column": True}


def changed(name: str, text: str, number: int = 0) -> VqPasswd:
    user = PLAIN.copy()
    user.pw_name = f"u{number}"
    setattr(user, name, number if name in {"pw_uid", "pw_gid"} else text)
    return user


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(
        {
            "vpopmaildir": str(tmp_path_factory.mktemp("site")),
            "vpopuser": os.getuid(),
            "vpopgroup": os.getgid(),
        }
    )


def columns(narrow: bool, own: bool, clear_column: bool) -> dict[str, Column]:
    names = [
        name
        for name in FIELDS
        if name != "pw_flags" and (clear_column or name != "pw_clear_passwd")
    ]
    numbers = {"pw_uid", "pw_gid"}
    found = {
        name: Column(name, length=6 if narrow else 0, charset="latin1")
        for name in names
        if name not in numbers
    }
    found |= {name: Column(name, is_text=False, high=2**31 - 1) for name in numbers}
    if not own:
        found["pw_domain"] = Column("pw_domain", length=96)
    return found


def outcome(act: Callable[[], object]) -> object:
    try:
        return act()
    except VpopmailError as error:
        return type(error), str(error)


@pytest.mark.parametrize("dialect", [MysqlDialect, PgsqlDialect, SqliteDialect, SybaseDialect])
@given(
    users=USERS,
    narrow=st.booleans(),
    own=st.booleans(),
    clear=st.booleans(),
    clear_column=st.booleans(),
)
@example(users=[PLAIN], **EVERYWHERE)
@example(users=[PLAIN, changed("pw_gecos", "end ")], **EVERYWHERE)
@example(users=[PLAIN, changed("pw_gid", "", 2**31)], **EVERYWHERE)
@example(users=[PLAIN, changed("pw_gecos", "")], narrow=False, own=True, clear=False, clear_column=True)
@example(users=[PLAIN, changed("pw_gecos", "")], narrow=False, own=False, clear=True, clear_column=False)
def test_many_users_give_the_rows_and_the_refusals_of_each(
    dialect: type[Dialect],
    settings: Settings,
    users: list[VqPasswd],
    narrow: bool,
    own: bool,
    clear: bool,
    clear_column: bool,
) -> None:
    def writer() -> Writer:
        return Writer(
            dialect(settings), columns(narrow, own, clear_column), "example.com", clear=clear
        )

    pending = Pending()
    for user in users:
        pending.add(user)
    ((*added,),) = pending.added_rows()
    one = writer()
    assert outcome(lambda: writer().check_many(added)) == outcome(
        lambda: [one.check(user) for user in users] and None
    )
    each = outcome(lambda: [tuple(one.row(user)) for user in users])
    assert outcome(lambda: [tuple(row) for row in writer().rows(added)]) == each


def test_a_domain_too_long_for_its_column_is_refused_for_many_as_for_one(
    settings: Settings,
) -> None:
    found = columns(narrow=False, own=False, clear_column=True)
    found["pw_domain"] = Column("pw_domain", length=5)
    writer = Writer(MysqlDialect(settings), found, "example.com", clear=True)
    added = [tuple(getattr(PLAIN, name) for name in FIELDS)]
    assert outcome(lambda: writer.check_many(added)) == outcome(lambda: writer.check(PLAIN))
