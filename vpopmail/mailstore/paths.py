"""What the paths of homes and Maildirs tell. Light: every delivery goes through it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import DomainEntry, VqPasswd

MAILDIR = "Maildir"
_NO_NAMES = frozenset(("", ".", ".."))


def address_of_maildir(path: str) -> str:
    """The address of the user whose Maildir a path leads into, or to.

    Args:
        path: absolute; need not exist.

    Returns:
        ``user@domain``: the directory above the last ``Maildir``, and the nearest one above it
        with a dot in its name; ``""`` if there are none.

    Source: api, maildir_to_email.
    """
    at = path.rfind(f"/{MAILDIR}/", 1)
    if at < 0:
        if not path.endswith(f"/{MAILDIR}"):
            return ""
        at = len(path) - len(MAILDIR) - 1
    rest, _, user = path[:at].rpartition("/")
    parts = rest.split("/")
    for at in range(len(parts) - 1, 0, -1):
        if "." in parts[at]:
            # Nothing is a domain that lies in / itself.
            return f"{user}@{parts[at]}" if at > 1 or parts[0] else ""
    return ""


def relative_home(domain: DomainEntry, user: VqPasswd) -> str | None:
    """A home relative to its domain, or None if it is not below it; see ``split_home``."""
    return path_below(domain.path, user.pw_dir)


def split_home(domain_path: str, home: str) -> tuple[str, str] | None:
    """Place and last name of a home, relative to its domain.

    Args:
        domain_path: directory of the domain, absolute.
        home: the stored home, absolute.

    Returns:
        (place, name), or None if it is not below the domain's directory.
    """
    below = path_below(domain_path, home)
    if below is None:
        return None
    place, _, name = below.rpartition("/")
    return place, name


def path_below(domain_path: str, home: str) -> str | None:
    """A home relative to its domain; None if it is not below. See ``split_home``."""
    start = f"{domain_path}/"
    if not home.startswith(start):
        return None
    below = home[len(start) :]
    return below if _NO_NAMES.isdisjoint(below.split("/")) else None
