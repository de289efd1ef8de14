"""All users of a domain, one by one and field by field: the same users, and the same warnings."""

from __future__ import annotations

import logging
import os
import resource
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vpopmail
from tests.conftest import DOMAIN
from vpopmail import Vpopmail
from vpopmail.backends.cdb import backend
from vpopmail.errors import BackendUnavailable

LINE = b"joe:x:1:0:Joe:/home/joe:NOQUOTA"
ODD = [
    LINE,
    LINE + b":clear",
    LINE + b":cl:ear",
    b"joe:x:1",
    b"",
    b":x:1:0:::",
    b"\xff:x: 2:8192:\xe9::",
    b"j\0e:x:::::\r",
]


@pytest.mark.parametrize("keeps_clear", [False, True])
def test_columns_are_the_users_that_are_streamed(
    make_site: Callable[..., Vpopmail],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    keeps_clear: bool,
) -> None:
    site = make_site(clear_passwd=keeps_clear)
    site.domains.add(DOMAIN)
    site.limits.set(DOMAIN, vpopmail.VLimits(disable_pop=1))
    text = Path(site.domains.get(DOMAIN).path, "vpasswd")

    def told() -> list[str]:
        lines = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return lines

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.lists(st.sampled_from(ODD)), st.booleans(), st.sampled_from([1, 100, 1 << 14]))
    def compare(lines: list[bytes], ended: bool, block: int) -> None:
        monkeypatch.setattr(backend, "_BLOCK", block)
        text.write_bytes(b"\n".join(lines) + b"\n" * ended)
        streamed = list(site.users.stream(DOMAIN))
        warnings = told()
        columns = list(site.users.stream_columns(DOMAIN))
        assert [user for some in columns for user in some.records()] == streamed
        assert told() == warnings
        with site.batch():
            columns = list(site.users.stream_columns(DOMAIN))
            assert sorted(user.pw_name for some in columns for user in some.records()) == sorted(
                user.pw_name for user in site.users.iter(DOMAIN)
            )
        told()

    with caplog.at_level(logging.WARNING):
        compare()


def test_domain_that_has_lost_its_text_is_not_listed_in_columns(
    site: Vpopmail, domain: Path
) -> None:
    assert list(site.users.stream_columns(DOMAIN)) == []
    site.users.add(f"joe@{DOMAIN}")
    (domain / "vpasswd").unlink()
    with pytest.raises(BackendUnavailable, match="it is missing, but vpasswd.cdb is there"):
        list(site.users.stream_columns(DOMAIN))


# last logins


def test_logins_are_read_in_many_directories_of_homes(site: Vpopmail, domain: Path) -> None:
    with site.batch():
        for number in range(300):
            site.users.add(f"user{number}@{DOMAIN}")
    users = list(site.users.stream(DOMAIN))
    for number, user in enumerate(users):  # as if each directory held one home only
        place = domain / "many" / str(number)
        place.mkdir(parents=True)
        user.pw_dir = str(Path(user.pw_dir).rename(place / user.pw_name))
        os.utime(f"{user.pw_dir}/lastauth", (0, number))
    before = len(os.listdir("/proc/self/fd"))
    logins = site.users.last_auths(DOMAIN, users)
    assert next(logins) == (users[0], ("0.0.0.0", 0))
    assert [login for _, login in logins] == [("0.0.0.0", number) for number in range(1, 300)]
    list(zip(site.users.last_auths(DOMAIN, users), range(100), strict=False))  # not to its end
    assert len(os.listdir("/proc/self/fd")) == before


def test_logins_are_read_with_few_descriptors(site: Vpopmail, domain: Path) -> None:
    site.users.add(f"joe@{DOMAIN}")
    [joe] = site.users.stream(DOMAIN)
    users = []
    for number in range(20):
        place = domain / "many" / str(number)
        shutil.copytree(joe.pw_dir, place / "joe")
        users.append(joe.copy())
        users[-1].pw_dir = str(place / "joe")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 8, hard))
    try:
        logins = [login for _, login in site.users.last_auths(DOMAIN, users)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert None not in logins


@pytest.mark.parametrize("part", ["home", "above", "file"])
def test_no_link_is_followed_to_a_login(site: Vpopmail, domain: Path, part: str) -> None:
    site.users.add(f"joe@{DOMAIN}")
    [user] = site.users.stream(DOMAIN)
    (domain / "place").mkdir()
    user.pw_dir = str(Path(user.pw_dir).rename(domain / "place/joe"))
    assert [login for _, login in site.users.last_auths(DOMAIN, [user])] != [None]
    place = {
        "home": domain / "place/joe",
        "above": domain / "place",
        "file": domain / "place/joe/lastauth",
    }[part]
    place.symlink_to(place.rename(domain / "elsewhere"))
    assert [login for _, login in site.users.last_auths(DOMAIN, [user])] == [None]


@pytest.mark.usefixtures("domain")
def test_what_is_no_file_is_no_login(site: Vpopmail) -> None:
    site.users.add(f"joe@{DOMAIN}")
    [user] = site.users.stream(DOMAIN)
    Path(user.pw_dir, "lastauth").unlink()
    for make in (os.mkfifo, os.mkdir):
        make(f"{user.pw_dir}/lastauth")
        assert [login for _, login in site.users.last_auths(DOMAIN, [user])] == [None]
        (os.unlink if make is os.mkfifo else os.rmdir)(f"{user.pw_dir}/lastauth")
