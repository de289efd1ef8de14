"""Bad input by the C names: a documented code, nothing written, nothing raised."""

from __future__ import annotations

import inspect
import io
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vpopmail
from tests import nasty
from tests.nasty import ALIAS, DOMAIN, Filled, Tree, changed, check_whole, filled
from vpopmail import VA, DirControl, VLimits, VqPasswd

# vgetpasswd asks at a terminal; the others need a daemon's connection.
NAMES = sorted(
    {name for room, names in vpopmail._PUBLIC.items() if room.startswith("capi.") for name in names}
    - {"vgetpasswd", "client_query", "client_close"}
)
# Rooms whose functions ask the store of accounts.
STORING = {
    f"capi.{room}"
    for room in (
        "alias_domains",
        "aliases",
        "domains",
        "homes",
        "ip_maps",
        "last_auth",
        "limits",
        "login_log",
        "relay",
        "user_changes",
        "users",
        "vauth",
    )
}
# What a function may change beyond the site: the caller says by a path where.
ANYWHERE = {
    "add_domain_assign",
    "remove_line",
    "remove_lines",
    "sort_file",
    "update_file",
    "vadddomain",
    "vdelfiles",
    "vfd_copy",
    "vfd_move",
    "vlimits_write_limits_file",
    "vsqwebmail_pass",
    "r_chown",
    "r_mkdir",
    "maildir_addquota",
    "remove_maildirsize",
    "update_maildirsize",
    "vmaildir_readquota",
    "user_over_maildirquota",
}
# What the object of a call is: its own file below the scratch directory.
PATHS = {"filename", "path", "dir", "userdir", "maildir"}
VALID: dict[str, Callable[[Filled], object]] = {
    "alias": lambda _: "sales",
    "alias_domain": lambda _: "new.example",
    "alias_line": lambda _: "&amy@example.com",
    "aliases": lambda _: [ALIAS],
    "apop": lambda _: 0,
    "arg1": lambda _: "",
    "arg2": lambda _: "",
    "character": lambda _: "a",
    "clear_seconds": lambda _: 60,
    "clear_pass": lambda _: "secret-7",
    "clearpass": lambda _: "secret-7",
    "cmd": lambda _: "add_user",
    "comment": lambda _: "done",
    "count": lambda _: 1,
    "crypted": lambda _: "$1$abc",
    "digest": lambda _: b"\1",
    "dir": lambda made: str(made.home),
    "domain": lambda _: DOMAIN,
    "entry": lambda _: f"joe@{DOMAIN}",
    "email": lambda _: f"joe@{DOMAIN}",
    "fd": lambda made: made_descriptor(made),
    "file": lambda _: io.BytesIO(b"joe:x:1:0:Joe:/v/joe:NOQUOTA\n"),
    "file_lines": lambda _: 9,
    "file_type": lambda _: 2,
    "filename": lambda made: str(made.work / "list"),
    "first": lambda _: 1,
    "from_": lambda made: made_descriptor(made),
    "gecos": lambda _: "Joe",
    "gid": lambda _: os.getegid(),
    "ip": lambda _: "192.0.2.1",
    "length": lambda _: 8,
    "level": lambda _: 0,
    "limits": lambda _: VLimits(),
    "line": lambda _: "a.org",
    "lines": lambda _: ["a.org"],
    "logon": lambda _: f"joe@{DOMAIN}",
    "maildir": lambda made: str(made.home / "Maildir"),
    "match_real": lambda _: DOMAIN,
    "message": lambda _: "login success",
    "mode": lambda _: 0o600,
    "name": lambda _: "joe",
    "now": lambda _: 1_000_000,
    "once_only": lambda _: 1,
    "operation": lambda _: 1,
    "orig": lambda _: "a",
    "password": lambda _: "secret-7",
    "path": lambda made: str(made.domain),
    "pw": lambda _: nasty.joe(),
    "quota": lambda _: "10485760S",
    "real_domain": lambda _: DOMAIN,
    "remoteip": lambda _: "192.0.2.1",
    "repl": lambda _: "b",
    "s": lambda _: "abc",
    "signal": lambda _: 0,
    "size": lambda _: 10,
    "sortit": lambda _: 1,
    "state": lambda _: DirControl(),
    "status": lambda _: 2,
    "string": lambda _: "Joe",
    "targets": lambda _: "joe",
    "template": lambda _: "a.org",
    "to": lambda made: made_descriptor(made),
    "uid": lambda _: os.geteuid(),
    "update_line": lambda _: "c.org",
    "user": lambda _: "joe",
    "userdir": lambda made: str(made.home / "Maildir"),
    "username": lambda _: "joe",
    "will_update": lambda _: 0,
}
# Where the parameter of a function is another thing than its name says.
OTHERWISE: dict[tuple[str, str], Callable[[Filled], object]] = {
    ("vadduser", "username"): lambda _: "newone",
    ("vauth_adduser", "username"): lambda _: "newone",
    ("vauth_adduser", "user"): lambda _: "newone",
    ("vauth_adduser", "dir"): lambda _: "",
    ("make_user_dir", "username"): lambda _: "newone",
    ("vsqlerror", "file"): lambda _: io.StringIO(),
    ("vauth_user", "apop"): lambda _: "",
    ("vadddomain", "domain"): lambda _: "new.example",
    ("vadddomain", "dir"): lambda made: str(made.work),
    ("add_domain_assign", "dir"): lambda made: str(made.domain),
    ("del_domain_assign", "dir"): lambda made: str(made.domain),
    ("readdomainquota", "dir"): lambda made: str(made.domain),
    ("vlimits_read_limits_file", "path"): lambda made: str(made.work / "list"),
    ("vlimits_write_limits_file", "path"): lambda made: str(made.work / "limits"),
    ("vdelfiles", "dir"): lambda made: str(made.work / "list"),
    ("r_chown", "path"): lambda made: str(made.work),
    ("r_mkdir", "path"): lambda made: str(made.work / "made"),
    ("file_exists", "path"): lambda made: str(made.work / "list"),
    ("backfill", "path"): lambda made: str(made.home),
    ("quota_user_usage", "user"): lambda _: f"joe@{DOMAIN}",
    ("signal_process", "name"): lambda _: "qmail-none",
}
_descriptors: list[int] = []


