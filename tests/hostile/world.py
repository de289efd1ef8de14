"""A site with an owner who means ill, what lies outside of it, and all that root may do there."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import vpopmail
from tests.crash.places import copy_tree
from vpopmail import VLimits, Vpopmail, use
from vpopmail.errors import VpopmailError
from vpopmail.settings import load

OWNER = 89  # of the site's domains: the one who means ill
STRANGER = 12345  # of a domain below his own home
DOMAIN = "example.com"
THEIRS = "theirs.example"
JOE = f"joe@{DOMAIN}"
HASH = "$1$abcdefgh$K2eYkWaGFCU4Ot9LWWHne."
OTHER_HASH = "$1$abcdefgh$xxxxxxxxxxxxxxxxxxxxxx"
SECRET = b"a secret of somebody else\n"
PASSWORD = "Wonderful-1"
MESSAGE = b"Subject: x\n\nmail\n"
_PATIENCE = 120  # seconds after which an operation hangs; a test that is well never waits
Act = Callable[[Vpopmail], object]
Tree = dict[str, tuple[int, int, int, int, int, bytes]]


def opened(top: Path, **more: object) -> Vpopmail:
    """The site, in this process."""
    settings = {
        "vpopmaildir": str(top / "v"),
        "qmaildir": str(top / "q"),
        "vpopuser": OWNER,
        "vpopgroup": OWNER,
        "sync": False,
        "lock_timeout": 0,
        "sqwebmail_pass": True,
        "sha512_passwords": False,
        "md5_passwords": True,
    }
    return Vpopmail(load({**settings, **more}))


def build(top: Path) -> None:
    """The site below ``top``, and beside it ``outside``, which is root's."""
    top.chmod(0o755)
    outside = top / "outside"
    (outside / "cur").mkdir(parents=True)
    (outside / "new").mkdir()
    for name in ("file", "cur/1.mail", "new/2.mail", "maildirsize", "vpasswd", "entry"):
        (outside / name).write_bytes(SECRET)
        (outside / name).chmod(0o640)
    (outside / "bulletin").write_bytes(MESSAGE)
    base = top / "home"
    base.mkdir()
    os.chown(base, STRANGER, STRANGER)
    with opened(top) as site, use(site):
        site.prepare()
        site.domains.add(DOMAIN, "Wonderful-1")
        site.domains.add(THEIRS, dir=str(base), uid=STRANGER, gid=STRANGER)
        site.domains.add_alias("alias.example", DOMAIN)
        site.users.add(JOE, PASSWORD, quota="1M")
        site.users.add(f"anna@{DOMAIN}", crypted=HASH, quota="1M")
        site.users.add(f"joe@{THEIRS}", crypted=HASH)
        site.aliases.set(f"sales@{DOMAIN}", [f"&{JOE}"])
        site.limits.set(DOMAIN, VLimits(maxaliases=3))
        site.quotas.recount(JOE)
        home = Path(site.users.get(JOE).pw_dir)
    mail = home / "Maildir/new/1.mail"
    mail.write_bytes(b"Subject: x\n\nmail\n")
    os.chown(mail, OWNER, OWNER)


def copy_world(source: Path, target: Path) -> None:
    """A fresh copy of a world in the place of what is there."""
    shutil.rmtree(target, ignore_errors=True)
    copy_tree(source, target)


def look(top: Path) -> Tree:
    """All that lies somewhere: kind and mode, owner, names, time, content. Nothing is followed."""
    found: Tree = {}
    for where, directories, files in os.walk(top):
        for name in [".", *directories, *files] if where == str(top) else [*directories, *files]:
            path = os.path.join(where, name)
            status = os.lstat(path)
            content = b""
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    content = file.read()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path).encode()
            found[os.path.relpath(path, top)] = (
                status.st_mode, status.st_uid, status.st_gid, status.st_size, status.st_mtime_ns, content,
            )  # fmt: skip
    return found


def outside(top: Path) -> Tree:
    """What must stay as it is."""
    return look(top / "outside")


# What root does. Each is tried whatever came of those before.

