"""Rules about domains: their names, their lines in qmail's files."""

from __future__ import annotations

from dataclasses import replace

from .control_files import USERS_CDB, drop_names, whole_lines
from .model import TRADITIONAL
from .scenario import Step
from .world import World

_INVALID_DOMAIN_NAME = -12
_LABEL = 63
_C_LINE = 299  # characters that fit in C's buffer for a line of users/assign
_VPOPMAIL = 89
_COUNTER = "{VPOPMAILDIR}/domains/.dir-control"  # counts the domains of that uid
_ADDS = ("vadddomain", "vaddaliasdomain")


def is_well_formed(name: str) -> bool:
    """Whether no label is empty, too long or has a hyphen at an end."""
    labels = name.split(".")
    return all(0 < len(x) <= _LABEL and x[0] != "-" and x[-1] != "-" for x in labels)


def strict_names(step: Step, world: World) -> Step:
    """A new domain with an empty or malformed label is refused; C takes it and counts it."""
    if not step.calls(*_ADDS) or step.result.get("rc") != 0:
        return step
    name = str(step.args[0]).lower()
    if is_well_formed(name):
        return step
    world.gone.add(name)
    if step.name == "vadddomain":
        world.phantoms.add(f"{step.args[1]}/domains/{name}")
        if step.args[2] == _VPOPMAIL:
            world.counter_shift[_COUNTER] -= 1
    return world.refuse(step).expecting(rc=_INVALID_DOMAIN_NAME)


def failed_add(step: Step, world: World) -> Step:
    """What a failing vadddomain leaves in C (a counter file, hash directories, lines) is not there."""
    if step.calls(*_ADDS) and step.result.get("rc", 0) < 0 and step.changes:
        return world.refuse(step)
    return step


def names_of_deleted(step: Step, world: World) -> Step:
    """Note every name that goes with a domain, and forget those that come back."""
    if step.calls(*_ADDS) and step.result.get("rc") == 0:
        world.gone.discard(str(step.args[0]).lower())
    if step.calls("vdeldomain") and step.result.get("rc") == 0:
        name = str(step.args[0]).lower()
        world.gone |= {name} if world.is_alias(name) else world.names_of(name)
    return step


def drop_gone(world: World) -> None:
    """Take out what C has left of domains that are gone."""
    if world.gone:
        drop_names(world.expected, world.gone)


def long_lines(step: Step, world: World) -> Step:
    """Note the whole line where C has cut it."""
    if not step.calls(*_ADDS) or step.result.get("rc") != 0 or step.data.get("times"):
        return step
    name = str(step.args[0]).lower()
    if step.name == "vadddomain":
        _, base, uid, gid = step.args
        line = f"+{name}-:{name}:{uid}:{gid}:{base}/domains/{name}:-::"
    else:
        real = next(
            (f for f in world.assign_lines() if f[0] == f"+{step.args[1]}-"), None
        )
        if real is None:
            return step
        line = ":".join([f"+{name}-", *real[1:]])
    recorded = line
    for placeholder, path in TRADITIONAL.items():
        recorded = recorded.replace(placeholder, path)
    if len(recorded) > _C_LINE:
        world.whole_lines[name] = line
        if world.has_database:
            world.only_ours.add(name)
    return step


def restore_lines(world: World) -> None:
    """Make lines of users/assign whole again, and users/cdb with them."""
    whole_lines(world.expected, world.whole_lines)


def looked_up_afresh(step: Step, world: World) -> Step:
    """C answers from its memory; we answer what users/cdb says now."""
    if not step.calls("vget_assign") or step.result.get("value") is None:
        return step
    cdb = world.before.get(USERS_CDB)
    key = f"!{step.args[0].lower()}-".encode("latin-1", "replace")
    if cdb is not None and any(found == key for found, _ in cdb.records or ()):
        return step
    return replace(step, result={"value": None})
