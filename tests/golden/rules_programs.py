"""Rules about the programs: usage texts, versions, options that nobody knows."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

import vpopmail
from vpopmail.records import NO_PASSWD_CHNG

from .compare import as_lines
from .model import Entry
from .passwords import same_hash, verifies
from .scenario import Step
from .tables import is_users
from .vpasswd_lines import line_of, records_of
from .world import World

USAGE = "{USAGE}"
REASON = "{REASON}"
_INITIAL_OPEN = "Error - no authentication database connection. Initial open.\n"
_NOT_OPENED = 233
_LOST_TABLE = "vmysql: sql error[3]: "
_WRONG_OPTION = re.compile(r"^\w+: (invalid option|option requires an argument) -- ", re.M)
_RANDOM = re.compile(r"(?<=^Random password: ).+$", re.M)
_OWN_RANDOM = "{PASSWORD}"
_NAME_AND_CRYPT = re.compile(r"^(name:   (.*)\npasswd: )(.*)$", re.M)
_CRYPT, _CLEAR = 1, 7  # where they stand in a line of vpasswd
_REFUSED = 255
_REFUSED_BY_VALIAS = 254


def cut_usage(program: str, text: str) -> str:
    """What a program printed, its usage text in one word; it goes on to the end.

    Args:
        program: its name.
        text: standard output.
    """
    name = re.escape(program)
    begin = re.search(rf"^(?:{name}: usage|usage: {name}\b|{name}: \[options\])", text, re.M)
    return text if begin is None else text[: begin.start()] + USAGE


def own_usage(step: Step, world: World) -> Step:
    """The usage texts are our own."""
    if step.kind == "cli" and step.result.get("usage"):  # recorded without its text
        return step.without(frozenset(("usage",))).expecting(stdout=USAGE)
    if step.kind != "cli" or "stdout" not in step.result:
        return step
    text = cut_usage(step.data["cli"][0], step.result["stdout"])
    return step if text == step.result["stdout"] else step.expecting(stdout=text)


def cut_reason(program: str, text: str) -> str:
    """What a program told that could not open its site, why not in one word.

    Args:
        program: its name.
        text: standard error.
    """
    reason = rf"\A{re.escape(program)}: [^\n]+\n(?=Error - [^\n]+\. Initial open\.\n\Z)"
    return re.sub(reason, f"{REASON}\n", text)


def reason_told(step: Step, world: World) -> Step:
    """Why the accounts cannot be opened comes before the line of C, and is no success."""
    if step.kind != "cli":
        return step
    if _is_forbidden(step, world):
        address = step.data["cli"][-2]
        return step.expecting(stderr=f"{address}: password change forbidden\n")
    told = step.result.get("stderr", "")
    if told.startswith(_LOST_TABLE):
        step = step.without(frozenset(("stdout",)))
    elif not told.endswith(". Initial open.\n"):
        return step
    return step.expecting(exit=_NOT_OPENED, stderr=f"{REASON}\n{_INITIAL_OPEN}")


def _is_forbidden(step: Step, world: World) -> bool:
    """Whether a user of a database must not change his password."""
    if step.name != "vpasswd" or step.result.get("stdout") != "Error: Illegal username\n":
        return False
    row = world.user_row(*str(step.data["cli"][-2]).split("@", 1))
    return row is not None and bool(int(row["pw_gid"] or 0) & NO_PASSWD_CHNG)


def own_version(step: Step, world: World) -> Step:
    """-v tells the version of this package."""
    if step.kind != "cli":
        return step
    text = step.result.get("stdout", "")
    own = text.replace("version: 5.4.33\n", f"version: {vpopmail.__version__}\n")
    return step if own == text else step.expecting(stdout=own)


def unknown_options(step: Step, world: World) -> Step:
    """C goes on without the options that it does not know."""
    if step.kind != "cli" or not _WRONG_OPTION.search(step.result.get("stderr", "")):
        return step
    code = _REFUSED_BY_VALIAS if step.data["cli"][0] == "valias" else _REFUSED
    if step.result.get("stdout") == USAGE and step.result["exit"] == code:
        return step
    return world.refuse(step).expecting(exit=code, stdout=USAGE)


def own_salts(step: Step, world: World) -> Step:
    """What is shown of a user has our crypt string of the same password."""
    text = step.result.get("stdout", "")
    if step.kind != "cli" or step.name != "vuserinfo":
        return step
    words = [str(word) for word in step.data["cli"]]
    domain = words[-1].rpartition("@")[2]

    def own(name: str, recorded: str) -> str:
        ours = _stored_crypt(world, name, domain)
        clear = (*_clear_passwords(world, domain), *world.clear_passwords)
        return ours if ours and same_hash(recorded, ours, clear) else recorded

    told = _NAME_AND_CRYPT.sub(lambda found: found[1] + own(found[2], found[3]), text)
    if words[1:-1] == ["-p"]:
        told = own(words[-1].rpartition("@")[0], text.rstrip("\n")) + "\n"
    return step if told == text else step.expecting(stdout=told)


def _stored_crypt(world: World, name: str, domain: str) -> str | None:
    stored = world.before.get(f"{world.domain_dir(domain)}/vpasswd")
    line = line_of(stored.text, name) if stored else None
    if line is not None:
        return line.split(":")[_CRYPT]
    return next((row["pw_passwd"] for row in _rows(world) if row["pw_name"] == name), None)


def _clear_passwords(world: World, domain: str) -> tuple[str, ...]:
    stored = world.before.get(f"{world.domain_dir(domain)}/vpasswd")
    lines = stored.text.split("\n") if stored else []
    kept = [line.split(":", _CLEAR)[_CLEAR] for line in lines if line.count(":") >= _CLEAR]
    return (*kept, *(row.get("pw_clear_passwd") or "" for row in _rows(world)))


def _rows(world: World) -> list[dict[str, str | None]]:
    return [row for table in world.tables_before.values() if is_users(table) for row in table.rows]


def random_password(step: Step, world: World) -> Step:
    """A random password that is shown is ours, of the same length."""
    found = _RANDOM.search(step.result.get("stdout", "")) if step.kind == "cli" else None
    if found is None:
        return step
    world.random_passwords.add(found[0])
    text = str(step.result["stdout"])
    return step.expecting(stdout=text[: found.start()] + _OWN_RANDOM + text[found.end() :])


def stored_random(
    path: str, want: Entry | None, have: Entry | None, world: World
) -> Entry | None:
    """vpasswd with our random passwords in the place of the recorded ones."""
    name = posixpath.basename(path)
    if not world.random_passwords or want is None or have is None or "vpasswd" not in name:
        return want
    if want.records is None or have.records is None:
        return want.with_text(_with_own_random(want.text, have.text, world))
    return want.with_records(
        records_of(_with_own_random(as_lines(want.records), as_lines(have.records), world))
    )


def _with_own_random(want: str, have: str, world: World) -> str:
    """The lines that are wanted, with ours where only the random password differs."""
    ours = {line.partition(":")[0]: line for line in have.split("\n")}

    def own(line: str) -> str:
        mine = ours.get(line.partition(":")[0], line)
        return mine if _differ_at_random(line.split(":"), mine.split(":"), world) else line

    return "\n".join(map(own, want.split("\n")))


def _differ_at_random(want: list[str], have: list[str], world: World) -> bool:
    if len(want) != _CLEAR + 1 or len(have) != len(want):
        return False
    rest: Callable[[list[str]], list[str]] = lambda fields: [fields[0], *fields[2:_CLEAR]]  # noqa: E731
    return (
        want[_CLEAR] in world.random_passwords
        and len(want[_CLEAR]) == len(have[_CLEAR])
        and rest(want) == rest(have)
        and verifies(have[_CLEAR], have[_CRYPT])
    )


def readers_write_nothing(step: Step, world: World) -> Step:
    """In C showing how much of a quota is used writes maildirsize."""
    made = [change["path"] for change in step.changes or ()]
    if step.kind != "cli" or step.name != "vuserinfo" or not made:
        return step
    if all(path.endswith("/maildirsize") for path in made):
        return world.refuse(step)
    return step
