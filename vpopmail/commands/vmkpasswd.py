"""vmkpasswd: build the index of a domain's users anew.

The backend ``cdb`` keeps users in the text ``vpasswd`` and finds them by ``vpasswd.cdb``. After a
change of the text by hand this brings the two together; the library itself reads the text as long
as it is the newer one. The other backends have no such index, which it then says.

DIAGNOSTICS
    0; 253 if there is no such domain; 255 with the usage; else ``Error:`` and the reason on
    standard output, and the code of the C library taken from 256.

Source: manual, "vmkpasswd"; commands, bulk and upkeep.
"""

from __future__ import annotations

from vpopmail.commands.terminal.options import Misuse
from vpopmail.commands.terminal.running import open_site, run_without_site
from vpopmail.errors import DomainNotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

USAGE = """\
vmkpasswd: usage: vmkpasswd domain
"""

_NAME = "vmkpasswd"
_NO_DOMAIN = -3  # of C's vmkpasswd, which says nothing
_OTHER_BACKEND = "vmkpasswd: is only needed by the cdb authentication module"


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_without_site(_NAME, lambda words: run(settings, words), usage=USAGE)


def run(settings: dict[str, object], words: list[str]) -> int:
    """Build the index of the domain that the words name; the exit status."""
    if len(words) != 1:
        raise Misuse
    with open_site(_NAME, settings) as site:
        if site.settings.backend != "cdb":
            print(_OTHER_BACKEND)
            return 0
        # Not needed by who asks for the usage.
        from vpopmail.accounts.user_records import rebuild_index

        try:
            rebuild_index(site.installation, words[0])
        except DomainNotFound:
            return _NO_DOMAIN
        return 0


if __name__ == "__main__":
    main()
