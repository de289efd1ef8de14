"""Limits of a domain: .qmailadmin-limits and etc/vlimits.default.

Source: formats, limits.
"""

from __future__ import annotations

from vpopmail.formats.text import leading_int
from vpopmail.records import VLimits

_BITS = 7
_USERS_SHIFT = 3
_MODERATORS_SHIFT = 6
_SEPARATORS = b" \t:"

# Key in the file and field of the record, in the order of writing.
_NUMBERS = (
    ("maxpopaccounts", "maxpopaccounts"),
    ("maxaliases", "maxaliases"),
    ("maxforwards", "maxforwards"),
    ("maxautoresponders", "maxautoresponders"),
    ("maxmailinglists", "maxmailinglists"),
    ("quota", "diskquota"),
    ("maxmsgcount", "maxmsgcount"),
    ("default_quota", "defaultquota"),
    ("default_maxmsgcount", "defaultmaxmsgcount"),
)
_FLAGS = (
    ("disable_pop", "disable_pop"),
    ("disable_imap", "disable_imap"),
    ("disable_dialup", "disable_dialup"),
    ("disable_password_changing", "disable_passwordchanging"),
    ("disable_webmail", "disable_webmail"),
    ("disable_external_relay", "disable_relay"),
    ("disable_smtp", "disable_smtp"),
    ("disable_spamassassin", "disable_spamassassin"),
    ("delete_spam", "delete_spam"),
    ("disable_maildrop", "disable_maildrop"),
)
_PERMISSIONS = (
    "perm_account",
    "perm_alias",
    "perm_forward",
    "perm_autoresponder",
    "perm_maillist",
    "perm_quota",
    "perm_defaultquota",
)


def parse(data: bytes, base: VLimits | None = None) -> VLimits:
    """The limits that a file sets.

    Args:
        data: the whole file, of any size; lines end with LF, CR or both.
        base: what holds where the file says nothing; without it the built-in defaults. It is
            not changed.

    Returns:
        A fresh record. A flag is set by being there, whatever follows it.

    Source: formats, limits.
    """
    limits = VLimits()
    if base is not None:
        for name in VLimits.__slots__:
            setattr(limits, name, getattr(base, name))
    numbers, flags = _known()
    for line in data.replace(b"\r", b"\n").split(b"\n"):
        key = line.translate(_TO_BLANK).partition(b" ")[0]
        value = line[len(key) :].lstrip(_SEPARATORS)
        if key in flags:
            setattr(limits, flags[key], 1)
        elif key in numbers and value:
            _set_number(limits, numbers[key], leading_int(value))
    return limits


def format_limits(limits: VLimits) -> bytes:
    """The file of some limits.

    Args:
        limits: the record.

    Returns:
        ``key: number`` lines and one line for each flag that is set. All bits of mailing
        lists stand in ``perm_maillist``, where C reads them.

    Source: formats, limits.
    """
    lines = [f"{key}: {getattr(limits, field)}" for key, field in _NUMBERS]
    lines += [key for key, field in _FLAGS if getattr(limits, field)]
    lines += [f"{key}: {_permission(limits, key)}" for key in _PERMISSIONS]
    return ("\n".join(lines) + "\n").encode()


_TO_BLANK = bytes.maketrans(_SEPARATORS, b" " * len(_SEPARATORS))


def _known() -> tuple[dict[bytes, str], dict[bytes, str]]:
    numbers = {key.encode(): field for key, field in _NUMBERS}
    numbers |= {key.encode(): key for key in _PERMISSIONS}
    return numbers, {key.encode(): field for key, field in _FLAGS}


def _set_number(limits: VLimits, field: str, value: int) -> None:
    if field == "perm_maillist":
        limits.perm_maillist_users = value >> _USERS_SHIFT & _BITS
        limits.perm_maillist_moderators = value >> _MODERATORS_SHIFT & _BITS
    setattr(limits, field, value & _BITS if field in _PERMISSIONS else value)


def _permission(limits: VLimits, key: str) -> int:
    value: int = getattr(limits, key) & _BITS
    if key == "perm_maillist":
        value |= (limits.perm_maillist_users & _BITS) << _USERS_SHIFT
        value |= (limits.perm_maillist_moderators & _BITS) << _MODERATORS_SHIFT
    return value
