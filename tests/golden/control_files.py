"""Editing what recordings say about qmail's files: a name less, a line whole."""

from __future__ import annotations

from collections.abc import Collection

from .model import Entry, Records, Tree

ASSIGN = "{QMAILDIR}/users/assign"
USERS_CDB = "{QMAILDIR}/users/cdb"
RCPTHOSTS = "{QMAILDIR}/control/rcpthosts"
MORE = "{QMAILDIR}/control/morercpthosts"
VIRTUAL = "{QMAILDIR}/control/virtualdomains"
_END = "."  # of users/assign
FILES = (ASSIGN, RCPTHOSTS, MORE, VIRTUAL)


def name_in(path: str, line: str) -> str:
    """The domain that a line of one of the files is about."""
    first = line.partition(":")[0]
    return first[1:-1] if path == ASSIGN else first


def without(path: str, text: str, names: Collection[str]) -> str:
    """The file without the lines of some domains."""
    *lines, end = text.split("\n")
    kept = [line for line in lines if line == _END or name_in(path, line) not in names]
    return "\n".join([*kept, end])


def drop_names(tree: Tree, names: Collection[str]) -> None:
    """Take domains out of all files; an empty morercpthosts goes with its cdb."""
    for path in FILES:
        if path in tree:
            tree[path] = tree[path].with_text(without(path, tree[path].text, names))
    if MORE in tree and not tree[MORE].text:
        tree.pop(MORE)
        tree.pop(f"{MORE}.cdb", None)
    more = tree.get(f"{MORE}.cdb")
    if more is not None:
        left = (r for r in more.records or () if r[0].decode("latin-1") not in names)
        tree[f"{MORE}.cdb"] = more.with_records(tuple(left))
    rebuild_users(tree)


def add_names(tree: Tree, lines: dict[str, str]) -> None:
    """Put domains into all files: name -> line of users/assign."""
    for path in (ASSIGN, RCPTHOSTS, VIRTUAL):
        entry = tree.get(path)
        if entry is None:
            continue
        *old, end = entry.text.split("\n")
        there = {name_in(path, line) for line in old}
        new = [_line_for(path, name, lines[name]) for name in lines if name not in there]
        rest = sorted([line for line in old if line != _END] + new)
        tree[path] = entry.with_text("\n".join([*rest, *(line for line in old if line == _END), end]))
    rebuild_users(tree)


def _line_for(path: str, name: str, assign: str) -> str:
    return {ASSIGN: assign, RCPTHOSTS: name}.get(path, f"{name}:{name}")


def whole_lines(tree: Tree, lines: dict[str, str]) -> None:
    """Put lines of users/assign back that were cut: name -> the whole line."""
    entry = tree.get(ASSIGN)
    if entry is None or not lines:
        return
    text = [lines.get(name_in(ASSIGN, line), line) for line in entry.text.split("\n")]
    tree[ASSIGN] = entry.with_text("\n".join(text))
    rebuild_users(tree)


def rebuild_users(tree: Tree) -> None:
    """Make users/cdb what users/assign says."""
    assign, cdb = tree.get(ASSIGN), tree.get(USERS_CDB)
    if assign is None:
        return
    records = users_of(assign.text)
    if cdb is None:
        tree[USERS_CDB] = Entry("file", 0o644, assign.owner, records=records)
    else:
        tree[USERS_CDB] = cdb.with_records(records)


def users_of(assign: str) -> Records:
    """The records that qmail-newu makes of users/assign."""
    records: list[tuple[bytes, bytes]] = []
    wild = b""
    for line in assign.split("\n"):
        if line == ".":
            break
        fields = line.encode("utf-8", "surrogateescape").split(b":")
        if len(fields) < 8 or not fields[0].startswith((b"+", b"=")):
            continue
        name = fields[0][1:]
        exact = fields[0].startswith(b"=")
        records.append(
            (b"!" + name + (b"\0" if exact else b""), b"\0".join(fields[1:7]))
        )
        if not exact and name[-1:] not in wild:
            wild += name[-1:]
    return (*records, (b"", wild))
