"""vmoddomlimits: showing and changing what a domain may have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import needs_root, open_to_others, tree
from vpopmail import VLimits, Vpopmail

from .programs import run, run_as

PROGRAM = "vmoddomlimits"
DOMAIN = "example.com"
NOBODY = 65534
OWNER = 12345
LISTING = """\
Domain: example.com
--
Max Pop Accounts: 11
Max Aliases: -1
Max Forwards: -1
Max Autoresponders: -1
Max Mailinglists: 2
GID Flags:
  NO_POP
  NO_MAILDROP
Flags (for commandline): pm
Flags for non postmaster accounts:
  pop account:            DENY_CREATE  DENY_MODIFY  DENY_DELETE  
  alias:                  DENY_CREATE  DENY_MODIFY  ALLOW_DELETE 
  forward:                ALLOW_CREATE ALLOW_MODIFY ALLOW_DELETE 
  autoresponder:          ALLOW_CREATE ALLOW_MODIFY ALLOW_DELETE 
  mailinglist:            ALLOW_CREATE ALLOW_MODIFY ALLOW_DELETE 
  mailinglist users:      ALLOW_CREATE ALLOW_MODIFY ALLOW_DELETE 
  mailinglist moderators: ALLOW_CREATE ALLOW_MODIFY ALLOW_DELETE 
  quota:                  ALLOW_CREATE ALLOW_MODIFY ALLOW_DELETE 
  default quota:          ALLOW_CREATE ALLOW_MODIFY ALLOW_DELETE 
