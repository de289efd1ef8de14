"""Closing several things: each of them, whatever the others do."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def close_all(closings: Iterable[Callable[[], object]], error: BaseException | None = None) -> None:
    """Close things one after the other; what fails keeps none from being closed.

    Args:
        closings: what closes each.
        error: what went wrong before and goes to the caller anyhow: he hears of it, and of what
            fails here by its notes.

    Raises:
        The first that fails, if there was no error before; an interrupt in any case.
    """
    told = error
    for close in closings:
        try:
            close()
        except BaseException as trouble:  # noqa: BLE001 - told when all is closed
            if told is None or (isinstance(told, Exception) and not isinstance(trouble, Exception)):
                told = trouble
            else:
                told.add_note(f"then closing failed: {trouble}")
    if told is not None and told is not error:
        raise told
