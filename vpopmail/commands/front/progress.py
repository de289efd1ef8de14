"""How far a long change has come, on a terminal: a bar of tqdm if that is there, else counts."""

from __future__ import annotations

import os
import stat
import sys
from time import monotonic

from vpopmail import log
from vpopmail.commands.front.showing import Warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

_PAUSE = 0.2  # seconds between two looks
_STANDARD_INPUT = 0


class Progress:
    """Counts, and shows the count on standard error if that is a terminal; else nothing at all.

    Args:
        of_input: whether how much of standard input is read tells how far it has come; only with
            a file.

    The extra ``cli`` brings tqdm. It is shown without colours, as NO_COLOR asks for.
    """

    def __init__(self, *, of_input: bool = False) -> None:
        self.count = 0
        self._shown = sys.stderr is not None and sys.stderr.isatty()
        self._total = _size_of_input() if of_input and self._shown else 0
        self._next = 0.0
        self._bar: Any = None

    def __enter__(self) -> Self:
        if self._shown:
            self._bar = _bar(self._total)
            log.use_listener(Warnings(self.tell).show)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._show()
            self._bar.close()
        elif self._shown and self.count:
            self._show()
            print(file=sys.stderr)

    def step(self, count: int = 1) -> None:
        """Count so many more."""
        self.count += count
        if self._shown and monotonic() >= self._next:
            self._show()
            self._next = monotonic() + _PAUSE

    def tell(self, line: str) -> None:
        """Print a line on standard error, above what is shown."""
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print("\r" * self._shown + line, file=sys.stderr)

    def _show(self) -> None:
        if self._bar is None:
            print(f"\r{self.count}", end=" ", file=sys.stderr, flush=True)
            return
        done = os.lseek(_STANDARD_INPUT, 0, os.SEEK_CUR) if self._total else self.count
        self._bar.update(done - self._bar.n)


def _bar(total: int) -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    tqdm.monitor_interval = 0  # no thread beside the one that works
    unit = {"unit": "B", "unit_scale": True} if total else {"unit": ""}
    return tqdm(total=total or None, file=sys.stderr, mininterval=0, **unit)


def _size_of_input() -> int:
    """The bytes of standard input if it is a file, else 0."""
    status = os.fstat(_STANDARD_INPUT)
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
