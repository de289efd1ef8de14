"""Rules about entries of users that are stored or read on their own, and the script etc/onchange."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any

from .model import Entry
from .rules_records import user_of
from .scenario import Step
from .vpasswd_lines import line_of, records_of
from .world import World

_BAD_CHAR = -20
_USERNAME_EXISTS = -2
# Where the members of an entry stand in its line.
_FIELDS = {
    "pw_passwd": 1, "pw_uid": 2, "pw_gid": 3, "pw_gecos": 4, "pw_dir": 5, "pw_shell": 6,
    "pw_clear_passwd": 7,
}  # fmt: skip
_LAST = 7
_LINE_MEMBERS = ("pw_passwd", "pw_gecos", "pw_dir", "pw_shell")


def colons_refused(step: Step, world: World) -> Step:
    """C takes colons out of a field, not all of them; we refuse the whole entry."""
    if not step.calls("modpw") or step.result.get("rc") != 0:
        return _with_our_fields(step, world)
    user, domain, values = str(step.args[0]), str(step.args[1]), step.args[2]
    directory = world.domain_dir(domain)
    stored = world.before.get(f"{directory}/vpasswd")
    line = line_of(stored.text, user) if stored else None
    kept = world.fields.setdefault(directory or "", {}).setdefault(user, {})
    if line is None or not any(":" in values.get(name, "") for name in _LINE_MEMBERS):
        for name in values:
            kept.pop(_FIELDS[name], None)
        return step
    ours = line.split(":", _LAST)
    for name in values:
        kept[_FIELDS[name]] = ours[_FIELDS[name]]
    return world.refuse(step).expecting(rc=_BAD_CHAR)


def _with_our_fields(step: Step, world: World) -> Step:
    """A found user with the members that a refused change has left as they were."""
    pw = step.result.get("pw")
    if not step.calls("vauth_getpw") or not pw:
        return step
    kept = world.fields.get(world.domain_dir(str(step.args[1])) or "", {})
    ours = kept.get(pw["pw_name"], {})
    if not ours:
        return step
    told: dict[str, Any] = dict(pw)
    for name, at in _FIELDS.items():
        if at in ours:
            told[name] = type(pw[name])(ours[at])
    return step.expecting(pw=told)


def fields_kept(path: str, entry: Entry, world: World) -> Entry | None:
    """vpasswd with the fields that a refused change has left as they were."""
    directory, name = posixpath.split(path)
    kept = world.fields.get(directory)
    if not kept or name not in ("vpasswd", "vpasswd.cdb"):
        return entry
    if entry.records is None:
        return entry.with_text(_edited(entry.text, kept))
    lines = "".join(
        f"{k.decode('latin-1')}:{v.decode('latin-1')}\n" for k, v in entry.records
    )
    return entry.with_records(records_of(_edited(lines, kept)))


def _edited(text: str, kept: dict[str, dict[int, str]]) -> str:
    lines = []
    for line in text.split("\n"):
        fields = line.split(":", _LAST)
        for at, value in kept.get(fields[0], {}).items():
            fields[at] = value
        lines.append(":".join(fields))
    return "\n".join(lines)


def one_line_each(step: Step, world: World) -> Step:
    """C stores a second line for a user who is there; we refuse it."""
    if step.calls("vauth_adduser") and step.result.get("rc") == 0:
        user, domain, gecos = (str(step.args[at]).lower() for at in (0, 1, 3))
        stored = world.before.get(f"{world.domain_dir(domain)}/vpasswd")
        if stored and line_of(stored.text, user) is not None:
            world.doubles.add((world.domain_dir(domain) or "", user))
            return world.refuse(step).expecting(
                rc=_BAD_CHAR if ":" in gecos else _USERNAME_EXISTS
            )
    if step.calls("getall_names"):
        directory = world.domain_dir(str(step.args[0])) or ""
        names = step.result["list"]
        once = [
            name
            for at, name in enumerate(names)
            if (directory, name) not in world.doubles or name not in names[:at]
        ]
        return step if once == names else step.expecting(list=once)
    return step


def readers_write_nothing(step: Step, world: World) -> Step:
    """In C looking a user up makes a missing vpasswd.cdb, and its lock file."""
    made = {change["path"] for change in step.changes or ()}
    if not step.calls("vauth_getpw") or not made:
        return step
    if all(path.endswith(("/vpasswd.cdb", "/.vpasswd.lock")) for path in made):
        return world.refuse(step)
    return step


def last_line(step: Step, world: World) -> Step:
    """In C a last line without its newline is left out of vpasswd.cdb, so that nobody finds it."""
    if not step.calls("vauth_getpw") or step.result.get("pw", "") is not None:
        return step
    stored = world.before.get(f"{world.domain_dir(str(step.args[1]))}/vpasswd")
    if stored is None or stored.text.endswith("\n"):
        return step
    line = stored.text.rpartition("\n")[2]
    if line.partition(":")[0] != str(step.args[0]).lower():
        return step
    return step.expecting(pw=user_of(line))


def last_record(path: str, entry: Entry, world: World) -> Entry | None:
    """The index with the last line, whether it ends in a newline or not."""
    text = world.before.get(path.removesuffix(".cdb"))
    if not path.endswith("/vpasswd.cdb") or text is None or not entry.records:
        return entry
    line = text.text.rpartition("\n")[2]
    if not line or any(key == line.partition(":")[0].encode() for key, _ in entry.records):
        return entry
    return entry.with_records(entry.records + records_of(line))


def all_are_told(step: Step, world: World) -> Step:
    """C keeps the script off for the vadduser that follows a vadddomain; we tell of all users."""
    if world.build != "onchange" or step.result.get("rc") != 0:
        return step
    if step.calls("vadddomain"):
        world.keeps_silent = True
    elif step.calls("vadduser") and world.keeps_silent:
        world.keeps_silent = False
        told = f"add_user {step.args[0]}@{step.args[1]}\n"
        world.untold.append((len(world.script_log), told))
    return step


def log_of_script(path: str, entry: Entry, world: World) -> Entry | None:
    """What the script of the recorder wrote, with the events that C does not tell of."""
    if not path.endswith("/etc/onchange.log"):
        return entry
    world.script_log = entry.text
    return entry.with_text(_told(world))


def script_was_run(world: World) -> None:
    """The script has written where C did not run it."""
    for path, entry in list(world.expected.items()):
        if path.endswith("/etc/onchange.log"):
            world.expected[path] = replace(entry.with_text(_told(world)))


def _told(world: World) -> str:
    text = world.script_log
    for at, line in reversed(world.untold):
        text = text[:at] + line + text[at:]
    return text
