"""What is of no domain, copied from one store to another: the IP map, relay addresses, the log."""

from __future__ import annotations

from itertools import islice, zip_longest

from vpopmail.accounts.alias_domains import wrong_copies
from vpopmail.accounts.open_batches import stored_entries
from vpopmail.backends.abstract import DIR_CONTROL, IP_MAP, RELAY
from vpopmail.errors import AlreadyThere, BackendUnavailable
from vpopmail.records import LoginRecord
from vpopmail.safeio.directory import open_trusted
from vpopmail.upkeep.advice import REPLACE
from vpopmail.upkeep.convert_kinds import differ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.facets import AuthLogFacet, IpMapFacet, RelayFacet
    from vpopmail.installation import Installation
    from vpopmail.upkeep.conversion import Converted

_ALWAYS = 2**62  # seconds: later than any time in a log


class SiteConversion:
    """The conversion of what is of no domain.

    Args:
        source, target: the two stores.
        report: gets the numbers.
    """

    def __init__(self, source: Installation, target: Installation, report: Converted) -> None:
        self.source = source
        self.target = target
        self.report = report

    def convert(self, *, may_replace: bool) -> None:
        """Copy what is not kept in the same place by both, and compare.

        Args:
            may_replace: whether the target's log may be dropped if it is another one.

        Raises:
            AlreadyThere: its log is another one.
            BackendUnavailable: the two differ afterwards, or cannot be read or written.
        """
        self._copy_counter()
        self._copy_alias_domains()
        if differ(self.source, self.target, IP_MAP):
            self._copy_ip_map(self.source.ip_map, self.target.ip_map)
        if differ(self.source, self.target, RELAY):
            self._copy_relays(self.source.relay, self.target.relay)
        if self.source.auth_log is not None and self.target.auth_log is not None:
            self._copy_log(self.source.auth_log, self.target.auth_log, may_replace=may_replace)

    def _copy_counter(self) -> None:
        """The state of hashing of the domains' own directory."""
        settings = self.source.settings
        if not differ(self.source, self.target, DIR_CONTROL):
            return
        key = f"dom_{settings.uid}"
        with open_trusted(settings.domains_path, sync=settings.sync) as directory:
            state = self.source.dir_control.read_dir_control(key, directory)
            if state is not None:
                self.target.dir_control.write_dir_control(key, directory, state)

    def _copy_alias_domains(self) -> None:
        """The copy for other programs, made as users/cdb says."""
        store = self.target.alias_domains
        if store is None:
            return
        changed = wrong_copies(store, stored_entries(self.source))
        if changed:
            store.write_alias_domains(changed)

    def _copy_ip_map(self, source: IpMapFacet, target: IpMapFacet) -> None:
        addresses = {address for address, _ in source.iterate_ip_map()}
        for address in sorted(addresses):
            domain = source.read_ip_map(address)
            if domain is not None and target.read_ip_map(address) != domain:
                target.write_ip_map(address, domain)
        if any(source.read_ip_map(one) != target.read_ip_map(one) for one in addresses):
            raise BackendUnavailable("IP map", "it was changed while it was copied; do it again")
        self.report.ip_maps = len(addresses)

    def _copy_relays(self, source: RelayFacet, target: RelayFacet) -> None:
        relays = dict(source.relay_addresses())
        known = dict(target.relay_addresses())
        for address, seconds in relays.items():
            if known.get(address) != seconds:
                target.open_relay(address, seconds)
        if not relays.items() <= dict(target.relay_addresses()).items():
            raise BackendUnavailable("relay", "it was changed while it was copied; do it again")
        self.report.relays = len(relays)

    def _copy_log(self, source: AuthLogFacet, target: AuthLogFacet, *, may_replace: bool) -> None:
        """Copy the log without its passwords, or go on where an earlier copy was cut off."""
        if not self._add_lines(source, target):
            if not may_replace:
                raise AlreadyThere("the log of logins", f"the target has another one: {REPLACE}")
            target.delete_log(_ALWAYS)
            if not self._add_lines(source, target):
                raise BackendUnavailable("the log of logins", "others write to the target")
        if not self._has_lines(source, target):
            raise BackendUnavailable("the log of logins", "it is not what was copied; do it again")

    def _add_lines(self, source: AuthLogFacet, target: AuthLogFacet) -> bool:
        """Add the lines that the target lacks at its end; False: it has others."""
        count = 0
        ours: LoginRecord | None
        theirs: LoginRecord | None
        for ours, theirs in zip_longest(source.iterate_log(), target.iterate_log()):
            if ours is None or (theirs is not None and not _is_copy(target, ours, theirs)):
                return False
            if theirs is None:
                target.write_log(_without_password(ours))
            count += 1
        self.report.log_lines = count
        return True

    def _has_lines(self, source: AuthLogFacet, target: AuthLogFacet) -> bool:
        """Whether the target has the lines that were copied, and no others."""
        copied = islice(source.iterate_log(), self.report.log_lines)
        return all(
            ours is not None and theirs is not None and _is_copy(target, ours, theirs)
            for ours, theirs in zip_longest(copied, target.iterate_log())
        )


def _is_copy(target: AuthLogFacet, ours: LoginRecord, theirs: LoginRecord) -> bool:
    """Whether a line of the target is what it makes of ours; passwords do not count."""
    return target.as_logged(_without_password(ours)) == _without_password(theirs)


def _without_password(record: LoginRecord) -> LoginRecord:
    values = {name: getattr(record, name) for name in record.__slots__}
    return LoginRecord(**{**values, "password": ""})
