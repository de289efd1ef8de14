"""The programs that run for each login and each message take all modules of the usual ways from the bundle."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.access.programs import Programs, credentials
from vpopmail.records import NO_POP
from vpopmail.upkeep.programs import launcher

from .conftest import DOMAIN, JOE, SENDER, TEXT, Place

# In the place of the last line of a launcher: tells which of our modules came from elsewhere.
TELL = """
import os
def tell():
    with open({report!r}, "w") as file:
        for name, module in sys.modules.items():
            if name.startswith("vpopmail.") and type(module.__loader__).__name__ != "Bundle":
                print(name, file=file)
def telling(end):
    def told(*words):
        tell()
        end(*words)
    return told
os._exit, os.execve = telling(os._exit), telling(os.execve)
try:
    main({settings}
finally:
    tell()
"""
BEFORE = {"vpopmail.bundle"}  # it is the importer
SECRET = "s3cret"
MESSAGES = {
    "a message": {},
    "one for a user with a quota": {"EXT": "amy"},
    "one that does not fit": {"EXT": "full"},
    "one for nobody": {"EXT": "nobody"},
    "one that is sent on": {"EXT": "away"},
    "one for a program and a Maildir": {"EXT": "both"},
    "one for an extension": {"EXT": "joe-list", "VPOPMAIL_QMAIL_EXT": "yes"},
    "one with a default delivery": {"VPOPMAIL_DEFAULTDELIVERY": "yes"},
    "one through SpamAssassin": {"VPOPMAIL_SPAMASSASSIN": "yes"},
    "one through maildrop": {"VPOPMAIL_MAILDROP": "yes", "VPOPMAIL_MAILDROP_PROG": "/bin/true"},
    "one that loops": {"DTLINE": "Delivered-To: joe@example.com\n"},
}
LOGINS = {
    "a login": (JOE, SECRET, {}),
    "one over SMTP": (JOE, SECRET, {"TCPLOCALPORT": "25"}),
    "a wrong password": (JOE, "wrong", {}),
    "an unknown user": (f"nobody@{DOMAIN}", SECRET, {}),
    "a closed service": (f"closed@{DOMAIN}", SECRET, {}),
    "one without a domain": ("joe", SECRET, {"VPOPMAIL_DOMAIN": DOMAIN}),
    "one by the address of the server": ("joe", SECRET, {"TCPLOCALIP": "192.0.2.9", "VPOPMAIL_IP_ALIAS_DOMAINS": "yes"}),
    "one that opens the relay": (JOE, SECRET, {"VPOPMAIL_ROAMING_USERS": "yes"}),
    "one with the log of all": (JOE, SECRET, {"VPOPMAIL_LOGGING": "y"}),
}  # fmt: skip


@pytest.fixture
def outside(
    make_place: Callable[..., Place], request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[Place, Callable[..., set[str]]]:
    """A place, and what runs a program there and tells which modules are not from the bundle."""
    backend = getattr(request, "param", "cdb")
    url = {"database_url": f"sqlite://{tmp_path}/accounts.sqlite"} if backend == "sqlite" else {}
    place = make_place(backend=backend, **url)
    for name in ("full", "away", "both", "closed"):
        place.site.users.add(f"{name}@{DOMAIN}", SECRET)
    place.site.users.set_password(JOE, SECRET)
    place.site.users.set_quota(f"amy@{DOMAIN}", "10M")
    place.site.users.set_quota(f"full@{DOMAIN}", "10S")
    place.site.users.update(f"closed@{DOMAIN}", flags=NO_POP)
    place.lines("&a@b.org\n", "away")
    place.lines("|true\n./Maildir/\n", "both")
    place.site.ip_maps.add("192.0.2.9", DOMAIN)
    (place.top / "q/control/defaultdelivery").write_text("./Maildir/\n")
    report = place.top / "report"
    given = {name: getattr(place.site.settings, name) for name in ("vpopmaildir", "qmaildir", "vpopuser", "vpopgroup", "qmail_inject", "backend")}
    given |= url
    programs = Programs(place.site, place.top / "bin")

    def run(program: str, *words: str, data: bytes = b"", **environment: str) -> set[str]:
        text = launcher(program, given, str(programs.directory))
        start, _, last = text.rpartition("\nmain(")
        path = programs.directory / program
        path.write_text(start + TELL.format(report=str(report), settings=last.rstrip()))
        path.chmod(0o755)
        (place.top / "data").write_bytes(data)
        report.unlink(missing_ok=True)
        with open(place.top / "data", "rb") as file:
            done = subprocess.run(
                ["/bin/sh", "-c", 'exec "$0" "$@" 3<&0', str(path), *words],
                stdin=file, env={"PATH": os.environ["PATH"], **environment}, check=False,
                cwd=place.domain, capture_output=True,
            )  # fmt: skip
        assert report.exists(), done
        return set(report.read_text().split()) - BEFORE

    return place, run


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_delivery_takes_its_modules_from_the_bundle(
    outside: tuple[Place, Callable[..., set[str]]], kind: str
) -> None:
    environment = {"EXT": "joe", "HOST": DOMAIN, "SENDER": SENDER, **MESSAGES[kind]}
    assert outside[1]("vdelivermail", "", "bounce-no-mailbox", data=TEXT, **environment) == set()


@pytest.mark.parametrize("outside", ["cdb", "sqlite"], indirect=True)
@pytest.mark.parametrize("kind", LOGINS)
def test_a_login_takes_its_modules_from_the_bundle(
    outside: tuple[Place, Callable[..., set[str]]], kind: str
) -> None:
    name, password, more = LOGINS[kind]
    environment = {"TCPLOCALPORT": "110", "TCPREMOTEIP": "192.0.2.1", **more}
    assert outside[1]("vchkpw", "/bin/true", data=credentials(name, password), **environment) == set()


@pytest.mark.parametrize("address", [JOE, f"nobody@{DOMAIN}", f"sales@{DOMAIN}"])
def test_a_question_for_a_recipient_takes_its_modules_from_the_bundle(
    outside: tuple[Place, Callable[..., set[str]]], address: str
) -> None:
    outside[0].site.aliases.add(f"sales@{DOMAIN}", "&a@b.org")
    assert outside[1]("vrcptcheck", data=address.encode()) == set()