def made_descriptor(made: Filled) -> int:
    """An open file of its own."""
    fd = os.open(made.work / "list", os.O_RDWR | os.O_CLOEXEC)
    _descriptors.append(fd)
    return fd


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _descriptors:
        try:
            os.close(_descriptors.pop())
        except OSError:
            continue


def parameters(name: str) -> dict[str, str]:
    """The parameters of a C-named function and what is to be given for each."""
    signature = inspect.signature(getattr(vpopmail, name))
    return {key: str(value.annotation) for key, value in signature.parameters.items()}


def valid(made: Filled, name: str) -> dict[str, object]:
    """Arguments for which there is nothing to refuse."""
    return {
        key: OTHERWISE.get((name, key), VALID.get(key, lambda _, kind=kind: plain(kind)))(made)
        for key, kind in parameters(name).items()
    }


def plain(kind: str) -> object:
    """What fits a type, where the name of the parameter says nothing."""
    return "abc" if kind.startswith("str") else 0


def bad_values(made: Filled, name: str, key: str, kind: str) -> Iterator[object]:
    """What a parameter is tried with."""
    if "VqPasswd" in kind:
        yield from nasty.records()
    elif "VLimits" in kind:
        numbers = itertools.cycle(nasty.NUMBERS)
        yield from (VLimits(**{member: next(numbers)}) for member in VLimits.__slots__)
    elif "DirControl" in kind:
        yield from states()
    elif "Sequence" in kind:
        yield from ([text] for text in nasty.TEXTS)
    elif kind.startswith("int"):
        yield from nasty.NUMBERS
    elif kind.startswith("str"):
        yield from nasty.TEXTS
        if key in PATHS:
            yield from paths(made)


def is_for(name: str, key: str, value: object) -> bool:
    """Whether a value has the type that the C function takes: a character is a text of one."""
    return name != "str_replace" or key == "s" or len(str(value)) == 1


