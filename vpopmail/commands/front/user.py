"""vpopmail user: users, their passwords, flags and quotas."""

from __future__ import annotations

from argparse import BooleanOptionalAction

from vpopmail.commands.front import bulk, columns, flags, passwords
from vpopmail.commands.front.arguments import (
    WRONG_USAGE,
    Noun,
    add_bulk,
    add_dry_run,
    add_json,
)
from vpopmail.commands.front.columns import Columns
from vpopmail.commands.front.showing import report, show_record, show_records, show_time
from vpopmail.commands.front.sizes import read_quota, show_quota
from vpopmail.commands.terminal.options import Misuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping
    from typing import Any

    from vpopmail.plan.steps import Plan
    from vpopmail.records import VqPasswd
    from vpopmail.site import Vpopmail

_TOLD = ("directory", "from_limits", "last_login", "last_login_address")
_SETTINGS = {
    "comment": columns.text,
    "quota": columns.quota,
    "apop": columns.boolean,
    **dict.fromkeys(flags.NAMES, columns.boolean),
}
_WITH_PASSWORD = {
    "address": columns.text,
    "password": columns.text,
    "crypted": columns.text,
    **_SETTINGS,
}
SETTABLE = Columns(_WITH_PASSWORD, ignored=_TOLD)
ONLY_ADDRESS = Columns({"address": columns.text}, ignored=(*_WITH_PASSWORD, *_TOLD))
_KEYS = f"""\
Keys of JSON: address, comment, quota (as it is stored), apop, directory, the flags
({", ".join(flags.NAMES)}), and from_limits, the flags that the limits of the domain
add, as options name them; password and crypted if asked for."""
_COLUMNS = """\
Columns of --bulk: address; password or crypted (a crypt string); comment, quota, apop, and the
flags by their names with _ for -. What a listing tells besides is passed over, so that
"vpopmail user list --json --hashes" gives what another site takes."""


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun("vpopmail user", "Users, their passwords, flags and quotas.")
    _add_listings(noun)
    _add_changes(noun)
    return noun.parser


def _add_listings(noun: Noun) -> None:
    parser = noun.action("list", _list, "[OPTION]... [DOMAIN]...", "List users.", _KEYS)
    parser.add_argument("domains", metavar="DOMAIN", nargs="*", help="only of these; else of all")
    parser.add_argument("--names", metavar="PATTERN", help="only these: with *, ? and [...]")
    _add_secrets(parser)
    add_json(parser)
    parser = noun.action(
        "show",
        _show,
        "[OPTION]... ADDRESS",
        "Show a user.",
        f"{_KEYS} Besides, last_login and last_login_address: the time\n"
        "in seconds since 1970 and from where; null if nobody has logged in.",
    )
    parser.add_argument("address", metavar="ADDRESS", help="user@domain")
    _add_secrets(parser)
    add_json(parser)


def _add_changes(noun: Noun) -> None:
    parser = noun.action(
        "add",
        _add,
        "[OPTION]... ADDRESS | --bulk FORM",
        "Add a user with his mailbox.",
        f"{passwords.HOW}\n\n{bulk.HOW}\n\n{_COLUMNS} A line without password\n"
        "and crypted adds a user who cannot log in.",
    )
    _add_address(parser)
    passwords.add_password(parser)
    _add_settings(parser)
    parser = noun.action(
        "set",
        _set,
        "[OPTION]... ADDRESS | --bulk FORM",
        "Change what is stored of a user; what is not named stays.",
        f"{bulk.HOW}\n\n{_COLUMNS}",
    )
    _add_address(parser)
    _add_settings(parser)
    parser = noun.action(
        "password",
        _password,
        "[OPTION]... ADDRESS",
        "Give a user another password.",
        f"{passwords.HOW} For many at once: vpopmail user set --bulk.",
    )
    parser.add_argument("address", metavar="ADDRESS", help="user@domain")
    passwords.add_password(parser)
    add_dry_run(parser)
    parser = noun.action(
        "delete",
        _delete,
        "[OPTION]... ADDRESS | --bulk FORM",
        "Delete a user and all his mail.",
        f"{bulk.HOW}\n\nThe column is address; others of a listing are passed over.",
    )
    _add_address(parser)