ACTS: dict[str, Act] = {
    "find": lambda s: s.users.find(JOE),
    "iter": lambda s: list(s.users.iter(DOMAIN)),
    "check_password": lambda s: s.users.check_password(JOE, "x"),
    "last_auth": lambda s: s.users.last_auth(JOE),
    "vset_lastauth": lambda _s: vpopmail.vset_lastauth("joe", DOMAIN, "192.0.2.1"),
    "authenticate": lambda s: s.logins.authenticate(JOE, PASSWORD, "imap", remote_ip="192.0.2.2"),
    "authenticate wrongly": lambda s: s.logins.authenticate(JOE, "wrong", "pop"),
    "vmake_maildir": lambda s: vpopmail.vmake_maildir(DOMAIN, s.users.get(JOE).pw_dir),
    "deliver": lambda s: s.mail.deliver(JOE, MESSAGE),
    "deliver to an alias": lambda s: s.mail.deliver(f"sales@{DOMAIN}", MESSAGE),
    "bulletin": lambda s: _send(s, "copy"),
    "bulletin by hard links": lambda s: _send(s, "hard link"),
    "bulletin by symbolic links": lambda s: _send(s, "symbolic link"),
    "quotas.usage": lambda s: s.quotas.usage(JOE),
    "quotas.recount": lambda s: s.quotas.recount(JOE),
    "quotas.domain_usage": lambda s: s.quotas.domain_usage(DOMAIN),
    "update_maildirsize": lambda s: vpopmail.update_maildirsize(DOMAIN, s.users.get(JOE).pw_dir, "1000000S"),
    "maildir_addquota": lambda s: vpopmail.maildir_addquota(
        f"{s.users.get(JOE).pw_dir}/Maildir", "1000000S", 10, 1
    ),
    "set_quota": lambda s: s.users.set_quota(JOE, "2M"),
    "set_password": lambda s: s.users.set_password(JOE, crypted=OTHER_HASH),
    "vsqwebmail_pass": lambda s: vpopmail.vsqwebmail_pass(s.users.get(JOE).pw_dir, HASH, OWNER, OWNER),
    "update": lambda s: s.users.update(JOE, gecos="Joe", set_flags=2),
    "aliases.iter": lambda s: list(s.aliases.iter(DOMAIN)),
    "aliases.add": lambda s: s.aliases.add(f"sales@{DOMAIN}", "&anna@example.com"),
    "aliases.add another": lambda s: s.aliases.add(f"new@{DOMAIN}", "&anna@example.com"),
    "aliases.remove": lambda s: s.aliases.remove(f"sales@{DOMAIN}", f"&{JOE}"),
    "vadddotqmail": lambda _s: vpopmail.vadddotqmail("team", DOMAIN, "joe"),
    "default_delivery.find": lambda s: s.default_delivery.find(DOMAIN),
    "default_delivery.set": lambda s: s.default_delivery.set(DOMAIN, f"{s.users.get(JOE).pw_dir}/Maildir/"),
    "deliver by default": lambda s: s.mail.deliver(f"nobody@{DOMAIN}", MESSAGE),
    "catch_all.set": lambda s: s.catch_all.set(DOMAIN, "anna"),
    "catch_all.delete": lambda s: s.catch_all.delete(DOMAIN),
    "limits.get": lambda s: s.limits.get(DOMAIN),
    "limits.set": lambda s: s.limits.set(DOMAIN, VLimits(maxaliases=9)),
    "vmkpasswd": lambda _s: vpopmail.vmkpasswd(DOMAIN),
    "users.add": lambda s: s.users.add(f"new@{DOMAIN}", crypted=HASH, quota="1M"),
    "make_user_dir": lambda _s: vpopmail.make_user_dir("made", DOMAIN, OWNER, OWNER),
    "vauth_adduser": lambda _s: vpopmail.vauth_adduser("record", DOMAIN, "", "x"),
    "batch": lambda s: _batch(s),
    "reconcile": lambda s: s.reconcile(),
    "diagnose": lambda s: s.diagnose(JOE, "x"),
    "rebuild": lambda s: s.rebuild(),
    "aliases.delete_all": lambda s: s.aliases.delete_all(DOMAIN),
    "limits.delete": lambda s: s.limits.delete(DOMAIN),
    "users.delete": lambda s: s.users.delete(JOE),
    "domains.add": lambda s: s.domains.add("another.example", "Wonderful-1"),
    "domains.adopt": lambda s: s.domains.add("adopted.example"),
    "domains.delete": lambda s: s.domains.delete(DOMAIN),
    "domains.add again": lambda s: s.domains.add(DOMAIN, "Wonderful-1"),
}


def _send(site: Vpopmail, way: str) -> None:
    """A file of root's, which lies outside: its owner and mode are to stay."""
    top = os.path.dirname(site.settings.vpopmaildir)
    site.bulletins.send(f"{top}/outside/bulletin", [DOMAIN], way=way)


def _batch(site: Vpopmail) -> None:
    with site.batch():
        site.users.add(f"ken@{DOMAIN}", crypted=HASH)
        site.users.update(f"anna@{DOMAIN}", gecos="Anna")
        site.aliases.set(f"info@{DOMAIN}", [f"&{JOE}"])


def attempt(site: Vpopmail, act: Act) -> str:
    """Do it; the name of what it raised, which is an error of ours or of the system."""
    try:
        act(site)
    except (VpopmailError, OSError) as error:
        return type(error).__name__
    return ""


def do_all(top: Path, names: list[str]) -> dict[str, str]:
    """Do them one after the other; a signal ends the process if one hangs."""
    signal.alarm(_PATIENCE)
    with opened(top) as site, use(site):
        done = {name: attempt(site, ACTS[name]) for name in names}
    signal.alarm(0)
    return done
