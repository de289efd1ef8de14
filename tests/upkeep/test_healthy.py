"""A site that was only changed through the library is in order, whatever was done in what order."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vpopmail import VLimits, Vpopmail
from vpopmail.errors import VpopmailError
from vpopmail.testing import sandbox

DOMAINS = ("one.example", "two.example")
NAMES = ("ann", "joe", "max", "zoe")
Act = Callable[[Vpopmail], object]

domains = st.sampled_from(DOMAINS)
addresses = st.builds("{}@{}".format, st.sampled_from(NAMES), domains)
quotas = st.sampled_from([None, "10M", "1000C", "NOQUOTA"])

acts = st.one_of(
    st.builds(lambda d: lambda s: s.domains.add(d, "Secret-1"), domains),
    st.builds(lambda d: lambda s: s.domains.add_alias(f"also.{d}", d), domains),
    st.builds(lambda d: lambda s: s.domains.delete(d), domains),
    st.builds(lambda d: lambda s: s.domains.delete(f"also.{d}"), domains),
    st.builds(lambda a, q: lambda s: s.users.add(a, crypted="!", quota=q), addresses, quotas),
    st.builds(lambda a, q: lambda s: s.users.set_quota(a, q or "5M"), addresses, quotas),
    st.builds(lambda a: lambda s: s.users.update(a, gecos="x", set_flags=2), addresses),
    st.builds(lambda a: lambda s: s.users.delete(a), addresses),
    st.builds(lambda a: lambda s: s.quotas.recount(a), addresses),
    st.builds(lambda a: lambda s: s.users.note_login(a, "192.0.2.1"), addresses),
    st.builds(lambda d: lambda s: s.aliases.add(f"sales@{d}", "&far@far.example"), domains),
    st.builds(lambda d: lambda s: s.aliases.delete(f"sales@{d}"), domains),
    st.builds(lambda d, a: lambda s: s.catch_all.set(d, a.partition("@")[0]), domains, addresses),
    st.builds(lambda d: lambda s: s.default_delivery.delete(d), domains),
    st.builds(lambda d: lambda s: s.limits.set(d, VLimits(disable_pop=1, defaultquota=9999)), domains),
    st.builds(lambda d: lambda s: s.limits.delete(d), domains),
    st.builds(lambda: lambda s: s.rebuild()),
)


def tried(site: Vpopmail, act: Act) -> None:
    """Do it; what is refused has changed nothing."""
    try:
        act(site)
    except VpopmailError:
        pass


def check(backend: str, steps: list[Act | list[Act]]) -> None:
    with sandbox(backend) as site:
        for step in steps:
            if isinstance(step, list):
                with site.batch():
                    for act in step:
                        tried(site, act)
            else:
                tried(site, step)
        looked = site.reconcile(dry_run=True)
        assert not looked, str(looked)
        assert not site.reconcile()


steps = st.lists(st.one_of(acts, acts, acts, st.lists(acts, max_size=5)), max_size=14)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(steps)
def test_a_site_of_files_that_only_the_library_changed_has_no_findings(
    steps: list[Act | list[Act]],
) -> None:
    check("cdb", steps)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(steps)
def test_a_site_in_memory_that_only_the_library_changed_has_no_findings(
    steps: list[Act | list[Act]],
) -> None:
    check("memory", steps)


def test_a_site_with_hashed_homes_and_domains_in_both_lists_has_no_findings() -> None:
    with sandbox("cdb") as site:
        with site.batch():
            for number in range(110):
                site.domains.add(f"d{number:03}.example")
        with site.batch():
            for number in range(210):
                site.users.add(f"u{number:03}@d001.example", crypted="!")
        for number in range(95, 130):
            site.users.delete(f"u{number:03}@d001.example")
        site.users.add("new@d001.example", crypted="!")
        site.domains.delete("d105.example")
        report = site.reconcile()
        assert not report, str(report)


def test_a_domain_that_is_added_and_deleted_in_one_batch_is_not_counted() -> None:
    with sandbox("cdb") as site:
        with site.batch():
            site.domains.add("one.example")
            site.domains.add("two.example")
            site.domains.delete("one.example")
        report = site.reconcile(dry_run=True)
        assert not report, str(report)
        with site.batch():
            site.domains.delete("two.example")
        assert not site.reconcile(dry_run=True)
