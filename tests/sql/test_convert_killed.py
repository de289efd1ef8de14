"""A conversion that is killed at any moment leaves the source as it was, and goes on when called again."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import tests.crash.sweep  # noqa: F401 - all modules are there before the first fork
from tests.crash.processes import Killed, in_child, kill_before
from tests.crash.statements import watch_changes
from vpopmail import Config, Vpopmail
from vpopmail.records import VLimits, VqPasswd
from vpopmail.safeio import seam
from vpopmail.upkeep import convert_domain

DOMAIN = "example.com"
HASH = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
# Two commits and more for a domain of five users.
CHUNK = 2


def options(top: Path, backend: str) -> dict[str, Any]:
    return {
        "vpopmaildir": f"{top}/v", "qmaildir": f"{top}/q", "vpopuser": os.geteuid(), "vpopgroup": os.getegid(),
        "backend": backend, "sync": False, "valias": True, "mysql_limits": True,
        "database_url": f"sqlite://{top}/accounts.sqlite" if backend == "sqlite" else "",
    }  # fmt: skip


def opened(top: Path, backend: str) -> Vpopmail:
    return Vpopmail(Config.load(**options(top, backend)))


def prepare(top: Path, source: str) -> None:
    with opened(top, source) as site:
        site.prepare()
        site.domains.add(DOMAIN, "Wonderful-1")
        for name in ("amy", "bob", "cat", "dan"):
            site.users.add(f"{name}@{DOMAIN}", crypted=HASH, gecos=name)
        site.aliases.set(f"sales@{DOMAIN}", [f"&amy@{DOMAIN}"])
        site.limits.set(DOMAIN, VLimits(maxaliases=7))


def convert(top: Path, source: str, target: str, number: int = 0) -> list[str]:
    """Convert in this process; the calls that changed a file."""
    convert_domain._CHUNK = CHUNK
    calls: list[str] = []
    with opened(top, source) as one, opened(top, target) as other:
        if number:
            kill_before(number)
        else:
            watch_changes(calls.append)
        one.convert(other)
    return calls


def seen(top: Path, backend: str) -> list[Any]:
    """What a fresh process finds in a store."""
    with opened(top, backend) as site:
        entry = site.domains.get(DOMAIN)
        users: list[VqPasswd] = list(site.installation.backend.iterate(entry))
        return [
            sorted([user.pw_name, user.pw_passwd, user.pw_gecos, user.pw_dir] for user in users),
            [site.users.find(f"{user.pw_name}@{DOMAIN}") is not None for user in users],
            list(site.aliases.iter(DOMAIN)),
            site.limits.get(DOMAIN).maxaliases,
        ]


def go_on(top: Path, source: str, target: str) -> list[Any]:
    """Convert once more in this process: the source before and after it, and the target."""
    first = seen(top, source)
    convert(top, source, target)
    return [first, seen(top, source), seen(top, target)]


def renew(top: Path, kept: Path) -> None:
    shutil.rmtree(top, ignore_errors=True)
    shutil.copytree(kept, top, symlinks=True)


@pytest.mark.parametrize(("source", "target"), [("sqlite", "cdb"), ("cdb", "sqlite")])
def test_killed_before_each_call_that_changes_a_file(tmp_path: Path, source: str, target: str) -> None:
    top, kept = tmp_path / "site", tmp_path / "kept"
    top.mkdir()
    in_child(partial(prepare, top, source))
    shutil.copytree(top, kept, symlinks=True)
    before = in_child(partial(seen, top, source))
    calls = in_child(partial(convert, top, source, target))
    assert in_child(partial(seen, top, target)) == before
    assert len(calls) > 10
    for number in range(1, len(calls) + 1):
        renew(top, kept)
        with pytest.raises(Killed):
            in_child(partial(convert, top, source, target, number))
        told = in_child(partial(go_on, top, source, target))
        assert told == [before, before, before], (number, calls[number - 1])
        left = [path.name for path in top.rglob("*") if path.name.endswith(".new.vpopmail")]
        assert left == [] and not (top / "v/etc/converting").exists()


class Cut(BaseException):
    """As if the process ended here."""


@pytest.mark.parametrize("moment", range(4))
def test_cut_off_between_two_commits(tmp_path: Path, moment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there already is not copied again, and what was changed meanwhile is."""
    monkeypatch.setattr(convert_domain, "_CHUNK", CHUNK)
    prepare(tmp_path, "cdb")
    with opened(tmp_path, "cdb") as source, opened(tmp_path, "sqlite") as target:

        def cut(_domain: str, done: int) -> None:
            if done > moment * CHUNK:
                raise Cut

        if moment * CHUNK < 5:
            with pytest.raises(Cut):
                source.convert(target, progress=cut)
        source.users.update(f"amy@{DOMAIN}", gecos="Amy")
        source.users.delete(f"bob@{DOMAIN}")
        source.convert(target)
    after = seen(tmp_path, "sqlite")
    assert after == seen(tmp_path, "cdb")
    assert [user[:1] + user[2:3] for user in after[0]] == [
        ["amy", "Amy"], ["cat", "cat"], ["dan", "dan"], ["postmaster", "Postmaster"],
    ]  # fmt: skip
