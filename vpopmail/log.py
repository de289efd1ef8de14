"""Telling the administrator, through Python's logging and nothing else."""

from __future__ import annotations

from sys import modules


def warn(text: str, *values: object) -> bool:
    """Log a warning for the logger ``vpopmail``.

    Where nobody has loaded ``logging`` nobody can have a handler for it: nothing is told then,
    and a login need not pay for it. What cannot be told, such as for want of descriptors, never
    makes a change fail.

    Args:
        text: with ``%s`` for the values; never a password among them.
        values: what to fill in; in one line, whatever was given by somebody else.

    Returns:
        Whether anybody can have heard it.
    """
    if "logging" not in modules:
        return False
    import logging

    logger = logging.getLogger("vpopmail")
    if not logger.handlers:
        # Without a handler Python would print to stderr, which a library must not.
        logger.addHandler(logging.NullHandler())
    shown = [value if isinstance(value, int) else _in_a_line(value) for value in values]
    try:
        logger.warning(text, *shown)
    except OSError:  # a handler that opens its file only now
        return False
    return True


def _in_a_line(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else ascii(text)[1:-1]
