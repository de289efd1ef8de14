"""The ways to crypt(3), each against the same known passwords."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

import vpopmail.passwords
from tests.passwords.vectors import PORTABLE
from vpopmail.passwords import SCHEMES, hash_password, libcrypt, verify
from vpopmail.passwords.schemes import as_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    Crypt = Callable[[bytes, bytes], bytes | None]

ROOT = Path(vpopmail.passwords.__file__).parents[2]


def shared_library() -> ctypes.CDLL:
    for name in ("libcrypt.so.1", "libcrypt.so.2"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    pytest.skip("this host has no libcrypt")


def way(name: str) -> Crypt:
    """One way by its name; skips where the host or the Python has none."""
    found: Crypt | None
    if name == "passlib":
        return libcrypt.by_passlib
    if name == "crypt_rn":
        found = libcrypt.reentrant(shared_library().crypt_rn)
    elif name == "crypt":
        found = libcrypt.one_at_a_time(shared_library().crypt)
    else:
        found = libcrypt.by_module(name)
    if found is None:
        pytest.skip(f"this Python has no {name}")
    return found


WAYS = ("_crypt", "_crypt_r", "crypt_rn", "crypt", "passlib")


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(("password", "stored"), PORTABLE)
def test_every_way_makes_the_same_crypt_string(
    name: str, password: str | bytes, stored: str
) -> None:
    assert way(name)(as_bytes(password), stored.encode()) == stored.encode()


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize(
    "setting", [b"", b"!", b"*0", b"$9$salt$", b"$6$rounds=x$salt$", b"$1", b"\xff\xff", b"$\xff$"]
)
def test_every_way_refuses_a_bad_setting(name: str, setting: bytes) -> None:
    assert (way(name)(b"secret", setting) or b"*").startswith(b"*")


def test_a_module_or_a_library_that_is_missing_is_no_way() -> None:
    assert libcrypt.by_module("_no_such_module_here") is None
    assert libcrypt.by_library("libnosuchlibraryhere.so") is None
    assert libcrypt.by_library("libm.so.6") is None


@pytest.mark.parametrize("name", ["libcrypt.so.1", "libcrypt.so.2"])
def test_a_library_of_the_host_is_a_way(name: str) -> None:
    found = libcrypt.by_library(name)
    if found is None:
        pytest.skip(f"this host has no {name}")
    assert found(b"rasmuslerdorf", b"rl") == b"rl.3StKT.4T8M"


def test_a_library_without_crypt_rn_is_used_one_at_a_time() -> None:
    class Old:
        crypt = shared_library().crypt

    found = libcrypt.of_library(Old())
    assert found is not None
    assert found(b"rasmuslerdorf", b"rl") == b"rl.3StKT.4T8M"


def test_the_first_way_that_exists_is_taken() -> None:
    def second(_password: bytes, _setting: bytes) -> bytes:
        return b"second"

    assert libcrypt.first_of((lambda: None, lambda: second)) is second
    assert libcrypt.first_of(())(b"secret", b"rl") is None


def test_threads_do_not_disturb_each_other() -> None:
    crypt = way("crypt")
    wrong: list[bytes | None] = []

    def work(salt: bytes) -> None:
        expected = libcrypt.by_passlib(b"secret", salt)
        for _ in range(200):
            result = crypt(b"secret", salt)
            if result != expected:
                wrong.append(result)

    threads = [Thread(target=work, args=(salt,)) for salt in (b"aa", b"bb", b"cc")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.fixture
def without_libcrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(libcrypt._found, "host", libcrypt.first_of(()))  # noqa: SLF001


@pytest.mark.usefixtures("without_libcrypt")
@pytest.mark.parametrize(("password", "stored"), PORTABLE)
def test_passlib_checks_passwords_where_the_host_has_no_crypt(
    password: str | bytes, stored: str
) -> None:
    assert verify(password, stored)
    assert not verify(b"x" + as_bytes(password), stored)


@pytest.mark.usefixtures("without_libcrypt")
@pytest.mark.parametrize("scheme", SCHEMES)
def test_passlib_makes_passwords_where_the_host_has_no_crypt(scheme: str) -> None:
    stored = hash_password("secret", scheme)
    assert verify("secret", stored)
    assert not verify("Secret", stored)


@pytest.mark.usefixtures("without_libcrypt")
@pytest.mark.parametrize("stored", ["$6$rounds=10$salt$" + "." * 86, "$1$a@b$" + "." * 22])
def test_what_passlib_refuses_matches_nothing(stored: str) -> None:
    assert not verify("secret", stored)


@pytest.mark.usefixtures("without_libcrypt")
def test_a_scheme_that_nobody_has_matches_nothing() -> None:
    assert not verify("secret", "$y$j75$abcdefgh$uMUXG79B2cFpoAYyDccUnsaH/aGTyBYMlnQidzyag01")


def run(code: str, *options: str) -> str:
    """Run code in a fresh interpreter, in which a warning is an error."""
    command = [sys.executable, "-W", "error", *options, "-c", code]
    result = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_a_login_imports_no_heavy_module() -> None:
    heavy = {"attr", "typing", "re", "enum", "hashlib", "hmac", "passlib", "threading", "random"}
    code = (
        "import sys; before = set(sys.modules)\n"
        "from vpopmail.passwords import verify\n"
        "assert verify('rasmuslerdorf', '$1$rasmusle$rISCgZzpwk3UhDidwXvin0')\n"
        "print(*set(sys.modules) - before)"
    )
    assert not heavy & set(run(code, "-S").split())


def test_passlib_warns_nobody() -> None:
    code = (
        "from vpopmail.passwords.libcrypt import by_passlib\n"
        "print(by_passlib(b'rasmuslerdorf', b'rl').decode())"
    )
    assert run(code) == "rl.3StKT.4T8M"


class Slow:
    """A crypt of POSIX in which something happens."""

    def __init__(self, happens: Callable[[], object]) -> None:
        self.happens = happens

    def __call__(self, password: bytes, setting: bytes) -> bytes:
        self.happens()
        return setting + password


def test_a_signal_handler_may_hash_while_a_password_is_hashed() -> None:
    inner: list[bytes | None] = []
    plain = libcrypt.one_at_a_time(Slow(lambda: None))
    hashed = libcrypt.one_at_a_time(Slow(lambda: inner.append(plain(b"inner", b"x"))))
    thread = Thread(target=lambda: inner.append(hashed(b"outer", b"x")), daemon=True)
    thread.start()
    thread.join(60)
    assert inner == [b"xinner", b"xouter"]


def test_a_child_forked_while_another_thread_hashes_can_hash() -> None:
    begun, go_on = Event(), Event()
    plain = libcrypt.one_at_a_time(Slow(lambda: None))
    slow = libcrypt.one_at_a_time(Slow(lambda: (begun.set(), go_on.wait())))
    thread = Thread(target=lambda: slow(b"outer", b"x"))
    thread.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit(0 if plain(b"inner", b"x") == b"xinner" else 1)
    _, status = os.waitpid(child, 0)
    go_on.set()
    thread.join()
    assert status == 0


SHORT = """
import ctypes, importlib.util, os, resource, sys
sys.path.insert(0, {root!r})
from vpopmail.passwords import libcrypt, verify
importlib.util.find_spec("_crypt")
before = resource.getrlimit(resource.RLIMIT_NOFILE)
lowest = os.dup(0)
os.close(lowest)
resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + {allowed}, before[1]))
try:
    verify({password!r}, {stored!r})
except (OSError, ImportError):
    pass
resource.setrlimit(resource.RLIMIT_NOFILE, before)
print(verify({password!r}, {stored!r}))
"""
# No package but the library of the host knows it.
YESCRYPT = "$y$j9T$aaaaaaaaaaaaaaaa$"


@pytest.mark.parametrize("allowed", range(4))
def test_too_few_descriptors_once_do_not_hide_the_host_s_crypt_for_good(allowed: int) -> None:
    stored = libcrypt.reentrant(shared_library().crypt_rn)(b"secret", YESCRYPT.encode())
    if stored is None or not stored.startswith(b"$y$"):
        pytest.skip("the library of this host has no yescrypt")
    program = SHORT.format(
        root=str(ROOT), allowed=allowed, password="secret", stored=stored.decode()
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")
