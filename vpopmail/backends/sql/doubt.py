"""A commit whose answer was lost: whether it counts."""

from __future__ import annotations

from vpopmail.backends.sql import dialect as kinds
from vpopmail.backends.sql.servers import PASSES
from vpopmail.errors import BackendUnavailable, VpopmailError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Doubt:
    """Whether a transaction counts that may have been committed.

    Args:
        settled: looks whether what was to be stored is there; None: nobody can tell.

    Attributes:
        committing: whether a commit was sent, and there was no answer yet.
    """

    def __init__(self, settled: Callable[[], bool] | None) -> None:
        self.committing = False
        self._settled = settled
        self._is_open = False
        self._has_looked = False

    def is_settled(self, trouble: str) -> bool:
        """Whether the transaction counts, as far as anybody can tell; asked after a failure.

        Args:
            trouble: what the failure means. Also one that is not about the connection: what a
                repetition finds in its way may be what the first attempt has stored.
        """
        if self.committing and trouble == kinds.LOST:
            self._is_open = True
        self.committing = False
        if not self._is_open or self._settled is None:
            return False
        try:
            counts = self._settled()
        except VpopmailError:
            self._has_looked = False
            return False
        self._has_looked = True
        return counts

    def judged(self, failed: Exception, trouble: str) -> Exception:
        """The error for the caller.

        Args:
            failed: that of the last attempt.
            trouble: what it means.

        The rows that were looked at tell only after a later attempt has got to an end of its own:
        until then the server may still be busy with the commit.
        """
        if not self._is_open or (self._has_looked and trouble not in PASSES):
            return failed
        subject = getattr(failed, "subject", "")
        error = BackendUnavailable(subject, "the connection broke in the commit: it may count")
        error.in_doubt = True
        return error
