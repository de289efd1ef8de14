"""Asking for the site and its stores in the middle of being asked: signals, call-backs, threads, forks."""

from __future__ import annotations

import contextvars
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import DOMAIN, settings_for
from tests.crash.processes import in_child
from vpopmail import Vpopmail, current, site as site_module, use
from vpopmail.backends import registry
from vpopmail.backends.memory import MemoryBackend


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(site_module, "_sites", {})
    yield
    for site in site_module._sites.values():
        site.close()


class Interrupted(MemoryBackend):
    """A backend in whose opening something else happens, once."""

    happens: Callable[[], None] | None = None

    def open(self) -> None:
        act, Interrupted.happens = Interrupted.happens, None
        if act is not None:
            act()
        super().open()


@pytest.fixture
def lone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vpopmail]:
    """A site whose backend is not opened yet."""
    monkeypatch.setattr(registry, "make", Interrupted)
    site = Vpopmail(vpopmail.Config.load(**settings_for(tmp_path, backend="memory")))
    yield site
    site.close()


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """Nothing here may wait for ever."""
    before = signal.signal(signal.SIGALRM, lambda *_: os._exit(70))
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_a_backend_that_is_asked_for_while_it_opens_is_one(lone: Vpopmail) -> None:
    inner: list[object] = []
    Interrupted.happens = lambda: inner.append(lone.installation.backend)
    assert [lone.installation.backend] == inner
    assert lone.installation.backend is inner[0]


def test_a_signal_handler_may_ask_for_the_backend_that_is_being_opened(lone: Vpopmail) -> None:
    inner: list[object] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: inner.append(lone.installation.backend))
    try:
        Interrupted.happens = lambda: signal.raise_signal(signal.SIGUSR1)
        assert [lone.installation.backend] == inner
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_child_forked_while_another_thread_opens_the_backend_opens_its_own(
    lone: Vpopmail,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        go_on.wait()

    Interrupted.happens = wait
    thread = threading.Thread(target=lambda: lone.installation.backend)
    thread.start()
    begun.wait()
    try:
        assert in_child(lambda: _answers(lone))
    finally:
        go_on.set()
        thread.join()


def _answers(site: Vpopmail) -> bool:
    signal.alarm(20)
    return site.installation.backend is site.installation.backend


def test_threads_that_ask_first_get_one_backend_and_one_site(
    lone: Vpopmail, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings_for(tmp_path).items():
        monkeypatch.setenv(f"VPOPMAIL_{name.upper()}", "no" if name == "sync" else str(value))
    together = threading.Barrier(8)
    seen: list[tuple[object, ...]] = []

    def ask() -> None:
        together.wait()
        seen.append((current(), lone.installation.backend, lone.installation.events))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1


def test_a_signal_handler_may_ask_for_the_site_that_is_being_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = site_module.load
    inner: list[Vpopmail] = []
    calls = iter([lambda: inner.append(current())])

    def loading(arguments: object = None) -> object:
        next(calls, lambda: None)()
        return load(settings_for(tmp_path))

    monkeypatch.setattr(site_module, "load", loading)
    assert [current()] == inner
    assert current() is inner[0]


def test_a_site_that_is_configured_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = site_module.load
    configured: list[Vpopmail] = []

    def loading(arguments: object = None) -> object:
        if not configured:
            configured.append(None)  # type: ignore[arg-type]
            configured[0] = vpopmail.configure()
        return load(settings_for(tmp_path))

    monkeypatch.setattr(site_module, "load", loading)
    assert current() is configured[0]
    assert current() is configured[0]


# other contexts


def test_use_may_end_in_another_context(site: Vpopmail, make_site: Callable[..., Vpopmail]) -> None:
    used = use(make_site())
    contextvars.copy_context().run(used.__enter__)
    used.__exit__(None, None, None)
    assert current() is site


def test_a_batch_may_end_in_another_context(site: Vpopmail) -> None:
    batch = site.batch()

    def begin() -> None:
        batch.__enter__()
        site.domains.add(DOMAIN)
        assert DOMAIN in site.domains

    contextvars.copy_context().run(begin)
    assert DOMAIN not in site.domains
    batch.__exit__(None, None, None)
    assert DOMAIN in site.domains
    site.domains.delete(DOMAIN)


def test_silence_may_end_in_another_context(site: Vpopmail) -> None:
    told: list[str] = []
    site.events.subscribe(lambda event: told.append(event.command))
    silence = site.silent()
    contextvars.copy_context().run(silence.__enter__)
    silence.__exit__(None, None, None)
    site.domains.add(DOMAIN)
    assert told == ["add_domain", "add_domain"]
