"""Users of /etc/passwd, where the site lets them log in.

Only for a name without a domain that is no mailbox, and never root.

Source: auth-and-delivery, system users; manual, "Configure options" (passwd).
"""

from __future__ import annotations

import time

from vpopmail.access import reasons
from vpopmail.access.login import Login, Refusal
from vpopmail.access.proof import PLAIN
from vpopmail.formats import shadow
from vpopmail.formats.text import to_bytes
from vpopmail.passwords.checking import is_acceptable, verify, verify_unknown
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.access.login import LoginRequest
    from vpopmail.settings import Settings

SHADOW = "/etc/shadow"
_SECONDS_A_DAY = 86400
_SHADOWED = "x"


def log_in(settings: Settings, request: LoginRequest, name: str) -> Login | Refusal:
    """Let a system user in, or not; the same cost for one who does not exist.

    Args:
        settings: of the site.
        request: with its password.
        name: of the user.

    Raises:
        OSError: the shadow file cannot be read.
    """
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except (KeyError, ValueError):
        return _refuse(settings, request, reasons.UNKNOWN_SYSTEM_USER)
    if entry.pw_uid == 0:
        return _refuse(settings, request, reasons.UNKNOWN_SYSTEM_USER)
    crypted = entry.pw_passwd.encode("utf-8", "surrogateescape")
    if entry.pw_passwd == _SHADOWED:
        found = shadow.find_entry(read_file(SHADOW) or b"", to_bytes(name))
        if found is None or _is_closed(found[1]):
            return _refuse(settings, request, reasons.NO_SHADOW_ENTRY)
        crypted = found[0]
    if not is_acceptable(crypted):
        return _refuse(settings, request, reasons.SYSTEM_PASSWORD_FAILED)
    if not verify(request.password, crypted):
        return Refusal(reasons.SYSTEM_PASSWORD_FAILED)
    return Login(
        name,
        "",
        name=name,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
        home=entry.pw_dir,
        method=PLAIN,
        service=request.service.name,
    )


def _is_closed(day: int | None) -> bool:
    return day is not None and time.time() >= day * _SECONDS_A_DAY


def _refuse(settings: Settings, request: LoginRequest, reason: reasons.Reason) -> Refusal:
    verify_unknown(request.password, settings.password_scheme)
    return Refusal(reason)