def paths(made: Filled) -> Iterator[str]:
    """Paths that are there and not what they should be, lead elsewhere, or cannot be."""
    yield f"{made.work}/list"
    yield f"{made.domain}/../../../outside"
    yield f"{made.home}/../../../../outside/new"
    yield f"{made.base}/outside/secret/below"
    yield from (f"{made.work}/{text}" for text in nasty.TEXTS if text.strip("./"))


def states() -> Iterator[DirControl]:
    """States of directory hashing that no file can have."""
    for text in nasty.TEXTS:
        state = DirControl()
        state.the_dir = text
        yield state
    for number in nasty.NUMBERS:
        for member in ("cur_users", "level_cur"):
            state = DirControl()
            setattr(state, member, number)
            yield state
        state = DirControl()
        state.level_index = [number] * 3
        yield state


def call(name: str, arguments: dict[str, object]) -> object:
    """Call with arguments in the order of C; an iterator to its end."""
    result = getattr(vpopmail, name)(*arguments.values())
    return list(result) if hasattr(result, "__next__") else result


def codes(name: str, depth: int = 3) -> set[int]:
    """The codes that a function documents, by name or by the name of another function."""
    text = inspect.getdoc(getattr(vpopmail, name)) or ""
    found = {int(getattr(vpopmail, word)) for word in re.findall(r"VA_[A-Z_0-9]+", text)}
    found |= {int(number) for number in re.findall(r"(?<!\w)-\d", text)}
    for other in re.findall(r"\b\w+\b", text) if depth else ():
        if other in NAMES and other != name:
            found |= codes(other, depth - 1)
    return found


def is_refusal(result: object) -> bool:
    """Whether the result says that nothing was done."""
    if isinstance(result, tuple):
        return is_refusal(result[0])
    return result is None or (isinstance(result, int) and result < 0)


def check_kind(name: str, result: object) -> None:
    """The result is of its documented kind."""
    kind = str(inspect.signature(getattr(vpopmail, name)).return_annotation)
    kinds = {
        "VA": VA,
        "int": int,
        "str": str,
        "None": type(None),
        "VqPasswd": VqPasswd,
        "VLimits": VLimits,
    }
    allowed = [kinds.get(one.partition("[")[0]) for one in kind.split(" | ")]
    for one in kind.split(" | "):
        if one.startswith("tuple"):
            allowed.append(tuple)
        elif one.startswith(("Iterator", "IO")):
            allowed.append(list)
        elif one == "DomainEntry":
            allowed.append(vpopmail.DomainEntry)
    assert isinstance(result, tuple(one for one in allowed if one)), (name, kind, result)


def try_one(made: Filled, name: str, arguments: dict[str, object], before: Tree) -> Tree:
    """Call once and check what it says and what it did."""
    result = call(name, arguments)
    after = made.tree()
    done = changed(before, after)
    check_kind(name, result)
    what = ascii(list(arguments.values()))[:300]
    if is_refusal(result):
        assert not done, f"{name}{what} says {result!r} and changed {sorted(done)}"
        code = result[0] if isinstance(result, tuple) else result
        if isinstance(code, int):
            assert int(code) in codes(name), f"{name}{what}: {code!r} is not documented"
    elif done:
        beyond = {where for where in done if where.startswith(("outside", "here"))}
        assert not beyond or name in ANYWHERE, f"{name}{what} changed {sorted(beyond)}"
        check_whole(made)
    assert {where.partition("/")[0] for where in done} <= {*nasty.PLACES, "the store"}
    assert Path.cwd() == made.work
    return after


def cases() -> list[tuple[str, str, str]]:
    """Function, parameter and backend; where the store does not matter one is enough."""
    return [
        (name, key, backend)
        for room, names in vpopmail._PUBLIC.items()
        for name in names
        if name in NAMES
        for key in parameters(name)
        for backend in (("cdb", "memory") if room in STORING else ("cdb",))
    ]


@pytest.fixture(scope="module")
def kept(request: pytest.FixtureRequest) -> Iterator[Filled]:
    """A filled site for many tests."""
    with filled(request.param) as made:
        yield made


