"""Rules about the programs: usage texts, versions, options that nobody knows."""

from __future__ import annotations

import re

import vpopmail

from .scenario import Step
from .world import World

USAGE = "{USAGE}"
_WRONG_OPTION = re.compile(r"^\w+: (invalid option|option requires an argument) -- ", re.M)
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
