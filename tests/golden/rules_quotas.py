"""Rules about quotas: what is no quota, and the file maildirsize."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from .model import Entry
from .rules_files import owner_of_directory
from .scenario import Step
from .world import World

_BYTES = re.compile(r"\s*\+?(\d+)(\.\d*)?\s*([KM]?)B?S?", re.I)
_MESSAGES = re.compile(r"\s*\+?(\d+)\s*C")
_NUMBER = re.compile(r"\s*[+-]?\d")
_UNITS = {"": 1, "K": 1024, "M": 1024 * 1024}
_LARGEST = 2**63 - 1
_QUOTA_TOO_LONG = -29


def is_quota(text: str) -> bool:
    """Whether each part that has a number is bytes or messages, and not too large."""
    return all(_is_part(part) for part in text.split(",") if _NUMBER.match(part))


def is_quota_of_user(text: str) -> bool:
    """Whether it is a quota, or says that there is none."""
    return text == "NOQUOTA" or all(_is_part(part) for part in text.split(","))


def _is_part(part: str) -> bool:
    messages, size = _MESSAGES.fullmatch(part), _BYTES.fullmatch(part)
    if messages:
        return int(messages[1]) <= _LARGEST
    return (
        size is not None and int(size[1]) * _UNITS[size[3].upper()] <= _LARGEST
    )


def no_quota(step: Step, world: World) -> Step:
    """C reads a number out of what is no quota, and stores what has none."""
    if step.calls("vauth_setquota") and not is_quota_of_user(str(step.args[2])):
        row = world.user_row(str(step.args[0]), str(step.args[1]))
        world.quotas[str(step.args[2])] = "" if row is None else row["pw_shell"] or ""
        return world.refuse(step).expecting(rc=_QUOTA_TOO_LONG)
    if step.calls("vset_limits") and max(step.args[1].values(), default=0) > _LARGEST:
        return world.refuse(step).expecting(rc=-1)
    shown = step.result.get("pw")
    if step.calls("vauth_getpw") and shown and shown["pw_shell"] in world.quotas:
        return step.expecting(pw={**shown, "pw_shell": world.quotas[shown["pw_shell"]]})
    if not step.calls("table") or step.args[0] != "format_maildirquota":
        return step
    table = [[text, told if is_quota(text) else ""] for text, told in step.result["table"]]
    return step if table == step.result["table"] else step.expecting(table=table)


def maildirsize_file(path: str, entry: Entry, world: World) -> Entry | None:
    """The file is 0600 and belongs to the owner of the Maildir."""
    if posixpath.basename(path) != "maildirsize" or entry.kind != "file":
        return entry
    text = world.counted.get(path, ("", ""))
    shown = entry.with_text(entry.text.replace(*text, 1))
    return replace(shown, owner=owner_of_directory(path, world), mode=0o600)


def counted_whole(step: Step, world: World) -> Step:
    """C makes a missing maildirsize with the new message only; we count what is there."""
    if not step.calls("maildir_addquota") or not step.args[1]:
        return step
    path = f"{step.args[0]}/maildirsize".replace("//", "/")
    if path in world.before:
        return step
    _, quota, size, count = step.args
    told = f"{quota}\n{size} {count}\n"
    world.counted[path] = (told, f"{quota}\n{_total(str(step.args[0]), world)}\n")
    return step


def _total(maildir: str, world: World) -> str:
    size = count = 0
    for path, entry in world.before.items():
        directory, name = posixpath.split(path)
        if directory not in (f"{maildir}/new", f"{maildir}/cur") or "T" in name.partition(":2,")[2]:
            continue
        told = re.search(r",S=(\d+)", name)
        size += int(told[1]) if told else len(entry.data or b"")
        count += 1
    return f"{size} {count}"


def quota_line(step: Step, world: World) -> Step:
    """C believes a maildirsize of another quota; we count, and write the quota that holds."""
    if not step.calls("vmaildir_readquota"):
        return step
    maildir, quota = (str(arg) for arg in step.args)
    path = f"{maildir}/maildirsize"
    entry = world.before.get(path)
    if entry is None or step.changes or entry.text.split("\n")[0] == quota:
        return step
    total = _total(maildir, world)
    file = {
        "path": path,
        "op": "changed",
        "type": "file",
        "mode": "0600",
        "owner": "89:89",
        "text": f"{quota}\n{total}\n",
    }
    full = 100 * int(total.split()[0]) // int(quota.removesuffix("S"))
    return replace(step.expecting(rc=min(full, 100)), changes=[file])
