"""Directories of domains: made on a stage, moved to their place, moved away again."""

from __future__ import annotations

import stat

from vpopmail.errors import DomainDirectoryNotMade, DomainsDirectoryNotMade
from vpopmail.mailstore.free_places import is_place
from vpopmail.mailstore.homes import staged_name
from vpopmail.safeio.directory import Directory, open_trusted
from vpopmail.safeio.tree import give_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.safeio.directory import Owner

DEFAULT = ".qmail-default"


def open_domains_directory(base: Directory, name: str, owner: Owner) -> Directory:
    """Open the directory that holds the domains of a base, made if missing.

    Args:
        base: open base directory.
        name: of the directory, relative, usually ``domains``.
        owner: who gets it if it is made.

    Raises:
        DomainsDirectoryNotMade, OSError.
    """
    if not base.has(name):
        try:
            base.make_whole(name, owner).close()
        except FileExistsError:
            pass
        except OSError as error:
            raise DomainsDirectoryNotMade(f"{base.path}/{name}", error.strerror or "") from error
    return open_trusted(f"{base.path}/{name}", sync=base.sync)


def build_domain(stage: Directory, name: str, owner: Owner, delivery: bytes) -> Directory:
    """Make the directory of a domain on a stage.

    Args:
        stage: the stage.
        name: the domain.
        owner: who gets it.
        delivery: content of .qmail-default.

    Returns:
        The open directory; the caller closes it.
    """
    directory = stage.make(staged_name(name), owner)
    try:
        directory.create(DEFAULT, [delivery], owner)
        directory.flush()
    except BaseException:
        directory.close()
        raise
    return directory


def adopt_domain(
    directory: Directory, owner: Owner, delivery: bytes, keep: Callable[[], object]
) -> None:
    """Make a directory that was there before into that of a domain, with what is in it.

    Args:
        directory: the open directory.
        owner: who gets it.
        delivery: content of .qmail-default.
        keep: moves the .qmail-default that is there aside.

    Its commit point is the rename of .qmail-default.
    """
    give_tree(directory, owner)
    keep()
    directory.replace(DEFAULT, [delivery], owner)


def is_directory(parent: Directory, name: str) -> bool:
    """Whether there is a directory of that name; False if there is nothing.

    Raises:
        DomainDirectoryNotMade: there is something else.
    """
    status = parent.status(name)
    if status is None:
        return False
    if not stat.S_ISDIR(status.st_mode):
        raise DomainDirectoryNotMade(f"{parent.path}/{name}", "there is something else")
    return True


def split_domain(path: str) -> tuple[str, str, str]:
    """The domains directory, place and name of a domain's directory.

    Args:
        path: directory of the domain, absolute.

    Returns:
        (directory that holds the domains, place below it, name).
    """
    outer, _, leaf = path.rpartition("/")
    place: list[str] = []
    while len(place) < 3:
        rest, _, last = outer.rpartition("/")
        if not rest or not is_place(last):
            break
        place.insert(0, last)
        outer = rest
    return outer or "/", "/".join(place), leaf


def take_domain(stage: Directory, domains: Directory, place: str, leaf: str, name: str) -> bool:
    """Move the directory of a domain to the stage, a symbolic link as a link.

    Returns:
        False if there is nothing.
    """
    if stage.has(staged_name(name)):
        return False
    try:
        with domains.enter(place or ".") as directory:
            if not directory.has(leaf):
                return False
            directory.move(leaf, stage, staged_name(name))
            directory.flush()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
