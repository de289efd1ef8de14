"""Where the aliases of one domain and its default delivery lead: into nothing is only told."""

from __future__ import annotations

import os

from vpopmail.accounts.catchall import DEFAULT
from vpopmail.errors import AliasUnreadable, LimitsUnreadable
from vpopmail.formats import dotqmail
from vpopmail.formats.text import to_bytes
from vpopmail.names import fold
from vpopmail.upkeep.findings import ALIAS_TARGET, DEFAULT_DELIVERY, LIMITS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry
    from vpopmail.upkeep.examined_domain import ExaminedDomain

_NO_ADDRESS = ("bounce-no-mailbox", "delete", "delete-no-mailbox")
_ADVICE = "correct the line, or add what it leads to"


def examine_aliases(look: ExaminedDomain) -> None:
    """Note the aliases that lead to nobody, or to a Maildir that is not there."""
    for name in look.installation.aliases.alias_names(look.entry):
        with look.examination.looking_at(look.address(name)):
            lines = look.installation.aliases.read_alias(look.entry, name) or []
            for number, line in enumerate(lines, 1):
                _examine_line(look, name, number, line)


def examine_default(look: ExaminedDomain) -> None:
    """Note a .qmail-default that is missing, or hands mail to what is not there."""
    path = look.path(DEFAULT)
    data = look.directory.read(DEFAULT)
    action = None if data is None else dotqmail.default_action(data)
    if action is None:
        what = "it is missing" if data is None else "it does nothing"
        advice = "no mail reaches any user of the domain: vpopmail domain set --bounce makes it"
        look.examination.tell(DEFAULT_DELIVERY, path, what, advice)
        return
    trouble = _trouble_of_action(look, action)
    if trouble:
        advice = (
            "mail for unknown users is lost or comes back:"
            " vpopmail domain set --catch-all or --bounce"
        )
        look.examination.tell(DEFAULT_DELIVERY, path, trouble, advice)


def examine_limits(look: ExaminedDomain) -> None:
    """Note limits that cannot be read: what they forbid is allowed meanwhile."""
    try:
        look.installation.limits.read_limits(look.entry)
    except LimitsUnreadable as error:
        look.examination.tell(LIMITS, look.entry.realdomain, str(error), "make it readable")


def leads_somewhere(installation: Installation, address: str) -> bool:
    """Whether mail for an address is taken, as far as this site can tell.

    Args:
        installation: the site.
        address: ``user@domain``; without a domain qmail's own is meant, which is not looked at.

    Returns:
        False only if its domain is one of this site's, with neither such a user nor an alias, nor
        a default delivery other than refusing.

    Raises:
        BackendUnavailable, DomainDirectoryMissing, OSError.
    """
    name, found, domain = fold(address.strip()).rpartition("@")
    entry = installation.resolve(domain) if found else None
    if entry is None or installation.backend.find(entry, name) is not None:
        return True
    if _is_extension(installation, entry, name) or _has_alias(installation, entry, name):
        return True
    with installation.open_domain(entry) as directory:
        action = dotqmail.default_action(directory.read(DEFAULT) or b"")
    return action is not None and not _refuses(action)


def _examine_line(look: ExaminedDomain, name: str, number: int, line: str) -> None:
    trouble = ""
    for parsed in dotqmail.parse(to_bytes(line)):
        if parsed.kind == dotqmail.FORWARD and not leads_somewhere(
            look.installation, parsed.target
        ):
            trouble = f"{parsed.target} is not there"
        elif parsed.kind == dotqmail.MAILDIR and not _is_maildir(look, parsed.target):
            trouble = f"there is no Maildir {parsed.target}"
    if trouble:
        what = f"line {number}: {trouble}"
        look.examination.tell(ALIAS_TARGET, look.address(name), what, _ADVICE)


def _trouble_of_action(look: ExaminedDomain, action: str) -> str:
    """What is wrong with where mail for unknown users goes; ``""`` if nothing."""
    if _refuses(action) or action.startswith("|"):
        return ""
    if action.startswith(("/", ".")):
        there = os.path.isdir(os.path.join(look.entry.path, action))
        return "" if there else f"there is no directory {action}"
    address = action.removeprefix("&")
    name, found, domain = fold(address).rpartition("@")
    entry = look.installation.resolve(domain) if found else None
    if entry is not None and entry.realdomain == look.entry.realdomain:
        # His own domain would hand the mail round and round.
        return "" if _has_anybody(look.installation, entry, name) else f"{address} is not there"
    return "" if leads_somewhere(look.installation, address) else f"{address} is not there"


def _has_anybody(installation: Installation, entry: DomainEntry, name: str) -> bool:
    there = installation.backend.find(entry, name) is not None
    return there or _has_alias(installation, entry, name)


def _has_alias(installation: Installation, entry: DomainEntry, name: str) -> bool:
    """Whether qmail-local finds a file for a local part, those for extensions included."""
    stems = [name[: at + 1] for at, character in enumerate(name) if character == "-"]
    for alias in (name, *(f"{stem}default" for stem in stems)):
        try:
            if installation.aliases.read_alias(entry, alias) is not None:
                return True
        except AliasUnreadable:
            return True  # there is something, such as the link of a mailing list
    return False


def _is_extension(installation: Installation, entry: DomainEntry, name: str) -> bool:
    """Whether it is ``user-extension`` of a user, on a site that delivers those."""
    if not installation.settings.qmail_ext:
        return False
    stems = [name[:at] for at, character in enumerate(name) if character == "-"]
    return any(installation.backend.find(entry, stem) is not None for stem in stems)


def _is_maildir(look: ExaminedDomain, target: str) -> bool:
    # qmail-local goes there as the owner of the domain, whatever links are on the way.
    return os.path.isdir(os.path.join(look.entry.path, target))


def _refuses(action: str) -> bool:
    return any(word in action for word in _NO_ADDRESS[::2]) or action == _NO_ADDRESS[1]
