"""Other programs on the Maildirs that we write: Dovecot and Python's mailbox."""

from __future__ import annotations

import mailbox
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.figures import FIGURES

from .conftest import JOE, NOBODY, TEXT, Place
from .programs_of_debian import program

STEPS = 1000
QUOTA = "10485760S"


class Doveadm:
    """Dovecot's doveadm on the mailbox of joe, as the owner of the domain."""

    def __init__(self, place: Place, conf: Path) -> None:
        self._conf = conf
        self._home = place.home()
        self._program = program("doveadm", "dovecot-core")
        self._uid = NOBODY if os.geteuid() == 0 else None

    def __call__(self, *words: str, data: bytes = b"") -> str:
        """Run it; what it prints."""
        done = subprocess.run(
            [self._program, "-c", self._conf, *words],
            env={"HOME": str(self._home), "USER": "joe", "PATH": os.environ["PATH"]},
            user=self._uid, group=self._uid, extra_groups=None if self._uid is None else [],
            input=data, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def quota(self) -> tuple[int, int]:
        """Bytes and messages as Dovecot counts them: it tells kibibytes, so the file is read."""
        lines = (self._home / "Maildir/maildirsize").read_text().splitlines()[1:]
        told = [tuple(map(int, line.split())) for line in lines]
        return sum(one[0] for one in told), sum(one[1] for one in told)


@pytest.fixture
def doveadm(public_place: Place, dovecot_conf: Path) -> Doveadm:
    return Doveadm(public_place, dovecot_conf)


def on_disk(place: Place) -> tuple[int, int]:
    """Bytes and messages that are there."""
    maildir = place.home() / "Maildir"
    found = [path for part in ("new", "cur") for path in (maildir / part).iterdir()]
    return sum(path.stat().st_size for path in found), len(found)


def test_the_quota_of_dovecot_and_ours_agree_to_the_byte(
    public_place: Place,
    doveadm: Doveadm,
    full: bool,
    record_property: Callable[[str, object], None],
) -> None:
    place = public_place
    place.site.users.set_quota(JOE, QUOTA)
    chance = random.Random(7)
    steps = STEPS if full else STEPS // 20

    def deliver() -> None:
        size = chance.randrange(5000)
        assert place.deliver(message=TEXT + b"x" * size + b"\n")[0] == 0

    def save() -> None:
        doveadm("save", data=TEXT + b"y" * chance.randrange(5000) + b"\n")

    def flag() -> None:
        doveadm("flags", "add", "\\Seen \\Flagged", "mailbox", "INBOX", str(chance.randrange(1, 9)))

    def expunge() -> None:
        doveadm("expunge", "mailbox", "INBOX", f"{chance.randrange(1, 20)}")

    def remove() -> None:
        found = sorted((place.home() / "Maildir/cur").iterdir())
        if found:
            gone = chance.choice(found)
            size = gone.stat().st_size
            gone.unlink()
            with open(place.home() / "Maildir/maildirsize", "a") as file:
                file.write(f"-{size} -1\n")

    for step in range(steps):
        chance.choice([deliver] * 6 + [save, flag, expunge, remove])()
        if step % 25 == 24 or step == steps - 1:
            usage = place.site.quotas.usage(JOE)
            assert (usage.size, usage.count) == on_disk(place), f"ours after step {step}"
            assert doveadm.quota() == on_disk(place), f"the file after step {step}"
    doveadm("quota", "recalc")
    told = doveadm("-f", "tab", "quota", "get").splitlines()
    by_type = {line.split("\t")[1]: line.split("\t")[2] for line in told[1:]}
    size, count = on_disk(place)
    assert by_type["MESSAGE"] == str(count)
    assert doveadm.quota() == (size, count)
    assert by_type["STORAGE"] == str(-(-size // 1024)) or by_type["STORAGE"] == str(size // 1024)
    record_property(FIGURES, ("Dovecot beside deliveries", {"steps": steps}))


def test_dovecot_reads_what_was_delivered(public_place: Place, doveadm: Doveadm) -> None:
    for number in range(5):
        public_place.deliver(message=b"Subject: %d\n\nbody %d\n" % (number, number))
    told = doveadm("fetch", "hdr.subject", "mailbox", "INBOX", "all")
    assert [line for line in told.splitlines() if "subject" in line] == [
        f"hdr.subject: {number}" for number in range(5)
    ]


def test_python_reads_all_of_it(public_place: Place) -> None:
    texts = {b"Subject: %d\n\nbody %d\n" % (number, number) for number in range(20)}
    for text in texts:
        public_place.deliver(message=text)
    box = mailbox.Maildir(public_place.home() / "Maildir")
    assert {message["Subject"] for message in box} == {str(number) for number in range(20)}
    assert all(message["Delivered-To"] == JOE for message in box)
