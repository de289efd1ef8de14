"""Telling the administrator, through Python's logging and nothing else."""

from __future__ import annotations


def warn(text: str, *values: object) -> None:
    """Log a warning for the logger ``vpopmail``.

    Args:
        text: with ``%s`` for the values; never a password among them.
        values: what to fill in.
    """
    import logging  # here: a login that has nothing to tell must not pay for it

    logger = logging.getLogger("vpopmail")
    if not logger.handlers:
        # Without a handler Python would print to stderr, which a library must not.
        logger.addHandler(logging.NullHandler())
    logger.warning(text, *values)
