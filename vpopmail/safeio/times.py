"""Times of files that tell which of two was written later."""

from __future__ import annotations

import time

_SECOND = 1_000_000_000


def later_than(known: list[int]) -> int:
    """A time that is later than others, on the coarsest file system too.

    Two files written within a tick of the clock have the same time, and a new text would seem no
    newer than the index made from the old one.

    Args:
        known: modification times in nanoseconds; may lie in the future, may be empty.

    Returns:
        Now, or the next time after the latest of them that the file system can tell from it.
    """
    now = time.time_ns()
    latest = max(known, default=0)
    if now // _SECOND > latest // _SECOND:
        return now
    if latest % _SECOND == 0:
        # Perhaps a file system that keeps whole seconds: a smaller step would be lost.
        return latest + _SECOND
    return max(now, latest + 1)