@pytest.mark.parametrize(("name", "key", "kept"), cases(), indirect=["kept"])
def test_bad_input_has_a_documented_code_and_writes_nothing(
    name: str, key: str, kept: Filled
) -> None:
    before = kept.fresh()
    for value in bad_values(kept, name, key, parameters(name)[key]):
        if is_for(name, key, value):
            after = try_one(kept, name, {**valid(kept, name), key: value}, before)
            before = kept.fresh(after)


@pytest.mark.parametrize("name", [name for name in NAMES if parameters(name)])
@pytest.mark.parametrize("kept", ["cdb"], indirect=True)
def test_a_wrong_type_is_a_type_error_and_writes_nothing(name: str, kept: Filled) -> None:
    before = kept.fresh()
    told = [
        told
        for key, kind in parameters(name).items()
        for value in wrong_values(kind)
        if (told := complaint(name, {**valid(kept, name), key: value}))
    ]
    assert told == []
    assert not changed(before, kept.tree())


def wrong_values(kind: str) -> Iterator[object]:
    """What is not of an annotated type; records also with members of wrong types."""
    if "VqPasswd" in kind:
        yield from (7, "x")
        yield from wrong_records(VqPasswd)
    elif "VLimits" in kind:
        yield from (7, "x")
        yield from wrong_records(VLimits)
    elif "DirControl" in kind:
        yield from (7, "x")
        yield from wrong_records(DirControl)
    elif "Sequence" in kind:
        yield from (None, 7, "x", b"x", [7], [None], [b"x"])
    else:
        wrong = nasty.NO_TEXTS if kind.startswith("str") else nasty.NO_NUMBERS
        wrong = wrong if kind.startswith(("str", "int")) else (7, "x")
        yield from (value for value in wrong if value is not None or "None" not in kind)


def wrong_records(kind: type) -> Iterator[object]:
    """Records with one member of a wrong type; None may stand for a pointer of C."""
    for member in kind.__slots__:
        for value in (7, "x", b"x", ["x"], 1.5):
            record = nasty.joe() if kind is VqPasswd else kind()
            is_number = isinstance(getattr(record, member), int)
            if isinstance(value, int if is_number else type(getattr(record, member))):
                continue
            setattr(record, member, value)
            yield record


def complaint(name: str, arguments: dict[str, object]) -> str:
    """What is wrong with the answer to a wrong type, if anything."""
    what = f"{name}{ascii(list(arguments.values()))[:200]}"
    try:
        call(name, arguments)
    except TypeError as error:
        clear = re.search(r"\b(is|are) needed|\bmust be (an?|three) ", str(error))
        return "" if clear else f"{what}: {error}"
    except Exception as error:  # noqa: BLE001
        return f"{what}: {error!r}"
    return f"{what} is taken"


