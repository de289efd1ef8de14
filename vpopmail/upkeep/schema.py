"""The tables of a site whose accounts are in a database: looked at, made, upgraded."""

from __future__ import annotations

from vpopmail.backends.abstract import SCHEMA
from vpopmail.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.facets import SchemaFacet, SchemaKeeper
    from vpopmail.backends.schema_plan import SchemaPlan
    from vpopmail.installation import Installation


class Schema:
    """The tables of a site; see docs/databases.md.

    Args:
        installation: the site.

    Each method raises ConfigError if the account store has no tables, and BackendUnavailable.
    """

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def check(self) -> SchemaPlan:
        """What differs from the tables that this release makes.

        Returns:
            A plan that is true if anything differs, with the upgrade as statements. Nothing is
            written or locked.

        Source: backends, generations met in the field.
        """
        return self._keeper().check(self._domains())

    def create(self, *, dry_run: bool = False) -> SchemaPlan:
        """Make the tables that the site's options want and that are missing.

        Args:
            dry_run: only tell; the statements are in the plan.

        Returns:
            The plan. Each table counts when its statement is done, on PostgreSQL and SQLite all
            with one commit. Killed at any moment, the same call makes the tables that are still
            missing; an index of one that is there is for ``upgrade``.
        """
        return self._keeper().create(self._domains(), dry_run=dry_run)

    def upgrade(self, *, dry_run: bool = False) -> SchemaPlan:
        """Make all tables as this release makes them; C goes on using them.

        Columns become wider and keep their names and places, new ones come last; what this
        release does not know stays.

        Args:
            dry_run: only tell; the statements are in the plan, for a DBA who runs them himself.

        Returns:
            The plan. Its commit points are those of ``create``; killed at any moment, the same
            call does the rest.

        Raises:
            SchemaRefused: rows would not fit, or would not be found any more; nothing was changed,
                and ``check().obstacles`` has all that is in the way.
        """
        return self._keeper().upgrade(self._domains(), dry_run=dry_run)

    def _keeper(self) -> SchemaKeeper:
        backend = self.installation.backend
        if SCHEMA not in backend.facets:
            what = f"{backend.name} has no tables that could be looked at and upgraded here"
            raise ConfigError("backend", what)
        facet: SchemaFacet = backend  # type: ignore[assignment]
        return facet.schema()

    def _domains(self) -> list[str]:
        if self.installation.settings.many_domains:
            return []
        lookup = self.installation.domain_lookup
        if lookup.is_new():
            return []  # the first domain is still to come
        return sorted({entry.realdomain for entry in lookup.entries()})
