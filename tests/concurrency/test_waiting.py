"""Who waits for whom: a dead holder of a lock for nobody, a reader for nobody either."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, settings_for
from vpopmail import Vpopmail
from vpopmail.safeio import seam
from vpopmail.settings import load

JOE = f"joe@{DOMAIN}"
HASH = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."


def opened(top: Path, timeout: int) -> Vpopmail:
    return Vpopmail(load(settings_for(top, lock_timeout=timeout)))


@pytest.fixture
def top(tmp_path: Path) -> Path:
    with opened(tmp_path, 0) as site:
        site.prepare()
        site.domains.add(DOMAIN)
        site.users.add(JOE, crypted=HASH)
        site.aliases.add(f"sales@{DOMAIN}", f"&{JOE}")
    return tmp_path


class Stopped:
    """A process that stops in the middle of a change, with all its locks, and waits there.

    Args:
        change: the change.
        file: before the new content of this file gets its name it stops.
    """

    def __init__(self, top: Path, change: Callable[[Vpopmail], object], file: str) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._stop_at(file, writing)
                with opened(top, 0) as site:
                    change(site)
            finally:
                os._exit(1)
        os.close(writing)
        assert os.read(reading, 1) == b"x", "it never came to that"
        os.close(reading)

    def _stop_at(self, file: str, writing: int) -> None:
        def watch(call: str, arguments: tuple[object, ...]) -> None:
            if call == "rename" and arguments[2] == file:
                os.write(writing, b"x")
                os.kill(os.getpid(), signal.SIGSTOP)

        seam.watch = watch

    def kill(self) -> None:
        """As a power failure of this process alone."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


CHANGES: dict[str, tuple[Callable[[Vpopmail], object], str]] = {
    "user added": (lambda site: site.users.add(f"amy@{DOMAIN}", crypted=HASH), "vpasswd"),
    "user deleted": (lambda site: site.users.delete(JOE), "vpasswd"),
    "domain added": (lambda site: site.domains.add("new.example"), "cdb"),
    "domain deleted": (lambda site: site.domains.delete(DOMAIN), "cdb"),
}


@pytest.fixture(params=list(CHANGES))
def stopped(request: pytest.FixtureRequest, top: Path) -> Iterator[Stopped]:
    holder = Stopped(top, *CHANGES[request.param])
    yield holder
    holder.kill()


def test_readers_do_not_wait_for_a_writer_that_holds_every_lock(stopped: Stopped, top: Path) -> None:
    """It holds them until we are done, so that waiting for it would be for ever."""
    assert stopped.pid
    with opened(top, 86400) as site:
        assert site.users.find(JOE) is not None
        assert [user.pw_name for user in site.users.iter(DOMAIN)] == ["joe"]
        assert DOMAIN in site.domains
        assert [entry.domain for entry in site.domains]
        assert site.aliases.get(f"sales@{DOMAIN}") == [f"&{JOE}"]
        assert site.limits.get(DOMAIN)
        assert site.users.authenticate("joe", DOMAIN, "wrong") is None
        assert site.catch_all.find(DOMAIN) is None
        site.users.add(f"zoe@{DOMAIN}", crypted=HASH, dry_run=True)


@pytest.mark.parametrize("name", list(CHANGES))
def test_the_lock_of_a_killed_process_is_free_at_once(top: Path, name: str) -> None:
    """Without any patience the next change succeeds, and finishes or undoes what was left."""
    holder = Stopped(top, *CHANGES[name])
    holder.kill()
    with opened(top, 0) as site:
        if DOMAIN in site.domains:
            site.users.add(f"zoe@{DOMAIN}", crypted=HASH)
        site.domains.add("next.example")
        assert "next.example" in site.domains
