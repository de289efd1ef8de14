"""Comparing an expected tree with what is there: strictly, once the rules have been asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .model import TRADITIONAL, Entry, Records, Tree, read_cdb

# The expected entry of a path, brought nearer to the actual one where a rule allows it.
Tolerates = Callable[[str, Entry | None, Entry | None], Entry | None]


def strictly(path: str, want: Entry | None, have: Entry | None) -> Entry | None:
    """Tolerate nothing."""
    return want


@dataclass(frozen=True)
class Difference:
    """One path that is not as it should be."""

    path: str
    what: str
    expected: object
    actual: object

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.what}: expected {self.expected!r}, is {self.actual!r}"
        )


def compare(
    expected: Tree, actual: Tree, tolerates: Tolerates = strictly
) -> list[Difference]:
    """All differences between two trees that are not tolerated."""
    found: list[Difference] = []
    for path in sorted(expected.keys() | actual.keys()):
        want, have = expected.get(path), actual.get(path)
        if any(True for _ in compare_entry(path, want, have)):
            found += compare_entry(path, tolerates(path, want, have), have)
    return found


def compare_entry(
    path: str, want: Entry | None, have: Entry | None
) -> Iterator[Difference]:
    """The differences of one path."""
    if want is None or have is None:
        if want is not have:
            yield Difference(path, "presence", _brief(want), _brief(have))
        return
    for what in ("kind", "mode", "owner", "data", "records", "target", "links"):
        left, right = getattr(want, what), getattr(have, what)
        if left != right:
            yield Difference(path, what, _shown(what, left), _shown(what, right))
    if want.records is not None and want.records == have.records:
        yield from _compare_bytes(path, want, have)


def _compare_bytes(path: str, want: Entry, have: Entry) -> Iterator[Difference]:
    """The bytes of a cdb file: those our writer makes of the records, and the recorded ones.

    The recorded ones hold other paths; so they are compared with what our writer makes of the
    records with those paths.
    """
    if have.raw is None:
        return
    if build_cdb(read_cdb(have.raw)) != have.raw:
        yield Difference(path, "bytes", "what cdbmake would write", have.raw)
    if want.digest is not None:
        raw = build_cdb(traditional(want.records or ()))
        digest = hashlib.sha256(raw).hexdigest()
        if digest != want.digest:
            yield Difference(path, "bytes (sha256)", want.digest, digest)
        if want.raw is not None and raw != want.raw:
            yield Difference(path, "bytes", want.raw, raw)


def build_cdb(records: Records) -> bytes:
    """A cdb file, written by the library."""
    from vpopmail.formats import cdb

    return bytes(cdb.build(records))


def traditional(records: Records) -> Records:
    """Records with the paths that the recorded file was written with."""
    return tuple((_put_back(key), _put_back(value)) for key, value in records)


def _put_back(data: bytes) -> bytes:
    for name, path in TRADITIONAL.items():
        data = data.replace(name.encode(), path.encode())
    return data


def as_lines(records: Records) -> str:
    """Records as lines ``key:value``, as vpasswd has them."""
    return "".join(f"{k.decode('latin-1')}:{v.decode('latin-1')}\n" for k, v in records)


def _brief(entry: Entry | None) -> str:
    if entry is None:
        return "nothing"
    content = f" {entry.data[:200]!r}" if entry.data is not None else ""
    return f"{entry.kind}{content}"


def _shown(what: str, value: object) -> object:
    return f"{value:04o}" if what == "mode" and isinstance(value, int) else value
