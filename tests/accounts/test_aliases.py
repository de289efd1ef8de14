"""Aliases: added, changed, read, listed and deleted, in files and in a backend that keeps them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import DOMAIN, tree, without_locks
from vpopmail import Vpopmail, use
from vpopmail.codes import VA
from vpopmail.errors import (
    AliasNotFound,
    AliasUnreadable,
    InvalidCharacter,
    DomainDirectoryMissing,
    DomainNotFound,
    FieldMissing,
    InvalidUserName,
    VpopmailError,
)
from vpopmail.events.events import Event
from vpopmail.safeio import seam
from vpopmail.testing.sandbox import sandbox

SALES = f"sales@{DOMAIN}"
JOE = "&joe@example.com"
AMY = "&amy@other.org"


@pytest.fixture(params=["cdb", "memory"])
def kept(
    request: pytest.FixtureRequest, make_site: Callable[..., Vpopmail]
) -> Iterator[Vpopmail]:
    """A site with a domain, whose aliases are files or kept by the backend."""
    site = make_site(backend=request.param)
    with use(site):
        site.domains.add(DOMAIN)
        yield site


def listing(site: Vpopmail, pattern: str | None = None) -> list[tuple[str, list[str]]]:
    return list(site.aliases.iter(DOMAIN, names=pattern))


# both kinds


@pytest.mark.parametrize("line", ["", " ", "\t "])
def test_a_line_that_delivers_to_nobody_is_refused(kept: Vpopmail, line: str) -> None:
    kept.aliases.add(SALES, JOE)
    for change in (
        lambda: kept.aliases.add(SALES, line),
        lambda: kept.aliases.add(f"new@{DOMAIN}", line),
        lambda: kept.aliases.set(SALES, [JOE, line]),
    ):
        with pytest.raises(FieldMissing, match="deliver"):
            change()
    assert listing(kept) == [("sales", [JOE])]


def test_an_alias_is_made_by_its_first_line_and_keeps_the_order(kept: Vpopmail) -> None:
    assert kept.aliases.find(SALES) is None
    assert SALES not in kept.aliases
    for line in (JOE, AMY, JOE):
        plan = kept.aliases.add(SALES, line)
        assert plan.carried_out
        assert not plan.unfinished
    assert kept.aliases.get(SALES) == [JOE, AMY, JOE]
    assert SALES in kept.aliases
    assert kept.aliases.get(f"Sales@{DOMAIN.upper()}") == [JOE, AMY, JOE]


def test_removing_takes_the_whole_line_only(kept: Vpopmail) -> None:
    kept.aliases.set(SALES, [JOE, f"{JOE}.au", AMY, JOE])
    kept.aliases.remove(SALES, JOE)
    assert kept.aliases.get(SALES) == [f"{JOE}.au", AMY]
    assert kept.aliases.remove(SALES, "&nobody").carried_out
    kept.aliases.remove(SALES, AMY)
    kept.aliases.remove(SALES, f"{JOE}.au")
    assert kept.aliases.get(SALES) == []
    assert listing(kept) == [("sales", [])]


def test_setting_replaces_all_lines(kept: Vpopmail) -> None:
    kept.aliases.set(SALES, [JOE])
    kept.aliases.set(SALES, iter([AMY, "|/bin/prog a\tb"]))
    assert kept.aliases.get(SALES) == [AMY, "|/bin/prog a\tb"]
    with pytest.raises(TypeError):
        kept.aliases.set(SALES, JOE)


def test_deleting_an_alias_leaves_the_others(kept: Vpopmail) -> None:
    kept.aliases.add(SALES, JOE)
    kept.aliases.add(f"sales.eu@{DOMAIN}", AMY)
    kept.aliases.delete(f"SALES@{DOMAIN}")
    assert listing(kept) == [("sales.eu", [AMY])]
    for missing in (SALES, f"a/b@{DOMAIN}", f"@{DOMAIN}", f"{'x' * 300}@{DOMAIN}"):
        with pytest.raises(AliasNotFound):
            kept.aliases.delete(missing)
        with pytest.raises(AliasNotFound):
            kept.aliases.get(missing)
        with pytest.raises(AliasNotFound):
            kept.aliases.remove(missing, JOE)


def test_listings_are_sorted_without_regard_to_case_and_filtered(kept: Vpopmail) -> None:
    for name in ("zeta", "Beta", "alpha", "first.last", "beta-2"):
        kept.aliases.add(f"{name}@{DOMAIN}", f"&{name}@other.org")
    names = ["alpha", "beta", "beta-2", "first.last", "zeta"]
    assert kept.aliases.names(DOMAIN) == names
    assert [name for name, _ in listing(kept)] == names
    assert listing(kept, "b*2") == [("beta-2", ["&beta-2@other.org"])]


def test_default_is_an_alias_that_is_not_listed(kept: Vpopmail) -> None:
    kept.aliases.set(f"default@{DOMAIN}", [AMY])
    assert kept.aliases.get(f"default@{DOMAIN}") == [AMY]
    assert kept.aliases.names(DOMAIN) == []


def test_an_alias_domain_has_the_aliases_of_the_real_one(kept: Vpopmail) -> None:
    kept.domains.add_alias("alias.example", DOMAIN)
    kept.aliases.add("sales@alias.example", JOE)
    assert kept.aliases.get(SALES) == [JOE]
    assert kept.aliases.names("alias.example") == ["sales"]
    kept.aliases.delete("sales@alias.example")
    assert SALES not in kept.aliases


def test_deleting_all_leaves_the_default_and_other_domains(kept: Vpopmail) -> None:
    kept.domains.add("other.example")
    default = Path(kept.domains.get(DOMAIN).path, ".qmail-default").read_bytes()
    for address in (SALES, f"a.b@{DOMAIN}", "sales@other.example"):
        kept.aliases.add(address, JOE)
    assert kept.aliases.delete_all(DOMAIN).carried_out
    assert listing(kept) == []
    assert kept.aliases.get("sales@other.example") == [JOE]
    assert Path(kept.domains.get(DOMAIN).path, ".qmail-default").read_bytes() == default
    kept.aliases.delete_all(DOMAIN)


@pytest.mark.parametrize(
    ("address", "line", "code"),
    [
        (f"a/b@{DOMAIN}", JOE, VA.ILLEGAL_USERNAME),
        (f"a:b@{DOMAIN}", JOE, VA.ILLEGAL_USERNAME),
        (f"a\n@{DOMAIN}", JOE, VA.ILLEGAL_USERNAME),
        (f"\u00fc@{DOMAIN}", JOE, VA.ILLEGAL_USERNAME),
        (f"@{DOMAIN}", JOE, VA.ILLEGAL_USERNAME),
        (f"..@{DOMAIN}", JOE, VA.ILLEGAL_USERNAME),
        (f"{'a' * 65}@{DOMAIN}", JOE, VA.USER_NAME_TOO_LONG),
        (f"sales@{'a' * 97}", JOE, VA.DOMAIN_NAME_TOO_LONG),
        ("sales@none.example", JOE, VA.DOMAIN_DOES_NOT_EXIST),
        ("sales", JOE, VA.INVALID_DOMAIN_NAME),
        (SALES, "x" * 160, VA.ALIAS_LINE_TOO_LONG),
        (SALES, "\u00fc" * 80, VA.ALIAS_LINE_TOO_LONG),
        (SALES, "&x\n|/bin/sh", VA.BAD_CHAR),
        (SALES, "&x\0", VA.BAD_CHAR),
        (SALES, "\ud800", VA.BAD_CHAR),
    ],
)
def test_bad_names_and_lines_are_refused_and_change_nothing(
    kept: Vpopmail, tmp_path: Path, address: str, line: str, code: VA
) -> None:
    before = tree(tmp_path)
    for change in (
        lambda: kept.aliases.add(address, line),
        lambda: kept.aliases.set(address, [JOE, line]),
        lambda: kept.aliases.add(address, line, dry_run=True),
    ):
        with pytest.raises(VpopmailError) as caught:
            change()
        assert caught.value.code == code
    assert tree(tmp_path) == before
    assert listing(kept) == []


def test_unknown_domains_have_no_aliases(kept: Vpopmail) -> None:
    for address in ("sales@none.example", "sales", "", "@"):
        assert kept.aliases.find(address) is None
        assert address not in kept.aliases
    for look in (
        lambda: kept.aliases.names("none.example"),
        lambda: list(kept.aliases.iter("none.example")),
        lambda: kept.aliases.delete("sales@none.example"),
        lambda: kept.aliases.remove("sales@none.example", JOE),
        lambda: kept.aliases.delete_all("none.example"),
    ):
        with pytest.raises(DomainNotFound):
            look()


# dry run, batch, events


def test_a_dry_run_decides_and_changes_nothing(kept: Vpopmail, tmp_path: Path) -> None:
    kept.aliases.set(SALES, [JOE, AMY])
    before, had = without_locks(tree(tmp_path)), listing(kept)
    plans = [
        kept.aliases.add(SALES, AMY, dry_run=True),
        kept.aliases.set(SALES, [], dry_run=True),
        kept.aliases.remove(SALES, JOE, dry_run=True),
        kept.aliases.delete(SALES, dry_run=True),
        kept.aliases.delete_all(DOMAIN, dry_run=True),
    ]
    assert all(plan.steps and not plan.carried_out for plan in plans)
    with pytest.raises(AliasNotFound):
        kept.aliases.delete(f"none@{DOMAIN}", dry_run=True)
    assert (without_locks(tree(tmp_path)), listing(kept)) == (before, had)


def test_a_batch_sees_its_changes_and_others_see_them_at_its_end(
    kept: Vpopmail, make_site: Callable[..., Vpopmail]
) -> None:
    kept.aliases.set(SALES, [JOE])
    kept.aliases.set(f"old@{DOMAIN}", [JOE])
    other = make_site() if kept.settings.backend == "cdb" else None
    with kept.batch():
        plans = [
            kept.aliases.add(SALES, AMY),
            kept.aliases.add(f"new@{DOMAIN}", JOE),
            kept.aliases.add(f"new@{DOMAIN}", AMY),
            kept.aliases.remove(f"new@{DOMAIN}", JOE),
            kept.aliases.delete(f"old@{DOMAIN}"),
        ]
        assert listing(kept) == [("new", [AMY]), ("sales", [JOE, AMY])]
        assert f"old@{DOMAIN}" not in kept.aliases
        assert kept.aliases.get(SALES) == [JOE, AMY]
        with pytest.raises(AliasNotFound):
            kept.aliases.delete(f"old@{DOMAIN}")
        assert other is None or listing(other) == [("old", [JOE]), ("sales", [JOE])]
        assert not any(plan.carried_out for plan in plans)
    assert all(plan.carried_out for plan in plans)
    assert listing(kept) == [("new", [AMY]), ("sales", [JOE, AMY])]
    assert other is None or listing(other) == listing(kept)


def test_an_error_in_a_batch_discards_its_aliases(kept: Vpopmail) -> None:
    def change() -> None:
        with kept.batch():
            kept.aliases.add(SALES, JOE)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        change()
    assert listing(kept) == []


def test_a_batch_decides_again_at_its_end(site: Vpopmail, make_site: Callable[..., Vpopmail]) -> None:
    site.domains.add(DOMAIN)
    other = make_site()
    site.aliases.add(SALES, JOE)
    with site.batch():
        site.aliases.add(SALES, AMY)
        other.aliases.add(SALES, "&else@other.org")
    assert site.aliases.get(SALES) == [JOE, "&else@other.org", AMY]


def test_deleting_all_in_a_batch_takes_what_is_pending_too(kept: Vpopmail) -> None:
    kept.aliases.add(SALES, JOE)
    with kept.batch():
        kept.aliases.add(f"new@{DOMAIN}", JOE)
        kept.aliases.delete_all(DOMAIN)
        assert listing(kept) == []
        kept.aliases.add(f"last@{DOMAIN}", AMY)
    assert listing(kept) == [("last", [AMY])]


def test_deleting_all_in_a_batch_keeps_a_pending_default(kept: Vpopmail) -> None:
    with kept.batch():
        kept.default_delivery.set(DOMAIN, "delete")
        kept.aliases.add(SALES, JOE)
        kept.aliases.delete_all(DOMAIN)
    assert kept.default_delivery.get(DOMAIN) == "delete"
    assert listing(kept) == []


def test_a_listing_passes_over_what_is_deleted_meanwhile(kept: Vpopmail) -> None:
    for name in ("a1", "b1", "c1"):
        kept.aliases.add(f"{name}@{DOMAIN}", JOE)
    found = kept.aliases.iter(DOMAIN)
    assert next(found) == ("a1", [JOE])
    kept.aliases.delete(f"b1@{DOMAIN}")
    assert list(found) == [("c1", [JOE])]


def test_a_domain_made_in_a_batch_takes_aliases_at_once(kept: Vpopmail) -> None:
    with kept.batch():
        kept.domains.add("new.example", "secret")
        kept.aliases.add("sales@new.example", JOE)
        assert kept.aliases.names("new.example") == ["sales"]
    assert kept.aliases.get("sales@new.example") == [JOE]


def test_subscribers_hear_of_each_change(kept: Vpopmail) -> None:
    heard: list[Event] = []
    kept.events.subscribe(heard.append)
    kept.aliases.add(f"Sales@{DOMAIN}", JOE)
    kept.aliases.remove(SALES, JOE)
    kept.aliases.set(SALES, [AMY])
    kept.aliases.delete(SALES)
    kept.aliases.delete_all(DOMAIN)
    kept.aliases.add(SALES, JOE, dry_run=True)
    assert [(event.command, event.arguments) for event in heard if event.when == "after"] == [
        ("valias_insert", (SALES, JOE)),
        ("valias_remove", (SALES, JOE)),
        ("valias_set", (SALES,)),
        ("valias_delete", (SALES,)),
        ("valias_delete_domain", (DOMAIN,)),
    ]
    assert [event.when for event in heard] == ["before", "after"] * 5


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_no_line_is_lost_when_several_add_at_once(
    make_site: Callable[..., Vpopmail], backend: str
) -> None:
    site = make_site(backend=backend, lock_timeout=60)
    site.domains.add(DOMAIN)

    def add(number: int) -> None:
        for count in range(10):
            site.aliases.add(SALES, f"&{number}.{count}@other.org")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    added = [f"&{number}.{count}@other.org" for number in range(4) for count in range(10)]
    assert sorted(site.aliases.get(SALES)) == sorted(added)


lines = st.one_of(st.sampled_from([JOE, AMY, "", "# \u00fc"]), st.text("abc \t|&@\udcff", max_size=9))
steps = st.tuples(
    st.sampled_from(["add", "remove", "set", "delete"]),
    st.sampled_from(["a1", "B2", "b2", "c.d"]),
    st.lists(lines, min_size=1, max_size=3),
)


@pytest.mark.parametrize("backend", ["cdb", "memory"])
@given(st.lists(steps, max_size=12), st.booleans())
def test_any_changes_equal_those_of_a_dictionary(
    backend: str, changes: list[tuple[str, str, list[str]]], batched: bool
) -> None:
    model: dict[str, list[str]] = {}
    with sandbox(backend, sync=False) as site:
        site.domains.add(DOMAIN)
        if batched:
            with site.batch():
                _apply(site, model, changes)
        else:
            _apply(site, model, changes)
        assert dict(site.aliases.iter(DOMAIN)) == model
        assert site.aliases.names(DOMAIN) == sorted(model)


def _apply(
    site: Vpopmail, model: dict[str, list[str]], changes: list[tuple[str, str, list[str]]]
) -> None:
    for what, name, given_lines in changes:
        address, key, line = f"{name}@{DOMAIN}", name.lower(), given_lines[0]
        refused = [line] if what == "add" else given_lines if what == "set" else []
        if not all(one.strip(" \t") for one in refused):
            with pytest.raises(FieldMissing):
                site.aliases.set(address, refused)
        elif what == "add":
            site.aliases.add(address, line)
            model.setdefault(key, []).append(line)
        elif what == "set":
            site.aliases.set(address, given_lines)
            model[key] = list(given_lines)
        elif key not in model:
            with pytest.raises(AliasNotFound):
                _take(site, what, address, line)
        else:
            _take(site, what, address, line)
            left = [one for one in model.pop(key) if one != line]
            if what == "remove":
                model[key] = left
        assert site.aliases.find(address) == model.get(key)


def _take(site: Vpopmail, what: str, address: str, line: str) -> None:
    if what == "delete":
        site.aliases.delete(address)
    else:
        site.aliases.remove(address, line)


# files


def test_the_file_has_the_name_that_qmail_looks_for_and_belongs_to_the_domain(
    site: Vpopmail, domain: Path
) -> None:
    site.aliases.add(f"First.Last@{DOMAIN}", JOE)
    file = domain / ".qmail-first:last"
    assert file.read_bytes() == b"&joe@example.com\n"
    status, owner = file.stat(), site.domains.get(DOMAIN)
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o600, owner.uid, owner.gid)


def test_foreign_bytes_and_long_lines_survive_in_other_lines(site: Vpopmail, domain: Path) -> None:
    foreign = b"# \xff\xfe\x00\r\n&" + b"l" * 300 + b"@other.org\n\n&last@other.org"
    (domain / ".qmail-sales").write_bytes(foreign)
    site.aliases.add(SALES, JOE)
    assert (domain / ".qmail-sales").read_bytes() == foreign + b"\n&joe@example.com\n"
    site.aliases.remove(SALES, JOE)
    assert (domain / ".qmail-sales").read_bytes() == foreign + b"\n"
    for line in site.aliases.get(SALES):
        site.aliases.remove(SALES, line)
    assert (domain / ".qmail-sales").read_bytes() == b""


def test_a_stored_name_however_odd_is_found_and_deleted_as_it_is_listed(
    site: Vpopmail, domain: Path
) -> None:
    odd = ["Sales", "sales", "x y", "\udcff", "-", "..", "#", "a:b", "caf\u00e9", "x" * 200]
    for name in odd:
        (domain / f".qmail-{name}").write_text(f"{name}\n", "utf-8", "surrogateescape")
    names = [name.replace(":", ".") for name in odd]
    assert sorted(site.aliases.names(DOMAIN)) == sorted(names)
    for name, stored in zip(names, odd, strict=True):
        assert site.aliases.get(f"{name}@{DOMAIN}") == [stored]
    for left, name in enumerate(reversed(names)):
        site.aliases.delete(f"{name}@{DOMAIN}")
        assert len(site.aliases.names(DOMAIN)) == len(names) - left - 1


def test_a_name_with_dots_instead_of_colons_is_one_alias_with_it(
    site: Vpopmail, domain: Path
) -> None:
    (domain / ".qmail-a.b").write_bytes(b"&dotted@other.org\n")
    assert site.aliases.get(f"a.b@{DOMAIN}") == ["&dotted@other.org"]
    (domain / ".qmail-a:b").write_bytes(b"&right@other.org\n")
    assert listing(site) == [("a.b", ["&right@other.org"])]
    site.aliases.delete(f"a.b@{DOMAIN}")
    assert listing(site) == []
    assert sorted(path.name for path in domain.glob(".qmail-*")) == [".qmail-default"]


def test_old_mailing_lists_are_listed_and_read_through_their_links(
    site: Vpopmail, domain: Path
) -> None:
    (domain / "news/digest").mkdir(parents=True)
    for name in ("editor", "owner", "manager"):
        (domain / "news" / name).write_text(f"|/ezmlm-{name}\n")
    for link, target in (
        (".qmail-news", f"{domain}/news/editor"),
        (".qmail-short", "news/../news/editor"),
        (".qmail-local", "./news/editor"),
        (".qmail-news-owner", f"{domain}/news/owner"),
        (".qmail-news-default", f"{domain}/news/manager"),
    ):
        (domain / link).symlink_to(target)
    assert site.aliases.names(DOMAIN) == ["local", "news", "short"]
    assert listing(site) == [("local", ["|/ezmlm-editor"]), ("news", ["|/ezmlm-editor"])]
    assert site.aliases.get(f"news-owner@{DOMAIN}") == ["|/ezmlm-owner"]
    for change in (
        lambda: site.aliases.add(f"news@{DOMAIN}", JOE),
        lambda: site.aliases.set(f"news@{DOMAIN}", [JOE]),
        lambda: site.aliases.remove(f"news@{DOMAIN}", "|/ezmlm-editor"),
    ):
        with pytest.raises(AliasUnreadable):
            change()
    site.aliases.delete(f"news@{DOMAIN}")
    assert (domain / "news/editor").read_text() == "|/ezmlm-editor\n"
    assert not os.path.lexists(domain / ".qmail-news")
    site.aliases.delete_all(DOMAIN)
    assert sorted(path.name for path in domain.glob(".qmail-*")) == [".qmail-default"]
    assert (domain / "news/owner").is_file()


@pytest.mark.parametrize("kind", ["passwd", "outside", "chain", "dangling", "fifo", "directory"])
def test_what_is_no_file_of_the_domain_is_not_read_and_not_written(
    site: Vpopmail, domain: Path, tmp_path: Path, kind: str
) -> None:
    trap = domain / ".qmail-x"
    (tmp_path / "secret").write_text("root's own\n")
    (domain / "out").symlink_to(tmp_path)
    targets = {
        "passwd": "/etc/passwd",
        "outside": f"{domain}/../../../secret",
        "chain": f"{domain}/out/secret",
        "dangling": f"{domain}/nothing",
    }
    if kind == "fifo":
        os.mkfifo(trap)
    elif kind == "directory":
        trap.mkdir()
    else:
        trap.symlink_to(targets[kind])
    site.aliases.add(SALES, JOE)
    before = without_locks(tree(tmp_path))
    for touch in (
        lambda: site.aliases.get(f"x@{DOMAIN}"),
        lambda: site.aliases.add(f"x@{DOMAIN}", JOE),
        lambda: site.aliases.set(f"x@{DOMAIN}", [JOE]),
        lambda: site.aliases.remove(f"x@{DOMAIN}", JOE),
    ):
        with pytest.raises(AliasUnreadable) as caught:
            touch()
        assert caught.value.code == VA.COULD_NOT_OPEN_DOT_QMAIL
    assert without_locks(tree(tmp_path)) == before
    assert listing(site) == [("sales", [JOE])]
    assert site.aliases.names(DOMAIN) == (["sales"] if kind in ("fifo", "directory") else ["sales", "x"])
    if kind == "directory":
        with pytest.raises(AliasNotFound):
            site.aliases.delete(f"x@{DOMAIN}")
    else:
        site.aliases.delete(f"x@{DOMAIN}")
    site.aliases.delete_all(DOMAIN)
    assert os.path.lexists(trap) == (kind == "directory")


def test_a_domain_without_its_directory_says_so(site: Vpopmail, domain: Path) -> None:
    domain.rename(domain.with_name("elsewhere"))
    for look in (lambda: site.aliases.find(SALES), lambda: site.aliases.names(DOMAIN)):
        with pytest.raises(AliasUnreadable, match="No such file"):
            look()
    with pytest.raises(DomainDirectoryMissing):
        site.aliases.add(SALES, JOE)


def test_a_full_disk_leaves_the_alias_as_it_was(
    site: Vpopmail, domain: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    site.aliases.add(SALES, JOE)
    before = without_locks(tree(domain))
    fail("write")
    with pytest.raises(OSError, match="No space"):
        site.aliases.add(SALES, AMY)
    monkeypatch.undo()
    assert without_locks(tree(domain)) == before


def test_errors_name_what_is_wrong_on_one_line(site: Vpopmail, domain: Path) -> None:
    for error, call in (
        (AliasNotFound, lambda: site.aliases.get(f"a\nb@{DOMAIN}")),
        (InvalidUserName, lambda: site.aliases.add(f"a\nb@{DOMAIN}", JOE)),
        (InvalidCharacter, lambda: site.aliases.add(SALES, "a\nb")),
    ):
        with pytest.raises(error) as caught:
            call()
        assert "\n" not in str(caught.value)


def test_files_that_could_not_be_put_in_their_places_are_told_and_follow_later(
    site: Vpopmail, domain: Path, fail: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told to be deleted, without an error, is not there any more."""
    site.aliases.set(SALES, [JOE])
    site.aliases.set(f"more@{DOMAIN}", [JOE])
    fail("unlink", 1, ".qmail-sales")
    with pytest.raises(OSError, match="No space"):
        site.aliases.delete_all(DOMAIN)
    monkeypatch.setattr(seam, "watch", None)
    site.aliases.set(f"new@{DOMAIN}", [JOE])
    assert site.aliases.names(DOMAIN) == ["new"]
