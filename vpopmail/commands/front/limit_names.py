"""The limits of a domain by readable names: as options and keys."""

from __future__ import annotations

from argparse import ArgumentTypeError, BooleanOptionalAction

from vpopmail.commands.front.sizes import read_size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Mapping

    from vpopmail.records import VLimits

# name of the option, field of the record, what it limits; -1 is no limit
_COUNTS = (
    ("users", "maxpopaccounts", "users"),
    ("aliases", "maxaliases", "aliases"),
    ("forwards", "maxforwards", "forwards"),
    ("autoresponders", "maxautoresponders", "autoresponders"),
    ("mailing_lists", "maxmailinglists", "mailing lists"),
)
# Likewise, with bytes of a unit; 0 is no limit.
_AMOUNTS = (
    ("disk_quota", "diskquota", 1 << 20, "what all users keep together: 10G"),
    ("messages", "maxmsgcount", 0, "messages that all users keep together"),
    ("default_quota", "defaultquota", 1, "the quota of new users: 500M"),
    ("default_messages", "defaultmaxmsgcount", 0, "the messages that new users may keep"),
)
# Likewise, and whether the field says no.
_SWITCHES = (
    ("pop", "disable_pop", True, "POP"),
    ("imap", "disable_imap", True, "IMAP"),
    ("smtp", "disable_smtp", True, "logging in to SMTP"),
    ("webmail", "disable_webmail", True, "webmail"),
    ("relay", "disable_relay", True, "sending to other sites"),
    ("dialup", "disable_dialup", True, "dialling in"),
    ("password_change", "disable_passwordchanging", True, "changing the own password"),
    ("maildrop", "disable_maildrop", True, "maildrop"),
    ("spamassassin", "disable_spamassassin", True, "SpamAssassin"),
    ("delete_spam", "delete_spam", False, "deleting what SpamAssassin calls spam"),
)
_FORBIDDEN = (
    ("forbid_users", "perm_account", "users"),
    ("forbid_aliases", "perm_alias", "aliases"),
    ("forbid_forwards", "perm_forward", "forwards"),
    ("forbid_autoresponders", "perm_autoresponder", "autoresponders"),
    ("forbid_mailing_lists", "perm_maillist", "mailing lists"),
    ("forbid_list_users", "perm_maillist_users", "the users of mailing lists"),
    ("forbid_list_moderators", "perm_maillist_moderators", "the moderators of mailing lists"),
    ("forbid_quota", "perm_quota", "quotas"),
    ("forbid_default_quota", "perm_defaultquota", "default quotas"),
)
_ACTS = ("create", "modify", "delete")  # bits 1, 2 and 4
_UNLIMITED = "unlimited"
NAMES = tuple(row[0] for rows in (_COUNTS, _AMOUNTS, _SWITCHES, _FORBIDDEN) for row in rows)


def add_limits(parser: ArgumentParser) -> None:
    """The options for all limits."""
    group = parser.add_argument_group("numbers; unlimited takes a limit away")
    for name, _field, meaning in _COUNTS:
        group.add_argument(_option(name), type=_count, metavar="NUMBER", help=meaning)
    for name, _field, unit, meaning in _AMOUNTS:
        kind, shown = (_Size(unit), "SIZE") if unit else (_amount, "NUMBER")
        group.add_argument(_option(name), type=kind, metavar=shown, help=meaning)
    group = parser.add_argument_group("what is open to users")
    for name, _field, _inverted, meaning in _SWITCHES:
        group.add_argument(_option(name), action=BooleanOptionalAction, help=meaning)
    group = parser.add_argument_group(
        "what is forbidden to administrators other than postmaster",
        f"WHAT is of {', '.join(_ACTS)}, with commas between; or nothing.",
    )
    for name, _field, meaning in _FORBIDDEN:
        group.add_argument(_option(name), type=_acts, metavar="WHAT", help=meaning)


def fields_of(values: Mapping[str, object]) -> dict[str, int]:
    """The fields of the record that options set; None is one that is not given."""
    fields = {}
    for name, field, *more in (*_COUNTS, *_AMOUNTS, *_SWITCHES, *_FORBIDDEN):
        value = values.get(name)
        if isinstance(value, bool):
            fields[field] = int(value != more[0])
        elif isinstance(value, int):
            fields[field] = value
    return fields


def values_of(limits: VLimits) -> dict[str, object]:
    """All limits by name; None is no limit."""
    values: dict[str, object] = {}
    for name, field, _ in _COUNTS:
        number = getattr(limits, field)
        values[name] = None if number < 0 else number
    for name, field, unit, _ in _AMOUNTS:
        number = getattr(limits, field)
        values[name] = number * (unit or 1) if number > 0 else None
    for name, field, inverted, _ in _SWITCHES:
        values[name] = bool(getattr(limits, field)) != inverted
    for name, field, _ in _FORBIDDEN:
        bits = getattr(limits, field)
        values[name] = [act for place, act in enumerate(_ACTS) if bits >> place & 1]
    return values


class _Size:
    """Reads a size as a number of units."""

    def __init__(self, unit: int) -> None:
        self.unit = unit

    def __call__(self, text: str) -> int:
        if text == _UNLIMITED:
            return 0
        try:
            size = read_size(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None
        if size % self.unit:
            raise ArgumentTypeError("give whole megabytes")
        return size // self.unit


def _count(text: str) -> int:
    return -1 if text == _UNLIMITED else _number(text)


def _amount(text: str) -> int:
    return 0 if text == _UNLIMITED else _number(text)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ArgumentTypeError(f"give a number or {_UNLIMITED}")
    return int(text)


def _acts(text: str) -> int:
    bits = 0
    for act in filter(None, text.split(",")):
        if act == "nothing":
            continue
        if act not in _ACTS:
            raise ArgumentTypeError(f"give {', '.join(_ACTS)} or nothing")
        bits |= 1 << _ACTS.index(act)
    return bits


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
