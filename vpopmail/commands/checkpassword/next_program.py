"""Becoming the next program: owner, directory, environment, exec.

Source: auth-and-delivery, after success.
"""

from __future__ import annotations

import os

from vpopmail.log import warn
from vpopmail.settings.options import OPTIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.access.login import Login
    from vpopmail.commands.checkpassword.exit_codes import ExitCodes

_PATH = b"/bin:/usr/bin"
_CTYPE = b"LC_CTYPE"


class Next:
    """What is to be run after a login.

    Args:
        arguments: the program and its arguments.
        login: who has logged in.
        log_name, remote_ip: for the log.

    Attributes:
        changes_owner: whether it runs as the owner of the mailbox, in the home.
        environment: with what it runs.
    """

    def __init__(
        self, arguments: list[str], login: Login, *, log_name: str, remote_ip: str
    ) -> None:
        self.arguments = arguments
        self.login = login
        self.log_name = log_name
        self.remote_ip = remote_ip
        self.changes_owner = True
        self.environment = given_environment()
        for option in OPTIONS.values():
            if option.kind.secret:
                # It may run as somebody who is not to know the password of the database.
                self.environment.pop(option.variable.encode("ascii"), None)
        self._set("USER", login.user)
        self._set("HOME", login.home)
        self._set("SHELL", "NOLOGIN")
        self._set("VPOPUSER", login.name)

    def serve_dovecot(self) -> None:
        """Tell Dovecot what it needs of the user, and change nothing of the process."""
        login = self.login
        self.changes_owner = False
        self._set("USER", login.address)
        extra = {"userdb_uid": str(login.uid), "userdb_gid": str(login.gid)}
        rule = quota_rule(login.quota)
        if rule:
            extra["userdb_quota_rule"] = rule
        for name, value in extra.items():
            self._set(name, value)
        self._set("EXTRA", " ".join(extra))

    def _set(self, name: str, value: str) -> None:
        self.environment[name.encode("ascii")] = os.fsencode(value)


def become(following: Next, codes: ExitCodes) -> int:
    """Run the next program in the place of this one.

    Args:
        following: which.
        codes: how to end.

    Returns:
        The exit code, if it cannot be run.
    """
    if following.changes_owner:
        code = _become_owner(following, codes) or _enter_home(following, codes)
        if code:
            return code
    _restore_signals()
    error = _execute([os.fsencode(word) for word in following.arguments], following.environment)
    _tell(following, "exec of the next program", error)
    return codes.trouble


def given_environment() -> dict[bytes, bytes]:
    """The environment as the process got it: Python adds LC_CTYPE to one without a locale."""
    environment = dict(os.environb)
    if _CTYPE in environment and not _was_given(_CTYPE):
        del environment[_CTYPE]
    return environment


def quota_rule(quota: str) -> str:
    """A quota as Dovecot writes it: ``*:bytes=1048576:messages=100``; ``""`` for none.

    Args:
        quota: as it is stored.
    """
    from vpopmail.errors import InvalidQuota
    from vpopmail.formats.maildirsize import parse_quota

    try:
        size, count = parse_quota(quota)
    except InvalidQuota:
        return ""
    parts = (f":bytes={size}" if size else "", f":messages={count}" if count else "")
    return "*" + "".join(parts) if size or count else ""


def _was_given(name: bytes) -> bool:
    try:
        with open("/proc/self/environ", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return True
    return any(word.startswith(name + b"=") for word in words)


def _become_owner(following: Next, codes: ExitCodes) -> int:
    login = following.login
    try:
        if os.geteuid() == 0:
            # Else root's other groups would be those of the user's programs.
            os.setgroups(_groups(login))
        os.setgid(login.gid)
    except OSError as error:
        _tell(following, f"setgid {login.gid}", error)
        return codes.setgid
    try:
        os.setuid(login.uid)
    except OSError as error:
        _tell(following, f"setuid {login.uid}", error)
        return codes.setuid
    return 0


def _groups(login: Login) -> list[int]:
    return [login.gid] if login.domain else os.getgrouplist(login.user, login.gid)


def _enter_home(following: Next, codes: ExitCodes) -> int:
    try:
        os.chdir(following.login.home)
    except OSError as error:
        _tell(following, "chdir", error)
        return codes.chdir
    return 0


def _restore_signals() -> None:
    # Python ignores these two, and the next program would, too.
    signal = __import__("_signal")  # the module signal costs as much as all else here
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def _execute(arguments: list[bytes], environment: dict[bytes, bytes]) -> OSError:
    """Run a program as execvp does; only returns if that cannot be done."""
    program = arguments[0]
    paths = [program]
    if b"/" not in program:
        # No relative one: the directory may be that of a mailbox.
        places = environment.get(b"PATH", _PATH).split(b":")
        paths = [place + b"/" + program for place in places if place.startswith(b"/")]
    trouble: OSError = FileNotFoundError(2, "no such program")
    for path in paths:
        try:
            os.execve(path, arguments, environment)  # noqa: S606 - that is what it is for
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            trouble = error if isinstance(error, OSError) else OSError(22, str(error))
    return trouble


def _tell(following: Next, what: str, error: OSError) -> None:
    login = following.login
    place = f"{login.address}:{following.remote_ip}"
    warn("%s: %s failed errno %s %s", following.log_name, what, error.errno or 0, place)
