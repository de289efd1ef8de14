"""Looking domains up: the reading half of ``site.domains``. It loads nothing that changes one."""

from __future__ import annotations

from vpopmail.accounts.open_batches import all_entries, find_domain, get_domain
from vpopmail.names import check_kind_of_text, fold_domain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry


class DomainQueries:
    """What can be asked about the domains of a site; see Domains.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def find(self, name: str) -> DomainEntry | None:
        """The entry of a domain or alias domain, or None.

        Args:
            name: any case.
        """
        return find_domain(self._installation, name)

    def get(self, name: str) -> DomainEntry:
        """The entry of a domain or alias domain.

        Raises:
            DomainNotFound.
        """
        return get_domain(self._installation, name)

    def __contains__(self, name: str) -> bool:
        return self.find(name) is not None

    def aliases(self, real: str) -> list[str]:
        """The alias domains of a domain, in the order of users/assign.

        Args:
            real: the domain, or an alias domain of it.

        Raises:
            DomainNotFound, AssignUnreadable.
        """
        entry = self.get(real)
        names = [other.domain for other in self.iter(entry.realdomain)]
        return [name for name in names if name != entry.realdomain]

    def __iter__(self) -> Iterator[DomainEntry]:
        """The domains and alias domains, in the order of users/assign.

        Raises:
            AssignUnreadable.
        """
        return self.iter()

    def iter(self, domain: str = "", *, names: str | None = None) -> Iterator[DomainEntry]:
        """The domains and alias domains, in the order of users/assign; new ones of a batch last.

        Args:
            domain: a domain or alias domain, for only those of the same real domain; ``""``: all.
            names: a pattern as of file names, with ``*``, ``?`` and ``[...]``, any case; None: all.

        Raises:
            AssignUnreadable.
        """
        pattern = None if names is None else fold_domain(names)
        check_kind_of_text(domain)
        entries = all_entries(self._installation)
        if domain:
            match = self.find(domain)
            real = fold_domain(domain) if match is None else match.realdomain
            entries = (entry for entry in entries if entry.realdomain == real)
        if pattern is not None:
            from fnmatch import fnmatchcase  # most ask for no pattern

            entries = (entry for entry in entries if fnmatchcase(entry.domain, pattern))
        return entries

    def count_users(self, domain: str) -> int:
        """How many users a domain has, as the counter of directory hashing says.

        Nobody is looked up: the counter is advisory, and only a site with ``users_big_dir`` keeps
        one.

        Args:
            domain: a domain or alias domain.

        Returns:
            Their number; 0 also if this process may not read the counter.

        Raises:
            DomainNotFound, BackendUnavailable.
        """
        return counted_users(self._installation, self.get(domain))


def counted_users(installation: Installation, entry: DomainEntry) -> int:
    """How many users the domain of an entry has; see ``DomainQueries.count_users``."""
    from vpopmail.safeio.directory import Directory, open_trusted

    try:
        directory = open_trusted(entry.path)
    except OSError:
        directory = Directory(-1, entry.path)  # a counter in a database needs none
    with directory:
        try:
            state = installation.dir_control.read_dir_control(entry.realdomain, directory)
        except OSError:
            return 0
    return 0 if state is None else state.cur_users
