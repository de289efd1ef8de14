"""What a reader sees of a site through the public face."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import vpopmail
from vpopmail import use
from vpopmail.errors import VpopmailError

from .places import SAME_HASH, make_site, same_hash

PASSWORD = "Secret-1"
WRONG = "wrong"
View = dict[str, Any]


def view(root: Path, domains: tuple[str, ...], addresses: tuple[str, ...]) -> View:
    """All that the public face tells of these domains and users; no hash, no salt.

    Args:
        root: of the site.
        domains: names to look up, whether they are there or not.
        addresses: users to look up, whether they are there or not.
    """
    with use(make_site(root)) as site:
        seen: View = {"entries": [str(entry) for entry in vpopmail.domain_entries("")]}
        for domain in domains:
            seen[domain] = _domain(site, domain)
        for address in addresses:
            seen[address] = _user(*address.split("@"))
        site.close()
    return seen


def _domain(site: vpopmail.Vpopmail, domain: str) -> Any:
    assign = vpopmail.vget_assign(domain)
    if assign is None:
        return None
    users = _told(lambda: [_record(user) for user in site.users.iter(domain)])
    aliases = _told(lambda: list(site.aliases.iter(domain)))
    default = _told(lambda: [site.default_delivery.find(domain)])
    deliverable = Path(assign[0], ".qmail-default").is_file()
    return assign, deliverable, users, vpopmail.vget_limits(domain), aliases, default


def _told(question: Callable[[], list[Any]]) -> list[Any]:
    try:
        return question()
    except VpopmailError as error:
        return [repr(error)]


def _user(name: str, domain: str) -> Any:
    user = vpopmail.vauth_getpw(name, domain)
    right = vpopmail.vauth_user(name, domain, PASSWORD) is not None
    if user is None:
        assert not right
        return None
    wrong = vpopmail.vauth_user(name, domain, WRONG) is not None
    return _record(user), right, wrong


def _record(user: Any) -> Any:
    hashed = same_hash(user.pw_passwd.encode()) == SAME_HASH
    folders = [os.path.isdir(f"{user.pw_dir}/Maildir/{part}") for part in ("cur", "new", "tmp")]
    fields = (user.pw_name, user.pw_uid, user.pw_gid, user.pw_flags, user.pw_gecos)
    return (*fields, user.pw_dir, user.pw_shell, hashed, folders)
