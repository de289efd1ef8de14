"""Scenes of what works on single files and directories: most of it C functions by name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import vpopmail
from vpopmail.codes import VA
from vpopmail.errors import IpMapNotFound
from vpopmail.passwords import hash_password
from vpopmail.records import DirControl, DomainEntry, VLimits
from vpopmail.upkeep import programs

from .places import GID, UID
from .scenes import (
    ALIAS, CRYPTED, DOMAIN, JOE, NEW, OTHER, SALES, TO_JOE, Scene, Site,
    _D, _full, _full_with_joe, _users, _with_aliases, _with_joe,
)  # fmt: skip
from .views import PASSWORD

_HOME = f"{_D}/joe"
_MAILDIR = f"{_HOME}/Maildir"
_SIZE = f"{_MAILDIR}/maildirsize"
_LIST = "q/control/some-list"
_PASS = f"{_MAILDIR}/sqwebmail-pass"
_QUOTA = "1000000S,500C"
_FREE = f"{_D}/.dir_control_free"
_COUNTER = f"{_D}/.dir-control"
# Most of these calls change nothing that looking up a user tells.
_FEW: dict[str, tuple[str, ...]] = {"domains": (DOMAIN,), "addresses": ()}
_NONE: dict[str, tuple[str, ...]] = {"domains": (), "addresses": ()}


def _path(site: Site, path: str) -> str:
    """The absolute path of one below the site."""
    return f"{Path(site.settings.vpopmaildir).parent}/{path}"


# what is there before


def _nothing_at_all(site: Site) -> None:
    """Not even what ``prepare`` makes."""
    for path in ("v/etc/vlimits.default", "v/etc", "v/domains", "v", "q/control", "q/users", "q"):
        full = Path(_path(site, path))
        full.rmdir() if full.is_dir() else full.unlink()


def _alone(site: Site) -> None:
    """One domain with one user."""
    site.domains.add(DOMAIN)
    site.users.add(JOE, PASSWORD)


def _limited(site: Site) -> None:
    """A user with a quota, whose mail is counted."""
    _alone(site)
    site.users.set_quota(JOE, _QUOTA)
    Path(_path(site, f"{_MAILDIR}/new/1.mail")).write_bytes(b"x" * 100)


def _uncounted(site: Site) -> None:
    """The same without maildirsize."""
    _limited(site)
    Path(_path(site, _SIZE)).unlink()


def _miscounted(site: Site) -> None:
    """The same with a maildirsize that nobody believes."""
    _limited(site)
    Path(_path(site, _SIZE)).write_bytes(b"5S\n1 1\n")


def _warned(site: Site) -> None:
    """The same, and a warning for those who keep too much."""
    _limited(site)
    Path(_path(site, f"{_D}/.quotawarn.msg")).write_bytes(b"full\n")


def _listed(site: Site) -> None:
    """A list of names, not sorted."""
    Path(_path(site, _LIST)).write_bytes(b"b.example\na.example\nc.example\n")


def _more(site: Site) -> None:
    """A name in morercpthosts that is not compiled."""
    Path(_path(site, "q/control/morercpthosts")).write_bytes(b"a.example\n")


def _by_hand(site: Site) -> None:
    """A domain that an administrator has written into users/assign."""
    _alone(site)
    path = Path(_path(site, "q/users/assign"))
    line = path.read_bytes().splitlines(keepends=True)[0].replace(DOMAIN.encode(), NEW.encode())
    path.write_bytes(line + path.read_bytes())


def _of_everybody(site: Site) -> None:
    """A tree that belongs to whoever made it."""
    top = Path(_path(site, "v/tree"))
    (top / "inner").mkdir(parents=True)
    for name in ("one", "inner/two"):
        (top / name).write_bytes(b"x")


def _no_maildir(site: Site) -> None:
    """The home of a user without its Maildir."""
    _alone(site)
    for part in ("cur", "new", "tmp", ""):
        Path(_path(site, f"{_MAILDIR}/{part}")).rmdir()


def _old_index(site: Site) -> None:
    """A user who is in vpasswd alone, as an administrator may write him."""
    _alone(site)
    path = Path(_path(site, f"{_D}/vpasswd"))
    path.write_bytes(path.read_bytes() + path.read_bytes().replace(b"joe", b"kim"))


def _freed_places(site: Site) -> None:
    """Two places are free again."""
    _full_with_joe(site)
    site.users.delete(JOE)
    site.users.delete("first@example.com")


def _counted(site: Site) -> None:
    """A counter without users to be counted."""
    site.domains.add(DOMAIN)
    state = DirControl()
    state.cur_users = 7
    vpopmail.vwrite_dir_control(state, DOMAIN, UID, GID)


def _weak(site: Site) -> None:
    """A user whose password is stored as DES hashes it."""
    site.domains.add(DOMAIN)
    site.users.add(JOE, crypted=hash_password(PASSWORD, "des", salt="ab"))


def _relaying(site: Site) -> None:
    """Rules of the administrator, and two addresses, one of long ago."""
    etc = Path(_path(site, "v/etc"))
    (etc / "tcp.smtp").write_bytes(b'127.:allow,RELAYCLIENT=""\n:allow\n')
    (etc / "open-smtp").write_bytes(b'192.0.2.1:allow,RELAYCLIENT="",RBLSMTPD=""\t1000\n')
    site.relay.open("192.0.2.2")
    _at(site, 2_000_000_000)


def _at(site: Site, seconds: int) -> None:
    """The same times in every run, and later than any until: they are compared."""
    path = Path(_path(site, _OPEN))
    lines = path.read_bytes().splitlines()
    kept = [line.partition(b"\t")[0] for line in lines]
    times = [1000, *[seconds] * len(lines)]
    path.write_bytes(b"".join(b"%b\t%d\n" % pair for pair in zip(kept, times)))


def _one_more(site: Site) -> None:
    """An address that is noted, and not compiled yet."""
    _relaying(site)
    site.relay.note("2001:db8::1")
    _at(site, 2_000_000_000)


def _mapped(site: Site) -> None:
    """Two addresses of the server, one of them with two domains."""
    for address, domain in (("192.0.2.1", DOMAIN), ("192.0.2.1", OTHER), ("2001:db8::1", ALIAS)):
        site.ip_maps.add(address, domain)


# the calls


def _opened(site: Site, act: Callable[[], object]) -> object:
    """A login whose time is always the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vpopmail.access.relay.time", lambda: 2_000_000_001)
        patch.setenv("TCPREMOTEIP", "192.0.2.9")
        return act()


