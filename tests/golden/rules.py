"""The one table of everything the comparison accepts or reads differently from the recording.

Each rule has its paragraph, with the reason, in docs/differences.md under the heading ``why``;
test_rules.py checks that none is missing there and none is left over. No rule knows a scenario:
it looks at the step, at the path, at the tree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import rules_accounts as accounts
from . import rules_addresses as addresses
from . import rules_aliases as aliases
from . import rules_domains as domains
from . import rules_files as files
from . import rules_quotas as quotas
from . import rules_records as records
from . import rules_vauth as vauth
from .model import Entry
from .scenario import Step
from .world import World


@dataclass(frozen=True)
class Rule:
    """One thing that is allowed to differ.

    Attributes:
        name: short and unique.
        why: the heading of its paragraph in docs/differences.md.
        ignores: members of a recorded result that are not compared.
        begins: sees a step before it is made and gives the step as it is for us; here the rule
            writes down in the world what the step leaves different for later ones.
        reads: what a recorded entry is with us; None is nothing there.
        settles: corrects the expected tree after each step whose changes were taken over.
        tolerates: the expected entry of a path that differs, brought nearer to ours where allowed.
    """

    name: str
    why: str
    ignores: frozenset[str] = frozenset()
    begins: Callable[[Step, World], Step] | None = None
    reads: Callable[[str, Entry, World], Entry | None] | None = None
    settles: Callable[[World], None] | None = None
    tolerates: (
        Callable[[str, Entry | None, Entry | None, World], Entry | None] | None
    ) = None


RULES: tuple[Rule, ...] = (
    # What a library does not do to its caller.
    Rule(
        "nothing-printed",
        "Nothing is printed",
        ignores=frozenset(("stdout", "stderr")),
    ),
    Rule(
        "process-kept",
        "The umask and the working directory are kept",
        ignores=frozenset(("umask_after", "cwd_after")),
    ),
    Rule(
        "arguments-kept",
        "Arguments are not changed",
        ignores=frozenset(("email_after",)),
        begins=accounts.arguments_kept,
    ),
    Rule("no-crash", "Nothing crashes", begins=accounts.no_crash),
    # What differs from run to run.
    Rule("random-salts", "Salts are random", tolerates=files.random_salts),
    Rule("random-passwords", "Random passwords", begins=accounts.random_passwords),
    Rule(
        "names-of-a-moment", "Times, process numbers and hosts", tolerates=files.moments
    ),
    Rule("scratch-paths", "Paths inside a cdb file", tolerates=files.scratch_paths),
    # Names.
    Rule("strict-domains", "New domain names are checked", begins=domains.strict_names),
    Rule("strict-users", "New user names are checked", begins=accounts.strict_names),
    Rule(
        "lowerit-whole", "Long strings are folded whole", begins=accounts.lowerit_whole
    ),
    # Domains.
    Rule(
        "failed-domains",
        "A failed vadddomain leaves nothing",
        begins=domains.failed_add,
    ),
    Rule(
        "all-names-go",
        "vdeldomain removes every name of the domain",
        begins=domains.names_of_deleted,
        settles=domains.drop_gone,
    ),
    Rule(
        "whole-lines",
        "Lines of users/assign are written whole",
        begins=domains.long_lines,
        settles=domains.restore_lines,
    ),
    Rule(
        "assign-afresh", "A domain is looked up afresh", begins=domains.looked_up_afresh
    ),
    Rule(
        "readable-control", "Control files stay readable", reads=files.readable_control
    ),
    # Users.
    Rule(
        "failed-users", "A failed vadduser leaves nothing", begins=accounts.failed_add
    ),
    Rule(
        "catch-all",
        "The catch-all account is protected",
        begins=accounts.catch_all,
        reads=accounts.users_that_differ,
    ),
    Rule(
        "whole-listing",
        "A malformed line does not end a listing",
        begins=records.whole_listing,
    ),
    # Aliases.
    Rule(
        "alias-names",
        "Aliases are in lower case, their dots colons",
        begins=aliases.small_names,
        reads=aliases.small_files,
        settles=aliases.put_moved,
    ),
    Rule(
        "alias-lines",
        "Aliases are listed whole",
        begins=aliases.whole_lines,
    ),
    Rule(
        "alias-removal",
        "One line of an alias is removed",
        begins=aliases.exact_removal,
        reads=aliases.kept_lines,
    ),
    # Directory hashing.
    Rule(
        "dir-control",
        "The numbers of .dir-control",
        begins=accounts.read_dir_control,
        reads=accounts.dir_control,
    ),
    Rule("no-hashing", "Without hashing nothing is counted", reads=accounts.no_hashing),
    Rule(
        "freed-place",
        "The directory that a user frees",
        begins=accounts.freed_place,
        reads=accounts.free_places,
    ),
    Rule("free-list", "The list of free directories", reads=files.free_list),
    # Owners, modes and the files beside the data.
    Rule("tighter-modes", "Modes are 0600 and 0700", tolerates=files.tighter_modes),
    Rule("lock-files", "Lock files", tolerates=files.lock_files),
    Rule("limits-file", "Reading limits changes nothing", reads=files.limits_file),
    Rule("large-limits", "Large files of limits", begins=records.large_limits),
    # IP maps and roaming users.
    Rule(
        "owner-of-addresses",
        "What a login notes belongs to vpopmail",
        reads=addresses.owner_of_addresses,
    ),
    Rule("missing-map", "A missing IP map is an empty one", begins=addresses.missing_map),
    Rule(
        "mapped-address",
        "The default domain by the server's address",
        begins=addresses.mapped_address,
    ),
    # Entries on their own.
    Rule(
        "colons-refused",
        "Fields that would break a line are refused",
        begins=vauth.colons_refused,
        reads=vauth.fields_kept,
    ),
    Rule("one-line-each", "A user has one line", begins=vauth.one_line_each),
    Rule("readers-write-nothing", "Readers do not write", begins=vauth.readers_write_nothing),
    Rule(
        "last-line",
        "A last line without its newline counts",
        begins=vauth.last_line,
        reads=vauth.last_record,
    ),
    Rule(
        "all-told",
        "The script hears of every change",
        begins=vauth.all_are_told,
        reads=vauth.log_of_script,
        settles=vauth.script_was_run,
    ),
    # Quotas.
    Rule("no-quota", "What is no quota is refused", begins=quotas.no_quota),
    Rule(
        "maildirsize-file",
        "maildirsize is counted, and belongs to the domain",
        begins=quotas.counted_whole,
        reads=quotas.maildirsize_file,
    ),
    Rule(
        "quota-line",
        "A maildirsize of another quota is not believed",
        begins=quotas.quota_line,
    ),
    Rule("no-leftovers", "No temporary files are left", reads=files.no_leftovers),
)

# A path that a step has nothing to do with stays as it is, but a lock file may come up.
LEFT_ALONE = tuple(rule for rule in RULES if rule.name == "lock-files")


def begin(step: Step, world: World) -> Step:
    """The step as it is for us."""
    for rule in RULES:
        changed = step
        if step.kind == "call" and rule.ignores & step.result.keys():
            changed = changed.without(rule.ignores)
        if rule.begins is not None:
            changed = rule.begins(changed, world)
        if changed is not step:
            world.applied[rule.name] += 1
        step = changed
    return step


def reader(world: World) -> Callable[[str, Entry], Entry | None]:
    """What recorded entries are with us."""

    def reads(path: str, entry: Entry) -> Entry | None:
        current: Entry | None = entry
        for rule in RULES:
            if rule.reads is not None and current is not None:
                read = rule.reads(path, current, world)
                world.applied[rule.name] += read != current
                current = read
        return current

    return reads


def settle(world: World) -> None:
    """Correct the expected tree by everything that has parted."""
    for rule in RULES:
        if rule.settles is not None:
            was = dict(world.expected)
            rule.settles(world)
            world.applied[rule.name] += was != world.expected
    world.prune()


def tolerate(
    world: World, rules: tuple[Rule, ...] | None = None
) -> Callable[[str, Entry | None, Entry | None], Entry | None]:
    """The expected entry of a path, brought nearer to ours by all rules that allow it."""

    def tolerates(path: str, want: Entry | None, have: Entry | None) -> Entry | None:
        for rule in RULES if rules is None else rules:
            if rule.tolerates is not None:
                near = rule.tolerates(path, want, have, world)
                world.applied[rule.name] += near != want
                want = near
        return want

    return tolerates
