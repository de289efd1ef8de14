"""Running the script etc/onchange.

Profile 5.4 gives it the event and one text; 5.6 the event, two words and an empty third.
Source: api, on-change hook; formats, etc/onchange.
"""

from __future__ import annotations

import errno
import os

from vpopmail.log import warn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings

SCRIPT = "onchange"
_NOTHING = "-"
_UMASK = 0o077
_WRITABLE_BY_OTHERS = 0o022

# When the script hears of each event.
_MOMENTS = {
    "add_domain": "after",
    "del_domain": "before",
    "add_alias_domain": "after",
    "add_user": "after",
    "del_user": "before",
    "mod_user": "after",
    "valias_insert": "after",
    "valias_remove": "after",
    "valias_delete": "before",
    "valias_delete_domain": "before",
}
_DASHED = ("valias_insert", "valias_remove")


def moment(command: str) -> str:
    """When the script is run for an event: ``before``, ``after``, or ``""`` for never."""
    return _MOMENTS.get(command, "")


def run(settings: Settings, command: str, arguments: tuple[str, ...]) -> int:
    """Run the script and wait for it.

    Args:
        settings: of the site: ``etc/onchange`` below its base directory, the profile.
        command: the event.
        arguments: what it is about.

    Returns:
        The exit status, or minus the signal that ended it; 0 if there is no script; EACCES if it
        cannot be executed, or could be written by others. Trouble is logged and does not
        matter to the change.
    """
    path = settings.etc_path(SCRIPT)
    if not os.path.exists(path):
        return 0
    if not os.access(path, os.X_OK):
        warn("%s is not executable: make it so, or turn onchange_script off", path)
        return errno.EACCES
    if os.stat(path).st_mode & _WRITABLE_BY_OTHERS:
        warn("%s can be written by others than its owner: it is not run", path)
        return errno.EACCES
    import subprocess  # half as long as a whole start: most sites have no script

    words = [SCRIPT, command, *_words(settings.profile, command, arguments)]
    try:
        status = subprocess.run(  # noqa: S603 - the administrator's own script
            words, executable=path, stdin=subprocess.DEVNULL, umask=_UMASK, check=False
        ).returncode
    except (OSError, ValueError) as error:
        warn("%s cannot be run: %s", path, error)
        return errno.EACCES
    if status:
        warn("%s %s ended with status %d", path, command, status)
    return status


def _words(profile: str, command: str, arguments: tuple[str, ...]) -> list[str]:
    if profile == "5.4":
        return [(" - " if command in _DASHED else " ").join(arguments)]
    return [*arguments, *[_NOTHING] * (2 - len(arguments)), ""]
