"""Rules about logging in with vchkpw."""

from __future__ import annotations

import posixpath

from .model import Entry
from .scenario import Step
from .vpasswd_lines import edited_entry, line_of
from .world import World

_C_READS = 155  # bytes of descriptor 3
_NO_PASSWORD = 13
_UNKNOWN = 3
_NO_HOME = 6
_DIRECTORY = 5  # field of vpasswd


def whole_credentials(step: Step, world: World) -> Step:
    """C loses the password behind a long name; with us the name is that of nobody."""
    given = step.data["chkpw"]["fd3"] if step.kind == "chkpw" else ""
    name, _, rest = given.partition("\0")
    if len(given) <= _C_READS or not rest.partition("\0")[0] or step.result.get("exit") != _NO_PASSWORD:
        return step
    return step.expecting(exit=_UNKNOWN, syslog=_not_found(step, name))


def _not_found(step: Step, name: str) -> list[dict[str, object]]:
    [told] = step.result["syslog"]
    log_name = told["message"].partition(":")[0]
    address = step.data["chkpw"]["env"]["TCPREMOTEIP"]
    return [{**told, "message": f"{log_name}: vpopmail user not found {name}:{address}"}]


def new_home(step: Step, world: World) -> Step:
    """In a home that the login makes C can note no login, since it comes first."""
    home = step.result.get("exec", {}).get("env", {}).get("HOME") if step.kind == "chkpw" else None
    if home is not None and any(change["path"] == home for change in step.changes or ()):
        _note_login(step, home, world)
        return step.expecting()
    return step


def stored_home(step: Step, world: World) -> Step:
    """C makes the home of an entry without one, cannot store it, and then does not find it."""
    if step.kind != "chkpw" or step.result.get("exit") != _NO_HOME:
        return step
    name = step.data["chkpw"]["fd3"].partition("\0")[0]
    user, _, domain = name.partition("@")
    directory = world.domain_dir(domain)
    assert directory is not None
    home = f"{directory}/{user}"
    _note_login(step, home, world)
    world.fields.setdefault(directory, {})[user] = {_DIRECTORY: home}
    for file in ("vpasswd", "vpasswd.cdb"):
        entry = world.before[f"{directory}/{file}"]
        text = world.before[f"{directory}/vpasswd"].text
        fields = (line_of(text, user) or "").split(":")
        fields[_DIRECTORY] = home
        world.moved[f"{directory}/{file}"] = edited_entry(entry, (), {user: ":".join(fields)})
    return _succeeding(step, user, name, home)


def _note_login(step: Step, home: str, world: World) -> None:
    address = step.data["chkpw"]["env"].get("TCPREMOTEIP", "")
    owner = world.before[posixpath.dirname(home)].owner
    noted = Entry("file", 0o600, owner, address.encode())
    world.moved[f"{home}/lastauth"] = noted
    world.instead[f"{home}/lastauth"] = (None, noted)


def _succeeding(step: Step, user: str, name: str, home: str) -> Step:
    data = step.data["chkpw"]
    added = {"USER": user, "HOME": home, "SHELL": "NOLOGIN", "VPOPUSER": name}
    told = {
        "argv": [data.get("prog", "qmail-pop3d"), *data.get("args", ())],
        "cwd": home,
        "uid": 89,
        "gid": 89,
        "env": {**data["env"], **added},
    }
    step = step.without(frozenset(("syslog",)))
    return step.expecting(exit=0, exec=told)
