"""The on-change script, called by hand."""

from __future__ import annotations

from vpopmail.capi.status import ask, check_text
from vpopmail.site import current


def call_onchange(cmd: str, arg1: str = "", arg2: str = "") -> int:
    """Run the on-change script, if the site has one and nobody silenced it.

    Args:
        cmd: the event: ``addmailinglist``.
        arg1: what it is about.
        arg2: more of that; ``""`` is none.

    Returns:
        The exit status of the script, minus the signal that ended it, EACCES if it cannot be
        executed; 0 if it is silenced, not asked for or not there.

    Source: api, on-change hook.
    """
    check_text(cmd, arg1, arg2)
    arguments = (arg1, arg2) if arg2 else (arg1,) if arg1 else ()
    return ask(0, lambda: current().events.call_script(cmd, *arguments))
