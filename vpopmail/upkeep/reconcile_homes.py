"""What is in the home of one user: rights, the Maildir, maildirsize, leftovers."""

from __future__ import annotations

import os
import stat
from functools import partial

from vpopmail.mailstore import maildirsize, messages
from vpopmail.mailstore.homes import make_maildir
from vpopmail.mailstore.paths import MAILDIR as NAME
from vpopmail.records import is_limited
from vpopmail.safeio.directory import Directory, Owner, is_staged, remove_staged
from vpopmail.upkeep.findings import LEFTOVER, MAILDIR, MAILDIRSIZE, NOT_PLAIN
from vpopmail.upkeep.reconcile_rights import directory_rights, examine_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vpopmail.records import VqPasswd
    from vpopmail.upkeep.examined_domain import ExaminedDomain

_STAGE = "tmp"
_PARTS = ("cur", "new", _STAGE)


class ExaminedHome:
    """A home that is looked at.

    Args:
        look: its domain.
        user: whose it is, as stored.
        path: of the home below the directory of the domain.
    """

    def __init__(self, look: ExaminedDomain, user: VqPasswd, path: str) -> None:
        self.look = look
        self.user = user
        self.path = path

    def examine(self, home: Directory) -> None:
        """Note what is wrong in the home."""
        self._examine_rights("", os.fstat(home.fd))
        self._examine_names(home, "")
        status = home.status(NAME)
        if status is None:
            remedy = "an empty one is made"
            make = self._within("", lambda inner: make_maildir(inner, self.look.owner))
            self._mend(MAILDIR, NAME, "it is not there, so that mail waits", remedy, make)
        elif not stat.S_ISDIR(status.st_mode):
            advice = "look at it by hand: it is not followed"
            what = "a link, or no directory"
            self.look.examination.tell(NOT_PLAIN, self._shown(NAME), what, advice)
        else:
            with home.enter(NAME) as maildir:
                self._examine_maildir(maildir)

    def _examine_maildir(self, maildir: Directory) -> None:
        self._examine_rights(NAME, os.fstat(maildir.fd))
        self._examine_names(maildir, NAME)
        for part in _PARTS:
            status = maildir.status(part)
            if status is not None:
                self._examine_rights(f"{NAME}/{part}", status)
                continue
            what = "it is not there, so that mail cannot come or be read"
            make = self._within(NAME, partial(_make_part, part, self.look.owner))
            self._mend(MAILDIR, f"{NAME}/{part}", what, "it is made", make)
        self._examine_size(maildir)

    def _examine_size(self, maildir: Directory) -> None:
        if _is_directory(maildir, _STAGE):
            with maildir.enter(_STAGE) as tmp:
                self._examine_stage(tmp)
        quota = self.user.pw_shell
        if is_limited(quota) and not maildirsize.is_of_quota(maildir, quota):
            what = "it is of another quota, too long, or not a file of the Maildir alone"
            remedy = "the mail is counted and the file made anew"
            path = f"{NAME}/{maildirsize.FILE}"
            self._mend(MAILDIRSIZE, path, what, remedy, self._within(NAME, self._recount))

    def _examine_stage(self, tmp: Directory) -> None:
        old = "a message that was never whole: nobody has touched it for 36 hours"
        found = dict.fromkeys(messages.left_names(tmp), old)
        sizes = maildirsize.left_names(tmp)
        found |= dict.fromkeys(sizes, "the next maildirsize, whose writer was killed")
        for name, what in found.items():
            remove = self._within(f"{NAME}/{_STAGE}", partial(_remove, name))
            self._mend(LEFTOVER, f"{NAME}/{_STAGE}/{name}", what, "it is removed", remove)

    def _recount(self, maildir: Directory) -> bool:
        stored = self.look.installation.backend.find(self.look.entry, self.user.pw_name)
        if stored is None or not is_limited(stored.pw_shell):
            return False
        if maildirsize.is_of_quota(maildir, stored.pw_shell):
            return False
        maildirsize.recount(maildir, stored.pw_shell, self.look.owner)
        return True

    def _examine_names(self, directory: Directory, below: str) -> None:
        for name in filter(is_staged, directory.names()):
            what = "the next content of a file, whose writer was killed"
            path = f"{below}/{name}".lstrip("/")
            remedy = "it is removed: the file is as it was"
            remove = self._within(below, partial(_remove, name))
            self._mend(LEFTOVER, path, what, remedy, remove)

    def _examine_rights(self, below: str, status: os.stat_result) -> None:
        path = f"{self.path}/{below}".rstrip("/")
        examine_below(self.look, path, status, directory_rights(self.look.owner))

    def _within(self, below: str, act: Callable[[Directory], object]) -> Callable[[], object]:
        """An act in a directory of the home, under the lock of the domain."""

        def acted() -> object:
            path = f"{self.path}/{below}".rstrip("/")
            with self.look.locked() as change, change.directory.enter(path) as directory:
                return act(directory)

        return acted

    def _mend(
        self, kind: str, path: str, what: str, remedy: str, repair: Callable[[], object]
    ) -> None:
        self.look.examination.mend(kind, self._shown(path), what, remedy, repair)

    def _shown(self, path: str) -> str:
        return self.look.path(f"{self.path}/{path}")


def _is_directory(directory: Directory, name: str) -> bool:
    status = directory.status(name)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _make_part(part: str, owner: Owner, maildir: Directory) -> bool:
    if maildir.has(part):
        return False
    with maildir.make(part, owner) as made:
        made.flush()
    maildir.flush()
    return True


def _remove(name: str, directory: Directory) -> bool:
    return remove_staged(directory, name)
