"""etc/vpopmail.toml, and the compiled form beside it."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vpopmail.settings
from vpopmail.config import Config, compiled_settings
from vpopmail.errors import ConfigError
from vpopmail.settings import OPTIONS, load
from vpopmail.settings.file import (
    compile_file,
    compile_settings,
    compiled_path,
    parse_compiled,
    read_settings_file,
)
from vpopmail.settings.kinds import Choice, Name, Owner, Whole, YesNo
from vpopmail.settings.sources import check

if TYPE_CHECKING:
    from vpopmail.settings import Settings

ROOT = Path(vpopmail.settings.__file__).parents[2]
IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root")


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc" / "vpopmail.toml"


def loaded(toml: Path, environ: dict[str, str] | None = None, **more: object) -> Settings:
    """The settings of the site that a file belongs to."""
    site = {"vpopmaildir": toml.parent.parent, "vpopuser": 12345, "vpopgroup": 12346}
    return load({**site, **more}, environ or {})


def write(path: Path, text: str | bytes) -> None:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o644)


def test_a_site_without_a_file_has_the_defaults(toml: Path) -> None:
    assert loaded(toml).logging == "e"
    toml.parent.rmdir()
    assert loaded(toml).logging == "e"


def test_the_file_is_found_below_vpopmaildir(toml: Path) -> None:
    write(toml, 'logging = "v"\nclear_passwd = true\nlock_timeout = 3\nvpopuser = 7\n')
    settings = loaded(toml)
    assert (settings.logging, settings.clear_passwd, settings.lock_timeout) == ("v", True, 3)
    assert settings.uid == 12345


def test_vpopmaildir_may_come_from_the_environment(toml: Path) -> None:
    write(toml, 'logging = "v"\nvpopuser = 12345\nvpopgroup = 12346\n')
    settings = load({}, {"VPOPMAIL_VPOPMAILDIR": str(toml.parent.parent)})
    assert (settings.logging, settings.uid, settings.gid) == ("v", 12345, 12346)


def test_the_environment_of_the_process_is_the_default(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(toml, "vpopuser = 12345\nvpopgroup = 12346\n")
    monkeypatch.setenv("VPOPMAIL_VPOPMAILDIR", str(toml.parent.parent))
    monkeypatch.setenv("VPOPMAIL_LOGGING", "y")
    assert load().logging == "y"


def test_environment_and_arguments_win_over_the_file(toml: Path) -> None:
    write(toml, 'logging = "v"\nlock_timeout = 3\nlog_name = "file"\n')
    settings = loaded(toml, {"VPOPMAIL_LOGGING": "y", "VPOPMAIL_LOCK_TIMEOUT": "4"}, logging="n")
    assert (settings.logging, settings.lock_timeout, settings.log_name) == ("n", 4, "file")


def test_the_home_of_vpopuser_is_the_last_resort() -> None:
    entry = pwd.getpwuid(os.getuid())
    for user in (entry.pw_uid, entry.pw_name):
        assert load({"vpopuser": user}, {}).vpopmaildir == entry.pw_dir


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("logging = \n", "at line 1"),
        ('logging = "v"\nlogging = "v"\n', "bad setting"),
        (b'log_name = "\xff"\n', "is not UTF-8"),
        ('logging = "x"\n', "expected one of"),
        ("loging = 1\n", "did you mean logging?"),
        ("[logging]\nlevel = 1\n", "expected one of"),
        ("lock_timeout = 1.5\n", "expected a whole number"),
        ('qmaildir = "/a /"\n', "expected an absolute path"),
        ('vpopmaildir = "/x"\n', "VPOPMAIL_VPOPMAILDIR"),
        ("#" * 70000, "is larger than 65536 bytes"),
        ("a = " + "[" * 30000, "nested too deeply"),
        ("a = " + "9" * 5000, "4300 digits"),
        ("lock_timeout = 0x" + "f" * 5000, "a very large number"),
        ("# .....\n" + "a." * 30000 + "a = 1\n", "more than 64 dots in line 2"),
        ("[" + "a." * 30000 + "a]\n", "more than 64 dots in line 1"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line_with_its_name(
    toml: Path, content: str | bytes, text: str
) -> None:
    write(toml, content)
    with pytest.raises(ConfigError) as caught:
        loaded(toml)
    assert str(caught.value).startswith(str(toml))
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_link_to_nowhere_is_not_taken_for_no_file(toml: Path) -> None:
    toml.symlink_to("missing")
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        loaded(toml)


def test_a_link_to_itself_is_refused(toml: Path) -> None:
    toml.symlink_to(toml.name)
    with pytest.raises(ConfigError, match="cannot be read"):
        loaded(toml)


def test_a_link_in_place_of_etc_that_leads_nowhere_is_not_taken_for_no_file(toml: Path) -> None:
    toml.parent.rmdir()
    toml.parent.symlink_to("etc")
    with pytest.raises(ConfigError, match="cannot be read"):
        loaded(toml)


def test_what_is_not_a_file_is_refused_without_waiting(toml: Path) -> None:
    os.mkfifo(toml)
    with pytest.raises(ConfigError, match="is not a regular file"):
        loaded(toml)
    toml.unlink()
    toml.mkdir()
    with pytest.raises(ConfigError, match="is not a regular file"):
        loaded(toml)


@needs_root
def test_root_refuses_a_file_of_somebody_else(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    os.chown(toml, 12345, 12346)
    with pytest.raises(ConfigError, match="must belong to root"):
        loaded(toml)


@needs_root
@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_root_refuses_a_file_that_others_can_write(toml: Path, mode: int) -> None:
    write(toml, 'logging = "v"\n')
    toml.chmod(mode)
    with pytest.raises(ConfigError, match="writable by group or others"):
        loaded(toml)


def in_child(code: str) -> str:
    """What code prints in an interpreter of its own."""
    result = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"VPOPMAIL_LOGGING": "y"},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


CHILD = (
    "import os, vpopmail.settings as s, vpopmail.settings.file; import tomllib; {}\n"
    "print(s.load({{'vpopmaildir': {!r}, 'vpopuser': 1, 'vpopgroup': 1}}).logging)"
)


def test_the_environment_counts_in_an_ordinary_process(toml: Path) -> None:
    assert in_child(CHILD.format("", str(toml.parent.parent))) == "y"


@needs_root
@pytest.mark.parametrize("change", ["os.setreuid(12345, 0)", "os.setregid(12345, 0)"])
def test_the_environment_is_ignored_in_a_set_uid_process(toml: Path, change: str) -> None:
    assert in_child(CHILD.format(change, str(toml.parent.parent))) == "e"


@needs_root
def test_one_who_is_not_root_reads_his_own_file() -> None:
    # pytest's own directories are closed to other users.
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        directory.chmod(0o755)
        (directory / "etc").mkdir(mode=0o755)
        write(directory / "etc" / "vpopmail.toml", 'logging = "v"\n')
        os.chown(directory / "etc" / "vpopmail.toml", 12345, 12346)
        code = CHILD.format("os.environ.clear(); os.setuid(12345)", place)
        assert in_child(code) == "v"


@needs_root
def test_a_set_uid_process_obeys_the_file_and_not_the_environment() -> None:
    import tomllib  # noqa: F401, PLC0415 - the other user may not read this interpreter's files

    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "etc" / "vpopmail.toml"
        Path(place).chmod(0o755)
        file.parent.mkdir(mode=0o755)
        write(file, 'logging = "v"\n')
        os.chown(file, 12345, 12346)
        os.seteuid(12345)
        try:
            settings = loaded(file, {"VPOPMAIL_LOGGING": "y"})
        finally:
            os.seteuid(0)
    assert settings.logging == "v"


@needs_root
def test_a_directory_that_may_not_be_entered_is_not_taken_for_no_file() -> None:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        (Path(place) / "etc").mkdir(mode=0o700)
        code = CHILD.format("os.setuid(12345)", place)
        result = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert "vpopmail.toml: bad setting: cannot be read: Permission denied" in result.stderr


# The compiled form.


def compiled(toml: Path) -> Path:
    """Compile a file as an installation does."""
    path = Path(compiled_path(str(toml)))
    write(path, compile_file(str(toml)))
    return path


def test_the_compiled_form_holds_the_same_values(toml: Path) -> None:
    write(toml, 'logging = "v"\nclear_passwd = true\nlock_timeout = 3\nlog_name = "a = b é"\n')
    plain = loaded(toml)
    path = compiled(toml)
    assert path.name == "vpopmail.settings"
    assert loaded(toml) == plain
    assert b"\nclear_passwd = yes\n" in path.read_bytes()


def test_the_compiled_form_is_used_while_it_is_true(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    path = compiled(toml)
    write(path, path.read_bytes().replace(b"logging = v", b"logging = p"))
    assert loaded(toml).logging == "p"


def test_the_compiled_form_spares_the_parser(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    compiled(toml)
    code = (
        "import sys\nfrom vpopmail.settings.file import read_settings_file\n"
        f"print(read_settings_file({str(toml)!r}), 'tomllib' in sys.modules)"
    )
    assert in_child(code) == "{'logging': 'v'} False"


def test_a_changed_file_is_read_again(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    compiled(toml)
    status = toml.stat()
    write(toml, 'logging = "n"\n')
    os.utime(toml, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert loaded(toml).logging == "n"


def test_a_replaced_file_is_read_again_though_time_and_size_are_the_same(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    compiled(toml)
    status = toml.stat()
    other = toml.with_name("new")
    write(other, 'logging = "n"\n')
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(toml)
    assert loaded(toml).logging == "n"


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_compiled_form_that_others_can_write_is_not_used(toml: Path, mode: int) -> None:
    write(toml, 'logging = "v"\n')
    path = compiled(toml)
    write(path, path.read_bytes().replace(b"logging = v", b"logging = p"))
    path.chmod(mode)
    assert loaded(toml).logging == "v"


@needs_root
def test_a_compiled_form_of_somebody_else_is_not_used(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    path = compiled(toml)
    write(path, path.read_bytes().replace(b"logging = v", b"logging = p"))
    os.chown(path, 12345, 12346)
    assert loaded(toml).logging == "v"


def test_a_compiled_form_that_is_no_file_is_not_used(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    path = Path(compiled_path(str(toml)))
    os.mkfifo(path, 0o600)
    assert loaded(toml).logging == "v"


def test_a_compiled_form_that_is_too_large_is_not_used(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    path = compiled(toml)
    write(path, path.read_bytes().replace(b"= v", b"= p") + b"logging = p\n" * 9000)
    assert loaded(toml).logging == "v"


@pytest.mark.parametrize("cut", [1, 2, 15])
def test_a_compiled_form_that_was_cut_is_not_used(toml: Path, cut: int) -> None:
    write(toml, 'logging = "v"\n')
    path = compiled(toml)
    write(path, path.read_bytes()[:-cut])
    assert read_settings_file(str(toml)) == {"logging": "v"}


def test_a_compiled_form_with_a_strange_line_is_not_used(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    path = compiled(toml)
    write(path, path.read_bytes() + b"logging=p\n")
    assert loaded(toml).logging == "v"


def test_an_error_in_a_compiled_form_names_it(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    path = compiled(toml)
    write(path, path.read_bytes() + b"oldoption = p\n")
    with pytest.raises(ConfigError, match=str(path)):
        loaded(toml)


def test_a_missing_or_wrong_file_is_not_compiled(toml: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        compile_file(str(toml))
    write(toml, 'logging = "x"\n')
    with pytest.raises(ConfigError, match="expected one of"):
        compile_file(str(toml))


def test_the_compiled_form_is_made_from_a_config(toml: Path) -> None:
    write(toml, 'logging = "v"\n')
    config = Config(vpopmaildir=str(toml.parent.parent), vpopuser=1, vpopgroup=1)
    assert compiled_settings(config) == compile_file(str(toml))


LINE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FFF), min_size=1, max_size=20)


def allowed_values(name: str) -> st.SearchStrategy[object]:
    """Values that an option may have."""
    kind = OPTIONS[name].kind
    if isinstance(kind, YesNo):
        return st.booleans()
    if isinstance(kind, Whole):
        return st.integers(kind.low, kind.high)
    if isinstance(kind, Choice):
        return st.sampled_from(kind.words)
    if isinstance(kind, Name):
        return st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,9}", fullmatch=True)
    if isinstance(kind, Owner):
        return st.integers(0, 2**32 - 2) | st.from_regex(r"[a-z]{1,8}", fullmatch=True)
    return LINE.map(lambda text: "/" + text)


def accepted(name: str, value: object) -> bool:
    try:
        check({name: value}, "test")
    except ConfigError:
        return False
    return True


SOME_VALUES = st.sets(st.sampled_from(sorted(OPTIONS))).flatmap(
    lambda names: st.fixed_dictionaries({name: allowed_values(name) for name in sorted(names)})
)


@given(SOME_VALUES)
def test_any_values_survive_compiling(values: dict[str, object]) -> None:
    status = ROOT.stat()
    taken = check({k: v for k, v in values.items() if accepted(k, v)}, "test")
    text = parse_compiled(compile_settings(taken, status), status)
    assert text is not None
    assert check(text, "test") == taken


@given(st.binary(max_size=200))
def test_no_content_of_a_compiled_form_raises(content: bytes) -> None:
    status = ROOT.stat()
    assert parse_compiled(content, status) is None
    head = compile_settings({}, status)
    parsed = parse_compiled(head + content, status)
    assert parsed is None or len(parsed) <= content.count(b"\n")


def test_a_comment_may_have_as_many_dots_as_it_likes(toml: Path) -> None:
    write(toml, "# " + "." * 200 + "\nlock_timeout = 7\n")
    assert loaded(toml).lock_timeout == 7
