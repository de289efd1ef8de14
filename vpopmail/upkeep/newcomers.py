"""Users who come with crypted passwords from elsewhere: from the system, or from a list.

Source: commands, vconvert.
"""

from __future__ import annotations

from vpopmail.accounts.batch import Batch
from vpopmail.accounts.users import Users
from vpopmail.errors import AlreadyThere, FormatError, InvalidInput
from vpopmail.formats import shadow
from vpopmail.formats.text import split_lines, to_bytes, to_text
from vpopmail.safeio.view import open_file, read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from vpopmail.errors import VpopmailError
    from vpopmail.installation import Installation

SHADOW = "/etc/shadow"
_SHADOWED = "x"
_SHORTEST = 3  # characters of a password that somebody may have: not "*" nor "!!"


class Newcomer:
    """A user who is to be added.

    Args:
        name: local part.
        crypted: his crypt string; ``""``: he has no password.
        gecos: a comment.
    """

    __slots__ = ("crypted", "gecos", "name")

    def __init__(self, name: str, crypted: str, gecos: str = "") -> None:
        self.name = name
        self.crypted = crypted
        self.gecos = gecos

    def __repr__(self) -> str:
        return f"<Newcomer {self.name}>"


def system_users() -> Iterator[Newcomer]:
    """The users of /etc/passwd, in its order; without a password are root and who cannot log in.

    Root's crypt string does not go into a file that another user owns.

    Raises:
        OSError: /etc/shadow cannot be read.
    """
    import pwd

    shadowed = read_file(SHADOW) or b""
    for entry in pwd.getpwall():
        crypted = entry.pw_passwd
        if crypted == _SHADOWED:
            found = shadow.find_entry(shadowed, to_bytes(entry.pw_name))
            crypted = "" if found is None else to_text(found[0])
        usable = len(crypted) >= _SHORTEST and entry.pw_uid != 0
        yield Newcomer(entry.pw_name, crypted if usable else "", entry.pw_gecos)


def listed_users(path: str) -> list[Newcomer]:
    """The users of a list: a line for each, name and crypt string with blank, colon or tab between.

    Args:
        path: of the list, a regular file.

    Raises:
        FormatError: a line without a crypt string.
        OSError: it cannot be read.
    """
    with open(open_file(path), "rb") as file:
        return parse_newcomers(file.read(), path)


def parse_newcomers(data: bytes, path: str) -> list[Newcomer]:
    """The users of a list, as ``listed_users`` reads it.

    Args:
        data: its content.
        path: of the list, for errors.

    Raises:
        FormatError: a line without a crypt string.
    """
    found = []
    for number, line in enumerate(split_lines(data), 1):
        words = to_text(line).replace(":", " ", 1).split()
        if len(words) == 1:
            raise FormatError(path, f"line {number}: a name and a crypt string are needed")
        if words:
            found.append(Newcomer(words[0], words[1]))
    return found


def add_newcomers(
    installation: Installation,
    domain: str,
    newcomers: Iterable[Newcomer],
    refused: Callable[[Newcomer, VpopmailError], object],
) -> None:
    """Add users with their crypt strings to a domain.

    Args:
        installation: the site.
        domain: a domain or alias domain.
        newcomers: those to be added.
        refused: is told who cannot be added, and why; if it raises, nobody is.

    All are one commit; its point is that of the account store.

    Raises:
        DomainNotFound, NotPermitted, BackendUnavailable, OSError, and what ``refused`` raises.
    """
    users = Users(installation)
    longest = installation.settings.max_gecos
    with Batch(installation):
        for one in newcomers:
            try:
                gecos = one.gecos[:longest]
                users.add_to(one.name, domain, crypted=one.crypted, gecos=gecos)
            except (InvalidInput, AlreadyThere) as error:
                refused(one, error)
