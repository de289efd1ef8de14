"""Every action of the front door as it is called once, for tests of what all of them promise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.docs.pages import parsers
from vpopmail import Vpopmail
from vpopmail.commands.vpopmail import NOUNS, noun_parser

from .programs import Ran, run

CRYPTED = "$6$abcdefgh$" + "x" * 86
OTHER = "$6$abcdefgh$" + "y" * 86
PASSWORD = "wond3rful"


class Call(NamedTuple):
    """A command line without ``vpopmail``, and standard input."""

    line: str
    text: str = ""

    @property
    def words(self) -> list[str]:
        """The words; ``_`` in one stands for a blank."""
        return [word.replace("_", " ") for word in self.line.split()]


# At least one for each action that takes --dry-run.
CHANGES = (
    Call("domain add example.org --no-postmaster"),
    Call("domain add example.org --password-stdin", PASSWORD),
    Call("domain delete example.com --yes"),
    Call("domain set example.com --catch-all joe"),
    Call("domain set example.com --default-delivery delete"),
    Call("domain set example.edu --bounce"),
    Call("domain bulletin {message} example.com --exclude ann@example.com"),
    Call("alias-domain add example.org example.com"),
    Call("alias-domain set example.net example.edu"),
    Call("alias-domain delete example.net"),
    Call("user add bob@example.com --password-stdin --quota 10M --no-pop --comment Bob", PASSWORD),
    Call("user add --bulk csv", f"address,crypted\nbob@example.com,{CRYPTED}\n"),
    Call("user set joe@example.com --comment Joe_Doe --quota 1G --no-imap --bounce"),
    Call("user set --bulk jsonl", '{"address": "joe@example.com", "quota": "1G"}\n'),
    Call("user password joe@example.com --password-stdin", PASSWORD),
    Call("user password joe@example.com --crypted-stdin", OTHER),
    Call("user delete ann@example.com"),
    Call("user delete --bulk csv", "address\nann@example.com\n"),
    Call("alias add sales@example.com &ann@example.com |true"),
    Call("alias add --bulk jsonl", '{"address": "new@example.com", "lines": ["&joe@example.com"]}\n'),
    Call("alias remove sales@example.com &joe@example.com"),
    Call("alias remove --bulk csv", "address,lines\nsales@example.com,&joe@example.com\n"),
    Call("alias set sales@example.com &ann@example.com"),
    Call("alias set --bulk csv", 'address,lines\nsales@example.com,"&ann@example.com\n|true"\n'),
    Call("alias delete sales@example.com"),
    Call("alias delete --bulk jsonl", '{"address": "sales@example.com"}\n'),
    Call("limits set example.com --users 10 --no-imap --disk-quota 1G --forbid-users create"),
    Call("limits delete example.edu"),
    Call("limits set-defaults --default-quota 1G"),
    Call("quota set joe@example.com 1G,_1000_messages"),
    Call("quota delete ann@example.com"),
    Call("quota recount ann@example.com"),
    Call("relay add 192.0.2.2"),
    Call("relay clear --older-than 0"),
    Call("relay rebuild"),
    Call("ip-map add 192.0.2.7 example.com"),
    Call("ip-map set 192.0.2.9 example.com"),
    Call("ip-map delete 192.0.2.9"),
    Call("site init"),
    Call("site repair"),
    Call("site rebuild-control"),
    Call("site convert --to sqlite"),
)
# Of a site whose accounts are in a database.
OF_TABLES = (Call("site schema create"), Call("site schema upgrade"))
# At least one for each action that takes --json and changes nothing.
LISTINGS = (
    Call("domain list"),
    Call("domain show example.com"),
    Call("alias-domain list"),
    Call("user list"),
    Call("user list example.com --names j* --hashes"),
    Call("user show joe@example.com"),
    Call("alias list example.com"),
    Call("alias show sales@example.com"),
    Call("limits list"),
    Call("limits show example.com"),
    Call("limits show-defaults"),
    Call("quota list example.com --usage"),
    Call("quota show ann@example.com"),
    Call("quota recount ann@example.com"),
    Call("relay list"),
    Call("ip-map list"),
    Call("site diagnose joe@example.com --no-password"),
    Call("site convert --to sqlite --dry-run"),
    Call("domain bulletin {message} example.com --dry-run"),
)


def fill(site: Vpopmail, base: Path) -> None:
    """Give a site what the calls are about.

    Args:
        site: without domains.
        base: a directory, which gets the message of a bulletin.
    """
    site.domains.add("example.com")
    site.domains.add("example.edu")
    site.domains.add_alias("example.net", "example.com")
    site.users.add("joe@example.com", crypted=CRYPTED)
    site.users.add("ann@example.com", crypted=CRYPTED, quota="10M")
    site.aliases.add("sales@example.com", "&joe@example.com")
    site.limits.update("example.edu", maxpopaccounts=3)
    site.catch_all.set("example.edu", "joe@example.com")
    site.ip_maps.add("192.0.2.9", "example.edu")
    site.relay.open("192.0.2.1")
    (Path(site.domains.get("example.com").path) / "ann/Maildir/maildirsize").unlink()
    (base / "message").write_text("Subject: hello\n\nhello\n")


def call(site: Vpopmail, base: Path, what: Call, *more: str, **options: str) -> Ran:
    """Call the front door without a terminal."""
    words = [word.format(message=base / "message") for word in what.words]
    return run(site, "vpopmail", *words, *more, text=what.text, **options)


def vpopmail(site: Vpopmail, line: str, text: str = "", **options: str) -> Ran:
    """Call the front door by the words of a line; ``_`` stands for a blank in a word."""
    return run(site, "vpopmail", *Call(line).words, text=text, **options)


def records(ran: Ran) -> list[dict[str, object]]:
    """What JSON lines say."""
    assert (ran.code, ran.err) == (0, ""), ran
    return [json.loads(line) for line in ran.out.splitlines()]


def actions(option: str) -> Iterator[str]:
    """The actions that take an option: ``user add``."""
    for noun in NOUNS:
        for parser in parsers(noun_parser(noun)):
            if option in parser._option_string_actions:
                yield parser.prog.removeprefix("vpopmail ")
