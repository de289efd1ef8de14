"""The copy of the alias domains in the account store, compared with users/cdb."""

from __future__ import annotations

from functools import partial

from vpopmail.accounts.alias_domains import wrong_copies
from vpopmail.upkeep.examined_site import in_force
from vpopmail.upkeep.findings import ALIAS_DOMAIN_COPY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.upkeep.examined_site import ExaminedSite

_FEW = 5


def examine_alias_domains(look: ExaminedSite) -> None:
    """Note a copy that is not what users/cdb says, and bring it in line.

    Raises:
        BackendUnavailable.
    """
    installation = look.installation
    store = installation.alias_domains
    if store is None:
        return
    entries = in_force(installation)
    if not entries and not installation.domain_lookup.is_new():
        return  # users/cdb is lost: what is left of the alias domains must not go too
    changed = wrong_copies(store, entries)
    if changed:
        some = ", ".join(sorted(changed)[:_FEW]) + (", ..." if len(changed) > _FEW else "")
        look.examination.mend(
            ALIAS_DOMAIN_COPY,
            installation.backend.name,
            f"the copy of the alias domains is wrong about {len(changed)} of them: {some}",
            "it is made as users/cdb says",
            partial(store.write_alias_domains, changed),
        )
