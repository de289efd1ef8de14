"""What a domain holds besides its users, copied from one store to another.

A kind that the same files serve on both sides, or that is kept on neither, needs no copy.
"""

from __future__ import annotations

from vpopmail.backends.abstract import ALIASES, DIR_CONTROL, LAST_AUTH, LIMITS
from vpopmail.backends.files.aliases import check_plain
from vpopmail.errors import AliasUnreadable, BackendUnavailable
from vpopmail.formats.dotqmail import file_name
from vpopmail.formats.text import join_lines, to_bytes
from vpopmail.safeio.directory import Owner
from vpopmail.upkeep.fingerprint import Sum, packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vpopmail.backends.transaction import Transaction
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd
    from vpopmail.safeio.directory import Directory
    from vpopmail.upkeep.conversion import ConvertedDomain


class Copy:
    """One kind of records of one domain.

    Args:
        source, target: the two stores.
        domain: the real domain.

    Attributes:
        facet: of the kind.
        is_needed: whether anything is to be copied.
    """

    facet = ""

    def __init__(self, source: Installation, target: Installation, domain: DomainEntry) -> None:
        self.source = source
        self.target = target
        self.domain = domain
        self.is_needed = differ(source, target, self.facet)


def differ(source: Installation, target: Installation, facet: str) -> bool:
    """Whether two sites of one directory keep a kind of records in different places."""
    kept = [facet in site.backend.facets for site in (source, target)]
    if all(kept):
        return source.backend.location() != target.backend.location()
    return any(kept)


class AliasCopy(Copy):
    """The aliases of a domain.

    Files of aliases stay where they are when a table takes over, and qmail goes on preferring
    them: the administrator removes them.
    """

    facet = ALIASES

    def count(self) -> int:
        """How many there are to copy."""
        return sum(1 for _ in self._readable()) if self.is_needed else 0

    def has_foreign(self) -> bool:
        """Whether the target's table has any, or a file of the target says something else."""
        if not self.is_needed:
            return False
        if self.facet in self.target.backend.facets:
            return bool(self.target.aliases.alias_names(self.domain))
        return any(
            self.target.aliases.read_alias(self.domain, name) not in (None, lines)
            for name, lines in self._readable()
        )

    def copy(self, transaction: Transaction, directory: Directory) -> bool:
        """Copy them: to files at once, to a table with a transaction that is to be committed.

        Returns:
            Whether there is anything to commit.
        """
        if not self.is_needed:
            return False
        for name, lines in self._readable():
            if self.target.aliases.read_alias(self.domain, name) == lines:
                continue
            if self.facet in self.target.backend.facets:
                transaction.aliases[name] = lines
            else:
                self._write(directory, name, lines)
        if self.facet in self.target.backend.facets:
            names = set(self.source.aliases.alias_names(self.domain))
            for name in self.target.aliases.alias_names(self.domain):
                if name not in names:
                    transaction.aliases[name] = None
        return transaction.has_changes

    def compare(self, found: ConvertedDomain) -> bool:
        """Whether both have the same; ``found`` is told how many, and which cannot be read."""
        if not self.is_needed:
            return True
        ours, theirs = Sum(), Sum()
        for name, lines in self._readable(found):
            ours.add(packed(name, *lines))
            copied = self.target.aliases.read_alias(self.domain, name)
            if copied is not None:
                theirs.add(packed(name, *copied))
        found.aliases = ours.count
        if self.facet not in self.target.backend.facets:
            return ours == theirs
        # Files may be left out of the table, but the table has nothing of its own.
        return ours == theirs and len(self.target.aliases.alias_names(self.domain)) == ours.count

    def _readable(self, found: ConvertedDomain | None = None) -> Iterator[tuple[str, list[str]]]:
        for name in self.source.aliases.alias_names(self.domain):
            try:
                lines = self.source.aliases.read_alias(self.domain, name)
            except AliasUnreadable as error:
                if found is not None:
                    found.passed_over.append(f"the alias {name}: {error.advice}")
                continue
            if lines is not None:
                yield name, lines

    def _write(self, directory: Directory, name: str, lines: Sequence[str]) -> None:
        file = file_name(name)
        check_plain(directory, file)
        content = join_lines([to_bytes(line) for line in lines])
        directory.replace(file, [content], Owner(self.domain.uid, self.domain.gid))


class LimitsCopy(Copy):
    """The limits of a domain, if it has its own."""

    facet = LIMITS

    def has_foreign(self) -> bool:
        """Whether the target has limits of the domain."""
        return self.is_needed and self.target.limits.has_limits(self.domain)

    def is_wanted(self) -> bool:
        """Whether there are limits to copy."""
        return self.is_needed and self.source.limits.has_limits(self.domain)

    def copy(self) -> None:
        """Copy them, or delete what the target has."""
        if self.is_wanted():
            limits = self.source.limits.read_limits(self.domain)
            if limits is not None:
                self.target.limits.write_limits(self.domain, limits)
        elif self.is_needed and self.target.limits.has_limits(self.domain):
            self.target.limits.delete_limits(self.domain)

    def compare(self, found: ConvertedDomain) -> bool:
        """Whether both have the same."""
        if not self.is_needed:
            return True
        found.limits = self.is_wanted()
        if found.limits != self.target.limits.has_limits(self.domain):
            return False
        if not found.limits:
            return True
        ours, theirs = (site.limits.read_limits(self.domain) for site in (self.source, self.target))
        return ours == theirs


class LoginCopy(Copy):
    """When and from where the users of a domain last logged in."""

    facet = LAST_AUTH

    def copy(self, users: Sequence[VqPasswd]) -> None:
        """Copy those of some users."""
        if self.is_needed:
            logins = [login for user in users if (login := self._login(user)) is not None]
            if logins:
                self.target.last_auth.restore_last_auths(self.domain, logins)

    def compare(self, found: ConvertedDomain) -> bool:
        """Whether the target has the same times, and no other addresses.

        What it cannot hold, for want of a home or of a wide column, is passed over.
        """
        if not self.is_needed:
            return True
        missing = 0
        for user in self.source.backend.stream(self.domain):
            login = self._login(user)
            if login is None:
                continue
            copied = self.target.last_auth.read_last_auth(self.domain, user)
            if copied is None:
                missing += 1
            elif copied[1] != login[2] or copied[0] not in ("", login[1]):
                return False
            else:
                found.logins += 1
        if missing:
            found.passed_over.append(f"{missing} last logins")
        return True

    def _login(self, user: VqPasswd) -> tuple[VqPasswd, str, int] | None:
        try:
            login = self.source.last_auth.read_last_auth(self.domain, user)
        except OSError as error:
            raise BackendUnavailable(user.pw_dir, error.strerror or "") from error
        return None if login is None else (user, *login)


class CounterCopy(Copy):
    """The state of directory hashing. It is advice: nothing is compared."""

    facet = DIR_CONTROL

    def copy(self, directory: Directory, users: int) -> None:
        """Copy it, or keep what the target has, with the number of users as they are now."""
        if not self.is_needed:
            return
        key = self.domain.realdomain
        present = self.target.dir_control.read_dir_control(key, directory)
        state = self.source.dir_control.read_dir_control(key, directory) or present
        if state is not None:
            state.cur_users = users
            self.target.dir_control.write_dir_control(key, directory, state)
