"""Rules about reading files of records: where the C readers stop short or lose lines."""

from __future__ import annotations

from typing import Any

from .scenario import Step
from .world import World

_C_LIMITS_BUFFER = 2048
_FIELDS = 7


def whole_listing(step: Step, world: World) -> Step:
    """In C a line of vpasswd with fewer than seven fields ends a listing; we pass it over."""
    if not step.calls("vgetent", "getall_names", "vauth_getall"):
        return step
    path = str(step.args[0])
    if step.name != "vgetent":
        path = f"{world.domain_dir(path)}/vpasswd"
    entry = world.before.get(path)
    lines = entry.text.split("\n")[:-1] if entry else []
    users = [user_of(line) for line in lines if line.count(":") >= _FIELDS - 1]
    if len(users) == len(lines):
        return step
    if step.name == "vauth_getall":
        return step.expecting(pw=_next(path, step.args[1], users, world))
    if step.name == "getall_names":
        return step.expecting(list=[user["pw_name"] for user in users])
    return step.expecting(list=users)


def _next(path: str, first: int, users: list[Any], world: World) -> Any:
    """The user that a listing gives next, or None at its end."""
    at = world.listed[path] = 0 if first else world.listed[path] + 1
    return users[at] if at < len(users) else None


def user_of(line: str) -> dict[str, Any]:
    """The entry that a line of vpasswd holds."""
    name, crypted, uid, gid, gecos, home, quota, *clear = line.split(":", _FIELDS)
    return {
        "pw_name": name,
        "pw_passwd": crypted,
        "pw_uid": int(uid),
        "pw_gid": int(gid),
        "pw_flags": int(gid),
        "pw_gecos": gecos,
        "pw_dir": home,
        "pw_shell": quota,
        "pw_clear_passwd": "".join(clear),
    }


def large_limits(step: Step, world: World) -> Step:
    """The C reader loses lines of a file that is larger than its buffer."""
    if not step.calls("vlimits_read_limits_file"):
        return step
    entry = world.before.get(str(step.args[0]))
    if entry is None or len(entry.text) <= _C_LIMITS_BUFFER:
        return step
    limits = dict(step.result["limits"])
    for line in entry.text.split("\n"):
        words = line.replace(":", " ").split()
        if len(words) == 2 and line.startswith(words[0]) and words[0] in limits:
            limits[words[0]] = int(words[1])
    return step.expecting(limits=limits)
