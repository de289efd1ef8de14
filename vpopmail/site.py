"""Vpopmail: one site, its managers, and which site is the current one.

Light, since the C face finds its way through here: the managers are imported when first used.
"""

from __future__ import annotations

from vpopmail.installation import Installation
from vpopmail.settings import Settings, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from contextvars import ContextVar

    from typing_extensions import Self

    from vpopmail.access.auth_log import AuthLog
    from vpopmail.access.ip_map import IpMaps
    from vpopmail.access.logins import Logins
    from vpopmail.access.relay import Relay
    from vpopmail.accounts.aliases import Aliases
    from vpopmail.accounts.batch import Batch
    from vpopmail.accounts.default_delivery import CatchAll, DefaultDelivery
    from vpopmail.accounts.domains import Domains
    from vpopmail.accounts.limits import Limits
    from vpopmail.accounts.quotas import Quotas
    from vpopmail.accounts.users import Users
    from vpopmail.config import Config
    from vpopmail.delivery.bulletins import Bulletins
    from vpopmail.delivery.mail import Mail
    from vpopmail.events.events import Events
    from vpopmail.qmail.qmail import Qmail
    from vpopmail.qmail.rebuild import Rebuilt
    from vpopmail.upkeep.conversion import Converted
    from vpopmail.upkeep.diagnosis import Diagnosis
    from vpopmail.upkeep.findings import Reconciled
    from vpopmail.upkeep.schema import Schema


