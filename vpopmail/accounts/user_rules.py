"""What is decided about users: a new record, where it goes, whether one may be deleted."""

from __future__ import annotations

from vpopmail.accounts import checks
from vpopmail.accounts.catchall import DEFAULT, is_catch_all
from vpopmail.errors import CatchAllProtected, LimitsUnreadable, UserExists, UserNotFound
from vpopmail.names import check_kind_of_number
from vpopmail.passwords import hash_password
from vpopmail.records import NOQUOTA, USE_APOP, V_OVERRIDE, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.accounts.added_homes import Home
    from vpopmail.accounts.user_change import UserChange
    from vpopmail.plan.steps import Plan
    from vpopmail.records import VLimits
    from vpopmail.settings import Settings


def new_user(
    settings: Settings,
    name: str,
    password: str | None,
    *,
    crypted: str | None = None,
    gecos: str = "",
    apop: int = 0,
) -> VqPasswd:
    """The record of a new user, without its place and quota.

    Raises:
        CryptFailed.
    """
    if crypted is None:
        crypted = hash_password(password, settings.password_scheme) if password else ""
    clear = (password or "") if settings.clear_passwd else ""
    return VqPasswd(name, crypted, marker(apop), 0, gecos or name, "", NOQUOTA, clear)


def marker(apop: int) -> int:
    """What is stored for POP (0) and APOP (1). Raises: TypeError."""
    check_kind_of_number(apop)
    return 2 if apop == USE_APOP else 1


def effective_flags(user: VqPasswd, mask: int) -> int:
    """The flag bits that hold for a user.

    Args:
        user: with his own bits in ``pw_gid``.
        mask: the bits that the limits of the domain add.
    """
    return user.pw_gid if user.pw_gid & V_OVERRIDE else user.pw_gid | mask


def check_new_name(change: UserChange, name: str) -> None:
    """Refuse the name of a new user if there is such a user, or was at the begin of the batch.

    Raises:
        UserExists.
    """
    address = f"{name}@{change.domain.realdomain}"
    if change.find(name) is not None:
        raise UserExists(address)
    if name in change.removed:
        raise UserExists(address, "deleted in this batch, which must end first")


def decide_addition(
    plan: Plan, change: UserChange, user: VqPasswd, files: dict[str, bytes]
) -> Home:
    """Decide where a new user goes, and plan the building of the home.

    Args:
        plan: gets the step.
        change: of the user's domain.
        user: gets its directory; the caller knows the name to be free.
        files: further files of the home.

    Raises:
        HomeExists, DirectoryTooLong.
        UserExists: a batch deletes the user's record, and nothing else.
    """
    if change.forgets(user.pw_name):
        address = f"{user.pw_name}@{change.domain.realdomain}"
        raise UserExists(address, "its record is deleted in this batch, which must end first")
    home = change.place_home(user)
    checks.check_directory(user.pw_dir)
    change.add(user, home)
    plan.add(
        "mailstore",
        f"build the home {user.pw_dir}",
        lambda: change.build_home(home, files),  # what was built goes with the stage
    )
    return home


def decide_deletion(change: UserChange, name: str) -> None:
    """Decide that a user can be deleted, and note it in the change.

    Raises:
        UserNotFound, CatchAllProtected.
    """
    user = change.find(name)
    if user is None:
        raise UserNotFound(f"{name}@{change.domain.realdomain}")
    check_not_catch_all(change, user.pw_name)
    change.delete(user)


def check_not_catch_all(change: UserChange, name: str) -> None:
    """Refuse to delete who gets the mail of unknown users.

    Raises:
        CatchAllProtected.
    """
    if is_catch_all(change.files.read(DEFAULT), change.domain, name):
        raise CatchAllProtected(f"{name}@{change.domain.realdomain}")


def default_quota(settings: Settings, limits: VLimits | None) -> str:
    """The quota of a new user by the limits that hold for its domain; None: there are none.

    Raises:
        LimitsUnreadable.
    """
    if limits is None:
        from vpopmail.backends.files.limits import DEFAULTS

        advice = "it is missing, and the domain has no own limits: vpopmail site init makes it"
        raise LimitsUnreadable(settings.etc_path(DEFAULTS), advice)
    size = f"{limits.defaultquota}S" if limits.defaultquota > 0 else ""
    count = f"{limits.defaultmaxmsgcount}C" if limits.defaultmaxmsgcount > 0 else ""
    return ",".join(part for part in (size, count) if part) or NOQUOTA
