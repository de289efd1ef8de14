"""Files of limits that the caller names, and the flags that limits add."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vpopmail
from tests.conftest import DOMAIN, needs_root, tree
from vpopmail import Vpopmail, VLimits, VqPasswd
from vpopmail.formats import limits as limits_format
from vpopmail.safeio import seam


def test_what_is_written_reads_back(site: Vpopmail, tmp_path: Path) -> None:
    path = tmp_path / "limits"
    limits = VLimits(maxaliases=3, disable_pop=1, perm_maillist_moderators=5, defaultquota=2**40)
    assert vpopmail.vlimits_write_limits_file(str(path), limits) == 0
    assert vpopmail.vlimits_read_limits_file(str(path)) == (0, limits)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_is_laid_over_what_held_before(site: Vpopmail, tmp_path: Path) -> None:
    (tmp_path / "limits").write_bytes(b"maxaliases 7\n" + b"# " + b"x" * 5000 + b"\nquota: 9")
    base = VLimits(maxaliases=1, maxforwards=2)
    code, found = vpopmail.vlimits_read_limits_file(str(tmp_path / "limits"), base)
    assert (code, found) == (0, VLimits(maxaliases=7, maxforwards=2, diskquota=9))
    assert base == VLimits(maxaliases=1, maxforwards=2)


@pytest.mark.parametrize("name", ["none", "none/limits", "directory", "link", "pipe"])
def test_what_is_no_file_cannot_be_read(site: Vpopmail, tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_bytes(b"maxaliases 7\n")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    base = VLimits(maxaliases=1)
    assert vpopmail.vlimits_read_limits_file(str(tmp_path / name)) == (-1, VLimits())
    assert vpopmail.vlimits_read_limits_file(str(tmp_path / name), base) == (-1, base)


@pytest.mark.parametrize("name", ["none/limits", "directory", "link"])
def test_what_is_no_file_cannot_be_written(site: Vpopmail, tmp_path: Path, name: str) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_bytes(b"maxaliases 7\n")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    before = tree(tmp_path)
    assert vpopmail.vlimits_write_limits_file(str(tmp_path / name), VLimits()) == -1
    assert tree(tmp_path) == before


@needs_root
def test_a_file_that_is_there_keeps_owner_and_mode(site: Vpopmail, tmp_path: Path) -> None:
    path = tmp_path / "limits"
    path.write_bytes(b"disable_pop\n")
    os.chown(path, 1234, 2345)
    path.chmod(0o640)
    assert vpopmail.vlimits_write_limits_file(str(path), VLimits(maxaliases=1)) == 0
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (1234, 2345, 0o640)
    assert vpopmail.vlimits_read_limits_file(str(path)) == (0, VLimits(maxaliases=1))


def test_a_full_disk_leaves_the_old_limits(
    site: Vpopmail, tmp_path: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "limits"
    path.write_bytes(b"disable_pop\n")
    fail("write")
    assert vpopmail.vlimits_write_limits_file(str(path), VLimits()) == -1
    monkeypatch.setattr(seam, "watch", None)
    assert path.read_bytes() == b"disable_pop\n"
    assert sorted(os.listdir(tmp_path)) == ["limits", "q", "v"]


# flags


@given(st.sets(st.sampled_from(sorted(limits_format._known()[1].values()))))
def test_each_limit_adds_its_own_bit(names: set[str]) -> None:
    mask = vpopmail.vlimits_get_flag_mask(VLimits(**dict.fromkeys(names, 1)))
    assert mask.bit_count() == len(names)
    single = [vpopmail.vlimits_get_flag_mask(VLimits(**{name: 1})) for name in names]
    assert sum(single) == mask


def test_the_flags_of_a_record_follow_the_limits_of_its_domain(domain: Path) -> None:
    assert vpopmail.vset_limits(DOMAIN, VLimits(disable_pop=1)) == 0
    user = VqPasswd("joe", pw_gid=vpopmail.NO_IMAP, pw_flags=0x7FFF)
    assert vpopmail.vlimits_setflags(user, DOMAIN.upper()) is None
    assert user.pw_flags == vpopmail.NO_IMAP | vpopmail.NO_POP
    assert user.pw_gid == vpopmail.NO_IMAP
    user.pw_gid = vpopmail.V_OVERRIDE
    vpopmail.vlimits_setflags(user, DOMAIN)
    assert user.pw_flags == vpopmail.V_OVERRIDE


def test_without_readable_limits_the_user_s_own_flags_hold(site: Vpopmail, domain: Path) -> None:
    user = VqPasswd("joe", pw_gid=vpopmail.NO_IMAP, pw_flags=0)
    vpopmail.vlimits_setflags(user, "none.example")
    assert user.pw_flags == vpopmail.NO_IMAP
    (domain / ".qmailadmin-limits").mkdir()
    user.pw_flags = 0
    vpopmail.vlimits_setflags(user, DOMAIN)
    assert user.pw_flags == vpopmail.NO_IMAP


@pytest.mark.parametrize(
    "call",
    [
        lambda: vpopmail.vlimits_read_limits_file(b"/x"),
        lambda: vpopmail.vlimits_read_limits_file("/x", {}),
        lambda: vpopmail.vlimits_write_limits_file("/x", None),
        lambda: vpopmail.vlimits_write_limits_file("/x", VLimits(maxaliases="1")),
        lambda: vpopmail.vlimits_get_flag_mask({"disable_pop": 1}),
        lambda: vpopmail.vlimits_setflags(None, DOMAIN),
        lambda: vpopmail.vlimits_setflags(VqPasswd("joe"), b"x"),
    ],
)
def test_a_wrong_type_is_a_type_error(site: Vpopmail, call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()
