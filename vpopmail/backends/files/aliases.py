"""Aliases as dot-qmail files in the directory of a domain.

A regular file is read where it lies. A symbolic link, as old mailing lists have them, is read
only if its target is below the domain's directory, with no further link on the way; so root reads
nothing else for the owner of a domain. Anything else of such a name is no alias.

Source: formats, .qmail-alias; api, aliases in file mode.
"""

from __future__ import annotations

import os
import stat

from vpopmail.errors import AliasUnreadable, InvalidCharacter
from vpopmail.formats.dotqmail import alias_name, file_name
from vpopmail.formats.text import split_lines, to_bytes, to_text
from vpopmail.safeio.directory import open_trusted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.records import DomainEntry
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings

DEFAULT = "default"
_PREFIX = ".qmail-"
_MAX_NAME = 255
# What mailing lists have besides the file of the list itself.
_OF_LISTS = ("-default", "-owner")


class FileAliases:
    """The aliases as files; ``default`` is the domain's .qmail-default.

    Args:
        settings: of the site.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def read_alias(self, domain: DomainEntry, name: str) -> list[str] | None:
        """The lines of an alias's file; None if it is missing."""
        with _open(domain) as directory:
            for file in file_names(name):
                data = read_file_of(directory, file)
                if data is not None:
                    return lines_of(data)
        return None

    def alias_names(self, domain: DomainEntry) -> list[str]:
        """The aliases that have a file, without ``default``."""
        with _open(domain) as directory:
            return list(dict.fromkeys(map(_alias, listed(directory))))


def file_names(alias: str) -> tuple[str, ...]:
    """The names of the file that an alias may have, the one that qmail looks for first.

    None if no file can have the name: a lookup finds nothing then.
    """
    try:
        if not alias or len(to_bytes(alias)) > _MAX_NAME - len(_PREFIX):
            return ()
        name = file_name(alias)
    except InvalidCharacter:
        return ()
    return tuple(dict.fromkeys((name, _PREFIX + alias)))


def lines_of(data: bytes) -> list[str]:
    """The delivery lines of a file."""
    return [to_text(line) for line in split_lines(data)]


def listed(directory: Directory) -> Iterator[str]:
    """The files of aliases: regular ones, and links of mailing lists but not their helpers.

    Raises:
        OSError.
    """
    with os.scandir(directory.fd) as entries:
        for entry in entries:
            if alias_name(entry.name) in {None, DEFAULT}:
                continue
            if entry.is_file(follow_symlinks=False) or (
                entry.is_symlink() and not any(part in entry.name for part in _OF_LISTS)
            ):
                yield entry.name


def removable(directory: Directory) -> list[str]:
    """All files of the family but .qmail-default, links and helpers of mailing lists included.

    Raises:
        OSError.
    """
    with os.scandir(directory.fd) as entries:
        return sorted(
            entry.name
            for entry in entries
            if alias_name(entry.name) not in {None, DEFAULT}
            and not entry.is_dir(follow_symlinks=False)
        )


def read_file_of(directory: Directory, name: str) -> bytes | None:
    """The content of an alias's file; None if it is missing.

    Args:
        directory: of the domain.
        name: of the file.

    Raises:
        AliasUnreadable: it is special, or a link that leads elsewhere, or cannot be opened.
    """
    try:
        status = directory.status(name)
        if status is not None and stat.S_ISLNK(status.st_mode):
            return _read_target(directory, name)
        if status is not None and _is_shared(directory, status):
            what = "it has another name and is not of the domain's owner"
            raise AliasUnreadable(_path(directory, name), what)
        return directory.read(name)
    except OSError as error:
        raise AliasUnreadable(_path(directory, name), error.strerror or "") from error


def _is_shared(directory: Directory, status: os.stat_result) -> bool:
    """Whether a file has several names and another owner than the directory: a foreign file.

    What it holds is not the domain's to know. Where the kernel does not protect hard links, the
    owner of the domain may have made the name.
    """
    return status.st_nlink > 1 and status.st_uid != os.fstat(directory.fd).st_uid


def check_plain(directory: Directory, name: str) -> None:
    """Refuse to put a file in the place of something that is no regular file.

    Raises:
        AliasUnreadable.
    """
    status = directory.status(name)
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise AliasUnreadable(_path(directory, name), "a link or special: delete it first")


def _read_target(directory: Directory, name: str) -> bytes:
    target = os.readlink(name, dir_fd=directory.fd).removeprefix(f"{directory.path}/")
    parts = [part for part in target.split("/") if part not in {"", "."}]
    if target.startswith("/") or ".." in parts or not parts:
        raise AliasUnreadable(_path(directory, name), "a link that leads out of the domain")
    *above, last = parts
    if above:
        with directory.enter("/".join(above)) as inner:
            data = inner.read(last)
    else:
        data = directory.read(last)
    if data is None:
        raise AliasUnreadable(_path(directory, name), "a link to a file that is missing")
    return data


def _alias(file: str) -> str:
    return alias_name(file) or file


def _open(domain: DomainEntry) -> Directory:
    try:
        return open_trusted(domain.path, sync=False)
    except OSError as error:
        raise AliasUnreadable(domain.path, error.strerror or "") from error


def _path(directory: Directory, name: str) -> str:
    return f"{directory.path}/{ascii(name)[1:-1]}"
