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
    "chflags", "chmod", "chown", "copy_file_range", "fchmod", "fchown", "fdatasync", "fsync",
    "ftruncate", "lchflags", "lchmod", "lchown", "link", "makedirs", "memfd_create", "mkdir",
    "mkfifo", "mknod", "open_osfhandle", "posix_fallocate", "pwrite", "pwritev", "remove",
    "removedirs", "removexattr", "rename", "renames", "replace", "rmdir", "sendfile", "setxattr",
    "splice", "symlink", "sync", "truncate", "unlink", "utime", "write", "writev",
}  # fmt: skip
# What changes where names lead, or how files are made, for the whole process; and what runs
# anything.
OF_THE_PROCESS = {
    "chdir", "chroot", "fchdir", "umask", "system", "popen", "fork", "forkpty", "posix_spawn",
    "posix_spawnp", *(f"exec{way}" for way in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
    *(f"spawn{way}" for way in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
}  # fmt: skip
WRITING_FLAGS = {"O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC", "O_APPEND", "O_TMPFILE"}
# What has nothing that writes a file by its name.
HARMLESS_MODULES = {
    "__future__", "_frozen_importlib", "_frozen_importlib_external", "_operator", "_signal",
    "_socket", "_struct", "_thread", "_weakref", "abc", "argparse", "bisect", "collections", "contextlib",
    "contextvars", "csv", "difflib", "errno", "fcntl", "fnmatch", "functools", "grp", "hashlib",
    "importlib.metadata", "importlib.resources", "importlib.util", "ipaddress", "itertools",
    "json", "logging", "marshal", "math", "operator", "os", "posix", "pwd", "random", "re", "select",
    "signal", "socket", "stat", "struct", "sys", "sysconfig", "syslog", "termios", "threading", "time", "tomllib",
    "types", "typing", "typing_extensions", "unicodedata", "urllib.parse", "warnings", "zlib",
    "attrs", "cdblib", "passlib", "vpopmail",
    "MySQLdb", "oracledb", "psycopg", "pymysql", "pyodbc", "tqdm",
}  # fmt: skip
# Other modules, which could do it beside the seam, and who may have them for what.
SPECIAL_MODULES = {
    "ctypes": {
        "safeio/seam.py",  # syncfs and renameat2, watched like the others
        "passwords/libcrypt.py",  # crypt(3)
    },
    "sqlite3": {"backends/sql/sqlite.py"},  # the database's own files
    "subprocess": {
        "events/on_change.py",  # the administrator's script
        "qmail/control.py",  # qmail's own compilers, if the settings name them
        "delivery/child.py",  # the programs of delivery files
        "upkeep/programs.py",  # a Python that says which modules our programs import
    },
}
# Who imports modules by names that are no constants: drivers, backends, what looks after the
# tables of a dialect, our own public names, the nouns of the front door.
IMPORTING = {
    "__init__.py", "errors/__init__.py", "passwords/libcrypt.py", "passwords/drivers.py",
    "backends/registry.py", "backends/sql/backend.py", "access/proof.py", "commands/checkpassword/next_program.py",
    "commands/vpopmail.py",
}  # fmt: skip
# Outside safeio: who calls the seam itself, for what ``Directory`` has no word.
ROOMS_WITH_SEAM = {
    "mailstore/maildirsize.py",  # one line appended with one write
    "mailstore/messages.py",  # a message, which gets a second name in place of a rename
    "delivery/message.py",  # a copy of a pipe in a file without a name
    "backends/sql/database_file.py",  # the file of SQLite, which that makes by its path
    "backends/files/last_auth.py",  # one file a login, written again in place
    "mailstore/homes.py",  # five directories of each home, made without opening each
    "accounts/user_steps.py", "accounts/domain_change.py",  # syncfs
}  # fmt: skip
EXEMPT = ("testing",)
# What single modules are there for, call by call.
THEIR_WORK = {
    "capi/passwords.py": ("getpass",),  # asks at the terminal
    "bundle.py": ("exec(code, module.__dict__)", "compile("),  # it brings modules in
    "commands/checkpassword/next_program.py": ("os.chdir", "os.execve"),  # it becomes another program
    "commands/terminal/output.py": ("io",),  # standard output
    "commands/terminal/prompt.py": ("os.O_RDWR", "os.open"),  # the terminal, to ask for a password
    "commands/terminal/running.py": ("os.O_RDWR", "os.O_WRONLY", "os.open"),  # /dev/null
    "log.py": ("os.write",),  # a line on standard error
    "safeio/shelf.py": ("sqlite3",),  # a file without a name, which ends with the process
}


def name_of(path: Path) -> str:
    """A module by its path in the package."""
    return str(path.relative_to(PACKAGE))


def sources() -> list[Path]:
    """The modules of the package outside the exempt rooms, and outside the seam."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if name_of(path) != "safeio/seam.py" and path.relative_to(PACKAGE).parts[0] not in EXEMPT
    ]


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_only_the_seam_calls_what_changes_files(path: Path) -> None:
    name = name_of(path)
    works = THEIR_WORK.get(name, ())
    found = changes_in(path.read_text(), name)
    assert [one for one in found if not one.partition(": ")[2].startswith(works or ("\0",))] == []


def test_only_safeio_and_rooms_with_a_reason_call_the_seam() -> None:
    found = {
        name_of(path)
        for path in sources()
        if not name_of(path).startswith("safeio/")
        and any(map(_imports_seam, ast.walk(ast.parse(path.read_text()))))
    }
    assert found == ROOMS_WITH_SEAM


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.mkdir('x')",
        "import os\nos.open('x', os.O_RDONLY | os.O_CREAT)",
        "import os\nos.open('x', 65)",
        "import os\nos.open('x', flags=chosen())",
        "import os as system\nsystem.mkdir('x')",
        "from os import rename",
        "from os import *",
        "import posix",
        "import os\ngetattr(os, 'mk' + 'dir')('x')",
        "import os\nvars(os)['mkdir']('x')",
        "import os\nos.__dict__['mkdir']('x')",
        "import os\nos.chdir('x')",
        "import os\nos.system('rm x')",
        "import shutil",
        "import shutil as anything",
        "from shutil import rmtree",
        "import tempfile",
        "import gzip",
        "import logging.handlers",
        "from pathlib import Path",
        "import io\nio.FileIO('x', 'w')",
        "open('x', 'w')",
        "open('x', mode='ab')",
        "import os\nwith os.fdopen(3, 'r+') as f: pass",
        "import os\nf = os.unlink",
        "import os\nopen('x', chosen)",
        "write = open",
        "import subprocess",
        "import ctypes",
        "import sqlite3",
        "__import__('shutil')",
        "import importlib\nimportlib.import_module('shutil')",
        "exec('import shutil')",
    ],
)
def test_the_check_of_the_source_finds_what_changes_files(text: str) -> None:
    assert changes_in(text) != []


def test_the_check_of_the_source_allows_reading() -> None:
    text = (
        "import os\nos.open('x', os.O_RDONLY)\nopen('x', 'rb')\nopen('x')\n'a'.replace('a', 'b')\n"
        "os.open('x', OPEN_FILE & ~os.O_NOFOLLOW, dir_fd=fd)\n"
    )
    assert changes_in(text) == []


def changes_in(text: str, module: str = "") -> list[str]:
    """The lines of a source that could change files."""
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        what = _change(node, module)
        if what:
            found.append(f"line {node.lineno}: {what}")  # type: ignore[attr-defined]
    return found


def _change(node: ast.AST, module: str) -> str:
    if isinstance(node, ast.Import):
        return next((what for one in node.names if (what := _bad_import(one, module))), "")
    if isinstance(node, ast.ImportFrom):
        return _bad_names(node, module)
    if isinstance(node, ast.Attribute) and _is_os(node.value):
        bad = CHANGING | WRITING_FLAGS | OF_THE_PROCESS | {"__dict__"}
        return f"os.{node.attr}" if node.attr in bad else ""
    if isinstance(node, ast.Call):
        return _opening(node) or _reaching(node, module)
    # ``open`` by another name; the calls of ``open`` are looked at for themselves.
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and _is_name(node.value, "open"):
        return "open by another name"
    return ""


def _bad_import(one: ast.alias, module: str) -> str:
    root = one.name.partition(".")[0]
    if root in {"os", "posix"} and (one.asname or root == "posix"):
        return f"{root} by another name"
    return "" if _may_import(one.name, module) else one.name


def _bad_names(node: ast.ImportFrom, module: str) -> str:
    names = {one.name for one in node.names}
    if node.module in {"os", "posix"}:
        return ", ".join(names & (CHANGING | WRITING_FLAGS | OF_THE_PROCESS | {"*", "open", "fdopen"}))
    return "" if _may_import(node.module or "", module) else (node.module or "")


def _may_import(name: str, module: str) -> bool:
    root = name.partition(".")[0]
    if name == "logging.handlers":
        return False
    if root in SPECIAL_MODULES:
        return module in SPECIAL_MODULES[root]
    return root in HARMLESS_MODULES or name in HARMLESS_MODULES


def _reaching(call: ast.Call, module: str) -> str:
    """What gets at anything by a text."""
    function = call.func
    if not isinstance(function, ast.Name):
        return ""
    if function.id == "__import__":
        return "" if module in IMPORTING else ast.unparse(call)
    by_text = function.id in {"exec", "eval", "compile"}
    of_os = function.id in {"getattr", "vars"} and bool(call.args) and _is_os(call.args[0])
    return ast.unparse(call) if by_text or of_os else ""


def _imports_seam(node: ast.AST) -> bool:
    if not isinstance(node, ast.ImportFrom):
        return isinstance(node, ast.Import) and any("seam" in one.name for one in node.names)
    return (node.module or "").endswith(".seam") or any(one.name == "seam" for one in node.names)


def _is_os(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in {"os", "posix"}


def _is_name(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _opening(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "open" and _is_os(function.value):
        flags = [word.value for word in call.keywords if word.arg == "flags"] or call.args[1:2]
        return "" if flags and all(map(_is_reading, ast.walk(flags[0]))) else ast.unparse(call)
    plain = isinstance(function, ast.Name) and function.id == "open"
    by_fd = isinstance(function, ast.Attribute) and function.attr == "fdopen"
    if not plain and not by_fd:
        return ""
    modes = [word.value for word in call.keywords if word.arg == "mode"] or call.args[1:2]
    for mode in modes:
        if not isinstance(mode, ast.Constant) or set("wax+") & set(str(mode.value)):
            return ast.unparse(call)
    return ""


def _is_reading(node: ast.AST) -> bool:
    """Whether a part of an expression of flags is a name; the flags that write are told by name."""
    names = (ast.BinOp, ast.UnaryOp, ast.Attribute, ast.Name, ast.operator, ast.unaryop, ast.Load)
    return isinstance(node, (*names, ast.IfExp))
