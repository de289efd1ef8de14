"""Too few descriptors from the first call on: also what is not loaded yet must not raise."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import settings_for
from tests.nasty import Filled, filled
from vpopmail import VA, Vpopmail
from vpopmail.settings import load

from .test_bad_input import NAMES, valid

ROOT = Path(vpopmail.__file__).parents[1]
# What they look for is there: nothing found without an error would be a lie.
FINDING = {
    *("domain_entries", "get_domain_entries", "isExistingAddress"),
    *("isExistingAnyAddress", "isExistingUser", "valias_all", "valias_lines", "valias_names"),
    *("valias_select", "valias_select_all", "valias_select_names", "vauth_getall", "vauth_getpw"),
    *("vauth_getpw_long", "vauth_user", "vauth_users", "vget_assign"),
}
# How many descriptors a call may have, one after the other; each in a process of its own.
ALLOWED = range(8)
PROGRAM = """
import sys
sys.path.insert(0, {root!r})
import os, resource, traceback
import vpopmail

def made(what):
    if not isinstance(what, tuple):
        return what
    kind, members = what
    if kind == "file":
        return open(members, "r+")
    if kind == "fd":
        return os.open(members, os.O_RDWR)
    record = getattr(vpopmail, kind)()
    for name, value in members.items():
        setattr(record, name, value)
    return record

function = getattr(vpopmail, {name!r})
arguments = [made(what) for what in {arguments!r}]
for allowed in {allowed!r}:
    if os.fork() == 0:
        try:
            lowest = os.dup(0)
            os.close(lowest)
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + allowed, lowest + allowed))
            result = function(*arguments)
            if hasattr(result, "__next__"):
                result = list(result)
            if {finds!r} and not result and vpopmail.last_error() == 0:
                print(allowed, "says that it is not there", flush=True)
        except BaseException:
            print(allowed, traceback.format_exc(), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def kept() -> Iterator[Filled]:
    with filled("cdb") as made:
        yield made


def told(made: Filled, value: object) -> object:
    """A value in a form that another process can read."""
    if hasattr(value, "__slots__") and type(value).__module__ == "vpopmail.records":
        return type(value).__name__, {name: getattr(value, name) for name in value.__slots__}
    if isinstance(value, io.IOBase):
        return "file", str(made.work / "list")
    return value


@pytest.mark.parametrize("name", NAMES)
def test_a_first_call_with_too_few_descriptors_raises_nothing(name: str, kept: Filled) -> None:
    kept.fresh()
    given = {
        key: ("fd", str(kept.work / "list")) if key in {"fd", "from_"} else told(kept, value)
        for key, value in valid(kept, name).items()
    }
    settings = kept.site.settings
    program = PROGRAM.format(
        root=str(ROOT),
        name=name,
        arguments=list(given.values()),
        allowed=list(ALLOWED),
        finds=name in FINDING,
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program],
        env={
            "VPOPMAIL_VPOPMAILDIR": settings.vpopmaildir,
            "VPOPMAIL_QMAILDIR": settings.qmaildir,
            "VPOPMAIL_VPOPUSER": str(os.geteuid()),
            "VPOPMAIL_VPOPGROUP": str(os.getegid()),
            "VPOPMAIL_LOCK_TIMEOUT": "0",
        },
        capture_output=True,
        text=True,
        check=False,
        cwd=kept.work,
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_a_log_that_cannot_be_opened_changes_no_code(tmp_path: Path) -> None:
    handler = logging.FileHandler(tmp_path / "lost/log", delay=True)
    logger = logging.getLogger("vpopmail")
    logger.addHandler(handler)
    try:
        with vpopmail.use(Vpopmail(load(settings_for(tmp_path, backend="none")))):
            assert vpopmail.vauth_open() == VA.NO_AUTH_MODULE
            assert vpopmail.vauth_getpw("joe", "example.com") is None
    finally:
        logger.removeHandler(handler)
