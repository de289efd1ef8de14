"""Addresses as they are typed: split, folded, with the default domain.

Source: api, parse_email; commands, start, exit, streams.
"""

from __future__ import annotations

import os
import sys

from vpopmail import names
from vpopmail.access.default_domain import fill_domain
from vpopmail.errors import InvalidUserName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.site import Vpopmail


def parse_address(site: Vpopmail, address: str) -> tuple[str, str]:
    """Split an address into user and domain, both folded, the domain as its A-label.

    Args:
        site: whose default domain stands for one that is missing.
        address: ``user@domain``; ``%`` and ``/`` separate too.

    Returns:
        (user, domain). The domain is ``""`` if there is no default domain.

    Raises:
        InvalidUserName: a character that may not be in it; standard error says in which part.
        VpopmailError: the map of IP addresses cannot be read.

    Source: api, parse_email.
    """
    user, domain = names.split_address(address)
    domain = names.fold_domain(domain)
    if not names.has_user_characters(user):
        print(f"user invalid {user}", file=sys.stderr)
        raise InvalidUserName(user)
    if not names.has_domain_characters(domain):
        print(f"domain invalid {domain}", file=sys.stderr)
        raise InvalidUserName(domain)
    return user, domain or default_domain(site)


def default_domain(site: Vpopmail) -> str:
    """The domain of those who name none: the environment's, the IP map's or etc/defaultdomain.

    Args:
        site: whose.

    Returns:
        Its name; ``""`` if there is none.
    """
    given = os.environ.get("VPOPMAIL_DOMAIN")
    return fill_domain(site.installation, given, os.environ.get("TCPLOCALIP", ""))
