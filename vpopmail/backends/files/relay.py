"""The addresses that may send mail for a while, in the file etc/open-smtp."""

from __future__ import annotations

from vpopmail.backends.files.etc_file import EtcFile
from vpopmail.formats import open_smtp
from vpopmail.formats.text import split_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings

FILE = "open-smtp"


class FileRelay:
    """The addresses as a file under open-smtp.lock, as the C tools lock it; see RelayFacet."""

    def __init__(self, settings: Settings) -> None:
        self.file = EtcFile(settings, FILE)

    def open_relay(self, address: str, now: int) -> bool:
        """Put the address at the end of the file; whether it is a new one."""
        known = False

        def put(data: bytes) -> bytes:
            nonlocal known
            known = open_smtp.has(data, address)
            return open_smtp.put(data, address, now)

        self.file.change(put)
        return not known

    def relay_addresses(self) -> list[tuple[str, int]]:
        """The addresses, each with its time, in the order of the file."""
        return open_smtp.addresses(self.file.read())

    def close_relay(self, until: int) -> int:
        """Take the old addresses out, and what has no time; how many lines they were."""
        gone = 0

        def remove(data: bytes) -> bytes:
            nonlocal gone
            kept = open_smtp.without_old(data, until)
            gone = len(split_lines(data)) - len(split_lines(kept))
            return kept

        if self.file.read():
            self.file.change(remove)
        return gone