LONG = "a" * 97
# Each kind of refusal that the manual's list has a code for: what is called, and the code.
REFUSED: dict[str, tuple[Callable[[], object], int]] = {
    "domain empty": (lambda: vpopmail.vadddomain(""), VA.INVALID_DOMAIN_NAME),
    "domain short": (lambda: vpopmail.vadddomain("ab"), VA.INVALID_DOMAIN_NAME),
    "domain long": (lambda: vpopmail.vadddomain(LONG), VA.DOMAIN_NAME_TOO_LONG),
    "domain dots": (lambda: vpopmail.vadddomain("two..dots.com"), VA.INVALID_DOMAIN_NAME),
    "domain up": (lambda: vpopmail.vadddomain("../up"), VA.INVALID_DOMAIN_NAME),
    "domain dash": (lambda: vpopmail.vadddomain("-dash.org"), VA.INVALID_DOMAIN_NAME),
    "domain colon": (lambda: vpopmail.vadddomain("col:on.org"), VA.INVALID_DOMAIN_NAME),
    "domain line": (lambda: vpopmail.vadddomain("a.org\nb.org"), VA.INVALID_DOMAIN_NAME),
    "domain NUL": (lambda: vpopmail.vadddomain("a\0.org"), VA.INVALID_DOMAIN_NAME),
    "domain byte": (lambda: vpopmail.vadddomain("\udcff.org"), VA.INVALID_DOMAIN_NAME),
    "domain disputed": (lambda: vpopmail.vadddomain("stra\u00dfe.org"), VA.INVALID_DOMAIN_NAME),
    "domain mapped": (lambda: vpopmail.vadddomain("a\uff0fb.org"), VA.INVALID_DOMAIN_NAME),
    "alias domain empty": (lambda: vpopmail.vaddaliasdomain("", DOMAIN), VA.INVALID_DOMAIN_NAME),
    "alias domain dash": (
        lambda: vpopmail.vaddaliasdomain("-dash.org", DOMAIN),
        VA.INVALID_DOMAIN_NAME,
    ),
    "base relative": (lambda: vpopmail.vadddomain("new.org", "here"), VA.BAD_V_DIR),
    "base NUL": (lambda: vpopmail.vadddomain("new.org", "/a\0b"), VA.BAD_V_DIR),
    "base surrogate": (lambda: vpopmail.vadddomain("new.org", "/\ud800"), VA.BAD_V_DIR),
    "uid negative": (lambda: vpopmail.vadddomain("new.org", None, -1), VA.BAD_UID),
    "uid large": (lambda: vpopmail.vadddomain("new.org", None, 2**32), VA.BAD_UID),
    "user empty": (lambda: add_user(""), VA.ILLEGAL_USERNAME),
    "user up": (lambda: add_user("../up"), VA.ILLEGAL_USERNAME),
    "user slash": (lambda: add_user("sla/sh"), VA.ILLEGAL_USERNAME),
    "user colon": (lambda: add_user("col:on"), VA.ILLEGAL_USERNAME),
    "user NUL": (lambda: add_user("nul\0x"), VA.ILLEGAL_USERNAME),
    "user non-ASCII": (lambda: add_user("uml\u00e4ut"), VA.ILLEGAL_USERNAME),
    "user reserved": (lambda: add_user("vpasswd"), VA.ILLEGAL_USERNAME),
    "user long": (lambda: add_user("a" * 65), VA.USER_NAME_TOO_LONG),
    "gecos line": (lambda: add_user(gecos="two\nlines"), VA.BAD_CHAR),
    "gecos colon": (lambda: add_user(gecos="a:b"), VA.BAD_CHAR),
    "gecos NUL": (lambda: add_user(gecos="a\0b"), VA.BAD_CHAR),
    "gecos long": (lambda: add_user(gecos="a" * 300), VA.GECOS_TOO_LONG),
    "password long": (lambda: add_user(password="a" * 300), VA.PASSWD_TOO_LONG),
    "password NUL": (lambda: add_user(password="a\0b"), VA.BAD_CHAR),
    "password line": (lambda: add_user(password="a\nb"), VA.BAD_CHAR),
    "quota none": (lambda: vpopmail.vsetuserquota("joe", DOMAIN, "much"), VA.QUOTA_TOO_LONG),
    "quota long": (lambda: vpopmail.vsetuserquota("joe", DOMAIN, "1" * 21), VA.QUOTA_TOO_LONG),
    "quota line": (lambda: vpopmail.vsetuserquota("joe", DOMAIN, "1\n0"), VA.QUOTA_TOO_LONG),
    "quota negative": (lambda: vpopmail.vsetuserquota("joe", DOMAIN, "-1"), VA.QUOTA_TOO_LONG),
    "alias empty": (lambda: add_line(alias=""), VA.ILLEGAL_USERNAME),
    "alias up": (lambda: add_line(alias="../up"), VA.ILLEGAL_USERNAME),
    "alias colon": (lambda: add_line(alias="col:on"), VA.ILLEGAL_USERNAME),
    "alias long": (lambda: add_line(alias="a" * 65), VA.USER_NAME_TOO_LONG),
    "alias line long": (lambda: add_line(line="a" * 160), VA.ALIAS_LINE_TOO_LONG),
    "alias line broken": (lambda: add_line(line="&a@b.org\n|rm"), VA.BAD_CHAR),
    "alias line NUL": (lambda: add_line(line="&a\0"), VA.BAD_CHAR),
    "alias line surrogate": (lambda: add_line(line="&\ud800"), VA.BAD_CHAR),
    "limit small": (lambda: set_limit(maxaliases=-2), VA(-1)),
    "limit large": (lambda: set_limit(diskquota=2**63), VA(-1)),
    "permission large": (lambda: set_limit(perm_account=8), VA(-1)),
    "permission negative": (lambda: set_limit(perm_maillist_users=-1), VA(-1)),
    "permissions in a file": (
        lambda: vpopmail.vlimits_write_limits_file("limits", VLimits(perm_quota=8)),
        VA(-1),
    ),
    "place": (
        lambda: vpopmail.vauth_adduser("newone", DOMAIN, "", "", "../up", 0),
        VA(-1),
    ),
}


