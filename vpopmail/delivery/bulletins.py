"""Bulletins: one message into the mailbox of every user. Source: manual, "vpopbull"."""

from __future__ import annotations

import os
import time
from itertools import chain

import attrs

from vpopmail.accounts.open_batches import all_entries, get_domain
from vpopmail.accounts.user_queries import UserQueries
from vpopmail.delivery.homes import make_home_of
from vpopmail.delivery.message import Message
from vpopmail.delivery.places import Homes
from vpopmail.errors import InvalidInput, VpopmailError
from vpopmail.formats.mail_date import format_date
from vpopmail.formats.text import to_bytes
from vpopmail.log import reason
from vpopmail.mailstore import maildirsize
from vpopmail.mailstore.messages import (
    MessageNotWritten,
    share_message,
    write_message,
)
from vpopmail.mailstore.paths import MAILDIR
from vpopmail.names import check_kind_of_text, checked_texts, fold, has_domain_characters
from vpopmail.records import is_limited
from vpopmail.safeio.directory import Owner
from vpopmail.safeio.view import open_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from typing_extensions import Self

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory

COPY = "copy"
HARD_LINK = "hard link"
SYMBOLIC_LINK = "symbolic link"
_WAYS = frozenset((COPY, HARD_LINK, SYMBOLIC_LINK))
_DATE = b"date:"


@attrs.frozen
class Sent:
    """What came of a bulletin.

    Attributes:
        delivered: the addresses that have it, in order; of a dry run, those that would.
        failed: the addresses that do not, each with the reason.
    """

    delivered: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


class Bulletins:
    """Sends bulletins to the users of a site.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._users = UserQueries(installation)

    def recipients(
        self, domains: Iterable[str] | None = None, *, exclude: Collection[str] = ()
    ) -> Iterator[str]:
        """Who would get a bulletin, as addresses, domain by domain and in the order of names.

        Args:
            domains: domains; an alias domain stands for its real one. None: all of the site.
            exclude: addresses ``user@domain`` that get none, any case; of an alias domain too.

        Raises:
            DomainNotFound, BackendUnavailable.
        """
        for entry, user in self._recipients(domains, exclude):
            yield f"{user.pw_name}@{entry.realdomain}"

    def send(
        self,
        path: str,
        domains: Iterable[str] | None = None,
        *,
        exclude: Collection[str] = (),
        way: str = COPY,
        progress: Callable[[str, str], object] | None = None,
        dry_run: bool = False,
    ) -> Sent:
        """Put a message into ``new`` of every user.

        Args:
            path: of the message, a regular file.
            domains, exclude: as for ``recipients``.
            way: ``"copy"``: each user has a file of his own, with ``To:`` and, if the message has
                none, ``Date:``; ``"hard link"`` or ``"symbolic link"``: all share the one file,
                whose owner and mode are left alone: it has to be readable for them.
            progress: called after each user with the address, and the reason if it failed or "".
            dry_run: only say who would get it.

        Returns:
            What came of it. A user whose mailbox fails does not keep others from theirs. There is
            no check of quotas; what comes is counted in maildirsize.

        Each user's commit point is the link in ``new``.

        Raises:
            InvalidInput: another way, or an empty message.
            DomainNotFound, BackendUnavailable.
            OSError: the file cannot be read.
        """
        check_kind_of_text(path, way)
        if progress is not None and not callable(progress):
            raise TypeError(f"a function is needed, not {type(progress).__name__}")
        if way not in _WAYS:
            raise InvalidInput(way, f"one of {', '.join(sorted(_WAYS))}")
        with _Bulletin(path, way) as bulletin:
            return self._send(bulletin, self._recipients(domains, exclude), progress, dry_run)

    def _send(
        self,
        bulletin: _Bulletin,
        recipients: Iterator[tuple[DomainEntry, VqPasswd]],
        progress: Callable[[str, str], object] | None,
        dry_run: bool,  # noqa: FBT001 - private
    ) -> Sent:
        delivered, failed = [], []
        for entry, user in recipients:
            address = f"{user.pw_name}@{entry.realdomain}"
            reason = "" if dry_run else self._put(bulletin, entry, user)
            if reason:
                failed.append((address, reason))
            else:
                delivered.append(address)
            if progress is not None:
                progress(address, reason)
        return Sent(tuple(delivered), tuple(failed))

    def _put(self, bulletin: _Bulletin, entry: DomainEntry, user: VqPasswd) -> str:
        """Put it into a mailbox; the reason why not, or ``""``."""
        try:
            owner = Owner(entry.uid, entry.gid)
            with (
                Homes(self._installation, entry) as homes,
                self._home(homes, entry, user).enter(MAILDIR) as maildir,
            ):
                size = bulletin.put(maildir, f"{user.pw_name}@{entry.realdomain}", owner)
                if is_limited(user.pw_shell):
                    maildirsize.add_usage(maildir, user.pw_shell, size, 1, owner)
        except (OSError, MessageNotWritten, VpopmailError) as error:
            return reason(error)
        return ""

    def _home(self, homes: Homes, entry: DomainEntry, user: VqPasswd) -> Directory:
        if not homes.has(user.pw_dir):
            make_home_of(self._installation, entry, user)
        return homes.open(user.pw_dir)

    def _recipients(
        self, domains: Iterable[str] | None, exclude: Collection[str]
    ) -> Iterator[tuple[DomainEntry, VqPasswd]]:
        left_out = {self._real(address) for address in checked_texts(exclude)}
        for entry in self._entries(domains):
            for user in self._users.iter(entry.realdomain):
                if f"{user.pw_name}@{entry.realdomain}" not in left_out:
                    yield entry, user

    def _real(self, address: str) -> str:
        """An address, folded, with the real domain in the place of an alias domain."""
        name, at, host = fold(address).rpartition("@")
        entry = self._installation.resolve(host) if has_domain_characters(host) else None
        return f"{name}{at}{host if entry is None else entry.realdomain}"

    def _entries(self, domains: Iterable[str] | None) -> list[DomainEntry]:
        """The domains, each once; all are found before anybody gets anything."""
        if domains is None:
            return [entry for entry in all_entries(self._installation) if not entry.is_alias]
        found = [get_domain(self._installation, name) for name in checked_texts(domains)]
        return list({entry.realdomain: entry for entry in found}.values())


class _Bulletin:
    """The message of a bulletin, and how it is put into a Maildir."""

    def __init__(self, path: str, way: str) -> None:
        self._path = os.path.abspath(path)
        self._way = way
        try:
            self._fd = open_file(self._path)
        except ValueError:  # a NUL, or a lone surrogate
            raise InvalidInput(ascii(path)[1:-1], "no path of this system") from None
        self._message = Message(self._fd)
        if not self._message.size:
            self.__exit__()
            raise InvalidInput(ascii(path)[1:-1], "the message is empty")
        self._is_dated = any(
            line[: len(_DATE)].lower() == _DATE for line in self._message.header_lines()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        os.close(self._fd)

    def put(self, maildir: Directory, address: str, owner: Owner) -> int:
        """Put it into ``new``. Returns its bytes. Raises: MessageNotWritten."""
        if self._way != COPY:
            size = self._message.size
            share_message(maildir, self._path, size, symbolic=self._way == SYMBOLIC_LINK)
            return size
        head = f"To: {address}\n"
        if not self._is_dated:
            head += f"Date: {format_date(time.time())}\n"
        return write_message(maildir, chain([to_bytes(head)], self._message.chunks()), owner)[1]
