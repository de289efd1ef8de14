"""Backends by name; a module is imported when its backend is opened."""

from __future__ import annotations

from vpopmail import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.backends.abstract import Backend
    from vpopmail.settings import Settings

ENTRY_POINTS = "vpopmail.backends"

# name: (module, class)
_BACKENDS = {
    "cdb": ("vpopmail.backends.cdb.backend", "CdbBackend"),
    "memory": ("vpopmail.backends.memory", "MemoryBackend"),
    "mysql": ("vpopmail.backends.sql.mysql", "MysqlBackend"),
    "pgsql": ("vpopmail.backends.sql.pgsql", "PgsqlBackend"),
    "sqlite": ("vpopmail.backends.sql.sqlite", "SqliteBackend"),
    "oracle": ("vpopmail.backends.sql.oracle", "OracleBackend"),
    "sybase": ("vpopmail.backends.sql.sybase", "SybaseBackend"),
    "null": ("vpopmail.backends.null", "NullBackend"),
}


def names() -> list[str]:
    """The names of the backends that this package provides, sorted."""
    return sorted(_BACKENDS)


def module_of(name: str) -> str:
    """The module of a backend that this package provides; ``""``: it is another's."""
    return _BACKENDS.get(name, ("",))[0]


def make(settings: Settings) -> Backend:
    """The backend that the settings name.

    Args:
        settings: ``backend`` is one of ``names()``, or an entry point of the group
            ``vpopmail.backends`` that is a subclass of Backend.

    Raises:
        UnknownBackend: there is none of that name, it cannot be imported, or it is no Backend.
    """
    return _class(settings.backend)(settings)


def _class(name: str) -> type[Backend]:
    if name in _BACKENDS:
        module, attribute = _BACKENDS[name]
        # Not importlib: it would have to be imported itself, at each login.
        found: type[Backend] = getattr(__import__(module, fromlist=[attribute]), attribute)
        return found
    return _third_party(name)


def _checked(name: str, found: object) -> type[Backend]:
    from vpopmail.backends.abstract import Backend

    if isinstance(found, type) and issubclass(found, Backend):
        return found
    raise errors.UnknownBackend(
        name, f"{found!r} is no subclass of vpopmail.backends.abstract.Backend"
    )


def _third_party(name: str) -> type[Backend]:
    from importlib.metadata import entry_points

    for entry_point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            found = entry_point.load()
        except (ImportError, AttributeError) as error:
            advice = f"'{entry_point.value}' cannot be imported: {error}"
            raise errors.UnknownBackend(name, advice) from error
        return _checked(name, found)
    raise errors.UnknownBackend(
        name, f"known are {', '.join(names())} and the entry points of {ENTRY_POINTS}"
    )
