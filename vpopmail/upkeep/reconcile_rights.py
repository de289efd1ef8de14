"""Owners and modes: of the site's directories, of qmail's files, of domains and homes."""

from __future__ import annotations

import os
import stat
from functools import partial

from vpopmail.backends.cdb.reading import INDEX, TEXT
from vpopmail.backends.lock_file import LOCK
from vpopmail.formats.dotqmail import alias_name
from vpopmail.safeio.directory import Directory, Owner, is_staged
from vpopmail.safeio.rights import Rights, is_alone, put_right
from vpopmail.upkeep.findings import MODE, NOT_PLAIN, OWNER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.upkeep.examined_domain import ExaminedDomain
    from vpopmail.upkeep.examined_site import ExaminedSite
    from vpopmail.upkeep.findings import Examination

_DOMAIN_FILES = (".dir-control", ".dir_control_free", ".qmailadmin-limits")
_CONTROL_FILES = ("rcpthosts", "morercpthosts", "morercpthosts.cdb", "virtualdomains", "locals")


def directory_rights(owner: Owner) -> Rights:
    """Of a directory with mail in it: its owner may all, nobody else read or write.

    To pass through is left to the administrator: another uid may have a domain in there.
    """
    return Rights(owner, 0o700, 0o026)


def secret_rights(owner: Owner) -> Rights:
    """Of a file with passwords: at most the group may read it."""
    return Rights(owner, 0o600, 0o027)


def file_rights(owner: Owner) -> Rights:
    """Of a small file of a domain: qmail refuses one that others may write."""
    return Rights(owner, 0o600, 0o022)


_PUBLIC_FILE = Rights(None, 0o644, 0o022)
_PUBLIC_DIRECTORY = Rights(None, 0o711, 0o002)


def examine_domain_rights(look: ExaminedDomain) -> None:
    """Note wrong owners and modes of a domain's directory and of the files in it."""
    examine_below(look, "", os.fstat(look.directory.fd), directory_rights(look.owner))
    for name in look.directory.names():
        rights = _rights_of(name, look.owner)
        status = None if rights is None else look.directory.status(name)
        if rights is None or status is None:
            continue
        if stat.S_ISLNK(status.st_mode) and alias_name(name) is not None:
            continue  # of a mailing list
        examine_below(look, name, status, rights)


def _rights_of(name: str, owner: Owner) -> Rights | None:
    if name in {TEXT, INDEX, LOCK}:
        return secret_rights(owner)
    if is_staged(name):
        return None  # a leftover
    if name in _DOMAIN_FILES or alias_name(name) is not None:
        return file_rights(owner)
    return None


def examine_below(look: ExaminedDomain, path: str, status: os.stat_result, rights: Rights) -> None:
    """Note a wrong owner or mode of something in a domain, which is put right under its lock.

    Args:
        look: the domain.
        path: below its directory; ``""`` is the directory itself.
        status: what lstat says of it.
        rights: what it must be like.
    """

    def put(rights: Rights) -> bool:
        outer, _, name = path.rpartition("/")
        with look.locked() as change, change.directory.enter(outer or ".") as parent:
            return put_right(parent, name or ".", rights)

    _examine(look.examination, look.path(path).rstrip("/"), status, rights, put)


def examine_site_rights(look: ExaminedSite) -> None:
    """Note wrong modes of the site's directories and of qmail's files."""
    settings, examination = look.installation.settings, look.examination
    owner = Owner(settings.uid, settings.gid)

    def examine(path: str, name: str, rights: Rights) -> None:
        _examine_path(examination, path, name, rights, sync=settings.sync)

    for path in (settings.vpopmaildir, f"{settings.vpopmaildir}/etc"):
        examine(path, ".", _PUBLIC_DIRECTORY)
    examine(settings.domains_path, ".", directory_rights(owner))
    examine(settings.etc_path(""), "vlimits.default", _PUBLIC_FILE)
    for name in ("assign", settings.qmail_cdb_name):
        examine(f"{settings.qmaildir}/users", name, _PUBLIC_FILE)
    for name in _CONTROL_FILES:
        examine(f"{settings.qmaildir}/control", name, _PUBLIC_FILE)


def _examine_path(
    examination: Examination, path: str, name: str, rights: Rights, *, sync: bool
) -> None:
    """As ``examine_below``, for a place of the administrator's; one that is missing is passed."""
    shown = path.rstrip("/") if name == "." else f"{path.rstrip('/')}/{name}"
    with examination.looking_at(shown):
        try:
            directory = Directory.open(path, sync=sync, follow=True)
        except FileNotFoundError:
            return
        with directory:
            status = directory.status(name)
            if status is None or (name != "." and stat.S_ISLNK(status.st_mode)):
                return  # a link in qmail's directories is the administrator's
            _examine(examination, shown, status, rights, partial(put_right, directory, name))


def _examine(
    examination: Examination,
    path: str,
    status: os.stat_result,
    rights: Rights,
    put: Callable[[Rights], object],
) -> None:
    if not is_alone(status):
        what = "a link, special, or a file with several names"
        examination.tell(NOT_PLAIN, path, what, "look at it by hand: it is not touched")
        return
    if not rights.is_mode_right(status):
        what = f"{stat.S_IMODE(status.st_mode):04o}"
        remedy = f"it is made {rights.mode(status):04o}"
        examination.mend(MODE, path, what, remedy, partial(put, rights.of_mode()))
    if not rights.is_owner_right(status):
        _examine_owner(examination, path, status, rights, put)


def _examine_owner(
    examination: Examination,
    path: str,
    status: os.stat_result,
    rights: Rights,
    put: Callable[[Rights], object],
) -> None:
    owner = rights.owner
    if owner is None:
        return
    what = f"it belongs to {status.st_uid}:{status.st_gid}"
    wanted = f"{owner.uid}:{owner.gid}"
    if rights.may_give(status):
        give = partial(put, rights.of_owner())
        examination.mend(OWNER, path, what, f"it is given to {wanted}", give)
    else:
        advice = f"as root, see whose it is, and give it to {wanted} if that is right"
        examination.tell(OWNER, path, what, advice)
