"""vpopmail quota: what users may keep, and what they keep."""

from __future__ import annotations

from vpopmail.commands.front.arguments import Noun, add_dry_run, add_json
from vpopmail.commands.front.showing import report, show_records
from vpopmail.commands.front.sizes import read_quota, show_quota, show_size
from vpopmail.formats.maildirsize import parse_quota

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping

    from vpopmail.accounts.quotas import Usage
    from vpopmail.site import Vpopmail

_KEYS = """\
Keys of JSON: address, quota (as it is stored), limit_bytes and limit_messages (null: no limit)"""
_USED = "used_bytes, used_messages and used_percent"


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun("vpopmail quota", "What users may keep, and what they keep.")
    parser = noun.action(
        "list",
        _list,
        "[OPTION]... DOMAIN",
        "List the quotas of the users of a domain.",
        f"{_KEYS};\nwith --usage also {_USED}.",
    )
    parser.add_argument("domain", metavar="DOMAIN", help="of whose users")
    parser.add_argument("--usage", action="store_true", help="what is kept too: it may be counted")
    add_json(parser)
    parser = noun.action(
        "show",
        _show,
        "[OPTION]... ADDRESS",
        "Show the quota of a user and what he keeps.",
        f"{_KEYS},\n{_USED}.",
    )
    _add_address(parser)
    add_json(parser)
    parser = noun.action("set", _set, "[OPTION]... ADDRESS QUOTA", "Give a user another quota.")
    _add_address(parser)
    parser.add_argument(
        "quota",
        metavar="QUOTA",
        help="none, 500M, 1.5G, 1000 messages, or both with a comma; K, M, G and T of 1024",
    )
    add_dry_run(parser)
    parser = noun.action(
        "delete", _delete, "[OPTION]... ADDRESS", "Let a user keep as much as he likes."
    )
    _add_address(parser)
    add_dry_run(parser)
    parser = noun.action(
        "recount",
        _recount,
        "[OPTION]... ADDRESS",
        "Count what a user keeps; with a quota maildirsize is written anew.",
        f"{_KEYS},\n{_USED}.",
    )
    _add_address(parser)
    add_json(parser)
    add_dry_run(parser)
    return noun.parser


def _add_address(parser: ArgumentParser) -> None:
    parser.add_argument("address", metavar="ADDRESS", help="user@domain")


def _list(site: Vpopmail, arguments: Namespace) -> int:
    def records() -> Iterator[Mapping[str, object]]:
        for name, quota in site.quotas.iter(domain):
            address = f"{name}@{domain}"
            usage = site.quotas.usage(address) if arguments.usage else None
            yield _record(address, quota.text, usage)

    domain = site.domains.get(arguments.domain).realdomain
    return show_records(records(), _line, as_json=arguments.json)


def _show(site: Vpopmail, arguments: Namespace) -> int:
    return _told(site, arguments, site.quotas.usage(arguments.address))


def _recount(site: Vpopmail, arguments: Namespace) -> int:
    if not arguments.dry_run:
        return _told(site, arguments, site.quotas.recount(arguments.address))
    print(f"count the mail of {site.users.get(arguments.address).pw_name}")
    return 0


def _told(site: Vpopmail, arguments: Namespace, usage: Usage) -> int:
    text = site.quotas.get(arguments.address).text
    record = _record(arguments.address, text, usage)
    return show_records([record], _line, as_json=arguments.json)


def _set(site: Vpopmail, arguments: Namespace) -> int:
    quota = read_quota(arguments.quota)
    plan = site.quotas.set(arguments.address, quota, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    plan = site.quotas.delete(arguments.address, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _record(address: str, quota: str, usage: Usage | None) -> dict[str, object]:
    size, count = parse_quota(quota)
    record: dict[str, object] = {
        "address": address,
        "quota": quota,
        "limit_bytes": size or None,
        "limit_messages": count or None,
    }
    if usage is not None:
        record["used_bytes"] = usage.size
        record["used_messages"] = usage.count
        record["used_percent"] = usage.percent
    return record


def _line(record: Mapping[str, object]) -> str:
    line = f"{record['address']}\t{show_quota(str(record['quota']))}"
    if "used_bytes" not in record:
        return line
    used = show_size(int(str(record["used_bytes"])))
    return f"{line}\t{used}, {record['used_messages']} messages, {record['used_percent']}%"
