"""Where a database is: of a URL in the settings, or of a file in etc, as the C library has them."""

from __future__ import annotations

from vpopmail.errors import ConfigError

TYPE_CHECKING = False


class Server:
    """A database on a server, or in a file.

    Attributes:
        host: name or address; ``""``: the local socket of the driver's choice.
        port: number, or 0 for the usual one.
        socket: absolute path of a socket; ``""``: none.
        user, password: ``""`` for the driver's default.
        database: its name; for SQLite an absolute path.

    Its repr shows no password.
    """

    __slots__ = ("database", "host", "password", "port", "socket", "user")

    def __init__(
        self,
        *,
        host: str = "",
        port: int = 0,
        socket: str = "",
        user: str = "",
        password: str = "",
        database: str = "",
    ) -> None:
        self.host = host
        self.port = port
        self.socket = socket
        self.user = user
        self.password = password
        self.database = database

    def __repr__(self) -> str:
        return f"<Server {self}>"

    def __str__(self) -> str:
        place = self.socket or f"{self.host or 'localhost'}:{self.port or 'default'}"
        return self.database if self.database.startswith("/") else f"{place}/{self.database}"


def parse_url(url: str, scheme: str) -> Server:
    """The server of a URL: ``mysql://user:password@host:port/database?socket=/path``.

    Args:
        url: its parts are percent-encoded where they have to be.
        scheme: what it must begin with, without ``://``.

    Raises:
        ConfigError: it is no such URL; the text does not show it, it may hold a password.
    """
    from urllib.parse import parse_qs, unquote, urlsplit

    try:
        parts = urlsplit(url)
        port = parts.port or 0
    except ValueError:
        raise ConfigError("database_url", "it is no URL") from None
    if parts.scheme != scheme:
        raise ConfigError("database_url", f"it must begin with {scheme}://")
    database = unquote(parts.path)
    return Server(
        host=unquote(parts.hostname or ""),
        port=port,
        socket=parse_qs(parts.query).get("socket", [""])[0],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=database if scheme == "sqlite" else database.removeprefix("/"),
    )


def parse_lines(text: str, path: str, *, empty_fields: bool) -> list[Server]:
    """The servers of etc/vpopmail.mysql or etc/vpopmail.pgsql: read server, update server.

    Args:
        text: the whole file.
        path: of the file, for errors.
        empty_fields: whether a field may be empty, as in vpopmail.pgsql.

    Returns:
        One or two servers.

    Raises:
        ConfigError: there is no usable line; the text shows no field.

    Source: formats, database connection files.
    """
    servers = []
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            servers.append(
                _parse_line(stripped, f"{path}, line {number}", empty_fields=empty_fields)
            )
    if not servers:
        raise ConfigError(path, "it has no line host|port|user|password|database")
    return servers[:2]


_FIELDS = 5


def _parse_line(line: str, where: str, *, empty_fields: bool) -> Server:
    fields = line.split("|")
    if len(fields) != _FIELDS:
        raise ConfigError(where, "expected host|port|user|password|database")
    if not (empty_fields or all(fields)):
        # The C library would take the next field for it.
        raise ConfigError(where, "a field is empty, which C tools cannot read")
    host, port, user, password, database = fields
    socket = port if port.startswith("/") else ""
    if not socket and port and not (port.isascii() and port.isdigit()):
        raise ConfigError(where, "the port is a number or the path of a socket")
    return Server(
        host=host,
        port=0 if socket or not port else int(port),
        socket=socket,
        user=user,
        password=password,
        database=database or "vpopmail",
    )
