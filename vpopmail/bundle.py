"""The modules of a program in one file, compiled, for a quick start.

Python looks for each module in many places and checks each file that it compiled before; a
program that starts once per login or per message spends half its time on that. A bundle has the
code of the modules that such a program needs, each with the time and size of its source. A module
whose source has changed since comes from there, as if there were no bundle, and so does all if
the bundle is of another Python. Who can write it can have his code run: it lies beside the
launchers, and belongs to whom they belong.
"""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER
from posix import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import ModuleType

    # path of the source, whether it is a package, time and size of the source, and where the
    # marshalled code begins and ends, counted from the end of the index
    Entry = tuple[str, bool, int, int, int, int]

_WORD = 4  # bytes that tell how long the index is


class Bundle:
    """An importer of the modules in a bundle.

    Args:
        entries: by name of module.
        code: of all modules.
    """

    def __init__(self, entries: dict[str, Entry], code: memoryview) -> None:
        self.entries = entries
        self.code = code

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - names are whole
        target: ModuleType | None = None,  # noqa: ARG002 - nothing is loaded again
    ) -> ModuleSpec | None:
        """Where to get a module from; None: not from here."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        source, is_package, changed, size, _begin, _end = entry
        try:
            status = stat(source)
        except OSError:
            return None
        if status.st_mtime_ns != changed or status.st_size != size:
            return None
        spec = ModuleSpec(name, self, origin=source, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [source.rpartition("/")[0]]
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002 - as any
        """None: the usual kind of module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Run the code of a module in it."""
        begin, end = self.entries[module.__name__][4:]
        code = marshal.loads(self.code[begin:end])  # noqa: S302 - as with any .pyc
        exec(code, module.__dict__)  # noqa: S102 - an importer


def use_bundle(path: str) -> None:
    """Let modules come from a bundle, if there is one for this Python.

    Args:
        path: of the file.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return
    if content.startswith(MAGIC_NUMBER):
        # A program needs a part of it: the rest is not even copied.
        rest = memoryview(content)[len(MAGIC_NUMBER) :]
        end = _WORD + int.from_bytes(rest[:_WORD], "little")
        entries = marshal.loads(rest[_WORD:end])  # noqa: S302 - as with any .pyc
        sys.meta_path.insert(0, Bundle(entries, rest[end:]))


def make_bundle(modules: Iterable[tuple[str, str]]) -> bytes:
    """The content of a bundle for this Python.

    Args:
        modules: names, each with the path of its source.

    Raises:
        OSError, SyntaxError.
    """
    entries: dict[str, Entry] = {}
    codes: list[bytes] = []
    begin = 0
    for name, path in modules:
        status = stat(path)
        with open(path, "rb") as file:
            # Texts for readers are left out: they would have to be read each time.
            code = compile(file.read(), path, "exec", dont_inherit=True, optimize=2)
        is_package = path.endswith("/__init__.py")
        stamp = status.st_mtime_ns, status.st_size
        codes.append(marshal.dumps(code))
        end = begin + len(codes[-1])
        entries[name] = path, is_package, *stamp, begin, end
        begin = end
    index = marshal.dumps(entries)
    return b"".join([MAGIC_NUMBER, len(index).to_bytes(_WORD, "little"), index, *codes])