class Vpopmail:
    """One vpopmail installation.

    Args:
        config: a Config, or its Settings; None loads them as ``Config.load()`` does.

    Attributes:
        settings: what holds for the site.
        domains, users, aliases, default_delivery, catch_all, limits, quotas, ip_maps, relay: its
            managers.
        schema: its tables.
        logins, auth_log: letting users in, and the log of that.
        mail, bulletins: deliveries to one and to all.
        events: who is told of changes.
        qmail: its qmail directory.

    Raises:
        ConfigError.
    """

    def __init__(self, config: Config | Settings | None = None) -> None:
        if config is None:
            config = load()
        given = config if isinstance(config, Settings) else getattr(config, "settings", None)
        if not isinstance(given, Settings):
            raise TypeError(f"a Config is needed, not {type(config).__name__}")
        self.settings: Settings = given
        self.installation = Installation(self.settings)

    @property
    def domains(self) -> Domains:
        """The domains and alias domains."""
        from vpopmail.accounts.domains import Domains

        return Domains(self.installation)

    @property
    def users(self) -> Users:
        """The users of all domains."""
        from vpopmail.accounts.users import Users

        return Users(self.installation)

    @property
    def aliases(self) -> Aliases:
        """The aliases of all domains."""
        from vpopmail.accounts.aliases import Aliases

        return Aliases(self.installation)

    @property
    def default_delivery(self) -> DefaultDelivery:
        """What the domains do with mail for unknown users."""
        from vpopmail.accounts.default_delivery import DefaultDelivery

        return DefaultDelivery(self.installation)

    @property
    def catch_all(self) -> CatchAll:
        """Who gets the mail for unknown users."""
        from vpopmail.accounts.default_delivery import CatchAll

        return CatchAll(self.installation)

    @property
    def limits(self) -> Limits:
        """The limits of the domains."""
        from vpopmail.accounts.limits import Limits

        return Limits(self.installation)

    @property
    def quotas(self) -> Quotas:
        """What users may keep and keep."""
        from vpopmail.accounts.quotas import Quotas

        return Quotas(self.installation)

    @property
    def schema(self) -> Schema:
        """The tables of an account store that is a database."""
        from vpopmail.upkeep.schema import Schema

        return Schema(self.installation)

    @property
    def ip_maps(self) -> IpMaps:
        """The domains that addresses of the server stand for."""
        from vpopmail.access.ip_map import IpMaps

        return IpMaps(self.installation)

    @property
    def relay(self) -> Relay:
        """The addresses that may send mail for a while after a login."""
        from vpopmail.access.relay import Relay

        return Relay(self.installation)

    @property
    def logins(self) -> Logins:
        """Letting users in, or not."""
        from vpopmail.access.logins import Logins

        return Logins(self.installation)

    @property
    def auth_log(self) -> AuthLog:
        """The log of logins that a database keeps."""
        from vpopmail.access.auth_log import AuthLog

        return AuthLog(self.installation)

    @property
    def mail(self) -> Mail:
        """Deliveries to the addresses of the site."""
        from vpopmail.delivery.mail import Mail

        return Mail(self.installation)

    @property
    def bulletins(self) -> Bulletins:
        """Messages to all users of domains."""
        from vpopmail.delivery.bulletins import Bulletins

        return Bulletins(self.installation)

    @property
    def qmail(self) -> Qmail:
        """The qmail directory."""
        return self.installation.qmail

    @property
    def events(self) -> Events:
        """Who is told of changes: ``site.events.subscribe(function)``."""
        return self.installation.events

    def silent(self) -> AbstractContextManager[None]:
        """A context manager in which nobody is told of changes: no subscriber, no script."""
        return self.installation.events.nested()

    def batch(self, *, deferred: bool = False) -> Batch:
        """A context manager for many changes with one commit; see Batch.

        Args:
            deferred: for domains that are added one by one by many processes: qmail takes mail for
                them when another change, which is not deferred, compiles morercpthosts and tells
                qmail-send. The last of them all must not be deferred.

        Source: manual, "vadddomain", option -O.
        """
        from vpopmail.accounts.batch import Batch

        return Batch(self.installation, deferred=deferred)

    def prepare(self, *, dry_run: bool = False) -> list[str]:
        """Make the directories and files that are missing for a first domain.

        Args:
            dry_run: only look.

        Returns:
            The paths that were made, or with ``dry_run`` would be.

        Raises:
            OSError.
        """
        from vpopmail.upkeep.layout import make_layout

        return make_layout(self.settings, dry_run=dry_run)

    def install_programs(self) -> list[str]:
        """Write the programs (vchkpw and others) into ``bindir``; see docs/vchkpw.md.

        Returns:
            Their paths. Each file has a commit point of its own, the rename.

        Raises:
            InvalidPath: the path of Python cannot stand in the first line of a script.
            ConfigError, OSError.

        Source: manual, "Installing vpopmail".
        """
        from vpopmail.upkeep.programs import install_programs

        return install_programs(self.settings)

    def rebuild(
        self,
        directories: Iterable[str] = (),
        *,
        aliases: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> Rebuilt:
        """Make lost files of qmail anew from the directories of the domains; see docs/rebuild.md.

        Args:
            directories: more that hold domains, besides the site's own and those that a
                surviving line leads to; absolute.
            aliases: alias domains that are known from elsewhere, with their domains.
            dry_run: only decide, without locks, and say what would be done.

        Returns:
            The report: plan, domains, alias domains, what is odd and what cannot be known. The
            commit point is the rename of qmail's users/cdb.

        Raises:
            NotPermitted, BaseDirectoryMissing, InvalidDomainName, DomainNameTooLong,
            DomainExists, DomainNotFound, FileNotUpdated, OSError.

        Source: manual, "I've lost all my qmail control files".
        """
        from vpopmail.upkeep.rebuild import rebuild_qmail

        return rebuild_qmail(self.installation, directories, aliases, dry_run=dry_run)

    def convert(
        self,
        to: Vpopmail | Config | Settings,
        domains: Iterable[str] | None = None,
        *,
        rest: bool | None = None,
        replace: bool = False,
        dry_run: bool = False,
        progress: Callable[[str, int], object] | None = None,
    ) -> Converted:
        """Copy the accounts to another store, and compare the two; see docs/convert.md.

        Nothing is removed here. Copied are users, aliases, limits, last logins and the counters
        of directory hashing; and what is of no domain: IP maps, relay addresses and the log, as
        far as both stores keep them. Homes and mail stay where they are.

        Args:
            to: the same site with another backend: a site, or options for one.
            domains: only these; None: all.
            rest: whether what is of no domain is copied too; None: if all domains are.
            replace: whether a domain that has other accounts in the target loses them; not to a
                source that has none at all of it.
            dry_run: only look, without locks, and count.
            progress: is told domain and number of its users done, every thousand users.

        Returns:
            The report. A thousand users are one commit. Killed at any moment, the same call goes
            on: what is there already is not copied again.

        Raises:
            ConfigError: the target is another site, or the same store.
            DomainNotFound: one of ``domains`` is not there.
            ConversionFailed: a domain could not be copied; the others are, its ``report`` tells.
            FileNotUpdated: another conversion of this site runs.
            NotPermitted, AssignUnreadable, OSError.

        Source: commands, vconvert; backends, conversions between modules.
        """
        from vpopmail.upkeep.convert import convert_accounts

        def convert(target: Installation) -> Converted:
            return convert_accounts(
                self.installation,
                target,
                domains,
                rest=rest,
                replace=replace,
                dry_run=dry_run,
                progress=progress,
            )

        if isinstance(to, Vpopmail):
            return convert(to.installation)
        with Vpopmail(to) as site:
            return convert(site.installation)

    def reconcile(
        self, *, domains: Iterable[str] | None = None, dry_run: bool = False
    ) -> Reconciled:
        """Find what killed processes left and what does not fit; see docs/reconcile.md.

        What is safe to repair is repaired, the rest is told. No mail is ever removed.

        Args:
            domains: to look at these alone, and not at the set of domains; None: the whole site.
            dry_run: only look: no lock is taken and nothing is written.

        Returns:
            The report, which is true if there are findings. Each repair has a commit point of
            its own; killed at any moment, the next call does the rest.

        Raises:
            DomainNotFound, NotPermitted, UnknownBackend, BackendUnavailable.
        """
        from vpopmail.upkeep.reconcile import reconcile_site

        return reconcile_site(self.installation, domains, dry_run=dry_run)

    def diagnose(self, address: str, password: str | bytes | None = None) -> Diagnosis:
        """Walk through all that a login needs, and say which step fails and what to do.

        Args:
            address: ``user@domain``, any case.
            password: to be compared; None: only whether one is stored. It is never shown.

        Returns:
            The steps in order; ``print()`` shows one a line. Nothing is written or locked, and
            nothing that is found is raised.

        Source: manual, "How to troubleshoot vpopmail".
        """
        from vpopmail.upkeep.diagnose import diagnose_login

        return diagnose_login(self.installation, address, password)

    def close(self) -> None:
        """Close the account store; closing twice does no harm."""
        self.installation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Vpopmail {self.settings.vpopmaildir} ({self.settings.backend})>"


_CONFIGURED = "configured"

_used: ContextVar[Vpopmail | None] | None = None  # made by the first ``use``: a login has none
# Of the process. Who asks first decides by ``setdefault``, in one step: a lock would be waited
# for in vain by a signal handler, a call-back, or a child that was forked while it was held.
_sites: dict[str, Vpopmail] = {}
_variables: dict[str, ContextVar[Vpopmail | None]] = {}


class use:  # noqa: N801 - reads as a word: ``with use(site):``
    """Make a site the current one within a ``with`` block, for this context only.

    Args:
        site: which; it is not closed at the end.
    """

    def __init__(self, site: Vpopmail) -> None:
        if not isinstance(site, Vpopmail):
            raise TypeError(f"a Vpopmail is needed, not {type(site).__name__}")
        self.site = site

    def __enter__(self) -> Vpopmail:
        self._token = _variable().set(self.site)
        return self.site

    def __exit__(self, *exception: object) -> None:
        try:
            _variable().reset(self._token)
        except ValueError:  # it began in another context: in this one there is nothing to end
            return


def _variable() -> ContextVar[Vpopmail | None]:
    """The variable of ``use``; two threads that ask first at the same time get the same one."""
    global _used  # noqa: PLW0603 - the variable of the process
    if _used is None:
        from contextvars import ContextVar

        _used = _variables.setdefault(_CONFIGURED, ContextVar("vpopmail_site", default=None))
    return _used


def configure(**settings: object) -> Vpopmail:
    """Make a site and let it be the current one of the process; the one before is closed.

    Args:
        settings: options by name; see docs/configuration.md. What is not given comes from the
            environment, etc/vpopmail.toml and the defaults.

    Raises:
        ConfigError: nothing has changed.
    """
    site = Vpopmail(load(settings))
    before = _sites.get(_CONFIGURED)
    _sites[_CONFIGURED] = site
    if before is not None:
        before.close()
    return site


def current() -> Vpopmail:
    """The current site: of ``use``, else of ``configure``, else loaded now.

    Raises:
        ConfigError.
    """
    site = None if _used is None else _used.get()
    if site is None:
        site = _sites.get(_CONFIGURED)
    # Nobody configured one: all who ask first at the same time get the same.
    return _sites.setdefault(_CONFIGURED, Vpopmail(load())) if site is None else site
