"""Rules about the programs of aliases and of the IP map: what they do not find is told."""

from __future__ import annotations

from .rules_addresses import IP_MAP
from .scenario import Step
from .world import World

_NO_DOMAIN = {"exit": 245, "stderr": "Error: Domain does not exist\n"}
_NOT_SHOWN = {"exit": 255, "stdout": "invalid domain, not in qmail assign file\n"}


def failures_told(step: Step, world: World) -> Step:
    """In C a pair or a domain that is not there ends valias and vipmap with 0 all the same."""
    if step.kind != "cli" or step.result.get("exit") != 0:
        return step
    program, *words = map(str, step.data["cli"])
    if program == "vipmap" and words[0] == "-d" and len(words) > 2:
        entry = world.before.get(IP_MAP)
        if entry is not None and f"{words[1]} {words[2]}\n" in entry.text:
            return step
        told = f"Error: {words[1]} is not mapped to {words[2]}\n"
        return step.expecting(exit=255, stderr=told)
    if program == "valias" and "@" in words[-1]:
        domain = words[-1].rpartition("@")[2]
        if world.domain_dir(domain) is None:
            return _of_no_domain(step, domain, world, changes="-i" in words or "-d" in words)
    return step


def _of_no_domain(step: Step, domain: str, world: World, *, changes: bool) -> Step:
    if not changes:
        return step.expecting(**_NOT_SHOWN)
    world.orphans.add(("", domain))
    return world.refuse(step).expecting(**_NO_DOMAIN)
