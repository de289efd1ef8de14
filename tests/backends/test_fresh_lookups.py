"""Lookups keep files open and remember what was in them; another process's change is seen at once.

The changes are made by a second process. ``settled``: the clock is ahead, so that what was just
written counts as old and is remembered; without, all of it is younger than a tick of the clock.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, settings_for
from vpopmail import Vpopmail, use
from vpopmail.backends.cdb import reading
from vpopmail.formats import assign, cdb, vpasswd
from vpopmail.records import NO_IMAP, NO_POP, DomainEntry, VqPasswd
from vpopmail.safeio import view
from vpopmail.settings import load

WORKER = """
import sys
sys.path[:0] = [sys.argv[1]]
import os, shutil
from pathlib import Path
for line in sys.stdin:
    exec(eval(line))
    print(flush=True)
"""
REWRITE = """
def rename(path, data):
    Path(path + ".tmp").write_bytes(data)
    os.rename(path + ".tmp", path)
def in_place(path, data):
    with open(path, "wb") as file:
        file.write(data)
"""

Other = Callable[..., None]


@pytest.fixture(params=["disk", "memory"])
def base(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A directory on the file system of tmp_path, and one on tmpfs."""
    if request.param == "disk":
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as path:  # noqa: S108 - the file system
        yield Path(path)


@pytest.fixture(params=["settled", "young"])
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "settled":
        advance(monkeypatch, 3600)


