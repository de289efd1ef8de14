"""The file ``.dir-control`` in recordings, and what its numbers should have been."""

from __future__ import annotations

from collections import Counter
from typing import Any

_LIMIT = 1_000_000
_WRAPPED = 2**64
_CLAMPED = 2**63  # what C reads back for a wrapped count, plus one


def signed(count: int) -> int:
    """A count that C took below zero, as the negative number that was meant."""
    if count >= _WRAPPED - _LIMIT:
        return count - _WRAPPED
    return count - _CLAMPED if abs(count - _CLAMPED) < _LIMIT else count


def count_for_us(path: str, count: int, shift: Counter[str]) -> int:
    """Our count for a recorded one; a count that would go below zero stops there for good."""
    ours = signed(count) + shift[path]
    if ours < 0:
        shift[path] -= ours
        return 0
    return ours


def state_for_us(
    path: str, state: dict[str, Any], shift: Counter[str]
) -> dict[str, Any]:
    """The members of a ``vdir_type`` as we read them."""
    read = dict(state)
    if "cur_users" in read:
        read["cur_users"] = count_for_us(path, read["cur_users"], shift)
    if read.get("level_mod", [None])[-1] == 2:
        read["level_mod"] = [*read["level_mod"][:2], 4]
    if "level_index" in read and read.get("level_cur", 2) < 2:
        read["level_index"] = [*read["level_index"][:2], 0]
    return read


def text_for_us(path: str, text: str, shift: Counter[str]) -> str:
    """The content of the file as we write it."""
    lines = text.split("\n")
    if len(lines) < 8 or not lines[0].isdigit():
        return text
    state = {
        "cur_users": int(lines[0]),
        "level_cur": int(lines[1]),
        "level_mod": [int(n) for n in lines[5].split()],
        "level_index": [int(n) for n in lines[6].split()],
    }
    read = state_for_us(path, state, shift)
    lines[0] = str(read["cur_users"])
    lines[5] = " ".join(map(str, read["level_mod"]))
    lines[6] = " ".join(map(str, read["level_index"]))
    return "\n".join(lines)
