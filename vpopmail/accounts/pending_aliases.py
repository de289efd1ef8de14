"""The aliases of one domain while they change: in its files, or in a backend that keeps them."""

from __future__ import annotations

import stat

from vpopmail.backends.abstract import ALIASES
from vpopmail.backends.files.aliases import (
    check_plain,
    file_names,
    lines_of,
    listed,
    read_file_of,
    removable,
)
from vpopmail.formats.dotqmail import alias_name, file_name
from vpopmail.formats.text import join_lines, to_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vpopmail.accounts.domain_files import DomainFiles
    from vpopmail.backends.transaction import Transaction
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry

_DEFAULT = "default"


class PendingAliases:
    """What is to become of the aliases of one domain; it answers like the facet itself.

    Args:
        installation: the site.
        domain: the real domain.
        transaction: takes the changes for a backend that keeps aliases.
        files: take them otherwise.
    """

    def __init__(
        self,
        installation: Installation,
        domain: DomainEntry,
        transaction: Transaction,
        files: DomainFiles,
    ) -> None:
        self.installation = installation
        self.in_backend = ALIASES in installation.backend.facets
        self.domain = domain
        self.transaction = transaction
        self.files = files

    # looking, with what is pending

    def read_alias(self, domain: DomainEntry, name: str) -> list[str] | None:
        """The delivery lines of an alias; None if there is no such alias.

        Raises:
            AliasUnreadable, BackendUnavailable.
        """
        if self.in_backend:
            if name in self.transaction.aliases:
                lines = self.transaction.aliases[name]
                return None if lines is None else list(lines)
            return self.installation.aliases.read_alias(domain, name)
        for file in file_names(name):
            data = self.read_file(file)
            if data is not None:
                return lines_of(data)
        return None

    def alias_names(self, domain: DomainEntry) -> list[str]:
        """The aliases of the domain, in any order, without ``default``.

        Raises:
            BackendUnavailable, OSError.
        """
        if self.in_backend:
            stored = self.installation.aliases.alias_names(domain)
            changed = self.transaction.aliases
            new = [name for name, lines in changed.items() if lines is not None]
            kept = [name for name in stored if name not in changed]
        else:
            pending = self.files.pending
            new = [name for name, content in pending.items() if content is not None]
            kept = [name for name in listed(self.files.directory) if name not in pending]
            kept, new = _aliases(kept), _aliases(new)
        return [name for name in dict.fromkeys([*kept, *new]) if name != _DEFAULT]

    # changing

    def set(self, alias: str, lines: Sequence[str]) -> None:
        """Give an alias its lines; it is made if missing.

        Raises:
            AliasUnreadable: something that is no regular file has its name.
            InvalidCharacter, InvalidInput: no file can have its name.
        """
        if self.in_backend:
            self.transaction.aliases[alias] = list(lines)
            return
        name = file_name(alias)
        if name not in self.files.pending:
            check_plain(self.files.directory, name)
        self.files.put(name, join_lines([to_bytes(line) for line in lines]))

    def delete(self, alias: str) -> bool:
        """Forget an alias, whatever its file is; whether there was one."""
        if self.in_backend:
            if self.read_alias(self.domain, alias) is None:
                return False
            self.transaction.aliases[alias] = None
            return True
        names = [name for name in file_names(alias) if self._is_there(name)]
        for name in names:
            self.files.drop(name)
        return bool(names)

    def delete_all(self) -> None:
        """Forget all aliases but ``default``. Raises: OSError, BackendUnavailable."""
        if self.in_backend:
            for alias in self.alias_names(self.domain):
                self.transaction.aliases[alias] = None
            return
        for name in list(self.files.pending):
            if _aliases([name]) not in ([], [_DEFAULT]):
                self.files.drop(name)
        for name in removable(self.files.directory):
            self.files.drop(name)

    def read_file(self, name: str) -> bytes | None:
        """The content of a dot-qmail file; None if it is missing. Raises: AliasUnreadable."""
        if name in self.files.pending:
            return self.files.pending[name]
        return read_file_of(self.files.directory, name)

    def _is_there(self, name: str) -> bool:
        if name in self.files.pending:
            return self.files.pending[name] is not None
        status = self.files.directory.status(name)
        return status is not None and not stat.S_ISDIR(status.st_mode)


def _aliases(files: list[str]) -> list[str]:
    return [alias for file in files if (alias := alias_name(file)) is not None]
