"""Which site is the current one, and what a new site needs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, settings_for, tree
from vpopmail import Config, Vpopmail, configure, current, site as site_module, use, vauth_getpw
from vpopmail.errors import ConfigError, UnknownBackend


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(site_module, "_sites", {})
    yield
    for site in site_module._sites.values():
        site.close()


def test_use_nests_and_ends(make_site: Callable[..., Vpopmail], tmp_path: Path) -> None:
    base = configure(**settings_for(tmp_path))
    first, second = make_site(), make_site()
    with use(first) as given:
        assert given is first
        with use(second):
            assert current() is second
        assert current() is first
    assert current() is base


def test_an_error_ends_use(make_site: Callable[..., Vpopmail], tmp_path: Path) -> None:
    base = configure(**settings_for(tmp_path))

    def fail() -> None:
        with use(make_site()):
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        fail()
    assert current() is base


def test_threads_see_the_configured_site_only(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    base = configure(**settings_for(tmp_path))
    seen: list[Vpopmail] = []
    with use(make_site()):
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
    assert seen == [base]


def test_without_anything_the_environment_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings_for(tmp_path).items():
        monkeypatch.setenv(f"VPOPMAIL_{name.upper()}", "no" if name == "sync" else str(value))
    assert current().settings.vpopmaildir == f"{tmp_path}/v"
    assert current() is current()
    assert Vpopmail().settings.qmaildir == f"{tmp_path}/q"


def test_a_wrong_setting_leaves_the_site_as_it_was(tmp_path: Path) -> None:
    base = configure(**settings_for(tmp_path))
    with pytest.raises(ConfigError):
        configure(**settings_for(tmp_path, lock_timeout="soon"))
    assert current() is base


def test_configuring_again_closes_the_one_before(tmp_path: Path) -> None:
    base = configure(**settings_for(tmp_path, backend="memory"))
    base.prepare()
    base.domains.add(DOMAIN, password="x")
    assert f"postmaster@{DOMAIN}" in base.users
    again = configure(**settings_for(tmp_path))
    assert current() is again
    # What the memory backend kept ended with it.
    assert f"postmaster@{DOMAIN}" not in base.users


def test_a_site_takes_a_config(tmp_path: Path) -> None:
    with Vpopmail(Config.load(**settings_for(tmp_path))) as site:
        assert site.settings.vpopmaildir == f"{tmp_path}/v"
        assert repr(site) == f"<Vpopmail {tmp_path}/v (cdb)>"
        assert site.qmail.qmaildir == f"{tmp_path}/q"


def test_an_unknown_backend_is_told_when_it_is_needed(tmp_path: Path) -> None:
    site = Vpopmail(Config.load(**settings_for(tmp_path, backend="nothing")))
    site.prepare()
    with pytest.raises(UnknownBackend, match="cdb, memory, mysql, null"):
        site.domains.add(DOMAIN, password="x")
    with use(site):
        assert vauth_getpw("joe", DOMAIN) is None


def test_prepare_makes_what_is_missing_and_only_that(
    make_site: Callable[..., Vpopmail], tmp_path: Path
) -> None:
    site = Vpopmail(Config.load(**settings_for(tmp_path)))
    before = os.umask(0o077)
    try:
        made = site.prepare()
    finally:
        os.umask(before)
    assert made == [
        *(f"{tmp_path}/v", f"{tmp_path}/v/domains", f"{tmp_path}/v/etc"),
        f"{tmp_path}/v/etc/vlimits.default",
        *(f"{tmp_path}/q", f"{tmp_path}/q/control", f"{tmp_path}/q/users"),
    ]
    modes = {path: os.stat(path).st_mode & 0o777 for path in made}
    assert modes.pop(f"{tmp_path}/v/domains") == 0o700
    assert modes.pop(f"{tmp_path}/v/etc/vlimits.default") == 0o644
    assert set(modes.values()) == {0o755}
    (tmp_path / "v/etc/vlimits.default").write_text("maxaliases 3\n")
    found = tree(tmp_path)
    assert site.prepare() == []
    assert tree(tmp_path) == found
    site.domains.add(DOMAIN, password="x")
    assert site.limits.get(DOMAIN).maxaliases == 3


def test_closing_twice_does_no_harm(site: Vpopmail) -> None:
    site.domains.add(DOMAIN, password="x")
    site.close()
    site.close()
    assert f"postmaster@{DOMAIN}" in site.users
