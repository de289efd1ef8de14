"""The password that a new user, or one who gets another, is to have: given, random or asked for.

Source: commands, password prompt; random passwords.
"""

from __future__ import annotations

from vpopmail.commands.terminal.options import Misuse
from vpopmail.commands.terminal.prompt import ask_new_password
from vpopmail.commands.terminal.running import Refusal
from vpopmail.errors import PasswordTooLong
from vpopmail.settings.options import OLD_PROFILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings

_USUAL = 12
_USUAL_OF_OLD = 8
_MOST = 128
_TOO_LONG_CODE = -27


class NewPassword:
    """Where a password is to come from.

    Args:
        settings: of the site; its profile tells what ``-r`` means.
        given: on the command line; None or ``""``: not there.

    Attributes:
        is_random: whether ``-r`` was among the options.
    """

    def __init__(self, settings: Settings, given: str | None) -> None:
        self.is_old = settings.profile == OLD_PROFILE
        self.given = given
        self.is_random = False
        self._length = _USUAL_OF_OLD if self.is_old else _USUAL

    def randomise(self, length: str | None) -> None:
        """Note the option ``-r``.

        Args:
            length: its value, 1 to 128; None: the usual one.

        Raises:
            Misuse: it is no number.
            PasswordTooLong, Refusal: it is too large.
        """
        self.is_random = True
        if length is None:
            return
        if not (length.isascii() and length.isdecimal() and length.strip("0")):
            raise Misuse(f"-r takes a number of characters, not {length!r}")
        if len(length) > len(str(_MOST)) or int(length) > _MOST:
            if self.is_old:
                raise PasswordTooLong("", f"at most {_MOST} characters")
            raise Refusal(f"Error: password too long (max={_MOST})", _TOO_LONG_CODE)
        self._length = int(length)

    def choose(self, whose: str, *, may_be_empty: bool = False) -> str:
        """The password; asked for if it is neither given nor to be random.

        Args:
            whose: as the prompt names the user.
            may_be_empty: whether nothing is an answer: a user who cannot log in.

        Raises:
            Misuse: there is none.
            Refusal: one is given that was to be random, in the later profile; in the earlier
                one the given one counts.
        """
        if self.is_random and self.given is not None and not self.is_old:
            raise Refusal("Error: don't use -r option when giving password on command line")
        if self.given or (may_be_empty and self.given is not None):
            return self.given
        if self.is_random:
            from vpopmail.passwords.random import random_password

            return random_password(self._length)
        password = ask_new_password(whose)
        if password is None or not (password or may_be_empty):
            print("Error: No password entered")
            raise Misuse
        return password

    def show(self, password: str) -> None:
        """Print the password if it is a random one, when it is stored."""
        if self.is_random:
            print(f"Random password: {password}")
