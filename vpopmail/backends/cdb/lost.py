"""Telling a domain that has lost the files of its users from one that never had any."""

from __future__ import annotations

import os

from vpopmail.backends.cdb.reading import INDEX, NO_FILE, TEXT
from vpopmail.errors import AccountsLost
from vpopmail.formats import dircontrol
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.cdb.reading import Place

_COUNTER = ".dir-control"
_LOCK = ".vpasswd.lock"  # made with the first user, and never removed
_JOURNAL = ".vpopmail"  # of unfinished changes
_MAILDIR = "Maildir"
_LEVELS = 3  # of directory hashing


def check_users(place: Place) -> None:
    """Refuse a domain that has neither vpasswd nor its index, though it has had users.

    It has had some if there is a home, and the counter of homes says so, or users have been
    changed; but for the first one while he is being added. Whoever has none left puts an empty
    vpasswd there. A vpasswd that is no plain file says that there are some.

    Args:
        place: the domain's files, by their path.

    Raises:
        AccountsLost: all its mail would bounce.
        OSError: the directory is not there.
    """
    if not _is_bare(place):
        return
    place.check()
    if place.is_no_file(TEXT):
        raise AccountsLost(f"{place.path}/{TEXT}", NO_FILE)
    # In this order, the reverse of that in which a user is added: nobody who is added meanwhile
    # looks as if he were lost, since his home comes first, and vpasswd before the other signs.
    # The home of one whose addition is undone meanwhile goes before them: it is looked for again.
    if (
        _has_home(place.path, _LEVELS)
        and (_has_counted(place) or _has_changed(place))
        and _is_bare(place)
        and _has_home(place.path, _LEVELS)
    ):
        what = f"it is missing, and so is {INDEX}, but there have been users"
        advice = "put them back, from a backup if need be; without users, an empty file"
        raise AccountsLost(f"{place.path}/{TEXT}", f"{what}: {advice}")


def _is_bare(place: Place) -> bool:
    return place.status(TEXT) is None and place.status(INDEX) is None


def _has_counted(place: Place) -> bool:
    data = read_file(f"{place.path}/{_COUNTER}")
    return data is not None and dircontrol.parse(data).cur_users > 0


def _has_changed(place: Place) -> bool:
    """Whether users were changed, and no change is unfinished."""
    is_locked = place.status(_LOCK) is not None
    return is_locked and not os.path.lexists(f"{place.path}/{_JOURNAL}")


def _has_home(path: str, levels: int) -> bool:
    """Whether there is a Maildir in a directory of a directory, or of those of hashing in it."""
    with os.scandir(path) as entries:
        found = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
    return any(
        os.path.isdir(f"{entry.path}/{_MAILDIR}")
        or (levels and len(entry.name) == 1 and _has_home(entry.path, levels - 1))
        for entry in found
    )
