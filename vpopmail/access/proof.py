"""Whether what a client gave proves who he is: a clear password, APOP or CRAM-MD5.

Source: auth-and-delivery, password methods; RFC 1939 (APOP), RFC 2195 (CRAM-MD5).
"""

from __future__ import annotations

from _operator import _compare_digest as same_bytes

from vpopmail.access.service import POP, SMTP
from vpopmail.accounts.password_check import is_right
from vpopmail.passwords.checking import is_acceptable, without_scheme
from vpopmail.passwords.schemes import as_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.access.login import LoginRequest
    from vpopmail.records import VqPasswd
    from vpopmail.settings import Settings

PLAIN = "PLAIN"
APOP = "APOP"
CRAM_MD5 = "CRAM-MD5"

_DIGEST_LENGTH = 32  # hex digits of MD5
_HEX = b"0123456789abcdef"
_BLOCK = 64  # bytes of MD5's block
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def method_of(settings: Settings, request: LoginRequest, user: VqPasswd | None) -> str:
    """By which method the request proves that it comes from the user; ``""`` by none.

    A digest is only looked at where one is sent: APOP by POP, CRAM-MD5 by SMTP. It needs the
    clear password, and a stored password that is not locked. None of it takes longer for a user
    who does not exist.

    Args:
        settings: of the site.
        request: with its password.
        user: as found; None: there is none.
    """
    if user is not None and user.pw_clear_passwd and is_digest(request):
        method = _digest_method(request, as_bytes(user.pw_clear_passwd))
        if method and is_acceptable(without_scheme(as_bytes(user.pw_passwd))):
            return method
    return PLAIN if is_right(settings, user, request.password) else ""


def is_digest(request: LoginRequest) -> bool:
    """Whether the password has the form of a digest that answers the challenge."""
    given = request.password
    return bool(request.challenge) and len(given) == _DIGEST_LENGTH and not given.strip(_HEX)


def apop_digest(clear: bytes, challenge: bytes) -> bytes:
    """What APOP sends for a password, in hex digits: MD5 of the challenge and it."""
    return _md5(challenge + clear).hex().encode("ascii")


def cram_md5_digest(clear: bytes, challenge: bytes) -> bytes:
    """What CRAM-MD5 sends for a password, in hex digits: HMAC-MD5 of the challenge."""
    # By hand: the module hmac costs a login program more than all the rest of it.
    key = (_md5(clear) if len(clear) > _BLOCK else clear).ljust(_BLOCK, b"\0")
    inner = _md5(key.translate(_INNER) + challenge)
    return _md5(key.translate(_OUTER) + inner).hex().encode("ascii")


def _digest_method(request: LoginRequest, clear: bytes) -> str:
    if request.service is POP:
        expected, method = apop_digest(clear, request.challenge), APOP
    elif request.service is SMTP:
        expected, method = cram_md5_digest(clear, request.challenge), CRAM_MD5
    else:
        return ""
    return method if same_bytes(expected, request.password) else ""


def _md5(data: bytes) -> bytes:
    try:
        module = __import__("_md5")
    except ImportError:  # a Python that leaves it to OpenSSL
        module = __import__("hashlib")
    digest: bytes = module.md5(data, usedforsecurity=False).digest()
    return digest
