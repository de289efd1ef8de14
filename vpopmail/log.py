"""Telling the administrator, through Python's logging and nothing else."""

from __future__ import annotations


def warn(text: str, *values: object) -> None:
    """Log a warning for the logger ``vpopmail``.

    Args:
        text: with ``%s`` for the values; never a password among them.
        values: what to fill in; in one line, whatever was given by somebody else.
    """
    import logging  # here: a login that has nothing to tell must not pay for it

    logger = logging.getLogger("vpopmail")
    if not logger.handlers:
        # Without a handler Python would print to stderr, which a library must not.
        logger.addHandler(logging.NullHandler())
    logger.warning(
        text, *[value if isinstance(value, int) else _in_a_line(value) for value in values]
    )


def _in_a_line(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else ascii(text)[1:-1]