def add_user(name: str = "newone", password: str = "", gecos: str = "") -> VA:
    """Add a user of which one thing is wrong."""
    return vpopmail.vadduser(name, DOMAIN, password, gecos, 0)


def add_line(alias: str = "sales", line: str = "&amy@example.com") -> VA:
    """Add a line of which one thing is wrong."""
    return vpopmail.valias_insert(alias, DOMAIN, line)


def set_limit(**limits: int) -> int:
    """Set limits of which one is wrong."""
    return vpopmail.vset_limits(DOMAIN, VLimits(**limits))


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_each_refusal_has_the_code_of_the_list(backend: str) -> None:
    with filled(backend, clear_passwd=True) as made:
        before = made.tree()
        told = {what: act() for what, (act, _) in REFUSED.items()}
        assert told == {what: code for what, (_, code) in REFUSED.items()}
        assert not changed(before, made.tree())


@pytest.mark.parametrize("place", ["../../outside", "/", "", "..", "{outside}", "{domain}/../amy"])
def test_a_stored_directory_that_leads_elsewhere_is_not_followed(place: str) -> None:
    with filled("cdb") as made:
        user = nasty.joe()
        user.pw_dir = place.format(outside=made.base / "outside", domain=made.domain)
        vpopmail.vauth_setpw(user, DOMAIN)
        before = made.tree()
        vpopmail.vsetuserquota("joe", DOMAIN, "5M")
        vpopmail.vset_lastauth("joe", DOMAIN, "192.0.2.1")
        vpopmail.vpasswd("joe", DOMAIN, "other-7", 0)
        vpopmail.vdeluser("joe", DOMAIN)
        touched = changed(before, made.tree())
        assert not {name for name in touched if name.startswith(("outside", "here"))}
        assert not {name for name in touched if "/amy" in name}


def test_the_script_gets_any_text_or_is_not_run() -> None:
    with filled("cdb", onchange_script=True) as made:
        script = Path(made.site.settings.vpopmaildir, "etc/onchange")
        script.write_text("#!/bin/sh\nexit 7\n")
        script.chmod(0o755)
        for text in nasty.TEXTS:
            assert vpopmail.call_onchange("add_user", text) in {7, 13}
            assert vpopmail.call_onchange(text) in {7, 13}


IDN = "B\u00fccher.Example"
STORED = "xn--bcher-kva.example"


@pytest.fixture(params=["cdb", "memory"])
def made(request: pytest.FixtureRequest) -> Iterator[Filled]:
    with filled(request.param) as made:
        assert vpopmail.vadddomain(IDN) == VA.SUCCESS
        yield made


def test_a_u_label_is_stored_as_its_a_label(made: Filled) -> None:
    assert STORED in {entry.domain for entry in made.site.domains}
    assert made.site.domains.get(STORED).path.endswith(f"/{STORED}")
    assert Path(made.site.settings.qmaildir, "control/rcpthosts").read_text().count(STORED) == 1
    assert vpopmail.vadddomain(STORED) == VA.DOMAIN_ALREADY_EXISTS
    assert vpopmail.vadddomain("BU\u0308CHER.example") == VA.DOMAIN_ALREADY_EXISTS
    check_whole(made)


