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
from . import rules_alias_programs as alias_programs
from . import rules_aliases as aliases
from . import rules_conversions as conversions
from . import rules_delivery as delivery
from . import rules_domains as domains
from . import rules_files as files
from . import rules_limits as limits
from . import rules_logins as logins
from . import rules_programs as programs
from . import rules_quotas as quotas
from . import rules_records as records
from . import rules_sql as sql
from . import rules_tables as tables
from . import rules_vauth as vauth
from .model import Entry
from .scenario import Step
from .tables import Table, Tables
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
        reads_tables: what recorded tables are with us.
        tolerates_table: as ``tolerates``, for a table and its name.
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
    reads_tables: Callable[[Tables, World], Tables] | None = None
    tolerates_table: (
        Callable[[str, Table | None, Table | None, World], Table | None] | None
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
    # The programs.
    Rule("own-usage", "Usage texts are our own", begins=programs.own_usage),
    Rule("own-version", "The version is that of this package", begins=programs.own_version),
    Rule("reason-told", "Why a program cannot begin", begins=programs.reason_told),
    Rule("unknown-options", "Unknown options are refused", begins=programs.unknown_options),
    Rule("bulletin-status", "A bulletin tells of a missing domain", begins=conversions.bulletin_status),
    Rule(
        "sized-bulletins",
        "Bulletins",
        reads=conversions.sized_bulletins,
        settles=aliases.put_moved,
    ),
    Rule("unknown-domain", "A domain that is not there is told", begins=limits.unknown_domain),
    Rule(
        "default-limits",
        "Default limits that are not given are none",
        begins=limits.unset_defaults,
        reads=limits.default_limits,
    ),
    Rule(
        "conversion-status",
        "A failed conversion is told",
        begins=conversions.conversion_status,
    ),
    Rule(
        "users-survive",
        "A conversion loses nobody",
        begins=conversions.users_survive,
        reads=conversions.converted_whole,
        settles=conversions.put_copied,
    ),
    # What differs from run to run.
    Rule(
        "login-rows",
        "A login is one row",
        reads_tables=logins.login_rows,
        tolerates_table=logins.own_numbers,
    ),
    Rule(
        "random-passwords",
        "Random passwords",
        begins=lambda step, world: programs.random_password(
            accounts.random_passwords(step, world), world
        ),
        tolerates=programs.stored_random,
    ),
    Rule(
        "random-salts",
        "Salts are random",
        begins=programs.own_salts,
        tolerates=files.random_salts,
        tolerates_table=tables.random_salts,
    ),
    Rule(
        "names-of-a-moment",
        "Times, process numbers and hosts",
        tolerates=files.moments,
        tolerates_table=tables.moments,
    ),
    Rule("scratch-paths", "Paths inside a cdb file", tolerates=files.scratch_paths),
    # Names.
    Rule("strict-domains", "New domain names are checked", begins=domains.strict_names),
    Rule("strict-users", "New user names are checked", begins=accounts.strict_names),
    Rule(
        "lowerit-whole", "Long strings are folded whole", begins=accounts.lowerit_whole
    ),
    # Databases, before what C's failures leave.
    Rule("no-sql-of-values", "Values are never SQL", begins=sql.values_are_no_sql),
    Rule(
        "only-ours",
        "A user or a domain that C could not make",
        begins=sql.only_we_have_it,
    ),
    Rule(
        "own-tables",
        "A table that is there is used",
        begins=sql.domains_that_c_cannot_make,
        settles=sql.put_own_lines,
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
        "names-in-tables",
        "Names in tables are in lower case",
        begins=sql.small_aliases,
        reads_tables=tables.small_names,
    ),
    Rule("one-line", "A line of an alias is one line", begins=sql.one_line),
    Rule(
        "limits-of-strangers",
        "A domain that is not there has no limits",
        begins=sql.strangers_have_no_limits,
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
        reads_tables=tables.dir_control,
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
    Rule(
        "only-addresses",
        "Only an address may send mail",
        begins=addresses.only_addresses,
        reads=addresses.rules_of_addresses,
    ),
    Rule(
        "failures-told",
        "valias and vipmap tell what they cannot do",
        begins=alias_programs.failures_told,
    ),
    Rule("missing-map", "A missing IP map is an empty one", begins=addresses.missing_map),
    Rule(
        "mapped-address",
        "The default domain by the server's address",
        begins=addresses.mapped_address,
    ),
    # Logging in.
    Rule(
        "whole-credentials",
        "Names and passwords are read whole",
        begins=logins.whole_credentials,
    ),
    Rule("store-is-down", "When the accounts cannot be read", begins=logins.store_is_down),
    Rule("new-home", "The first login to a home is noted", begins=logins.new_home),
    Rule(
        "stored-home",
        "A home that a login makes is stored",
        begins=logins.stored_home,
    ),
    Rule(
        "home-after-password",
        "A home is made after the password",
        begins=logins.home_after_password,
    ),
    Rule(
        "login-by-alias",
        "An alias domain is good for a login",
        begins=logins.by_alias,
    ),
    Rule(
        "all-logged",
        "Each login is logged",
        begins=logins.unlogged,
    ),
    Rule(
        "login-by-capitals",
        "Capitals in a row are no name for a login",
        begins=logins.by_capitals,
    ),
    Rule(
        "whole-addresses",
        "IPv6 addresses are noted whole",
        begins=logins.whole_address,
    ),
    Rule(
        "newer-note",
        "The note of a login is of its second",
        tolerates_table=logins.newer_note,
    ),
    # Entries on their own.
    Rule(
        "colons-refused",
        "Fields that would break a line are refused",
        begins=vauth.colons_refused,
        reads=vauth.fields_kept,
    ),
    Rule("one-line-each", "A user has one line", begins=vauth.one_line_each),
    Rule(
        "readers-write-nothing",
        "Readers do not write",
        begins=lambda step, world: programs.readers_write_nothing(
            vauth.readers_write_nothing(step, world), world
        ),
    ),
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
    Rule(
        "no-quota",
        "What is no quota is refused",
        begins=quotas.no_quota,
        reads_tables=tables.quotas,
    ),
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
    # Databases.
    Rule(
        "tables-when-needed",
        "Tables are made with the first domain",
        tolerates_table=tables.tables_when_needed,
    ),
    Rule("by-alias-domain", "A user is found by an alias domain", begins=sql.by_alias_domain),
    Rule("wider-columns", "New columns are wide", begins=sql.wider_columns),
    Rule(
        "no-orphans",
        "Nothing is stored for nobody",
        begins=sql.nothing_for_strangers,
    ),
    Rule(
        "nothing-left",
        "Nothing is left of who is gone",
        begins=sql.gone_with_its_owner,
        reads_tables=tables.orphans,
        settles=tables.forget_orphans,
    ),
    Rule(
        "as-given",
        "Texts are stored as they are given",
        begins=sql.as_it_was_given,
        reads_tables=tables.as_given,
    ),
    Rule(
        "empty-lines",
        "An empty line delivers to nobody",
        begins=sql.no_empty_lines,
        reads_tables=tables.no_empty_lines,
    ),
    Rule("nothing-to-remove", "Nothing to remove is told", begins=sql.nothing_to_remove),
    Rule("limits-by-name", "Limits are read by name", begins=sql.limits_by_name),
    Rule("table-names", "Names of tables are in lower case", begins=sql.small_table_names),
    Rule("never-stale", "A clear password is never stale", reads_tables=tables.never_stale),
    Rule("lost-table", "A lost table is told", begins=sql.lost_table),
    Rule("one-row-each", "A user has one row", begins=sql.one_row_each),
    Rule("missing-user", "A user who is not there is told", begins=sql.missing_user_told),
    Rule(
        "lookups-give-rows", "Lookups give what is stored", begins=sql.lookups_give_rows
    ),
    Rule("order-of-bytes", "Lists are in the order of bytes", begins=sql.in_order_of_bytes),
    Rule(
        "apop-marker",
        "POP and APOP are the same numbers everywhere",
        begins=sql.apop_marker,
        reads_tables=tables.markers,
    ),
    Rule(
        "empty-comment",
        "A user without a comment has his name",
        begins=sql.empty_comment,
        reads_tables=tables.comments,
    ),
    # Deliveries.
    Rule(
        "no-size-in-tmp",
        "A message that is being written has no size in its name",
        begins=delivery.no_size_in_tmp,
    ),
    Rule(
        "delivered-as-owner",
        "Root delivers as the owner of the domain",
        reads=delivery.owned_by_the_domain,
    ),
    Rule("no-leftovers", "No temporary files are left", reads=files.no_leftovers),
)

# A path that a step has nothing to do with stays as it is, but a lock file may come up.
LEFT_ALONE = tuple(rule for rule in RULES if rule.name == "lock-files")


def begin(step: Step, world: World) -> Step:
    """The step as it is for us."""
    for rule in RULES:
        changed = step
        if step.kind in ("call", "chkpw") and rule.ignores & step.result.keys():
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


def table_reader(world: World) -> Callable[[Tables], Tables]:
    """What recorded tables are with us."""

    def reads(recorded: Tables) -> Tables:
        for rule in RULES:
            if rule.reads_tables is not None:
                read = rule.reads_tables(recorded, world)
                world.applied[rule.name] += read != recorded
                recorded = read
        return recorded

    return reads


def tolerate_tables(expected: Tables, actual: Tables, world: World) -> Tables:
    """The expected tables, those that differ brought nearer to ours by all rules that allow it."""
    near: Tables = {}
    for name in expected.keys() | actual.keys():
        want, have = expected.get(name), actual.get(name)
        for rule in RULES:
            if rule.tolerates_table is not None and want != have:
                allowed = rule.tolerates_table(name, want, have, world)
                world.applied[rule.name] += allowed != want
                want = allowed
        if want is not None:
            near[name] = want
    return near
