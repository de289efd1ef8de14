"""A domain with users, and its mailboxes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_for
from vpopmail import Vpopmail
from vpopmail.settings import load

DOMAIN = "example.com"
JOE = "joe@example.com"
TEXT = b"From: a@remote.test\nSubject: test\n\nbody\n"
SENDER = "a@remote.test"


class Place:
    """A site with joe and amy in example.com."""

    def __init__(self, site: Vpopmail, top: Path) -> None:
        self.site = site
        self.top = top
        self.domain = Path(site.domains.get(DOMAIN).path)

    def home(self, name: str = "joe") -> Path:
        """The home of a user."""
        return Path(self.site.users.get(f"{name}@{DOMAIN}").pw_dir)

    def new(self, name: str = "joe") -> list[bytes]:
        """The messages in ``new`` of a user, in order."""
        new = self.home(name) / "Maildir" / "new"
        return [path.read_bytes() for path in sorted(new.iterdir())]

    def lines(self, text: str, name: str = "joe", file: str = ".qmail") -> None:
        """Give a user a delivery file."""
        path = self.home(name) / file
        path.write_text(text)
        path.chmod(0o600)

    def default(self, action: str) -> None:
        """Say what happens to mail for unknown users, as the file does it."""
        (self.domain / ".qmail-default").write_text(f"| /v/bin/vdelivermail '' {action}\n")

    def deliver(self, to: str = JOE, message: bytes = TEXT, sender: str = SENDER) -> tuple[int, str]:
        """Deliver a message; the exit code and what was told."""
        done = self.site.mail.deliver(to, message, sender)
        return done.code, done.text


@pytest.fixture
def make_place(make_site: Callable[..., Vpopmail], tmp_path: Path) -> Callable[..., Place]:
    """Makes a site with settings of its own."""

    def make(**settings: object) -> Place:
        inject = tmp_path / "qmail-inject"
        inject.write_text(
            f'#!/bin/sh\necho "$@" >>{tmp_path}/injected\ncat >>{tmp_path}/injected\n'
            f'[ ! -f {tmp_path}/status ] || exit "$(cat {tmp_path}/status)"\n'
        )
        inject.chmod(0o755)
        told = {"qmail_inject": str(inject), "file_sync": False, **settings}
        site = make_site(**told)
        site.domains.add(DOMAIN)
        for name in ("joe", "amy"):
            site.users.add(f"{name}@{DOMAIN}", crypted="*")
        return Place(site, tmp_path)

    return make


@pytest.fixture
def place(make_place: Callable[..., Place]) -> Place:
    """A site with the usual settings."""
    return make_place()


NOBODY = 65534


@pytest.fixture
def public_place() -> Iterator[Place]:
    """A site that belongs to a user whom Dovecot serves: not root, and it lies where he gets at it."""
    top = Path(tempfile.mkdtemp(prefix="vpopmail-"))
    top.chmod(0o755)
    uid = NOBODY if os.geteuid() == 0 else os.geteuid()
    gid = NOBODY if os.geteuid() == 0 else os.getegid()
    settings = settings_for(top, vpopuser=uid, vpopgroup=gid, defaultdelivery=True, file_sync=False)
    with Vpopmail(load(settings)) as site:
        site.prepare()
        site.domains.add(DOMAIN)
        for name in ("joe", "amy"):
            site.users.add(f"{name}@{DOMAIN}", crypted="*")
        yield Place(site, top)
    shutil.rmtree(top)


@pytest.fixture
def dovecot_conf(public_place: Place) -> Path:
    """A configuration of Dovecot for its command-line programs: no server is started."""
    run = public_place.top / "run"
    run.mkdir()
    run.chmod(0o777)
    path = public_place.top / "dovecot.conf"
    path.write_text(
        f"""base_dir = {run}
state_dir = {run}
log_path = {run}/log
ssl = no
protocols =
mail_location = maildir:~/Maildir
first_valid_uid = 1
mail_plugins = quota
plugin {{
  quota = maildir:User quota
  quota_rule = *:bytes=10485760
}}
"""
    )
    path.chmod(0o644)
    return path