def test_a_u_label_is_accepted_wherever_a_domain_is_named(made: Filled) -> None:
    assert vpopmail.vaddaliasdomain("M\u00fcller.example", IDN) == VA.SUCCESS
    assert vpopmail.vadduser("joe", IDN, "secret-7", "Joe", 0) == VA.SUCCESS
    assert vpopmail.vauth_getpw("joe", "m\u00dcller.example") is not None
    assert vpopmail.vauth_user("joe", IDN, "secret-7", "") is not None
    assert vpopmail.vpasswd("joe", IDN, "other-7", 0) == VA.SUCCESS
    assert vpopmail.vsetuserquota("joe", IDN, "5M") == VA.SUCCESS
    assert [user.pw_name for user in vpopmail.vauth_users(IDN)] == ["joe"]
    assert vpopmail.vset_lastauth("joe", IDN, "192.0.2.1") == 0
    assert vpopmail.valias_insert("sales", IDN, "&joe@example.com") == VA.SUCCESS
    assert vpopmail.valias_select("sales", IDN) == "&joe@example.com"
    assert vpopmail.vset_limits(IDN, VLimits(maxaliases=3)) == 0
    assert vpopmail.vget_limits(IDN)[1].maxaliases == 3
    assert vpopmail.vget_real_domain("m\u00fcller.example") == STORED
    assert {entry.domain for entry in vpopmail.domain_entries(IDN)} == {
        STORED,
        "xn--mller-kva.example",
    }
    assert vpopmail.parse_email(f"Joe@{IDN}") == (VA.SUCCESS, "joe", STORED)
    assert vpopmail.is_domain_valid(IDN) == VA.SUCCESS
    assert vpopmail.vdeluser("joe", IDN) == VA.SUCCESS
    assert vpopmail.vdeldomain("m\u00fcller.example") == VA.SUCCESS
    assert vpopmail.vdeldomain(IDN) == VA.SUCCESS
    assert vpopmail.vget_assign(STORED) is None


def test_qmail_s_files_take_u_labels_too(made: Filled) -> None:
    path, uid, gid, real = vpopmail.vget_assign(IDN) or ("", 0, 0, "")
    assert vpopmail.add_domain_assign("gr\u00fcn.example", IDN, path, uid, gid) == 0
    assert vpopmail.vget_real_domain("gr\u00fcn.example") == real == STORED
    assert vpopmail.del_domain_assign(["gr\u00fcn.example"], real, path, uid, gid) == 0
    assert vpopmail.del_control(["gr\u00fcn.example"]) == 0
    assert vpopmail.vget_assign("gr\u00fcn.example") is None
    lines = Path(made.site.settings.qmaildir, "control/virtualdomains").read_text()
    assert "xn--grn" not in lines


def test_an_old_name_that_is_no_host_name_is_found_as_it_is_stored(made: Filled) -> None:
    assign = Path(made.site.settings.qmaildir, "users/assign")
    line = "+\u00e4lter.example-:\u00e4lter.example:0:0:/v/old:-::\n"
    assign.write_text(line + assign.read_text(), encoding="utf-8")
    assert vpopmail.update_newu() == VA.SUCCESS
    assert vpopmail.vget_assign("\u00e4lter.example") == ("/v/old", 0, 0, "\u00e4lter.example")


def test_names_in_ascii_do_not_load_the_codec_of_idn() -> None:
    with filled("cdb") as made:
        program = (
            "import sys, vpopmail; vpopmail.configure("
            f"vpopmaildir={made.site.settings.vpopmaildir!r}, "
            f"qmaildir={made.site.settings.qmaildir!r}, vpopuser={os.geteuid()}, "
            f"vpopgroup={os.getegid()}); user = vpopmail.vauth_getpw('joe', 'EXAMPLE.com'); "
            "assert user.pw_name == 'joe'; assert 'encodings.idna' not in sys.modules; "
            "assert vpopmail.vauth_getpw('joe', 'b\u00fccher.example') is None"
        )
        subprocess.run([sys.executable, "-c", program], check=True)
