"""Rules about users, their homes and the directories that homes are put in."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from . import dir_control as control
from .model import Entry
from .scenario import Step
from .vpasswd_lines import edited_entry, line_of
from .world import World

_ILLEGAL_USERNAME = -1
_CANNOT_DELETE_CATCHALL = -55
_AFTER_COUNTING = (-3, -4, -7, -23)  # codes of vadduser after C has counted the user
_BACKFILL_DELETED = 2
_RESERVED = ("vpasswd", "cdb.tmp", "lost+found")
_RESERVED_STARTS = (
    "vpasswd.", ".vpasswd", ".vpopmail", ".qmail", ".dir-control", ".dir_control",
    ".no-user.msg", ".over-quota.msg", ".quotawarn.msg",
)  # fmt: skip
_IN_PLACE = ("lowerit", "extract_domain", "vset_default_domain")
_C_FOLDS = 156


def arguments_kept(step: Step, world: World) -> Step:
    """Where C changes its arguments our result is a value of its own or nothing."""
    if "strings_after" in step.result and not step.calls(*_IN_PLACE):
        return step.without(frozenset(("strings_after",)))
    return step


def no_crash(step: Step, world: World) -> Step:
    """A recorded crash is not imitated, and nothing is known of the right answer."""
    return replace(step, result={}) if "signal" in step.result else step


def lowerit_whole(step: Step, world: World) -> Step:
    """C cuts the string where its folding stops."""
    if not step.calls("lowerit") or len(step.args[0]) <= _C_FOLDS:
        return step
    text = step.args[0]
    return step.expecting(
        strings_after=["".join(c.lower() if c.isascii() else c for c in text)]
    )


def random_passwords(step: Step, world: World) -> Step:
    """The call itself looks at length and characters."""
    if not step.calls("vrandom_pass", "vgen_pass"):
        return step
    return step.without(frozenset(("value",)))


def is_refused(name: str) -> bool:
    """Whether no new user may have this name, though its characters pass."""
    name = name.lower()
    reserved = name in _RESERVED or name.startswith(_RESERVED_STARTS)
    return not name or "/" in name or name in (".", "..") or reserved


def strict_names(step: Step, world: World) -> Step:
    """A name that is a path, or that of a file of the domain, is refused; C counts it at least."""
    codes = (0, *_AFTER_COUNTING)
    if not step.calls("vadduser") or step.result.get("rc") not in codes:
        return step
    if not is_refused(str(step.args[0])):
        return step
    name, directory = str(step.args[0]).lower(), world.domain_dir(str(step.args[1]))
    if directory is not None:
        _shift(directory, -1, world)
        if step.result["rc"] == 0:
            world.strangers.setdefault(directory, set()).add(name)
            world.phantoms.add(posixpath.normpath(f"{directory}/{name}"))
    return (
        world.refuse(step)
        .without(frozenset(("verrori",)))
        .expecting(rc=_ILLEGAL_USERNAME)
    )


def failed_add(step: Step, world: World) -> Step:
    """C counts a user, and makes lock files, before it fails."""
    failed = step.calls("vadduser") and step.result.get("rc", 0) < 0
    home = step.calls("make_user_dir") and step.result.get("value", "") is None
    directory = world.domain_dir(str(step.args[1])) if failed or home else None
    if directory is None:
        return step
    if home or step.result["rc"] in _AFTER_COUNTING:
        _shift(directory, -1, world)
    return world.refuse(step)


def _shift(directory: str, by: int, world: World) -> None:
    if world.build != "nobigdir":
        world.counter_shift[f"{directory}/.dir-control"] += by


def is_catch_all(user: str, domain: str, directory: str, line: str) -> bool:
    """Whether the line of .qmail-default gives the mail of unknown users to this one."""
    head, found, action = line.partition("''")
    action = action.strip()
    if "vdelivermail" not in head or not found:
        return False
    if action.startswith(("/", "{")):
        return directory in action and posixpath.basename(action.rstrip("/")) == user
    return action.lower() == f"{user}@{domain}"


def _protected(user: str, domain: str, world: World) -> str | None:
    """The directory of the domain, if the user is its catch-all."""
    directory = world.domain_dir(domain)
    default = world.before.get(f"{directory}/.qmail-default")
    if directory is None or default is None:
        return None
    line = default.text.partition("\n")[0]
    return directory if is_catch_all(user, domain, directory, line) else None


def catch_all(step: Step, world: World) -> Step:
    """In C the protection works only with a blank behind the action; then the user is kept."""
    if not step.calls("vdeluser", "isCatchall"):
        return step
    user, domain = str(step.args[0]).lower(), str(step.args[1]).lower()
    directory = _protected(user, domain, world)
    if directory is None or step.result.get("rc") != 0:
        return step
    if step.name == "isCatchall":
        return step.expecting(rc=1)
    stored = world.before.get(f"{directory}/vpasswd")
    line = line_of(stored.text, user) if stored else None
    if line is None:
        return step
    world.kept.setdefault(directory, {})[user] = line
    _shift(directory, +1, world)
    return world.refuse(step).expecting(rc=_CANNOT_DELETE_CATCHALL)


def users_that_differ(path: str, entry: Entry, world: World) -> Entry | None:
    """vpasswd without the users that only C has, with those that only we still have."""
    directory, name = posixpath.split(path)
    if any(path == only or path.startswith(f"{only}/") for only in world.phantoms):
        return None
    strangers, kept = (
        world.strangers.get(directory, set()),
        world.kept.get(directory, {}),
    )
    if name in ("vpasswd", "vpasswd.cdb") and (strangers or kept):
        return edited_entry(entry, strangers, kept)
    return entry


def freed_place(step: Step, world: World) -> Step:
    """C finds the freed directory by the first place in the path where the user's name occurs."""
    home = _home_given_up(step, world)
    directory = world.domain_dir(str(step.args[1])) if home else None
    if home is None or directory is None or step.changes is None:
        return step
    right = posixpath.dirname(posixpath.relpath(home, directory))
    path = f"{directory}/.dir_control_free"
    noted = next((c["text"] for c in step.changes if c["path"] == path), "").split(
        "\n"
    )[-2:-1]
    if noted == ([right] if right else []):
        return step
    world.places_freed.setdefault(path, []).append(("".join(noted), right))
    return step.expecting(value=right or None) if step.calls("backfill") else step


