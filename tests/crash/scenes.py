"""The operations that are interrupted: what is there before, the call, and what it tells after."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import vpopmail
from vpopmail.codes import VA
from vpopmail.errors import VpopmailError

from .places import open_site
from .views import PASSWORD

Site = vpopmail.Vpopmail
CRYPTED = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."
DOMAIN = "example.com"
ALIAS = "example.org"
OTHER = "example.net"
NEW = "example.new"
JOE = "joe@example.com"
KEPT = "anna@example.com"
SALES = "sales@example.com"
TO_JOE = "&joe@example.com"

C_FUNCTIONS = frozenset(
    name
    for module, names in vpopmail._PUBLIC.items()  # type: ignore[attr-defined] # hidden
    if module.startswith("capi.")
    for name in names
)


@dataclass(frozen=True)
class Scene:
    """One operation in one situation.

    Attributes:
        name: for people.
        operation: under which it is counted.
        prepare: makes what is there before.
        call: the operation; a code, or it raises what has one.
        done: the code of the same call when it is done already.
        addresses, domains: what a reader looks up.
        before, absent, after: paths below the site that are there before the call, that are
            not, and that are there after it: they show that the name of the scene is true.
        files: paths below the site that a reader looks at besides.
        in_steps: whether the C function makes several changes, each old or new by itself: then
            a reader may find some of them made.
        counts: whether the same call again would count once more.
        best_effort: whether it may succeed without its change, which the log then tells.
        advice: files that may be missing after it or stay, if the owner of the Maildir keeps them
            from being changed: the log tells, and readers that doubt them count.
        waits: whether what is left after the commit point waits for another change than this.
        commits_last: whether nothing follows the commit point.
        settings: of the site, for the call.
        beforehand: what the process of the tests makes once, before it forks: a child's own
            would go with the child.
    """

    name: str
    operation: str
    prepare: Callable[[Site], object]
    call: Callable[[Site], object]
    done: VA
    addresses: tuple[str, ...] = (JOE, KEPT)
    domains: tuple[str, ...] = (DOMAIN, ALIAS, OTHER, NEW)
    before: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    in_steps: bool = False
    counts: bool = False
    best_effort: bool = False
    advice: tuple[str, ...] = ()
    waits: bool = False
    commits_last: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    beforehand: Callable[[], object] = lambda: None

    @property
    def c_face(self) -> bool:
        """Whether the call is a C function: it never raises."""
        return self.operation in C_FUNCTIONS

    def run(self, root: Path) -> VA:
        """Make the call on a fresh site."""
        site = open_site(root, **self.settings)
        try:
            return self.run_on(site)
        finally:
            site.close()

    def run_on(self, site: Site) -> VA:
        """Make the call; the code, whichever face it was made on."""
        try:
            result = self.call(site)
        except VpopmailError as error:
            return VA(error.code)
        if isinstance(result, VA):
            return result
        failed = result is None or (isinstance(result, int) and result < 0)
        return (vpopmail.last_error() or VA(-1)) if self.c_face and failed else VA.SUCCESS


# what is there before


def _nothing(_site: Site) -> None:
    """A site without domains."""


def _users(site: Site) -> None:
    """Two domains, an alias domain, two users in one."""
    site.domains.add(DOMAIN)
    site.domains.add_alias(ALIAS, DOMAIN)
    site.domains.add(OTHER)
    _add(site, KEPT)
    site.users.add("zoe@example.com", crypted=CRYPTED)
    _add(site, "anna@example.net")


def _add(site: Site, address: str) -> None:
    site.users.add(address, PASSWORD)


def _with_joe(site: Site) -> None:
    _users(site)
    _add(site, JOE)
    _fill(site, JOE)


def _fill(site: Site, address: str) -> None:
    home = Path(site.users.get(address).pw_dir)
    (home / "Maildir/new/1.mail").write_bytes(b"Subject: x\n\nmail\n")
    (home / "Maildir/.Sent/cur").mkdir(parents=True)
    (home / "link").symlink_to("/etc/passwd")


def _empty(site: Site, pattern: str) -> None:
    """Remove directories that only make up the number: each run copies all there is."""
    for path in Path(site.settings.domains_path).glob(pattern):
        shutil.rmtree(path)


def _full(site: Site) -> None:
    """A domain whose first directory is full: the next home goes into ``0``."""
    _users(site)
    with site.batch():
        for number in range(97):
            site.users.add(f"u{number:02}@example.com", crypted=CRYPTED)
    _empty(site, f"{DOMAIN}/u[0-9][0-9]")


def _full_with_joe(site: Site) -> None:
    _full(site)
    _add(site, "first@example.com")
    _add(site, JOE)


def _freed(site: Site) -> None:
    """A place in ``0`` is free again."""
    _full_with_joe(site)
    site.users.delete(JOE)


def _last_in_place(site: Site) -> None:
    """A place in ``0`` is free again, and its directory is gone, as an administrator may do."""
    _full(site)
    _add(site, "first@example.com")
    site.users.delete("first@example.com")
    (Path(site.domains.get(DOMAIN).path) / "0").rmdir()


def _fifty(site: Site) -> None:
    """As many domains as rcpthosts takes."""
    with site.batch():
        for number in range(50):
            site.domains.add(f"d{number:02}.example")
    _empty(site, "d*.example")


def _fifty_one(site: Site) -> None:
    """The last one is the only one in morercpthosts."""
    _fifty(site)
    site.domains.add(NEW)


def _hundred(site: Site) -> None:
    """The next domain goes into ``0``, and its name into morercpthosts."""
    with site.batch():
        for number in range(100):
            site.domains.add(f"d{number:03}.example")
    _empty(site, "d*.example")


def _foreign_directory(site: Site) -> None:
    """A directory of the name of the new domain is there already."""
    _users(site)
    path = Path(site.settings.domains_path, NEW)
    (path / "mail").mkdir(parents=True)
    (path / "mail/old").write_bytes(b"x")
    (path / ".qmail-default").write_bytes(b"old\n")


def _local(site: Site) -> None:
    """The new domain is one of qmail's locals so far."""
    _users(site)
    Path(site.settings.qmaildir, "control/locals").write_bytes(b"localhost\nexample.new\n")


