"""C tools and ours on the same files at the same time: neither loses what the other did."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cdblib

from tests.conftest import settings_for
from tests.crash.processes import in_child, in_children
from tests.figures import FIGURES
from vpopmail import Vpopmail
from vpopmail.settings import load

DOMAIN = "example.com"
HASH = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."
TOOL = Path(__file__).with_name("c_tool.py")
EACH = 3  # processes of either side
PATIENCE = 600


def opened(top: Path) -> Vpopmail:
    settings = settings_for(top, lock_timeout=PATIENCE, users_big_dir=False)
    return Vpopmail(load(settings))


def _prepare(top: Path) -> None:
    with opened(top) as site:
        site.prepare()
        site.domains.add(DOMAIN, "Wonderful-1")


def _theirs(top: Path, name: str, count: int) -> list[str]:
    arguments = [sys.executable, "-B", TOOL, top / "v", top / "q", name, str(count)]
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    return done.stdout.split()


def _ours(top: Path, name: str, count: int) -> list[str]:
    kept = []
    with opened(top) as site:
        for number in range(count):
            site.users.add(f"{name}{number}@{DOMAIN}", crypted=HASH)
            site.domains.add(f"{name}{number}.example")
            if number % 3 == 0:
                site.users.delete(f"{name}{number}@{DOMAIN}")
                site.domains.delete(f"{name}{number}.example")
            else:
                kept.append(f"{name}{number}")
    return kept


def test_c_tools_and_ours_lose_no_change_of_each_other(
    tmp_path: Path, full: bool, record_property: Callable[[str, object], None]
) -> None:
    count = 100 if full else 10
    in_child(partial(_prepare, tmp_path))
    works = [partial(_theirs, tmp_path, f"their{number}x", count) for number in range(EACH)]
    works += [partial(_ours, tmp_path, f"our{number}x", count) for number in range(EACH)]
    kept = sorted(name for names in in_children(works) for name in names)
    found, domains = in_child(partial(_found, tmp_path))
    assert found == sorted([*kept, "postmaster"])
    assert domains == sorted([*(f"{name}.example" for name in kept), DOMAIN])
    assert _in_files(tmp_path) == (found, found, domains, domains)
    record_property(FIGURES, ("C tools beside ours", {"users and domains": 2 * len(kept)}))


def _found(top: Path) -> tuple[list[str], list[str]]:
    with opened(top) as site:
        names = sorted(user.pw_name for user in site.users.iter(DOMAIN))
        assert all(f"{name}@{DOMAIN}" in site.users for name in names)
        return names, sorted(entry.domain for entry in site.domains)


def _in_files(top: Path) -> tuple[list[str], ...]:
    """The users in vpasswd and vpasswd.cdb, the domains in users/cdb and in rcpthosts or morercpthosts."""
    domain, control = top / "v/domains" / DOMAIN, top / "q/control"
    text = [line.split(":")[0] for line in (domain / "vpasswd").read_text().splitlines()]
    index = cdblib.Reader((domain / "vpasswd.cdb").read_bytes())
    users = cdblib.Reader((top / "q/users/cdb").read_bytes())
    names = [key[1:-1].decode() for key in users.keys() if key.startswith(b"!") and key.endswith(b"-")]  # noqa: SIM118
    hosts = (control / "rcpthosts").read_text().split()
    if (control / "morercpthosts").exists():
        hosts += (control / "morercpthosts").read_text().split()
    return sorted(text), sorted(key.decode() for key in index.keys()), sorted(names), sorted(hosts)  # noqa: SIM118


def test_a_counter_that_c_spoilt_breaks_nothing(tmp_path: Path) -> None:
    """It is advice: homes go where there is room, and users are found by their records."""
    with Vpopmail(load(settings_for(tmp_path))) as site:
        site.prepare()
        site.domains.add(DOMAIN)
        counter = Path(site.domains.get(DOMAIN).path, ".dir-control")
        for text in (b"0\n0\n3\n0 0 0\n61 61 61\n0 2 4\n0 0 0\n\n", b"99999\n2\n", b"", b"\xff" * 400):
            counter.write_bytes(text)
            name = f"u{len(text)}@{DOMAIN}"
            site.users.add(name, crypted=HASH)
            assert name in site.users
            site.users.delete(name)
            assert name not in site.users
