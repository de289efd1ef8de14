"""The runner itself: it must not pass where something is wrong.

A small library of a few lines stands in for ours; each test breaks it in one place.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from . import programs
from .calls import Face, NotImplementedHere
from .compare import build_cdb, compare
from .model import Entry, Owners, Places, read_cdb, snapshot
from .qmail_send import StandIn
from .replay import Verdict, replay
from .scenario import Scenario, step_of

HASH = "$1$0bbJIISw$lNOncVf9gm5F2bWH0Cm8d."  # of "secret"
OTHER = "$1$Q0sz/02Q$SyVMLzVfbRTt.izPHK9Pd0"  # of "secret" too
WRONG = "$1$.P4n7qVh$xxxxxxxxxxxxxxxxxxxxxx"
DIRECTORY = "{VPOPMAILDIR}/domains/example.com"


class Little:
    """A library with one function, which makes two directories and three files."""

    def __init__(self, places: Places) -> None:
        self.top = places.vpopmaildir / "domains"
        self.code = 0
        self.crypted = OTHER

    def configure(self, **_settings: Any) -> None:
        """Nothing to do."""

    def vadduser(
        self, user: str, domain: str, password: str, _gecos: str, _apop: int
    ) -> int:
        """What the recording below shows."""
        home = self.top / domain / user
        home.mkdir(parents=True)
        for path in (self.top / domain, home):
            self.own(path, 0o700)
        self.write(home / "lastauth", "0.0.0.0", 0o600)
        rest = f"{self.crypted}:1:0:Joe:{home}:NOQUOTA:{password}"
        self.write(self.top / domain / "vpasswd", f"{user}:{rest}\n", 0o600)
        path = self.top / domain / "vpasswd.cdb"
        path.write_bytes(build_cdb(((user.encode(), rest.encode()),)))
        self.own(path, 0o600)
        return self.code

    def write(self, path: Path, text: str, mode: int) -> None:
        """A file with its mode and owner."""
        path.write_text(text)
        self.own(path, mode)

    def own(self, path: Path, mode: int) -> None:
        """Mode and owner."""
        path.chmod(mode)
        if os.getuid() == 0:
            os.chown(path, 89, 89)


def recorded() -> dict[str, dict[str, Any]]:
    """The tree that Little makes, as a recording of C would show it."""
    owned = {"owner": "89:89"}
    rest = f"{HASH}:1:0:Joe:{DIRECTORY}/joe:NOQUOTA:secret"
    return {
        DIRECTORY: {"type": "dir", "mode": "0700", **owned},
        f"{DIRECTORY}/joe": {"type": "dir", "mode": "0700", **owned},
        f"{DIRECTORY}/joe/lastauth": {
            "type": "file",
            "mode": "0600",
            "text": "0.0.0.0",
            **owned,
        },
        f"{DIRECTORY}/vpasswd": {
            "type": "file",
            "mode": "0600",
            "text": f"joe:{rest}\n",
            **owned,
        },
        f"{DIRECTORY}/vpasswd.cdb": {
            "type": "file",
            "mode": "0600",
            "cdb": [["joe", rest]],
            "sha256": "0" * 64,
            **owned,
        },
    }


def fresh() -> dict[str, dict[str, Any]]:
    """The part of a final tree that is there from the start."""
    return {
        "{VPOPMAILDIR}/domains": {"type": "dir", "mode": "0700", "owner": "89:89"},
        "{VPOPMAILDIR}/etc": {"type": "dir", "mode": "0755", "owner": "89:89"},
        "{VPOPMAILDIR}/etc/vlimits.default": {
            "type": "file",
            "mode": "0644",
            "owner": "89:89",
            "text": "# no limits\n",
        },
        "{QMAILDIR}/control": {"type": "dir", "mode": "0755", "owner": "0:0"},
        "{QMAILDIR}/control/me": _control("mail.test\n"),
        "{QMAILDIR}/control/locals": _control("localhost\nmail.test\n"),
        "{QMAILDIR}/users": {"type": "dir", "mode": "0755", "owner": "0:0"},
    }


def _control(text: str) -> dict[str, Any]:
    return {"type": "file", "mode": "0644", "owner": "0:0", "text": text}


def scenario(*, changes: bool = True, final: bool = True) -> Scenario:
    """One call, with its changes recorded or only the final tree, or both."""
    step: dict[str, Any] = {
        "call": "vadduser",
        "args": ["joe", "example.com", "secret", "Joe", 0],
        "result": {"rc": 0, "umask_after": "0077"},
    }
    if changes:
        step["changes"] = [
            {"path": p, "op": "added", **e} for p, e in recorded().items()
        ]
    tree = {**fresh(), **recorded()} if final else None
    return Scenario("little", "one", "", "base", False, (step_of(1, step),), tree)


@pytest.fixture
def little(places: Places) -> Little:
    return Little(places)


def problems(little: Little, places: Places, played: Scenario) -> list[str]:
    """What the runner has to say."""
    return replayed(little, places, played).problems


def replayed(little: Little, places: Places, played: Scenario) -> Verdict:
    """What became of a scenario."""
    with StandIn(places.qmaildir) as send:
        return replay(played, places, Face(little), send)


BOTH = pytest.mark.parametrize(
    "played", [scenario(final=False), scenario(changes=False)]
)


@pytest.mark.parametrize(
    "played",
    [scenario(), scenario(final=False), scenario(changes=False)],
    ids=["2", "1", "0"],
)
def test_right_library_passes(little: Little, places: Places, played: Scenario) -> None:
    assert problems(little, places, played) == []


@BOTH
@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("joe/lastauth", 0o644),
        ("joe", 0o755),
        ("vpasswd", 0o640),
        ("vpasswd.cdb", 0o400),
    ],
)
def test_other_mode_is_caught(
    little: Little, places: Places, played: Scenario, path: str, mode: int
) -> None:
    change_after(little, lambda top: (top / "example.com" / path).chmod(mode))
    assert any("mode" in text for text in problems(little, places, played))


@BOTH
@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("joe/lastauth", "0.0.0.0", "0.0.0.1"),
        ("vpasswd", ":NOQUOTA:", ":10S:"),
        ("vpasswd", ":secret", ":Secret"),
        ("vpasswd", "\n", ""),
        ("vpasswd", "\n", "\n\n"),
    ],
)
def test_other_content_is_caught(
    little: Little, places: Places, played: Scenario, path: str, old: str, new: str
) -> None:
    def change(top: Path) -> None:
        file = top / "example.com" / path
        file.write_text(file.read_text().replace(old, new))

    change_after(little, change)
    assert any("data" in text for text in problems(little, places, played))


@BOTH
def test_extra_file_is_caught(little: Little, places: Places, played: Scenario) -> None:
    change_after(
        little, lambda top: little.write(top / "example.com" / "extra", "", 0o600)
    )
    assert any("extra: presence" in text for text in problems(little, places, played))


@BOTH
def test_extra_file_beside_the_domains_is_caught(
    little: Little, places: Places, played: Scenario
) -> None:
    change_after(little, lambda top: (places.tmp / "stray").write_text(""))
    assert any("stray" in text for text in problems(little, places, played))


@BOTH
def test_missing_file_is_caught(
    little: Little, places: Places, played: Scenario
) -> None:
    change_after(little, lambda top: (top / "example.com" / "vpasswd.cdb").unlink())
    assert any("presence" in text for text in problems(little, places, played))


@BOTH
def test_changed_control_file_is_caught(
    little: Little, places: Places, played: Scenario
) -> None:
    change_after(
        little, lambda top: (places.qmaildir / "control/me").write_text("other\n")
    )
    assert any("control/me" in text for text in problems(little, places, played))


@pytest.mark.parametrize("code", [-1, 1, -7])
def test_other_code_is_caught(little: Little, places: Places, code: int) -> None:
    little.code = code
    assert any("result rc" in text for text in problems(little, places, scenario()))


@BOTH
@pytest.mark.parametrize(
    "crypted", [WRONG, "", "lAQoVfUsVKkxA", HASH[:-1], "$5" + HASH[2:]]
)
def test_hash_of_another_password_or_scheme_is_caught(
    little: Little, places: Places, played: Scenario, crypted: str
) -> None:
    little.crypted = crypted
    assert any("vpasswd: data" in text for text in problems(little, places, played))


@BOTH
def test_cdb_with_other_records_is_caught(
    little: Little, places: Places, played: Scenario
) -> None:
    def change(top: Path) -> None:
        file = top / "example.com" / "vpasswd.cdb"
        file.write_bytes(build_cdb((*read_cdb(file.read_bytes()), (b"amy", b"x"))))

    change_after(little, change)
    assert any(
        "vpasswd.cdb: records" in text for text in problems(little, places, played)
    )


@BOTH
def test_link_in_place_of_a_file_is_caught(
    little: Little, places: Places, played: Scenario
) -> None:
    def change(top: Path) -> None:
        file = top / "example.com" / "joe" / "lastauth"
        file.rename(places.tmp.parent / "elsewhere")
        file.symlink_to(places.tmp.parent / "elsewhere")

    change_after(little, change)
    assert any("lastauth: kind" in text for text in problems(little, places, played))


@pytest.mark.skipif(os.getuid() != 0, reason="owners can be given by root only")
@BOTH
def test_other_owner_is_caught(
    little: Little, places: Places, played: Scenario
) -> None:
    change_after(little, lambda top: os.chown(top / "example.com" / "joe", 89, 0))
    assert any("joe: owner" in text for text in problems(little, places, played))


def test_salt_changed_by_a_step_that_has_nothing_to_do_with_it_is_caught(
    little: Little, places: Places
) -> None:
    def lowerit(text: str) -> str:
        file = little.top / "example.com" / "vpasswd"
        file.write_text(file.read_text().replace(OTHER, HASH))
        return text

    little.lowerit = lowerit  # type: ignore[attr-defined]
    first = scenario().steps[0]
    second = step_of(2, {"call": "lowerit", "args": ["x"], "result": {}, "changes": []})
    played = Scenario("little", "two", "", "base", False, (first, second), None)
    assert any("left alone" in text for text in problems(little, places, played))


def test_changed_umask_and_directory_are_caught(little: Little, places: Places) -> None:
    change_after(little, leave_home)
    found = problems(little, places, scenario())
    assert "the umask was changed" in found
    assert "the working directory was changed" in found


def leave_home(_top: Path) -> None:
    """What the C library does to its process."""
    os.umask(0o77)
    os.chdir("/")


def test_setup_steps_are_made_and_compared(little: Little, places: Places) -> None:
    setup = {"write": "{TMP}/note", "text": "x", "mode": "0640", "owner": "0:0"}
    change_after(little, lambda top: (places.tmp / "note").write_text("y"))
    steps = (step_of(1, setup), *scenario().steps)
    played = Scenario("little", "two", "", "base", False, steps, None)
    assert any("{TMP}/note: data" in text for text in problems(little, places, played))


def test_function_that_is_missing_is_told_apart(little: Little, places: Places) -> None:
    step = step_of(
        1, {"call": "vnothing", "args": [], "result": {"rc": 0}, "changes": []}
    )
    played = Scenario("little", "none", "", "base", False, (step,), None)
    verdict = replayed(little, places, played)
    assert verdict.missing == "vnothing"
    with pytest.raises(NotImplementedHere):
        Face(little).vnothing  # noqa: B018 - the access is the test


@pytest.mark.parametrize(
    "kind", ["cli", "talk", "sql", "ldif", "server"]
)
def test_other_kinds_of_step_are_read_and_counted_as_not_there(
    little: Little, places: Places, kind: str
) -> None:
    step = step_of(1, {kind: ["no-such-program"]})
    played = Scenario("little", "none", "", "base", False, (step,), None)
    assert replayed(little, places, played).missing is not None


def program(places: Places, result: dict[str, Any], build: str = "roaming") -> Verdict:
    """A scenario that runs clearopensmtp on our own library."""
    from .calls import public_face

    step = step_of(1, {"cli": ["clearopensmtp"], "result": result, "changes": []})
    played = Scenario("programs", "one", "", build, False, (step,), None)
    with StandIn(places.qmaildir) as send:
        return replay(played, places, public_face(), send)


def test_what_a_program_prints_and_its_exit_are_compared(places: Places) -> None:
    told = {"exit": 0, "stdout": "vpopmail not configure with --enable-roaming-users\n"}
    assert program(places, told, "base") == Verdict()


@pytest.mark.parametrize("told", [{"exit": 0}, {"exit": 1, "stdout": "other\n"}])
def test_other_output_and_exit_of_a_program_are_caught(
    places: Places, told: dict[str, Any]
) -> None:
    assert program(places, told, "base").problems


def test_files_that_a_program_makes_are_compared(places: Places) -> None:
    problems = program(places, {"exit": 0}).problems
    assert [line for line in problems if "tcp.smtp.cdb" in line]


def test_how_the_program_behind_vchkpw_was_started_is_told(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    checker = "import os, sys; print(os.read(3, 99)); sys.stdout.flush(); os.execvp(sys.argv[1], sys.argv[1:])"
    monkeypatch.setattr(programs, "_module", lambda _name: [sys.executable, "-c", checker])
    env = {"TCPREMOTEIP": "192.0.2.1"}
    step = step_of(1, {"chkpw": {"fd3": "joe\0secret\0", "env": env, "args": ["Maildir"]}})
    places.tmp.mkdir()
    told = programs.ran(step, places, {"vpopmaildir": "/x", "backend": "cdb"})
    assert told["exit"] == 0
    assert told["stdout"] == "b'joe\\x00secret\\x00'\n"
    assert told["exec"]["argv"] == ["qmail-pop3d", "Maildir"]
    told["exec"]["env"].pop("LC_CTYPE", None)  # of the Python that stands in for vchkpw
    assert (told["exec"]["env"], told["exec"]["uid"]) == (env, os.getuid())


def test_unknown_kind_of_step_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        step_of(1, {"dance": 1})


def test_recorded_bytes_of_a_cdb_are_compared() -> None:
    records = ((b"a", b"b"),)
    raw = build_cdb(records)
    have = Entry("file", 0o644, "0:0", records=records, raw=raw)
    want = Entry("file", 0o644, "0:0", records=records, digest="0" * 64)
    assert [d.what for d in compare({"x": want}, {"x": have})] == ["bytes (sha256)"]
    bad = Entry("file", 0o644, "0:0", records=records, raw=raw + b"\0")
    assert [d.what for d in compare({"x": have}, {"x": bad})] == ["bytes"]


def test_stand_in_tells_whether_it_was_signalled(
    places: Places, qmail_send: StandIn
) -> None:
    places.qmaildir.mkdir()
    assert qmail_send.was_signalled() is None
    qmail_send.start()
    assert qmail_send.was_signalled() is False
    qmail_send.signal()
    assert qmail_send.was_signalled() is True
    qmail_send.forget()
    assert qmail_send.was_signalled() is False


@pytest.mark.parametrize(("sent", "hup"), [(False, True), (True, False)])
def test_signal_that_is_missing_or_too_much_is_caught(
    little: Little, places: Places, qmail_send: StandIn, sent: bool, hup: bool
) -> None:
    if sent:
        change_after(little, lambda top: qmail_send.signal())
    step = step_of(1, {**scenario().steps[0].data, "hup": hup})
    played = Scenario("little", "hup", "", "base", False, (step,), None)
    found = replay(played, places, Face(little), qmail_send).problems
    assert any("SIGHUP" in text for text in found)


def test_names_of_messages_become_placeholders(places: Places) -> None:
    new = places.vpopmaildir / "domains" / "x.com" / "joe" / "Maildir" / "new"
    new.mkdir(parents=True)
    places.tmp.mkdir()
    (new / "1700000000.123.host,S=5").write_text("x")
    (new / "1700000001.123.host,S=5").write_text("x")
    names = [
        p.rpartition("/")[2] for p in snapshot(places, Owners(os.getuid(), os.getgid()))
    ]
    assert "{TIME}.{PID}.{HOST},S=5" in names
    assert "{TIME}.{PID}.{HOST},S=5#2" in names


def change_after(little: Little, change: Any) -> None:
    """Let the library do something wrong at the end of its call."""
    right = little.vadduser

    def wrong(*args: Any) -> int:
        code = right(*args)
        change(little.top)
        return code

    little.vadduser = wrong  # type: ignore[method-assign,assignment]
