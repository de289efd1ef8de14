"""No public operation that changes files is left out of the sweeps."""

from __future__ import annotations

import re
from pathlib import Path

from .operations import CHANGES_NOTHING, ELSEWHERE, READING, SAME, operations
from .scenes import SCENES
from .scenes_of_files import SCENES_OF_FILES

ROOT = Path(__file__).parents[2]
SWEPT = {scene.operation for scene in (*SCENES, *SCENES_OF_FILES)}


def test_every_public_operation_is_swept_or_has_a_reason_not_to_be() -> None:
    found = operations() - SWEPT - SAME.keys() - ELSEWHERE.keys() - READING
    assert sorted(found) == []


def test_every_operation_that_changes_files_is_in_the_description_of_what_is_on_the_disk() -> None:
    text = (ROOT / "docs/internals.md").read_text()
    table = text.partition("## Which way an operation goes")[2].partition("## ")[0]
    told = set(re.findall(r"`(\w[\w.]+)`", table))
    assert told - operations() == set()
    assert (SWEPT | SAME.keys() | ELSEWHERE.keys()) - told == set()


def test_what_is_swept_elsewhere_is_there() -> None:
    assert [path for path in ELSEWHERE.values() if not (ROOT / path).is_file()] == []


def test_what_is_the_same_as_an_operation_is_so_of_one_that_is_swept() -> None:
    assert sorted(set(SAME.values()) - SWEPT) == []


def test_no_list_names_an_operation_that_there_is_not() -> None:
    named = SWEPT | SAME.keys() | ELSEWHERE.keys() | READING
    assert sorted(named - operations()) == []


def test_no_operation_is_in_two_lists() -> None:
    names = [*SWEPT, *SAME, *ELSEWHERE, *(name for part in CHANGES_NOTHING.values() for name in part)]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
