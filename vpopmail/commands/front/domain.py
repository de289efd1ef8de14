"""vpopmail domain: domains, what happens to mail for unknown users, bulletins."""

from __future__ import annotations

import sys
from functools import partial

from vpopmail.commands.front import passwords
from vpopmail.commands.front.arguments import WRONG_USAGE, Noun, add_dry_run, add_json
from vpopmail.commands.front.showing import printable, report, show_record, show_records
from vpopmail.commands.terminal.options import Misuse
from vpopmail.commands.terminal.prompt import ask_aloud
from vpopmail.errors import InvalidDomainName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Mapping

    from vpopmail.plan.steps import Plan
    from vpopmail.records import DomainEntry
    from vpopmail.site import Vpopmail

_KEYS = """\
Keys of JSON: domain, alias_domains (a list), directory, uid, gid."""
_WAYS = {"copy": "copy", "hard-link": "hard link", "symbolic-link": "symbolic link"}
NOT_DONE = 1


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    noun = Noun("vpopmail domain", "Domains, what happens to mail for unknown users, bulletins.")
    _add_listings(noun)
    _add_changes(noun)
    _add_bulletin(noun)
    return noun.parser


def _add_listings(noun: Noun) -> None:
    parser = noun.action("list", _list, "[OPTION]...", "List the domains.", _KEYS)
    parser.add_argument("--names", metavar="PATTERN", help="only these: with *, ? and [...]")
    add_json(parser)
    parser = noun.action(
        "show",
        _show,
        "[OPTION]... DOMAIN",
        "Show a domain.",
        f"{_KEYS[:-1]}; and default_delivery and catch_all: what\n"
        "happens to mail for unknown users and who gets it, null if nothing or nobody does.",
    )
    parser.add_argument("domain", metavar="DOMAIN", help="a domain or alias domain")
    add_json(parser)


def _add_changes(noun: Noun) -> None:
    parser = noun.action(
        "add",
        _add,
        "[OPTION]... DOMAIN",
        "Add a domain with its postmaster.",
        passwords.HOW,
    )
    parser.add_argument(
        "domain", metavar="DOMAIN", help="its name, also in other letters than ASCII"
    )
    passwords.add_password(parser, crypted=False)
    parser.add_argument(
        "--no-postmaster", action="store_true", help="a domain without any user; asks for nothing"
    )
    parser.add_argument("--directory", metavar="DIR", help="it goes below DIR/domains")
    parser.add_argument("--uid", type=int, metavar="NUMBER", help="owner of its files")
    parser.add_argument("--gid", type=int, metavar="NUMBER", help="group of its files")
    add_dry_run(parser)
    parser = noun.action(
        "delete",
        _delete,
        "[OPTION]... DOMAIN",
        "Delete a domain with its alias domains, users and all mail.",
        "Asks at the terminal before it does; without a terminal only with --yes.",
    )
    parser.add_argument("domain", metavar="DOMAIN", help="a domain, no alias domain")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_dry_run(parser)
    parser = noun.action(
        "set",
        _set,
        "OPTION... DOMAIN",
        "Say what happens to mail for unknown users.",
    )
    parser.add_argument("domain", metavar="DOMAIN", help="a domain or alias domain")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--bounce", action="store_true", help="it is sent back")
    group.add_argument(
        "--default-delivery",
        metavar="ACTION",
        help="bounce-no-mailbox, delete, an address, or the directory of a mailbox",
    )
    group.add_argument(
        "--catch-all", metavar="USER", help="a user of the domain gets it, or an address"
    )
    add_dry_run(parser)


def _add_bulletin(noun: Noun) -> None:
    parser = noun.action(
        "bulletin",
        _bulletin,
        "[OPTION]... FILE DOMAIN... | FILE --all",
        "Put a message into the mailbox of every user.",
        "The exit status is 1 if somebody did not get it; standard error says who and why.\n"
        "Keys of JSON: address, error (null: he has it).",
    )
    parser.add_argument("file", metavar="FILE", help="the message, with its header")
    parser.add_argument("domains", metavar="DOMAIN", nargs="*", help="whose users get it")
    parser.add_argument("--all", action="store_true", help="the users of all domains")
    parser.add_argument(
        "--exclude", metavar="ADDRESS", action="append", default=[], help="not this one; repeatable"
    )
    parser.add_argument(
        "--way",
        choices=tuple(_WAYS),
        default="copy",
        help="a copy for each, or links to one file, which all must be able to read",
    )
    parser.add_argument("--dry-run", action="store_true", help="only tell who would get it")
    add_json(parser)


