"""The one function that lets somebody in, or not: for vchkpw and every other caller.

Its steps are those of the manual, in its order, one function each. Light, since a login program
starts once per login.

Source: manual, "Authentication"; auth-and-delivery, order of checks.
"""

from __future__ import annotations

from time import monotonic

from vpopmail import errors
from vpopmail.access import reasons
from vpopmail.access.home import ensure_home
from vpopmail.access.login import Login, Refusal
from vpopmail.access.proof import PLAIN, is_digest, method_of
from vpopmail.accounts.last_auth import write_login
from vpopmail.accounts.lookup import add_limits, find_claimed
from vpopmail.accounts.password_check import hold_refusal
from vpopmail.formats.text import to_text
from vpopmail.log import warn
from vpopmail.names import (
    fold,
    fold_domain,
    has_domain_characters,
    has_user_characters,
    split_address,
)
from vpopmail.records import NO_RELAY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.access.login import LoginRequest
    from vpopmail.access.reasons import Reason
    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd


def authenticate(installation: Installation, request: LoginRequest) -> Login | Refusal:
    """Let somebody in, or not.

    Steps: name, domain, account, password, flags and domain limits, home, last login, relay. What
    becomes of it is told to the log, at the level of the setting ``logging``. What an open batch
    has pending does not count.

    Args:
        installation: the site.
        request: who comes, with what, to which service, from where.

    Returns:
        The Login, which is true; or the Refusal, which is false, and whose reason is not for the
        client. A refusal for an unknown user costs what a wrong password does.

    Raises:
        HomeNotMade: all is right, but the home cannot be made.
        BackendUnavailable, AssignUnreadable, NotPermitted, OSError: it cannot be told.

    Source: manual, "Authentication".
    """
    attempt = Attempt(installation, request)
    try:
        outcome = _decide(attempt)
    except errors.HomeNotMade:
        _report(attempt, reasons.HOME_NOT_MADE)
        raise
    except (errors.VpopmailError, OSError):
        _report(attempt, reasons.STORE_FAILED)
        raise
    _report(attempt, _reason(outcome))
    return outcome


class Attempt:
    """A login while it is looked at: what is known of it grows from step to step.

    Attributes:
        installation, request: as given.
        name: as given, in lower case.
        user_name, domain_name: its parts; the domain is the real one once that is known.
        has_domain: whether the domain was given.
        entry: of the domain; None: there is none.
        user: the account; None: there is none.
        method: by which the password was proved.
    """

    __slots__ = (
        "begun",
        "domain_name",
        "entry",
        "has_domain",
        "installation",
        "method",
        "name",
        "request",
        "user",
        "user_name",
    )

    def __init__(self, installation: Installation, request: LoginRequest) -> None:
        self.installation = installation
        self.request = request
        self.begun = monotonic()
        self.name = fold(request.name)
        self.user_name = ""
        self.domain_name = ""
        self.has_domain = False
        self.entry: DomainEntry | None = None
        self.user: VqPasswd | None = None
        self.method = ""


def _decide(attempt: Attempt) -> Login | Refusal:
    reason = _name_step(attempt)
    if reason is not None:
        return Refusal(reason)
    _domain_step(attempt)
    _account_step(attempt)
    if attempt.user is None and _may_be_system_user(attempt):
        return _system_step(attempt)
    reason = _password_step(attempt)
    if reason is not None:
        hold_refusal(attempt.begun)
        return Refusal(reason)
    assert attempt.entry is not None
    assert attempt.user is not None
    add_limits(attempt.installation, attempt.entry, attempt.user)
    reason = _service_step(attempt, attempt.user)
    if reason is not None:
        return Refusal(reason)
    _home_step(attempt, attempt.entry, attempt.user)
    _last_auth_step(attempt, attempt.entry, attempt.user)
    _relay_step(attempt, attempt.user.pw_flags)
    return _login(attempt, attempt.entry, attempt.user)


def _name_step(attempt: Attempt) -> Reason | None:
    """Name and password are given, and no character is one that no name has."""
    if not attempt.name:
        return reasons.NO_NAME
    if not attempt.request.password:
        return reasons.NO_PASSWORD
    user, domain = split_address(attempt.name)
    domain = fold_domain(domain)
    attempt.user_name, attempt.domain_name = user, domain
    attempt.has_domain = bool(domain)
    valid = has_user_characters(user) and has_domain_characters(domain)
    return None if valid else reasons.BAD_CHARACTERS


def _domain_step(attempt: Attempt) -> None:
    """The domain, or the one for names without."""
    installation, request = attempt.installation, attempt.request
    domain = attempt.domain_name
    if not domain:
        from vpopmail.access.default_domain import fill_domain

        domain = fill_domain(installation, request.default_domain, request.local_ip)
    attempt.entry = installation.domain_lookup.peek(fold(domain))
    attempt.domain_name = domain if attempt.entry is None else attempt.entry.realdomain


