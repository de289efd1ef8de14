"""Where settings come from: arguments, environment, the site's file, defaults, in this order."""

from __future__ import annotations

import os

from vpopmail import errors
from vpopmail.settings.options import OPTIONS, PREFIX, Option
from vpopmail.settings.resolved import Settings, home_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE = "vpopmail.toml"
_SHOWN = 60  # characters of a wrong value in an error


def load(
    arguments: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """The settings of the site that arguments and environment name, with its file.

    Args:
        arguments: values by option name; they win.
        environ: variables ``VPOPMAIL_<OPTION>``; None: those of the process. Ignored when the
            real and the effective user or group differ, since then a stranger set them.

    Returns:
        The settings, complete.

    Raises:
        ConfigError: a value is not allowed, an option is unknown, the file is not readable or
            could have been written by somebody else, or vpopuser or vpopgroup does not exist.
    """
    given = check(arguments or {}, "argument")
    set_outside = from_environ(_trusted(os.environ if environ is None else environ))
    above = {**set_outside, **given}
    directory = str(above.get("vpopmaildir") or _default_directory(above))
    file_values: Mapping[str, object] = {}
    # A login pays for the reader only where there is a file to be read.
    if _is_there(f"{directory}/etc/{_FILE}"):
        from vpopmail.settings.file import read_settings_file

        file_values = read_settings_file(f"{directory}/etc/{_FILE}")
    return _complete({**file_values, **above, "vpopmaildir": directory})


def resolve(
    arguments: Mapping[str, object],
    environ: Mapping[str, str] | None = None,
    file_values: Mapping[str, object] | None = None,
    file_name: str = _FILE,
) -> Settings:
    """The settings that follow from given values; no file is read.

    Args:
        arguments: values by option name; they win.
        environ: variables ``VPOPMAIL_<OPTION>``; None: none.
        file_values: values by option name, as read from a settings file.
        file_name: the name of that file, for error texts.

    Returns:
        The settings, complete.

    Raises:
        ConfigError: as ``load``.
    """
    below = check_file(file_values or {}, file_name)
    return _complete({**below, **from_environ(environ or {}), **check(arguments, "argument")})


def check(values: Mapping[str, object], source: str) -> dict[str, object]:
    """Values in their native form.

    Args:
        values: values by option name.
        source: where they come from, for error texts.

    Raises:
        ConfigError: a value is not allowed or an option is unknown.
    """
    return {name: _checked(_option(name, source), value, source) for name, value in values.items()}


def check_file(values: Mapping[str, object], path: str) -> dict[str, object]:
    """As ``check``, for a settings file, which cannot say where it lies itself."""
    if "vpopmaildir" in values:
        raise errors.ConfigError(
            f"{path}: vpopmaildir",
            "not allowed in this file, which lies below it; use VPOPMAIL_VPOPMAILDIR",
        )
    return check(values, path)


def from_environ(environ: Mapping[str, str]) -> dict[str, object]:
    """Values of the variables that name an option; others are not ours."""
    found = {}
    for variable in environ:
        # The other way round, asking for each option, costs a login more.
        if variable.startswith(PREFIX):
            option = OPTIONS.get(variable[len(PREFIX) :].lower())
            if option is not None and option.variable == variable:
                found[option.name] = _checked(option, environ[variable], "environment", variable)
    return found


def _complete(values: Mapping[str, object]) -> Settings:
    profile = values.get("profile")
    return Settings(
        {
            name: values[name] if name in values else option.default_for(profile)
            for name, option in OPTIONS.items()
        }
    )


def _default_directory(values: Mapping[str, object]) -> str:
    user = values.get("vpopuser", OPTIONS["vpopuser"].default)
    return home_of(user if isinstance(user, int) else str(user))


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # the reader will say what is wrong
    return True


def _trusted(environ: Mapping[str, str]) -> Mapping[str, str]:
    if os.getuid() != os.geteuid() or os.getgid() != os.getegid():
        return {}
    return environ


def _checked(option: Option, value: object, source: str, key: str = "") -> object:
    try:
        return option.kind.take(value)
    except ValueError:
        shown = "..." if option.kind.secret else _shown(value)
        subject = f"{source}: {key or option.name} = {shown}"
        raise errors.ConfigError(subject, f"expected {option.kind.allowed}") from None


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:
        return "a very large number"  # Python writes no more than 4300 digits
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _option(name: str, source: str) -> Option:
    option = OPTIONS.get(name)
    if option is not None:
        return option
    from difflib import get_close_matches

    near = get_close_matches(str(name), OPTIONS, 1)
    advice = f"there is no such setting; did you mean {near[0]}?" if near else "no such setting"
    raise errors.ConfigError(f"{source}: {name!r}", advice)
