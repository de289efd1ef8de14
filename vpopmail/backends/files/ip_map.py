"""IP maps in the file etc/ip_alias_map, where an address may have several domains."""

from __future__ import annotations

from vpopmail.backends.files.etc_file import EtcFile
from vpopmail.formats import ip_map

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.settings import Settings

FILE = "ip_alias_map"


class FileIpMap:
    """The map as a file; see IpMapFacet. C takes no lock for it; our own processes do."""

    def __init__(self, settings: Settings) -> None:
        self.file = EtcFile(settings, FILE)

    def read_ip_map(self, address: str) -> str | None:
        """The first domain of an address."""
        return ip_map.find(self.file.read(), address)

    def iterate_ip_map(self) -> Iterator[tuple[str, str]]:
        """Pairs of address and domain, in the order of the file."""
        return ip_map.pairs(self.file.read())

    def write_ip_map(self, address: str, domain: str, *, alone: bool = False) -> None:
        """Put the pair at the end of the file."""
        self.file.change(lambda data: ip_map.add(data, address, domain, alone=alone))

    def delete_ip_map(self, address: str, domain: str | None = None) -> bool:
        """Take the pair out, or all of the address; whether it was there."""
        if not self.file.read():
            return False
        return self.file.change(lambda data: ip_map.remove(data, address, domain))
