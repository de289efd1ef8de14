"""When and from where users last logged in."""

from __future__ import annotations

from vpopmail import errors
from vpopmail.names import check_kind_of_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vpopmail.installation import Installation
    from vpopmail.records import DomainEntry, VqPasswd

MAX_REMOTE_IP = 39
_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:_-%@"


def read_last_auth(
    installation: Installation, user: VqPasswd, domain: str
) -> tuple[str, int] | None:
    """From where and when a user last logged in.

    Args:
        installation: the site.
        user: the record of the user.
        domain: domain or alias domain.

    Returns:
        (IP address, seconds since 1970), with 0.0.0.0 the time of creation; None: not known, or
        a batch is adding the user.

    Raises:
        DomainNotFound, BackendUnavailable, OSError.
        FieldMissing: the record has no name or no home, which are None.

    Source: api, last-auth.
    """
    from vpopmail.accounts.open_batches import get_domain

    for field in ("pw_name", "pw_dir"):
        if getattr(user, field) is None:
            raise errors.FieldMissing(field, "it is None")
    entry = get_domain(installation, domain)
    return installation.last_auth.read_last_auth(entry, user)


def read_last_auths(
    installation: Installation, users: Iterable[VqPasswd], domain: str
) -> Iterator[tuple[VqPasswd, tuple[str, int] | None]]:
    """Each of many users of a domain with what ``read_last_auth`` gives.

    Where a home keeps it and it cannot be read there, that is not known.

    Args:
        installation: the site.
        users: their records.
        domain: domain or alias domain.

    Raises:
        DomainNotFound, BackendUnavailable, OSError.
    """
    from vpopmail.accounts.open_batches import get_domain

    entry = get_domain(installation, domain)
    facet = installation.last_auth
    if hasattr(facet, "read_last_auths"):
        yield from facet.read_last_auths(entry, users)
        return
    for user in users:
        yield user, facet.read_last_auth(entry, user)


def note_login(installation: Installation, name: str, domain: str, remote_ip: str) -> None:
    """Note that a user has logged in just now.

    Args:
        installation: the site.
        name, domain: of the user, any case.
        remote_ip: as for ``write_login``.

    Its commit point is the rename of the file lastauth, or that of the account store.

    Raises:
        InvalidInput: no such address.
        UserNotFound, NotPermitted, HomeMissing, BackendUnavailable, OSError.

    Source: api, vset_lastauth.
    """
    from vpopmail.accounts.lookup import find_user

    _check_address(remote_ip)
    user = find_user(installation, name, domain)
    entry = installation.resolve(domain)
    if user is None or entry is None:
        raise errors.UserNotFound(f"{name}@{domain}")
    write_login(installation, entry, user, remote_ip)


def write_login(
    installation: Installation, domain: DomainEntry, user: VqPasswd, remote_ip: str
) -> None:
    """``note_login`` for a user who has been found.

    Args:
        installation: the site.
        domain: the domain of the user.
        user: as found.
        remote_ip: from where: at most 39 characters, as an address or a host name has them.

    Raises:
        InvalidInput: no such address.
        HomeMissing, BackendUnavailable, OSError.
    """
    _check_address(remote_ip)
    installation.last_auth.write_last_auth(domain, user, remote_ip)


def _check_address(remote_ip: str) -> None:
    check_kind_of_text(remote_ip)
    if len(remote_ip) > MAX_REMOTE_IP or remote_ip.strip(_CHARACTERS):
        raise errors.InvalidInput("remote IP", f"an address of at most {MAX_REMOTE_IP} characters")
