"""Random passwords."""

from __future__ import annotations

from collections import Counter

import pytest

from vpopmail.passwords import random_password
from vpopmail.passwords.random import PASSWORD_ALPHABET


@pytest.mark.parametrize("length", [0, 1, 8, 12, 100])
def test_it_has_the_length_asked_for(length: int) -> None:
    assert len(random_password(length)) == length


def test_it_has_eight_characters_by_default() -> None:
    assert len(random_password()) == 8


def test_a_negative_length_gives_nothing() -> None:
    assert random_password(-1) == ""


def test_it_uses_the_68_characters_of_c_and_no_others() -> None:
    assert len(set(PASSWORD_ALPHABET)) == 68
    assert set(random_password(20000)) == set(PASSWORD_ALPHABET)


def test_every_byte_value_that_counts_counts_equally(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = iter([*range(256)] * 2)

    def every_byte(count: int) -> bytes:
        return bytes(next(stream) for _ in range(count))

    monkeypatch.setattr("vpopmail.passwords.random.os.urandom", every_byte)
    assert set(Counter(random_password(204)).values()) == {3}
