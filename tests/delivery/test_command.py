"""vdelivermail as qmail-local runs it: a process, arguments, environment, standard input."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import needs_root, settings_for
from vpopmail.settings import OPTIONS

from .conftest import DOMAIN, NOBODY, TEXT, Place

# What a delivery to a Maildir must not pay for.
HEAVY = {
    "attr", "attrs", "argparse", "dataclasses", "enum", "functools", "logging", "pathlib", "re",
    "subprocess", "tempfile", "tomllib", "typing", "vpopmail.delivery.child", "zlib",
}  # fmt: skip


def environment(top: Path, **more: str) -> dict[str, str]:
    """What qmail-local gives, and where the site is."""
    told = {OPTIONS[name].variable: text(value) for name, value in settings_for(top).items()}
    return {
        "PATH": os.environ["PATH"],
        "EXT": "joe",
        "HOST": DOMAIN,
        "RPLINE": "Return-Path: <a@remote.test>\n",
        "DTLINE": "Delivered-To: example.com-joe@example.com\n",
        **told,
        **more,
    }


def text(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def run(
    top: Path, *words: str, data: bytes = TEXT, **more: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-m", "vpopmail.commands.vdelivermail", *words]
    return subprocess.run(
        command, input=data, env=environment(top, **more), capture_output=True, check=False, cwd=top
    )


def test_it_delivers_what_comes_through_a_pipe(place: Place) -> None:
    done = run(place.top, "", "bounce-no-mailbox")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert place.new()[0].endswith(TEXT)


def test_a_pipe_waits_where_it_may_not_be_copied(place: Place) -> None:
    done = run(place.top, "", "delete", VPOPMAIL_MAKE_SEEKABLE="no")
    assert (done.returncode, done.stdout) == (111, b"lseek error 29\n")
    assert place.new() == []


@pytest.mark.parametrize("words", [(), ("",), ("", "delete", "more")])
def test_a_wrong_line_waits(place: Place, words: tuple[str, ...]) -> None:
    done = run(place.top, *words)
    assert done.returncode == 111
    assert b"invalid syntax in .qmail-default" in done.stdout


@pytest.mark.parametrize(
    ("more", "code", "told"),
    [
        ({"EXT": "a b"}, 100, b"invalid username\n"),
        ({"HOST": "a_b"}, 100, b"invalid domain name\n"),
        ({"EXT": "../../x"}, 100, b"Sorry, no mailbox here by that name. (#5.1.1)\n"),
        ({"VPOPMAIL_BACKEND": "nothing"}, 111, b"nothing"),
        ({"VPOPMAIL_PROFILE": "9"}, 111, b"VPOPMAIL_PROFILE"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(
    place: Place, more: dict[str, str], code: int, told: bytes
) -> None:
    done = run(place.top, "", "bounce-no-mailbox", **more)
    assert done.returncode == code
    assert told in done.stdout
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_a_reader_of_its_output_that_is_gone_loses_no_mail(place: Place) -> None:
    begin, end = os.pipe()
    os.close(begin)
    command = [sys.executable, "-I", "-m", "vpopmail.commands.vdelivermail", "", f"{place.home()}"]
    done = subprocess.run(
        command, input=TEXT, env=environment(place.top, EXT="nobody"), stdout=end, check=False,
        stderr=subprocess.PIPE, cwd=place.top,
    )  # fmt: skip
    os.close(end)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(place.new()) == 1


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_without_standard_input_no_other_file_is_delivered(place: Place, closed: str) -> None:
    command = [sys.executable, "-I", "-m", "vpopmail.commands.vdelivermail", "", "delete"]
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command], env=environment(place.top),
        capture_output=True, check=False, cwd=place.top,
    )  # fmt: skip
    assert done.returncode == 111
    assert place.new() == []


def test_what_is_told_does_not_go_into_the_message(place: Place) -> None:
    words = ["", f"{place.home()}"]
    command = [sys.executable, "-I", "-m", "vpopmail.commands.vdelivermail", *words]
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" >&- 2>&-', "sh", *command], input=TEXT,
        env=environment(place.top, EXT="nobody"), check=False, cwd=place.top,
    )  # fmt: skip
    assert done.returncode == 0
    assert place.new()[0].endswith(b"nobody@example.com\n" + TEXT)


def test_a_delivery_to_a_maildir_imports_no_heavy_module(place: Place) -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "from vpopmail.commands import vdelivermail\n"
        "code = vdelivermail.run(['', 'delete'], __import__('os').environ, {})\n"
        "print(code, *sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=TEXT.decode(), capture_output=True,
        env=environment(place.top, VPOPMAIL_MAKE_SEEKABLE="yes"), check=True, text=True,
    )  # fmt: skip
    code, *modules = done.stdout.split()
    assert code == "0"
    assert sorted(HEAVY & set(modules)) == []


def test_a_module_that_cannot_be_read_is_named_and_the_message_waits(
    place: Place, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(Path(vpopmail.__file__).parent, copy / "vpopmail")
    (copy / "vpopmail" / "delivery" / "deliver.py").unlink()
    program = (
        f"import sys; sys.path.insert(0, {str(copy)!r}); sys.argv[1:] = ['', 'delete']\n"
        "from vpopmail.commands.vdelivermail import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=TEXT, env=environment(place.top),
        capture_output=True, check=False, cwd=place.top,
    )  # fmt: skip
    told = b"vdelivermail: deferred, No module named 'vpopmail.delivery.deliver'\n"
    assert (done.returncode, done.stdout) == (111, told)
    assert place.new() == []


@needs_root
def test_root_becomes_the_owner_of_the_domain(public_place: Place) -> None:
    place = public_place
    command = [sys.executable, "-I", "-m", "vpopmail.commands.vdelivermail", "", "delete"]
    settings = {"VPOPMAIL_VPOPUSER": "65534", "VPOPMAIL_VPOPGROUP": "65534"}
    given = {**environment(place.top), **settings}
    done = subprocess.run(command, input=TEXT, env=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    (path,) = (place.home() / "Maildir/new").iterdir()
    assert path.stat().st_uid == 65534


@needs_root
def test_root_writes_nothing_where_the_owner_of_the_domain_could_not(public_place: Place) -> None:
    place = public_place
    closed = place.top / "closed"
    closed.mkdir(mode=0o700)
    for part in ("tmp", "new", "cur"):
        (closed / "Maildir" / part).mkdir(parents=True)
        os.chown(closed / "Maildir" / part, NOBODY, NOBODY)
    os.chown(closed / "Maildir", NOBODY, NOBODY)
    place.lines(f"{closed}/Maildir/\n")
    os.chown(place.home() / ".qmail", NOBODY, NOBODY)
    owner = {"VPOPMAIL_VPOPUSER": str(NOBODY), "VPOPMAIL_VPOPGROUP": str(NOBODY)}
    done = run(place.top, "", "delete", **owner)
    assert (done.returncode, list((closed / "Maildir/new").iterdir())) == (111, [])
    assert b"errno=13" in done.stdout
