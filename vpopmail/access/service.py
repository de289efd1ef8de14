"""What somebody logs in to: POP, IMAP, webmail or SMTP.

Source: auth-and-delivery, service kind, access flags; manual, "vmoduser".
"""

from __future__ import annotations

from vpopmail.records import NO_IMAP, NO_POP, NO_SMTP, NO_WEBMAIL


class Service:
    """One kind of service.

    Attributes:
        name: ``pop``, ``imap``, ``webmail`` or ``smtp``.
        log_name: how the log names it where no port tells more.
        flag: the bit of ``pw_flags`` that closes it.
        has_mailbox: whether it works in the home, which a login then makes if it is missing,
            and whether it opens the relay.
    """

    __slots__ = ("flag", "has_mailbox", "log_name", "name")

    def __init__(self, name: str, log_name: str, flag: int, *, has_mailbox: bool = True) -> None:
        self.name = name
        self.log_name = f"vchkpw-{log_name}"
        self.flag = flag
        self.has_mailbox = has_mailbox

    def __repr__(self) -> str:
        return f"<Service {self.name}>"


POP = Service("pop", "pop3", NO_POP)
IMAP = Service("imap", "imap", NO_IMAP)
WEBMAIL = Service("webmail", "webmail", NO_WEBMAIL)
SMTP = Service("smtp", "smtp", NO_SMTP, has_mailbox=False)

SERVICES = {
    "pop": POP,
    "pop3": POP,
    "imap": IMAP,
    "webmail": WEBMAIL,
    "smtp": SMTP,
    "submission": SMTP,
}

_PORTS: dict[int, tuple[Service | None, str]] = {
    25: (SMTP, "vchkpw-smtp"),
    465: (SMTP, "vchkpw-smtps"),
    587: (SMTP, "vchkpw-submission"),
    110: (POP, "vchkpw-pop3"),
    995: (POP, "vchkpw-pop3s"),
    143: (IMAP, "vchkpw-imap"),
    993: (IMAP, "vchkpw-imaps"),
}


def service_of(port: int, program: str, named: str = "") -> tuple[Service, str]:
    """The service that a program is started for, and how the log names it.

    Args:
        port: of the server; 0 if not known.
        program: what is to be run after the login.
        named: the service as the server itself names it; unless it is known, port and program
            decide.
    """
    service, log_name = _PORTS.get(port, (None, f"vchkpw-{port}"))
    wanted = SERVICES.get(named)
    if wanted is not None and wanted is not service:
        return wanted, wanted.log_name
    return service or _by_program(program), log_name


def _by_program(program: str) -> Service:
    if "true" in program:
        return SMTP
    return IMAP if "imap" in program else POP


def for_client(service: Service, remote_ip: str, webmail_servers: tuple[str, ...]) -> Service:
    """The service, or webmail if POP or IMAP is asked for by one of its servers.

    Args:
        service: which one.
        remote_ip: address of the client, in any form.
        webmail_servers: the setting.
    """
    if service in (POP, IMAP) and _plain(remote_ip) in webmail_servers:
        return WEBMAIL
    return service


def _plain(remote_ip: str) -> str:
    """The one form of an address: servers spell those of IPv6 differently."""
    if ":" not in remote_ip:
        return remote_ip
    from vpopmail.formats.ip_address import canonical

    return canonical(remote_ip) or remote_ip
