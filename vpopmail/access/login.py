"""A login: what is asked, and the two answers.

Plain classes: a login program makes one of them and ends.
"""

from __future__ import annotations

from vpopmail.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from vpopmail.access.reasons import Reason
    from vpopmail.access.service import Service


class LoginRequest(Record):
    """Somebody who wants to log in.

    Attributes:
        name: as given: ``user@domain``, with ``%`` and ``/`` as well, or ``user``.
        password: bytes; clear, or the hex digest that answers the challenge.
        service: which one.
        challenge: what the server sent for a digest; empty: it sent none.
        remote_ip: of the client, or empty.
        local_ip: of the server, or empty: a domain may be mapped to it.
        default_domain: for a name without a domain, before all others; None: not given.
        log_name: how the log names the service.

    Its repr shows no password.
    """

    __slots__ = (
        "challenge",
        "default_domain",
        "local_ip",
        "log_name",
        "name",
        "password",
        "remote_ip",
        "service",
    )
    _secret = ("password",)

    def __init__(
        self,
        name: str,
        password: bytes,
        service: Service,
        *,
        challenge: bytes = b"",
        remote_ip: str = "",
        local_ip: str = "",
        default_domain: str | None = None,
        log_name: str = "",
    ) -> None:
        self.name = name
        self.password = password
        self.service = service
        self.challenge = challenge
        self.remote_ip = remote_ip
        self.local_ip = local_ip
        self.default_domain = default_domain
        self.log_name = log_name or service.log_name


class Login(Record):
    """Yes: who has logged in, and what he gets. It is true.

    Attributes:
        user, domain: the mailbox; the real domain, and ``""`` for a user of /etc/passwd.
        name: as it was given, in lower case.
        uid, gid: whom the mailbox belongs to, numbers.
        home: absolute, the parent of Maildir.
        quota: as it is stored.
        flags: the effective bits, ``pw_flags``.
        method: ``PLAIN``, ``APOP`` or ``CRAM-MD5``.
        service: its name.
    """

    __slots__ = (
        "domain",
        "flags",
        "gid",
        "home",
        "method",
        "name",
        "quota",
        "service",
        "uid",
        "user",
    )

    def __init__(  # noqa: PLR0913 - one for each thing that a program needs
        self,
        user: str,
        domain: str,
        *,
        name: str,
        uid: int,
        gid: int,
        home: str,
        quota: str = "",
        flags: int = 0,
        method: str = "PLAIN",
        service: str = "",
    ) -> None:
        self.user = user
        self.domain = domain
        self.name = name
        self.uid = uid
        self.gid = gid
        self.home = home
        self.quota = quota
        self.flags = flags
        self.method = method
        self.service = service

    def __bool__(self) -> Literal[True]:
        return True

    @property
    def address(self) -> str:
        """``user@domain``, or the user alone for one of /etc/passwd."""
        return f"{self.user}@{self.domain}" if self.domain else self.user


class Refusal:
    """No. It is false, and its text is all that a client may know.

    Attributes:
        reason: why; for the log, and for the program's exit code.
    """

    __slots__ = ("reason",)

    def __init__(self, reason: Reason) -> None:
        self.reason = reason

    def __bool__(self) -> Literal[False]:
        return False

    def __str__(self) -> str:
        return "login refused"

    def __repr__(self) -> str:
        return "<Refusal>"
