"""Rules about vmoddomlimits: domains that are not there, limits that nobody has set."""

from __future__ import annotations

from .model import Entry
from .scenario import Step
from .world import World

_DEFAULTS = "{VPOPMAILDIR}/etc/vlimits.default"
_OWN = ".qmailadmin-limits"
_NO_DOMAIN = 245
_TOLD = "Error: Domain does not exist\n"
# Limits of which -1 is none: the key in the file, and the line of the listing.
_COUNTS = {
    "maxpopaccounts": "Max Pop Accounts",
    "maxaliases": "Max Aliases",
    "maxforwards": "Max Forwards",
    "maxautoresponders": "Max Autoresponders",
    "maxmailinglists": "Max Mailinglists",
}


def unknown_domain(step: Step, world: World) -> Step:
    """C says nothing of a domain that is not there, and ends with 0."""
    if not _is_ours(step) or step.result.get("exit") != 0 or step.result.get("stdout"):
        return step
    words = [str(word) for word in step.data["cli"]]
    if "-d" in words or world.domain_dir(words[-1]) is not None:
        return step
    return world.refuse(step).expecting(exit=_NO_DOMAIN, stdout=_TOLD)


def unset_defaults(step: Step, world: World) -> Step:
    """In a listing, what the default file does not set is no limit."""
    text = step.result.get("stdout", "")
    if not _is_ours(step) or "GID Flags:" not in text:
        return step
    words = [str(word) for word in step.data["cli"]]
    if "-d" not in words and f"{world.domain_dir(words[-1])}/{_OWN}" in world.expected:
        return step
    told = text
    for key, title in _COUNTS.items():
        if not _sets(world.before.get(_DEFAULTS), key):
            told = told.replace(f"{title}: 0\n", f"{title}: -1\n")
    return step if told == text else step.expecting(stdout=told)


def default_limits(path: str, entry: Entry, world: World) -> Entry | None:
    """C writes 0 into the default file for each number that was not in it."""
    if path != _DEFAULTS:
        return entry
    text = entry.text
    for key in _COUNTS:
        if not _sets(world.before.get(_DEFAULTS), key):
            text = text.replace(f"{key}: 0\n", f"{key}: -1\n")
    return entry if text == entry.text else entry.with_text(text)


def _sets(file: Entry | None, key: str) -> bool:
    """Whether a file of limits sets one to anything but -1."""
    lines = file.text.split("\n") if file else []
    return any(line.startswith(f"{key}:") and line != f"{key}: -1" for line in lines)


def _is_ours(step: Step) -> bool:
    return step.kind == "cli" and step.name == "vmoddomlimits"
