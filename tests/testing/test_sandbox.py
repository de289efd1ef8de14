from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading

import pytest

import vpopmail
from vpopmail.errors import ConfigError, UnknownBackend
from vpopmail.testing import sandbox

module = sys.modules["vpopmail.testing.sandbox"]


def test_gives_a_site_on_memory_that_takes_domains_and_users():
    with sandbox() as site:
        assert site.settings.backend == "memory"
        site.domains.add("example.com", "secret")
        site.users.add("joe@example.com", "secret")
        assert site.users.check_password("joe@example.com", "secret")


def test_the_site_is_the_current_one_inside_only():
    with sandbox() as outer:
        with sandbox() as inner:
            assert vpopmail.current() is inner
            assert vpopmail.vadddomain("example.com") == 0
            assert "example.com" in inner.domains
        assert vpopmail.current() is outer
        assert "example.com" not in outer.domains


def test_all_belongs_to_the_caller_and_lies_in_one_temporary_directory():
    with sandbox() as site:
        assert (site.settings.uid, site.settings.gid) == (os.geteuid(), os.getegid())
        root = os.path.dirname(site.settings.vpopmaildir)
        assert os.path.dirname(site.settings.qmaildir) == root
        assert os.stat(root).st_mode & 0o777 == 0o700
        assert sorted(os.listdir(root)) == ["qmail", "vpopmail"]


def test_the_directory_goes_at_the_end_even_after_an_error():
    with pytest.raises(RuntimeError, match="stop"), sandbox() as site:
        site.domains.add("example.com")
        raise RuntimeError("stop")
    assert not os.path.exists(os.path.dirname(site.settings.vpopmaildir))


def test_the_site_is_closed_while_its_files_are_still_there(monkeypatch):
    there = []
    with sandbox() as site:
        close = site.installation.close

        def watched():
            there.append(os.path.isdir(site.settings.vpopmaildir))
            close()

        monkeypatch.setattr(site.installation, "close", watched)
    assert there == [True]


def test_settings_are_passed_on_and_nothing_is_synced_by_default():
    with sandbox("cdb", clear_passwd=True, profile="5.4") as site:
        assert (site.settings.backend, site.settings.profile) == ("cdb", "5.4")
        assert site.settings.clear_passwd
        assert not site.settings.sync
    with sandbox(sync=True) as site:
        assert site.settings.sync


def test_the_environment_is_not_looked_at(monkeypatch):
    monkeypatch.setenv("VPOPMAIL_BACKEND", "mysql")
    monkeypatch.setenv("VPOPMAIL_CLEAR_PASSWD", "yes")
    with sandbox() as site:
        assert site.settings.backend == "memory"
        assert not site.settings.clear_passwd


def test_a_directory_of_the_caller_is_kept(tmp_path):
    with sandbox("cdb", vpopmaildir=str(tmp_path / "kept")) as site:
        site.domains.add("example.com")
    assert (tmp_path / "kept/domains/example.com").is_dir()


@pytest.fixture
def nothing_said(monkeypatch):
    """Nothing says where temporary directories go; pytest-xdist and CI often do."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)


def root_of(site):
    return os.path.dirname(os.path.dirname(site.settings.vpopmaildir))


def test_lies_where_tmpdir_says(nothing_said, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with sandbox() as site:
        assert root_of(site) == str(tmp_path)


def test_lies_in_memory_if_nothing_is_said(nothing_said, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_IN_MEMORY", str(tmp_path))
    monkeypatch.setattr(module, "_ROOM", 0)
    with sandbox() as site:
        assert root_of(site) == str(tmp_path)


@pytest.mark.parametrize(("name", "value"), [("_IN_MEMORY", "/nowhere"), ("_ROOM", 1 << 80)])
def test_lies_with_other_temporary_files_if_memory_is_missing_or_full(
    nothing_said, monkeypatch, name, value
):
    monkeypatch.setattr(module, name, value)
    with sandbox() as site:
        assert root_of(site) == tempfile.gettempdir()


@pytest.mark.parametrize("wrong", [{"no_such_option": 1}, {"lock_timeout": -1}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ConfigError), sandbox(**wrong):
        pass


def test_an_unknown_backend_is_told_at_first_use():
    with sandbox("nosuch") as site, pytest.raises(UnknownBackend):
        site.domains.add("example.com")


def test_plain_threads_can_use_the_site_object():
    found = []
    with sandbox() as site:
        site.domains.add("example.com")
        thread = threading.Thread(target=lambda: found.append("example.com" in site.domains))
        thread.start()
        thread.join()
    assert found == [True]


INNER_TEST = """
import sys

LOADED = {name for name in sys.modules if name.partition(".")[0] == "vpopmail"}

def test_loading_the_plugin_imported_next_to_nothing():
    assert LOADED == {
        "vpopmail", "vpopmail.testing", "vpopmail.testing.fixtures", "vpopmail.testing.sandbox",
    }

def test_the_fixture_gives_a_site(vpopmail_site):
    import vpopmail
    assert vpopmail.current() is vpopmail_site
    assert vpopmail_site.settings.backend == "memory"
    assert "example.com" not in vpopmail_site.domains
    vpopmail_site.domains.add("example.com")

test_the_next_test_gets_another = test_the_fixture_gives_a_site
"""


def test_the_pytest_plugin_is_light_and_gives_fresh_sites(tmp_path):
    (tmp_path / "test_inner.py").write_text(INNER_TEST)
    home = os.path.dirname(os.path.dirname(vpopmail.__file__))
    # By -p alone, so that an installed vpopmail does not register it a second time.
    own = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTHONPATH": home}
    environ = {**os.environ, **own}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "vpopmail.testing.fixtures"]
    command += ["-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    result = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 passed" in result.stdout
