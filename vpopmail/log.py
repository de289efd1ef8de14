"""Telling the administrator: through Python's logging, and for programs through syslog."""

from __future__ import annotations

import os
from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Listener = Callable[[str], object]

_STANDARD_ERROR = 2

_syslog_names: list[str] = []  # under which this process tells syslog: none or one
_listeners: list[Listener] = []  # who hears the warnings of this process: nobody or one


def use_syslog(name: str) -> None:
    """Tell syslog, too, as facility ``mail``; for programs of ours, not for libraries.

    Args:
        name: under which.
    """
    _syslog_names[:] = [name]


def use_listener(listener: Listener) -> None:
    """Have warnings told to a function, too; for programs of ours, not for libraries.

    Args:
        listener: gets each as one line; the one before gets no more.
    """
    _listeners[:] = [listener]


def warn(text: str, *values: object) -> bool:
    """Log a warning for the logger ``vpopmail``.

    Nobody can hear of it, and nothing is imported for it, where no program has asked for logging
    yet. A file that it cannot open is no trouble of the caller's.

    Args:
        text: with ``%s`` for the values; never a password among them.
        values: what to fill in; in one line, whatever was given by somebody else.

    Returns:
        Whether anybody can have heard it.
    """
    shown = [value if isinstance(value, int) else _in_a_line(value) for value in values]
    if _syslog_names:
        _write(text % tuple(shown))
    for listener in _listeners:
        listener(text % tuple(shown))
    if "logging" in modules:
        return _tell("vpopmail", "warning", text, *shown)
    return bool(_syslog_names or _listeners)


def tell_login(text: str, *, is_success: bool) -> None:
    """Log a login for the logger ``vpopmail.logins``: a success as info, else a warning.

    Args:
        text: one line.
        is_success: whether somebody was let in.
    """
    if _syslog_names:
        _write(text)
    if "logging" in modules:
        _tell("vpopmail.logins", "info" if is_success else "warning", "%s", text)


def tell_stderr(text: str) -> None:
    """Write on standard error, if that can be: else the exit code must say all.

    Args:
        text: one line, with its end.
    """
    try:
        os.write(_STANDARD_ERROR, text.encode("utf-8", "backslashreplace"))
    except OSError:
        return


def reason(error: BaseException) -> str:
    """What is wrong, in words: of what the system refused the file and why, without its number.

    The name of the file moves no cursor and breaks no line: its owner may have chosen it.

    Args:
        error: any; its notes come behind it.
    """
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
        if isinstance(error.filename, str) and error.filename:
            text = f"{_in_a_line(error.filename)}: {text}"
    notes = getattr(error, "__notes__", [])
    return f"{text} ({'; '.join(notes)})" if notes else text


def _tell(name: str, level: str, text: str, *values: object) -> bool:
    import logging

    logger = logging.getLogger("vpopmail")
    if not logger.handlers:
        # Without a handler Python would print to stderr, which a library must not.
        logger.addHandler(logging.NullHandler())
    try:
        getattr(logging.getLogger(name), level)(text, *values)
    except OSError:  # a handler that opens its file only now
        return False
    return True


def _write(text: str) -> None:
    try:
        import syslog
    except ImportError:  # the process has become somebody who cannot read this Python
        return
    syslog.openlog(_syslog_names[0], syslog.LOG_PID, syslog.LOG_MAIL)
    syslog.syslog(syslog.LOG_NOTICE, text)


def _in_a_line(value: object) -> str:
    text = reason(value) if isinstance(value, BaseException) else str(value)
    return text if text.isprintable() else ascii(text)[1:-1]
