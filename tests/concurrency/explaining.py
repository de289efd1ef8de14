"""Whether what happened can be explained by some order of the operations.

Each key by itself: a history is explained by an order in which no operation comes before one that
had returned when it was called, and in which each gives what the model gives. The model is the
memory backend, used by one caller (Wing and Gong's search, with Lowe's memory of what was tried).
"""

from __future__ import annotations

from collections.abc import Hashable

from vpopmail import Vpopmail

from .traffic import ABSENT, HASHES, Event, Operation, apply

State = Hashable


class Model:
    """What the memory backend does to the state of one key.

    Args:
        site: a site of the memory backend, as the workers found theirs.
    """

    def __init__(self, site: Vpopmail) -> None:
        self.site = site
        self.known: dict[tuple[str, State, str, int], tuple[object, State]] = {}

    def step(self, state: State, operation: Operation) -> tuple[object, State]:
        """What an operation gives in a state, and the state after it."""
        at = (operation.key, state, operation.kind, operation.choice)
        if at not in self.known:
            self._put(operation.key, state)
            result = apply(self.site, operation)
            self.known[at] = (result, self.state(operation.key))
        return self.known[at]

    def state(self, key: str) -> State:
        """The state of a key now."""
        kind, _, name = key.partition(":")
        found = apply(self.site, Operation(key, "find"))
        if kind == "domain" and found[0]:  # type: ignore[index]
            return (*found, f"joe@{name}" in self.site.users)  # type: ignore[misc]
        return found  # type: ignore[return-value]

    def _put(self, key: str, state: State) -> None:
        if self.state(key) == state:
            return
        kind, _, name = key.partition(":")
        getattr(self, f"_put_{kind}")(name, state)
        assert self.state(key) == state, (key, state, self.state(key))

    def _put_user(self, address: str, state: State) -> None:
        if address in self.site.users:
            self.site.users.delete(address)
        if state != ABSENT:
            crypted, quota, flags = state  # type: ignore[misc]
            self.site.users.add(address, crypted=crypted, quota=quota)
            self.site.users.update(address, flags=flags)

    def _put_alias(self, address: str, state: State) -> None:
        if self.site.aliases.find(address) is not None:
            self.site.aliases.delete(address)
        if state != (ABSENT,):
            self.site.aliases.set(address, list(state))  # type: ignore[call-overload]

    def _put_domain(self, name: str, state: State) -> None:
        there, alias, user = (*state, False)[:3]  # type: ignore[misc]
        if name in self.site.domains:
            self.site.domains.delete(name)
        if there:
            self.site.domains.add(name)
        if alias:
            self.site.domains.add_alias(f"alias.{name}", name)
        if user:
            self.site.users.add(f"joe@{name}", crypted=HASHES[0])


def explain(model: Model, first: State, events: list[Event]) -> set[State]:
    """The states in which the key may be after an order that explains all; none: there is no order.

    Args:
        model: of the operations.
        first: the state before.
        events: all that happened to the key, in any order.
    """
    ordered = sorted(events, key=lambda event: event.called)
    everything = (1 << len(ordered)) - 1
    tried: set[tuple[int, State]] = set()
    ends: set[State] = set()
    waiting = [(0, first)]
    while waiting:
        done, state = waiting.pop()
        if done == everything:
            ends.add(state)
            continue
        if (done, state) in tried:
            continue
        tried.add((done, state))
        # Nobody can come before one that had returned when he was called.
        soonest = min(e.returned for i, e in enumerate(ordered) if not done >> i & 1)
        for index, event in enumerate(ordered):
            if event.called > soonest:
                break
            if done >> index & 1:
                continue
            result, after = model.step(state, event.operation)
            if result == event.result:
                waiting.append((done | 1 << index, after))
    return ends