def _home_given_up(step: Step, world: World) -> str | None:
    """The home that a step takes away from a user."""
    if step.calls("backfill"):
        return step.args[2] if step.args[3] == _BACKFILL_DELETED else None
    if not step.calls("vdeluser") or step.result.get("rc") != 0:
        return None
    stored = world.before.get(f"{world.domain_dir(str(step.args[1]))}/vpasswd")
    line = line_of(stored.text, str(step.args[0]).lower()) if stored else None
    return line.split(":")[5] if line else None


def free_places(path: str, entry: Entry, world: World) -> Entry | None:
    """The list of free directories with those that were freed in truth."""
    lines = entry.text.split("\n")
    for noted, right in world.places_freed.get(path, ()):
        if noted in lines and noted:
            lines[lines.index(noted)] = right
        elif right and right not in lines:
            lines.insert(len(lines) - 1, right)
    text = "\n".join(line for line in lines[:-1] if line)
    return (
        entry.with_text(f"{text}\n" if text else "")
        if path in world.places_freed
        else entry
    )


def read_dir_control(step: Step, world: World) -> Step:
    """The state that is read, with its numbers as they should be."""
    if not step.calls("read_dir_control"):
        return step
    directory = world.domain_dir(str(step.args[0])) or "{VPOPMAILDIR}/domains"
    path = f"{directory}/.dir-control"
    state = control.state_for_us(path, step.result, world.counter_shift)
    return step if state == step.result else replace(step, result=state)


def dir_control(path: str, entry: Entry, world: World) -> Entry | None:
    """The file, with its numbers as they should be."""
    if posixpath.basename(path) != ".dir-control" or path in world.setup:
        return entry
    text = control.text_for_us(path, entry.text, world.counter_shift)
    if (
        text.startswith("0\n")
        and not entry.text.startswith("0\n")
        and path not in world.expected
    ):
        return None  # C counted nothing but what had failed
    return entry.with_text(text)


def no_hashing(path: str, entry: Entry, world: World) -> Entry | None:
    """Without hashed directories no users are counted and no places become free."""
    directory, name = posixpath.split(path)
    domains = directory.endswith("/domains")
    if world.build == "nobigdir" and name.startswith(
        (".dir-control", ".dir_control_free")
    ):
        return entry if domains else None
    return entry
