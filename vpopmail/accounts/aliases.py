"""Aliases kept as dot-qmail files: the manager behind ``site.aliases``."""

from __future__ import annotations

from vpopmail.errors import AliasLineTooLong, DomainNotFound, UserNameTooLong
from vpopmail.formats import dotqmail
from vpopmail.formats.text import has_control, to_bytes
from vpopmail.names import check_domain_length, check_new_user, fold, split_address
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation

MAX_LINE = 160


class Aliases:
    """The aliases of a site.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def add(self, address: str, line: str) -> None:
        """Add a delivery line to an alias, made if missing.

        Args:
            address: ``alias@domain``.
            line: as in a dot-qmail file, under 160 bytes: ``&joe@example.com``.

        Its commit point is the rename of the alias's file.

        Raises:
            InvalidUserName, UserNameTooLong, DomainNameTooLong, InvalidDomainName,
            AliasLineTooLong, DomainNotFound, DomainDirectoryMissing, OSError.

        Source: formats, .qmail-alias.
        """
        alias, domain = split_address(address)
        self.add_to(alias, domain, line)

    def add_to(self, alias: str, domain: str, line: str) -> None:
        """``add``, with alias and domain apart."""
        alias, domain = fold(alias), fold(domain)
        if len(alias) > self._installation.settings.max_user_name:
            raise UserNameTooLong(alias[:80], "the alias")
        check_new_user(alias)
        check_domain_length(domain)
        data = to_bytes(line)
        if len(data) >= MAX_LINE or has_control(data):
            raise AliasLineTooLong(address_of(alias, domain), "under 160 bytes, one line")
        entry = self._installation.resolve(domain)
        if entry is None:
            raise DomainNotFound(domain)
        name = dotqmail.file_name(alias)
        with self._installation.open_domain(entry) as directory:
            old = directory.read(name) or b""
            if old and not old.endswith(b"\n"):
                old += b"\n"
            directory.replace(name, [old, data, b"\n"], Owner(entry.uid, entry.gid))


def address_of(name: str, domain: str) -> str:
    """``name@domain``."""
    return f"{name}@{domain}"