def _list(site: Vpopmail, arguments: Namespace) -> int:
    entries = list(site.domains)
    others = _alias_domains(entries)
    records = (
        _record(entry, others.get(entry.domain, []))
        for entry in site.domains.iter(names=arguments.names)
        if not entry.is_alias
    )
    return show_records(records, lambda one: str(one["domain"]), as_json=arguments.json)


def _show(site: Vpopmail, arguments: Namespace) -> int:
    real = site.domains.get(arguments.domain).realdomain
    record = {
        **_record(site.domains.get(real), site.domains.aliases(real)),
        "default_delivery": site.default_delivery.find(real),
        "catch_all": site.catch_all.find(real),
    }
    return show_record(record, as_json=arguments.json)


def _alias_domains(entries: list[DomainEntry]) -> dict[str, list[str]]:
    others: dict[str, list[str]] = {}
    for entry in entries:
        if entry.is_alias:
            others.setdefault(entry.realdomain, []).append(entry.domain)
    return others


def _record(entry: DomainEntry, alias_domains: list[str]) -> dict[str, object]:
    return {
        "domain": entry.domain,
        "alias_domains": alias_domains,
        "directory": entry.path,
        "uid": entry.uid,
        "gid": entry.gid,
    }


def _add(site: Vpopmail, arguments: Namespace) -> int:
    add = partial(
        site.domains.add,
        arguments.domain,
        dir=arguments.directory,
        uid=arguments.uid,
        gid=arguments.gid,
    )
    password = None
    if not arguments.no_postmaster:
        if passwords.asks(arguments):
            add(None, dry_run=True)  # nobody types a password for what cannot be
        secret = passwords.given_password(arguments, f"postmaster@{arguments.domain}")
        password = secret.get("password", "")
    plan = add(password, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _delete(site: Vpopmail, arguments: Namespace) -> int:
    entry = site.domains.get(arguments.domain)
    if entry.is_alias:
        raise InvalidDomainName(
            entry.domain, f"it is an alias domain of {entry.realdomain}: see vpopmail alias-domain"
        )
    if not (arguments.dry_run or arguments.yes) and not _agreed(entry.domain):
        print("nothing was deleted", file=sys.stderr)
        return NOT_DONE
    plan = site.domains.delete(entry.domain, dry_run=arguments.dry_run)
    return report(plan, dry_run=arguments.dry_run)


def _agreed(domain: str) -> bool:
    """Whether somebody at the terminal wants a domain to go. Raises: Misuse: there is none."""
    answer = ask_aloud(printable(f"Delete {domain} with all its users and mail? Type yes: "))
    if answer is None:
        raise Misuse("there is no terminal to ask at: --yes deletes unasked", WRONG_USAGE)
    return answer.strip().lower() == "yes"


def _set(site: Vpopmail, arguments: Namespace) -> int:
    return report(_set_default(site, arguments), dry_run=arguments.dry_run)


def _set_default(site: Vpopmail, arguments: Namespace) -> Plan:
    domain, dry_run = arguments.domain, arguments.dry_run
    if arguments.bounce:
        return site.default_delivery.delete(domain, dry_run=dry_run)
    if arguments.catch_all is not None:
        return site.catch_all.set(domain, arguments.catch_all, dry_run=dry_run)
    return site.default_delivery.set(domain, arguments.default_delivery, dry_run=dry_run)


def _bulletin(site: Vpopmail, arguments: Namespace) -> int:
    if bool(arguments.domains) == arguments.all:
        raise Misuse("give domains, or --all", WRONG_USAGE)
    sent = site.bulletins.send(
        arguments.file,
        None if arguments.all else arguments.domains,
        exclude=arguments.exclude,
        way=_WAYS[arguments.way],
        dry_run=arguments.dry_run,
    )
    for address, reason in sent.failed:
        print(printable(f"{address}: {reason}"), file=sys.stderr)
    if arguments.json or arguments.dry_run:
        show_records(_outcomes(sent.delivered, sent.failed), _address, as_json=arguments.json)
    return NOT_DONE if sent.failed else 0


def _outcomes(
    delivered: tuple[str, ...], failed: tuple[tuple[str, str], ...]
) -> Iterator[dict[str, object]]:
    for address in delivered:
        yield {"address": address, "error": None}
    for address, reason in failed:
        yield {"address": address, "error": reason}


def _address(record: Mapping[str, object]) -> str:
    return str(record["address"])
