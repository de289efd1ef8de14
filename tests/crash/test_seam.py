"""The seam through which the sweeps interrupt: it sees all that changes files, and nothing else."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vpopmail

from .scenes import SCENES
from .sweep import Stand

PACKAGE = Path(vpopmail.__file__).parent
BEGIN, END = "/the-operation-begins", "/the-operation-ends"

# system calls by the call of the seam; what is not here has no call of its own
CALLS = {
    "mkdir": "mkdir", "mkdirat": "mkdir",
    "rename": "rename", "renameat": "rename", "renameat2": "rename",
    "unlink": "unlink", "rmdir": "rmdir",
    "write": "write",
    "fchown": "fchown", "fchownat": "chown", "chown": "chown", "lchown": "chown",
    "fchmod": "fchmod",
    "utimensat": "set_mtime",
    "fsync": "fsync", "syncfs": "sync_filesystem",
}  # fmt: skip
FOREIGN = (
    "pwrite64", "writev", "pwritev", "pwritev2", "fdatasync", "sync", "truncate", "ftruncate",
    "fallocate", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat", "chmod", "fchmodat",
    "fchmodat2", "utime", "utimes", "futimesat", "creat", "copy_file_range", "sendfile", "splice",
    "setxattr", "fsetxattr", "lsetxattr", "removexattr",
)  # fmt: skip
ALSO = ("unlinkat", "open", "openat", "openat2", "access", "faccessat", "faccessat2")

PROGRAM = f"""
import os, sys
from pathlib import Path
from tests.crash import sweep
from tests.crash.places import open_site
from tests.crash.scenes import SCENES
from vpopmail.safeio import seam
scene = next(one for one in SCENES if one.name == sys.argv[2])
site = open_site(Path(sys.argv[1]))
calls = []
seam.watch = lambda call, arguments: calls.append(call)
os.access({BEGIN!r}, os.F_OK)
code = scene.run_on(site)
os.access({END!r}, os.F_OK)
assert code == 0, code
print("\\n".join(calls))
"""


@pytest.fixture
def strace() -> str:
    """The program strace, if it is there and may trace here."""
    program = shutil.which("strace")
    if program is None:
        pytest.skip("strace is not installed")
    if subprocess.run([program, "-o", os.devnull, "true"], check=False).returncode != 0:
        pytest.skip("strace may not trace here")
    return program


@pytest.mark.parametrize(
    "name",
    [
        "another user",
        "user with mail",
        "51st domain",
        "domain with users and alias domains",
        "three users",
        "directory that was there",
    ],
)
def test_the_seam_sees_every_system_call_that_changes_files_in_its_order(
    strace: str, name: str, top: Path
) -> None:
    scene = next(scene for scene in SCENES if scene.name == name)
    stand = Stand(scene, top)
    stand.renew()
    log = top / "strace"
    known = [name for name in (*CALLS, *FOREIGN, *ALSO)]
    # "?": a system call that this strace or this machine does not know.
    trace = ",".join(f"?{call}" for call in known)
    done = subprocess.run(
        [strace, "-f", "-o", log, "-e", f"trace={trace}", sys.executable, "-B", "-c", PROGRAM,
         stand.site, name],
        check=True, capture_output=True, text=True, cwd=PACKAGE.parent,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    )  # fmt: skip
    seen = done.stdout.split()
    assert list(_changes(log)) == seen
    assert len(seen) == len(stand.calls)


def _changes(log: Path) -> Iterator[str]:
    """The file-changing system calls of the operation, in the words of the seam."""
    inside = False
    for line in log.read_text().splitlines():
        found = re.match(r"\d+ +(\w+)\((.*)", line)
        if found is None:
            continue
        call, rest = found.groups()
        if "access" in call and (BEGIN in rest or END in rest):
            inside = BEGIN in rest
        elif inside:
            word = _word(call, rest)
            if word:
                yield word


def _word(call: str, rest: str) -> str:
    if call == "unlinkat":
        return "rmdir" if "AT_REMOVEDIR" in rest else "unlink"
    if call in {"open", "openat", "openat2"}:
        if "O_CREAT" in rest:
            return "create" if "O_EXCL" in rest else "open_lock"
        writes = any(flag in rest for flag in ("O_WRONLY", "O_RDWR", "O_TRUNC"))
        return "open for writing" if writes else ""
    if "access" in call:
        return ""
    return CALLS.get(call, call)


# by the source

CHANGING = {
    "chmod", "chown", "fchmod", "fchown", "fdatasync", "fsync", "ftruncate", "lchmod", "lchown",
    "link", "makedirs", "mkdir", "mkfifo", "mknod", "posix_fallocate", "pwrite", "pwritev",
    "remove", "removedirs", "removexattr", "rename", "renames", "replace", "rmdir", "sendfile",
    "setxattr", "splice", "symlink", "sync", "truncate", "unlink", "utime", "write", "writev",
    "copy_file_range",
}  # fmt: skip
WRITING_FLAGS = {"O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC", "O_APPEND", "O_TMPFILE"}
WRITING_MODULES = {"shutil", "tempfile", "pathlib"}
EXEMPT = ("testing",)


def sources() -> list[Path]:
    """The modules of the package outside the exempt rooms, and outside the seam."""
    seam = PACKAGE / "safeio" / "seam.py"
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != seam and path.relative_to(PACKAGE).parts[0] not in EXEMPT
    ]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_seam_calls_what_changes_files(path: Path) -> None:
    assert changes_in(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.mkdir('x')",
        "import os\nos.open('x', os.O_RDONLY | os.O_CREAT)",
        "from os import rename",
        "import shutil",
        "from shutil import rmtree",
        "from pathlib import Path",
        "open('x', 'w')",
        "open('x', mode='ab')",
        "import os\nwith os.fdopen(3, 'r+') as f: pass",
        "import os\nf = os.unlink",
        "import os\nopen('x', chosen)",
    ],
)
def test_the_check_of_the_source_finds_what_changes_files(text: str) -> None:
    assert changes_in(text) != []


def test_the_check_of_the_source_allows_reading() -> None:
    text = "import os\nos.open('x', os.O_RDONLY)\nopen('x', 'rb')\nopen('x')\n'a'.replace('a', 'b')"
    assert changes_in(text) == []


def changes_in(text: str) -> list[str]:
    """The lines of a source that could change files."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        what = _change(node)
        if what:
            found.append(f"line {node.lineno}: {what}")  # type: ignore[attr-defined]
    return found


def _change(node: ast.AST) -> str:
    if isinstance(node, ast.Import):
        return next((one.name for one in node.names if one.name in WRITING_MODULES), "")
    if isinstance(node, ast.ImportFrom):
        names = {one.name for one in node.names}
        if node.module in WRITING_MODULES:
            return node.module or ""
        return ", ".join(names & CHANGING) if node.module in {"os", "posix"} else ""
    if isinstance(node, ast.Attribute) and _is_os(node.value):
        return f"os.{node.attr}" if node.attr in CHANGING | WRITING_FLAGS else ""
    return _opening(node) if isinstance(node, ast.Call) else ""


def _is_os(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in {"os", "posix"}


def _opening(call: ast.Call) -> str:
    function = call.func
    plain = isinstance(function, ast.Name) and function.id == "open"
    by_fd = isinstance(function, ast.Attribute) and function.attr == "fdopen"
    if not plain and not by_fd:
        return ""
    modes = [word.value for word in call.keywords if word.arg == "mode"] or call.args[1:2]
    for mode in modes:
        if not isinstance(mode, ast.Constant) or set("wax+") & set(str(mode.value)):
            return ast.unparse(call)
    return ""
