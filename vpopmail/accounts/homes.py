"""Making a home outside of the adding of a user: for one whose home is missing."""

from __future__ import annotations

from vpopmail.accounts.checks import check_directory
from vpopmail.accounts.user_change import open_change
from vpopmail.errors import DomainNotFound
from vpopmail.names import check_new_user, fold
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.records import VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation


def make_home(installation: Installation, name: str, domain: str) -> tuple[Plan, str]:
    """Make a home with its Maildir; a user who exists gets it as home.

    Args:
        installation: the site.
        name: local part.
        domain: domain or alias domain.

    Returns:
        (the plan, the place of the home below the domain: ``""``, ``0``, ``0/A``). Its commit
        point is the move of the home to its place, or that of the account store for a user.

    Raises:
        InvalidUserName, DomainNotFound, HomeExists, DirectoryTooLong, BackendUnavailable, OSError.
    """
    name = fold(name)
    check_new_user(name)
    entry = installation.resolve(domain)
    if entry is None:
        raise DomainNotFound(domain)
    plan = Plan(f"make the home of {name}@{entry.realdomain}")
    with open_change(installation, entry) as change:
        change.lock()
        stored = change.find(name)
        user = VqPasswd(name) if stored is None else stored
        home = change.place_home(user)
        check_directory(user.pw_dir)
        if stored is not None:
            change.transaction.replace(user)
        home.is_new = False
        change.added.append(home)
        plan.add("mailstore", f"build {user.pw_dir}", lambda: change.build_home(home, {}))
        change.plan_steps(plan)
        return carry_out(plan), home.place
