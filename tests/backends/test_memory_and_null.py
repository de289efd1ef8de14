"""The memory and null backends behind a site, and the registry of backends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.conftest import DOMAIN, settings_for
from vpopmail import VLimits, Vpopmail, use
from vpopmail.backends import registry
from vpopmail.backends.memory import MemoryBackend
from vpopmail.backends.null import NullBackend
from vpopmail.codes import VA
from vpopmail.errors import BackendUnavailable, LimitsNotFound, UnknownBackend
from vpopmail.records import NO_POP
from vpopmail.settings import load

JOE = f"joe@{DOMAIN}"


@pytest.fixture
def memory(make_site: Callable[..., Vpopmail]) -> Iterator[Vpopmail]:
    site = make_site(backend="memory")
    with use(site):
        site.domains.add(DOMAIN, password="x")
        yield site


def backend_of(site: Vpopmail) -> MemoryBackend:
    backend = site.installation.backend
    assert isinstance(backend, MemoryBackend)
    return backend


def test_users_live_in_memory_and_homes_on_disk(memory: Vpopmail) -> None:
    domain = Path(memory.domains.get(DOMAIN).path)
    memory.users.add(JOE, password="secret", gecos="Joe")
    assert memory.users.check_password(JOE, "secret")
    assert [user.pw_name for user in memory.users.iter(DOMAIN)] == ["joe", "postmaster"]
    assert (domain / "joe/Maildir/new").is_dir()
    assert not (domain / "vpasswd").exists()
    assert not (domain / ".dir-control").exists()
    assert not (domain / "joe/lastauth").exists()
    assert backend_of(memory).last_auth["joe", DOMAIN][0] == "0.0.0.0"
    memory.users.delete(JOE)
    assert JOE not in memory.users
    assert not (domain / "joe").exists()


def test_what_is_given_out_is_a_copy(memory: Vpopmail) -> None:
    memory.users.get(f"postmaster@{DOMAIN}").pw_gecos = "changed"
    assert memory.users.get(f"postmaster@{DOMAIN}").pw_gecos == "Postmaster"


def test_limits_hold_and_are_forgotten(memory: Vpopmail) -> None:
    memory.limits.set(DOMAIN, VLimits(disable_pop=1, defaultquota=100))
    assert memory.users.get(f"postmaster@{DOMAIN}").pw_flags == NO_POP
    memory.users.add(JOE)
    assert memory.users.get(JOE).pw_shell == "100S"
    memory.limits.get(DOMAIN).disable_pop = 0
    assert memory.limits.get(DOMAIN).disable_pop == 1
    assert memory.limits.delete(DOMAIN).carried_out
    with pytest.raises(LimitsNotFound):
        memory.limits.delete(DOMAIN)
    assert memory.limits.get(DOMAIN) == VLimits()


def test_a_deleted_domain_is_forgotten_with_all_that_is_kept(memory: Vpopmail) -> None:
    memory.domains.add("other.example", password="x")
    memory.limits.set(DOMAIN, VLimits(disable_pop=1))
    memory.domains.delete(DOMAIN)
    backend = backend_of(memory)
    assert set(backend.accounts) == {"other.example"}
    assert set(backend.last_auth) == {("postmaster", "other.example")}
    assert DOMAIN not in backend.limits
    assert DOMAIN not in backend.dir_controls


def test_a_locked_domain_is_no_connection(memory: Vpopmail) -> None:
    entry = memory.domains.get(DOMAIN)
    with backend_of(memory).mutex(entry), pytest.raises(BackendUnavailable) as caught:
        memory.users.add(JOE)
    assert caught.value.code == VA.NO_AUTH_CONNECTION
    memory.users.add(JOE)
    assert JOE in memory.users


def test_the_clear_password_is_kept_only_if_the_site_says_so(
    make_site: Callable[..., Vpopmail],
) -> None:
    for clear in (True, False):
        site = make_site(backend="memory", clear_passwd=clear)
        name = f"clear{clear}.example".lower()
        site.domains.add(name, password="secret")
        kept = site.users.get(f"postmaster@{name}").pw_clear_passwd
        assert kept == ("secret" if clear else "")


def test_the_counter_is_kept(memory: Vpopmail) -> None:
    import vpopmail

    code, state = vpopmail.vread_dir_control(DOMAIN, 0, 0)
    assert (code, state.cur_users) == (0, 1)
    assert vpopmail.vdel_dir_control(DOMAIN) == 0
    assert vpopmail.vdel_dir_control(DOMAIN) == -1


def test_a_batch_on_memory(memory: Vpopmail) -> None:
    with memory.batch():
        memory.users.add(JOE)
        memory.users.delete(f"postmaster@{DOMAIN}")
    assert [user.pw_name for user in memory.users.iter(DOMAIN)] == ["joe"]


def test_null_keeps_nobody(make_site: Callable[..., Vpopmail]) -> None:
    site = make_site(backend="null")
    assert isinstance(site.installation.backend, NullBackend)
    site.domains.add(DOMAIN)
    with site.batch(), pytest.raises(BackendUnavailable):
        site.users.add(JOE)
    with site.batch():
        site.domains.add("other.example")
        site.domains.delete(DOMAIN)
    assert [entry.domain for entry in site.domains] == ["other.example"]


# the registry


def test_the_names_of_our_backends() -> None:
    assert registry.names() == ["cdb", "memory", "mysql", "null", "oracle", "pgsql", "sqlite", "sybase"]


def install(path: Path, module: str) -> None:
    """A distribution with an entry point, as pip lays it down."""
    info = path / "strange-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[vpopmail.backends]\nstrange = {module}:Strange\n")
    (path / "strange_backend.py").write_text(
        "from vpopmail.backends.null import NullBackend\n"
        "class Strange(NullBackend):\n    name = 'strange'\n"
    )


def test_a_backend_of_another_distribution(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "lib", "strange_backend")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    backend = registry.make(load(settings_for(tmp_path, backend="strange")))
    assert backend.name == "strange"
    sys.modules.pop("strange_backend")


def test_a_backend_that_cannot_be_imported_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path / "lib", "driver_that_is_missing")
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    with pytest.raises(UnknownBackend, match="cannot be imported") as caught:
        registry.make(load(settings_for(tmp_path, backend="strange")))
    assert caught.value.code == VA.NO_AUTH_MODULE
    assert metadata.version("strange") == "1.0"


@pytest.mark.parametrize(("text", "words"), [("", "cannot be imported"), ("Strange = 3", "no subclass")])
def test_an_entry_point_that_leads_to_no_backend_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    install(tmp_path / "lib", "strange_backend")
    (tmp_path / "lib/strange_backend.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    with pytest.raises(UnknownBackend, match=words):
        registry.make(load(settings_for(tmp_path, backend="strange")))
    sys.modules.pop("strange_backend")
