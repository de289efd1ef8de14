"""Config, the object that programs make settings with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest

from vpopmail.config import Config
from vpopmail.errors import ConfigError
from vpopmail.settings import OPTIONS, load, resolve

if TYPE_CHECKING:
    from pathlib import Path

SITE = {"vpopmaildir": "/srv/vpopmail", "vpopuser": 12345, "vpopgroup": 12346}


@pytest.mark.parametrize("profile", ["5.4", "5.6"])
def test_its_defaults_are_those_of_the_profile(profile: str) -> None:
    config = Config(profile=profile)
    for name, option in OPTIONS.items():
        expected = profile if name == "profile" else option.default_for(profile)
        assert getattr(config, name) == expected, name


def test_its_settings_are_those_of_the_same_values() -> None:
    config = Config(vpopmaildir="/srv/vpopmail", vpopuser=12345, vpopgroup=12346, logging="v")
    assert config.settings == resolve({**SITE, "logging": "v"})


def test_it_takes_text_and_holds_native_values() -> None:
    config = Config(vpopuser="12345", vpopmaildir="/srv/x/")
    assert config.vpopuser == 12345
    assert config.vpopmaildir == "/srv/x"


def test_a_wrong_value_is_refused_when_it_is_made() -> None:
    with pytest.raises(ConfigError, match="argument: logging = 'x'"):
        Config(logging="x")
    with pytest.raises(ConfigError, match="argument: lock_timeout = -1"):
        attrs.evolve(Config(), lock_timeout=-1)


def test_an_unknown_option_is_an_error() -> None:
    with pytest.raises(TypeError):
        Config(vpopusr="x")  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match=r"did you mean vpopuser\?"):
        Config.load(vpopusr="x")


def test_it_cannot_be_changed() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Config().logging = "v"  # type: ignore[misc]


def test_load_reads_arguments_environment_and_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "etc" / "vpopmail.toml"
    file.parent.mkdir()
    file.write_text('profile = "5.4"\nlogging = "v"\nlock_timeout = 3\n', encoding="utf-8")
    file.chmod(0o644)
    monkeypatch.setenv("VPOPMAIL_LOCK_TIMEOUT", "4")
    site = {"vpopmaildir": str(tmp_path), "vpopuser": 12345, "vpopgroup": 12346}
    config = Config.load(**site, log_name="argument")
    assert (config.logging, config.lock_timeout, config.log_name) == ("v", 4, "argument")
    assert config.clear_passwd is True
    assert config.settings == load({**site, "log_name": "argument"})


def test_the_description_has_a_row_for_every_option() -> None:
    rows = Config.describe().splitlines()
    for name, option in OPTIONS.items():
        (row,) = (row for row in rows if row.startswith(f"| `{name}` |"))
        assert option.doc in row
        assert option.kind.allowed in row
    assert "| `no` (profile 5.4: `yes`) | Store the clear password as well. |" in "\n".join(rows)
