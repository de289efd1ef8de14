"""Rules about single files: owners, modes, salts, what varies from run to run."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from .compare import as_lines
from .model import Entry
from .passwords import same_hash, same_lines
from .world import World

_TIGHT = (0o600, 0o700)
_VARYING = {
    "{TIME}.{PID}.{HOST}": r"\d{9,}\.[0-9A-Za-z_-]+\.[^,:/\s]+",
    "{TIME}": r"\d{9,}",
    "{NOW}": r"\d{9,}",
    "{PID}": r"\d+",
    "{HOST}": r"\S+",
    "{CTIME}": r"\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}",
    "{DATE}": r"[^\n]+",
    "{PASSWORD}": r"[a-zA-Z0-9.@!#%*]+",
}
_TOKEN = re.compile("|".join(re.escape(name) for name in _VARYING))


def random_salts(
    path: str, want: Entry | None, have: Entry | None, world: World
) -> Entry | None:
    """vpasswd and its copies may hold other crypt strings of the same passwords."""
    name = posixpath.basename(path)
    if name == "sqwebmail-pass" and want is not None and have is not None:
        same = same_hash(want.text.strip(), have.text.strip(), world.clear_passwords)
        return replace(want, data=have.data) if same and have.text.startswith("\t") else want
    if want is None or have is None or name not in ("vpasswd", "vpasswd.cdb"):
        return want
    if want.records is None or have.records is None:
        if same_lines(want.text, have.text, world.clear_passwords):
            return replace(want, data=have.data)
    elif same_lines(
        as_lines(want.records), as_lines(have.records), world.clear_passwords
    ):
        return replace(want, records=have.records, digest=None, raw=None)
    return want


def moments(
    path: str, want: Entry | None, have: Entry | None, world: World
) -> Entry | None:
    """Where a recording has a placeholder for a time, a process or a host, any will do."""
    if want is None or have is None or want.data is None or have.data is None:
        return want
    if _TOKEN.search(want.text) and pattern(want.text).fullmatch(have.text):
        return replace(want, data=have.data)
    return want


def pattern(text: str) -> re.Pattern[str]:
    """What a recorded text with placeholders matches."""
    parts, at = [], 0
    for found in _TOKEN.finditer(text):
        parts += [re.escape(text[at : found.start()]), _VARYING[found.group()]]
        at = found.end()
    return re.compile("".join(parts) + re.escape(text[at:]), re.DOTALL)


def scratch_paths(
    path: str, want: Entry | None, have: Entry | None, world: World
) -> Entry | None:
    """The bytes of a cdb file are unknown where its records name the scratch directory."""
    if want is None or want.digest is None:
        return want
    if any(b"{TMP}" in part for record in want.records or () for part in record):
        return replace(want, digest=None, raw=None)
    return want


def tighter_modes(
    path: str, want: Entry | None, have: Entry | None, world: World
) -> Entry | None:
    """What the library makes below the site may be 0600 and 0700 where C was looser."""
    if want is None or have is None or want.mode is None or have.mode not in _TIGHT:
        return want
    if path.startswith("{QMAILDIR}") or path in world.setup or have.mode & ~want.mode:
        return want
    return replace(want, mode=have.mode)


def lock_files(
    path: str, want: Entry | None, have: Entry | None, world: World
) -> Entry | None:
    """Which lock files there are is not compared; they are empty, 0600, of their directory's owner."""
    if not path.endswith(".lock"):
        return want
    if have is None:
        return None
    return Entry("file", 0o600, owner_of_directory(path, world), b"")


def free_list(path: str, entry: Entry, world: World) -> Entry | None:
    """The list of free directories belongs to the domain."""
    if posixpath.basename(path) != ".dir_control_free" or path in world.setup:
        return entry
    return replace(entry, owner=owner_of_directory(path, world), mode=0o600)


def limits_file(path: str, entry: Entry, world: World) -> Entry | None:
    """The limits are 0600 and the domain's from the start, and reading them changes neither."""
    if posixpath.basename(path) != ".qmailadmin-limits":
        return entry
    if path in world.setup and path in world.expected:
        ours = world.expected[path]
        return replace(entry, owner=ours.owner, mode=ours.mode)
    return replace(entry, owner=owner_of_directory(path, world), mode=0o600)


def readable_control(path: str, entry: Entry, world: World) -> Entry | None:
    """qmail's programs can read what we write for them."""
    control = posixpath.dirname(path) == "{QMAILDIR}/control" and not path.endswith(
        ".lock"
    )
    if control and entry.mode == 0o600 and path not in world.setup:
        return replace(entry, mode=0o644)
    return entry


def no_leftovers(path: str, entry: Entry, world: World) -> Entry | None:
    """A temporary file that C forgot is not there."""
    name = posixpath.basename(path)
    if path == "{QMAILDIR}/users/cdb.tmp":
        return None
    return None if "{PID}" in name and "{TIME}" not in name else entry


def owner_of_directory(path: str, world: World) -> str | None:
    """The owner of the directory that a path is in."""
    parent = posixpath.dirname(path)
    above = world.actual.get(parent) or world.expected.get(parent)
    return above.owner if above else None
