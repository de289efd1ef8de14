"""vchkpw as its callers start it: descriptor 3, an environment, and a next program that tells how it was started."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from vpopmail import Vpopmail
from vpopmail.upkeep.programs import BUNDLE, bundle, launcher

# Not Python: the owner of a mailbox may not be able to read it.
NEXT = """#!/bin/sh
printf '%s\\n' ran "$(pwd -P)" "$(id -u)" "$(id -g)" "$(id -G)" "$(grep SigIgn /proc/$$/status)" "$0 $*"
tr '\\0' '\\n' </proc/$$/environ
"""
PATIENCE = 60  # seconds


@dataclass
class Ran:
    """How vchkpw ended, and what the next program told of itself; ``ran`` is false if it was not run."""

    code: int
    stderr: bytes
    ran: bool = False
    cwd: str = ""
    uid: int = -1
    gid: int = -1
    groups: str = ""
    ignored: int = 0
    words: str = ""
    env: dict[str, str] = field(default_factory=dict)


class Programs:
    """The launchers of a site in a directory of their own."""

    def __init__(self, site: Vpopmail, directory: Path, *, with_bundle: bool = True, **settings: object) -> None:
        self.directory = directory
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
        names = ("vpopmaildir", "qmaildir", "vpopuser", "vpopgroup", "sync", "profile")
        given = {name: getattr(site.settings, name) for name in names} | settings
        for program in ("vchkpw", "vchkpw-dovecot"):
            self._write(program, launcher(program, given, str(directory)))
        for program in ("next", "next-imapd", "true"):
            self._write(program, NEXT)
        if with_bundle:
            (directory / BUNDLE).write_bytes(bundle(backend=site.settings.backend))

    def path(self, program: str) -> str:
        return str(self.directory / program)

    def run(
        self, data: bytes | None, program: str = "next", *, own: str = "vchkpw", arguments: tuple[str, ...] | None = None,
        **environment: str,
    ) -> Ran:
        """Start it with ``data`` on descriptor 3; None: the descriptor is closed."""
        words = (self.path(program),) if arguments is None else arguments
        reading, writing = os.pipe()
        if data is not None:
            os.write(writing, data)
        os.close(writing)
        child = subprocess.Popen(
            ["/bin/sh", "-c", 'exec "$0" "$@" 3<&0 </dev/null' if data is not None else 'exec "$0" "$@" 3<&-', self.path(own), *words],
            stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"TCPLOCALPORT": "110", **environment},
            cwd="/",
        )  # fmt: skip
        os.close(reading)
        out, err = child.communicate(timeout=PATIENCE)
        if not out.startswith(b"ran\n"):
            return Ran(child.returncode, err)
        _, cwd, uid, gid, groups, ignored, told, *rest = out.decode("utf-8", "surrogateescape").splitlines()
        env = dict(line.split("=", 1) for line in rest if "=" in line and not line.startswith("PWD="))  # of the shell that starts it
        return Ran(
            child.returncode, err, True, cwd, int(uid), int(gid), groups, int(ignored.split()[1], 16), told, env
        )

    def _write(self, name: str, text: str) -> None:
        path = self.directory / name
        path.write_text(text)
        path.chmod(0o755)


def credentials(name: str, password: str = "s3cret", challenge: str = "") -> bytes:
    return f"{name}\0{password}\0{challenge}\0".encode("utf-8", "surrogateescape")
