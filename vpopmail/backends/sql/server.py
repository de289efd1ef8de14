"""Where a database is: of a URL in the settings, or of a file in etc, as the C library has them."""

from __future__ import annotations

from vpopmail.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.settings import Settings


class Server:
    """A database on a server, or in a file.

    Attributes:
        host: name or address; ``""``: the local socket of the driver's choice.
        port: number, or 0 for the usual one.
        ports: if ``host`` has several hosts: the port of each, with commas in between.
        socket: absolute path of a socket; ``""``: none.
        user, password: ``""`` for the driver's default.
        database: its name; for SQLite an absolute path.

    Its repr shows no password.
    """

    __slots__ = ("database", "host", "password", "port", "ports", "socket", "user")

    def __init__(
        self,
        *,
        host: str = "",
        port: int = 0,
        ports: str = "",
        socket: str = "",
        user: str = "",
        password: str = "",
        database: str = "",
    ) -> None:
        self.host = host
        self.port = port
        self.ports = ports
        self.socket = socket
        self.user = user
        self.password = password
        self.database = database

    def __repr__(self) -> str:
        return f"<Server {self}>"

    def __str__(self) -> str:
        place = self.socket or f"{self.host or 'localhost'}:{self.ports or self.port or 'default'}"
        return self.database if self.database.startswith("/") else f"{place}/{self.database}"


def configured(
    settings: Settings, scheme: str, *, most: int = 1, empty_fields: bool = True
) -> list[Server]:
    """The servers of ``database_url``, else those of etc/vpopmail.<scheme>.

    Args:
        settings: of the site.
        scheme: of the URL, and name of the backend.
        most: how many lines of the file count.
        empty_fields: whether a field of the file may be empty.

    Raises:
        ConfigError.
    """
    if settings.database_url:
        return parse_url(settings.database_url, scheme)
    path = settings.etc_path(f"vpopmail.{scheme}")
    return parse_lines(read_private(path), path, empty_fields=empty_fields)[:most]


def parse_url(url: str, scheme: str) -> list[Server]:
    """The servers of a URL: ``mysql://user:password@host:port/database?socket=/path``.

    Args:
        url: its parts are percent-encoded where they have to be. ``?replica=host:port`` names a
            server to read from, with the same user, password and database. For ``pgsql`` there
            may be several hosts, one of which is the primary: ``host:port,host:port``.
        scheme: what it must begin with, without ``://``.

    Returns:
        The server to read from, if there is one, and that to change.

    Raises:
        ConfigError: it is no such URL; the text does not show it, it may hold a password.
    """
    from urllib.parse import parse_qs, unquote, urlsplit

    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
    except ValueError:
        raise ConfigError("database_url", "it is no URL") from None
    if parts.scheme != scheme:
        raise ConfigError("database_url", f"it must begin with {scheme}://")
    names, _, hosts = parts.netloc.rpartition("@")
    user, _, password = names.partition(":")
    database = unquote(parts.path)

    def server(hosts: str, socket: str = "") -> Server:
        host, ports = _split_hosts(hosts, several=scheme == "pgsql")
        return Server(
            host=host,
            port=0 if "," in ports else int(ports or 0),
            ports=ports if "," in ports else "",
            socket=socket,
            user=unquote(user),
            password=unquote(password),
            database=database if scheme == "sqlite" else database.removeprefix("/"),
        )

    primary = server(hosts, query.get("socket", [""])[0])
    return [*(server(place) for place in query.get("replica", [])[:1]), primary]


def _split_hosts(text: str, *, several: bool) -> tuple[str, str]:
    """The hosts and the ports of ``host:port``, or of several with commas in between."""
    from urllib.parse import unquote, urlsplit

    places = text.split(",") if several else [text]
    try:
        parts = [urlsplit(f"//{place}") for place in places]
        found = [(unquote(part.hostname or ""), str(part.port or "")) for part in parts]
    except ValueError:
        raise ConfigError("database_url", "it is no URL") from None
    return ",".join(host for host, _ in found), ",".join(port for _, port in found)


def parse_lines(text: str, path: str, *, empty_fields: bool) -> list[Server]:
    """The servers of etc/vpopmail.mysql or etc/vpopmail.pgsql: read server, update server.

    Args:
        text: the whole file.
        path: of the file, for errors.
        empty_fields: whether a field may be empty, as in vpopmail.pgsql; an empty host is
            ``localhost``, an empty database ``vpopmail``.

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
_DIGITS = 5
_HIGHEST = 65535  # of a port


def _parse_line(line: str, where: str, *, empty_fields: bool) -> Server:
    fields = line.split("|")
    if len(fields) != _FIELDS:
        raise ConfigError(where, "expected host|port|user|password|database")
    if not (empty_fields or all(fields)):
        # The C library would take the next field for it.
        raise ConfigError(where, "a field is empty, which C tools cannot read")
    host, port, user, password, database = fields
    socket = port if port.startswith("/") else ""
    if not socket and port and not _is_port(port):
        raise ConfigError(where, "the port is a number or the path of a socket")
    return Server(
        host=host or "localhost",
        port=0 if socket or not port else int(port),
        socket=socket,
        user=user,
        password=password,
        database=database or "vpopmail",
    )


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) <= _HIGHEST


def read_private(path: str) -> str:
    """The text of a file with passwords.

    Raises:
        ConfigError: it is missing or cannot be read.
    """
    from vpopmail.safeio.view import read_file

    try:
        data = read_file(path)
    except OSError as error:
        raise ConfigError(path, error.strerror or "") from error
    if data is None:
        raise ConfigError(path, "it is missing: write it, or set database_url")
    return data.decode("utf-8", "surrogateescape")
