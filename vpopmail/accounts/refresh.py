"""Files of a home that follow from the record of its user: maildirsize, sqwebmail-pass.

They are made from what is stored, so doing it again does no harm.
"""

from __future__ import annotations

import errno

from vpopmail.formats import maildirsize
from vpopmail.log import warn
from vpopmail.mailstore import sqwebmail
from vpopmail.mailstore.homes import MAILDIRSIZE
from vpopmail.mailstore.maildirsize import refresh_maildirsize
from vpopmail.mailstore.paths import split_home
from vpopmail.records import NOQUOTA
from vpopmail.safeio.directory import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.settings import Settings


_SPOILT = frozenset(
    (
        errno.ENOTDIR,
        errno.ELOOP,
        errno.EISDIR,
        errno.EACCES,
        errno.EINVAL,
        errno.ENOTEMPTY,
        errno.EEXIST,
    )
)


def home_files(settings: Settings, user: VqPasswd) -> dict[str, bytes]:
    """The files of a new home that follow from its user: relative path to content."""
    files = {}
    if user.pw_shell not in {NOQUOTA, ""}:
        files[MAILDIRSIZE] = maildirsize.start(user.pw_shell, 0, 0)
    if settings.sqwebmail_pass:
        files[sqwebmail.PATH] = sqwebmail.format_pass(user.pw_passwd)
    return files


def refresh_home(
    settings: Settings, domain: DomainEntry, directory: Directory, user: VqPasswd
) -> None:
    """Bring the files of a home up to date with the record of its user.

    Args:
        settings: of the site.
        domain: the real domain.
        directory: its open directory.
        user: as stored. Without a home below the domain nothing is done.

    Raises:
        OSError.
    """
    split = split_home(domain.path, user.pw_dir)
    if split is None:
        return
    try:
        with directory.enter("/".join(part for part in split if part)) as home:
            _refresh(settings, home, user, Owner(domain.uid, domain.gid))
    except FileNotFoundError:
        return
    except OSError as error:
        # Whatever a mailbox owner puts into his home, it must not stop other changes.
        if error.errno not in _SPOILT:
            raise
        warn("%s is not brought up to date: %s", user.pw_dir, error.strerror)


def _refresh(settings: Settings, home: Directory, user: VqPasswd, owner: Owner) -> None:
    refresh_maildirsize(home, user.pw_shell, owner)
    if settings.sqwebmail_pass:
        sqwebmail.write_pass(home, user.pw_passwd, owner)
