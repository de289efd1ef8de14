"""Homes: made on a stage, moved to their place, moved away again.

On a stage a home is called ``=name``: no user can have that name there, since a stage belongs to
one change.
"""

from __future__ import annotations

import errno
import stat

from vpopmail.errors import HomeExists
from vpopmail.mailstore.free_places import is_place
from vpopmail.mailstore.paths import MAILDIR
from vpopmail.safeio import seam
from vpopmail.safeio.directory import PRIVATE_DIRECTORY, Directory
from vpopmail.safeio.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vpopmail.safeio.directory import Owner

MAILDIRSIZE = "Maildir/maildirsize"
_STAGED_MAILDIR = ".Maildir.vpopmail"
_BUILT = frozenset((MAILDIR, "lastauth"))
_COUNTS_AND_PASSWORDS = frozenset(("maildirsize", "sqwebmail-pass"))
_BUILT_IN_MAILDIR = frozenset(("cur", "new", "tmp")) | _COUNTS_AND_PASSWORDS
_PARTS = ("", "/Maildir", "/Maildir/cur", "/Maildir/new", "/Maildir/tmp")


def staged_name(name: str) -> str:
    """What the home of a user is called on a stage: one name, whatever the user is called."""
    # A stored name may hold slashes, which would lead off the stage.
    return "=" + name.replace("%", "%25").replace("/", "%2F")


def build(
    parent: Directory, name: str, owner: Owner, files: Mapping[str, bytes], *, sync: bool
) -> None:
    """Make a home with its Maildir.

    Args:
        parent: a directory that nobody else can change meanwhile.
        name: name of the home in it.
        owner: who gets it.
        files: further files of the home, relative path to content, mode 0600.
        sync: whether it is brought to the disk now.

    Raises:
        OSError.
    """
    fd = parent.fd
    for part in _PARTS:
        seam.mkdir(name + part, PRIVATE_DIRECTORY, fd)
    given = owner if owner.foreign else None
    for path, content in files.items():
        Directory(fd, parent.path, sync=sync).create(f"{name}/{path}", [content], given)
    if given is not None:
        # From the leaves up: what belongs to the user already is not touched again.
        for part in reversed(_PARTS):
            seam.chown(name + part, owner.uid, owner.gid, fd)
    if sync:
        for part in _PARTS:
            with parent.enter(name + part) as made:
                seam.fsync(made.fd)


def make_maildir(home: Directory, owner: Owner) -> None:
    """Make the Maildir that a home lacks.

    Args:
        home: the open home.
        owner: who gets it.

    Its commit point is the rename of the finished Maildir.

    Raises:
        OSError: EEXIST if there is anything of that name.
    """
    if home.has(MAILDIR):
        raise OSError(errno.EEXIST, "there is a Maildir", home.path)
    remove_tree(home, _STAGED_MAILDIR)
    with home.make(_STAGED_MAILDIR, owner) as maildir:
        for part in ("cur", "new", "tmp"):
            with maildir.make(part, owner) as made:
                made.flush()
        maildir.flush()
    home.move(_STAGED_MAILDIR, home, MAILDIR)
    home.flush()


def make_place(domain: Directory, place: str, owner: Owner, *, whole: bool = False) -> list[str]:
    """Make the directories of a place that are missing.

    Args:
        domain: directory of the domain.
        place: where homes are, below it: ``""``, ``0``, ``0/A``.
        owner: who gets what is made.
        whole: whether each has its owner from the beginning, on the disk too; a journal that
            would take them back makes up for that.

    Returns:
        The paths that were made, outermost first.

    Raises:
        OSError: one cannot be made, or is no directory.
    """
    if place and not is_place(place):
        raise OSError(errno.EINVAL, "not a place for homes", f"{domain.path}/{place}")
    made: list[str] = []
    path = ""
    for part in place.split("/") if place else []:
        with enter_place(domain, path) as outer:
            path = f"{path}/{part}" if path else part
            if not outer.has(part):
                make = outer.make_whole if whole else outer.make
                make(part, owner).close()
                outer.flush()
                made.append(path)
    return made


def enter_place(domain: Directory, place: str) -> Directory:
    """Open the directory of a place; the caller closes it."""
    return domain.enter(place or ".")


def is_taken(domain: Directory, place: str, name: str) -> bool:
    """Whether there is anything of a name in a place. Raises: OSError."""
    try:
        with enter_place(domain, place) as directory:
            return directory.has(name)
    except (FileNotFoundError, NotADirectoryError):
        return False


def check_free(domain: Directory, place: str, name: str) -> None:
    """Refuse a place where something has the name already.

    Raises:
        HomeExists.
    """
    if is_taken(domain, place, name):
        path = "/".join(part for part in (domain.path, place, name) if part)
        raise HomeExists(path, "move it away first; it is not a leftover of vpopmail")


def remove_unused(domain: Directory, place: str, leaf: str) -> None:
    """Remove a home that is as it was built, or less: nobody has put anything into it.

    Raises:
        OSError.
    """
    try:
        with enter_place(domain, place) as outer:
            with outer.enter(leaf) as home:
                unused = _is_unused(home)
            if unused:
                remove_tree(outer, leaf)
    except (FileNotFoundError, NotADirectoryError):
        return


def _is_unused(home: Directory) -> bool:
    if not _BUILT.issuperset(home.names()):
        return False
    if not home.has(MAILDIR):
        return True
    with home.enter(MAILDIR) as maildir:
        names = maildir.names()
        return _BUILT_IN_MAILDIR.issuperset(names) and all(
            _is_empty(maildir, name) for name in names if name not in _COUNTS_AND_PASSWORDS
        )


def _is_empty(outer: Directory, name: str) -> bool:
    with outer.enter(name) as directory:
        return not directory.names()


def take(stage: Directory, domain: Directory, place: str, leaf: str, name: str) -> bool:
    """Move a home from its place to the stage.

    Args:
        stage: the stage.
        domain: directory of the domain.
        place: where the home is, below it.
        leaf: its name there.
        name: the user.

    Returns:
        False if there is nothing of that name, or it is no directory.
    """
    if stage.has(staged_name(name)):
        return False
    try:
        with enter_place(domain, place) as directory:
            status = directory.status(leaf)
            if status is None or not stat.S_ISDIR(status.st_mode):
                return False
            directory.move(leaf, stage, staged_name(name))
            directory.flush()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
