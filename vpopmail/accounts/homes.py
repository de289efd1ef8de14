"""Making a home outside of the adding of a user: for one whose home is missing."""

from __future__ import annotations

from vpopmail.accounts.checks import check_directory
from vpopmail.accounts.open_batches import get_domain
from vpopmail.accounts.user_change import open_change
from vpopmail.errors import DomainDirectoryMissing, HomeMissing, InvalidPath
from vpopmail.mailstore.homes import make_maildir
from vpopmail.mailstore.paths import split_home
from vpopmail.names import check_local_part, fold
from vpopmail.plan.executor import carry_out
from vpopmail.plan.steps import Plan
from vpopmail.records import VqPasswd
from vpopmail.safeio.directory import Owner
from vpopmail.safeio.paths import check_path, make_below
from vpopmail.safeio.tree import give_tree

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
    check_local_part(name, domain)
    entry = get_domain(installation, domain)
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


def restore_maildir(installation: Installation, domain: str, home: str) -> None:
    """Make the Maildir that a known home lacks, and the home itself if it is missing.

    Args:
        installation: the site.
        domain: domain or alias domain.
        home: absolute path below the directory of the domain.

    All of the home is given to the owner of the domain. Its commit point is the rename of the
    finished Maildir.

    Raises:
        DomainNotFound.
        HomeMissing: the directory of the domain cannot be entered.
        InvalidPath: the home is not below it.
        OSError: there is a Maildir, or something cannot be made.
    """
    entry = get_domain(installation, domain)
    check_path(home)
    split = split_home(entry.path, home.rstrip("/"))
    if split is None:
        raise InvalidPath(home, "a home lies below the directory of its domain")
    owner = Owner(entry.uid, entry.gid)
    try:
        directory = installation.open_domain(entry)
    except DomainDirectoryMissing as error:
        raise HomeMissing(entry.path, error.advice) from error
    parts = [part for part in "/".join(split).split("/") if part]
    with directory, make_below(directory, parts, owner) as inner:
        make_maildir(inner, owner)
        give_tree(inner, owner)