def _account_step(attempt: Attempt) -> None:
    """The account, still without the flags of the domain's limits."""
    name = fold(attempt.user_name)
    attempt.user = find_claimed(attempt.installation, attempt.entry, name)


def _may_be_system_user(attempt: Attempt) -> bool:
    return attempt.installation.settings.passwd and not attempt.has_domain


def _system_step(attempt: Attempt) -> Login | Refusal:
    """A user of /etc/passwd."""
    from vpopmail.access.system_users import log_in

    attempt.domain_name = ""
    outcome = log_in(attempt.installation.settings, attempt.request, attempt.user_name)
    if outcome:
        _relay_step(attempt, flags=0)
    else:
        hold_refusal(attempt.begun)
    return outcome


def _password_step(attempt: Attempt) -> Reason | None:
    """The password; one that is not there yet may be learned."""
    user, settings = attempt.user, attempt.installation.settings
    attempt.method = method_of(settings, attempt.request, user)
    if user is None:
        return reasons.UNKNOWN_USER
    if not user.pw_passwd:
        return None if _learn(attempt, user) else reasons.NOTHING_STORED
    if not attempt.method:
        return reasons.PASSWORD_FAILED
    if attempt.method == PLAIN:
        _keep_up(attempt, user)
    return None


def _learn(attempt: Attempt, user: VqPasswd) -> bool:
    """Learn the first password. A digest is not one: storing it would shut the user out."""
    if not attempt.installation.settings.learn_passwords or is_digest(attempt.request):
        return False
    if _service_step(attempt, user) is not None:
        return True  # that step refuses him, and who is refused leaves no password behind
    from vpopmail.accounts.learning import learn

    attempt.method = PLAIN
    password = to_text(attempt.request.password)
    return learn(attempt.installation, user, attempt.domain_name, password)


def _keep_up(attempt: Attempt, user: VqPasswd) -> None:
    """What a right clear password is good for besides: a better hash, the clear text."""
    installation = attempt.installation
    settings = installation.settings
    password = to_text(attempt.request.password)
    if settings.rehash_passwords:
        from vpopmail.accounts.rehash import rehash

        rehash(installation, user, attempt.domain_name, password)
    if settings.learn_passwords and settings.clear_passwd and not user.pw_clear_passwd:
        from vpopmail.accounts.learning import learn_clear

        learn_clear(installation, user, attempt.domain_name, password)


def _service_step(attempt: Attempt, user: VqPasswd) -> Reason | None:
    """No flag of the user and no limit of the domain closes the service."""
    closed = user.pw_flags & attempt.request.service.flag
    return reasons.SERVICE_CLOSED if closed else None


def _home_step(attempt: Attempt, domain: DomainEntry, user: VqPasswd) -> None:
    """The home is there; made on the first login."""
    if attempt.request.service.has_mailbox:
        ensure_home(attempt.installation, domain, user)


def _last_auth_step(attempt: Attempt, domain: DomainEntry, user: VqPasswd) -> None:
    """Time and address are noted; that they cannot be refuses nobody."""
    installation = attempt.installation
    if not installation.settings.auth_logging:
        return
    try:
        write_login(installation, domain, user, attempt.request.remote_ip)
    except (errors.VpopmailError, OSError) as error:
        name = type(error).__name__
        warn("the login of %s@%s is not noted: %s", user.pw_name, domain.realdomain, name)


def _relay_step(attempt: Attempt, flags: int) -> None:
    """The client may send mail for a while; that it may not refuses nobody."""
    installation, request = attempt.installation, attempt.request
    if not installation.settings.roaming_users or flags & NO_RELAY:
        return
    if not request.service.has_mailbox or not request.remote_ip:
        return
    from vpopmail.access.relay import Relay

    try:
        Relay(installation).open(request.remote_ip)
    except (errors.VpopmailError, OSError) as error:
        warn("the relay is not opened for %s: %s", request.remote_ip, type(error).__name__)


def _login(attempt: Attempt, domain: DomainEntry, user: VqPasswd) -> Login:
    return Login(
        user.pw_name,
        domain.realdomain,
        name=attempt.name,
        uid=domain.uid,
        gid=domain.gid,
        home=user.pw_dir,
        quota=user.pw_shell,
        flags=user.pw_flags,
        method=attempt.method,
        service=attempt.request.service.name,
    )


def _reason(outcome: Login | Refusal) -> Reason:
    if isinstance(outcome, Refusal):
        return outcome.reason
    return reasons.SUCCESS if outcome.domain else reasons.SYSTEM_SUCCESS


def _report(attempt: Attempt, reason: Reason) -> None:
    """Tell what became of it, unless the site's level leaves it out."""
    if attempt.installation.settings.logging in reason.levels:
        from vpopmail.access.report import report

        report(attempt, reason)