def _deleted(site: Site) -> object:
    """Both domains of an address; the same call again finds nothing more to forget."""
    try:
        return site.ip_maps.delete("192.0.2.1")
    except IpMapNotFound:
        return VA.SUCCESS


def _tree(part: str) -> str:
    return "/".join(part for part in ("v/tree", part) if part)


_TREE = tuple(_tree(part) for part in ("", "inner", "one", "inner/two"))


def _next_big_dir(site: Site) -> VA:
    vpopmail.open_big_dir(DOMAIN, UID, GID)
    vpopmail.next_big_dir(UID, GID)
    return vpopmail.last_error()


def _close_big_dir(site: Site) -> VA:
    vpopmail.open_big_dir(DOMAIN, UID, GID)
    vpopmail.next_big_dir(UID, GID)
    vpopmail.close_big_dir(DOMAIN, UID, GID)
    return vpopmail.last_error()


def _dec_dir_control(_site: Site) -> VA:
    vpopmail.dec_dir_control(DOMAIN, UID, GID)
    return vpopmail.last_error()


def _setpw(site: Site) -> VA:
    user = site.users.get(JOE)
    user.pw_gecos = "Somebody else"
    return vpopmail.vauth_setpw(user, DOMAIN)


def _all_kinds(site: Site) -> None:
    with site.batch():
        site.users.update(JOE, gecos="J. J.")
        site.aliases.set(SALES, [TO_JOE])
        site.aliases.set("more@example.com", [TO_JOE])
        site.limits.set(DOMAIN, VLimits(maxaliases=5))
        site.catch_all.set(DOMAIN, "joe")
        site.domains.update_alias(ALIAS, OTHER)


def _read_quota(site: Site) -> VA:
    vpopmail.vmaildir_readquota(_path(site, _MAILDIR), _QUOTA)
    return vpopmail.last_error()


def _is_over(site: Site) -> VA:
    vpopmail.user_over_maildirquota(_path(site, _MAILDIR), _QUOTA, 10)
    return vpopmail.last_error()


def _caught(site: Site) -> None:
    _with_joe(site)
    site.catch_all.set(DOMAIN, "joe")


def _recount(site: Site) -> object:
    return site.quotas.recount(JOE)


def _homeless(site: Site) -> None:
    """A user whose home was lost."""
    _alone(site)
    shutil.rmtree(_path(site, _HOME))