def advance(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let those who look believe that it is later."""
    real = time.time_ns
    monkeypatch.setattr(view, "time_ns", lambda: real() + int(seconds * 10**9))


@pytest.fixture
def site(base: Path, clock: None) -> Iterator[Vpopmail]:
    """A site with joe@example.com that was looked up, so that all is remembered."""
    with Vpopmail(load(settings_for(base))) as made, use(made):
        made.prepare()
        made.domains.add(DOMAIN)
        made.users.add(f"joe@{DOMAIN}", crypted="x", gecos="one")
        assert gecos() == gecos() == "one"
        yield made


@pytest.fixture
def home(site: Vpopmail) -> str:
    """The directory of example.com."""
    return site.domains.get(DOMAIN).path


@pytest.fixture
def other() -> Iterator[Other]:
    """Runs code in a second process, which goes on until the test ends."""
    command = [sys.executable, "-I", "-c", WORKER, str(Path(vpopmail.__file__).parents[1])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdin is not None
        assert one.stdout is not None
        commands, answers = one.stdin, one.stdout

        def run(code: str, **values: object) -> None:
            lines = [f"{name} = {value!r}" for name, value in values.items()]
            print(repr("\n".join([*lines, code])), file=commands, flush=True)
            assert answers.readline() == "\n"

        run(REWRITE)
        yield run
        commands.close()


def gecos(name: str = "joe", domain: str = DOMAIN) -> str | None:
    user = vpopmail.vauth_getpw(name, domain)
    return None if user is None else user.pw_gecos


def flags() -> int:
    user = vpopmail.vauth_getpw("joe", DOMAIN)
    assert user is not None
    return user.pw_flags


def text(comment: str, name: str = "joe") -> bytes:
    user = VqPasswd(name, "x", 1, 0, comment, f"/home/{name}")
    return vpasswd.format_line(user, clear_passwd=False) + b"\n"


def index(comment: str, name: str = "joe") -> bytes:
    return cdb.build(vpasswd.records(text(comment, name)))


def users_cdb(*entries: DomainEntry) -> bytes:
    lines = b"".join(assign.format_line(entry) + b"\n" for entry in entries)
    return cdb.build(assign.compile_users(lines + b".\n"))


def entry_of(path: str, domain: str = DOMAIN) -> DomainEntry:
    return DomainEntry(domain, DOMAIN, os.getuid(), os.getgid(), path)


TICK = 50_000_000


class Coarse:
    """A status as of a file system whose clock ticks every 50 ms."""

    def __init__(self, status: os.stat_result) -> None:
        self.status = status

    def __getitem__(self, part: slice) -> tuple[int, ...]:
        return self.status[part]

    def __getattr__(self, name: str) -> int:
        value: int = getattr(self.status, name)
        return value - value % TICK if name.endswith("_ns") else value


class CoarseSystem:
    """The module os with such a file system."""

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def stat(self, path: str, **more: bool) -> Coarse:
        return Coarse(os.stat(path, **more))

    def fstat(self, fd: int) -> Coarse:
        return Coarse(os.fstat(fd))


# users


def test_changes_within_one_tick_of_a_slow_clock(
    base: Path, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No status tells of them: what is younger than a tick is read again."""
    monkeypatch.setattr(view, "os", CoarseSystem())
    with Vpopmail(load(settings_for(base))) as site, use(site):
        site.prepare()
        site.domains.add(DOMAIN)
        site.users.add(f"joe@{DOMAIN}", crypted="x", gecos="one")
        home = site.domains.get(DOMAIN).path
        os.utime(f"{home}/vpasswd", ns=(1, 1))
        for number in range(100, 160):
            other("in_place(path, data)", path=f"{home}/vpasswd.cdb", data=index(str(number)))
            line = b"disable_pop \n" if number % 2 else b"disable_imap\n"
            other("in_place(path, line)", path=f"{home}/.qmailadmin-limits", line=line)
            assert gecos() == str(number)
            assert flags() == (NO_POP if number % 2 else NO_IMAP)


def test_a_user_that_another_site_adds_and_deletes(
    site: Vpopmail, base: Path, other: Other
) -> None:
    other("from vpopmail import Vpopmail\nfrom vpopmail.settings import load")
    other("site = Vpopmail(load(given))", given=settings_for(base))
    for _ in range(3):
        assert gecos("amy") is None
        other("site.users.add(address, crypted='x')", address=f"amy@{DOMAIN}")
        assert gecos("amy") == gecos("AMY", DOMAIN.upper()) == "amy"
        other("site.users.delete(address)", address=f"amy@{DOMAIN}")
    assert gecos("amy") is None
    assert gecos("joe") == "one"


def test_each_rename_of_the_c_tools(home: str, other: Other) -> None:
    """The text first, then the index: from the first rename on the new user is found."""
    other("rename(path, data)", path=f"{home}/vpasswd", data=text("two"))
    assert gecos() == "two"
    other("rename(path, data)", path=f"{home}/vpasswd.cdb", data=index("two"))
    assert gecos() == "two"
    assert gecos() == "two"


def test_a_text_that_is_edited_in_place(home: str, other: Other) -> None:
    before = os.stat(f"{home}/vpasswd")
    data = Path(home, "vpasswd").read_bytes().replace(b":one:", b":two:")
    # Later than the index, also where the clock ticks slowly.
    change = "in_place(path, data)\nos.utime(path, ns=(later, later))"
    other(change, path=f"{home}/vpasswd", data=data, later=before.st_mtime_ns + 10**9)
    after = os.stat(f"{home}/vpasswd")
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert gecos() == "two"


def test_an_index_that_is_written_in_place(home: str, other: Other) -> None:
    data = Path(home, "vpasswd.cdb").read_bytes().replace(b":one:", b":two:")
    other("in_place(path, data)", path=f"{home}/vpasswd.cdb", data=data)
    assert gecos() == "two"


def test_an_index_whose_times_are_put_back(home: str, other: Other) -> None:
    path = f"{home}/vpasswd.cdb"
    before = os.stat(path)
    data = Path(path).read_bytes().replace(b":one:", b":two:")
    change = "in_place(path, data)\nos.utime(path, ns=(mtime, mtime))"
    other(change, path=path, data=data, mtime=before.st_mtime_ns)
    assert os.stat(path).st_mtime_ns == before.st_mtime_ns
    assert gecos() == "two"


@pytest.mark.parametrize("name", ["vpasswd", "vpasswd.cdb"])
def test_a_file_that_is_removed(home: str, other: Other, name: str) -> None:
    other("os.unlink(path)", path=f"{home}/{name}")
    assert gecos() == "one"
    other("os.unlink(path)", path=f"{home}/{'vpasswd' if name != 'vpasswd' else 'vpasswd.cdb'}")
    assert gecos() is None


def test_a_file_that_becomes_a_link(home: str, other: Other) -> None:
    other("os.rename(path, path + '.x')\nos.symlink(path + '.x', path)", path=f"{home}/vpasswd.cdb")
    other("os.rename(path, path + '.x')\nos.symlink(path + '.x', path)", path=f"{home}/vpasswd")
    assert gecos() is None


def test_same_size_changes_one_after_the_other(home: str, other: Other) -> None:
    """Faster than the clock that stamps files may tick."""
    change = (
        "for name, data in files: write(f'{home}/{name}', data)\n"
        "os.utime(f'{home}/vpasswd', ns=(1, 1))"
    )
    for number in range(100, 160):
        files = [("vpasswd", text(str(number))), ("vpasswd.cdb", index(str(number)))]
        how = "write = rename\n" if number % 2 else "write = in_place\n"
        other(how + change, home=home, files=files)
        assert gecos() == str(number)
        assert gecos() == str(number)


@pytest.fixture
def looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a tenth of a second later, when files are looked at by their paths again."""
    monkeypatch.setattr(view, "_UNNOTICED", 0)


@pytest.mark.usefixtures("looks_again")
def test_a_directory_with_another_in_its_place(home: str, other: Other) -> None:
    other("shutil.copytree(home, home + '.new')", home=home)
    other("rename(path, data)", path=f"{home}.new/vpasswd.cdb", data=index("two"))
    swap = "os.rename(home, home + '.old')\nos.rename(home + '.new', home)"
    other(swap, home=home)
    assert gecos() == "two"
    other("os.rename(home, home + '.new')\nos.rename(home + '.old', home)", home=home)
    assert gecos() == "one"


def test_a_directory_of_hard_links_in_its_place(home: str, other: Other) -> None:
    """The index at the path is the very same file, and the old text is untouched elsewhere."""
    other(
        "os.mkdir(home + '.new')\n"
        "for name in 'vpasswd', 'vpasswd.cdb': os.link(f'{home}/{name}', f'{home}.new/{name}')",
        home=home,
    )
    assert gecos() == "one"
    change = "rename(path, data)\nos.utime(path, ns=(later, later))"
    later = os.stat(f"{home}/vpasswd.cdb").st_mtime_ns + 10**9
    other(change, path=f"{home}.new/vpasswd", data=text("two"), later=later)
    assert gecos() == "one"
    other("os.rename(home, home + '.old')\nos.rename(home + '.new', home)", home=home)
    assert gecos() == "two"


@pytest.mark.usefixtures("looks_again")
def test_the_directory_of_all_domains_with_another_in_its_place(home: str, other: Other) -> None:
    above = os.path.dirname(home)
    other("shutil.copytree(above, above + '.new')", above=above)
    other("rename(path, data)", path=f"{above}.new/{DOMAIN}/vpasswd.cdb", data=index("two"))
    other("os.rename(above, above + '.old')\nos.rename(above + '.new', above)", above=above)
    assert gecos() == "two"


# domains


def test_a_domain_that_moves(home: str, base: Path, other: Other) -> None:
    other("shutil.copytree(home, home + '.new')", home=home)
    other("rename(path, data)", path=f"{home}.new/vpasswd.cdb", data=index("two"))
    path = str(base / "q/users/cdb")
    other("rename(path, data)", path=path, data=users_cdb(entry_of(f"{home}.new")))
    assert gecos() == "two"
    other("in_place(path, data)", path=path, data=users_cdb(entry_of(home)))
    assert gecos() == "one"
    other("rename(path, data)", path=path, data=users_cdb())
    assert gecos() is None
    other("os.unlink(path)", path=path)
    assert gecos() is None
    other("rename(path, data)", path=path, data=users_cdb(entry_of(home)))
    assert gecos() == "one"


def test_an_alias_domain_that_is_pointed_elsewhere(home: str, base: Path, other: Other) -> None:
    assert gecos("joe", "alias.example") is None
    other("shutil.copytree(home, home + '.new')", home=home)
    other("rename(path, data)", path=f"{home}.new/vpasswd.cdb", data=index("two"))
    for place, expected in (("", "one"), (".new", "two"), ("", "one")):
        data = users_cdb(entry_of(home), entry_of(home + place, "alias.example"))
        other("rename(path, data)", path=str(base / "q/users/cdb"), data=data)
        assert gecos("joe", "Alias.Example") == gecos("joe", "alias.example") == expected
        assert gecos() == "one"


def test_a_domain_that_is_deleted_and_made_again(site: Vpopmail, base: Path, other: Other) -> None:
    other("from vpopmail import Vpopmail\nfrom vpopmail.settings import load")
    other("site = Vpopmail(load(given))", given=settings_for(base))
    other("site.domains.delete(domain)", domain=DOMAIN)
    assert gecos() is None
    other("site.domains.add(domain)", domain=DOMAIN)
    assert gecos() is None
    other("site.users.add(address, gecos='two')", address=f"joe@{DOMAIN}")
    assert gecos() == "two"


def test_a_users_cdb_that_is_a_link(site: Vpopmail, base: Path, other: Other) -> None:
    place = str(base / "q/users")
    other("rename(path, data)", path=f"{place}/none", data=users_cdb())
    other("os.rename(path, path + '.1')\nos.symlink(path + '.1', path)", path=f"{place}/cdb")
    assert gecos() == gecos() == "one"
    other("os.unlink(path + '/cdb')\nos.symlink('none', path + '/cdb')", path=place)
    assert gecos() is None


def test_another_directory_above_users_cdb_is_seen_soon(
    site: Vpopmail, base: Path, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(base / "q/users")
    other("os.mkdir(path + '.new')", path=place)
    other("rename(path, data)", path=f"{place}.new/cdb", data=users_cdb())
    other("os.rename(path, path + '.old')\nos.rename(path + '.new', path)", path=place)
    advance(monkeypatch, 7200)
    assert gecos() is None


# limits


def test_limits_that_come_change_and_go(home: str, other: Other) -> None:
    path = f"{home}/.qmailadmin-limits"
    for _ in range(2):
        assert flags() == 0
        other("in_place(path, b'disable_pop\\n')", path=path)
        assert flags() == flags() == NO_POP
        other("in_place(path, b'disable_imap\\n')", path=path)
        assert flags() == flags() == NO_IMAP
        other("rename(path, b'\\n')", path=path)
        assert flags() == 0
        other("os.unlink(path)", path=path)


def test_default_limits_that_come_change_and_go(home: str, base: Path, other: Other) -> None:
    path = str(base / "v/etc/vlimits.default")
    for _ in range(2):
        other("in_place(path, b'disable_pop\\n')", path=path)
        assert flags() == flags() == NO_POP
        other("in_place(path, b'disable_imap\\n')", path=path)
        assert flags() == flags() == NO_IMAP
        other("in_place(path, b'')", path=f"{home}/.qmailadmin-limits")
        assert flags() == 0
        other("os.unlink(path)", path=f"{home}/.qmailadmin-limits")
        assert flags() == NO_IMAP
        other("os.unlink(path)", path=path)
        assert flags() == 0


def test_limits_of_same_size_one_after_the_other(home: str, other: Other) -> None:
    path = f"{home}/.qmailadmin-limits"
    for _ in range(30):
        other("in_place(path, b'disable_pop \\n')", path=path)
        assert flags() == NO_POP
        other("in_place(path, b'disable_imap\\n')", path=path)
        assert flags() == NO_IMAP


def test_limits_of_another_directory_in_its_place(home: str, other: Other) -> None:
    other("shutil.copytree(home, home + '.new')", home=home)
    other("in_place(path, b'disable_pop\\n')", path=f"{home}.new/.qmailadmin-limits")
    assert flags() == 0
    other("os.rename(home, home + '.old')\nos.rename(home + '.new', home)", home=home)
    assert flags() == NO_POP
    other("os.rename(home, home + '.new')\nos.rename(home + '.old', home)", home=home)
    assert flags() == 0


# what is remembered


def test_what_a_caller_does_to_a_record_stays_with_it(site: Vpopmail) -> None:
    user = vpopmail.vauth_getpw("joe", DOMAIN)
    assert user is not None
    user.pw_passwd, user.pw_flags, user.pw_gid = "stolen", 7, 7
    entry = site.domains.get(DOMAIN)
    entry.path, entry.uid = "/elsewhere", 4711
    again = vpopmail.vauth_getpw("joe", DOMAIN)
    assert again is not None
    assert (again.pw_passwd, again.pw_flags, again.pw_gid) == ("x", 0, 0)
    assert site.domains.get(DOMAIN).path != "/elsewhere"


def test_an_index_read_as_a_whole_says_the_same(
    site: Vpopmail, home: str, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of two records for a name, of a short one, of odd names, and of none."""
    records = list(vpasswd.records(b"".join(text(f"g{n}", f"u{n}") for n in range(50))))
    records += [(b"u7", b"x:1:0:second:/:"), (b"short", b"x"), (b"\xff", b"x:1:0:odd:/:")]
    other("rename(path, data)", path=f"{home}/vpasswd.cdb", data=cdb.build(records))
    names = [*(f"u{n}" for n in range(50)), "short", "\udcff", "none", ""]
    one_by_one = [gecos(name) for name in names]
    monkeypatch.setattr(reading, "_WORTH", 1 << 30)
    site.close()
    assert [gecos(name) for name in names] == one_by_one
    assert one_by_one == [*(f"g{n}" for n in range(50)), None, "odd", None, None]


def test_one_broken_record_does_not_concern_the_others(
    site: Vpopmail, home: str, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_WORTH", 1 << 30)
    data = bytearray(cdb.build(vpasswd.records(text("one", "a") + text("two", "b"))))
    second = data.index(b"bx:1") - 8
    data[second + 4 : second + 8] = b"\xff\xff\xff\x7f"
    other("rename(path, data)", path=f"{home}/vpasswd.cdb", data=bytes(data))
    assert gecos("a") == gecos("a") == "one"
    assert gecos("b") is None  # the text, which has joe only
    assert gecos("a") == "one"


def test_little_is_remembered(site: Vpopmail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_KNOWN", 5)
    with site.batch():
        for number in range(20):
            site.users.add(f"u{number}@{DOMAIN}", crypted="x")
    for number in range(20):
        assert gecos(f"u{number}") == f"u{number}"
    (lookup,) = site.installation.backend._lookups.values()  # type: ignore[attr-defined]
    assert len(lookup.index.view.known) <= 5


def open_files() -> int:
    gc.collect()  # of other tests
    return len(os.listdir("/proc/self/fd"))


def test_few_files_stay_open_and_none_after_closing(site: Vpopmail, base: Path) -> None:
    site.close()
    before = open_files()
    with site.batch():
        for number in range(40):
            site.domains.add(f"d{number}.example")
    with site.batch():
        for number in range(40):
            site.users.add(f"joe@d{number}.example", crypted="x")
    for number in range(40):
        assert gecos("joe", f"d{number}.example") == "joe"
    assert open_files() <= before + 2 + 4 * 32
    site.close()
    assert open_files() == before
    assert gecos("joe", "d7.example") == "joe"


def test_a_forked_child_sees_what_changes_after_the_fork(home: str, other: Other) -> None:
    ask, answer = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.read(ask[0], 1)
        os.write(answer[1], (gecos() or "none").encode())
        os._exit(0)
    other("rename(path, data)", path=f"{home}/vpasswd.cdb", data=index("two"))
    os.write(ask[1], b"x")
    assert os.read(answer[0], 10) == b"two"
    assert os.waitpid(child, 0)[1] == 0
    assert gecos() == "two"
    for fd in (*ask, *answer):
        os.close(fd)


def test_threads_see_no_mixture(home: str, other: Other) -> None:
    """Name and comment always belong together, and a change is seen once it was made."""
    wrong: list[object] = []
    done = threading.Event()
    site = vpopmail.current()

    def look() -> None:
        with use(site):
            while not done.is_set():
                for name in ("joe", "amy"):
                    user = vpopmail.vauth_getpw(name, DOMAIN)
                    if user is None or user.pw_name != name or not user.pw_gecos.startswith(name):
                        wrong.append((name, user))

    def files(number: int) -> list[tuple[str, bytes]]:
        both = text(f"amy{number}", "amy") + text(f"joe{number}", "joe")
        return [("vpasswd", both), ("vpasswd.cdb", cdb.build(vpasswd.records(both)))]

    change = "for name, data in files: rename(f'{home}/{name}', data)"
    other(change, home=home, files=files(0))
    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(1, 30):
        other(change, home=home, files=files(number))
        assert (gecos("joe"), gecos("amy")) == (f"joe{number}", f"amy{number}")
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
