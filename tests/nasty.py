"""What must do no harm wherever a text or a number is taken, and how a site looks before and after."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import vpopmail
from vpopmail import VLimits, VqPasswd, Vpopmail
from vpopmail.formats import assign, cdb, control, dircontrol, limits, vpasswd
from vpopmail.formats.text import has_control, split_lines
from vpopmail.testing import sandbox

DOMAIN = "example.com"
ALIAS = "alias.example"
TEXTS = (
    "",
    " ",
    ".",
    "..",
    "../up",
    "../../outside/secret",
    "sla/sh",
    "two..dots.com",
    ".dot.org",
    "-dash.org",
    "--help",
    "col:on",
    "joe:x:1:0::/:",
    "nul\0x",
    "line\nbreak",
    "cr\rx",
    "tab\tx",
    "del\x7fx",
    "esc\x1b[2J",
    " blank ends ",
    "*",
    "a@b@c",
    "@",
    "joe@",
    "%s%n",
    "|/bin/false",
    "umläut",
    "bücher.example",
    "XN--BCHER-KVA.example",
    "stra\u00dfe.example",
    "a\uff0fb.example",
    "b\u00fc..example",
    "\U0001f47e",
    "stray\udcffbyte",
    "\ud800",
    "a" * 33,
    "a" * 65,
    "a" * 97,
    "a" * 300,
    "b" * 100_000,
    "\u00e4" * 100_000,
)
NUMBERS = (-1, -(2**31), -(2**63), 2**31, 2**32, 2**63, 2**64, 10**400)
NO_TEXTS = (None, b"bytes", 1.5, 7, ["a"])
NO_NUMBERS = (None, "1", b"1", 1.5, [1])

PLACES = {"vpopmail", "qmail", "outside", "here"}

Tree = dict[str, tuple[object, ...]]


class Filled:
    """A site with a domain, its alias domain, users, aliases and limits, and what lies around it.

    Attributes:
        site: the site, the current one.
        base: the directory of all of it: ``vpopmail``, ``qmail``, ``outside`` and ``here``.
    """

    def __init__(self, site: Vpopmail) -> None:
        self.site = site
        self.base = Path(site.settings.vpopmaildir).parent
        self.work = self.base / "here/work"
        self.domain = Path(site.settings.domains_path, DOMAIN)
        self.home = self.domain / "joe"
        self._contents: dict[str, tuple[object, ...]] = {}
        self._fill()
        self._first = self.base.with_name(f"{self.base.name}-first")
        _copy(self.base, self._first)
        self._tree = self.tree()

    def _fill(self) -> None:
        self.work.mkdir(parents=True)
        (self.work / "list").write_text("a.org\nb.org\n")
        (self.base / "outside").mkdir()
        (self.base / "outside/secret").write_text("nobody's business\n")
        site = self.site
        site.domains.add(DOMAIN)
        site.domains.add_alias(ALIAS, DOMAIN)
        site.users.add(f"joe@{DOMAIN}", "secret-7", quota="10M")
        site.users.add(f"amy@{DOMAIN}", crypted="!")
        site.aliases.add(f"sales@{DOMAIN}", f"&joe@{DOMAIN}")
        site.catch_all.set(DOMAIN, "amy")
        site.limits.set(DOMAIN, VLimits(maxpopaccounts=9, diskquota=100))

    def fresh(self, found: Tree | None = None) -> Tree:
        """Let all be as it was at first, if it is not; the tree.

        Args:
            found: the tree as it is now, if that is known.
        """
        found = self.tree() if found is None else found
        if changed(self._tree, found):
            self.restore()
            found = self.tree()
        return found

    def restore(self) -> None:
        """Let all be again as it was at first."""
        self.site.close()
        self._contents.clear()
        for path in self.base.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if self.site.settings.backend == "memory":
            self.site.prepare()
            self._fill()
            self._tree = self.tree()  # passwords have another salt
        else:
            _copy(self._first, self.base)
        os.chdir(self.work)

    def tree(self) -> Tree:
        """Everything below the base: kind, mode, owner and content; and what the store keeps."""
        found: Tree = {"the store": self._kept()}
        self._walk(str(self.base), "", found)
        return found

    def _walk(self, where: str, below: str, found: Tree) -> None:
        with os.scandir(where) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                content = self._content(entry.path, status)
                found[below + entry.name] = status.st_mode, status.st_uid, status.st_gid, content
                if stat.S_ISDIR(status.st_mode):
                    self._walk(entry.path, f"{below}{entry.name}/", found)

    def _kept(self) -> tuple[object, ...]:
        installation = self.site.installation
        kept: list[object] = []
        for entry in self.site.qmail.entries():
            if entry.is_alias:
                continue
            users = sorted(installation.backend.iterate(entry), key=lambda user: user.pw_name)
            kept.append([[getattr(user, name) for name in user.__slots__] for user in users])
            for name in sorted(installation.aliases.alias_names(entry)):
                kept.append((name, installation.aliases.read_alias(entry, name)))
            kept.append(repr(installation.limits.read_limits(entry)))
        return (repr(kept),)

    def _content(self, path: str, status: os.stat_result) -> object:
        if stat.S_ISLNK(status.st_mode):
            return os.readlink(path)
        if not stat.S_ISREG(status.st_mode):
            return None
        # Names and times tell that a file is still the one that was read.
        key = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        if self._contents.get(path, (None,))[0] != key:
            self._contents[path] = (key, Path(path).read_bytes())
        return self._contents[path][1]


@contextmanager
def filled(backend: str, **settings: object) -> Iterator[Filled]:
    """A filled site whose working directory is a scratch one."""
    before = Path.cwd()
    with sandbox(backend, **settings) as site:
        made = Filled(site)
        os.chdir(made.work)
        try:
            yield made
        finally:
            os.chdir(before)
            shutil.rmtree(made._first)


def _copy(source: Path, target: Path) -> None:
    """Copy a tree with its times: an index counts while it is not older than its text."""
    shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


def changed(before: Tree, after: Tree) -> set[str]:
    """What differs between two trees, but for new lock files, which stay once they were made."""
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return {name for name in names if not _is_new_lock(name, before, after)}


def _is_new_lock(name: str, before: Tree, after: Tree) -> bool:
    if not name.endswith(".lock") or name in before:
        return False
    return name in after and after[name][3] == b""


def check_whole(made: Filled) -> None:
    """All files parse to their last line, and no path leads out of the site."""
    settings = made.site.settings
    lines = split_lines(Path(settings.qmaildir, "users/assign").read_bytes())
    assert lines[-1] == b"."
    entries = [assign.parse_line(line) for line in lines[:-1]]
    assert all(entries)
    for line in lines[:-1]:
        assert line.count(b":") == 7, line
    # Which is what qmail-lspawn reads.
    view = Path(settings.qmaildir, "users", settings.qmail_cdb_name).read_bytes()
    known = {entry.domain for entry in assign.iterate_domains(cdb.iterate(view))}
    assert known == {entry.domain for entry in entries if entry}
    for name in ("rcpthosts", "virtualdomains"):
        for line in split_lines(Path(settings.qmaildir, "control", name).read_bytes()):
            assert line, name
            assert not has_control(line)
            assert line.count(b":") == (name == "virtualdomains")
    for entry in entries:
        if entry is not None and not entry.is_alias:
            _check_domain(Path(entry.path), clear=settings.clear_passwd)


def _check_domain(path: Path, *, clear: bool) -> None:
    if not path.is_dir():
        return  # a name that the caller has given a directory of its own
    for file in path.rglob("*"):
        assert not file.is_symlink(), file
    if (path / "vpasswd").exists():
        lines = split_lines((path / "vpasswd").read_bytes())
        for line in lines:
            assert vpasswd.parse_line(line) is not None
            assert line.count(b":") == 6 + clear, line
        names = [line.partition(b":")[0] for line in lines]
        assert len(set(names)) == len(names)
    for file in path.glob(".qmail-*"):
        for line in split_lines(file.read_bytes()):
            assert not has_control(line.replace(b"\t", b""))
            assert len(line) < 160 or file.name == ".qmail-default"
    if (path / ".qmailadmin-limits").exists():
        limits.parse((path / ".qmailadmin-limits").read_bytes(), VLimits())
    if (path / ".dir-control").exists():
        dircontrol.parse((path / ".dir-control").read_bytes())


def records() -> Iterator[VqPasswd]:
    """The record of joe with something nasty in one member."""
    for member in VqPasswd.__slots__:
        texts = isinstance(getattr(VqPasswd(), member), str)
        for value in (*TEXTS, None) if texts else NUMBERS:
            user = joe()
            setattr(user, member, value)
            yield user


def joe() -> VqPasswd:
    """The record of joe, as it is stored."""
    user = vpopmail.current().users.find(f"joe@{DOMAIN}")
    return VqPasswd("joe", pw_gecos="Joe") if user is None else user
