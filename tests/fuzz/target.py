"""A target of the fuzzers, and what targets are made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vpopmail.errors import FormatError, VpopmailError
from vpopmail.formats.text import to_text

R = TypeVar("R")


class Target:
    """One format.

    Args:
        run: takes any bytes, as small files have them; raises if something is wrong.
        words: what the format is made of.
        reads: what programs call for a file of that format, one by one, whose cost is to grow
            with the file only.
    """

    def __init__(
        self,
        run: Callable[[bytes], object],
        words: tuple[bytes, ...],
        *reads: Callable[[bytes], object],
    ) -> None:
        self.run = run
        self.words = words
        self.reads = reads


def allowed(question: Callable[[], R], *errors: type[VpopmailError]) -> R | None:
    """The answer, or None after an error that is documented and told in one line."""
    try:
        return question()
    except errors as error:
        told = str(error)
        assert "\n" not in told and "\r" not in told, told
        return None


def of_text(question: Callable[[str], R]) -> Callable[[bytes], R]:
    """A question about a text, asked about bytes."""
    return lambda data: question(to_text(data))


def tolerant(
    question: Callable[[bytes], R], *errors: type[VpopmailError]
) -> Callable[[bytes], R | None]:
    """A question that may be answered by a documented error."""
    return lambda data: allowed(lambda: question(data), *(errors or (FormatError,)))
