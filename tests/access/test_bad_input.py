"""Whatever is on descriptor 3: a defined exit code, never a hang, never a next program without the password."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_for
from tests.figures import FIGURES
from vpopmail import Vpopmail
from vpopmail.access import authentication
from vpopmail.commands import vchkpw
from vpopmail.passwords import hash_password
from vpopmail.settings import load

from .bad_input import SECRET, is_good, made
from .programs import Programs

Record = Callable[[str, object], None]
CODES = {0, 3, 12, 13, 20}
PORTS = ("110", "143", "25")


@pytest.fixture(scope="module")
def site() -> Iterator[Vpopmail]:
    root = Path(tempfile.mkdtemp(prefix="input-"))
    root.chmod(0o755)
    with Vpopmail(load(settings_for(root, profile="5.4", password_scheme="des"))) as site:
        site.prepare()
        site.domains.add("example.com")
        site.domains.add_alias("alias.org", "example.com")
        site.users.add("joe@example.com", crypted=hash_password(SECRET, "des"))
        yield site
    shutil.rmtree(root)


def test_generated_input_in_process(
    site: Vpopmail, full: bool, monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    options = {name: getattr(site.settings, name) for name in ("vpopmaildir", "qmaildir", "vpopuser", "vpopgroup", "profile")}
    # What is told has tests of its own; here passwords come as names, too.
    options |= {"password_scheme": "des", "logging": "n", "auth_logging": False}
    ran: list[object] = []
    given = b""
    monkeypatch.setattr(vchkpw, "_read_all", lambda: given[:513])
    monkeypatch.setattr(vchkpw, "become", lambda *next_one: ran.append(next_one) or 0)
    monkeypatch.setattr(vchkpw.log, "use_syslog", lambda _name: None)
    monkeypatch.setattr(authentication, "hold_refusal", lambda _begun: None)
    counts: Counter[int] = Counter()
    for number, data in enumerate(made(1, 100_000 if full else 3000)):
        given = data
        monkeypatch.setenv("TCPLOCALPORT", PORTS[number % 3])
        before = len(ran)
        code = vchkpw.run(["vchkpw", "program"], options)
        assert code in CODES, data
        assert (len(ran) > before) == (code == 0) == is_good(data), data
        counts[code] += 1
    assert counts.keys() == CODES
    record_property(FIGURES, ("descriptor 3, in process", {f"ended with {code}": n for code, n in sorted(counts.items())}))


@pytest.mark.parametrize("own", ["vchkpw", "vchkpw-dovecot"])
def test_generated_input_through_the_program(
    site: Vpopmail, tmp_path_factory: pytest.TempPathFactory, full: bool, own: str, record_property: Record
) -> None:
    directory = Path(site.settings.vpopmaildir).parent / f"bin-{own}"
    programs = Programs(site, directory, password_scheme="des")
    counts: Counter[int] = Counter()
    for data in made(2, 1000 if full else 50):
        ran = programs.run(data, own=own, TCPREMOTEIP="192.0.2.1")
        assert ran.code in (CODES if own == "vchkpw" else {0, 1}), data
        assert ran.ran == (ran.code == 0) == is_good(data), data
        counts[ran.code] += 1
    record_property(FIGURES, (f"descriptor 3, {own}", {f"ended with {code}": n for code, n in sorted(counts.items())}))


def test_descriptor_that_gives_too_much_is_read_no_further(site: Vpopmail) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"x" * 60_000)
    # Nobody closes the writing end: the program must not wait for that.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vchkpw, "CREDENTIALS", reading)
        assert len(vchkpw._read_all()) == 513
    os.close(writing)
