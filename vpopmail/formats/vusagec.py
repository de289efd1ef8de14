"""etc/vusagec.conf, and what goes over the wire to the usage daemon.

Source: formats, usage daemon.
"""

from __future__ import annotations

import struct

from vpopmail.formats.text import to_bytes, to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final, TypeAlias

    Sections: TypeAlias = Mapping[str, Mapping[str, str]]

MAX_ENTRY: Final = 1024
REPLY_LENGTH: Final = 16
DEFAULT_FILENAME: Final = "/tmp/vusaged.sock"  # noqa: S108 - where the daemon listens by default
DEFAULT_TIMEOUT: Final = 1.0
_LONGEST_TIMEOUT = 60.0
_UNKNOWN = 2**64 - 1
_BLANKS = " \t\r\n\v\f"


class ClientConf:
    """How a client finds the daemon.

    Args:
        disabled: whether nobody is to be asked.
        filename: path of the daemon's socket.
        remote: ``address:port`` of a daemon on the network, which is asked instead; or ``""``.
        timeout: seconds that a question may take.
    """

    __slots__ = ("disabled", "filename", "remote", "timeout")

    def __init__(
        self,
        *,
        disabled: bool = True,
        filename: str = DEFAULT_FILENAME,
        remote: str = "",
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        self.disabled = disabled
        self.filename = filename
        self.remote = remote
        self.timeout = timeout


def parse_client(data: bytes) -> ClientConf:
    """What etc/vusagec.conf says in its section ``Server``.

    Args:
        data: the whole file.

    Returns:
        Its settings, and the defaults for those that it lacks: the daemon is asked only where
        ``Disable = False`` stands. A timeout is within 60 seconds; else it is the default.

    Source: formats, usage daemon.
    """
    server = parse_sections(data).get("server", {})
    return ClientConf(
        disabled=server.get("disable", "True").lower() != "false",
        filename=server.get("filename", DEFAULT_FILENAME),
        remote=server.get("remote", ""),
        timeout=_seconds(server.get("timeout", "")),
    )


def parse_sections(data: bytes) -> Sections:
    """The sections of a configuration file of the usage daemon or of its clients.

    Args:
        data: the whole file: ``Label:`` begins a section, ``Name = value;`` sets a value, which
            may be quoted and have backslash escapes; comments as in C++; a line that begins with
            a blank goes on with the one before.

    Returns:
        Values by name, by section: names in lower case, with single blanks. What stands before
        the first label is in the section ``""``; what is neither label nor setting is left out.

    Source: formats, usage daemon.
    """
    sections: dict[str, dict[str, str]] = {}
    section = ""
    for name, value in _statements(to_text(data)):
        if value is None:
            section = name
        elif name:
            sections.setdefault(section, {})[name] = value
    return sections


def format_request(entry: str) -> bytes:
    """A question to the daemon.

    Args:
        entry: ``user@domain``, ``@domain``, or one blank to ask for a sign of life.

    Returns:
        The packet; empty for what cannot be asked: nothing, or over 1024 bytes.
    """
    text = to_bytes(entry)
    return struct.pack(">H", len(text)) + text if 0 < len(text) <= MAX_ENTRY else b""


def parse_reply(data: bytes) -> tuple[int, int] | None:
    """The daemon's answer.

    Args:
        data: 16 bytes.

    Returns:
        (bytes, messages); None if the daemon does not know, or it is no answer.
    """
    if len(data) != REPLY_LENGTH:
        return None
    size, count = struct.unpack(">QQ", data)
    return None if size == count == _UNKNOWN else (size, count)


def _seconds(text: str) -> float:
    number = float(text) if text.isascii() and text.isdigit() else 0.0
    return number if 0 < number <= _LONGEST_TIMEOUT else DEFAULT_TIMEOUT


def _statements(text: str) -> Iterator[tuple[str, str | None]]:
    """(name, value) of each setting, (name, None) of each label."""
    name: str | None = None
    said: list[str] = []
    for one, plain in _tokens(text):
        if plain and one == "=" and name is None:
            name, said = _name(said), []
        elif plain and one == ":" and name is None:
            yield _name(said), None
            said = []
        elif plain and one in {";", "\n"}:
            if name is not None:
                yield name, "".join(said).strip(_BLANKS)
            name, said = None, []
        else:
            said.append(one)
    if name is not None:
        yield name, "".join(said).strip(_BLANKS)


def _name(said: list[str]) -> str:
    return " ".join("".join(said).split()).lower()


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Characters, and whether each stands for itself; a newline is the end of a wrapped line."""
    at, quoted = 0, False
    while at < len(text):
        one, both = text[at], text[at : at + 2]
        if one == "\\" and len(both) > 1:
            yield both[1], False
            at += 2
        elif one == '"':
            quoted = not quoted
            at += 1
        elif not quoted and both in {"//", "/*"}:
            at = _after_comment(text, at, both)
        else:
            wrapped = one == "\n" and text[at + 1 : at + 2] in _BLANKS
            yield (" " if wrapped else one), not quoted
            at += 1


def _after_comment(text: str, at: int, opening: str) -> int:
    closing = "\n" if opening == "//" else "*/"
    end = text.find(closing, at + 2)
    if end < 0:
        return len(text)
    return end if closing == "\n" else end + 2
