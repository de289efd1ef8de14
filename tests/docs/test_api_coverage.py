"""docs/api-coverage.md says of every C function where it is, and what it says is true."""

from __future__ import annotations

import inspect
import re
from operator import attrgetter
from pathlib import Path

import pytest

import vpopmail

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared/reference/api.md"
# Ours: the iterators beside cursors, and what stands for verrori.
OURS = {
    "domain_entries",
    "ip_map_entries",
    "last_error",
    "valias_all",
    "valias_lines",
    "valias_names",
    "vauth_users",
}
# In the reference, but no functions of the C library.
NO_FUNCTIONS = {
    "chdir", "umask", "aliasdomains", "ip_alias_map", "lastauth", "log", "relay", "valias",
    "vread", "vwrite", "Del", "Count", "List",
    "del_domain", "del_user", "valias_add", "valias_line", "valias_type", "vdelivermail",
    "vdeloldusers",
}  # fmt: skip
# Words that can only be functions of the C library, with or without parentheses.
FUNCTION = re.compile(
    r"\b((?:client|del|inc|lock|pw_strength|quota|valias|vauth|vfd|vlimits)_[a-z]\w*"
    r"|(?:vadd|vdel|vget|vset|vshow|vsql|vexit)[a-z]\w*|(?:isExisting|isValid|list)[A-Z]\w+)"
)
# Named there in groups: ``string_list_init/add/free``, ``vget/vadd/vdel/vshow_ip_map``.
IN_GROUPS = {
    "inc_dir", "is_writelock", "linklist_add", "linklist_del", "listSubsAdd", "listSubsCount",
    "listSubsDel", "listSubsList", "lock_reg", "lock_test", "next_char", "print_control", "qnprintf",
    "string_list_add", "string_list_free", "string_list_init", "unlock_lock", "vadd_ip_map",
    "vdel_dir_control", "vdel_ip_map", "vdel_limits", "vexit", "vexiterror", "vget_ip_map",
    "vget_limits", "vread_dir_control", "vset_limits", "vshow_ip_map", "vsqlerror",
    "vwrite_dir_control", "wrapreaduserquota", "write_lock",
}  # fmt: skip


def rows() -> list[tuple[str, str, str]]:
    """Name and arguments, place and remark of each function."""
    text = (ROOT / "docs/api-coverage.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([^`]+)` \| (`[^`]+`|none) \|(.*)\|$", text, flags=re.M)


NAMES = [row[0].partition("(")[0] for row in rows()]
EXPORTED = {
    name
    for module, names in vpopmail._PUBLIC.items()  # type: ignore[attr-defined] # hidden
    if module.startswith("capi.")
    for name in names
}


def arguments(function: object) -> str:
    """The arguments as the table shows them."""
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return ", ".join("*" * (p.kind == p.VAR_POSITIONAL) + p.name for p in parameters)


@pytest.mark.parametrize("row", [row for row in rows() if row[1] != "none"], ids=lambda row: row[0])
def test_a_function_is_where_the_table_says(row: tuple[str, str, str]) -> None:
    name, _, rest = row[0].partition("(")
    function = getattr(vpopmail, name)
    assert callable(function)
    assert function.__module__ == row[1].strip("`")
    assert arguments(function) == rest.removesuffix(")")


@pytest.mark.parametrize("row", [row for row in rows() if row[1] == "none"], ids=lambda row: row[0])
def test_a_function_without_a_place_is_not_there_and_has_a_reason(row: tuple[str, str, str]) -> None:
    assert not hasattr(vpopmail, row[0])
    assert row[2].strip()


def test_no_function_stands_in_the_table_twice() -> None:
    assert sorted(NAMES) == sorted(set(NAMES))


def test_every_exported_function_stands_in_the_table() -> None:
    assert EXPORTED - set(NAMES) == OURS
    text = (ROOT / "docs/api-coverage.md").read_text(encoding="utf-8")
    assert [name for name in OURS - {"last_error"} if f"`{name}`" not in text] == []


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not beside the repository")
def test_every_function_of_the_reference_stands_in_the_table() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    groups = re.findall(r"`([A-Za-z_][A-Za-z0-9_/]*)\(", text)
    found = {name for group in groups for name in group.split("/")}
    found |= set(FUNCTION.findall(text)) | IN_GROUPS
    assert found - NO_FUNCTIONS - set(NAMES) == set()


def test_what_a_remark_points_to_is_there(site: vpopmail.Vpopmail) -> None:
    text = (ROOT / "docs/api-coverage.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`site\.([a-z_.]+)", text))
    assert named
    for path in named:
        assert attrgetter(path)(site) is not None
