"""vchangepw: let a user change his own password.

It asks for the address, the old password and, twice, for the new one; words on the command line
are not looked at. So it can be the login shell of a system user, or be run by everybody through
sudo. Started by root it becomes the owner of the domain as soon as that is known, before it asks
for a password. In one domain there is one guess at a time, and after a wrong one nothing for a
second, which no signal makes shorter. What comes of it is told to the system log, facility
``auth``.

DIAGNOSTICS
    0, also if no address is given. 3 ``Error: authentication failed!``, also for an unknown user,
    and for a line that is too long. Else ``Error:`` and the reason on standard output, and the
    code of the C library taken from 256: 255 the address cannot be one, the user may not change
    his password, or no new one is given; 229 it is too long, 187 to 182 the site's policy refuses
    it.

Source: manual, "vchangepw"; commands, passwords, quota.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import fcntl
import syslog
from contextlib import contextmanager
from time import sleep

from vpopmail.accounts.lookup import may_look
from vpopmail.codes import verror
from vpopmail.commands.terminal.address import parse_address
from vpopmail.commands.terminal.owner import become_owner
from vpopmail.commands.terminal.prompt import ask_new_password, ask_password, read_line
from vpopmail.commands.terminal.running import Refusal, run_program
from vpopmail.errors import NotPermitted, PasswordTooWeak, VpopmailError
from vpopmail.names import MAX_DOMAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from vpopmail.records import DomainEntry
    from vpopmail.site import Vpopmail

USAGE = "vchangepw: usage: vchangepw\n"
_FAILED = 3
_PAUSE = 1.0  # seconds
_SIGNALS = (_signal.SIGINT, _signal.SIGQUIT, _signal.SIGTERM, _signal.SIGHUP)


def main(**settings: object) -> NoReturn:
    """Run the program, and end.

    Args:
        settings: options of the site that its launcher names.
    """
    run_program("vchangepw", run, settings, usage=USAGE)


def run(site: Vpopmail, words: list[str]) -> int:  # noqa: ARG001 - as all programs
    """Ask, and change the password; the exit status."""
    # Who stopped it in the middle of a guess would let all others wait.
    _signal.signal(_signal.SIGTSTP, _signal.SIG_IGN)
    syslog.openlog("vchangepw", syslog.LOG_PID, syslog.LOG_AUTH)
    print("Please enter the email address: ", end="", flush=True)
    address = read_line()
    if address is None:
        print("\n")
        return 0
    if len(address) > site.settings.max_user_name + 1 + MAX_DOMAIN:
        raise Refusal("\nError: email address too long", _FAILED)
    print(address, flush=True)
    name, domain = parse_address(site, address)
    entry = site.installation.resolve(domain)
    if entry is not None:
        become_owner(entry)
    _authenticate(site, name, domain, entry)
    _change(site, name, domain)
    return 0


def _authenticate(site: Vpopmail, name: str, domain: str, entry: DomainEntry | None) -> None:
    """Have the user prove who he is."""
    who = f"{name}@{domain}"
    password = ask_password("Enter old password: ")
    if len(password) > site.settings.max_clear_passwd:
        _log(f"Too long password for user <{who}>")
        raise Refusal("Error: password too long.", _FAILED)
    with _one_at_a_time(site, entry):
        trouble = _trouble(site, name, domain, password)
        if trouble:
            _log(trouble)
            sleep(_PAUSE)
    if trouble:
        raise Refusal("Error: authentication failed!", _FAILED)


def _trouble(site: Vpopmail, name: str, domain: str, password: str) -> str:
    """What the log is told of somebody who is not let in."""
    who = f"{name}@{domain}"
    try:
        if site.users.authenticate(name, domain, password) is not None:
            return ""
        is_known = site.users.find_in(name, domain) is not None
    except NotPermitted as error:
        return str(error)
    if is_known:
        return f"Wrong password for user <{who}>"
    return f"Domain of address <{who}> does not exist"


@contextmanager
def _one_at_a_time(site: Vpopmail, entry: DomainEntry | None) -> Iterator[None]:
    """Wait for the guesses of others in a domain; then nothing interrupts this one."""
    if entry is None or not may_look(site.installation, entry):
        yield
        return
    with site.installation.open_domain(entry) as directory:
        fcntl.flock(directory.fd, fcntl.LOCK_EX)
        before = _signal.pthread_sigmask(_signal.SIG_BLOCK, _SIGNALS)
        try:
            yield
        finally:
            _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def _change(site: Vpopmail, name: str, domain: str) -> None:
    """Ask for the new password and store it."""
    who = f"{name}@{domain}"
    password = ask_new_password(who)
    if not password:
        raise Refusal("Error: No password entered")
    try:
        site.users.change_own_password(name, domain, password)
    except VpopmailError as error:
        reason = error.advice if isinstance(error, PasswordTooWeak) else verror(error.code)
        _log(f"Error changing users password! User <{who}>, message: {reason}")
        raise
    _log(f"User <{who}> changed password", syslog.LOG_DEBUG)
    print("Password successfully changed.")


def _log(text: str, priority: int = syslog.LOG_NOTICE) -> None:
    syslog.syslog(priority, f"{text}\n")


if __name__ == "__main__":
    main()