def _home_of_nobody(_site: Site) -> VA:
    """A home that is there is as good: a killed process may have left it, or it was taken back."""
    vpopmail.make_user_dir("nobody", DOMAIN, UID, GID)
    code = vpopmail.last_error()
    return VA.SUCCESS if code == VA.EXIST_U_DIR else code


# Made once: to compile two hundred modules changes no file, and takes a second.
_bundle = cache(programs.bundle)


def _bundles() -> None:
    for bundled in (programs.BUNDLE, programs.TYPED_BUNDLE):
        _bundle(bundled, "cdb")


def _install(s: Site) -> VA:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "bundle", _bundle)
        # Thirty launchers are written one after the other, each as these.
        patch.setattr(programs, "PROGRAMS", ("vchkpw", "vchkpw-dovecot", "vadduser"))
        return VA(0 * len(s.install_programs()))


_IN_MAILDIR = tuple(f"{_MAILDIR}/{part}" for part in ("cur", "new", "tmp"))
_LAYOUT = ("v", "v/domains", "v/etc", "v/etc/vlimits.default", "q", "q/control", "q/users")
_CONTROL = ("q/control/rcpthosts", "q/control/virtualdomains")
_MANY = (f"{_D}/.qmail-default", f"{_D}/.qmail-sales", f"{_D}/.qmail-more", f"{_D}/.qmailadmin-limits")
_OPEN = "v/etc/open-smtp"
_RULES = "v/etc/tcp.smtp.cdb"
_MAP = "v/etc/ip_alias_map"
_PROGRAMS = ("v/bin/vchkpw", "v/bin/vchkpw-dovecot", "v/bin/vadduser", "v/bin/.vpopmail-modules",
             "v/bin/.vpopmail-typed-modules")
_SQWEBMAIL = {"sqwebmail_pass": True}
_ROAMING = {"roaming_users": True}
_REHASH = {"rehash_passwords": True}
_DEFAULT = f"{_D}/.qmail-default"

