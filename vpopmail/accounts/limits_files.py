"""Limits in a file that the caller names, of whatever domain."""

from __future__ import annotations

from vpopmail.accounts.limits import checked
from vpopmail.errors import LimitsUnreadable
from vpopmail.formats.limits import format_limits, parse
from vpopmail.safeio.directory import PRIVATE_FILE
from vpopmail.safeio.paths import open_parent
from vpopmail.safeio.rewriting import rewrite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VLimits


def read_limits_file(path: str, base: VLimits) -> VLimits:
    """The limits that a file sets.

    Args:
        path: absolute.
        base: what holds where the file says nothing; it is not changed.

    Raises:
        InvalidPath, OSError.
        LimitsUnreadable: the file is missing.
    """
    directory, name = open_parent(path)
    with directory:
        data = directory.read(name)
    if data is None:
        raise LimitsUnreadable(path, "it is missing")
    return parse(data, base)


def write_limits_file(path: str, limits: VLimits, *, sync: bool) -> None:
    """Write limits to a file, which keeps its owner and mode; a new one is the caller's, 0600.

    Its commit point is the rename of the file.

    Raises:
        InvalidPath, OSError.
        TypeError: a limit is no int.
    """
    data = format_limits(checked(limits))
    directory, name = open_parent(path, sync=sync)
    with directory:
        rewrite(directory, name, lambda _: data, new_mode=PRIVATE_FILE)
        directory.flush()
