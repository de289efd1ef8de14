"""Mixed operations on a few keys: what each worker does, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import vpopmail
from vpopmail import Vpopmail, use
from vpopmail.errors import VpopmailError

DOMAIN = "example.com"
OTHER = "example.org"
HASHES = tuple(f"$1$abcdefgh${letter * 22}" for letter in "xyz")
QUOTAS = ("NOQUOTA", "1000000S", "50C")
LINES = ("&one@example.edu", "&two@example.edu", "|/bin/true")
PAIR = ("left", "right")
ABSENT = "absent"


@dataclass(frozen=True)
class Operation:
    """One call: on which key, and what it does.

    Attributes:
        key: ``user:joe@example.com``, ``alias:...`` or ``domain:...``; operations on different keys
            do not touch each other.
        kind: see ``KINDS``.
        choice: which of a few values it is given.
    """

    key: str
    kind: str
    choice: int = 0

    @property
    def name(self) -> str:
        """The key without its kind."""
        return self.key.partition(":")[2]


@dataclass(frozen=True)
class Event:
    """An operation that was made: when it was called, when it returned, and what."""

    operation: Operation
    called: int
    returned: int
    result: object


def _face(code: int) -> object:
    return "ok" if code == 0 else int(code)


def _user(site: Vpopmail, address: str) -> object:
    user = site.users.find(address)
    return ABSENT if user is None else (user.pw_passwd, user.pw_shell, user.pw_gid)


def _alias(site: Vpopmail, address: str) -> tuple[str, ...]:
    lines = site.aliases.find(address)
    return (ABSENT,) if lines is None else tuple(lines)


KINDS: dict[str, dict[str, Callable[[Vpopmail, Operation], object]]] = {
    "user": {
        "add": lambda s, o: s.users.add(o.name, crypted=HASHES[o.choice], quota=QUOTAS[o.choice]),
        "delete": lambda s, o: s.users.delete(o.name),
        "vdeluser": lambda _s, o: _face(vpopmail.vdeluser(*o.name.split("@"))),
        "set_password": lambda s, o: s.users.set_password(o.name, crypted=HASHES[o.choice]),
        "set_quota": lambda s, o: s.users.set_quota(o.name, QUOTAS[o.choice]),
        "set_flags": lambda s, o: s.users.update(o.name, set_flags=1 << o.choice),
        "clear_flags": lambda s, o: s.users.update(o.name, clear_flags=7),
        "vsetuserquota": lambda _s, o: _face(
            vpopmail.vsetuserquota(*o.name.split("@"), QUOTAS[o.choice])
        ),
        "find": lambda s, o: _user(s, o.name),
    },
    "alias": {
        "add": lambda s, o: s.aliases.add(o.name, LINES[o.choice]),
        "set": lambda s, o: s.aliases.set(o.name, LINES[: o.choice + 1]),
        "remove": lambda s, o: s.aliases.remove(o.name, LINES[o.choice]),
        "delete": lambda s, o: s.aliases.delete(o.name),
        "find": lambda s, o: _alias(s, o.name),
    },
    "domain": {
        "add": lambda s, o: s.domains.add(o.name),
        "delete": lambda s, o: s.domains.delete(o.name),
        "add_alias": lambda s, o: s.domains.add_alias(f"alias.{o.name}", o.name),
        "delete_alias": lambda s, o: s.domains.delete(f"alias.{o.name}"),
        "add_user": lambda s, o: s.users.add(f"joe@{o.name}", crypted=HASHES[0]),
        "find": lambda s, o: (o.name in s.domains, f"alias.{o.name}" in s.domains),
    },
}
_RARE = ("domain:d1.example", "domain:d2.example")
_USERS = tuple(f"user:u{number}@{domain}" for number in range(12) for domain in (DOMAIN, OTHER))
_ALIASES = tuple(f"alias:a{number}@{DOMAIN}" for number in range(6))


def prepare(site: Vpopmail) -> None:
    """What is there before the workers begin."""
    site.prepare()
    for domain in (DOMAIN, OTHER):
        site.domains.add(domain)


def apply(site: Vpopmail, operation: Operation) -> object:
    """Make the call; a value, ``ok``, or the number of the error's code."""
    act = KINDS[operation.key.partition(":")[0]][operation.kind]
    try:
        result = act(site, operation)
    except VpopmailError as error:
        return int(error.code)
    return "ok" if isinstance(result, vpopmail.Plan) else result


def plan(seed: int, worker: int, count: int) -> list[Operation]:
    """The operations of one worker."""
    random = Random(f"{seed} {worker}")
    made = []
    for _ in range(count):
        draw = random.random()
        key = random.choice(_RARE if draw < 0.03 else _ALIASES if draw < 0.25 else _USERS)
        kinds = sorted(KINDS[key.partition(":")[0]])
        made.append(Operation(key, random.choice(kinds), random.randrange(3)))
    return made


def work(site: Vpopmail, operations: list[Operation]) -> list[Event]:
    """Make the calls one after the other."""
    events = []
    with use(site):
        for operation in operations:
            called = time.monotonic_ns()
            result = apply(site, operation)
            events.append(Event(operation, called, time.monotonic_ns(), result))
    return events


def change_pair(site: Vpopmail, count: int) -> None:
    """Add two users in one batch and delete them in another, again and again; as nobody else."""
    for _ in range(count):
        with site.batch():
            for name in PAIR:
                site.users.add(f"{name}@{OTHER}", crypted=HASHES[0])
        with site.batch():
            for name in PAIR:
                site.users.delete(f"{name}@{OTHER}")


def read_pair(site: Vpopmail, count: int) -> int:
    """How often a listing shows one of the two users alone: it must never."""
    torn = 0
    for _ in range(count):
        names = {user.pw_name for user in site.users.iter(OTHER)}
        torn += len(names & set(PAIR)) == 1
    return torn


def final_state(site: Vpopmail, key: str) -> object:
    """What a reader sees of a key in the end."""
    return apply(site, Operation(key, "find"))
