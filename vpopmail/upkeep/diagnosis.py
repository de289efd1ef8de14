"""What diagnose says: the steps of a login, in order, with the first that fails."""

from __future__ import annotations

import attrs

Found = tuple[bool, str, str]  # of a step: ok, says, advice


@attrs.frozen
class LoginStep:
    """One thing that a login needs.

    Attributes:
        name: which: ``name``, ``domain`` ...
        ok: whether it is as it should be; None: not reached, because a step before it failed.
        says: what was found, in words; never a password, clear or crypted.
        advice: what to do if it is not.
    """

    name: str
    ok: bool | None
    says: str = ""
    advice: str = ""

    def __str__(self) -> str:
        state = {True: "ok", False: "FAILS", None: "-"}[self.ok]
        words = "; ".join(part for part in (self.says, self.advice) if part)
        line = f"{state:5} {self.name}: {words or 'not reached'}"
        return line if line.isprintable() else ascii(line)[1:-1]


@attrs.frozen
class Diagnosis:
    """The way of one login.

    Attributes:
        address: whose.
        steps: in the order in which a login needs them.
    """

    address: str
    steps: list[LoginStep]

    @property
    def failed(self) -> LoginStep | None:
        """The first step that fails; None if none does."""
        return next((step for step in self.steps if step.ok is False), None)

    @property
    def ok(self) -> bool:
        """Whether no step fails."""
        return self.failed is None

    def __getitem__(self, name: str) -> LoginStep:
        """The step of a name. Raises: KeyError."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def __str__(self) -> str:
        return "\n".join(map(str, self.steps))
