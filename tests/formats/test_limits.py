from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpopmail.formats import limits
from vpopmail.records import VLimits


def _values(name: str) -> st.SearchStrategy[int]:
    if name.startswith("perm_"):
        return st.integers(0, 7)
    if name.startswith(("disable_", "delete_")):
        return st.integers(0, 1)
    return st.integers(-1, 2**40)


all_limits = st.fixed_dictionaries({name: _values(name) for name in VLimits.__slots__}).map(
    lambda values: VLimits(**values)
)

SEEN = b"""maxpopaccounts: 11
maxaliases: 12
maxforwards: 13
maxautoresponders: 14
maxmailinglists: 15
quota: 100
maxmsgcount: 1000
default_quota: 10485760
default_maxmsgcount: 500
disable_pop
disable_webmail
perm_account: 1
perm_alias: 0
perm_forward: 0
perm_autoresponder: 0
perm_maillist: 263
perm_quota: 0
perm_defaultquota: 0
"""


def test_the_documented_limits_are_written_with_all_list_bits_where_c_reads_them() -> None:
    some = VLimits(
        maxpopaccounts=11,
        maxaliases=12,
        maxforwards=13,
        maxautoresponders=14,
        maxmailinglists=15,
        diskquota=100,
        maxmsgcount=1000,
        defaultquota=10485760,
        defaultmaxmsgcount=500,
        disable_pop=1,
        disable_webmail=1,
        perm_account=1,
        perm_maillist=7,
        perm_maillist_moderators=4,
    )
    assert limits.format_limits(some) == SEEN
    assert limits.parse(SEEN) == some


def test_the_built_in_defaults_are_written_as_c_does() -> None:
    assert limits.format_limits(VLimits()) == (
        b"maxpopaccounts: -1\nmaxaliases: -1\nmaxforwards: -1\nmaxautoresponders: -1\n"
        b"maxmailinglists: -1\nquota: 0\nmaxmsgcount: 0\ndefault_quota: 0\n"
        b"default_maxmsgcount: 0\nperm_account: 0\nperm_alias: 0\nperm_forward: 0\n"
        b"perm_autoresponder: 0\nperm_maillist: 0\nperm_quota: 0\nperm_defaultquota: 0\n"
    )


def test_a_recorded_file_is_read_as_c_reads_it() -> None:
    data = (
        b"# comment\n\nmaxpopaccounts 5\nmaxaliases:6\nmaxforwards : \t 7\r\n"
        b"maxautoresponders=8\n maxmailinglists 9\nquota 100x\ndisable_pop no\n"
        b"disable_imap: 0\nDISABLE_SMTP\ndisable_webmail\tunknown words\nperm_account 255\n"
        b"perm_alias -1\nperm_maillist 511\nperm_quota 511\ndefault_quota\nunknown 5\n"
        b"maxmsgcount 99999999999\ndefault_maxmsgcount 7"
    )
    assert limits.parse(data) == VLimits(
        maxpopaccounts=5,
        maxaliases=6,
        maxforwards=7,
        diskquota=100,
        maxmsgcount=99999999999,
        defaultmaxmsgcount=7,
        disable_pop=1,
        disable_imap=1,
        disable_webmail=1,
        perm_account=7,
        perm_alias=7,
        perm_maillist=7,
        perm_maillist_users=7,
        perm_maillist_moderators=7,
        perm_quota=7,
    )


@given(all_limits)
def test_limits_survive_writing_and_reading(some: VLimits) -> None:
    assert limits.parse(limits.format_limits(some)) == some


@given(all_limits)
def test_a_file_that_says_nothing_leaves_the_base(some: VLimits) -> None:
    read = limits.parse(b"# nothing\n", some)
    assert read == some
    assert read is not some


def test_the_base_is_overlaid_but_not_changed() -> None:
    base = VLimits(maxaliases=3, maxforwards=4)
    assert limits.parse(b"maxaliases 5", base) == VLimits(maxaliases=5, maxforwards=4)
    assert base == VLimits(maxaliases=3, maxforwards=4)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_the_last_line_of_a_key_wins_whatever_ends_a_line(end: bytes) -> None:
    assert limits.parse(end.join((b"quota 1", b"quota 2"))).diskquota == 2


def test_keys_behind_2048_bytes_are_read() -> None:
    assert limits.parse(b"# comment\n" * 300 + b"quota 2").diskquota == 2


@given(st.binary(max_size=80))
def test_any_file_gives_limits_that_can_be_written(data: bytes) -> None:
    some = limits.parse(data)
    assert limits.parse(limits.format_limits(some)) == some


def test_bits_beyond_the_permissions_are_not_written() -> None:
    some = VLimits(perm_account=15, perm_maillist=8, perm_maillist_users=9)
    assert limits.parse(limits.format_limits(some)) == VLimits(
        perm_account=7, perm_maillist_users=1
    )
