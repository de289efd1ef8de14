"""Errors to codes, and the last error of each thread."""

from __future__ import annotations

from _thread import _local

from vpopmail import errors
from vpopmail.codes import VA, verror
from vpopmail.errors import VpopmailError

# Not first where they are needed: with too few descriptors nothing more can be loaded.
from vpopmail.log import warn
from vpopmail.names import check_kind_of_number, check_kind_of_text
from vpopmail.records import Record, VqPasswd

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TextIO, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

_TROUBLE = (VA.NO_AUTH_CONNECTION, VA.NO_AUTH_MODULE)
check_text, check_number = check_kind_of_text, check_kind_of_number
# With too few descriptors an extension module gives an ImportError.
_REFUSED = (OSError, ImportError)
TOLD = (VpopmailError, *_REFUSED)  # what becomes a code
_thread = _local()
_told: set[str] = set()  # of errors in the settings


def last_error() -> VA:
    """The code of the last C-named function that this thread called; 0 if it succeeded.

    Stands for the C library's ``verrori``.
    """
    code: VA = getattr(_thread, "error", VA.SUCCESS)
    return code


def vsqlerror(file: TextIO, comment: str) -> None:
    """Write the text of the last error as one line: ``Error - User does not exist. <comment>``.

    What cannot be written is not; the last error stays.

    Args:
        file: where to write: ``sys.stderr``.
        comment: what was done.
    """
    check_text(comment)
    if not hasattr(file, "write"):
        raise TypeError(f"an open file is needed, not {type(file).__name__}")
    try:
        file.write(f"Error - {verror(last_error())}. {comment}\n")
    except (OSError, ValueError):  # ValueError: it is closed, or its encoding lacks a character
        return


def note(code: int) -> VA:
    """Remember a code as the last error of this thread, and give it back as VA."""
    # A look-up that goes well need not make a VA.
    noted = code if type(code) is VA else VA(code)
    _thread.error = noted
    return noted


def attempt(trouble: VA, act: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> VA:
    """Call something that raises and say how it went by a code.

    Args:
        trouble: the code for what the system refuses (OSError), or has no room to load.
        act: what to call, with what.

    Returns:
        VA_SUCCESS or the code of the error.
    """
    try:
        act(*args, **kwargs)
    except VpopmailError as error:
        _report_trouble(error)
        return note(error.code)
    except _REFUSED as error:
        warn("%s", error)
        return note(trouble)
    return note(VA.SUCCESS)


def zero(act: Callable[[], object]) -> int:
    """Call something that raises and say how it went by 0 or -1; the last error says more."""
    return 0 if attempt(VA(-1), act) == 0 else -1


def ask(missing: R, question: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call something that raises, and give a value in place of an error.

    Args:
        missing: what to return after an error.
        question: what to call, with what.
    """
    try:
        answer = question(*args, **kwargs)
    except TOLD as error:
        note_failure(error)
        return missing
    note(VA.SUCCESS)
    return answer


def note_failure(error: Exception) -> None:
    """Remember the code of an error as the last error of this thread; log what it cannot tell."""
    if isinstance(error, VpopmailError):
        _report_trouble(error)
        note(error.code)
    else:
        warn("%s", error)
        note(VA.NO_AUTH_CONNECTION)


def check_kind(kind: type[Record], value: object) -> None:
    """Refuse what is no record of a class, or has a member that no such record can have.

    Raises:
        TypeError.
    """
    if not isinstance(value, kind):
        raise TypeError(f"a {kind.__name__} is needed, not {type(value).__name__}")
    fresh = kind()
    for name in kind.__slots__:
        _check_member(name, getattr(fresh, name), getattr(value, name))


def check_record(record: VqPasswd) -> None:
    """Refuse what is no VqPasswd, as ``check_kind``; None stands for C's null pointer to a text.

    Raises:
        TypeError.
    """
    if isinstance(record, VqPasswd):
        record = record.copy()
        for name in VqPasswd.__slots__:
            if getattr(record, name) is None and isinstance(getattr(VqPasswd(), name), str):
                setattr(record, name, "")
    check_kind(VqPasswd, record)


def _check_member(name: str, fresh: object, given: object) -> None:
    if isinstance(fresh, list):
        right = isinstance(given, list) and [type(one) for one in given] == [int] * len(fresh)
        what = "a list of three ints"
    else:
        kind = type(fresh)
        right = isinstance(given, kind)
        what = f"{'an' if kind is int else 'a'} {kind.__name__}"
    if not right:
        raise TypeError(f"{name} must be {what}, not {type(given).__name__}")


def _report_trouble(error: VpopmailError) -> None:
    """Log what a code cannot tell: why the store is not there; once, which setting is wrong."""
    if error.code not in _TROUBLE:
        return
    # It stays wrong for every call until somebody mends it.
    text = str(error) if isinstance(error, errors.ConfigError) else ""
    if text not in _told and warn("%s", error) and text:
        _told.add(text)
