"""Rules about IP maps and roaming users."""

from __future__ import annotations

from dataclasses import replace

from .model import Entry
from .scenario import Step
from .world import World

IP_MAP = "{VPOPMAILDIR}/etc/ip_alias_map"
OURS = (IP_MAP, "{VPOPMAILDIR}/etc/open-smtp")
_MAPPED = "::ffff:"


def owner_of_addresses(path: str, entry: Entry, world: World) -> Entry | None:
    """What a login writes belongs to vpopmail, whoever it ran as."""
    if path not in OURS or path in world.setup:
        return entry
    return replace(entry, owner=world.owners.expected("89:89"))


def missing_map(step: Step, world: World) -> Step:
    """In C the listing of a map that is missing fails; with us it is empty."""
    if not step.calls("vshow_ip_map") or IP_MAP in world.before:
        return step
    return step.expecting(rc=0, list=[])


def mapped_address(step: Step, world: World) -> Step:
    """An IPv4 address that is written as an IPv6 one is looked up as itself."""
    address = step.data.get("env", {}).get("TCPLOCALIP", "")
    entry = world.before.get(IP_MAP)
    if not (step.calls("parse_email") and address.startswith(_MAPPED) and entry):
        return step
    pairs = [line.split() for line in entry.text.splitlines()]
    domains = [domain for known, domain in pairs if known == address[len(_MAPPED) :]]
    return step.expecting(domain=domains[0]) if domains else step