SCENES_OF_FILES = [
    # the object face
    Scene("missing layout", "prepare", _nothing_at_all, lambda s: s.prepare(), VA.SUCCESS,
          absent=_LAYOUT, after=_LAYOUT, files=_LAYOUT, in_steps=True, commits_last=True, **_NONE),
    Scene("changes of all kinds", "batch", _with_aliases, _all_kinds, VA.SUCCESS,
          domains=(), addresses=(JOE,), files=_MANY, in_steps=True),
    Scene("password with a copy for SqWebMail", "users.set_password", _weak,
          lambda s: s.users.set_password(JOE, PASSWORD), VA.SUCCESS, after=(_PASS,),
          settings=_SQWEBMAIL, domains=()),
    Scene("weak hash at a login", "users.check_password", _weak,
          lambda s: s.users.check_password(JOE, PASSWORD), VA.SUCCESS,
          settings=_REHASH, best_effort=True, waits=True, domains=()),
    Scene("login of a user", "users.note_login", _alone,
          lambda s: s.users.note_login(JOE, "192.0.2.1"), VA.SUCCESS,
          files=(f"{_HOME}/lastauth",), **_NONE),
    Scene("login to a lost home", "logins.authenticate", _homeless,
          lambda s: VA.SUCCESS if s.logins.authenticate(JOE, PASSWORD, "imap") else VA(-1), VA.SUCCESS,
          absent=(_HOME,), after=_IN_MAILDIR, files=_IN_MAILDIR, in_steps=True, **_NONE),
    Scene("missing programs", "install_programs", _alone, _install,
          VA.SUCCESS, beforehand=_bundles, absent=_PROGRAMS, after=_PROGRAMS, files=_PROGRAMS, in_steps=True,
          commits_last=True, **_NONE),
    Scene("all aliases", "aliases.delete_all", _with_aliases,
          lambda s: s.aliases.delete_all(DOMAIN), VA.SUCCESS, before=(f"{_D}/.qmail-sales",),
          files=(f"{_D}/.qmail-sales", f"{_D}/.qmail-empty"), in_steps=True, **_NONE),
    Scene("one limit", "limits.update", _alone, lambda s: s.limits.update(DOMAIN, disable_pop=1),
          VA.SUCCESS, after=(f"{_D}/.qmailadmin-limits",), **_FEW),
    Scene("default delivery", "default_delivery.set", _alone,
          lambda s: s.default_delivery.set(DOMAIN, "delete"), VA.SUCCESS, **_FEW),
    Scene("bouncing again", "default_delivery.delete", _caught,
          lambda s: s.default_delivery.delete(DOMAIN), VA.SUCCESS, **_FEW),
    Scene("no catch-all any more", "catch_all.delete", _caught,
          lambda s: s.catch_all.delete(DOMAIN), VA.SUCCESS, **_FEW),
    Scene("counting anew", "quotas.recount", _uncounted, _recount, VA.SUCCESS,
          absent=(_SIZE,), after=(_SIZE,), files=(_SIZE,), **_NONE),
    Scene("domains of qmail alone", "qmail.add_domains", _alone,
          lambda s: s.qmail.add_domains([DomainEntry(NEW, DOMAIN, UID, GID, _path(s, _D))]),
          VA.SUCCESS, domains=(NEW,), addresses=()),
    Scene("domains of qmail alone", "qmail.remove_domains", _users,
          lambda s: s.qmail.remove_domains([DomainEntry(ALIAS, DOMAIN, UID, GID, _path(s, _D))]),
          VA.SUCCESS, domains=(ALIAS,), addresses=()),
    # records
    Scene("weak hash at a login", "vauth_user", _weak,
          lambda _s: vpopmail.vauth_user("joe", DOMAIN, PASSWORD), VA.SUCCESS,
          settings=_REHASH, best_effort=True, waits=True, domains=()),
    Scene("all members of a record", "vauth_setpw", _alone, _setpw, VA.SUCCESS, domains=()),
    Scene("quota of a record", "vauth_setquota", _alone,
          lambda _s: vpopmail.vauth_setquota("joe", DOMAIN, "10M"), VA.SUCCESS,
          files=(f"{_D}/vpasswd",), **_NONE),
    Scene("index that is older than its text", "vmkpasswd", _old_index,
          lambda _s: vpopmail.vmkpasswd(DOMAIN), VA.SUCCESS, files=(f"{_D}/vpasswd.cdb",), **_NONE),
    Scene("login", "vset_lastauth", _alone,
          lambda _s: vpopmail.vset_lastauth("joe", DOMAIN, "192.0.2.1"), VA.SUCCESS,
          files=(f"{_HOME}/lastauth",), **_NONE),
    Scene("copy for SqWebMail", "vsqwebmail_pass", _alone,
          lambda s: vpopmail.vsqwebmail_pass(_path(s, _HOME), CRYPTED, UID, GID), VA.SUCCESS,
          files=(_PASS,), after=(_PASS,), **_NONE),
    # aliases and limits
    Scene("line", "valias_insert", _with_aliases,
          lambda _s: vpopmail.valias_insert("sales", DOMAIN, "&kim@example.edu"), VA.SUCCESS,
          counts=True, waits=True, **_FEW),
    Scene("line", "valias_remove", _with_aliases,
          lambda _s: vpopmail.valias_remove("sales", DOMAIN, TO_JOE), VA.SUCCESS, **_FEW),
    Scene("alias", "valias_delete", _with_aliases,
          lambda _s: vpopmail.valias_delete("sales", DOMAIN), VA(-1), **_FEW),
    Scene("all aliases", "valias_delete_domain", _with_aliases,
          lambda _s: vpopmail.valias_delete_domain(DOMAIN), VA.SUCCESS,
          files=(f"{_D}/.qmail-sales", f"{_D}/.qmail-empty"), in_steps=True, **_NONE),
    Scene("alias", "vdeldotqmail", _with_aliases,
          lambda _s: vpopmail.vdeldotqmail("sales", DOMAIN), VA.COULD_NOT_OPEN_DOT_QMAIL, **_FEW),
    Scene("limits", "vset_limits", _alone,
          lambda _s: vpopmail.vset_limits(DOMAIN, VLimits(disable_pop=1)), VA.SUCCESS, **_FEW),
    Scene("limits", "vdel_limits",
          lambda s: (_alone(s), s.limits.set(DOMAIN, VLimits(disable_pop=1))),
          lambda _s: vpopmail.vdel_limits(DOMAIN), VA.SUCCESS, **_FEW),
    Scene("default limits", "limits.update_defaults", _alone,
          lambda s: s.limits.update_defaults(maxaliases=5), VA.SUCCESS, **_FEW),
    Scene("file of limits", "vlimits_write_limits_file", _listed,
          lambda s: vpopmail.vlimits_write_limits_file(_path(s, _LIST), VLimits(disable_pop=1)),
          VA.SUCCESS, files=(_LIST,), **_NONE),
    # homes and directory hashing
    Scene("lost home", "make_user_dir", _homeless,
          lambda _s: vpopmail.make_user_dir("joe", DOMAIN, UID, GID), VA.EXIST_U_DIR,
          absent=(_HOME,), after=_IN_MAILDIR, domains=()),
    Scene("home of nobody", "make_user_dir", _alone, _home_of_nobody, VA.SUCCESS,
          counts=True, waits=True, after=(f"{_D}/nobody/Maildir/cur",), files=(f"{_D}/nobody/Maildir/cur",), **_NONE),
    Scene("lost Maildir", "vmake_maildir", _no_maildir,
          lambda s: vpopmail.vmake_maildir(DOMAIN, _path(s, _HOME)), VA(-1),
          absent=(_MAILDIR,), after=_IN_MAILDIR, files=_IN_MAILDIR, **_NONE),
    Scene("counter", "vwrite_dir_control", _alone,
          lambda _s: vpopmail.vwrite_dir_control(DirControl(), DOMAIN, UID, GID), VA.SUCCESS,
          files=(_COUNTER,), **_NONE),
    Scene("counter", "vdel_dir_control", _counted, lambda _s: vpopmail.vdel_dir_control(DOMAIN),
          VA(-1), before=(_COUNTER,), files=(_COUNTER,), commits_last=True, **_NONE),
    Scene("one less", "dec_dir_control", _counted, _dec_dir_control, VA.SUCCESS,
          files=(_COUNTER,), counts=True, **_NONE),
    Scene("one more", "close_big_dir", _counted, _close_big_dir, VA.SUCCESS,
          files=(_COUNTER,), counts=True, **_NONE),
    Scene("next directory", "next_big_dir", _full, _next_big_dir, VA.SUCCESS,
          absent=(f"{_D}/0",), after=(f"{_D}/0",), files=(f"{_D}/0",), **_NONE),
    Scene("place that is taken", "backfill", _freed_places,
          lambda _s: vpopmail.backfill("kim", DOMAIN, None, 1), VA.SUCCESS,
          files=(_FREE, _COUNTER), in_steps=True, counts=True, **_NONE),
    Scene("place that is given back", "backfill", _freed_places,
          lambda s: vpopmail.backfill("joe", DOMAIN, _path(s, f"{_D}/0/joe"), 2), VA.SUCCESS,
          files=(_FREE,), counts=True, **_NONE),
    # maildirsize: advice, which is counted anew whenever it is doubted
    Scene("mail that came", "maildir_addquota", _limited,
          lambda s: vpopmail.maildir_addquota(_path(s, _MAILDIR), _QUOTA, 10, 1), VA.SUCCESS,
          files=(_SIZE,), counts=True, commits_last=True, **_NONE),
    Scene("warning that came", "add_warningsize_to_quota", _warned,
          lambda s: vpopmail.add_warningsize_to_quota(_path(s, _MAILDIR), _QUOTA), VA.SUCCESS,
          files=(_SIZE,), counts=True, commits_last=True, **_NONE),
    Scene("count", "remove_maildirsize", _limited,
          lambda s: vpopmail.remove_maildirsize(_path(s, _HOME)), VA.SUCCESS,
          before=(_SIZE,), files=(_SIZE,), commits_last=True, **_NONE),
    Scene("count for another quota", "update_maildirsize", _uncounted,
          lambda s: vpopmail.update_maildirsize(DOMAIN, _path(s, _HOME), _QUOTA), VA.SUCCESS,
          after=(_SIZE,), files=(_SIZE,), **_NONE),
    Scene("count that nobody believes", "vmaildir_readquota", _miscounted, _read_quota, VA.SUCCESS,
          files=(_SIZE,), best_effort=True, **_NONE),
    Scene("count that nobody believes", "user_over_maildirquota", _miscounted, _is_over, VA.SUCCESS,
          files=(_SIZE,), best_effort=True, **_NONE),
    # IP maps and roaming users
    Scene("domain of an address", "ip_maps.set", _mapped,
          lambda s: s.ip_maps.set("192.0.2.1", NEW), VA.SUCCESS, files=(_MAP,), **_NONE),
    Scene("another domain of an address", "ip_maps.add", _mapped,
          lambda s: s.ip_maps.add("192.0.2.1", NEW), VA.SUCCESS, files=(_MAP,), **_NONE),
    Scene("address with two domains", "ip_maps.delete", _mapped, _deleted, VA.SUCCESS,
          files=(_MAP,), **_NONE),
    Scene("first address of the server", "vadd_ip_map", lambda _s: None,
          lambda _s: vpopmail.vadd_ip_map("192.0.2.1", NEW), VA.SUCCESS,
          absent=(_MAP,), after=(_MAP,), files=(_MAP,), **_NONE),
    Scene("address of the server", "vdel_ip_map", _mapped,
          lambda _s: vpopmail.vdel_ip_map("192.0.2.1", DOMAIN), VA.SUCCESS, files=(_MAP,), **_NONE),
    Scene("login from a new address", "open_smtp_relay", _relaying,
          lambda s: _opened(s, vpopmail.open_smtp_relay), VA.SUCCESS, files=(_OPEN, _RULES),
          in_steps=True, settings=_ROAMING, **_NONE),
    Scene("login from an address that is not compiled", "relay.open", _one_more,
          lambda s: _opened(s, lambda: s.relay.open("2001:db8::1")), VA.SUCCESS,
          files=(_OPEN, _RULES), in_steps=True, **_NONE),
    Scene("new address alone", "vopen_smtp_relay", _relaying,
          lambda s: _opened(s, vpopmail.vopen_smtp_relay), VA.SUCCESS, files=(_OPEN,),
          settings=_ROAMING, **_NONE),
    Scene("address of long ago", "relay.clear", _relaying, lambda s: s.relay.clear(), VA.SUCCESS,
          files=(_OPEN, _RULES), in_steps=True, **_NONE),
    Scene("address of long ago alone", "vclear_open_smtp", _relaying,
          lambda _s: vpopmail.vclear_open_smtp(60, 2060), VA.SUCCESS, files=(_OPEN,), **_NONE),
    Scene("rules that are not compiled", "update_rules", _one_more,
          lambda _s: vpopmail.update_rules(), VA.SUCCESS, files=(_RULES,), **_NONE),
    # qmail's files and others
    Scene("line of a list", "update_file", _listed,
          lambda s: vpopmail.update_file(_path(s, _LIST), "d.example", 2), VA.SUCCESS,
          files=(_LIST,), **_NONE),
    Scene("list", "sort_file", _listed, lambda s: vpopmail.sort_file(_path(s, _LIST), 3, 2),
          VA.SUCCESS, files=(_LIST,), **_NONE),
    Scene("lines of a list", "remove_lines", _listed,
          lambda s: vpopmail.remove_lines(_path(s, _LIST), ["a.example"]), VA.SUCCESS,
          files=(_LIST,), **_NONE),
    Scene("line of a list", "remove_line", _listed,
          lambda s: vpopmail.remove_line("a.ex", _path(s, _LIST), 0o600, 1), VA.SUCCESS,
          files=(_LIST,), **_NONE),
    Scene("another name", "add_domain_assign", _alone,
          lambda s: vpopmail.add_domain_assign(NEW, DOMAIN, _path(s, _D), UID, GID), VA.SUCCESS,
          domains=(NEW,), addresses=()),
    Scene("alias domain", "del_domain_assign", _users,
          lambda s: vpopmail.del_domain_assign([ALIAS], DOMAIN, _path(s, _D), UID, GID), VA.SUCCESS,
          domains=(ALIAS,), addresses=()),
    Scene("names in two files", "del_control", _users, lambda _s: vpopmail.del_control([ALIAS]),
          VA.SUCCESS, files=_CONTROL, in_steps=True, **_NONE),
    Scene("line written by hand", "update_newu", _by_hand, lambda _s: vpopmail.update_newu(),
          VA.SUCCESS, domains=(NEW,), addresses=()),
    Scene("morercpthosts written by hand", "compile_morercpthosts", _more,
          lambda _s: vpopmail.compile_morercpthosts(), VA.SUCCESS,
          files=("q/control/morercpthosts.cdb",), **_NONE),
    Scene("tree", "vdelfiles", _of_everybody, lambda s: vpopmail.vdelfiles(_path(s, "v/tree")),
          VA(-1), files=_TREE, in_steps=True, **_NONE),
    Scene("directories", "r_mkdir", lambda _s: None,
          lambda s: vpopmail.r_mkdir(_path(s, "v/tree/inner"), UID, GID), VA.SUCCESS,
          files=_TREE[:2], in_steps=True, **_NONE),
]  # fmt: skip
if os.geteuid() == 0:
    SCENES_OF_FILES.append(
        Scene("tree", "r_chown", _of_everybody,
              lambda s: vpopmail.r_chown(_path(s, "v/tree"), UID, GID), VA.SUCCESS,
              files=_TREE, in_steps=True, commits_last=True, **_NONE)
    )  # fmt: skip