def _lost(site: Site, *names: str) -> None:
    """Two domains and an alias domain, of which qmail's files say nothing, or not all."""
    _users(site)
    for name in names:
        Path(site.settings.qmaildir, name).unlink()


def _lost_more(site: Site) -> None:
    """rcpthosts is full; what morercpthosts had only its compiled file tells."""
    Path(site.settings.qmaildir, "control/rcpthosts").write_bytes(b"other.example\n" * 50)
    Path(site.settings.qmaildir, "control/morercpthosts").write_bytes(b".other.example\n")
    _lost(site, "users/assign", "control/morercpthosts", "control/virtualdomains")


# the calls


def _three(site: Site) -> None:
    with site.batch():
        site.users.add(JOE, PASSWORD)
        site.users.add("ken@example.com", PASSWORD, quota="10M")
        site.users.add("lea@example.com", PASSWORD)


def _mixed(site: Site) -> None:
    with site.batch():
        site.users.add(JOE, PASSWORD)
        site.users.delete("zoe@example.com")


def _domain_and_user(site: Site) -> None:
    with site.batch():
        site.domains.add(NEW, PASSWORD)
        site.users.add(f"ken@{NEW}", PASSWORD)


def _domain_alone(site: Site) -> None:
    with site.batch():
        site.domains.add(NEW)


def _delete_three(site: Site) -> None:
    with site.batch():
        for name in ("joe", "anna", "zoe"):
            site.users.delete(f"{name}@{DOMAIN}")


def _changes_in_a_batch(site: Site) -> None:
    with site.batch():
        site.users.set_password(JOE, "Another-2")
        site.users.set_quota(JOE, "20M")
        site.users.update(KEPT, gecos="Anna", set_flags=2)




def _with_aliases(site: Site) -> None:
    """An alias with two lines, one that is empty, and a link of a mailing list."""
    _with_joe(site)
    site.aliases.set(SALES, [TO_JOE, "&amy@example.edu"])
    site.aliases.set(f"empty@{DOMAIN}", [])
    Path(site.domains.get(DOMAIN).path, ".qmail-list-owner").symlink_to("list/owner")


def _add_line(site: Site) -> None:
    """The same line again would stand there twice, as in C: then it is stored as it is."""
    lines = site.aliases.find(f"new@{DOMAIN}")
    if lines is None:
        site.aliases.add(f"new@{DOMAIN}", TO_JOE)
    else:
        site.aliases.set(f"new@{DOMAIN}", lines)


def _vadduser(_site: Site) -> VA:
    return vpopmail.vadduser("joe", DOMAIN, PASSWORD, "Joe", 0)


def _vdeluser(_site: Site) -> VA:
    return vpopmail.vdeluser("joe", DOMAIN)


def _vadddomain(_site: Site) -> VA:
    return vpopmail.vadddomain(NEW)


def _vdeldomain(_site: Site) -> VA:
    return vpopmail.vdeldomain(DOMAIN)


def _delete_new(_site: Site) -> VA:
    return vpopmail.vdeldomain(NEW)


