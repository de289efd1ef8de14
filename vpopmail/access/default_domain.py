"""The domain of a name that is given without one.

Source: api, default domain; auth-and-delivery, name and domain.
"""

from __future__ import annotations

from vpopmail.formats.text import to_text
from vpopmail.names import MAX_DOMAIN, cleaned
from vpopmail.safeio.view import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.installation import Installation
    from vpopmail.settings import Settings

_FILE = "defaultdomain"


def fill_domain(installation: Installation, given: str | None = None, local_ip: str = "") -> str:
    """The domain for a name without one.

    Args:
        installation: the site.
        given: of the environment, VPOPMAIL_DOMAIN; it wins, even empty; None: not set.
        local_ip: address of the server; counts with ip_alias_domains. An IPv4 address that is
            written as an IPv6 one counts as itself.

    Returns:
        The domain; else the one that the address is mapped to, unless control/locals has it;
        else that of etc/defaultdomain; ``""`` without any.

    Raises:
        OSError, BackendUnavailable.
    """
    if given is not None:
        return cleaned(given)[:MAX_DOMAIN]
    if installation.settings.ip_alias_domains and local_ip:
        mapped = _mapped(installation, local_ip)
        if mapped is not None:
            return mapped
    return read_default_domain(installation.settings)


def read_default_domain(settings: Settings) -> str:
    """The first line of etc/defaultdomain, at most 96 characters; ``""`` without the file.

    Raises:
        OSError.
    """
    data = read_file(settings.etc_path(_FILE)) or b""
    return to_text(data.partition(b"\n")[0])[:MAX_DOMAIN]


def _mapped(installation: Installation, local_ip: str) -> str | None:
    from vpopmail.access.ip_map import mapped_domain

    return mapped_domain(installation, local_ip)
