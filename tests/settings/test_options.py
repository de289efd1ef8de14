"""The table of options, and that every list of them is the same list."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import vpopmail.settings
from vpopmail.config import Config
from vpopmail.settings import OPTIONS, Option, Settings

ROOT = Path(vpopmail.settings.__file__).parents[2]
DERIVED = {"gid", "max_clear_passwd", "max_gecos", "max_user_name", "uid"}


def test_config_settings_and_the_table_hold_the_same_options() -> None:
    fields = [field.name for field in attrs.fields(Config)]
    assert fields == list(OPTIONS)
    assert set(Settings.__slots__) == {*OPTIONS, *DERIVED}


def test_config_and_settings_agree_on_types() -> None:
    for field in attrs.fields(Config):
        assert Settings.__annotations__[field.name] == field.type, field.name
    assert set(Settings.__annotations__) == set(Settings.__slots__)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_default_is_allowed_and_in_its_native_form(option: Option) -> None:
    for default in (option.default, option.old_default):
        taken = option.kind.take(default)
        assert taken == default
        assert type(taken) is type(default)
        assert str(type(default).__name__) in Settings.__annotations__[option.name]


@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_every_option_is_described_in_one_line(option: Option) -> None:
    assert option.doc.endswith(".")
    assert "|" not in option.doc + option.kind.allowed
    assert "\n" not in option.doc


@pytest.mark.parametrize(
    ("manual", "name"),
    [
        ("disable-md5-passwords", "md5_passwords"),
        ("disable-clear-passwd", "clear_passwd"),
        ("disable-file-locking", "file_locking"),
        ("disable-users-big-dir", "users_big_dir"),
        ("disable-make-seekable", "make_seekable"),
        ("disable-auth-logging", "auth_logging"),
        ("disable-many-domains", "many_domains"),
        ("disable-rebuild-tcpserver-file", "rebuild_tcpserver_file"),
    ],
)
def test_what_the_manual_lets_one_disable_is_on_in_profile_5_4(manual: str, name: str) -> None:
    assert OPTIONS[name].default_for("5.4") is True, manual


@pytest.mark.parametrize(
    "name",
    [
        "roaming_users",
        "learn_passwords",
        "sqwebmail_pass",
        "qmail_ext",
        "ip_alias_domains",
        "spamassassin",
        "passwd",
        "sql_logging",
        "mysql_limits",
        "mysql_replication",
        "valias",
    ],
)
def test_what_the_manual_lets_one_enable_is_off(name: str) -> None:
    assert OPTIONS[name].default_for("5.4") is False
    assert OPTIONS[name].default_for("5.6") is False


def test_what_is_delivered_is_on_the_disk_unless_that_is_turned_off() -> None:
    """C has to be built so: docs/differences.md, "Delivered means on the disk"."""
    assert OPTIONS["file_sync"].default_for("5.4") is True


def test_the_document_holds_the_table() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert text.endswith("-->\n\n" + Config.describe())


def test_a_login_imports_no_heavy_module() -> None:
    heavy = {"attr", "typing", "re", "enum", "functools", "pathlib", "tomllib", "difflib"}
    code = (
        "import sys; before = set(sys.modules)\n"
        "from vpopmail.settings import load\n"
        "load({'vpopmaildir': '/nonexistent', 'vpopuser': 0, 'vpopgroup': 0})\n"
        "print(*set(sys.modules) - before)"
    )
    result = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not heavy & set(result.stdout.split())
