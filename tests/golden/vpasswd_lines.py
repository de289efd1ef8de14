"""Editing what recordings say about the users of a domain."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .compare import as_lines
from .model import Entry, Records


def edited(text: str, without: Collection[str], also: Mapping[str, str]) -> str:
    """The lines of vpasswd without some users and with others, in order of the names."""
    lines = {line.partition(":")[0]: line for line in text.split("\n") if line}
    for name in without:
        lines.pop(name, None)
    lines.update(also)
    ordered = sorted(
        lines.items(), key=lambda item: item[0].encode("utf-8", "surrogateescape")
    )
    return "".join(f"{line}\n" for _, line in ordered)


def edited_entry(
    entry: Entry, without: Collection[str], also: Mapping[str, str]
) -> Entry:
    """The same for a file, be it the text or the cdb."""
    if entry.records is None:
        return entry.with_text(edited(entry.text, without, also))
    return entry.with_records(
        records_of(edited(as_lines(entry.records), without, also))
    )


def records_of(text: str) -> Records:
    """The records that vpasswd.cdb holds for the lines of vpasswd."""
    split = (line.partition(":") for line in text.split("\n") if line)
    return tuple((n.encode("latin-1"), rest.encode("latin-1")) for n, _, rest in split)


def line_of(text: str, user: str) -> str | None:
    """The line of a user."""
    return next((x for x in text.split("\n") if x.partition(":")[0] == user), None)
