"""Whether an address exists, and in which of its meanings; what cannot be read does not."""

from __future__ import annotations

from vpopmail.accounts import existence
from vpopmail.capi.status import ask, check_text
from vpopmail.capi.users import vauth_getpw
from vpopmail.settings.options import OLD_PROFILE
from vpopmail.site import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def isExistingUser(name: str, domain: str) -> int:  # noqa: N802 - a C name
    """1 if there is a user of the domain or alias domain, else 0.

    Args:
        name: local part, any case.
        domain: domain or alias domain, any case.
    """
    return int(vauth_getpw(name, domain) is not None)


def isExistingAlias(path: str, name: str, domain: str = "") -> int:  # noqa: N802 - a C name
    """1 if a dot-qmail file of this name can be read, else 0.

    Args:
        path: directory of the domain, absolute.
        name: local part; its dots are colons in the name of the file.
        domain: domain or alias domain, for a backend that keeps aliases itself; may be left out.

    With the profile 5.6 mailing lists, autoresponders and names that begin with ``default`` are
    no aliases.
    """
    check_text(path, name, domain)
    return _yes(
        lambda: (
            existence.is_alias(path, name, narrow=_is_new_profile())
            or existence.is_kept_alias(current().installation, name, domain)
        )
    )


def isExistingAddress(domain: str, name: str, path: str) -> int:  # noqa: N802 - a C name
    """1 if there is a user or an alias, with the profile 5.6 also if a robot, else 0.

    Args:
        domain: domain or alias domain.
        name: local part.
        path: directory of the domain, absolute.
    """
    check_text(domain, name, path)
    found = isExistingUser(name, domain) or isExistingAlias(path, name, domain)
    return int(found or (ask(False, _is_new_profile) and isExistingRobot(path, name)))


def isValidMailList(path: str, name: str) -> int:  # noqa: N802 - a C name
    """1 if the first line of the name's dot-qmail file runs ezmlm, else 0.

    Args:
        path: directory of the domain, absolute.
        name: local part; its dots are colons in the name of the file.
    """
    check_text(path, name)
    return _yes(lambda: existence.is_mailing_list(path, name))


def isExistingRobot(path: str, name: str) -> int:  # noqa: N802 - a C name
    """1 if ``<NAME>/message`` of an autoresponder is in the directory, else 0.

    Args:
        path: directory of the domain, absolute.
        name: local part, which is in capitals there.
    """
    check_text(path, name)
    return _yes(lambda: existence.is_robot(path, name))


def isQmailAlias(name: str) -> int:  # noqa: N802 - a C name
    """1 if qmail's own ``alias`` directory has the name, with or without ``-default``, else 0."""
    check_text(name)
    return _yes(lambda: existence.is_qmail_alias(current().settings.qmaildir, name))


def isExistingAnyAddress(domain: str, name: str, path: str) -> int:  # noqa: N802 - a C name
    """1 if a user, an alias, a mailing list, a robot or an alias of qmail has the name, else 0.

    Args:
        domain: domain or alias domain.
        name: local part.
        path: directory of the domain, absolute.
    """
    check_text(domain, name, path)
    return int(
        isExistingUser(name, domain)
        or isExistingAlias(path, name, domain)
        or isValidMailList(path, name)
        or isExistingRobot(path, name)
        or isQmailAlias(name)
    )


def _is_new_profile() -> bool:
    return current().settings.profile != OLD_PROFILE


def _yes(question: Callable[[], bool]) -> int:
    return int(ask(False, question))
