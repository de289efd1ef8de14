"""vpopmail site: setting a site up, looking it over, repairing and moving it."""

from __future__ import annotations

import os
import sys

from vpopmail import log
from vpopmail.commands.front import passwords
from vpopmail.commands.front.arguments import WRONG_USAGE, Noun, add_dry_run, add_json
from vpopmail.commands.front.showing import Warnings, printable, show_records
from vpopmail.commands.terminal.options import Misuse
from vpopmail.commands.terminal.prompt import ask_password, has_terminal
from vpopmail.errors import ConfigError
from vpopmail.settings import load
from vpopmail.settings.options import OPTIONS
from vpopmail.settings.sources import from_environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from vpopmail.settings import Settings
    from vpopmail.site import Vpopmail
    from vpopmail.upkeep.findings import Finding, Reconciled

FOUND = 1
_FINDING = "Keys of JSON: kind, subject, what, remedy, repairable, repaired."


def make_parser() -> ArgumentParser:
    """The parser of the noun."""
    from vpopmail.commands.front import site_convert, site_schema

    noun = Noun("vpopmail site", "Setting a site up, looking it over, repairing and moving it.")
    parser = noun.action(
        "init",
        _init,
        "[OPTION]...",
        "Make what a site needs before its first domain, and install the programs.",
        "The settings are checked, missing directories and files are made, the account store is\n"
        "tried, and the programs are written into bindir, where the .qmail-default of domains\n"
        "look for vdelivermail. What is there stays. It says what it did, and can be called\n"
        "again: for one, after an upgrade of Python or of this package. A setting that only a\n"
        "variable of the environment tells is named on standard error: put it into\n"
        "etc/vpopmail.toml, for qmail and others start programs without that variable.\n"
        "So it is if the owner of the domains may not read Python or this package: no mail could\n"
        "be delivered then.",
    )
    add_dry_run(parser)
    parser = noun.action(
        "check",
        _check,
        "[OPTION]... [DOMAIN]...",
        "Look for what killed programs left and what does not fit; nothing is changed.",
        f"The exit status is 0 if there is nothing, 1 if there is.\n\n{_FINDING}",
    )
    parser.add_argument("domains", metavar="DOMAIN", nargs="*", help="only these")
    add_json(parser)
    parser = noun.action(
        "repair",
        _repair,
        "[OPTION]... [DOMAIN]...",
        "Repair what is safe to repair, and tell of the rest.",
        f"The exit status is 0 if all is well now, 1 if something is left.\n\n{_FINDING}",
    )
    parser.add_argument("domains", metavar="DOMAIN", nargs="*", help="only these")
    add_json(parser)
    add_dry_run(parser)
    _add_rebuild(noun)
    site_convert.add_convert(noun)
    _add_diagnose(noun)
    site_schema.add_schema(noun)
    return noun.parser


def _add_rebuild(noun: Noun) -> None:
    parser = noun.action(
        "rebuild-control",
        _rebuild,
        "[OPTION]... [DIRECTORY]...",
        "Make lost files of qmail anew from the directories of the domains.",
        "Those are users/assign, users/cdb, rcpthosts, morercpthosts and virtualdomains. It\n"
        "prints what was done, and what cannot be known; then the exit status is 1.",
    )
    parser.add_argument(
        "directories", metavar="DIRECTORY", nargs="*", help="more that hold domains"
    )
    parser.add_argument(
        "--alias-domain",
        metavar="NAME=DOMAIN",
        action="append",
        default=[],
        help="an alias domain that is known from elsewhere; repeatable",
    )
    add_dry_run(parser)


def _add_diagnose(noun: Noun) -> None:
    parser = noun.action(
        "diagnose",
        _diagnose,
        "[OPTION]... ADDRESS",
        "Walk through all that a login needs, and say which step fails.",
        "The password is asked for at the terminal, if there is one; it is never shown. The exit\n"
        "status is 0 if no step fails, else 1.\n\n"
        "Keys of JSON: step, ok (null: not reached), says, advice.",
    )
    parser.add_argument("address", metavar="ADDRESS", help="user@domain")
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--password-stdin", action="store_true", help="read it from standard input, one line"
    )
    group.add_argument("--no-password", action="store_true", help="try none")
    add_json(parser)


