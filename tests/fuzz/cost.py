"""What an input costs: CPU time against the issue's own limit, whatever else the machine does."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

LIMIT = 0.1  # seconds of CPU for an input
SIZE = 1 << 16  # bytes up to which the limit is that; longer ones may cost more in proportion
_TRIES = 3
_QUIET = 0.0037  # seconds that the yardstick takes on a quiet core of the machine of the figures


class TooSlow(Exception):
    """An input costs more than it may."""


def limit_for(data: bytes) -> float:
    """Seconds of CPU that an input may take."""
    return LIMIT * max(len(data) / SIZE, 1)


def check(run: Callable[[bytes], object], data: bytes) -> float:
    """Give an input to a target; seconds of CPU that it took, the best of up to three tries.

    Raises:
        TooSlow: over the limit each time, also when the pace of the machine is allowed for.
        Exception: whatever the target raises.
    """
    best = _seconds(run, data)
    for _ in range(_TRIES):
        if best <= limit_for(data):
            return best
        best = min(best, _untraced(run, data) / _slowness())
    if best > limit_for(data):
        raise TooSlow(f"{best * 1000:.0f} ms for {len(data)} bytes: {data[:80]!r}")
    return best


def _seconds(run: Callable[[bytes], object], data: bytes) -> float:
    before = time.process_time()
    run(data)
    return time.process_time() - before


def _untraced(run: Callable[[bytes], object], data: bytes) -> float:
    """Without the tracing of a measured coverage, which costs several times the work itself."""
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        return _seconds(run, data)
    finally:
        sys.settrace(trace)


def _slowness() -> float:
    """How many times slower than on a quiet core the machine is just now, and at least 1."""
    return max(_untraced(_yardstick, b"a:b:c\n" * 10) / _QUIET, 1)


def _yardstick(data: bytes) -> None:
    for _ in range(2000):
        for line in data.split(b"\n"):
            line.partition(b":")
