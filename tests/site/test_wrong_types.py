"""Wrong Python types on the object face: a TypeError in clear words, before anything is written."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

import vpopmail
from tests.nasty import ALIAS, DOMAIN, Filled, changed, filled
from vpopmail import VLimits, VqPasswd
from vpopmail.qmail import Qmail

MANAGERS = (
    *("aliases", "catch_all", "default_delivery", "domains", "events", "ip_maps", "limits"),
    *("auth_log", "bulletins", "logins", "mail", "qmail", "quotas", "relay", "users"),
)
# Managers that own what they do not show: parts of them are for the rooms above.
OF_THE_SITE = ("diagnose", "rebuild", "reconcile")
NOT_FOR_CALLERS = {
    ("qmail", "change"),
    ("qmail", "control"),
    *(("events", name) for name in ("after", "before", "call_script", "committed", "noted")),
    ("events", "wanted_before"),
    ("users", "edit"),
    ("users", "edit_all"),
    ("users", "store"),
}
VALID = {
    "action": "delete",
    "address": f"joe@{DOMAIN}",
    "alias": ALIAS,
    "aliases": None,
    "command": "add_user",
    "count": 1,
    "crypted": "$1$x",
    "directories": (),
    "domain": DOMAIN,
    "before": 1,
    "domains": None,
    "domain_name": DOMAIN,
    "entry": None,
    "flags": 0,
    "gecos": "Joe",
    "line": "&amy@example.com",
    "lines": ["&amy@example.com"],
    "limits": VLimits(),
    "name": "joe",
    "names": None,
    "password": "secret-7",
    "quota": "5M",
    "real": DOMAIN,
    "message": b"Subject: x\n\n",
    "path": "list",
    "service": "pop",
    "older_than_days": 1,
    "remote_ip": "192.0.2.1",
    "size": 1,
    "subscriber": print,
    "user": "joe",
    "without": 0,
}
OTHERWISE = {
    ("domains.add", "name"): "new.example",
    ("domains.add", "dir"): None,
    ("domains.add", "uid"): None,
    ("domains.add", "gid"): None,
    ("domains.add_alias", "alias"): "other.example",
    ("users.add", "address"): f"new@{DOMAIN}",
    ("users.add_to", "name"): "new",
    ("users.add", "crypted"): None,
    ("users.add_to", "crypted"): None,
    ("users.set_password", "crypted"): None,
    ("users.update", "crypted"): None,
    ("ip_maps.add", "address"): "192.0.2.1",
    ("ip_maps.set", "address"): "192.0.2.1",
    ("quotas.set", "quota"): "5M",
    ("users.delete_unused", "names"): [],
    ("quotas.usage_of", "user"): VqPasswd("joe"),
    ("users.last_auths", "users"): [],
    ("users.iter", "where"): None,
    ("users.iter_all", "where"): None,
}
WRONG = (None, 7, 1.5, b"bytes", "text", ["a"], [7], {"a": 7}, object())
CLEAR = re.compile(r"\b(needed|must be|is an?|are an?|there is no limit)\b.*|give it clear")


def methods() -> list[tuple[str, str]]:
    """Manager and public method."""
    with filled("memory") as made:
        found = [
            (manager, name)
            for manager in MANAGERS
            for name in [*dir(type(getattr(made.site, manager))), "__contains__"]
            if callable(getattr(type(getattr(made.site, manager)), name, None))
            and (not name.startswith("_") or name == "__contains__")
            and (manager, name) not in NOT_FOR_CALLERS
        ]
    return sorted(set(found)) + [("", name) for name in OF_THE_SITE]


def is_allowed(kind: str, value: object) -> bool:
    """Whether an annotation allows a value; what is only true or false may be anything."""
    kinds = {part.strip() for part in re.sub(r"\[.*\]", "", kind).split("|")}
    if "bool" in kinds or "object" in kinds:
        return True
    if value is None:
        return "None" in kinds
    if isinstance(value, str):
        return "str" in kinds
    if isinstance(value, int):
        return bool(kinds & {"int", "float"})
    if isinstance(value, float):
        return "float" in kinds
    if isinstance(value, bytes):
        return "bytes" in kinds
    if isinstance(value, list) and kinds & {"Collection", "Iterable", "Sequence"}:
        return value == ["a"]
    return isinstance(value, dict) and bool(kinds & {"Collection", "Iterable", "Mapping"})


@pytest.fixture(scope="module", params=["cdb", "memory"])
def kept(request: pytest.FixtureRequest) -> Iterator[Filled]:
    with filled(request.param) as made:
        yield made


@pytest.mark.parametrize(("manager", "name"), methods())
def test_a_wrong_type_is_a_type_error_in_clear_words(
    kept: Filled, manager: str, name: str
) -> None:
    before = kept.fresh()
    owner = getattr(kept.site, manager) if manager else kept.site
    method = getattr(owner, name)
    parameters = {
        key: str(one.annotation)
        for key, one in inspect.signature(method).parameters.items()
        if one.kind is not one.VAR_KEYWORD
    }
    valid = {
        key: OTHERWISE.get((f"{manager}.{name}", key), VALID.get(key))
        for key in parameters
        if (f"{manager}.{name}", key) in OTHERWISE or key in VALID
    }
    told = []
    for key, kind in parameters.items():
        for wrong in WRONG:
            if is_allowed(kind, wrong):
                continue
            arguments = {**valid, key: wrong}
            what = f"{manager}.{name}({key}={wrong!r})"
            try:
                result = method(**arguments) if name != "__contains__" else method(wrong)
                if hasattr(result, "__next__"):
                    list(result)
            except TypeError as error:
                if not CLEAR.search(str(error)):
                    told.append(f"{what}: {error}")
            except Exception as error:  # noqa: BLE001
                told.append(f"{what}: {type(error).__name__}: {error}")
            else:
                told.append(f"{what} is taken")
    assert told == []
    assert not changed(before, kept.tree())


def test_what_is_no_site_no_config_and_no_code() -> None:
    for act in (
        lambda: vpopmail.use("site"),
        lambda: vpopmail.use(None),
        lambda: vpopmail.Vpopmail("/home/vpopmail"),
        lambda: vpopmail.Vpopmail({}),
        lambda: vpopmail.verror("0"),
        lambda: Qmail(7),
        lambda: Qmail("/var/qmail", cdb_name=None),
        lambda: Qmail("/var/qmail", lock_timeout="20"),
        lambda: vpopmail.verror(None),
    ):
        with pytest.raises(TypeError, match="is needed, not"):
            act()


def test_alias_domains_to_be_rebuilt_are_texts(kept: Filled) -> None:
    for aliases in ({"a.example": 7}, {7: DOMAIN}):
        with pytest.raises(TypeError, match="a str is needed"):
            kept.site.rebuild(aliases=aliases, dry_run=True)
