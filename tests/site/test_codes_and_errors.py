"""The codes, their texts, and the one tree of errors."""

from __future__ import annotations

import pytest

from vpopmail import errors, verror
from vpopmail.codes import UNKNOWN_ERROR, VA
from vpopmail.log import reason
from vpopmail.records import DirControl, DomainEntry, VLimits, VqPasswd

# Lines such as ``│   ├── UserNotFound   VA_USER_DOES_NOT_EXIST`` of the module's docstring.
TREE: list[tuple[int, str, str]] = [
    (line.index("─") // 4, *(line.partition("─ ")[2].split() + [""])[:2])  # type: ignore[misc]
    for line in (errors.__doc__ or "").splitlines()
    if "─" in line
]
CLASSES = [
    value
    for value in (getattr(errors, name) for name in dir(errors))
    if isinstance(value, type) and issubclass(value, errors.VpopmailError)
]


def test_the_tree_in_the_docstring_names_every_error() -> None:
    assert {name for _, name, _ in TREE} | {"VpopmailError"} == {one.__name__ for one in CLASSES}


@pytest.mark.parametrize(("name", "code"), [(name, code) for _, name, code in TREE])
def test_each_error_has_the_code_and_the_parent_that_the_tree_says(name: str, code: str) -> None:
    error = getattr(errors, name)
    if code.startswith("VA_"):
        assert error.code == getattr(VA, code.rstrip(";").removeprefix("VA_"))
    depth, index = next((depth, i) for i, (depth, one, _) in enumerate(TREE) if one == name)
    above = [one for one in TREE[:index] if one[0] == depth - 1]
    parent = above[-1][1] if above else "VpopmailError"
    assert error.__bases__ == (getattr(errors, parent),)
    assert error.__doc__


def test_an_error_says_subject_text_and_advice() -> None:
    error = errors.UserExists("joe@example.com", "choose another")
    assert str(error) == "joe@example.com: Username exists: choose another"
    assert (error.subject, error.advice) == ("joe@example.com", "choose another")
    assert str(errors.InvalidQuota("10G")) == "10G: invalid quota"
    assert str(errors.UserExists()) == "Username exists"


def test_a_code_is_an_int_that_prints_its_name() -> None:
    assert VA.USERNAME_EXISTS == -2
    assert repr(VA(-2)) == str(VA(-2)) == "VA.USERNAME_EXISTS"
    assert repr(VA(-98)) == "VA(-98)"
    assert f"{VA(0)!r}" == "VA.SUCCESS"
    assert not VA.SUCCESS
    assert isinstance(VA.SUCCESS, int)


def test_the_texts_of_codes() -> None:
    assert verror(0) == "Success"
    assert verror(VA.CANNOT_DELETE_CATCHALL) == "can't delete catchall account"
    assert verror(-98) == UNKNOWN_ERROR == "Unknown error"
    assert verror(5) == UNKNOWN_ERROR


def test_no_password_shows_in_a_record() -> None:
    user = VqPasswd("joe", "CRYPTED", pw_clear_passwd="CLEAR", pw_gid=3)
    assert "CRYPTED" not in repr(user)
    assert "CLEAR" not in repr(user)
    assert "pw_passwd=..." in repr(user)
    assert user.pw_flags == 3


def test_records_are_equal_by_content_and_copies_are_apart() -> None:
    user = VqPasswd("joe", "x", 1, 2, "Joe", "/d/joe", "5S", "y", 7)
    copy = user.copy()
    assert copy == user
    copy.pw_name = "amy"
    assert copy != user
    assert user != "joe"
    assert DirControl() == DirControl()
    assert DomainEntry("a", "a", 1, 1, "/a") != DomainEntry("a", "b", 1, 1, "/a")
    with pytest.raises(TypeError):
        hash(user)


def test_limits_limit_nothing_by_default() -> None:
    limits = VLimits()
    assert limits.flag_mask() == 0
    assert (limits.maxpopaccounts, limits.maxmsgcount, limits.defaultquota) == (-1, 0, 0)
    everything = {name: 1 for name in limits.__slots__ if name.startswith("disable")}
    assert VLimits(**everything, delete_spam=1).flag_mask() == 0x4_C87F & ~0x10


def test_a_star_import_gives_every_error_and_nothing_else() -> None:
    found: dict[str, object] = {}
    exec("from vpopmail.errors import *", found)  # noqa: S102
    del found["__builtins__"]
    assert found == {one.__name__: one for one in CLASSES}
    assert len(found) == len(TREE) + 1


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (FileNotFoundError(2, "No such file or directory", "/d/cur"), "/d/cur: No such file or directory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(13, "Permission denied", "/d/x\n\x1b[2J\udcff"), "/d/x\\n\\x1b[2J\\udcff: Permission denied"),
        (OSError("no more of it"), "no more of it"),
        (OSError(), "OSError"),
        (errors.UserNotFound("joe@example.com"), "joe@example.com: User does not exist"),
    ],
)
def test_reason_is_in_words_and_in_one_line(error: Exception, told: str) -> None:
    """A mailbox owner gives his files names as he likes, and a line of a log is somebody's too."""
    assert reason(error) == told
