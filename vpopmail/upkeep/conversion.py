"""What a conversion did, and the note of those that are not finished."""

from __future__ import annotations

import attrs

from vpopmail.formats.text import split_lines, to_bytes, to_text
from vpopmail.log import reason
from vpopmail.safeio.directory import Owner, open_trusted
from vpopmail.safeio.locks import FileLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from vpopmail.errors import VpopmailError
    from vpopmail.settings import Settings

    Progress = Callable[[str, int], object]

WHOLE_SITE = "*"
_FILE = "converting"
_LOCK = ".converting.lock"


@attrs.define
class ConvertedDomain:
    """What was copied of one domain; with a dry run, what would be.

    Attributes:
        domain: the real domain.
        users, aliases, logins: how many are in the target now, as in the source.
        limits: whether it has limits of its own that were copied.
        passed_over: what the target cannot hold, in words; nothing that would change who can log
            in or where mail goes.
    """

    domain: str
    users: int = 0
    aliases: int = 0
    logins: int = 0
    limits: bool = False
    passed_over: list[str] = attrs.field(factory=list)


@attrs.define
class Converted:
    """What a conversion did.

    Attributes:
        source, target: where from and where to, for people.
        domains: those that were copied and then compared, by count and content.
        failed: why the others were not, by domain; ``*`` stands for what is of no domain.
        ip_maps, relays, log_lines: how many of these were copied; None: none had to be, since
            the same files serve both, or one of the two keeps no log.
        dry_run: whether it was only looked.
    """

    source: str
    target: str
    domains: list[ConvertedDomain] = attrs.field(factory=list)
    failed: dict[str, VpopmailError | OSError] = attrs.field(factory=dict)
    ip_maps: int | None = None
    relays: int | None = None
    log_lines: int | None = None
    dry_run: bool = False

    def __str__(self) -> str:
        lines = [f"from {self.source} to {self.target}"]
        for one in self.domains:
            lines.append(f"{one.domain}: {one.users} users, {one.aliases} aliases")
            lines += [f"{one.domain}: passed over: {what}" for what in one.passed_over]
        lines += [f"{domain}: failed: {reason(error)}" for domain, error in self.failed.items()]
        return "\n".join(lines)


class Unfinished:
    """The domains that a conversion has begun to write, kept in etc: it may go on with them.

    Args:
        settings: of the site.
        target: where it writes.

    Within ``with`` no other conversion of the site runs.
    """

    def __init__(self, settings: Settings, target: str) -> None:
        self.target = target
        owner = Owner(settings.uid, settings.gid)
        self.owner = owner
        self.directory = open_trusted(settings.etc_path("").rstrip("/"), sync=settings.sync)
        self.lock = FileLock(self.directory, _LOCK, settings.lock_timeout, owner)

    def __enter__(self) -> Self:
        try:
            self.lock.acquire()
        except BaseException:
            self.directory.close()
            raise
        self.lines = [to_text(line) for line in split_lines(self.directory.read(_FILE) or b"")]
        return self

    def __exit__(self, *exception: object) -> None:
        self.lock.release()
        self.directory.close()

    def has(self, domain: str) -> bool:
        """Whether what the target has of a domain comes from a conversion that was cut off."""
        return self._line(domain) in self.lines

    def begin(self, domain: str) -> None:
        """Note that a domain is going to be written."""
        if not self.has(domain):
            self._write([*self.lines, self._line(domain)])

    def end(self, domain: str) -> None:
        """Note that it is as it should be."""
        if self.has(domain):
            self._write([line for line in self.lines if line != self._line(domain)])

    def _line(self, domain: str) -> str:
        return f"{domain}\t{self.target}"

    def _write(self, lines: list[str]) -> None:
        if lines:
            content = to_bytes("".join(f"{line}\n" for line in lines))
            self.directory.replace(_FILE, [content], self.owner)
        else:
            self.directory.remove(_FILE)
            self.directory.flush()
        self.lines = lines
