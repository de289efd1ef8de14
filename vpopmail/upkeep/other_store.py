"""The same site with another account store: what the formats of vconvert mean."""

from __future__ import annotations

import os

from vpopmail.errors import ConfigError
from vpopmail.settings import OPTIONS, Settings, resolve

CDB = "cdb"
# Each is the scheme of its URLs and the end of the name of its connection file, too.
DATABASES = ("mysql", "pgsql", "sqlite", "oracle", "sybase")


def with_cdb(settings: Settings) -> Settings:
    """The settings of the site with its accounts in files.

    Args:
        settings: of the site.
    """
    return with_options(settings, backend=CDB)


def with_database(settings: Settings) -> Settings:
    """The settings of the site with its accounts in its database.

    Args:
        settings: of the site. Its backend, if that is a database; else the database that
            ``database_url`` or a connection file in etc names.

    Raises:
        ConfigError: none is named, or several.
    """
    if settings.backend in DATABASES:
        return settings
    scheme = settings.database_url.partition(":")[0]
    if scheme:
        return with_options(settings, backend=scheme)
    named = [kind for kind in DATABASES if os.path.exists(settings.etc_path(f"vpopmail.{kind}"))]
    if len(named) == 1:
        return with_options(settings, backend=named[0])
    what = f"etc has a connection file for each of {', '.join(named)}" if named else "it is not set"
    raise ConfigError("database_url", f"{what}: which database is meant?")


def with_options(settings: Settings, **changed: object) -> Settings:
    """The settings of the site with some options changed.

    Args:
        settings: of the site.
        changed: values by the name of the option.
    """
    if all(getattr(settings, name) == value for name, value in changed.items()):
        return settings
    return resolve({**{name: getattr(settings, name) for name in OPTIONS}, **changed})
