"""Which service somebody logs in to."""

from __future__ import annotations

import pytest

from vpopmail.access.service import IMAP, POP, SMTP, WEBMAIL, Service, for_client, service_of


@pytest.mark.parametrize(
    ("port", "service", "log_name"),
    [
        (25, SMTP, "vchkpw-smtp"),
        (465, SMTP, "vchkpw-smtps"),
        (587, SMTP, "vchkpw-submission"),
        (110, POP, "vchkpw-pop3"),
        (995, POP, "vchkpw-pop3s"),
        (143, IMAP, "vchkpw-imap"),
        (993, IMAP, "vchkpw-imaps"),
    ],
)
def test_port_decides_whatever_the_program(port: int, service: Service, log_name: str) -> None:
    for program in ("true", "imapd", "qmail-pop3d"):
        assert service_of(port, program) == (service, log_name)


@pytest.mark.parametrize(
    ("program", "service"),
    [("/bin/true", SMTP), ("imapd", IMAP), ("true-imap", SMTP), ("qmail-pop3d", POP), ("", POP)],
)
def test_program_decides_for_any_other_port(program: str, service: Service) -> None:
    for port in (0, 9999):
        assert service_of(port, program) == (service, f"vchkpw-{port}")


def test_service_that_the_server_names_wins_over_port_and_program() -> None:
    assert service_of(143, "reply", "imap") == (IMAP, "vchkpw-imap")
    assert service_of(10143, "reply", "imap") == (IMAP, "vchkpw-imap")
    assert service_of(10110, "imapd", "pop3") == (POP, "vchkpw-pop3")
    assert service_of(993, "reply", "smtp") == (SMTP, "vchkpw-smtp")
    assert service_of(0, "reply", "submission") == (SMTP, "vchkpw-smtp")


def test_name_of_an_unknown_service_decides_nothing() -> None:
    assert service_of(993, "reply", "doveadm") == (IMAP, "vchkpw-imaps")
    assert service_of(0, "imapd", "doveadm") == (IMAP, "vchkpw-0")


def test_pop_and_imap_from_a_webmail_server_are_webmail_and_smtp_never_is() -> None:
    servers = ("127.0.0.1", "::1")
    for address in servers:
        assert for_client(POP, address, servers) is WEBMAIL
        assert for_client(IMAP, address, servers) is WEBMAIL
        assert for_client(SMTP, address, servers) is SMTP
    for spelling in ("0:0:0:0:0:0:0:1", "::0:1"):
        assert for_client(IMAP, spelling, servers) is WEBMAIL
    # As ucspi-tcp-ipv6 writes 2001:db8:0:1:1:1:1:1.
    assert for_client(POP, "2001:DB8::1:1:1:1:1", ("2001:db8:0:1:1:1:1:1",)) is WEBMAIL
    for address in ("192.0.2.1", "", "127.0.0.11"):
        assert for_client(IMAP, address, servers) is IMAP
