"""The limits of a domain as an administrator reads and types them.

Source: commands, vmoddomlimits.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.records import VLimits

# Name as it is shown, letter, and limit, in the order in which they are shown.
_FLAGS = (
    ("NO_IMAP", "i", "disable_imap"),
    ("NO_SMTP", "s", "disable_smtp"),
    ("NO_POP", "p", "disable_pop"),
    ("NO_WEBMAIL", "w", "disable_webmail"),
    ("NO_PASSWD_CHNG", "d", "disable_passwordchanging"),
    ("NO_RELAY", "r", "disable_relay"),
    ("NO_DIALUP", "u", "disable_dialup"),
    ("NO_SPAMASSASSIN", "c", "disable_spamassassin"),
    ("DEL_SPAM", "x", "delete_spam"),
    ("NO_MAILDROP", "m", "disable_maildrop"),
)
_COUNTS = (
    ("Max Pop Accounts", "maxpopaccounts"),
    ("Max Aliases", "maxaliases"),
    ("Max Forwards", "maxforwards"),
    ("Max Autoresponders", "maxautoresponders"),
    ("Max Mailinglists", "maxmailinglists"),
)
_PERMISSIONS = (
    ("pop account:", "perm_account"),
    ("alias:", "perm_alias"),
    ("forward:", "perm_forward"),
    ("autoresponder:", "perm_autoresponder"),
    ("mailinglist:", "perm_maillist"),
    ("mailinglist users:", "perm_maillist_users"),
    ("mailinglist moderators:", "perm_maillist_moderators"),
    ("quota:", "perm_quota"),
    ("default quota:", "perm_defaultquota"),
)
_ACTS = (("CREATE", "c", 1), ("MODIFY", "m", 2), ("DELETE", "d", 4))
_EVERYTHING = ("a", 7)
_WIDTH = len("mailinglist moderators: ")


def describe(limits: VLimits) -> str:
    """The listing of some limits, from the end of the line that says whose they are."""
    counts = [f"{title}: {getattr(limits, name)}" for title, name in _COUNTS]
    flags = [flag for flag in _FLAGS if getattr(limits, flag[2])]
    letters = "".join(letter for _, letter, _ in flags)
    lines = [
        "",
        "--",
        *counts,
        "GID Flags:",
        *(f"  {shown}" for shown, _, _ in flags),
        f"Flags (for commandline): {letters}",
        "Flags for non postmaster accounts:",
        *(f"  {title:{_WIDTH}}{_allowed(getattr(limits, name))}" for title, name in _PERMISSIONS),
        f"Domain Quota: {limits.diskquota} MB",
        f"Default User Quota: {limits.defaultquota} bytes",
        f"Max Domain Messages: {limits.maxmsgcount}",
        f"Default Max Messages per User: {limits.defaultmaxmsgcount}",
    ]
    return "\n".join(lines) + "\n"


def flags_from(letters: str) -> dict[str, int]:
    """Every flag: 1 for those whose letters are there, else 0; by the names of VLimits."""
    return {name: int(letter in letters) for _, letter, name in _FLAGS}


def permission_from(letters: str) -> int:
    """What letters forbid: ``a`` all, ``c`` to create, ``m`` to modify, ``d`` to delete."""
    everything, bits = _EVERYTHING
    if everything in letters:
        return bits
    return sum(bit for _, letter, bit in _ACTS if letter in letters)


def _allowed(forbidden: int) -> str:
    words = (f"DENY_{act}" if forbidden & bit else f"ALLOW_{act}" for act, _, bit in _ACTS)
    return "".join(f"{word:13}" for word in words)
