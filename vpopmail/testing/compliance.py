"""What every backend must do: a suite of tests to be run for each, third parties' included.

A test module of the backend needs no more than this::

    from vpopmail.testing.compliance import BackendCompliance

    class TestMine(BackendCompliance):
        backend = "mine"
        settings = {"sql_logging": False}

``backend`` is the name it is configured by. ``settings`` are options for the sandbox, the same
for all tests. Fixtures can be overridden where more has to be prepared: ``site`` gives the site
under test. What a backend does not do by its own words (``writable``, ``facets``) is skipped.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from time import time
from typing import TYPE_CHECKING, ClassVar

import pytest

import vpopmail
from vpopmail.backends.abstract import (
    ALIAS_DOMAINS,
    ALIASES,
    AUTH_LOG,
    DIR_CONTROL,
    IP_MAP,
    LAST_AUTH,
    LIMITS,
    RELAY,
    SCHEMA,
)
from vpopmail.backends.facets import (
    AliasDomainsFacet,
    AliasesFacet,
    AuthLogFacet,
    DirControlFacet,
    IpMapFacet,
    LastAuthFacet,
    LimitsFacet,
    RelayFacet,
    SchemaFacet,
)
from vpopmail.codes import VA
from vpopmail.errors import (
    AliasNotFound,
    BackendUnavailable,
    DomainExists,
    DomainNotFound,
    InvalidCharacter,
    InvalidUserName,
    IpMapNotFound,
    UserExists,
    UserNotFound,
)
from vpopmail.records import (
    NO_IMAP,
    NO_POP,
    NOQUOTA,
    VLOG_AUTH,
    VLOG_ERROR_PASSWD,
    LoginRecord,
    VLimits,
    VqPasswd,
)
from vpopmail.testing.sandbox import sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from vpopmail.backends.abstract import Backend
    from vpopmail.backends.transaction import Transaction
    from vpopmail.records import DomainEntry
    from vpopmail.site import Vpopmail

DOMAIN = "example.com"
ALIAS = "alias.example"
RIGHT = "open sesame"
CRYPTED = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"
USERS = 250


class BackendCompliance:
    """The suite; subclass it with a name that pytest collects (``Test...``).

    Attributes:
        backend: name of the backend under test.
        settings: options for its sandbox.
    """

    backend: ClassVar[str] = ""
    settings: ClassVar[Mapping[str, object]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Put the name of the backend into the id of each test."""
        if "backend_name" in metafunc.fixturenames:
            metafunc.parametrize("backend_name", [self.backend])

    # what the tests stand on

    @contextmanager
    def opened(self, name: str, **more: object) -> Iterator[Vpopmail]:
        """A sandbox of the backend with further settings."""
        with sandbox(name, **{**self.settings, **more}) as site:
            yield site

    @pytest.fixture
    def site(self, backend_name: str) -> Iterator[Vpopmail]:
        """The site under test, without a domain."""
        with self.opened(backend_name) as site:
            yield site

    @pytest.fixture
    def store(self, site: Vpopmail) -> Backend:
        """The backend under test."""
        return site.installation.backend

    @pytest.fixture
    def filled(self, site: Vpopmail) -> Vpopmail:
        """The site with one domain and the user joe; skipped if accounts cannot be changed."""
        _require_writable(site)
        _fill(site)
        return site

    @pytest.fixture
    def domain(self, filled: Vpopmail) -> DomainEntry:
        """The domain of the filled site."""
        return filled.domains.get(DOMAIN)

    # the backend itself

    def test_opening_and_closing_twice_does_no_harm(self, store: Backend) -> None:
        """A site opens and closes without keeping count."""
        store.open()
        store.open()
        store.close()
        store.close()

    def test_the_name_is_the_configured_one(self, backend_name: str, store: Backend) -> None:
        """What a person configures is what messages name."""
        assert store.name == backend_name

    def test_each_facet_it_claims_is_there(self, store: Backend) -> None:
        """A claimed facet has its methods; unknown facets would never be asked for."""
        classes = {
            ALIAS_DOMAINS: AliasDomainsFacet,
            ALIASES: AliasesFacet,
            AUTH_LOG: AuthLogFacet,
            DIR_CONTROL: DirControlFacet,
            IP_MAP: IpMapFacet,
            LAST_AUTH: LastAuthFacet,
            LIMITS: LimitsFacet,
            RELAY: RelayFacet,
            SCHEMA: SchemaFacet,
        }
        assert store.facets <= classes.keys()
        assert all(isinstance(store, classes[facet]) for facet in store.facets)

    # domains

    def test_a_domain_can_be_added_and_deleted(self, site: Vpopmail) -> None:
        """Domains are qmail's files; a backend must not stand in their way."""
        site.domains.add(DOMAIN)
        assert DOMAIN in site.domains
        assert _names(site) == []
        site.domains.delete(DOMAIN)
        assert DOMAIN not in site.domains

    def test_a_domain_that_is_there_is_refused(self, site: Vpopmail) -> None:
        """Upper and lower case are one name."""
        site.domains.add(DOMAIN)
        with pytest.raises(DomainExists):
            site.domains.add(DOMAIN.upper())
        assert vpopmail.vadddomain(DOMAIN) == VA.DOMAIN_ALREADY_EXISTS

    def test_a_deleted_domain_is_forgotten_with_all_its_users(self, filled: Vpopmail) -> None:
        """A new domain of the same name begins empty, its limits and its counter too."""
        filled.limits.set(DOMAIN, VLimits(disable_pop=1))
        filled.domains.delete(DOMAIN)
        assert filled.users.find(f"joe@{DOMAIN}") is None
        filled.domains.add(DOMAIN)
        assert _names(filled) == []
        assert f"joe@{DOMAIN}" not in filled.users
        assert filled.limits.get(DOMAIN) == VLimits()
        filled.users.add(f"joe@{DOMAIN}", crypted=CRYPTED)
        assert filled.users.get(f"joe@{DOMAIN}").pw_flags == 0

    def test_deleting_one_domain_leaves_the_others(self, filled: Vpopmail) -> None:
        """Not even a domain whose name begins alike."""
        filled.domains.add(f"{DOMAIN}.org")
        filled.users.add(f"ann@{DOMAIN}.org", crypted=CRYPTED)
        filled.domains.delete(DOMAIN)
        assert f"ann@{DOMAIN}.org" in filled.users

    def test_forgetting_a_domain_without_users_is_no_error(self, site: Vpopmail) -> None:
        """The call may be a repetition after a crash."""
        site.domains.add(DOMAIN)
        store, domain = site.installation.backend, site.domains.get(DOMAIN)
        store.delete_domain(domain)
        store.delete_domain(domain)
        with suppress(BackendUnavailable):  # what is forgotten as a whole may look lost
            assert store.find(domain, "joe") is None

    # a backend that only reads

    def test_a_backend_that_cannot_be_changed_refuses_users(self, site: Vpopmail) -> None:
        """It says so and leaves no home behind."""
        if site.installation.backend.writable:
            pytest.skip("its accounts can be changed")
        site.domains.add(DOMAIN)
        before = _tree(site)
        with pytest.raises(BackendUnavailable):
            site.users.add(f"joe@{DOMAIN}", crypted=CRYPTED)
        assert vpopmail.vadduser("joe", DOMAIN, "", "", 0) == VA.NO_AUTH_CONNECTION
        assert _tree(site) == before

    # users

    def test_an_added_user_is_found(self, filled: Vpopmail) -> None:
        """All fields as they were given, and a home in the domain."""
        user = filled.users.get(f"joe@{DOMAIN}")
        assert (user.pw_name, user.pw_passwd, user.pw_gecos) == ("joe", CRYPTED, "Joe Doe")
        assert (user.pw_gid, user.pw_flags, user.pw_shell) == (0, 0, NOQUOTA)
        assert user.pw_dir == f"{filled.domains.get(DOMAIN).path}/joe"
        assert os.path.isdir(f"{user.pw_dir}/Maildir/new")

    def test_both_faces_give_the_same_record(self, filled: Vpopmail) -> None:
        """Case is folded on the way."""
        user = vpopmail.vauth_getpw("JOE", DOMAIN.upper())
        assert user is not None
        assert user == filled.users.get(f"joe@{DOMAIN}") == next(filled.users.iter(DOMAIN))

    def test_the_c_face_adds_and_deletes(self, filled: Vpopmail) -> None:
        """The codes are those of the C library."""
        assert vpopmail.vadduser("ann", DOMAIN, RIGHT, "Ann", 1) == VA.SUCCESS
        assert filled.users.get(f"ann@{DOMAIN}").pw_uid == 2
        assert vpopmail.vauth_user("ann", DOMAIN, RIGHT) is not None
        assert vpopmail.vdeluser("ann", DOMAIN) == VA.SUCCESS
        assert vpopmail.vauth_getpw("ann", DOMAIN) is None

    def test_pw_uid_marks_pop_and_apop(self, filled: Vpopmail) -> None:
        """1 for POP, 2 for APOP, as C stores it."""
        filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED, apop=1)
        markers = {user.pw_name: user.pw_uid for user in filled.users.iter(DOMAIN)}
        assert markers == {"ann": 2, "joe": 1}

    def test_records_are_fresh(self, filled: Vpopmail) -> None:
        """A caller may change what he got; the store is not changed by it."""
        before = filled.users.get(f"joe@{DOMAIN}").copy()
        for user in (filled.users.get(f"joe@{DOMAIN}"), next(filled.users.iter(DOMAIN))):
            user.pw_gecos, user.pw_gid, user.pw_passwd = "changed", 99, ""
            user.pw_name = user.pw_dir = user.pw_shell = "changed"
        assert filled.users.get(f"joe@{DOMAIN}") == before
        assert list(filled.users.iter(DOMAIN)) == [before]

    def test_a_duplicate_is_refused(self, filled: Vpopmail) -> None:
        """By any name of the domain, in any case; the first user stays as it is."""
        filled.domains.add_alias(ALIAS, DOMAIN)
        for address in (f"joe@{DOMAIN}", f"JOE@{DOMAIN}", f"joe@{ALIAS}"):
            with pytest.raises(UserExists):
                filled.users.add(address, crypted="", gecos="Another")
        assert vpopmail.vadduser("joe", DOMAIN, RIGHT, "Another", 0) == VA.USERNAME_EXISTS
        assert [user.pw_gecos for user in filled.users.iter(DOMAIN)] == ["Joe Doe"]

    def test_a_deleted_user_is_gone_with_the_home(self, filled: Vpopmail) -> None:
        """The name is free again."""
        home = filled.users.get(f"joe@{DOMAIN}").pw_dir
        filled.users.delete(f"joe@{DOMAIN}")
        assert f"joe@{DOMAIN}" not in filled.users
        assert _names(filled) == []
        assert not os.path.exists(home)
        filled.users.add(f"joe@{DOMAIN}", crypted=CRYPTED)
        assert f"joe@{DOMAIN}" in filled.users

    def test_unknown_names_are_told_apart(self, site: Vpopmail) -> None:
        """No such user and no such domain are two answers; a lookup just finds nothing."""
        site.domains.add(DOMAIN)
        for address in (f"nobody@{DOMAIN}", "joe@nowhere.example", "joe", "", f"@{DOMAIN}"):
            assert site.users.find(address) is None
            with pytest.raises(UserNotFound):
                site.users.get(address)
        with pytest.raises(DomainNotFound):
            next(site.users.iter("nowhere.example"))
        with pytest.raises(DomainNotFound):
            site.users.add("joe@nowhere.example", crypted=CRYPTED)
        assert vpopmail.vdeluser("joe", "nowhere.example") == VA.DOMAIN_DOES_NOT_EXIST

    def test_an_unknown_user_cannot_be_deleted(self, filled: Vpopmail) -> None:
        """Nobody else goes instead."""
        with pytest.raises(UserNotFound):
            filled.users.delete(f"jo@{DOMAIN}")
        assert vpopmail.vdeluser("joey", DOMAIN) == VA.USER_DOES_NOT_EXIST
        assert _names(filled) == ["joe"]

    def test_an_alias_domain_has_the_users_of_the_real_one(self, filled: Vpopmail) -> None:
        """They are the same accounts, also for additions, and stay when the alias goes."""
        filled.domains.add_alias(ALIAS, DOMAIN)
        assert filled.users.get(f"Joe@{ALIAS.upper()}") == filled.users.get(f"joe@{DOMAIN}")
        filled.users.add(f"ann@{ALIAS}", crypted=CRYPTED)
        assert _names(filled) == [user.pw_name for user in filled.users.iter(ALIAS)]
        filled.domains.delete(ALIAS)
        assert _names(filled) == ["ann", "joe"]
        assert filled.users.find(f"joe@{ALIAS}") is None

    def test_iteration_is_sorted_by_bytes(self, filled: Vpopmail) -> None:
        """Whatever the order of the additions."""
        given = ["zoe", "a-b", "ab", "a.b", "_x", "a_b", "10", "9a", "ann"]
        for name in given:
            filled.users.add(f"{name}@{DOMAIN}", crypted=CRYPTED)
        assert _names(filled) == sorted(["joe", *given], key=str.encode)

    def test_odd_stored_names_are_sorted_by_bytes(
        self, filled: Vpopmail, domain: DomainEntry
    ) -> None:
        """Names of other tools: UTF-8, or bytes that are no text, as surrogateescape has them."""
        odd = ["\u00e9", "\U0001f600", "z"]
        if filled.installation.backend.keeps_bytes:
            odd += ["\udc80", "\udcff"]
        with _transaction(filled, domain) as change:
            change.lock()
            for name in odd:
                change.add(_record(domain, name))
            _commit(change)
        expected = sorted(["joe", *odd], key=lambda name: name.encode(errors="surrogateescape"))
        assert [user.pw_name for user in filled.users.iter(DOMAIN)] == expected
        assert all(f"{name}@{DOMAIN}" in filled.users for name in odd)

    def test_bytes_that_cannot_be_kept_are_refused(
        self, filled: Vpopmail, domain: DomainEntry
    ) -> None:
        """Never stored as question marks, nor cut."""
        if filled.installation.backend.keeps_bytes:
            pytest.skip("it keeps any bytes")
        for user in (_record(domain, "\udc80"), _record(domain, "amy")):
            user.pw_gecos = "\udcff"
            with _transaction(filled, domain) as change:
                change.lock()
                change.add(user)
                with pytest.raises(InvalidCharacter):
                    change.stage()
        assert f"\udc80@{DOMAIN}" not in filled.users
        assert _names(filled) == ["joe"]

    def test_iteration_shows_the_users_of_its_beginning(self, filled: Vpopmail) -> None:
        """What changes meanwhile is not seen."""
        filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)
        users = filled.users.iter(DOMAIN)
        assert next(users).pw_name == "ann"
        filled.users.delete(f"joe@{DOMAIN}")
        filled.users.add(f"zoe@{DOMAIN}", crypted=CRYPTED)
        assert [user.pw_name for user in users] == ["joe"]
        assert _names(filled) == ["ann", "zoe"]

    def test_many_users_are_spread_over_directories(self, filled: Vpopmail) -> None:
        """100 entries each; places that become free are used again, then the count goes on."""
        base = filled.domains.get(DOMAIN).path
        with filled.batch():
            for number in range(1, USERS):  # joe was the first
                filled.users.add(f"u{number:03}@{DOMAIN}", crypted=CRYPTED)
        places = {user.pw_name: _place(base, user) for user in filled.users.iter(DOMAIN)}
        counts = {place: list(places.values()).count(place) for place in places.values()}
        assert counts == {"": 99, "0": 100, "1": 51}
        assert all(_has_home(base, name, place) for name, place in places.items())
        freed = [next(name for name in places if places[name] == place) for place in ("1", "0")]
        for name in freed:
            filled.users.delete(f"{name}@{DOMAIN}")
        for name in ("new1", "new2", "new3"):
            filled.users.add(f"{name}@{DOMAIN}", crypted=CRYPTED)
        new = [filled.users.get(f"new{number}@{DOMAIN}") for number in (1, 2, 3)]
        assert sorted(_place(base, user) for user in new[:2]) == ["0", "1"]
        assert _place(base, new[2]) == "1"

    # fields

    def test_passwords_are_checked(self, filled: Vpopmail) -> None:
        """The right one is right, by every name; nothing else is."""
        filled.users.add(f"ann@{DOMAIN}", RIGHT)
        assert filled.users.check_password(f"Ann@{DOMAIN}", RIGHT)
        assert not filled.users.check_password(f"ann@{DOMAIN}", RIGHT.upper())
        assert not filled.users.check_password(f"ann@{DOMAIN}", "")
        assert not filled.users.check_password(f"nobody@{DOMAIN}", RIGHT)

    @pytest.mark.parametrize("password", [None, ""])
    def test_without_a_password_nobody_gets_in(
        self, filled: Vpopmail, password: str | None
    ) -> None:
        """An empty password never matches, least of all a user who has none."""
        filled.users.add(f"ann@{DOMAIN}", password)
        assert filled.users.get(f"ann@{DOMAIN}").pw_passwd == ""
        assert not filled.users.check_password(f"ann@{DOMAIN}", "")
        assert vpopmail.vauth_user("ann", DOMAIN, "") is None

    @pytest.mark.parametrize("kept", [False, True])
    def test_the_clear_password_is_kept_only_when_asked_for(
        self,
        backend_name: str,
        kept: bool,  # noqa: FBT001
    ) -> None:
        """By clear_passwd, in every way to read the user."""
        with self.opened(backend_name, clear_passwd=kept) as site:
            _require_writable(site)
            site.domains.add(DOMAIN)
            site.users.add(f"ann@{DOMAIN}", RIGHT)
            found = [site.users.get(f"ann@{DOMAIN}"), *site.users.iter(DOMAIN)]
            expected = RIGHT if kept else ""
            assert [user.pw_clear_passwd for user in found] == [expected, expected]
            assert site.users.check_password(f"ann@{DOMAIN}", RIGHT)

    @pytest.mark.parametrize("kept", [False, True])
    def test_the_store_drops_a_clear_password_it_is_not_to_keep(
        self,
        backend_name: str,
        kept: bool,  # noqa: FBT001
    ) -> None:
        """Also from callers that did not look at clear_passwd."""
        with self.opened(backend_name, clear_passwd=kept) as site:
            _require_writable(site)
            _fill(site)
            domain = site.domains.get(DOMAIN)
            with _transaction(site, domain) as change:
                change.lock()
                user = _record(domain, "ann")
                user.pw_clear_passwd = RIGHT
                change.add(user)
                _commit(change)
            found = [site.users.get(f"ann@{DOMAIN}"), next(site.users.iter(DOMAIN))]
            expected = RIGHT if kept else ""
            assert [user.pw_clear_passwd for user in found] == [expected, expected]

    def test_the_default_quota_comes_from_the_limits(self, filled: Vpopmail) -> None:
        """A quota that is given wins."""
        filled.limits.set(DOMAIN, VLimits(defaultquota=10485760, defaultmaxmsgcount=1000))
        filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)
        filled.users.add(f"zoe@{DOMAIN}", crypted=CRYPTED, quota=NOQUOTA)
        quotas = {user.pw_name: user.pw_shell for user in filled.users.iter(DOMAIN)}
        assert quotas == {"ann": "10485760S,1000C", "joe": NOQUOTA, "zoe": NOQUOTA}

    def test_flags_of_the_limits_are_never_stored(
        self, filled: Vpopmail, domain: DomainEntry
    ) -> None:
        """pw_gid is the user's own; pw_flags is made at each lookup."""
        filled.limits.set(DOMAIN, VLimits(disable_pop=1))
        with _transaction(filled, domain) as change:
            change.lock()
            user = _record(domain, "joe")
            user.pw_gid, user.pw_flags = NO_IMAP, -1
            change.replace(user)
            _commit(change)
        found = filled.users.get(f"joe@{DOMAIN}")
        assert (found.pw_gid, found.pw_flags) == (NO_IMAP, NO_IMAP | NO_POP)
        filled.limits.delete(DOMAIN)
        assert filled.users.get(f"joe@{DOMAIN}").pw_flags == NO_IMAP

    def test_what_would_break_a_line_is_refused(self, filled: Vpopmail) -> None:
        """By every backend: accounts can be converted to files."""
        before = _tree(filled)
        for bad in ("a:b", "a\nb", "a\0b", "a\x7fb"):
            with pytest.raises(InvalidCharacter):
                filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED, gecos=bad)
            with pytest.raises(InvalidCharacter):
                filled.users.add(f"ann@{DOMAIN}", crypted=bad)
            with pytest.raises(InvalidUserName):
                filled.users.add(f"{bad}@{DOMAIN}", crypted=CRYPTED)
            assert vpopmail.vadduser("ann", DOMAIN, RIGHT, bad, 0) == VA.BAD_CHAR
        assert _names(filled) == ["joe"]
        assert _tree(filled) == before

    # dry run and batch

    def test_a_dry_run_touches_nothing(self, filled: Vpopmail) -> None:
        """It gives the plan that would be carried out."""
        before = _tree(filled)
        plans = [
            filled.domains.add("new.example", RIGHT, dry_run=True),
            filled.domains.add_alias(ALIAS, DOMAIN, dry_run=True),
            filled.domains.delete(DOMAIN, dry_run=True),
            filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED, dry_run=True),
            filled.users.delete(f"joe@{DOMAIN}", dry_run=True),
        ]
        assert [plan.carried_out for plan in plans] == [False] * len(plans)
        assert all([step.commit for step in plan.steps].count(True) == 1 for plan in plans)
        assert _names(filled) == ["joe"]
        assert _tree(filled) == before

    def test_a_batch_commits_once_at_its_end(self, filled: Vpopmail, domain: DomainEntry) -> None:
        """Inside, reads see what is pending; nobody else does."""
        find = filled.installation.backend.find
        with filled.batch():
            plan = filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)
            filled.users.add(f"zoe@{DOMAIN}", crypted=CRYPTED)
            filled.users.delete(f"joe@{DOMAIN}")
            assert filled.users.get(f"ann@{DOMAIN}").pw_passwd == CRYPTED
            assert f"joe@{DOMAIN}" not in filled.users
            with pytest.raises(UserExists):
                filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)
            assert not plan.carried_out
            assert find(domain, "ann") is None
            assert find(domain, "joe") is not None
        assert plan.carried_out
        assert _names(filled) == ["ann", "zoe"]

    def test_a_batch_can_make_a_domain_with_its_users(self, filled: Vpopmail) -> None:
        """They are there together."""
        with filled.batch():
            filled.domains.add("new.example", RIGHT)
            filled.users.add("ann@new.example", crypted=CRYPTED)
            assert "ann@new.example" in filled.users
            assert filled.installation.resolve("new.example") is None
        assert [user.pw_name for user in filled.users.iter("new.example")] == ["ann", "postmaster"]
        assert filled.users.check_password("postmaster@new.example", RIGHT)

    def test_an_exception_discards_a_batch(self, filled: Vpopmail) -> None:
        """Nothing of it stays, in the store or on the disk."""
        before = _tree(filled)

        def stopped() -> None:
            with filled.batch():
                filled.domains.add("new.example")
                filled.users.add("ann@new.example", crypted=CRYPTED)
                filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)
                filled.users.delete(f"joe@{DOMAIN}")
                raise RuntimeError("stop")

        with pytest.raises(RuntimeError, match="stop"):
            stopped()
        assert _names(filled) == ["joe"]
        assert "new.example" not in filled.domains
        assert _tree(filled) == before

    # transactions

    def test_a_transaction_sees_its_own_changes(
        self, filled: Vpopmail, domain: DomainEntry
    ) -> None:
        """``stored`` does not, nor does anybody else before the commit."""
        with _transaction(filled, domain) as change:
            change.lock()
            change.add(_record(domain, "ann"))
            change.delete("joe")
            assert change.find("ann") == _record(domain, "ann")
            assert change.find("joe") is None
            assert change.stored("ann") is None
            assert change.stored("joe") is not None
            change.stage()
            assert _names(filled) == ["joe"]
            change.commit()
            assert _names(filled) == ["ann"]
            change.sync()
            change.finish()
        assert _names(filled) == ["ann"]

    def test_a_transaction_gives_fresh_records(self, filled: Vpopmail, domain: DomainEntry) -> None:
        """Pending or stored."""
        with _transaction(filled, domain) as change:
            change.lock()
            change.add(_record(domain, "ann"))
            for name in ("ann", "joe"):
                user = change.find(name)
                assert user is not None
                user.pw_gecos = "changed"
            _commit(change)
        assert "changed" not in [user.pw_gecos for user in filled.users.iter(DOMAIN)]

    def test_a_user_can_be_replaced(self, filled: Vpopmail, domain: DomainEntry) -> None:
        """All fields of the new record, and the others stay."""
        filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)
        with _transaction(filled, domain) as change:
            change.lock()
            change.replace(_record(domain, "joe"))
            _commit(change)
        assert filled.users.get(f"joe@{DOMAIN}") == _record(domain, "joe")
        assert _names(filled) == ["ann", "joe"]

    def test_what_is_forgotten_is_not_done(self, filled: Vpopmail, domain: DomainEntry) -> None:
        """Forgetting is no error where there is nothing."""
        with _transaction(filled, domain) as change:
            change.lock()
            change.add(_record(domain, "ann"))
            change.delete("joe")
            for name in ("ann", "joe", "nobody"):
                change.forget(name)
            _commit(change)
        assert _names(filled) == ["joe"]

    @pytest.mark.parametrize("staged", [False, True])
    def test_closing_drops_what_was_not_committed(
        self,
        filled: Vpopmail,
        domain: DomainEntry,
        staged: bool,  # noqa: FBT001
    ) -> None:
        """The next transaction begins with what was there."""
        before = _tree(filled)
        with _transaction(filled, domain) as change:
            change.lock()
            change.add(_record(domain, "ann"))
            if staged:
                change.stage()
        assert _names(filled) == ["joe"]
        assert _tree(filled) == before
        with _transaction(filled, domain) as change:
            change.lock()
            assert change.find("ann") is None

    def test_staging_refuses_what_would_break_a_line(
        self, filled: Vpopmail, domain: DomainEntry
    ) -> None:
        """Also from callers that did not check, and the good part of it is not stored either."""
        with _transaction(filled, domain) as change:
            change.lock()
            change.add(_record(domain, "ann"))
            bad = _record(domain, "zoe")
            bad.pw_gecos = "a\nroot::0:0:::"
            change.add(bad)
            with pytest.raises(InvalidCharacter):
                change.stage()
        assert _names(filled) == ["joe"]

    def test_the_lock_excludes_another_thread(self, backend_name: str) -> None:
        """Until it is given back; other domains are free meanwhile, and so are readers."""
        with self.opened(backend_name, lock_timeout=0) as site:
            _require_writable(site)
            _fill(site)
            site.domains.add("new.example")
            with _transaction(site, site.domains.get(DOMAIN)) as change:
                change.lock()
                error = _in_thread(lambda: site.users.add(f"ann@{DOMAIN}", crypted=CRYPTED))
                assert isinstance(error, BackendUnavailable)
                other = _in_thread(lambda: site.users.add("ann@new.example", crypted=CRYPTED))
                assert other is None
                assert _in_thread(lambda: site.users.get(f"joe@{DOMAIN}")) is None
            assert _in_thread(lambda: site.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)) is None
            assert _names(site) == ["ann", "joe"]

    def test_threads_lose_no_addition(self, filled: Vpopmail) -> None:
        """Each reads, under the lock, what the others stored."""
        start = threading.Barrier(4)
        errors: list[BaseException | None] = []

        def add_some(letter: str) -> None:
            start.wait()
            for number in range(5):
                filled.users.add(f"{letter}{number}@{DOMAIN}", crypted=CRYPTED)

        def run(letter: str) -> None:
            errors.append(_caught(lambda: add_some(letter)))

        threads = [threading.Thread(target=run, args=(letter,)) for letter in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == [None] * 4
        assert _names(filled) == sorted([*(f"{a}{n}" for a in "abcd" for n in range(5)), "joe"])

    # facets

    def test_dir_control_keeps_the_counter(self, filled: Vpopmail, domain: DomainEntry) -> None:
        """By key: fresh, replaced, and forgotten."""
        store = filled.installation.backend
        if DIR_CONTROL not in store.facets or not isinstance(store, DirControlFacet):
            pytest.skip("it does not keep dir_control")
        with filled.installation.open_domain(domain) as directory:
            state = store.read_dir_control(DOMAIN, directory)
            assert state is not None
            state.cur_users, state.the_dir = 123, "0"
            store.write_dir_control(DOMAIN, directory, state)
            again = store.read_dir_control(DOMAIN, directory)
            assert again == state
            assert again is not state
            assert store.read_dir_control("dom_1", directory) is None
            assert store.delete_dir_control(DOMAIN, directory)
            assert store.read_dir_control(DOMAIN, directory) is None
            assert not store.delete_dir_control(DOMAIN, directory)

    def test_limits_are_kept(self, filled: Vpopmail, domain: DomainEntry) -> None:
        """By domain: fresh, replaced, and forgotten."""
        store = filled.installation.backend
        if LIMITS not in store.facets or not isinstance(store, LimitsFacet):
            pytest.skip("it does not keep limits")
        default = store.read_limits(domain)
        limits = VLimits(maxaliases=5, disable_imap=1, perm_quota=7)
        store.write_limits(domain, limits)
        found = store.read_limits(domain)
        assert found == limits
        assert found is not None
        limits.maxaliases = found.maxaliases = 6
        assert getattr(store.read_limits(domain), "maxaliases", None) == 5
        assert store.delete_limits(domain)
        assert store.read_limits(domain) == default
        assert not store.delete_limits(domain)

    # aliases, wherever they are kept

    def test_aliases_are_added_changed_and_deleted(self, site: Vpopmail) -> None:
        """The same whether the backend keeps them or the files do."""
        site.domains.add(DOMAIN)
        for line in ("&ann@other.example", "&joe@example.com", "&ann@other.example"):
            site.aliases.add(f"Sales.eu@{DOMAIN}", line)
        site.aliases.set(f"info@{DOMAIN}", ["|/bin/true"])
        site.aliases.remove(f"sales.eu@{DOMAIN}", "&ann@other.example")
        found = dict(site.aliases.iter(DOMAIN))
        assert found == {"info": ["|/bin/true"], "sales.eu": ["&joe@example.com"]}
        site.aliases.delete(f"info@{DOMAIN}")
        assert site.aliases.names(DOMAIN) == ["sales.eu"]
        with pytest.raises(AliasNotFound):
            site.aliases.delete(f"info@{DOMAIN}")

    def test_an_alias_may_have_no_line_and_is_still_there(self, site: Vpopmail) -> None:
        """It is not the same as no alias."""
        site.domains.add(DOMAIN)
        site.aliases.set(f"empty@{DOMAIN}", [])
        assert site.aliases.find(f"empty@{DOMAIN}") == []
        assert site.aliases.find(f"none@{DOMAIN}") is None
        assert site.aliases.names(DOMAIN) == ["empty"]

    def test_aliases_of_a_batch_count_at_its_end(self, filled: Vpopmail) -> None:
        """With its users, and a listing inside sees them."""
        with filled.batch():
            filled.aliases.add(f"sales@{DOMAIN}", "&joe@example.com")
            filled.users.add(f"ann@{DOMAIN}", crypted=CRYPTED)
            assert filled.aliases.names(DOMAIN) == ["sales"]
            assert filled.installation.aliases.alias_names(filled.domains.get(DOMAIN)) == []
        assert filled.aliases.get(f"sales@{DOMAIN}") == ["&joe@example.com"]
        assert _names(filled) == ["ann", "joe"]

    def test_a_deleted_domain_is_forgotten_with_its_aliases(self, site: Vpopmail) -> None:
        """A new domain of the same name begins without."""
        site.domains.add(DOMAIN)
        site.aliases.add(f"sales@{DOMAIN}", "&joe@example.com")
        site.domains.delete(DOMAIN)
        site.domains.add(DOMAIN)
        assert site.aliases.names(DOMAIN) == []

    def test_aliases_are_kept(self, filled: Vpopmail, domain: DomainEntry) -> None:
        """Of a backend that keeps them: any text, fresh, deleted; ``default`` is not listed."""
        store = filled.installation.backend
        if ALIASES not in store.facets or not isinstance(store, AliasesFacet):
            pytest.skip("it does not keep aliases")
        odd = "# \u00e9 \udcff" if store.keeps_bytes else "# \u00e9"
        lines = ["&ann@other.example", odd, "&ann@other.example"]
        _change_aliases(filled, domain, {"a.b": lines, "Odd Name": [], "default": ["&x"]})
        found = store.read_alias(domain, "a.b")
        assert found == lines
        found.append("changed")
        lines.append("changed")
        assert len(store.read_alias(domain, "a.b") or []) == 3
        assert store.read_alias(domain, "Odd Name") == []
        assert store.read_alias(domain, "default") == ["&x"]
        assert sorted(store.alias_names(domain)) == ["Odd Name", "a.b"]
        _change_aliases(filled, domain, {"a.b": None, "Odd Name": ["one"], "none": None})
        assert store.read_alias(domain, "a.b") is None
        assert store.read_alias(domain, "Odd Name") == ["one"]
        assert store.alias_names(domain) == ["Odd Name"]

    def test_aliases_that_are_not_committed_do_not_count(
        self, filled: Vpopmail, domain: DomainEntry
    ) -> None:
        """Of a backend that keeps them: staged is not stored."""
        store = filled.installation.backend
        if ALIASES not in store.facets or not isinstance(store, AliasesFacet):
            pytest.skip("it does not keep aliases")
        with _transaction(filled, domain) as change:
            change.lock()
            change.aliases["sales"] = ["&joe@example.com"]
            assert change.has_changes
            change.stage()
            assert _in_thread(lambda: _no_alias(store, domain)) is None
        assert store.alias_names(domain) == []

    def test_new_users_are_noted(self, filled: Vpopmail) -> None:
        """Twice does no harm; the files of a new home are bytes by plain names."""
        store = filled.installation.backend
        if LAST_AUTH not in store.facets or not isinstance(store, LastAuthFacet):
            pytest.skip("it does not keep last_auth")
        store.note_new_users(DOMAIN, ["joe", "amy"])
        store.note_new_users(DOMAIN, ["joe", "amy"])
        files = store.first_auth_files("0.0.0.0")  # noqa: S104 - the marker of lastauth
        assert all("/" not in name and isinstance(data, bytes) for name, data in files.items())

    # the copy of the alias domains, where a backend keeps one

    def test_alias_domains_are_copied(self, site: Vpopmail) -> None:
        """Whatever changes them; a batch copies at its end."""
        store = _alias_domains(site)
        site.domains.add(DOMAIN)
        site.domains.add("other.example")
        site.domains.add_alias(ALIAS, DOMAIN)
        assert vpopmail.vaddaliasdomain("second.example", ALIAS) == VA.SUCCESS
        assert dict(store.iterate_alias_domains()) == {ALIAS: DOMAIN, "second.example": DOMAIN}
        site.domains.update_alias(ALIAS, "other.example")
        assert dict(store.iterate_alias_domains())[ALIAS] == "other.example"
        with site.batch():
            site.domains.add_alias("third.example", "other.example")
            site.domains.delete("second.example")
            assert "third.example" not in dict(store.iterate_alias_domains())
        assert dict(store.iterate_alias_domains()) == dict.fromkeys(
            (ALIAS, "third.example"), "other.example"
        )
        site.domains.delete("other.example")
        assert dict(store.iterate_alias_domains()) == {}
        assert not site.reconcile(dry_run=True)

    def test_a_refused_alias_domain_is_not_copied(self, site: Vpopmail) -> None:
        """Nor does a dry run copy anything."""
        store = _alias_domains(site)
        site.domains.add(DOMAIN)
        with pytest.raises(DomainNotFound):
            site.domains.add_alias(ALIAS, "none.example")
        site.domains.add_alias(ALIAS, DOMAIN, dry_run=True)
        assert dict(store.iterate_alias_domains()) == {}

    def test_a_wrong_copy_of_alias_domains_is_put_right(self, site: Vpopmail) -> None:
        """By reconcile, which only tells of it in a dry run."""
        store = _alias_domains(site)
        site.domains.add(DOMAIN)
        site.domains.add_alias(ALIAS, DOMAIN)
        site.domains.add_alias("second.example", DOMAIN)
        wrong = {ALIAS: None, "second.example": "other.example", "third.example": DOMAIN}
        store.write_alias_domains(wrong)
        assert vpopmail.vcreate_sql_aliasdomain(DOMAIN, "fourth.example") == 0
        before = dict(store.iterate_alias_domains())
        (finding,) = site.reconcile(dry_run=True).findings
        assert "4 of them" in finding.what
        assert dict(store.iterate_alias_domains()) == before
        assert site.reconcile().repaired
        right = {ALIAS: DOMAIN, "second.example": DOMAIN}
        assert dict(store.iterate_alias_domains()) == right
        assert vpopmail.vdelete_sql_aliasdomain(ALIAS) == 0
        assert dict(store.iterate_alias_domains()) == {"second.example": DOMAIN}

    # the log of logins, where a backend keeps one

    def test_logins_are_logged(self, site: Vpopmail) -> None:
        """All fields come back, oldest first; from a time on; and they are forgotten by time."""
        log = _auth_log(site)
        records = [
            LoginRecord(
                f"joe{number}",
                DOMAIN,
                logon=f"Joe{number}@Example.com",
                password="it's %s",  # noqa: S106 - a text to be kept
                remote_ip="192.0.2.1",
                message=f"vchkpw-pop3: password fail joe{number}@{DOMAIN}:192.0.2.1",
                time=1000 + number,
                status=VLOG_ERROR_PASSWD,
            )
            for number in range(3)
        ]
        for record in records:
            log.write_log(record)
        assert list(log.iterate_log()) == records
        assert list(log.iterate_log(1001)) == records[1:]
        assert log.delete_log(1001) == 2
        assert list(log.iterate_log()) == records[2:]
        assert log.delete_log(1001) == 0

    def test_a_login_of_nobody_is_logged(self, site: Vpopmail) -> None:
        """Most of it may be unknown; the same login twice is two."""
        log = _auth_log(site)
        record = LoginRecord("", "", logon="", message="null user name given :", time=7)
        log.write_log(record)
        log.write_log(record)
        assert list(log.iterate_log()) == [record, record]

    @pytest.mark.parametrize(
        "text",
        ["\0", "'", "\udcff\udc80", "\U0001f600", "x" * 5000, "\U0001f600" * 300],
        ids=["NUL", "quote", "bytes", "emoji", "long", "long-emoji"],
    )
    def test_nobody_keeps_out_of_the_log_by_what_he_types(self, site: Vpopmail, text: str) -> None:
        """Shortened or escaped if need be: there is a line, and nobody else's name is in it."""
        log = _auth_log(site)
        log.write_log(
            LoginRecord(
                text,
                text,
                logon=f"begin {text}",
                password=text,
                remote_ip=text,
                message=f"begin {text}",
                time=7,
                status=VLOG_AUTH,
            )
        )
        (found,) = log.iterate_log()
        assert (found.time, found.status) == (7, VLOG_AUTH)
        assert found.logon.startswith("begin")
        assert found.message.startswith("begin")
        escaped = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
        whole = {text, escaped, ascii(text)[1:-1], ""}
        assert {found.user, found.domain, found.password, found.remote_ip} <= whole

    def test_the_c_face_logs(self, site: Vpopmail) -> None:
        """With the time of now; -1 where no log is kept."""
        given = (VLOG_AUTH, "joe", DOMAIN, "", f"joe@{DOMAIN}", "192.0.2.1", "login success")
        if AUTH_LOG not in site.installation.backend.facets:
            assert vpopmail.logsql(*given) == -1
            return
        assert vpopmail.logsql(*given) == 0
        (found,) = _auth_log(site).iterate_log()
        assert (found.user, found.message, found.status) == ("joe", "login success", VLOG_AUTH)
        assert abs(found.time - time()) < 60

    # addresses: IP maps and roaming users, where a backend keeps them

    def test_an_address_stands_for_a_domain(self, site: Vpopmail) -> None:
        """The first one, if the store can have several; exactly the pair is forgotten."""
        store = _ip_map(site)
        assert store.read_ip_map("192.0.2.1") is None
        assert list(store.iterate_ip_map()) == []
        store.write_ip_map("192.0.2.1", DOMAIN)
        store.write_ip_map("192.0.2.2", ALIAS)
        assert store.read_ip_map("192.0.2.1") == DOMAIN
        assert list(store.iterate_ip_map()) == [("192.0.2.1", DOMAIN), ("192.0.2.2", ALIAS)]
        assert not store.delete_ip_map("192.0.2.1", ALIAS)
        assert store.delete_ip_map("192.0.2.1", DOMAIN)
        assert store.read_ip_map("192.0.2.1") is None
        assert not store.delete_ip_map("192.0.2.1", DOMAIN)
        assert store.read_ip_map("192.0.2.2") == ALIAS

    def test_an_address_can_stand_for_one_domain_alone(self, site: Vpopmail) -> None:
        """What else it had goes in the same act; all that it has can be forgotten at once."""
        store = _ip_map(site)
        store.write_ip_map("192.0.2.1", DOMAIN)
        store.write_ip_map("192.0.2.1", ALIAS)
        store.write_ip_map("192.0.2.1", "third.example", alone=True)
        store.write_ip_map("2001:db8::1", DOMAIN)
        assert store.read_ip_map("192.0.2.1") == "third.example"
        assert [pair for pair in store.iterate_ip_map() if pair[0] == "192.0.2.1"] == [
            ("192.0.2.1", "third.example")
        ]
        assert store.delete_ip_map("192.0.2.1")
        assert not store.delete_ip_map("192.0.2.1")
        assert list(store.iterate_ip_map()) == [("2001:db8::1", DOMAIN)]

    def test_the_object_face_maps_addresses(self, site: Vpopmail) -> None:
        """Whoever keeps them: addresses in one form, domains folded."""
        site.ip_maps.set("2001:DB8:0::1", "Example.COM")
        assert site.ip_maps.get("2001:db8::1") == DOMAIN
        site.ip_maps.set("2001:db8::1", ALIAS)
        assert list(site.ip_maps) == [("2001:db8::1", ALIAS)]
        site.ip_maps.delete("2001:db8::1")
        assert "2001:db8::1" not in site.ip_maps
        with pytest.raises(IpMapNotFound):
            site.ip_maps.delete("2001:db8::1")

    def test_an_address_may_send_mail_until_it_is_old(self, site: Vpopmail) -> None:
        """It is new once; each login sets its time; it goes with the time, not before."""
        store = _relay(site)
        assert store.relay_addresses() == []
        assert store.open_relay("192.0.2.1", 1000)
        assert store.open_relay("192.0.2.2", 1001)
        assert not store.open_relay("192.0.2.1", 1002)
        assert sorted(store.relay_addresses()) == [("192.0.2.1", 1002), ("192.0.2.2", 1001)]
        assert store.close_relay(1000) == 0
        assert store.close_relay(1001) == 1
        assert store.relay_addresses() == [("192.0.2.1", 1002)]
        assert store.close_relay(1002) == 1
        assert store.open_relay("192.0.2.1", 1003)

    def test_no_login_is_lost_among_many(self, site: Vpopmail) -> None:
        """Threads log in from addresses of their own and from a common one."""
        store = _relay(site)
        news: list[bool] = []

        def log_in(thread: int) -> None:
            for number in range(5):
                store.open_relay(f"192.0.2.{thread * 5 + number}", 1000)
                news.append(store.open_relay("198.51.100.1", 1000))

        threads = [threading.Thread(target=log_in, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert news.count(True) == 1
        assert len(store.relay_addresses()) == 41

    def test_the_rules_follow_the_addresses(self, site: Vpopmail) -> None:
        """Whoever keeps the addresses: the compiled rules are in step with them."""
        site.prepare()
        assert site.relay.open("2001:DB8::1")
        assert not site.relay.open("2001:db8::1")
        assert "2001:db8::1" in site.relay
        with open(f"{site.settings.tcpserver_file}.cdb", "rb") as file:
            assert b"2001:db8::1+RELAYCLIENT=" in file.read()
        assert site.relay.clear(older_than=-60) == 1
        with open(f"{site.settings.tcpserver_file}.cdb", "rb") as file:
            assert b"2001:db8::1" not in file.read()


def _ip_map(site: Vpopmail) -> IpMapFacet:
    return site.installation.ip_map


def _relay(site: Vpopmail) -> RelayFacet:
    return site.installation.relay


def _alias_domains(site: Vpopmail) -> AliasDomainsFacet:
    store = site.installation.backend
    if ALIAS_DOMAINS not in store.facets or not isinstance(store, AliasDomainsFacet):
        pytest.skip("it keeps no copy of alias domains")
    return store


def _auth_log(site: Vpopmail) -> AuthLogFacet:
    store = site.installation.backend
    if AUTH_LOG not in store.facets or not isinstance(store, AuthLogFacet):
        pytest.skip("it keeps no log of logins")
    return store


def _require_writable(site: Vpopmail) -> None:
    if not site.installation.backend.writable:
        pytest.skip("its accounts cannot be changed")


def _fill(site: Vpopmail) -> None:
    site.domains.add(DOMAIN)
    site.users.add(f"joe@{DOMAIN}", crypted=CRYPTED, gecos="Joe Doe")


def _names(site: Vpopmail) -> list[str]:
    return [user.pw_name for user in site.users.iter(DOMAIN)]


def _record(domain: DomainEntry, name: str) -> VqPasswd:
    return VqPasswd(name, "", 2, NO_IMAP, f"{name} stored", f"{domain.path}/{name}", "1000S")


@contextmanager
def _transaction(site: Vpopmail, domain: DomainEntry) -> Iterator[Transaction]:
    installation = site.installation
    with (
        installation.open_domain(domain) as directory,
        installation.backend.transaction(domain, directory) as change,
    ):
        yield change


def _change_aliases(
    site: Vpopmail, domain: DomainEntry, aliases: Mapping[str, list[str] | None]
) -> None:
    with _transaction(site, domain) as change:
        change.lock()
        change.aliases.update(aliases)
        _commit(change)


def _no_alias(store: AliasesFacet, domain: DomainEntry) -> None:
    assert store.alias_names(domain) == []


def _commit(change: Transaction) -> None:
    change.stage()
    change.commit()
    change.sync()
    change.finish()


def _place(base: str, user: VqPasswd) -> str:
    """The hashed directory of a home, ``""`` for the domain's own."""
    return user.pw_dir.removeprefix(base).removesuffix(user.pw_name).strip("/")


def _has_home(base: str, name: str, place: str) -> bool:
    return os.path.isdir(os.path.join(base, place, name, "Maildir", "cur"))


def _tree(site: Vpopmail) -> dict[str, tuple[int, bytes]]:
    """Every path of the site with its mode and content."""
    settings = site.settings
    found: dict[str, tuple[int, bytes]] = {}
    for root in (settings.vpopmaildir, settings.qmaildir):
        for directory, directories, files in os.walk(root):
            for name in directories:
                path = f"{directory}/{name}"
                found[path] = (os.lstat(path).st_mode, b"")
            for name in files:
                path = f"{directory}/{name}"
                with open(path, "rb") as file:
                    found[path] = (os.lstat(path).st_mode, file.read())
    return found


def _caught(do: Callable[[], object]) -> Exception | None:
    try:
        do()
    except Exception as error:  # noqa: BLE001 - whatever it is goes to the test
        return error
    return None


def _in_thread(do: Callable[[], object]) -> Exception | None:
    """What another thread gets for it: None if all is well."""
    errors: list[Exception | None] = []
    thread = threading.Thread(target=lambda: errors.append(_caught(do)))
    thread.start()
    thread.join()
    return errors[0]
