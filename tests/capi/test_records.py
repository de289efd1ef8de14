"""Records of users on their own: checked by length, read from open files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vpopmail
from tests.conftest import DOMAIN
from vpopmail import Vpopmail, VqPasswd, errors
from vpopmail.accounts.checks import check_lengths, check_record
from vpopmail.codes import VA
from vpopmail.formats.vpasswd import next_user


def record(**values: object) -> VqPasswd:
    user = VqPasswd("joe", "x", 1, 0, "Joe", "/d", "NOQUOTA", "c")
    for name, value in values.items():
        setattr(user, name, value)
    return user


# vcheck_vqpw

LENGTHS = [
    ("pw_name", 32, VA.USER_NAME_TOO_LONG),
    ("pw_passwd", 128, VA.PASSWD_TOO_LONG),
    ("pw_gecos", 48, VA.GECOS_TOO_LONG),
    ("pw_dir", 160, VA.DIR_TOO_LONG),
    ("pw_shell", 20, VA.QUOTA_TOO_LONG),
    ("pw_clear_passwd", 128, VA.CLEAR_PASSWD_TOO_LONG),
]


@pytest.fixture
def old_site(make_site: Callable[..., Vpopmail]) -> object:
    made = make_site(profile="5.4", clear_passwd=True, md5_passwords=True, users_big_dir=True)
    with vpopmail.use(made):
        yield made


@pytest.mark.parametrize(("field", "most", "code"), LENGTHS)
def test_a_field_may_be_as_long_as_it_may(
    old_site: Vpopmail, field: str, most: int, code: VA
) -> None:
    assert vpopmail.vcheck_vqpw(record(**{field: "x" * most}), DOMAIN) == 0
    assert vpopmail.vcheck_vqpw(record(**{field: "x" * (most + 1)}), DOMAIN) == code
    assert vpopmail.last_error() == code


def test_the_first_check_that_fails_decides(old_site: Vpopmail) -> None:
    user = record(**{field: "x" * 200 for field, _, _ in LENGTHS})
    for position, (field, _, code) in enumerate(LENGTHS):
        assert vpopmail.vcheck_vqpw(user, DOMAIN if position else "x") == code
        setattr(user, field, "xx")
        if position == 0:
            assert vpopmail.vcheck_vqpw(user, "d" * 97) == VA.DOMAIN_NAME_TOO_LONG
    assert vpopmail.vcheck_vqpw(user, "d" * 96) == 0


def test_what_is_missing_is_a_null_pointer(old_site: Vpopmail) -> None:
    assert vpopmail.vcheck_vqpw(None, DOMAIN) == VA.NULL_POINTER
    assert vpopmail.vcheck_vqpw(record(), None) == VA.NULL_POINTER
    for field, _, _ in LENGTHS:
        assert vpopmail.vcheck_vqpw(record(**{field: None}), DOMAIN) == VA.NULL_POINTER
        assert vpopmail.vcheck_vqpw(record(**{field: ""}), DOMAIN) == 0


def test_a_name_of_one_character_needs_homes_that_are_not_hashed(
    old_site: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    assert vpopmail.vcheck_vqpw(record(pw_name="j"), DOMAIN) == VA.ILLEGAL_USERNAME
    with vpopmail.use(make_site(users_big_dir=False)):
        assert vpopmail.vcheck_vqpw(record(pw_name="j"), DOMAIN) == 0


def test_without_clear_passwords_none_is_looked_at(make_site: Callable[..., Vpopmail]) -> None:
    with vpopmail.use(make_site(clear_passwd=False)):
        assert vpopmail.vcheck_vqpw(record(pw_clear_passwd=None), DOMAIN) == 0
        assert vpopmail.vcheck_vqpw(record(pw_clear_passwd="x" * 999), DOMAIN) == 0


def test_characters_are_not_looked_at(old_site: Vpopmail) -> None:
    assert vpopmail.vcheck_vqpw(record(pw_gecos="a:b\n", pw_dir="not/absolute"), "?") == 0


@pytest.mark.parametrize(
    ("pw", "domain"), [("joe", DOMAIN), (7, DOMAIN), (record(), b"x"), (record(pw_gecos=7), DOMAIN)]
)
def test_a_wrong_type_is_a_type_error(site: Vpopmail, pw: object, domain: object) -> None:
    with pytest.raises(TypeError):
        vpopmail.vcheck_vqpw(pw, domain)  # type: ignore[arg-type]


# what may be stored


@pytest.mark.parametrize("field", ["pw_name", "pw_passwd", "pw_gecos", "pw_dir", "pw_shell"])
@pytest.mark.parametrize("text", ["a:b", "a\nb", "a\rb", "a\0b", "x\x7f", "::"])
def test_what_would_break_a_line_is_refused(old_site: Vpopmail, field: str, text: str) -> None:
    with pytest.raises(errors.InvalidCharacter, match=field):
        check_record(old_site.settings, record(**{field: text}), DOMAIN)


def test_a_clear_password_may_have_colons_only(old_site: Vpopmail) -> None:
    check_record(old_site.settings, record(pw_clear_passwd="a:b:c"), DOMAIN)
    with pytest.raises(errors.InvalidCharacter) as caught:
        check_record(old_site.settings, record(pw_clear_passwd="secret\nroot"), DOMAIN)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("field", ["pw_uid", "pw_gid"])
def test_numbers_are_numbers_that_a_line_can_have(old_site: Vpopmail, field: str) -> None:
    check_record(old_site.settings, record(**{field: 2**32 - 2}), DOMAIN)
    for number in (-1, 2**32 - 1, 2**70):
        with pytest.raises(errors.NotPermitted):
            check_record(old_site.settings, record(**{field: number}), DOMAIN)
    with pytest.raises(TypeError):
        check_record(old_site.settings, record(**{field: "1"}), DOMAIN)


def test_lengths_go_before_characters(old_site: Vpopmail) -> None:
    user = record(pw_gecos=":" * 49, pw_dir="\n" * 161)
    for check in (check_lengths, check_record):
        with pytest.raises(errors.GecosTooLong):
            check(old_site.settings, user, DOMAIN)


# vgetent

TEXT = (
    "aa:x:1:0:A:/a:NOQUOTA\n"
    "short:x:1:0:B:/b\n"
    "\n"
    "no colon at all\n"
    "bb:x:7:9:E:/e:5S:pw:with:colons\n"
    "last:::::/l:"
)
EXPECTED = [
    VqPasswd("aa", "x", 1, 0, "A", "/a", "NOQUOTA", ""),
    VqPasswd("bb", "x", 7, 9, "E", "/e", "5S", "pw:with:colons"),
    VqPasswd("last", "", 0, 0, "", "/l", "", ""),
]


@pytest.mark.parametrize("file", [io.StringIO(TEXT), io.BytesIO(TEXT.encode())], ids=["text", "bytes"])
def test_users_come_one_by_one_past_malformed_lines(file: io.StringIO | io.BytesIO) -> None:
    assert [vpopmail.vgetent(file) for _ in range(3)] == EXPECTED
    assert vpopmail.vgetent(file) is None
    assert vpopmail.last_error() == 0
    assert vpopmail.vgetent(file) is None


def test_no_line_is_read_ahead() -> None:
    file = io.StringIO(TEXT)
    vpopmail.vgetent(file)
    assert file.readline() == "short:x:1:0:B:/b\n"


def test_a_file_of_a_site_is_read(domain: Path) -> None:
    for name in ("joe", "amy"):
        assert vpopmail.vadduser(name, DOMAIN, "secret", "", 0) == 0
    with (domain / "vpasswd").open("rb") as file:
        found = [vpopmail.vgetent(file), vpopmail.vgetent(file)]
    assert [user.pw_name for user in found if user] == ["amy", "joe"]


def test_bytes_that_are_no_text_need_a_file_of_bytes(tmp_path: Path) -> None:
    (tmp_path / "vpasswd").write_bytes(b"j\xe9:x:1:0:A:/a:NOQUOTA\n")
    with (tmp_path / "vpasswd").open(encoding="utf-8") as text:
        assert vpopmail.vgetent(text) is None
        assert vpopmail.last_error() == VA.COULD_NOT_UPDATE_FILE
    with (tmp_path / "vpasswd").open("rb") as file:
        user = vpopmail.vgetent(file)
    assert user is not None
    assert os.fsencode(user.pw_name) == b"j\xe9"


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=8))
def test_each_line_of_seven_fields_is_a_user_and_no_other(lines: list[bytes]) -> None:
    file = io.BytesIO(b"".join(line + b"\n" for line in lines))
    found = []
    while (user := next_user(iter(file.readline, b""))) is not None:
        found.append(os.fsencode(user.pw_name))
    whole = [line for line in lines if line.count(b":") >= 6]
    assert found == [line.partition(b":")[0] for line in whole]


def test_a_file_that_cannot_be_read_has_no_user(tmp_path: Path) -> None:
    closed = io.BytesIO(b"joe:x:1:0:Joe:/v/joe:NOQUOTA\n")
    closed.close()
    assert vpopmail.vgetent(closed) is None
    assert vpopmail.last_error() == VA.COULD_NOT_UPDATE_FILE
    with open(tmp_path / "new", "wb") as writing:
        assert vpopmail.vgetent(writing) is None
    assert vpopmail.last_error() != VA.SUCCESS