def _add_address(parser: ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS", nargs="?", help="user@domain")
    add_bulk(parser)
    add_dry_run(parser)


def _add_secrets(parser: ArgumentParser) -> None:
    parser.add_argument("--hashes", action="store_true", help="the crypt strings too: crypted")
    parser.add_argument(
        "--clear-passwords",
        action="store_true",
        help="the clear passwords too, if the site has them",
    )


def _add_settings(parser: ArgumentParser) -> None:
    parser.add_argument("--comment", metavar="TEXT", help="mostly the full name")
    parser.add_argument(
        "--quota", metavar="QUOTA", help="none, 500M, 1.5G, 1000 messages, or both with a comma"
    )
    parser.add_argument(
        "--apop",
        action=BooleanOptionalAction,
        help="an account for APOP, which needs the clear one",
    )
    flags.add_flags(parser)


def _list(site: Vpopmail, arguments: Namespace) -> int:
    if arguments.domains:
        domains = [site.domains.get(name).realdomain for name in arguments.domains]
    else:
        domains = [entry.domain for entry in site.domains if not entry.is_alias]
    records = (
        _record(f"{user.pw_name}@{domain}", user, arguments)
        for domain in domains
        for user in _users(site, domain, arguments.names)
    )
    return show_records(records, _line, as_json=arguments.json)


def _users(site: Vpopmail, domain: str, names: str | None) -> Iterator[VqPasswd]:
    """The users of a domain; all of them with memory for a few."""
    return site.users.stream(domain) if names is None else site.users.iter(domain, names=names)


def _show(site: Vpopmail, arguments: Namespace) -> int:
    user = site.users.get(arguments.address)
    domain = site.domains.get(arguments.address.rpartition("@")[2]).realdomain
    address = f"{user.pw_name}@{domain}"
    login = _last_login(site, address)
    record = {**_record(address, user, arguments), **login}
    if not arguments.json:
        record["quota"] = show_quota(user.pw_shell)
        if login["last_login"] is not None:
            record["last_login"] = show_time(int(str(login["last_login"])))
    return show_record(record, as_json=arguments.json)


def _last_login(site: Vpopmail, address: str) -> dict[str, object]:
    from vpopmail.records import NEVER_LOGGED_IN

    login = site.users.last_auth(address)
    if login is None or login[0] == NEVER_LOGGED_IN:
        return {"last_login": None, "last_login_address": None}
    return {"last_login": login[1], "last_login_address": login[0]}


def _add(site: Vpopmail, arguments: Namespace) -> int:
    bulk.given_once(
        arguments, "address", "password_stdin", "crypted_stdin", "no_password", *_SETTINGS
    )
    if arguments.bulk:
        return bulk.run_bulk(
            site, arguments, SETTABLE, lambda values, dry: [add_user(site, values, dry_run=dry)]
        )
    values = {**_settings(arguments), "address": arguments.address}
    if passwords.asks(arguments):
        add_user(site, values, dry_run=True)  # nobody types a password for what cannot be
    values |= passwords.given_password(arguments, arguments.address)
    return report(add_user(site, values, dry_run=arguments.dry_run), dry_run=arguments.dry_run)


def add_user(site: Vpopmail, values: Mapping[str, object], *, dry_run: bool) -> Plan:
    """Add a user who is told by columns."""
    given, wanted, _ = _told(values)
    return site.users.add(str(values["address"]), **given, flags=wanted, dry_run=dry_run)


def _set(site: Vpopmail, arguments: Namespace) -> int:
    bulk.given_once(arguments, "address", *_SETTINGS)
    if arguments.bulk:
        return bulk.run_bulk(
            site, arguments, SETTABLE, lambda values, dry: [set_user(site, values, dry_run=dry)]
        )
    settings = _settings(arguments)
    if not settings:
        raise Misuse("say what to change: see --help", WRONG_USAGE)
    values = {**settings, "address": arguments.address}
    return report(set_user(site, values, dry_run=arguments.dry_run), dry_run=arguments.dry_run)


def set_user(site: Vpopmail, values: Mapping[str, object], *, dry_run: bool) -> Plan:
    """Change a user as columns tell."""
    given, wanted, cleared = _told(values)
    return site.users.update(
        str(values["address"]),
        **given,
        set_flags=wanted,
        clear_flags=cleared,
        dry_run=dry_run,
    )


def _told(values: Mapping[str, Any]) -> tuple[dict[str, Any], int, int]:
    """What the library calls the columns, and flag bits to set and to clear."""
    given = {name: values[name] for name in ("password", "crypted", "quota") if name in values}
    if "comment" in values:
        given["gecos"] = values["comment"]
    if "apop" in values:
        given["apop"] = int(bool(values["apop"]))
    return given, *flags.bits_of(values)


def _password(site: Vpopmail, arguments: Namespace) -> int:
    if arguments.address not in site.users:
        site.users.get(arguments.address)  # before a password is asked for
    secret = passwords.given_password(arguments, arguments.address)
    plan = site.users.set_password(arguments.address, **secret, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    bulk.given_once(arguments, "address")
    if arguments.bulk:
        delete = lambda values, dry: [site.users.delete(values["address"], dry_run=dry)]  # noqa: E731
        return bulk.run_bulk(site, arguments, ONLY_ADDRESS, delete)
    plan = site.users.delete(arguments.address, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _settings(arguments: Namespace) -> dict[str, object]:
    """The settings that the words name, as columns."""
    given = {name: getattr(arguments, name) for name in _SETTINGS}
    found = {name: value for name, value in given.items() if value is not None}
    if "quota" in found:
        found["quota"] = read_quota(found["quota"])
    return found


def _record(address: str, user: VqPasswd, arguments: Namespace) -> dict[str, object]:
    record: dict[str, object] = {
        "address": address,
        "comment": user.pw_gecos,
        "quota": user.pw_shell,
        "apop": user.pw_uid == 2,
        "directory": user.pw_dir,
        **flags.flags_of(user.pw_gid),
        "from_limits": flags.unusual(user.pw_flags & ~user.pw_gid),
    }
    if arguments.hashes:
        record["crypted"] = user.pw_passwd
    if arguments.clear_passwords:
        record["password"] = user.pw_clear_passwd
    return record


def _line(record: Mapping[str, object]) -> str:
    wanted, _ = flags.bits_of(record)
    words = [str(record["address"]), show_quota(str(record["quota"])), str(record["comment"])]
    words += [str(record[name]) for name in ("crypted", "password") if name in record]
    more = " ".join([*flags.unusual(wanted), *record["from_limits"]])  # type: ignore[misc]
    return "\t".join([*words, more] if more else words)
