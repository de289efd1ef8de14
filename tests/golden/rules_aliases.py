"""Rules about aliases: their names and files, what C cuts or loses in them."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from .model import Entry
from .scenario import Step
from .world import World

_PREFIX = ".qmail-"
_DEFAULT = ".qmail-default"
_C_LINE = 159  # characters that fit in C's buffer for a delivery line
_SELECTS = ("valias_select", "valias_select_all", "valias_select_names")


def small_names(step: Step, world: World) -> Step:
    """An alias is in lower case; C keeps and finds it as it was written."""
    if not step.calls(*_SELECTS) or "verrori" in step.result:
        return step
    if step.name != "valias_select":
        found = [_folded(one) for one in step.result["list"]]
        return step if found == step.result["list"] else step.expecting(list=found)
    path = _path(step, world)
    if path in world.before and path != _path(step, world, fold=False):
        return step.expecting(list=_lines(world.before[path]))
    return step


def small_files(path: str, entry: Entry, world: World) -> Entry | None:
    """The file of an alias has a name that qmail looks for: lower case, colons for dots."""
    name = posixpath.basename(path)
    proper = _file(name.removeprefix(_PREFIX))
    if not name.startswith(_PREFIX) or name == proper or path in world.setup:
        return entry
    world.moved[f"{posixpath.dirname(path)}/{proper}"] = entry
    return None


def put_moved(world: World) -> None:
    """Expect the files where we have them."""
    world.expected.update(world.moved)
    world.moved.clear()


def whole_lines(step: Step, world: World) -> Step:
    """C cuts long lines into pieces, and an empty file ends its listing of all aliases."""
    if world.has_alias_table:
        return step
    if step.calls("valias_select"):
        lines = _lines(world.before.get(_path(step, world)))
        cut = any(len(line) >= _C_LINE for line in lines)
        return step.expecting(list=lines) if cut else step
    if not step.calls("valias_select_all"):
        return step
    files = _files(str(step.args[0]), world)
    odd = [_is_odd(entry) for entry in files.values()]
    pairs = [[alias, line] for alias in sorted(files) for line in _lines(files[alias])]
    return step.expecting(list=pairs) if any(odd) else step


def exact_removal(step: Step, world: World) -> Step:
    """C removes every line that begins with the one given; we remove that one."""
    calls = ("valias_insert", "valias_remove", "valias_delete", "valias_select")
    if world.has_alias_table or not step.calls(*calls):
        return step
    path = _path(step, world)
    ours = _lines(world.before.get(path))
    if step.name == "valias_select":
        return step.expecting(list=ours) if path in world.alias_lines else step
    if step.result.get("rc") != 0:
        return step
    theirs = world.alias_lines.pop(path, (ours, ours))[0]
    line = str(step.args[-1])
    if step.name == "valias_remove":
        theirs = [one for one in theirs if not one.startswith(line)]
        ours = [one for one in ours if one != line]
        world.alias_lines[path] = (theirs, ours)
    elif step.name == "valias_insert" and theirs != ours:
        world.alias_lines[path] = ([*theirs, line], [*ours, line])
    return step


def kept_lines(path: str, entry: Entry, world: World) -> Entry | None:
    """The file has the lines that C lost, and keeps its owner, which C makes the caller."""
    if path not in world.alias_lines or entry.data is None:
        return entry
    theirs, ours = world.alias_lines[path]
    if _lines(entry) != theirs:
        return entry
    was = world.before.get(path, entry)
    text = "".join(f"{line}\n" for line in ours)
    return replace(entry.with_text(text), owner=was.owner)


def _path(step: Step, world: World, *, fold: bool = True) -> str:
    """The file of the alias that a call is about."""
    alias, domain = str(step.args[0]), str(step.args[1])
    name = _file(alias) if fold else _PREFIX + alias.replace(".", ":")
    return f"{world.domain_dir(domain)}/{name}"


def _file(alias: str) -> str:
    return _PREFIX + alias.lower().replace(".", ":")


def _files(domain: str, world: World) -> dict[str, Entry]:
    """Our files of a domain's aliases, by alias."""
    start = f"{world.domain_dir(domain)}/{_PREFIX}"
    return {
        path.removeprefix(start).replace(":", "."): entry
        for path, entry in world.before.items()
        if path.startswith(start) and posixpath.basename(path) != _DEFAULT
    }


def _lines(entry: Entry | None) -> list[str]:
    return entry.text.split("\n")[:-1] if entry is not None else []


def _is_odd(entry: Entry) -> bool:
    return not entry.data or any(len(line) >= _C_LINE for line in _lines(entry))


def _folded(one: object) -> object:
    """A name, or a pair of name and line, with the name in lower case."""
    if isinstance(one, str):
        return one.lower()
    assert isinstance(one, list)
    return [str(one[0]).lower(), *one[1:]]