_EXISTS = VA.USERNAME_EXISTS
_GONE = VA.USER_DOES_NOT_EXIST
_THERE = VA.DOMAIN_ALREADY_EXISTS
_NO_DOMAIN = VA.DOMAIN_DOES_NOT_EXIST
_D = f"v/domains/{DOMAIN}"
_SIZE = (f"{_D}/joe/Maildir/maildirsize",)
_TRIO = (JOE, "ken@example.com", "lea@example.com", KEPT)
_MASTER = ("postmaster@example.new", KEPT)
_MORE = "q/control/morercpthosts.cdb"
_LISTS = ("control/rcpthosts", "control/virtualdomains")

SCENES = [
    Scene("first user", "vadduser", lambda s: s.domains.add(DOMAIN), _vadduser, _EXISTS,
          after=(f"{_D}/joe/Maildir", f"{_D}/vpasswd.cdb")),
    Scene("another user", "vadduser", _users, _vadduser, _EXISTS, after=(f"{_D}/joe/Maildir",)),
    Scene("user with hash and quota", "users.add", _users,
          lambda s: s.users.add(JOE, crypted=CRYPTED, quota="10M"), _EXISTS,
          after=(f"{_D}/joe/Maildir/maildirsize",)),
    Scene("first user in hash directory 0", "vadduser", _full, _vadduser, _EXISTS,
          absent=(f"{_D}/0",), after=(f"{_D}/0/joe/Maildir",)),
    Scene("user in a freed place", "vadduser", _freed, _vadduser, _EXISTS,
          before=(f"{_D}/.dir_control_free",), after=(f"{_D}/0/joe/Maildir",)),
    Scene("user in a freed place whose directory is gone", "vadduser", _last_in_place, _vadduser,
          _EXISTS, before=(f"{_D}/.dir_control_free",), absent=(f"{_D}/0",), after=(f"{_D}/0/joe/Maildir",)),
    Scene("user with mail", "vdeluser", _with_joe, _vdeluser, _GONE,
          before=(f"{_D}/joe/link",)),
    Scene("only user", "vdeluser", lambda s: (s.domains.add(DOMAIN), s.users.add(JOE, PASSWORD)),
          _vdeluser, _GONE, before=(f"{_D}/joe",)),
    Scene("user in hash directory 0", "vdeluser", _full_with_joe, _vdeluser, _GONE,
          before=(f"{_D}/0/joe",), after=(f"{_D}/.dir_control_free",)),
    Scene("first domain", "vadddomain", _nothing, _vadddomain, _THERE,
          after=(f"v/domains/{NEW}/.qmail-default",)),
    Scene("another domain", "vadddomain", _users, _vadddomain, _THERE),
    Scene("domain that was in locals", "vadddomain", _local, _vadddomain, _THERE),
    Scene("51st domain", "vadddomain", _fifty, _vadddomain, _THERE, absent=(_MORE,), after=(_MORE,)),
    Scene("101st domain", "vadddomain", _hundred, _vadddomain, _THERE,
          before=(_MORE,), after=(f"v/domains/0/{NEW}",)),
    Scene("directory that was there", "vadddomain", _foreign_directory, _vadddomain, _THERE,
          before=(f"v/domains/{NEW}/mail/old",), after=(f"v/domains/{NEW}/mail/old",)),
    Scene("domain with postmaster", "domains.add", _users,
          lambda s: s.domains.add(NEW, PASSWORD), _THERE, addresses=_MASTER,
          after=(f"v/domains/{NEW}/postmaster/Maildir",)),
    Scene("alias domain", "vaddaliasdomain", _users,
          lambda s: vpopmail.vaddaliasdomain(NEW, DOMAIN), _THERE),
    Scene("alias domain of another domain", "domains.update_alias", _users,
          lambda s: s.domains.update_alias(ALIAS, OTHER), VA.SUCCESS),
    Scene("domain with users and alias domains", "vdeldomain", _with_joe, _vdeldomain, _NO_DOMAIN,
          before=(f"{_D}/joe",)),
    Scene("only domain", "vdeldomain", lambda s: (s.domains.add(NEW), s.users.add(f"a1@{NEW}")),
          _delete_new, _NO_DOMAIN),
    Scene("alias domain alone", "vdeldomain", _with_joe, lambda s: vpopmail.vdeldomain(ALIAS),
          _NO_DOMAIN, after=(f"{_D}/joe",)),
    Scene("only domain in morercpthosts", "vdeldomain", _fifty_one, _delete_new, _NO_DOMAIN,
          before=(_MORE,)),
    Scene("three users", "batch", _users, _three, _EXISTS, addresses=_TRIO),
    Scene("user added and user deleted", "batch", _users, _mixed, _EXISTS,
          addresses=(JOE, "zoe@example.com", KEPT)),
    Scene("three users deleted", "batch", _with_joe, _delete_three, _GONE,
          addresses=(JOE, "zoe@example.com", KEPT)),
    Scene("domain", "batch", _users, _domain_alone, _THERE),
    Scene("domain with two users", "batch", _users, _domain_and_user, _THERE,
          addresses=("postmaster@example.new", "ken@example.new")),
    Scene("domain with two users in a directory that was there", "batch", _foreign_directory,
          _domain_and_user, _THERE, addresses=("postmaster@example.new", "ken@example.new"),
          before=(f"v/domains/{NEW}/mail/old",), after=(f"v/domains/{NEW}/ken/Maildir",)),
    Scene("password", "vpasswd", lambda s: (_users(s), s.users.add(JOE, crypted=CRYPTED)),
          lambda _s: vpopmail.vpasswd("joe", DOMAIN, PASSWORD, 0), VA.SUCCESS),
    Scene("quota of a user with mail", "vsetuserquota", _with_joe,
          lambda _s: vpopmail.vsetuserquota("joe", DOMAIN, "10M"), VA.SUCCESS,
          absent=(f"{_D}/joe/Maildir/maildirsize",), after=(f"{_D}/joe/Maildir/maildirsize",), advice=_SIZE),
    Scene("no quota any more", "vsetuserquota",
          lambda s: (_with_joe(s), s.users.set_quota(JOE, "10M")),
          lambda _s: vpopmail.vsetuserquota("joe", DOMAIN, "NOQUOTA"), VA.SUCCESS,
          before=(f"{_D}/joe/Maildir/maildirsize",), advice=_SIZE),
    Scene("flags and comment", "users.update", _with_joe,
          lambda s: s.users.update(JOE, gecos="J. J.", set_flags=8), VA.SUCCESS),
    Scene("limits", "limits.set", _with_joe,
          lambda s: s.limits.set(DOMAIN, vpopmail.VLimits(disable_pop=1)), VA.SUCCESS,
          after=(f"{_D}/.qmailadmin-limits",)),
    Scene("limits deleted", "limits.delete",
          lambda s: (_users(s), s.limits.set(DOMAIN, vpopmail.VLimits(disable_pop=1))),
          lambda s: s.limits.delete(DOMAIN), VA(-1), before=(f"{_D}/.qmailadmin-limits",)),
    Scene("users changed", "batch", _with_joe, _changes_in_a_batch, VA.SUCCESS, advice=_SIZE),
    Scene("alias", "aliases.add", _users, _add_line, VA.SUCCESS, after=(f"{_D}/.qmail-new",)),
    Scene("line of an alias", "aliases.remove", _with_aliases,
          lambda s: s.aliases.remove(SALES, TO_JOE), VA.SUCCESS, before=(f"{_D}/.qmail-sales",)),
    Scene("all lines", "aliases.set", _with_aliases,
          lambda s: s.aliases.set(SALES, ["&zoe@example.com"]), VA.SUCCESS),
    Scene("alias", "aliases.delete", _with_aliases, lambda s: s.aliases.delete(SALES),
          VA.COULD_NOT_OPEN_DOT_QMAIL, before=(f"{_D}/.qmail-sales",)),
    Scene("alias of a user", "vadddotqmail", _with_joe,
          lambda _s: vpopmail.vadddotqmail("team", DOMAIN, "joe"), VA.SUCCESS,
          after=(f"{_D}/.qmail-team",)),
    Scene("catch-all", "catch_all.set", _with_joe, lambda s: s.catch_all.set(DOMAIN, "joe"), VA.SUCCESS),
    Scene("record without home", "vauth_adduser", _users,
          lambda _s: vpopmail.vauth_adduser("joe", DOMAIN, PASSWORD, "Joe"), _EXISTS),
    Scene("record of a user with home", "vauth_deluser", _with_joe,
          lambda _s: vpopmail.vauth_deluser("joe", DOMAIN), VA.SUCCESS, after=(f"{_D}/joe/link",)),
    Scene("all files lost", "rebuild", lambda s: _lost(s, "users/assign", "users/cdb", *_LISTS),
          lambda s: s.rebuild(aliases={ALIAS: DOMAIN}), VA.SUCCESS,
          absent=("q/users/assign",), after=("q/users/cdb", "q/control/rcpthosts")),
    Scene("users/cdb and the control files lost", "rebuild", lambda s: _lost(s, "users/cdb", *_LISTS),
          lambda s: s.rebuild(), VA.SUCCESS, before=("q/users/assign",), absent=("q/users/cdb",)),
    Scene("users/assign and morercpthosts lost", "rebuild", _lost_more, lambda s: s.rebuild(), VA.SUCCESS,
          before=(_MORE,), absent=("q/users/assign", "q/control/morercpthosts"),
          after=("q/users/assign", "q/control/morercpthosts")),
]  # fmt: skip


