"""What is told of logins: levels, words, passwords, and lines that nobody can forge."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail import Vpopmail
from vpopmail.access import report
from vpopmail.access.report import in_a_line
from vpopmail.backends.abstract import AUTH_LOG
from vpopmail.backends.memory import MemoryBackend
from vpopmail.errors import BackendUnavailable, InvalidInput
from vpopmail.records import NO_POP, LoginRecord
from vpopmail.testing import sandbox

DOMAIN = "example.com"
JOE = "joe@example.com"
SECRET = "s3cret"
IP = "192.0.2.1"
WRONG = "wr'ong\n%s"


@pytest.fixture(autouse=True)
def unwarned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "_warned", [])


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[..., list[str]]:
    """Makes one login of each outcome at a level; gives the lines."""

    def make(level: str) -> list[str]:
        caplog.set_level(logging.INFO, "vpopmail")
        with sandbox(logging=level) as site:
            site.domains.add(DOMAIN)
            site.users.add(JOE, SECRET)
            site.users.add("shut@example.com", SECRET)
            site.users.update("shut@example.com", flags=NO_POP)
            site.users.add("empty@example.com")
            caplog.clear()
            for name, password in (
                (JOE, SECRET), (JOE, WRONG), ("nobody@example.com", SECRET),
                ("empty@example.com", SECRET), ("", SECRET), (JOE, ""), ('b"d@x', SECRET),
                ("shut@example.com", SECRET),
            ):  # fmt: skip
                site.logins.authenticate(name, password, "pop", remote_ip=IP)
        return [record.getMessage() for record in caplog.records]

    return make


SUCCESS = "vchkpw-pop3: (PLAIN) login success joe@example.com:192.0.2.1"
FAIL = "vchkpw-pop3: password fail joe@example.com:192.0.2.1"
FAIL_WITH = "vchkpw-pop3: password fail (pass: 'wr'ong\\n#s') joe@example.com:192.0.2.1"
WARNING = "logging = {}: the log holds passwords that clients give"
OTHERS = [
    "vchkpw-pop3: vpopmail user not found nobody@example.com:192.0.2.1",
    "vchkpw-pop3: user has no password empty@example.com:192.0.2.1",
    "vchkpw-pop3: null user name given :192.0.2.1",
    "vchkpw-pop3: null password given joe@example.com:192.0.2.1",
    'vchkpw-pop3: invalid user/domain characters b"d@x:192.0.2.1',
    "vchkpw-pop3: pop access denied shut@example.com:192.0.2.1",
]


def test_level_n_tells_nothing(told: Callable[..., list[str]]) -> None:
    assert told("n") == []


def test_level_e_tells_errors(told: Callable[..., list[str]]) -> None:
    assert told("e") == [FAIL, *OTHERS]


def test_level_y_tells_all(told: Callable[..., list[str]]) -> None:
    assert told("y") == [SUCCESS, FAIL, *OTHERS]


def test_level_p_tells_errors_with_the_wrong_password_after_a_warning(told: Callable[..., list[str]]) -> None:
    assert told("p") == [WARNING.format("p"), FAIL_WITH, *OTHERS]


def test_level_v_tells_all_with_the_wrong_password_after_a_warning(told: Callable[..., list[str]]) -> None:
    assert told("v") == [SUCCESS, WARNING.format("v"), FAIL_WITH, *OTHERS]


@pytest.mark.parametrize("level", "neypv")
def test_right_password_is_never_told(told: Callable[..., list[str]], level: str) -> None:
    assert not [line for line in told(level) if SECRET in line]


@given(st.text())
def test_no_text_of_a_client_ends_a_line_or_leaves_ascii(text: str) -> None:
    shown = in_a_line(text)
    assert shown.isascii()
    assert not shown or shown.isprintable()
    assert "%" not in shown


def test_newline_in_a_name_forges_no_line(caplog: pytest.LogCaptureFixture) -> None:
    name = "x\nvchkpw-pop3: (PLAIN) login success root@example.com:127.0.0.1\r\x1b[2K\u2028"
    with sandbox(logging="y") as site:
        caplog.clear()
        site.logins.authenticate(name, SECRET, "pop", remote_ip=IP)
    [line] = [record.getMessage() for record in caplog.records]
    assert line.isprintable()
    assert line.startswith("vchkpw-pop3: invalid user/domain characters x\\n")


# the log of the account store


class LoggedMemory(MemoryBackend):
    """A store with a log of logins."""

    facets = MemoryBackend.facets | {AUTH_LOG}
    fails = False

    def __init__(self, settings: object) -> None:
        super().__init__(settings)  # type: ignore[arg-type]
        self.rows: list[LoginRecord] = []

    def write_log(self, record: LoginRecord) -> None:
        if self.fails:
            raise BackendUnavailable("vlog")
        self.rows.append(record)

    def iterate_log(self, since: int = 0) -> Iterator[LoginRecord]:
        return iter([row for row in self.rows if row.time >= since])

    def delete_log(self, until: int) -> int:
        kept = [row for row in self.rows if row.time > until]
        gone = len(self.rows) - len(kept)
        self.rows[:] = kept
        return gone


def logged(level: str, **more: object) -> tuple[Vpopmail, LoggedMemory, object]:
    context = sandbox(sql_logging=True, logging=level, **more)
    site = context.__enter__()
    backend = LoggedMemory(site.settings)
    site.installation.backend  # opened
    site.installation._backends = dict.fromkeys(site.installation._backends, backend)
    site.domains.add(DOMAIN)
    site.users.add(JOE, SECRET)
    return site, backend, context


@pytest.mark.parametrize(("level", "password"), [("e", ""), ("p", "wr'ong\\n#s")])
def test_store_gets_a_row_for_each_line_with_the_password_at_its_level_alone(level: str, password: str) -> None:
    site, backend, context = logged(level)
    site.logins.authenticate(JOE, SECRET, "pop", remote_ip=IP)
    site.logins.authenticate("JOE@example.com", WRONG, "pop", remote_ip=IP)
    [row] = backend.rows
    assert (row.user, row.domain, row.logon, row.status, row.remote_ip) == ("joe", DOMAIN, JOE, 3, IP)
    assert row.password == password
    assert row.message.endswith("joe@example.com:192.0.2.1")
    context.__exit__(None, None, None)  # type: ignore[attr-defined]


def test_log_is_iterated_and_old_logins_are_forgotten() -> None:
    site, backend, context = logged("y")
    for _ in range(3):
        site.logins.authenticate(JOE, SECRET, "pop", remote_ip=IP)
    assert site.auth_log.is_kept
    assert [row.status for row in site.auth_log] == [2, 2, 2]
    backend.rows[0].time -= 100 * 86400
    assert site.auth_log.delete(older_than_days=90) == 1
    assert len(list(site.auth_log.iter(since=backend.rows[0].time))) == 2
    assert site.auth_log.delete(older_than_days=0) == 2
    context.__exit__(None, None, None)  # type: ignore[attr-defined]


def test_age_below_0_deletes_no_login() -> None:
    site, backend, context = logged("y")
    site.logins.authenticate(JOE, SECRET, "pop", remote_ip=IP)
    with pytest.raises(InvalidInput):
        site.auth_log.delete(older_than_days=-1)
    assert len(backend.rows) == 1
    context.__exit__(None, None, None)  # type: ignore[attr-defined]


def test_log_that_cannot_be_written_refuses_nobody() -> None:
    site, backend, context = logged("y")
    backend.fails = True
    assert site.logins.authenticate(JOE, SECRET, "pop", remote_ip=IP)
    context.__exit__(None, None, None)  # type: ignore[attr-defined]


def test_site_without_a_log_says_so() -> None:
    with sandbox() as site:
        assert not site.auth_log.is_kept
        with pytest.raises(BackendUnavailable, match="sql_logging"):
            site.auth_log.iter()
        with pytest.raises(BackendUnavailable, match="sql_logging"):
            site.auth_log.delete(older_than_days=1)
