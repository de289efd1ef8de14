"""Bad input for the managers of a site: a documented error, nothing written."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Callable, Iterator

import pytest

from tests import nasty
from tests.nasty import ALIAS, DOMAIN, Filled, Tree, changed, check_whole, filled
from vpopmail import VLimits, Vpopmail, errors
from vpopmail.errors import (
    DomainNotFound,
    GecosTooLong,
    InvalidCharacter,
    InvalidDomainName,
    InvalidInput,
    InvalidQuota,
    InvalidUserName,
    PasswordTooLong,
    UserNameTooLong,
    VpopmailError,
)

MANAGERS = (
    *("domains", "users", "aliases", "limits", "quotas", "default_delivery", "catch_all"),
    *("ip_maps", "relay"),
)
# Managers to which the store of accounts matters most.
STORING = ("users", "aliases")
# Taken from the inside: functions that get a function.
INSIDE = {("users", "edit"), ("users", "edit_all")}
VALID: dict[str, Callable[[Filled], object]] = {
    "action": lambda _: "delete",
    "address": lambda _: f"joe@{DOMAIN}",
    "alias": lambda _: "sales",
    "apop": lambda _: 0,
    "before": lambda _: 0,
    "clear_flags": lambda _: 0,
    "count": lambda _: 1,
    "crypted": lambda _: None,
    "dir": lambda _: None,
    "domain": lambda _: DOMAIN,
    "flags": lambda _: 0,
    "gecos": lambda _: "Joe",
    "gid": lambda _: os.getegid(),
    "limits": lambda _: VLimits(),
    "line": lambda _: f"&joe@{DOMAIN}",
    "lines": lambda _: [f"&joe@{DOMAIN}"],
    "name": lambda _: "joe",
    "names": lambda _: None,
    "password": lambda _: None,
    "quota": lambda _: "5M",
    "real": lambda _: DOMAIN,
    "refresh": lambda _: True,
    "remote_ip": lambda _: "192.0.2.1",
    "set_flags": lambda _: 0,
    "size": lambda _: 1,
    "uid": lambda _: os.geteuid(),
    "user": lambda _: nasty.joe(),
    "users": lambda _: [nasty.joe()],
    "values": lambda _: 1,
    "where": lambda _: None,
    "without": lambda _: 0,
}
OTHERWISE: dict[tuple[str, str, str], object] = {
    ("domains", "add", "name"): "new.example",
    ("domains", "add_alias", "alias"): "new.example",
    ("domains", "update_alias", "alias"): ALIAS,
    ("domains", "delete", "name"): "none.example",
    ("domains", "get", "name"): DOMAIN,
    ("users", "add", "address"): f"newone@{DOMAIN}",
    ("users", "add_to", "name"): "newone",
    ("users", "authenticate", "password"): "secret-7",
    ("users", "change_own_password", "password"): "secret-7",
    ("users", "check_password", "password"): "secret-7",
    ("users", "delete_unused", "names"): ["joe"],
    ("users", "iter", "flags"): 0,
    ("users", "update", "gecos"): None,
    ("aliases", "add", "address"): f"sales@{DOMAIN}",
    ("aliases", "remove", "address"): f"sales@{DOMAIN}",
    ("aliases", "delete", "address"): f"sales@{DOMAIN}",
}
Case = tuple[str, str, str]


def _kind(manager: str) -> type:
    with filled("memory") as made:
        return type(getattr(made.site, manager))


KINDS = {manager: _kind(manager) for manager in MANAGERS}


def cases() -> list[Case]:
    """Manager, method and parameter."""
    return [
        (manager, name, key)
        for manager, kind in KINDS.items()
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if (not name.startswith("_") or name == "__contains__") and (manager, name) not in INSIDE
        for key, annotation in _parameters(manager, name).items()
        if re.search(r"\b(str|int|VqPasswd|VLimits)\b", annotation) and key != "where"
    ]


def _parameters(manager: str, name: str) -> dict[str, str]:
    signature = inspect.signature(getattr(KINDS[manager], name))
    kinds = {key: str(value.annotation) for key, value in signature.parameters.items()}
    return {key: kind for key, kind in kinds.items() if key not in {"self", "dry_run"}}


def bad_values(key: str, kind: str) -> Iterator[object]:
    """What a parameter is tried with."""
    if "VqPasswd" in kind:
        many = "Iterable" in kind
        yield from ([record] if many else record for record in nasty.records())
    elif "VLimits" in kind:
        yield from (VLimits(maxaliases=number, diskquota=number) for number in nasty.NUMBERS)
    elif "Iterable" in kind:
        yield from ([text] for text in nasty.TEXTS)
    elif key == "address":
        yield from ("", "@", "a@b@c", "joe", "joe%", "\ud800")
        yield from (f"{text}@{DOMAIN}" for text in nasty.TEXTS)
        yield from (f"joe@{text}" for text in nasty.TEXTS)
    else:
        yield from nasty.TEXTS if "str" in kind else ()
        yield from nasty.NUMBERS if "int" in kind else ()


def arguments(made: Filled, case: Case, value: object) -> tuple[list[object], dict[str, object]]:
    """Valid arguments but for one."""
    manager, name, wrong = case
    positional: list[object] = []
    named: dict[str, object] = {}
    for key, one in inspect.signature(getattr(KINDS[manager], name)).parameters.items():
        if key in {"self", "dry_run"}:
            continue
        given = OTHERWISE.get((manager, name, key), VALID[key](made) if key in VALID else None)
        given = value if key == wrong else given
        if one.kind is one.VAR_KEYWORD:
            named["maxaliases"] = given
        elif one.kind is one.KEYWORD_ONLY:
            named[key] = given
        else:
            positional.append(given)
    return positional, named


def documented(manager: str, name: str, depth: int = 3) -> set[str]:
    """The names of the errors that a method documents, itself or by the name of another."""
    text = inspect.getdoc(getattr(KINDS[manager], name, None)) or ""
    found = {word for word in re.findall(r"\b[A-Z]\w+\b", text) if hasattr(errors, word)}
    for kind, other in re.findall(r"``(?:(\w+)\.)?(\w+)``", text) if depth else ():
        for place, one in KINDS.items():
            if one.__name__ == kind or (place == manager and not kind):
                found |= documented(place, other, depth - 1)
    return found


def outcome(made: Filled, case: Case, value: object, **more: bool) -> VpopmailError | None:
    """Call once: the error, or None. Anything else that is raised fails the test."""
    positional, named = arguments(made, case, value)
    call = getattr(getattr(made.site, case[0]), case[1])
    try:
        result = call(*positional, **named, **more)
        if hasattr(result, "__next__"):
            list(result)
    except VpopmailError as error:
        return error
    return None


def try_one(made: Filled, case: Case, value: object, before: Tree) -> Tree:
    """Call once, where it can be with a dry run before, and check what it says and did."""
    what = f"site.{case[0]}.{case[1]}({case[2]}={ascii(value)[:200]})"
    signature = inspect.signature(getattr(KINDS[case[0]], case[1]))
    dry = None
    if "dry_run" in signature.parameters:
        dry = outcome(made, case, value, dry_run=True)
        assert changed(before, made.tree()) == set(), f"{what} dry run"
    error = outcome(made, case, value)
    after = made.tree()
    if "dry_run" in signature.parameters:
        assert type(dry) is type(error), f"{what}: {dry!r} with dry_run, {error!r} without"
    done = changed(before, after)
    assert {where.partition("/")[0] for where in done} <= {"vpopmail", "qmail", "the store"}
    if error is None:
        check_whole(made)
        return after
    assert not done, f"{what} raises {error!r} and changed {sorted(done)}"
    names = {kind.__name__ for kind in type(error).__mro__}
    assert names & documented(case[0], case[1]), f"{what}: {error!r} is not documented"
    assert len(str(error)) < 1000, what
    assert str(error).isprintable(), what
    return after


@pytest.fixture(scope="module")
def kept(request: pytest.FixtureRequest) -> Iterator[Filled]:
    """A filled site for many tests."""
    with filled(request.param) as made:
        yield made


@pytest.mark.parametrize(
    ("case", "kept"),
    [
        pytest.param(case, backend, id=".".join((*case, backend)))
        for case in cases()
        for backend in (("cdb", "memory") if case[0] in STORING else ("cdb",))
    ],
    indirect=["kept"],
)
def test_bad_input_is_a_documented_error_and_writes_nothing(case: Case, kept: Filled) -> None:
    before = kept.fresh()
    for value in bad_values(case[2], _parameters(case[0], case[1])[case[2]]):
        before = kept.fresh(try_one(kept, case, value, before))


Refusal = tuple[Callable[[Vpopmail], object], type[VpopmailError]]
REFUSED: dict[str, Refusal] = {
    "domain up": (lambda site: site.domains.add("../up"), InvalidDomainName),
    "domain dots": (lambda site: site.domains.add("two..dots.com"), InvalidDomainName),
    "domain dash": (lambda site: site.domains.add("-dash.org"), InvalidDomainName),
    "domain disputed": (lambda site: site.domains.add("stra\u00dfe.org"), InvalidDomainName),
    "domain unknown": (lambda site: site.domains.get("a\nb"), DomainNotFound),
    "user up": (lambda site: site.users.add(f"../up@{DOMAIN}"), InvalidUserName),
    "user empty": (lambda site: site.users.add(f"@{DOMAIN}"), InvalidUserName),
    "user non-ASCII": (lambda site: site.users.add(f"j\u00f6@{DOMAIN}"), InvalidUserName),
    "user long": (lambda site: site.users.add(f"{'a' * 65}@{DOMAIN}"), UserNameTooLong),
    "gecos line": (lambda site: site.users.add(f"x1@{DOMAIN}", gecos="a\nb"), InvalidCharacter),
    "gecos new": (lambda site: site.users.update(f"joe@{DOMAIN}", gecos="a:b"), InvalidCharacter),
    "gecos long": (lambda site: site.users.update(f"joe@{DOMAIN}", gecos="a" * 300), GecosTooLong),
    "password": (lambda site: site.users.set_password(f"joe@{DOMAIN}", "a\0"), InvalidCharacter),
    "password long": (
        lambda site: site.users.set_password(f"joe@{DOMAIN}", "a" * 300),
        PasswordTooLong,
    ),
    "crypted": (
        lambda site: site.users.set_password(f"joe@{DOMAIN}", crypted="a:b"),
        InvalidCharacter,
    ),
    "quota": (lambda site: site.users.set_quota(f"joe@{DOMAIN}", "much"), InvalidQuota),
    "quota negative": (lambda site: site.users.set_quota(f"joe@{DOMAIN}", -1), InvalidQuota),
    "quota large": (lambda site: site.users.set_quota(f"joe@{DOMAIN}", 2**64), InvalidQuota),
    "flags": (lambda site: site.users.update(f"joe@{DOMAIN}", flags=2**31), InvalidInput),
    "alias empty": (lambda site: site.aliases.add(f"@{DOMAIN}", "&a@b.org"), InvalidUserName),
    "remote IP": (lambda site: site.users.note_login(f"joe@{DOMAIN}", "a b"), InvalidInput),
    "action": (lambda site: site.default_delivery.set(DOMAIN, "|rm"), InvalidInput),
    "catch-all": (lambda site: site.catch_all.set(DOMAIN, "a b@c.org"), InvalidInput),
}


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_each_refusal_is_the_error_for_it(backend: str) -> None:
    with filled(backend) as made:
        before = made.tree()
        for what, (act, kind) in REFUSED.items():
            with pytest.raises(VpopmailError) as caught:
                act(made.site)
            assert type(caught.value) is kind, what
        assert not changed(before, made.tree())


def test_bad_input_in_a_batch_discards_it() -> None:
    with filled("cdb") as made:
        before = made.tree()
        with pytest.raises(InvalidCharacter), made.site.batch():
            made.site.users.add(f"one@{DOMAIN}")
            made.site.domains.add("new.example")
            made.site.users.add(f"two@{DOMAIN}", gecos="a\nb")
        assert not changed(before, made.tree())


@pytest.mark.parametrize("backend", ["cdb", "memory"])
def test_u_labels_are_the_same_domain_in_and_after_a_batch(backend: str) -> None:
    with filled(backend) as made:
        site = made.site
        with site.batch():
            site.domains.add("gr\u00fcn.example")
            site.domains.add_alias("GR\u00dcNER.example", "xn--grn-ioa.example")
            site.users.add("joe@Gr\u00dcn.example")
            assert "joe@gr\u00fcner.example" in site.users
            assert "xn--grn-ioa.example" in site.domains
        assert site.users.get("joe@gr\u00fcner.example").pw_dir.endswith("/xn--grn-ioa.example/joe")
        site.catch_all.set("gr\u00fcn.example", "amy@b\u00fccher.example")
        assert site.catch_all.get("xn--grn-ioa.example") == "amy@xn--bcher-kva.example"
        site.catch_all.set("gr\u00fcn.example", "joe@gr\u00fcner.example")
        assert site.catch_all.protects("gr\u00fcn.example", "joe")
        with site.batch():
            site.domains.delete("gr\u00fcner.example")
            assert "gr\u00fcner.example" not in site.domains
        assert site.domains.aliases("gr\u00fcn.example") == []


def test_the_text_of_an_error_is_one_line_with_an_end() -> None:
    with filled("memory") as made:
        for name in nasty.TEXTS:
            with pytest.raises(DomainNotFound) as caught:
                made.site.domains.get(name)
            assert str(caught.value).isprintable()
            assert len(str(caught.value)) < 1000
