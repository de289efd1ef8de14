"""etc/vpopmail.toml and the compiled text form beside it.

The compiled form, etc/vpopmail.settings, spares a login the TOML parser. Its first line names
time, size and inode of the TOML file that it was made from; then comes one ``name = value`` line
for each option. It counts only while that line is true, and only when it belongs to the same user
and nobody else can write it; otherwise the TOML file is read.
"""

from __future__ import annotations

import os
import stat

from vpopmail.errors import ConfigError
from vpopmail.settings.options import OPTIONS
from vpopmail.settings.sources import check_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MAGIC = "# vpopmail settings 1"
_LARGEST = 65536  # bytes
# tomllib takes the square of the parts of a dotted key, half a minute for one that fills the file.
_MOST_DOTS = 64  # in a line; no option has any in its name
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def read_settings_file(path: str) -> dict[str, object]:
    """The values of a site's file, checked.

    Args:
        path: absolute path of vpopmail.toml.

    Returns:
        Values by option name.

    Raises:
        ConfigError: it cannot be read, is not TOML, holds a value that is not allowed or an
            unknown option, or the process is root and another user could have written it.
    """
    descriptor = _opened(path)
    try:
        status = _trusted_status(descriptor, path)
        compiled = _read_compiled(path, status)
        if compiled is not None:
            return check_file(compiled, compiled_path(path))
        return _parse(path, os.read(descriptor, _LARGEST))
    finally:
        os.close(descriptor)


def compile_file(path: str) -> bytes:
    """The content for the compiled form of a settings file; nothing is written.

    Args:
        path: absolute path of vpopmail.toml.

    Returns:
        The whole content of the file at ``compiled_path(path)``.

    Raises:
        ConfigError: as ``read_settings_file``.
    """
    descriptor = _opened(path)
    try:
        status = _trusted_status(descriptor, path)
        return compile_settings(_parse(path, os.read(descriptor, _LARGEST)), status)
    finally:
        os.close(descriptor)


def compile_settings(values: Mapping[str, object], status: os.stat_result) -> bytes:
    """The compiled text form of a settings file.

    Args:
        values: checked values by option name, as ``read_settings_file`` gives them.
        status: of the TOML file, taken before it was read.

    Returns:
        The whole content of the compiled file.
    """
    lines = [_stamp(status)]
    lines += [f"{name} = {OPTIONS[name].kind.text(value)}" for name, value in values.items()]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def parse_compiled(content: bytes, status: os.stat_result) -> dict[str, str] | None:
    """The values in a compiled file, as text by option name.

    Args:
        content: the whole file.
        status: of the TOML file beside it.

    Returns:
        None if it was not made from this TOML file, or is not whole.
    """
    first, *lines = content.decode("utf-8", "surrogateescape").split("\n")
    if first != _stamp(status) or not lines or lines.pop():
        return None
    values = {}
    for line in lines:
        name, separator, value = line.partition(" = ")
        if not separator:
            return None
        values[name] = value
    return values


def compiled_path(path: str) -> str:
    """Where the compiled form of a TOML file lies: beside it, named ``.settings``."""
    return path.removesuffix(".toml") + ".settings"


def _open(path: str) -> int:
    # O_NONBLOCK: a FIFO in this place must not hold up a login.
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)


def _opened(path: str) -> int:
    try:
        return _open(path)
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from None


def _trusted_status(descriptor: int, path: str) -> os.stat_result:
    status = os.fstat(descriptor)
    _refuse_foreign(path, status)
    return status


def _refuse_foreign(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(path, "is not a regular file")
    if status.st_size > _LARGEST:
        raise ConfigError(path, f"is larger than {_LARGEST} bytes")
    if os.geteuid() != 0:
        return
    # Settings name programs: whoever writes them could run his own as root.
    if status.st_uid != 0:
        raise ConfigError(path, "must belong to root when root uses it")
    if status.st_mode & _OTHERS_WRITE:
        raise ConfigError(path, "must not be writable by group or others when root uses it")


def _read_compiled(path: str, status: os.stat_result) -> dict[str, str] | None:
    try:
        descriptor = _open(compiled_path(path))
    except OSError:
        return None
    try:
        own = os.fstat(descriptor)
        if not stat.S_ISREG(own.st_mode) or own.st_size > _LARGEST:
            return None
        if own.st_uid != status.st_uid or own.st_mode & _OTHERS_WRITE:
            return None
        return parse_compiled(os.read(descriptor, _LARGEST), status)
    finally:
        os.close(descriptor)


def _parse(path: str, content: bytes) -> dict[str, object]:
    import tomllib

    _refuse_dots(path, content)
    try:
        values = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigError(path, "is not UTF-8") from None
    except ValueError as error:  # tomllib's own, and Python's for a number of too many digits
        raise ConfigError(path, str(error).replace("\n", " ")) from None
    except RecursionError:
        raise ConfigError(path, "lists or tables are nested too deeply") from None
    return check_file(values, path)


def _refuse_dots(path: str, content: bytes) -> None:
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.count(b".") > _MOST_DOTS and not line.lstrip(b" \t").startswith(b"#"):
            raise ConfigError(path, f"more than {_MOST_DOTS} dots in line {number}")


def _stamp(status: os.stat_result) -> str:
    return f"{_MAGIC} {status.st_mtime_ns} {status.st_size} {status.st_ino}"
