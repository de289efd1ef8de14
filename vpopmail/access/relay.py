"""Roaming users (POP before SMTP): who has just logged in may send mail from the same address.

Light, since a login goes through it. Source: manual, "Roaming users"; auth-and-delivery, roaming
users.
"""

from __future__ import annotations

from time import time

from vpopmail.errors import InvalidIpAddress
from vpopmail.formats.ip_address import canonical
from vpopmail.formats.tcprules import relay_rules
from vpopmail.names import check_kind_of_number
from vpopmail.qmail.tcp_rules import TcpRules
from vpopmail.safeio.directory import Owner, open_trusted
from vpopmail.safeio.locks import FileLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.installation import Installation

# The C tools hold it while they change the addresses and while they compile the rules.
LOCK = "open-smtp.lock"
_MINUTE = 60


class Relay:
    """The addresses that may send mail for a while: ``site.relay``.

    Whether a login opens the relay is a matter of the option ``roaming_users``; what is called
    here is done in any case.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def open(self, address: str) -> bool:
        """Let an address send mail from now on, for the minutes of ``relay_clear_minutes``.

        Args:
            address: IPv4 or IPv6, in any form.

        Returns:
            Whether it is a new one; else its time is set to now. The rules are compiled if they
            do not have it yet, unless ``rebuild_tcpserver_file`` is off.

        Its commit points are the renames of open-smtp and of the compiled rules.

        Raises:
            InvalidIpAddress: no IP address.
            FileNotUpdated: the rules are wrong, or the lock is held.
            BackendUnavailable, OSError.

        Source: api, open_smtp_relay.
        """
        plain = _checked(address)
        is_new = self.note(plain)
        if self._compiles() and (is_new or not self._rules().has(plain)):
            self._compile(plain)
        return is_new

    def note(self, address: str) -> bool:
        """Note that an address may send mail from now on, and compile nothing; see ``open``.

        Raises:
            InvalidIpAddress, FileNotUpdated, BackendUnavailable, OSError.
        """
        return self._installation.relay.open_relay(_checked(address), int(time()))

    def addresses(self) -> list[tuple[str, int]]:
        """The addresses, each with the time of its last login, in seconds since 1970.

        Raises:
            BackendUnavailable, OSError.
        """
        return self._installation.relay.relay_addresses()

    def __iter__(self) -> Iterator[str]:
        """The addresses. Raises: BackendUnavailable, OSError."""
        return iter([address for address, _ in self.addresses()])

    def __contains__(self, address: str) -> bool:
        return canonical(address) in list(self)

    def clear(self, older_than: float | None = None) -> int:
        """Forget the addresses from which nobody has logged in for long, and compile the rules.

        Args:
            older_than: seconds; None: the minutes of ``relay_clear_minutes``.

        Returns:
            How many were forgotten.

        Its commit points are the renames of open-smtp and of the compiled rules.

        Raises:
            FileNotUpdated, BackendUnavailable, OSError.

        Source: commands, clearopensmtp.
        """
        if older_than is None:
            older_than = self._installation.settings.relay_clear_minutes * _MINUTE
        if not isinstance(older_than, int | float):
            raise TypeError(f"a number is needed, not {type(older_than).__name__}")
        gone = self.forget(int(time() - older_than))
        self.rebuild()
        return gone

    def forget(self, until: int) -> int:
        """Forget the addresses seen last at this time or before, and compile nothing.

        Args:
            until: seconds since 1970.

        Returns:
            How many were forgotten.

        Raises:
            FileNotUpdated, BackendUnavailable, OSError.
        """
        check_kind_of_number(until)
        return self._installation.relay.close_relay(until)

    def rules(self) -> list[bytes]:
        """The rules of tcpserver that let the addresses send mail, without newlines.

        Raises:
            BackendUnavailable, OSError.
        """
        addresses = self._checked_addresses()
        return [rule for address in addresses for rule in relay_rules(address)]

    def rebuild(self) -> None:
        """Compile the rules: those of ``tcpserver_file`` first, then one for each address.

        Without ``rebuild_tcpserver_file`` nothing is done. Its commit point is the rename of the
        compiled file.

        Raises:
            FileNotUpdated: a rule is wrong, or the lock is held. The compiled file is as before.
            BackendUnavailable, OSError.

        Source: api, update_rules.
        """
        if self._compiles():
            self._compile()

    def _checked_addresses(self) -> list[str]:
        # What another program has put into a database may be no address, and mean everybody.
        return [plain for address in self if (plain := canonical(address))]

    def _compiles(self) -> bool:
        return self._installation.settings.rebuild_tcpserver_file

    def _compile(self, wanted: str = "") -> None:
        """Compile under the lock, unless another process has done so for the address wanted."""
        settings = self._installation.settings
        rules = self._rules()
        with (
            open_trusted(f"{settings.vpopmaildir}/etc", sync=settings.sync) as etc,
            FileLock(etc, LOCK, settings.lock_timeout, rules.owner),
        ):
            if not wanted or not rules.has(wanted):
                rules.compile(self._checked_addresses())

    def _rules(self) -> TcpRules:
        settings = self._installation.settings
        owner = Owner(settings.uid, settings.gid)
        program = settings.tcprules_prog
        return TcpRules(settings.tcpserver_file, owner, sync=settings.sync, program=program)


def _checked(address: str) -> str:
    plain = canonical(address)
    if plain is None:
        raise InvalidIpAddress(address)
    return plain
