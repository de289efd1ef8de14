"""Limits of domains: the manager behind ``site.limits``."""

from __future__ import annotations

from functools import partial

from vpopmail.accounts.change import change_and_tell
from vpopmail.accounts.open_batches import all_entries, get_domain, read_limits
from vpopmail.backends.files.etc_file import EtcFile
from vpopmail.backends.files.limits import DEFAULTS
from vpopmail.errors import InvalidInput, LimitsNotFound, LimitsUnreadable
from vpopmail.formats.limits import format_limits, parse
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.records import VLimits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vpopmail.accounts.user_change import Decide, UserChange
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry


LEAST = -1
MOST = 2**63 - 1
_PERMISSIONS = 7


class Limits:
    """The limits of the domains of a site.

    Args:
        installation: the site.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    def get(self, domain: str) -> VLimits:
        """The limits that hold for a domain: its own, else the site's defaults.

        Raises:
            DomainNotFound.
            LimitsUnreadable: there are neither.
        """
        limits = self.find(domain)
        if limits is None:
            raise LimitsUnreadable(domain, "it has none, nor has the site")
        return limits

    def find(self, domain: str) -> VLimits | None:
        """The limits that hold for a domain, or None if there are neither own nor default ones.

        Raises:
            DomainNotFound, LimitsUnreadable.
        """
        entry = get_domain(self._installation, domain)
        return read_limits(self._installation, entry)

    def __iter__(self) -> Iterator[tuple[str, VLimits]]:
        return self.iter()

    def iter(self) -> Iterator[tuple[str, VLimits]]:
        """Each domain that is no alias domain, with the limits that hold for it.

        Raises:
            AssignUnreadable, LimitsUnreadable.
        """
        entries = all_entries(self._installation)
        for entry in entries:
            if not entry.is_alias:
                yield entry.domain, self.get(entry.domain)

    def set(self, domain: str, limits: VLimits, *, dry_run: bool = False) -> Plan:
        """Store limits for a domain, in the place of those that it has.

        Args:
            domain: a domain or alias domain.
            limits: all limits.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the rename of the file.

        Raises:
            DomainNotFound, NotPermitted, DomainDirectoryMissing, BackendUnavailable, OSError.
            InvalidInput: a limit is below -1 or beyond 63 bits, or one of ``perm_*`` is not
                within 0 to 7.
            TypeError: a limit is no int.
        """
        given = checked(limits)
        return self._change("set_limits", domain, lambda change: change.limits.set(given), dry_run)

    def update(self, domain: str, *, dry_run: bool = False, **values: int) -> Plan:
        """Change some limits of a domain; the others stay as they hold for it now.

        Args:
            domain: a domain or alias domain.
            dry_run: only decide, without locks, and say what would be done.
            values: limits by the names of VLimits.

        Returns:
            The plan; see ``set``.

        Raises:
            InvalidInput: a limit is not in its range; see ``set``.
            TypeError: there is no such limit, or it is no int; and what ``set`` raises.
        """
        given = _checked_values(values)

        def decide(change: UserChange) -> None:
            limits = change.limits.find() or VLimits()
            change.limits.set(_changed(limits, given))

        return self._change("set_limits", domain, decide, dry_run)

    def delete(self, domain: str, *, dry_run: bool = False) -> Plan:
        """Forget the limits of a domain: the site's defaults hold.

        Args:
            domain: a domain or alias domain.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The plan. Its commit point is the removal of the file.

        Raises:
            LimitsNotFound: it has none of its own; and what ``set`` raises.
        """

        def decide(change: UserChange) -> None:
            if not change.limits.are_own():
                raise LimitsNotFound(change.domain.realdomain)
            change.limits.set(None)

        return self._change("del_limits", domain, decide, dry_run)

    def defaults(self) -> VLimits:
        """The limits that hold for domains without own ones, as etc/vlimits.default sets them.

        Raises:
            LimitsUnreadable: the file is missing, or cannot be read.
        """
        limits = self._installation.limits.read_defaults()
        if limits is None:
            path = self._installation.settings.etc_path(DEFAULTS)
            raise LimitsUnreadable(path, "it is missing: vpopmail site init makes it")
        return limits

    def update_defaults(self, *, dry_run: bool = False, **values: int) -> Plan:
        """Change some of the limits that hold for domains without own ones; the others stay.

        Args:
            dry_run: only say what would be done.
            values: limits by the names of VLimits.

        Returns:
            The plan. Its commit point is the rename of etc/vlimits.default.

        Raises:
            InvalidInput: a limit is not in its range; see ``set``.
            TypeError: there is no such limit, or it is no int.
            FileNotUpdated: another process kept the lock of the file.
            OSError.

        Source: manual, "vmoddomlimits"; formats, limits.
        """
        given = _checked_values(values)
        file = EtcFile(self._installation.settings, DEFAULTS)
        plan = Plan(f"set {', '.join(given) or 'all'} in {DEFAULTS}")
        plan.add("accounts", f"etc/{DEFAULTS}", lambda: file.change(partial(_with, given)))
        return plan if dry_run else carry_out(plan)

    def _change(self, command: str, domain: str, decide: Decide, dry_run: bool) -> Plan:  # noqa: FBT001
        entry: DomainEntry = get_domain(self._installation, domain)
        subject = f"{command.replace('_', ' ')} of {entry.realdomain}"
        event = (command, entry.realdomain)
        return change_and_tell(self._installation, entry, event, subject, decide, dry_run=dry_run)


def _with(values: Mapping[str, int], content: bytes) -> bytes:
    """A file of limits with some changed."""
    return format_limits(_changed(parse(content), values))


def _changed(limits: VLimits, values: Mapping[str, int]) -> VLimits:
    for name, value in values.items():
        setattr(limits, name, value)
    return limits


def _checked_values(values: Mapping[str, int]) -> dict[str, int]:
    """Some limits by name, each in its range.

    Raises:
        TypeError, InvalidInput.
    """
    unknown = sorted(values.keys() - set(VLimits.__slots__))
    if unknown:
        raise TypeError(f"there is no limit {unknown[0]!r}")
    limits = checked(VLimits(**values))
    return {name: getattr(limits, name) for name in values}


def checked(limits: VLimits) -> VLimits:
    """A copy of limits whose values are all numbers in their range.

    Raises:
        TypeError, InvalidInput.
    """
    if not isinstance(limits, VLimits):
        raise TypeError(f"a VLimits is needed, not {type(limits).__name__}")
    values = {name: getattr(limits, name) for name in VLimits.__slots__}
    for name, value in values.items():
        if not isinstance(value, int):
            raise TypeError(f"{name} must be an int")
        least, most = (0, _PERMISSIONS) if name.startswith("perm_") else (LEAST, MOST)
        if not least <= value <= most:
            raise InvalidInput(f"{name} {value}", f"give a number from {least} to {most}")
        if name.startswith(("disable_", "delete_")):
            values[name] = int(value != 0)  # as a file gives it back
    return VLimits(**values)
