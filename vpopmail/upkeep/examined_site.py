"""The set of domains while it is examined, and which names in qmail's files are domains."""

from __future__ import annotations

from vpopmail.errors import FormatError
from vpopmail.formats import assign, cdb
from vpopmail.mailstore.domains import split_domain
from vpopmail.qmail.surviving import is_directory
from vpopmail.safeio.directory import Directory, open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry
    from vpopmail.upkeep.findings import Examination


class ExaminedSite:
    """A site whose set of domains is looked at; the caller holds its lock if it repairs.

    Args:
        installation: the site.
        examination: gets the findings.

    Attributes:
        bases: the directories that hold domains.
        pending: the records that users/cdb will have, if it is only looked; None: as it has now.
    """

    def __init__(self, installation: Installation, examination: Examination) -> None:
        self.installation = installation
        self.examination = examination
        self.qmail = installation.qmail
        self.users_path = f"{installation.settings.qmaildir}/users"
        self.bases = bases_of(installation)
        self.pending: list[tuple[bytes, bytes]] | None = None

    def entries(self) -> list[DomainEntry]:
        """The domains and alias domains, as they are when users/cdb is in order.

        Raises:
            OSError: the directory ``users`` cannot be read.
        """
        if self.pending is None:
            return in_force(self.installation)
        return _domains_of(self.installation, self.pending)

    def opened(self, paths: Iterable[str]) -> Iterator[Directory]:
        """These directories, each open until the next; those that are missing are passed over."""
        for path in paths:
            with self.examination.looking_at(path):
                try:
                    directory = open_trusted(path, sync=self.qmail.sync)
                except FileNotFoundError:
                    continue
                with directory:
                    yield directory


def bases_of(installation: Installation) -> list[str]:
    """The directories that hold domains: the site's own, and those that lines lead to."""
    settings = installation.settings
    ending = f"/{settings.domains_dir}"
    outers = {split_domain(entry.path)[0] for entry in in_force(installation)}
    others = sorted(path for path in outers if path.endswith(ending) and is_directory(path))
    return list(dict.fromkeys([settings.domains_path, *others]))


def in_force(installation: Installation) -> list[DomainEntry]:
    """The domains and alias domains that users/cdb has; lines for other users are left out.

    Raises:
        OSError: the directory ``users`` cannot be read.
    """
    try:
        with Directory.open(f"{installation.settings.qmaildir}/users", follow=True) as users:
            records = list(cdb.iterate(users.read(installation.qmail.cdb_name) or b""))
    except (FormatError, FileNotFoundError):
        return []
    return _domains_of(installation, records)


def _domains_of(
    installation: Installation, records: list[tuple[bytes, bytes]]
) -> list[DomainEntry]:
    ending = f"/{installation.settings.domains_dir}"
    return [entry for entry in assign.iterate_domains(records) if _is_domain(entry, ending)]


def _is_domain(entry: DomainEntry, ending: str) -> bool:
    """Whether a line is that of a domain: as in C by its dot, or by where its directory lies."""
    if not entry.path.startswith("/"):
        return False
    return "." in entry.domain or split_domain(entry.path)[0].endswith(ending)
