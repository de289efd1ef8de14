"""An entry that the owner of a domain forged can do no more than he could himself."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import needs_root
from tests.crash.processes import in_child
from vpopmail import Vpopmail
from vpopmail.accounts.fingerprints import fingerprint
from vpopmail.records import DomainEntry, VqPasswd

from .conftest import World
from .world import DOMAIN, HASH, OWNER, STRANGER, THEIRS, attempt, look, opened

pytestmark = needs_root

WORDS = st.one_of(
    st.sampled_from(
        ["joe", "anna", DOMAIN, THEIRS, "..", ".", "", "../..", "../outside", "/etc", "outside/file",
         "0", "0/A", "A/../..", ".qmail-default", ".qmail-x", "vpasswd", ".vpopmail", "\\x00",
         "\\x2e\\x2e", "\\x2f", "89", "0", "-1", "99999999999999999999", "postmaster", "=joe"]
    ),
    st.text(max_size=12),
)  # fmt: skip
KINDS = st.sampled_from(["users", "domain directories", "domains", "rebuilding", "adopted accounts", "strange"])
VERBS = st.sampled_from(
    ["add", "delete", "adopt", "changed", "aliased", "refresh", "put", "drop", "counter", "count",
     "advance", "reuse", "retreat", "taken", "freed", "remove", "accepted", "stored"]
)  # fmt: skip
FACTS = st.lists(st.builds(lambda verb, words: "\t".join([verb, *words]), VERBS, st.lists(WORDS, max_size=4)), max_size=5)


def _forge(place: Path, uid: int, kind: str, facts: list[str], staged: list[str]) -> None:
    """A stage with an entry, as if a process of the owner had been killed."""
    stage = place / ".vpopmail/0123456789abcdef"
    stage.mkdir(parents=True)
    text = "\n".join(["vpopmail journal 1", kind, *facts, "end", ""])
    (stage / "entry").write_text(text, errors="replace")
    for name in staged:
        if name and "/" not in name and "\0" not in name and len(name) < 100:
            (stage / f"={name}").symlink_to("../../../../../outside")
            (stage / f"+{name}").symlink_to("../../../../../outside/file")
    for path in [place / ".vpopmail", stage, *stage.iterdir()]:
        os.chown(path, uid, uid, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(0o600 if path.name == "entry" else 0o700)


def _change(top: Path, domain: str) -> None:
    with opened(top) as site:
        attempt(site, lambda s: s.users.add(f"zoe@{domain}", crypted=HASH))
        attempt(site, lambda s: s.domains.add("another.example"))
        attempt(site, lambda s: s.reconcile())


@settings(max_examples=40)
@given(kind=KINDS, facts=FACTS, staged=st.lists(WORDS, max_size=3), below=st.booleans())
def test_a_forged_entry_of_the_sites_owner_changes_nothing_outside(
    world: World, kind: str, facts: list[str], staged: list[str], below: bool
) -> None:
    top = world.renew()
    place = top / "v/domains" / DOMAIN if below else top / "v/domains"
    _forge(place, OWNER, kind, facts, list(dict.fromkeys(staged)))
    before = look(top / "outside"), look(top / "home")
    in_child(partial(_change, top, DOMAIN))
    assert (look(top / "outside"), look(top / "home")) == before


@settings(max_examples=40)
@given(kind=KINDS, facts=FACTS, staged=st.lists(WORDS, max_size=3), below=st.booleans())
def test_a_forged_entry_of_a_strangers_domain_changes_nothing_of_the_site(
    world: World, kind: str, facts: list[str], staged: list[str], below: bool
) -> None:
    top = world.renew()
    place = top / "home/domains" / THEIRS if below else top / "home/domains"
    _forge(place, STRANGER, kind, facts, list(dict.fromkeys(staged)))
    kept = top / "v/domains" / DOMAIN
    before = look(top / "outside"), look(kept)
    in_child(partial(_only_theirs, top))
    assert (look(top / "outside"), look(kept)) == before


def _only_theirs(top: Path) -> None:
    with opened(top) as site:
        attempt(site, lambda s: s.users.add(f"zoe@{THEIRS}", crypted=HASH))
        attempt(site, lambda s: s.domains.add("another.example", dir=str(top / "home"), uid=STRANGER, gid=STRANGER))


def test_a_forged_adoption_forgets_no_account_of_a_store_that_hosts_share(world: World) -> None:
    """The domain is served by another host: here lies a directory of its name, and its owner."""
    top = world.renew()
    place = top / "v/domains" / DOMAIN
    before = in_child(partial(_share_account, top))
    assert before is not None
    _forge(place, OWNER, "adopted accounts", [f"stored\tshared\t{before}"], [])
    assert in_child(partial(_reconcile_and_find, top)) == before


def _share_account(top: Path) -> str:
    with opened(top, backend="sqlite") as site:
        entry = site.domains.get(DOMAIN)
        _stored(site, entry, VqPasswd("shared", HASH, pw_dir=f"{entry.path}/shared"))
        site.qmail.remove_domains([entry])  # an alias domain still leads there
        return fingerprint(site.installation.backend.find(entry, "shared"))


def _stored(site: Vpopmail, entry: DomainEntry, user: VqPasswd) -> None:
    with site.installation.open_domain(entry) as directory:
        transaction = site.installation.backend.transaction(entry, directory)
        transaction.lock()
        transaction.add(user)
        transaction.stage()
        transaction.commit()
        transaction.close()


def _reconcile_and_find(top: Path) -> str:
    with opened(top, backend="sqlite") as site:
        entry = DomainEntry(DOMAIN, DOMAIN, OWNER, OWNER, str(top / "v/domains" / DOMAIN))
        left = f"{entry.path}/.vpopmail/0123456789abcdef"
        assert left in {found.subject for found in site.reconcile().repaired}
        return fingerprint(site.installation.backend.find(entry, "shared"))
