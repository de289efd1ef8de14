"""vrcptcheck as a server starts it: an address on descriptor 3, an exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from vpopmail.records import BOUNCE_MAIL

from .conftest import JOE, Place
from .test_command import HEAVY, environment

PROGRAM = ["-I", "-m", "vpopmail.commands.vrcptcheck"]


def check(
    place: Place, address: bytes | None, errors: str = "", **more: str
) -> tuple[int, bytes]:
    """Run it with an address on descriptor 3, which is closed for None; code and standard error.

    That may be redirected by the word of a shell.
    """
    given = place.top / "address"
    given.write_bytes(address or b"")
    redirected = f"3<{given} {errors}" if address is not None else "3<&-"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, *PROGRAM],
        env=environment(place.top, **more), capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "address", [b"joe@example.com", b"JOE@Example.com", b"joe@example.com\0", b"joe@example.com\r\n"]
)
def test_who_can_get_mail_exists(place: Place, address: bytes) -> None:
    assert check(place, address) == (0, b"")


@pytest.mark.parametrize(
    "address",
    [
        b"nobody@example.com", b"joe@elsewhere.org", b"joe", b"", b"@", b"joe@", b"@example.com", b"a@b@example.com",
        b"joe@example.com" * 100, b"\xff\xfe@example.com", b"../x@example.com",
    ],
)  # fmt: skip
def test_nobody_and_what_is_no_address_does_not(place: Place, address: bytes) -> None:
    assert check(place, address) == (1, b"")


def test_whoever_is_locked_does_not(place: Place) -> None:
    place.site.users.update(JOE, flags=BOUNCE_MAIL)
    assert check(place, JOE.encode()) == (1, b"")


def test_an_alias_and_a_catch_all_count(place: Place) -> None:
    place.site.aliases.add("sales@example.com", "&a@b.org")
    assert check(place, b"sales@example.com") == (0, b"")
    place.site.catch_all.set("example.com", "amy")
    assert check(place, b"nobody@example.com") == (0, b"")


def test_trouble_is_111_and_told_in_a_line(place: Place) -> None:
    code, told = check(place, None)
    assert (code, told.count(b"\n")) == (111, 1)
    code, told = check(place, JOE.encode(), VPOPMAIL_BACKEND="nothing")
    assert (code, told.count(b"\n")) == (111, 1)
    os.rename(place.domain, place.domain.with_name("gone"))
    code, told = check(place, JOE.encode())
    assert (code, told.count(b"\n")) == (111, 1)


@pytest.mark.parametrize("errors", ["2>&-", "2>/dev/full"])
def test_trouble_that_cannot_be_told_is_no_unknown_address(place: Place, errors: str) -> None:
    assert check(place, JOE.encode(), errors) == (0, b"")
    assert check(place, JOE.encode(), errors, VPOPMAIL_BACKEND="nothing") == (111, b"")


def test_it_imports_no_heavy_module(place: Place) -> None:
    program = (
        "import os, sys; before = set(sys.modules); begin, end = os.pipe()\n"
        "os.write(end, b'joe@example.com'); os.close(end); os.dup2(begin, 3)\n"
        "from vpopmail.commands import vrcptcheck\n"
        "print(vrcptcheck.run({}), *sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, env=environment(place.top),
        check=True, text=True,
    )  # fmt: skip
    code, *modules = done.stdout.split()
    assert code == "0"
    assert sorted(HEAVY & set(modules)) == []


def test_the_launcher_of_a_site_answers(place: Place) -> None:
    place.site.install_programs()
    path = f"{place.site.settings.bindir}/vrcptcheck"
    for address, code in ((JOE, 0), ("nobody@example.com", 1)):
        done = subprocess.run(
            ["/bin/sh", "-c", f"exec {path} 3<<E\n{address}\nE\n"],
            env=environment(place.top), check=False,
        )  # fmt: skip
        assert done.returncode == code


def test_users_that_were_lost_are_to_be_asked_for_again(place: Place) -> None:
    for name in ("vpasswd", "vpasswd.cdb"):
        (place.domain / name).unlink()
    code, told = check(place, JOE.encode())
    assert code == 111
    assert b"put them back" in told
