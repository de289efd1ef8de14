"""The example of the README for administrators shows what a shell shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import settings_for

from .test_docs import ROOT, code_blocks

LAUNCHER = '#!/bin/sh\nexec {python} -m vpopmail "$@"\n'


def commands() -> Iterator[tuple[str, str]]:
    """Each command line with what it prints."""
    (block,) = code_blocks("README.md", "console")
    for part in block.split("$ ")[1:]:
        line, _, printed = part.partition("\n")
        yield line, printed


def test_commands_of_the_readme_print_what_it_says(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "vpopmail"
    program.parent.mkdir()
    program.write_text(LAUNCHER.format(python=sys.executable))
    program.chmod(0o755)
    settings = settings_for(tmp_path)
    base = settings.pop("vpopmaildir")
    file = Path(str(base), "etc/vpopmail.toml")
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    environment = {
        **os.environ,
        "VPOPMAIL_VPOPMAILDIR": str(base),
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    printed = []
    for line, _ in commands():
        done = subprocess.run(
            ["/bin/sh", "-c", f"exec 2>&1; {line}"],
            env=environment, cwd=tmp_path, capture_output=True, text=True, start_new_session=True,
        )  # fmt: skip
        printed.append((line, done.stdout))
    assert printed == list(commands())
    assert len(printed) == 8
