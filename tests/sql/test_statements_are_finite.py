"""No SQL is made of values: whatever is stored, the statements are the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vpopmail
from vpopmail import VA
from vpopmail.backends.sql import account_table
from vpopmail.backends.sql.mysql import MysqlDialect
from vpopmail.backends.sql.pgsql import PgsqlDialect
from vpopmail.backends.sql.sqlite import SqliteDialect
from vpopmail.errors import InvalidDomainName
from vpopmail.names import has_domain_characters
from vpopmail.records import VLimits
from vpopmail.testing import sandbox

# Parts of names and texts that are nowhere in a statement of ours; the second ones break SQL.
WORDS = [("plain", "Plain"), ("zq'", "Zq'\"\\%s?[x]%(y)s;--")]
DIALECTS = {"mysql": MysqlDialect, "pgsql": PgsqlDialect, "sqlite": SqliteDialect}


class Heard:
    """A connection, or a cursor, that tells the text of each statement."""

    def __init__(self, inner: Any, texts: list[str]) -> None:
        self._inner = inner
        self._texts = texts

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in {"execute", "executemany", "copy"}:
            return self._told(found)
        return (lambda *args: Heard(found(*args), self._texts)) if name == "cursor" else found

    def _told(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def tell(text: str, *args: Any, **options: Any) -> Any:
            self._texts.append(text)
            return act(text, *args, **options)

        return tell


@contextmanager
def listening(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The texts of all statements that a backend gives to its driver."""
    texts: list[str] = []
    connect = DIALECTS[kind].connect
    with monkeypatch.context() as patch:
        patch.setattr(DIALECTS[kind], "connect", lambda self, server: Heard(connect(self, server), texts))
        yield texts


def work(kind: str, url: str, name: str, word: str, *, many_domains: bool) -> None:
    """Change and look up everything, with a part of names and a word in every text that takes it."""
    options = {
        "database_url": url, "valias": True, "mysql_limits": kind == "mysql", "sql_logging": True,
        "ip_alias_domains": True, "roaming_users": True, "many_domains": many_domains, "profile": "5.6",
        "clear_passwd": True,
    }  # fmt: skip
    domain, user = "example.com", f"u{name}"
    with sandbox(kind, **options) as site:
        site.domains.add(domain, f"Wonderful-{word}")
        site.domains.add_alias("example.org", domain)
        address = f"{user}@{domain}"
        site.users.add(address, f"Wonderful-{word}", gecos=word)
        assert vpopmail.vauth_user(user, domain, f"Wonderful-{word}") is not None
        with site.batch():
            for number in range(100):  # so many may go another way
                site.users.add(f"{user}{number}@{domain}", crypted="$1$x", gecos=word)
        site.users.update(address, gecos=f"{word}{word}", set_flags=4)
        site.users.set_password(address, f"Other-{word}1")
        site.users.set_quota(address, "10M")
        site.users.note_login(address, "192.0.2.7")
        assert vpopmail.vget_lastauthip(site.users.get(address), domain) == "192.0.2.7"
        site.aliases.set(f"{user}.a@{domain}", [f"|/bin/echo {word}", f"&{word}@example.net"])
        assert site.aliases.get(f"{user}.a@{domain}")
        assert list(site.aliases.iter(domain)) and list(site.users.iter(domain))
        site.limits.set(domain, VLimits(maxaliases=7))
        assert site.limits.get(domain).maxaliases == 7
        assert vpopmail.logsql(2, user, domain, word, word, "192.0.2.7", f"said {word}") == 0
        assert vpopmail.vadd_ip_map("192.0.2.8", domain) == VA.SUCCESS
        site.installation.backend.open_relay("192.0.2.9", 1)
        site.installation.backend.close_relay(2)
        assert site.users.find(f"no{user}@{domain}") is None
        site.aliases.delete(f"{user}.a@{domain}")
        site.users.delete(address)
        assert vpopmail.vdel_ip_map("192.0.2.8", domain) == VA.SUCCESS
        site.domains.delete(domain)


@pytest.mark.parametrize("many_domains", [True, False])
def test_the_statements_are_the_same_whatever_is_stored(
    database: tuple[str, str], many_domains: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, url = database
    heard = []
    with sandbox(kind, database_url=url) as site:
        site.schema.create()  # of a file that is missing less is asked
    for name, word in WORDS:
        with listening(kind, monkeypatch) as texts:
            work(kind, url, name, word, many_domains=many_domains)
        heard.append({text for text in texts if not text.startswith("CREATE")})
        marks = (name, word, "192.0.2", "Wonderful")
        assert [text for text in texts if any(mark in text for mark in marks)] == []
    assert heard[0] == heard[1]
    assert 20 < len(heard[0]) < 100


LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@given(DOMAINS, st.lists(DOMAINS, max_size=6))
def test_no_two_domains_share_a_table_and_none_has_that_of_vpopmail(name: str, others: list[str]) -> None:
    try:
        table = account_table.own_table(name).name
        account_table.check_distinct(name, others)
    except InvalidDomainName:
        return
    assert table not in account_table._TAKEN
    assert set(table) <= set("abcdefghijklmnopqrstuvwxyz0123456789_") and len(table) <= 63
    for other in others:
        if other != name:
            assert account_table.folded(other) != table


@given(st.text(max_size=80))
def test_only_the_name_of_a_domain_becomes_that_of_a_table(text: str) -> None:
    try:
        table = account_table.own_table(text)
    except InvalidDomainName:
        return
    assert has_domain_characters(text)
    assert set(table.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")


@given(st.text(max_size=30))
@pytest.mark.parametrize("kind", list(DIALECTS))
def test_a_quoted_identifier_ends_where_it_is_meant_to(kind: str, text: str) -> None:
    dialect = DIALECTS[kind].__new__(DIALECTS[kind])
    sign = "`" if kind == "mysql" else '"'
    quoted = dialect.quote(text)
    assert quoted[0] == quoted[-1] == sign
    assert quoted[1:-1].replace(sign * 2, "").count(sign) == 0
    assert quoted[1:-1].replace(sign * 2, sign) == text
