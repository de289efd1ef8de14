"""Users who go together because nobody uses them: killed anywhere, all are there or all are gone."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from vpopmail.upkeep.findings import Reconciled

from .places import open_site, renew
from .processes import Killed, in_child, kill_before
from .scenes import DOMAIN
from .statements import watch_changes

OLD = ["amy", "bob", "cat"]
NAMES = [*OLD, "joe"]
LONG_AGO, BEFORE = 1000, 2000


def prepare(root: Path) -> None:
    with open_site(root) as site:
        site.prepare()
        site.domains.add(DOMAIN)
        for name in NAMES:
            site.users.add(f"{name}@{DOMAIN}", crypted="")
        for name in OLD:
            home = site.users.get(f"{name}@{DOMAIN}").pw_dir
            os.utime(f"{home}/lastauth", (LONG_AGO, LONG_AGO))


def delete(root: Path, number: int = 0) -> list[str]:
    """Delete them in this process, killed before a change if its number says so; the changes."""
    calls: list[str] = []
    if number:
        kill_before(number)
    else:
        watch_changes(calls.append)
    with open_site(root) as site:
        names = [user.pw_name for user in site.users.iter_unused(DOMAIN, BEFORE)]
        assert site.users.delete_unused(DOMAIN, names, BEFORE) == OLD
    return calls


def users(root: Path) -> list[str]:
    with open_site(root) as site:
        found = list(site.users.iter(DOMAIN))
        assert all(os.path.isdir(user.pw_dir) for user in found)
        return [user.pw_name for user in found]


def again(root: Path) -> Reconciled:
    """The same call in another process, one more change, and what a look finds then."""
    with open_site(root) as site:
        names = [user.pw_name for user in site.users.iter_unused(DOMAIN, BEFORE)]
        site.users.delete_unused(DOMAIN, names, BEFORE)
        site.users.update(f"joe@{DOMAIN}", gecos="Joe")
        return site.reconcile(dry_run=True)


def test_killed_before_each_call_all_are_there_or_all_are_gone(tmp_path: Path) -> None:
    root, kept = tmp_path / "site", tmp_path / "kept"
    root.mkdir()
    in_child(partial(prepare, root))
    renew(root, kept)
    calls = in_child(partial(delete, root))
    assert in_child(partial(users, root)) == ["joe"]
    seen = set()
    for number in range(1, len(calls) + 1):
        renew(kept, root)
        with pytest.raises(Killed):
            in_child(partial(delete, root, number))
        found = in_child(partial(users, root))
        assert found in (NAMES, ["joe"]), (number, calls[number - 1])
        seen.add(len(found))
        assert not in_child(partial(again, root)).findings, (number, calls[number - 1])
        assert in_child(partial(users, root)) == ["joe"]
    assert seen == {1, 4}
