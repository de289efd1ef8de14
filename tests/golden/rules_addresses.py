"""Rules about IP maps and roaming users."""

from __future__ import annotations

import re
from dataclasses import replace
from ipaddress import ip_address

from .model import Entry
from .scenario import Step
from .world import World

IP_MAP = "{VPOPMAILDIR}/etc/ip_alias_map"
OURS = (IP_MAP, "{VPOPMAILDIR}/etc/open-smtp")
_MAPPED = "::ffff:"
_NO_ADDRESS = re.compile(r"[^0-9A-Za-z.:_-]")
_C_COLUMN = 18  # characters
_ALLOWED = b"+RELAYCLIENT=\0+RBLSMTPD=\0"


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


def only_addresses(step: Step, world: World) -> Step:
    """C lets whatever stands for an address send mail, and cuts or refuses an IPv6 address."""
    if not world.has_database or not step.calls("vopen_smtp_relay"):
        return step
    text = step.data.get("env", {}).get("TCPREMOTEIP", "").removeprefix(_MAPPED)
    try:
        ip_address(text)
    except ValueError:
        world.refused_addresses.add(_NO_ADDRESS.sub("_", text))
        return world.refuse(step).expecting(rc=-1 if text else 0)
    if len(text) <= _C_COLUMN:
        return step
    world.own_addresses.add(text)
    return replace(step, alone=True).expecting(rc=1)


def rules_of_addresses(path: str, entry: Entry, world: World) -> Entry | None:
    """tcpserver's rules, without what is no address and with those that only we have."""
    if not path.endswith("/tcp.smtp.cdb") or not (world.refused_addresses or world.own_addresses):
        return entry
    ours = {(address.encode(), _ALLOWED) for address in world.own_addresses}
    refused = {(text.encode(), _ALLOWED) for text in world.refused_addresses}
    records = entry.records or ()
    plain = tuple(record for record in records if record[1] != _ALLOWED)
    added = sorted({record for record in records if record[1] == _ALLOWED} - refused | ours)
    return entry.with_records((*plain, *added))