def _init(site: Vpopmail, arguments: Namespace) -> int:
    settings = site.settings
    print(printable(f"site: {settings.vpopmaildir}, accounts in {settings.backend}"))
    verb = "to make" if arguments.dry_run else "made"
    made = site.prepare(dry_run=arguments.dry_run)
    for path in made:
        print(printable(f"{verb}: {path}"))
    if not made:
        print(f"{verb}: nothing, all is there")
    if arguments.dry_run:
        print(printable(f"to write: programs, in {settings.bindir}"))
        _tell_of_environment(settings)
        return 0
    site.installation.backend.connect()
    print("account store: answers")
    programs = site.install_programs()
    names = ", ".join(path.rpartition("/")[2] for path in programs)
    print(printable(f"programs in {settings.bindir}: {names}"))
    _tell_of_environment(settings)
    return 0


def _tell_of_environment(settings: Settings) -> None:
    """Warn of options that the programs will not know: who starts them has another environment."""
    told = from_environ(os.environ)
    try:
        known = load({"vpopmaildir": settings.vpopmaildir}, {})
    except ConfigError:
        lost = list(told)
    else:
        lost = [name for name in told if getattr(known, name) != getattr(settings, name)]
    variables = [OPTIONS[name].variable for name in told if name in lost and name != "vpopmaildir"]
    if variables:
        file = settings.etc_path("vpopmail.toml")
        text = f"only in this environment: {', '.join(variables)}; programs look in {file}"
        print(printable(text), file=sys.stderr)


def _check(site: Vpopmail, arguments: Namespace) -> int:
    found = _look_over(site, arguments.domains, dry_run=True)
    _show_findings(found.findings, as_json=arguments.json)
    return FOUND if found else 0


def _repair(site: Vpopmail, arguments: Namespace) -> int:
    found = _look_over(site, arguments.domains, dry_run=arguments.dry_run)
    _show_findings(found.findings, as_json=arguments.json)
    return FOUND if found.left else 0


def _look_over(site: Vpopmail, domains: list[str], *, dry_run: bool) -> Reconciled:
    """Reconcile; what a finding tells is not told by a warning too: of a malformed line, say."""
    heard: list[str] = []
    told: tuple[str, ...] = ()
    log.use_listener(heard.append)
    try:
        found = site.reconcile(domains=domains or None, dry_run=dry_run)
        told = tuple(f"{finding.subject}: " for finding in found.findings)
        return found
    finally:
        warnings = Warnings()
        log.use_listener(warnings.show)
        for text in heard:
            if not text.startswith(told):
                warnings.show(text)


def _show_findings(findings: Iterable[Finding], *, as_json: bool) -> None:
    if not as_json:
        for finding in findings:
            print(printable(str(finding)))
        return
    names = ("kind", "subject", "what", "remedy", "repairable", "repaired")
    records = ({name: getattr(one, name) for name in names} for one in findings)
    show_records(records, str, as_json=True)


def _rebuild(site: Vpopmail, arguments: Namespace) -> int:
    aliases = {}
    for pair in arguments.alias_domain:
        name, found, domain = pair.partition("=")
        if not found:
            raise Misuse("--alias-domain: give NAME=DOMAIN", WRONG_USAGE)
        aliases[name] = domain
    rebuilt = site.rebuild(arguments.directories, aliases=aliases, dry_run=arguments.dry_run)
    for line in str(rebuilt).split("\n"):
        print(printable(line))
    return FOUND if rebuilt.unknown else 0


def _diagnose(site: Vpopmail, arguments: Namespace) -> int:
    password = None
    if arguments.password_stdin:
        password = passwords.line_of_input("password")
    elif not arguments.no_password and has_terminal():
        prompt = printable(f"Password of {arguments.address}, or nothing: ")
        password = ask_password(prompt) or None
    found = site.diagnose(arguments.address, password)
    if arguments.json:
        records = (
            {"step": one.name, "ok": one.ok, "says": one.says, "advice": one.advice}
            for one in found.steps
        )
        show_records(records, str, as_json=True)
    else:
        for step in found.steps:
            print(printable(str(step)))
    return 0 if found.ok else FOUND
