"""Looking at the tables of a database, making those that are missing, and upgrading old ones."""

from __future__ import annotations

from vpopmail.backends.schema_plan import Obstacle, SchemaPlan
from vpopmail.backends.sql import tables
from vpopmail.backends.sql.account_table import SHARED, own_table
from vpopmail.backends.sql.connections import NoTable
from vpopmail.backends.sql.ddl import wanted
from vpopmail.backends.sql.ddl.differences import compare
from vpopmail.errors import BackendUnavailable, InvalidDomainName, SchemaRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from vpopmail.backends.sql.backend import SqlBackend
    from vpopmail.backends.sql.connections import Work
    from vpopmail.backends.sql.ddl.differences import Change
    from vpopmail.backends.sql.ddl.language import Language


class SchemaKeeper:
    """The tables of one site.

    Args:
        backend: of the site.
        language: of its kind of database.
    """

    def __init__(self, backend: SqlBackend, language: Language) -> None:
        self.settings = backend.settings
        self.connections = backend.connections
        self.language = language

    def check(self, domains: Iterable[str]) -> SchemaPlan:
        """Compare all tables with those that this release makes, and think out the upgrade.

        Args:
            domains: the real domains of the site.

        Raises:
            BackendUnavailable.
        """
        changes = self._changes(domains)
        wrong = "tables that are missing or not as they should be"
        return self._plan(wrong if changes else "all tables are as they should be", changes)

    def create(self, domains: Iterable[str], *, dry_run: bool) -> SchemaPlan:
        """Make the tables that are missing; those that are there stay as they are.

        Raises:
            BackendUnavailable.
        """
        domains = list(domains)

        def plan() -> SchemaPlan:
            missing = [change for change in self._changes(domains) if change.live is None]
            return self._plan("missing tables" if missing else "no tables are missing", missing)

        return plan() if dry_run else self._carry_out(plan(), plan)

    def upgrade(self, domains: Iterable[str], *, dry_run: bool) -> SchemaPlan:
        """Make all tables as this release makes them; nothing in them is lost.

        Raises:
            SchemaRefused: rows would not fit, or a column is of another kind; nothing was changed.
            BackendUnavailable.
        """
        domains = list(domains)
        plan = self.check(domains)
        if dry_run:
            return plan
        if plan.obstacles:
            raise SchemaRefused(str(plan.obstacles[0]), f"{len(plan.obstacles)} in the way")
        return self._carry_out(plan, lambda: self.check(domains))

    def _changes(self, domains: Iterable[str]) -> list[Change]:
        language, settings = self.language, self.settings
        own = [] if settings.many_domains else sorted(set(_own_names(domains)))
        try:
            live = language.inspect(self.connections.ask)
        except NoTable:
            live = {}  # a file that is missing
        found = wanted.read(
            language.dialect.name,
            own,
            per_domain=not settings.many_domains,
            blocks=language.blocks,
            widest=language.widest,
        )
        needed = {*tables.needed_tables(settings), *([SHARED] if settings.many_domains else own)}
        changes = [
            compare(table, live.get(name), clear=settings.clear_passwd)
            for name, table in found.items()
            if name in needed or name in live
        ]
        return [change for change in changes if change.differences]

    def _plan(self, subject: str, changes: list[Change]) -> SchemaPlan:
        language = self.language
        statements: list[str] = []
        for change in changes:
            make = language.create if change.live is None else language.change
            statements += make(change)
        return SchemaPlan(
            subject,
            tuple(difference for change in changes for difference in change.differences),
            tuple(obstacle for change in changes for obstacle in self._obstacles(change)),
            tuple(statements),
            language.frame,
        )

    def _obstacles(self, change: Change) -> Iterator[Obstacle]:
        if change.live is None:
            return
        for column in change.foreign:
            yield Obstacle(
                change.name, column.name, f"of the kind {column.type}: change it by hand"
            )
        for check in self.language.checks(change):
            rows = int(self.connections.ask(check.text)[0][0])
            if rows:
                yield Obstacle(change.name, check.column, check.why, rows)

    def _carry_out(self, plan: SchemaPlan, again: Callable[[], SchemaPlan]) -> SchemaPlan:
        """Do what was planned; or the rest of it, if somebody else does the same meanwhile."""
        rest = plan
        while rest.statements:
            try:
                self._execute_all(rest.statements)
            except BackendUnavailable:
                found = again()
                if found.differences == rest.differences:
                    raise  # nobody has got on
                rest = found
            else:
                break
        plan.carried_out = bool(plan.statements)
        return plan

    def _execute_all(self, texts: Sequence[str]) -> None:
        try:
            if self.language.is_transactional:
                self.connections.run(lambda work: self._execute(work, texts))
            else:
                for text in texts:
                    self._execute_alone(text)
        finally:
            self.connections.forget_layout()

    def _execute(self, work: Work, texts: Iterable[str]) -> None:
        for text in (*self.language.bounds(), *texts):
            work.execute_text(text)

    def _execute_alone(self, text: str) -> None:
        before = [one for one in self.language.frame if one]
        self.connections.run(lambda work: self._execute(work, [*before, text]))


def _own_names(domains: Iterable[str]) -> Iterator[str]:
    for domain in domains:
        try:
            yield own_table(domain).name
        except InvalidDomainName:
            continue  # it cannot have a table, so it has none
