"""Letting users in: the manager behind ``site.logins``."""

from __future__ import annotations

from vpopmail.access.authentication import authenticate
from vpopmail.access.login import LoginRequest
from vpopmail.access.service import SERVICES, for_client
from vpopmail.errors import InvalidInput
from vpopmail.formats.client import remote_address
from vpopmail.names import check_kind_of_text
from vpopmail.passwords.schemes import as_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.access.login import Login, Refusal
    from vpopmail.access.service import Service
    from vpopmail.installation import Installation


class Logins:
    """The logins of a site.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def authenticate(
        self,
        name: str,
        password: str | bytes,
        service: str,
        *,
        challenge: str | bytes = b"",
        remote_ip: str = "",
        local_ip: str = "",
    ) -> Login | Refusal:
        """Let somebody in, or not, as vchkpw does.

        Args:
            name: ``user@domain``, or with ``%`` or ``/``; a name alone is of the default domain.
            password: clear; or the hex digest that answers the challenge: of APOP for ``pop``,
                of CRAM-MD5 for ``smtp``.
            service: ``pop``, ``imap``, ``webmail`` or ``smtp``. From an address among the
                setting ``webmail_servers``, ``pop`` and ``imap`` are ``webmail``.
            challenge: what the server sent; empty: a digest is not looked at.
            remote_ip: address of the client; noted as that of the last login.
            local_ip: address of the server, which a default domain may be mapped to.

        Returns:
            A Login (``user``, ``domain``, ``uid``, ``gid``, ``home`` and more), which is true; or
            a Refusal, which is false, and whose ``reason`` is for the log and not for the client.
            Each is told to the logger ``vpopmail.logins``, as the setting ``logging`` has it.

        Raises:
            InvalidInput: there is no such service.
            HomeNotMade: all is right, but the home cannot be made.
            BackendUnavailable, AssignUnreadable, NotPermitted, OSError: it cannot be told.

        Source: manual, "Authentication".
        """
        check_kind_of_text(name, service, remote_ip, local_ip)
        for given in (password, challenge):
            if not isinstance(given, str | bytes):
                raise TypeError(f"a str or bytes are needed, not {type(given).__name__}")
        address = remote_address(remote_ip)
        webmail_servers = self._installation.settings.webmail_servers
        request = LoginRequest(
            name,
            as_bytes(password),
            for_client(_service(service), address, webmail_servers),
            challenge=as_bytes(challenge),
            remote_ip=address,
            local_ip=local_ip,
        )
        return authenticate(self._installation, request)


def _service(name: str) -> Service:
    service = SERVICES.get(name)
    if service is None:
        raise InvalidInput(f"service {name!r}", "one of " + ", ".join(SERVICES))
    return service
