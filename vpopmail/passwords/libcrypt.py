"""crypt(3) of the host, or of passlib or the bcrypt package where the host has none for a scheme.

The way to the C library is found once, at the first use: CPython's own ``_crypt`` (up to 3.12), the
``_crypt_r`` of the crypt-r package, then libcrypt through ctypes.
"""

from __future__ import annotations

import os
from _thread import RLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    Crypt: TypeAlias = Callable[[bytes, bytes], bytes | None]

_DATA_SIZE = 32768  # struct crypt_data of libxcrypt, bytes
_LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2", None)  # None: the process itself (musl, BSD)
_found: dict[str, Crypt] = {}
_turn = RLock()  # a signal handler may check a password too


def crypt(password: bytes, setting: bytes) -> bytes | None:
    """Hash a password as a setting says.

    Args:
        password: no NUL in it, at most 512 bytes.
        setting: a crypt string, or its part before the hash; ASCII.

    Returns:
        The crypt string, or None if nobody here knows the scheme or the setting.
    """
    result = _host()(password, setting)
    if result is None or result.startswith(b"*"):
        result = _without_host(password, setting)
    return result


def by_passlib(password: bytes, setting: bytes) -> bytes | None:
    """As ``crypt``, by passlib alone: DES, MD5, SHA-256, SHA-512."""
    try:
        text = setting.decode("ascii")
        name, head, wanted = _for_passlib(text)
        handler = _passlib_handler(name).using(**wanted)
        result: str = handler.hash(password)
    except (LookupError, ValueError, TypeError, RuntimeError):
        return None
    # passlib writes 5000 rounds in its own way; only the hash itself is its answer.
    return (head + result[-handler.checksum_size :]).encode("ascii")


def _without_host(password: bytes, setting: bytes) -> bytes | None:
    # Not $2x$: the package would hash it as $2b$.
    if setting[:4] in (b"$2a$", b"$2b$", b"$2y$"):
        from vpopmail.passwords.drivers import bcrypt_crypt

        return bcrypt_crypt(password, setting)
    return by_passlib(password, setting)


def _for_passlib(setting: str) -> tuple[str, str, dict[str, str | int]]:
    # The handler's name, what the result begins with, the handler's options.
    if not setting.startswith("$"):
        return "des_crypt", setting[:2], {"salt": setting[:2]}
    name = _PASSLIB[setting[:3]]
    parts = setting[3:].split("$")
    rounds = parts.pop(0) if parts[0].startswith("rounds=") else ""
    head = setting[:3] + (rounds and rounds + "$") + parts[0] + "$"
    if name == "md5_crypt":
        return name, head, {"salt": parts[0]}
    return name, head, {"salt": parts[0], "rounds": int(rounds[7:] or 5000)}


def by_module(name: str) -> Crypt | None:
    """As ``crypt``, by an extension module with crypt(3); None if it is not there.

    Such a module takes text only, as UTF-8; other passwords go through ctypes.
    """
    try:
        module = __import__(name)
    except ImportError:
        return None

    def hashed(password: bytes, setting: bytes) -> bytes | None:
        try:
            text = password.decode("utf-8")
        except UnicodeDecodeError:
            return _in_libraries()(password, setting)
        try:
            result: str | None = module.crypt(text, setting.decode("ascii"))
        except (OSError, ValueError):
            return None
        return None if result is None else result.encode("ascii")

    return hashed


def by_library(name: str | None) -> Crypt | None:
    """As ``crypt``, by a shared library through ctypes; None if it has no crypt(3).

    Args:
        name: of the library; None: what the process has loaded.
    """
    import ctypes

    try:
        library = ctypes.CDLL(name)
    except OSError:
        return None
    return of_library(library)


def of_library(library: Any) -> Crypt | None:
    """The best way that a library has: crypt_rn, else crypt, else None."""
    if hasattr(library, "crypt_rn"):
        return reentrant(library.crypt_rn)
    return one_at_a_time(library.crypt) if hasattr(library, "crypt") else None


def reentrant(function: Any) -> Crypt:
    """As ``crypt``, by libxcrypt's crypt_rn."""
    import ctypes

    function.restype = ctypes.c_char_p
    function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int)

    def hashed(password: bytes, setting: bytes) -> bytes | None:
        room = ctypes.create_string_buffer(_DATA_SIZE)
        result: bytes | None = function(password, setting, room, _DATA_SIZE)
        return result

    return hashed


def one_at_a_time(function: Any) -> Crypt:
    """As ``crypt``, by the crypt of POSIX, which threads must not share."""
    import ctypes

    function.restype = ctypes.c_char_p
    function.argtypes = (ctypes.c_char_p, ctypes.c_char_p)

    def hashed(password: bytes, setting: bytes) -> bytes | None:
        with _turn:  # its result lies in one static buffer
            result: bytes | None = function(password, setting)
        return result

    return hashed


def _renew_turn() -> None:
    """In a child it may be a thread's of the parent, which is not there to give it back."""
    global _turn  # noqa: PLW0603 - of the process
    _turn = RLock()


os.register_at_fork(after_in_child=_renew_turn)


def first_of(ways: Sequence[Callable[[], Crypt | None]]) -> Crypt:
    """The first way that exists; if none does, one that knows no scheme."""
    for way in ways:
        found = way()
        if found is not None:
            return found
    return lambda _password, _setting: None


def _host() -> Crypt:
    modules = (lambda: by_module("_crypt"), lambda: by_module("_crypt_r"))
    return _kept("host", (*modules, _in_libraries))


def _in_libraries() -> Crypt:
    ways = [lambda name=name: by_library(name) for name in _LIBRARIES]
    return _kept("library", ways)


def _kept(what: str, ways: Sequence[Callable[[], Crypt | None]]) -> Crypt:
    """The first way that exists, looked for once.

    Raises:
        OSError: there are too few descriptors to say that a way does not exist.
    """
    if what not in _found:
        way = first_of(ways)
        os.close(os.open("/", os.O_RDONLY | os.O_CLOEXEC))
        _found[what] = way
    return _found[what]


_PASSLIB = {"$1$": "md5_crypt", "$5$": "sha256_crypt", "$6$": "sha512_crypt"}


def _passlib_handler(name: str) -> Any:
    import warnings

    with warnings.catch_warnings():
        # On 3.11 and 3.12 passlib imports the deprecated module crypt.
        warnings.simplefilter("ignore", DeprecationWarning)
        import passlib.hash

        return getattr(passlib.hash, name)