Domain Quota: 100 MB
Default User Quota: 10485760 bytes
Max Domain Messages: 5
Default Max Messages per User: 7
"""  # noqa: W291 - as C has them
KEPT = """\
Default limits must not be deleted. If you really want to do this,
remove the vlimits.default file.
But be warned: this might stop vpopmail from working!!
"""


@pytest.fixture
def limited(site: Vpopmail) -> Vpopmail:
    site.domains.add(DOMAIN)
    return site


def test_what_is_set_is_shown(limited: Vpopmail) -> None:
    words = ("-P", "11", "-L2", "-g", "mp", "-p", "a", "-acm", "-Q", "100", "-q", "10M", "-M5", "-m", "7")
    assert run(limited, PROGRAM, *words, DOMAIN) == (0, "", "")
    assert run(limited, PROGRAM, "-S", DOMAIN) == (0, LISTING, "")


def test_showing_changes_nothing(limited: Vpopmail, tmp_path: Path) -> None:
    before = tree(tmp_path)
    assert run(limited, PROGRAM, "-S", "-P", "5", DOMAIN).out.splitlines()[2] == "Max Pop Accounts: -1"
    assert tree(tmp_path) == before


def test_what_is_not_named_stays(limited: Vpopmail) -> None:
    run(limited, PROGRAM, "-P", "5", "-g", "p", DOMAIN)
    run(limited, PROGRAM, "-A", "6", DOMAIN)
    limits = limited.limits.get(DOMAIN)
    assert (limits.maxpopaccounts, limits.maxaliases, limits.disable_pop) == (5, 6, 1)


def test_the_domain_gets_its_own_limits_from_the_default_ones(limited: Vpopmail) -> None:
    limited.limits.update_defaults(maxforwards=3)
    run(limited, PROGRAM, "-P", "5", DOMAIN)
    limited.limits.update_defaults(maxforwards=4)
    assert limited.limits.get(DOMAIN) == VLimits(maxforwards=3, maxpopaccounts=5)


@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("u", "disable_dialup"), ("d", "disable_passwordchanging"), ("p", "disable_pop"),
        ("s", "disable_smtp"), ("w", "disable_webmail"), ("i", "disable_imap"),
        ("r", "disable_relay"), ("c", "disable_spamassassin"), ("x", "delete_spam"),
        ("m", "disable_maildrop"),
    ],
)  # fmt: skip
def test_flags_replace_all_flags(limited: Vpopmail, letter: str, name: str) -> None:
    limited.limits.set(DOMAIN, VLimits(disable_pop=1, disable_imap=1))
    run(limited, PROGRAM, "-g", letter, DOMAIN)
    assert limited.limits.get(DOMAIN) == VLimits(**{name: 1})


def test_no_letters_clear_the_flags(limited: Vpopmail) -> None:
    limited.limits.set(DOMAIN, VLimits(disable_pop=1, disable_imap=1))
    run(limited, PROGRAM, "-g", "", DOMAIN)
    assert limited.limits.get(DOMAIN) == VLimits()


@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("p", "perm_account"), ("a", "perm_alias"), ("f", "perm_forward"),
        ("r", "perm_autoresponder"), ("l", "perm_maillist"), ("u", "perm_maillist_users"),
        ("o", "perm_maillist_moderators"), ("x", "perm_quota"), ("z", "perm_defaultquota"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("acts", "bits"), [("a", 7), ("c", 1), ("m", 2), ("d", 4), ("dc", 5), ("", 0)]
)
def test_permissions_are_replaced_each_for_itself(
    limited: Vpopmail, letter: str, name: str, acts: str, bits: int
) -> None:
    limited.limits.set(DOMAIN, VLimits(perm_alias=3, perm_maillist_users=3))
    run(limited, PROGRAM, f"-{letter}", acts, DOMAIN)
    before = {"perm_alias": 3, "perm_maillist_users": 3}
    assert limited.limits.get(DOMAIN) == VLimits(**{**before, name: bits})


@pytest.mark.parametrize(
    ("text", "size"), [("10M", 10485760), ("1024", 1024), ("2k", 2048), ("0", 0), ("NOQUOTA", 0)]
)
def test_default_quota_is_in_bytes_or_with_a_unit(limited: Vpopmail, text: str, size: int) -> None:
    assert run(limited, PROGRAM, "-q", text, DOMAIN).code == 0
    assert limited.limits.get(DOMAIN).defaultquota == size


@pytest.mark.parametrize(
    "words", [("-P", "many"), ("-P", "-2"), ("-Q", ""), ("-q", "10G"), ("-q", "5C"), ("-A", "1.5"), ("-P", "٣"), ("-P", "9" * 5000)]
)
def test_what_is_no_number_changes_nothing(limited: Vpopmail, words: tuple[str, ...]) -> None:
    ran = run(limited, PROGRAM, "-L", "1", *words, DOMAIN)
    assert ran.code == 255
    assert ran.err.startswith(f"{PROGRAM}: {words[0]} takes a number")
    assert limited.limits.get(DOMAIN) == VLimits()


def test_number_that_no_file_holds_is_told(limited: Vpopmail) -> None:
    ran = run(limited, PROGRAM, "-P", "9" * 30, DOMAIN)
    assert (ran.code, ran.out) == (255, "Failed to vset_limits\n")
    assert "maxpopaccounts" in ran.err


def test_own_limits_are_forgotten_once(limited: Vpopmail) -> None:
    limited.limits.set(DOMAIN, VLimits(maxaliases=4))
    assert run(limited, PROGRAM, "-D", DOMAIN, PROFILE="5.4") == (0, "Limits deleted\n", "")
    assert limited.limits.get(DOMAIN) == VLimits()
    ran = run(limited, PROGRAM, "-D", DOMAIN, PROFILE="5.4")
    assert (ran.code, ran.out) == (255, "Failed to delete limits\n")


def test_later_release_forgets_limits_that_are_not_there(limited: Vpopmail) -> None:
    ran = run(limited, PROGRAM, "-D", DOMAIN, PROFILE="5.6")
    assert (ran.code, ran.out) == (0, "Limits deleted\n")


@pytest.mark.parametrize("words", [("-S",), ("-D",), ("-P", "5"), ()])
def test_unknown_domain_is_told(limited: Vpopmail, words: tuple[str, ...]) -> None:
    ran = run(limited, PROGRAM, *words, "missing.org")
    assert ran == (245, "Error: Domain does not exist\n", "")


def test_alias_domain_has_the_limits_of_its_domain(limited: Vpopmail) -> None:
    limited.domains.add_alias("alias.org", DOMAIN)
    run(limited, PROGRAM, "-P", "5", "alias.org")
    assert limited.limits.get(DOMAIN).maxpopaccounts == 5


def test_default_limits_are_changed_and_shown(limited: Vpopmail) -> None:
    assert run(limited, PROGRAM, "-d", "-P", "7", "-gp") == (0, "", "")
    assert limited.limits.get(DOMAIN) == VLimits(maxpopaccounts=7, disable_pop=1)
    ran = run(limited, PROGRAM, "-dS")
    head, rest = ran.out.split("\n", 1)
    assert head == f"Default limits: {limited.settings.etc_path('vlimits.default')}"
    assert rest == run(limited, PROGRAM, "-S", DOMAIN).out.split("\n", 1)[1]


def test_default_limits_are_not_deleted(limited: Vpopmail) -> None:
    assert run(limited, PROGRAM, "-d", "-D") == (255, KEPT, "")


@pytest.mark.parametrize("words", [("-S",), ("-P", "7")])
def test_lost_default_limits_are_told_and_not_made_up(
    limited: Vpopmail, words: tuple[str, ...]
) -> None:
    path = Path(limited.settings.etc_path("vlimits.default"))
    path.unlink()
    ran = run(limited, PROGRAM, "-d", *words)
    assert (ran.code, ran.out) == (255, "Failed to read the vlimits.default file.\n")
    assert str(path) in ran.err
    assert not path.exists()


@pytest.mark.parametrize(("words", "code"), [((), 255), (("-S",), 255), (("-h",), 0), (("-Z", DOMAIN), 255)])
def test_usage(limited: Vpopmail, words: tuple[str, ...], code: int) -> None:
    ran = run(limited, PROGRAM, *words)
    assert ran.code == code
    assert ran.out.startswith("vmoddomlimits: usage: ")


def test_limits_in_a_database(limited: Vpopmail) -> None:
    options = {"BACKEND": "sqlite", "MYSQL_LIMITS": "yes"}
    assert run(limited, PROGRAM, "-P", "5", "-u", "c", "-o", "d", DOMAIN, **options).code == 0
    shown = run(limited, PROGRAM, "-S", DOMAIN, **options).out
    assert "Max Pop Accounts: 5\n" in shown
    assert "mailinglist users:      DENY_CREATE  ALLOW_MODIFY ALLOW_DELETE \n" in shown
    assert "mailinglist moderators: ALLOW_CREATE ALLOW_MODIFY DENY_DELETE  \n" in shown
    assert limited.limits.get(DOMAIN) == VLimits()


@needs_root
def test_owner_of_the_domain_may(site: Vpopmail, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    os.chown(site.settings.domains_path, OWNER, OWNER)
    site.domains.add(DOMAIN, uid=OWNER, gid=OWNER)
    assert run_as(OWNER, site, PROGRAM, "-P", "5", DOMAIN) == (0, "", "")
    assert site.limits.get(DOMAIN).maxpopaccounts == 5


@needs_root
def test_nobody_is_shown_the_default_limits_and_changes_none(
    limited: Vpopmail, tmp_path: Path
) -> None:
    limited.limits.set(DOMAIN, VLimits(maxpopaccounts=5))
    open_to_others(tmp_path)
    shown = run_as(NOBODY, limited, PROGRAM, "-S", DOMAIN)
    assert shown.code == 0
    assert "Max Pop Accounts: -1\n" in shown.out
    assert "only root and the owner" in shown.err
    ran = run_as(NOBODY, limited, PROGRAM, "-P", "9", DOMAIN)
    assert (ran.code, ran.out) == (255, "Failed to vset_limits\n")
    ran = run_as(NOBODY, limited, PROGRAM, "-d", "-P", "9")
    assert (ran.code, ran.out) == (255, "Failed to write vlimits.default file")
    assert limited.limits.get(DOMAIN).maxpopaccounts == 5
    assert limited.limits.defaults() == VLimits()
