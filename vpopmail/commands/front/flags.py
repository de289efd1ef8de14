"""The flags of a user by readable names: as options, columns and keys."""

from __future__ import annotations

from argparse import BooleanOptionalAction

from vpopmail import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

# name, bit, whether the bit says no, what the flag allows or does
_FLAGS = (
    ("pop", records.NO_POP, True, "fetching mail by POP"),
    ("imap", records.NO_IMAP, True, "reading mail by IMAP"),
    ("smtp", records.NO_SMTP, True, "logging in to SMTP"),
    ("webmail", records.NO_WEBMAIL, True, "webmail"),
    ("relay", records.NO_RELAY, True, "sending to other sites after a login"),
    ("dialup", records.NO_DIALUP, True, "dialling in"),
    ("password_change", records.NO_PASSWD_CHNG, True, "changing the own password"),
    ("maildrop", records.NO_MAILDROP, True, "maildrop for the mail that comes"),
    ("spamassassin", records.NO_SPAMASSASSIN, True, "SpamAssassin for the mail that comes"),
    ("delete_spam", records.DELETE_SPAM, False, "deleting what SpamAssassin calls spam"),
    ("bounce", records.BOUNCE_MAIL, False, "sending all mail back"),
    ("override_limits", records.V_OVERRIDE, False, "flags that the domain's limits do not add to"),
    ("domain_admin", records.QA_ADMIN, False, "administration of the domain in qmailadmin"),
    ("system_admin", records.SA_ADMIN, False, "administration of all domains"),
    ("expert", records.SA_EXPERT, False, "expert access: .qmail files may be edited"),
    ("user0", records.V_USER0, False, "what the site uses it for"),
    ("user1", records.V_USER1, False, "what the site uses it for"),
    ("user2", records.V_USER2, False, "what the site uses it for"),
    ("user3", records.V_USER3, False, "what the site uses it for"),
)
_BITS = {name: (bit, inverted) for name, bit, inverted, _ in _FLAGS}
NAMES = tuple(_BITS)


def add_flags(parser: ArgumentParser) -> None:
    """The options ``--pop``, ``--no-pop`` and their kin."""
    group = parser.add_argument_group("flags")
    for name, _bit, _inverted, meaning in _FLAGS:
        group.add_argument(
            f"--{name.replace('_', '-')}", action=BooleanOptionalAction, help=meaning
        )


def bits_of(values: Mapping[str, object]) -> tuple[int, int]:
    """The bits to set and those to clear.

    Args:
        values: by names of flags True, False, or None for one that stays; other names are passed
            over.
    """
    wanted = cleared = 0
    for name, value in values.items():
        if value is None or name not in _BITS:
            continue
        bit, inverted = _BITS[name]
        if bool(value) != inverted:
            wanted |= bit
        else:
            cleared |= bit
    return wanted, cleared


def flags_of(bits: int) -> dict[str, bool]:
    """All flags by name."""
    return {name: bool(bits & bit) != inverted for name, bit, inverted, _ in _FLAGS}


def unusual(bits: int) -> list[str]:
    """The flags that a new user does not have, as options say them: ``no-pop``, ``bounce``."""
    return [
        ("no-" if inverted else "") + name.replace("_", "-")
        for name, bit, inverted, _ in _FLAGS
        if bits & bit
    ]
