"""The log of logins that a database keeps: ``site.auth_log``."""

from __future__ import annotations

import time

from vpopmail.errors import BackendUnavailable, InvalidInput
from vpopmail.names import check_kind_of_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.backends.facets import AuthLogFacet
    from vpopmail.installation import Installation
    from vpopmail.records import LoginRecord

_SECONDS_A_DAY = 86400


class AuthLog:
    """The log of logins of a site, with the option ``sql_logging``.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    @property
    def is_kept(self) -> bool:
        """Whether the site keeps one; other sites have the system log alone."""
        return self._installation.auth_log is not None

    def iter(self, since: int = 0) -> Iterator[LoginRecord]:
        """The logins, oldest first, as they are at the first ``next``.

        Args:
            since: seconds since 1970; none before are given.

        Raises:
            BackendUnavailable: also if the site keeps no log.
        """
        check_kind_of_number(since)
        return self._log().iterate_log(since)

    def __iter__(self) -> Iterator[LoginRecord]:
        return self.iter()

    def delete(self, *, older_than_days: int) -> int:
        """Forget old logins; for cron.

        Args:
            older_than_days: what is as old or older goes; 0: all.

        Returns:
            How many they were. Its commit point is that of the account store.

        Raises:
            InvalidInput: a number below 0, which would forget all.
            BackendUnavailable: also if the site keeps no log.
        """
        check_kind_of_number(older_than_days)
        if older_than_days < 0:
            raise InvalidInput(f"older_than_days {older_than_days}", "0 or more")
        until = int(time.time()) - older_than_days * _SECONDS_A_DAY
        return self._log().delete_log(until)

    def _log(self) -> AuthLogFacet:
        log = self._installation.auth_log
        if log is None:
            raise BackendUnavailable(
                "sql_logging", "the site keeps no log of logins but that of the system"
            )
        return log
