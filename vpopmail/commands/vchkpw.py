"""vchkpw: check the password that descriptor 3 gives, then become the next program.

    vchkpw program [argument ...]

Started by qmail-popup, qmail-smtpd with AUTH and others that speak checkpassword's interface; as
``vchkpw-dovecot`` by Dovecot. Light: it starts once per login.

Source: auth-and-delivery, vchkpw; manual, "vchkpw".
"""

from __future__ import annotations

import os
import sys

from vpopmail import errors, log
from vpopmail.access.authentication import authenticate
from vpopmail.access.login import LoginRequest
from vpopmail.access.reasons import BAD_CHARACTERS
from vpopmail.access.service import for_client, service_of
from vpopmail.commands.checkpassword.exit_codes import TROUBLE, ExitCodes
from vpopmail.commands.checkpassword.next_program import Next, become
from vpopmail.formats import checkpassword
from vpopmail.formats.client import client_address
from vpopmail.formats.text import to_text
from vpopmail.installation import Installation
from vpopmail.settings import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from vpopmail.access.login import Login, Refusal
    from vpopmail.access.service import Service

CREDENTIALS = 3  # the descriptor
DOVECOT = "vchkpw-dovecot"
_MISUSED = (
    "{}: vchkpw is only for talking with qmail-popup and qmail-pop3d. "
    "It is not for runnning on the command line.\n"
)


def main(**settings: object) -> NoReturn:
    """Run the program; it ends, or becomes the next one.

    Args:
        settings: options of the site that its launcher names.
    """
    try:
        code = run(sys.argv, settings)
    except Exception as error:  # noqa: BLE001 - Python's own code, 1, would be a wrong password
        log.tell_stderr(f"vchkpw: {type(error).__name__}\n")
        code = TROUBLE
    raise SystemExit(code)


def run(arguments: list[str], settings: dict[str, object]) -> int:
    """Check what descriptor 3 gives and become the next program.

    Args:
        arguments: own name, then the next program with its arguments.
        settings: options of the site.

    Returns:
        The exit code, if the next program is not run.
    """
    for_dovecot = os.path.basename(arguments[0]) == DOVECOT
    codes = ExitCodes(as_checkpassword=for_dovecot)
    if len(arguments) < 2:
        return codes.misused
    service, log_name = _service(arguments[1], for_dovecot=for_dovecot)
    try:
        data = _read_all()
    except OSError:
        log.tell_stderr(_MISUSED.format(log_name))
        return codes.unreadable
    try:
        installation = Installation(load(settings))
    except errors.VpopmailError as error:
        log.tell_stderr(f"vchkpw: {error}\n")
        return codes.trouble
    if installation.settings.checkpassword_codes:
        codes = ExitCodes(as_checkpassword=True)
    try:
        request = _request(installation, data, service, log_name)
        outcome = _log_in(installation, request)
    except (errors.VpopmailError, OSError) as error:
        return _code_of(error, codes)
    if not outcome:
        return codes.refused(outcome.reason)
    return become(_next(outcome, request, arguments[1:], for_dovecot=for_dovecot), codes)


def _log_in(installation: Installation, request: LoginRequest) -> Login | Refusal:
    if installation.settings.logging != "n":
        log.use_syslog(installation.settings.log_name)
    return authenticate(installation, request)


def _code_of(error: Exception, codes: ExitCodes) -> int:
    if isinstance(error, errors.FormatError):  # more than anybody's name and password
        return codes.refused(BAD_CHARACTERS)
    if isinstance(error, errors.HomeNotMade):
        return codes.chdir if error.is_known else codes.home_not_made
    return codes.trouble


def _service(program: str, *, for_dovecot: bool) -> tuple[Service, str]:
    # Dovecot says which service it is; its ports may be any.
    named = os.environ.get("SERVICE", "").lower() if for_dovecot else ""
    return service_of(_number(os.environ.get("TCPLOCALPORT", "")), program, named)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0


def _read_all() -> bytes:
    """What descriptor 3 gives, and one byte more than it may; then it is closed."""
    data = b""
    while len(data) <= checkpassword.LONGEST:
        part = os.read(CREDENTIALS, checkpassword.LONGEST + 1 - len(data))
        if not part:
            break
        data += part
    os.close(CREDENTIALS)
    return data


def _request(
    installation: Installation, data: bytes, service: Service, log_name: str
) -> LoginRequest:
    given = checkpassword.parse_credentials(data)
    remote_ip = client_address(os.environ) or ""
    asked, service = service, for_client(service, remote_ip, installation.settings.webmail_servers)
    return LoginRequest(
        to_text(given.name),
        given.password,
        service,
        challenge=given.challenge,
        remote_ip=remote_ip,
        local_ip=os.environ.get("TCPLOCALIP", ""),
        default_domain=os.environ.get("VPOPMAIL_DOMAIN"),
        log_name=log_name if service is asked else service.log_name,
    )


def _next(login: Login, request: LoginRequest, arguments: list[str], *, for_dovecot: bool) -> Next:
    following = Next(arguments, login, log_name=request.log_name, remote_ip=request.remote_ip)
    if for_dovecot:
        following.serve_dovecot()
    else:
        following.changes_owner = request.service.has_mailbox
    return following


if __name__ == "__main__":
    main()
