"""A stand-in for qmail-send that shows whether it was sent SIGHUP."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self


class StandIn:
    """A process that runs the file ``bin/qmail-send`` of a qmail directory: a copy of cat.

    It has SIGHUP blocked, so that the signal stays pending, where /proc shows it as soon as
    kill(2) has returned: nothing has to wait, and a cat that was told once is replaced.
    """

    def __init__(self, qmaildir: Path) -> None:
        self._program = qmaildir / "bin" / "qmail-send"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; the qmail directory must be there."""
        if not self._program.exists():
            cat = shutil.which("cat")
            assert cat is not None
            self._program.parent.mkdir(exist_ok=True)
            shutil.copy(cat, self._program)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            self._process = subprocess.Popen(
                ["cat"], executable=str(self._program), stdin=subprocess.PIPE
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def signal(self) -> None:
        """Send it the signal."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def was_signalled(self) -> bool | None:
        """Whether a SIGHUP came since ``forget``; None when it does not run."""
        if self._process is None:
            return None
        status = Path(f"/proc/{self._process.pid}/status").read_text("ascii", "replace")
        pending = next(
            line for line in status.splitlines() if line.startswith("ShdPnd:")
        )
        return bool(int(pending.split()[1], 16) & 1 << (signal.SIGHUP - 1))

    def forget(self) -> None:
        """Forget the signals so far."""
        if self.was_signalled():
            self.stop()
            self.start()

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()
