"""vpopmail domain, alias-domain, limits, relay and ip-map."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpopmail import Vpopmail

from .front import CRYPTED, records, vpopmail
from .programs import run, run_at_terminal

QUESTION = "Delete example.com with all its users and mail? Type yes: "


@pytest.fixture
def domain(site: Vpopmail) -> Vpopmail:
    site.domains.add("example.com")
    site.domains.add_alias("example.net", "example.com")
    site.users.add("joe@example.com", crypted=CRYPTED)
    return site


def test_domain_gets_its_postmaster_with_the_password_of_a_prompt(site: Vpopmail) -> None:
    whose = "Please enter password for postmaster@example.com: "
    answers = [(whose, "s3cret\n"), ("enter password again: ", "s3cret\n")]
    code, _ = run_at_terminal(site, "vpopmail", "domain", "add", "example.com", answers=answers)
    assert code == 0
    assert site.users.check_password("postmaster@example.com", "s3cret")


def test_domain_can_be_added_without_a_postmaster_or_a_password_for_him(site: Vpopmail) -> None:
    assert vpopmail(site, "domain add example.com --no-postmaster") == (0, "", "")
    assert vpopmail(site, "domain add example.org --no-password") == (0, "", "")
    assert [user.pw_name for user in site.users.iter("example.com")] == []
    assert site.users.get("postmaster@example.org").pw_passwd == ""


def test_domain_that_is_there_is_told(domain: Vpopmail) -> None:
    ran = vpopmail(domain, "domain add example.com --no-postmaster")
    assert ran == (243, "", "Domain already exists: example.com\n")


def test_domain_in_other_letters_is_taken(site: Vpopmail) -> None:
    assert vpopmail(site, "domain add bücher.example --no-postmaster").code == 0
    assert vpopmail(site, "domain list").out == "xn--bcher-kva.example\n"


def test_domain_is_deleted_after_a_yes_at_the_terminal(domain: Vpopmail) -> None:
    code, shown = run_at_terminal(
        domain, "vpopmail", "domain", "delete", "example.com", answers=[(QUESTION, "yes\n")]
    )
    assert (code, shown) == (0, f"{QUESTION}yes\n")
    assert list(domain.domains) == []


@pytest.mark.parametrize("answer", ["no\n", "y\n", "\n", "\x04"])
def test_any_other_answer_deletes_nothing(domain: Vpopmail, answer: str) -> None:
    code, shown = run_at_terminal(
        domain, "vpopmail", "domain", "delete", "example.com", answers=[(QUESTION, answer)]
    )
    assert code == 1
    assert shown.endswith("nothing was deleted\n")
    assert "joe@example.com" in domain.users


def test_without_a_terminal_a_domain_is_deleted_only_with_yes(domain: Vpopmail) -> None:
    ran = vpopmail(domain, "domain delete example.com", "yes\n")
    assert ran.code == 2
    assert ran.err == "vpopmail domain delete: there is no terminal to ask at: --yes deletes unasked\n"
    assert "example.com" in domain.domains
    assert vpopmail(domain, "domain delete example.com --yes") == (0, "", "")
    assert list(domain.domains) == []


def test_domain_that_is_not_there_is_told_before_anything_is_asked(site: Vpopmail) -> None:
    code, shown = run_at_terminal(site, "vpopmail", "domain", "delete", "example.com")
    assert (code, shown) == (245, "Domain does not exist: example.com\n")


def test_neither_noun_deletes_what_is_of_the_other(domain: Vpopmail) -> None:
    for line in ("domain delete example.net --yes", "alias-domain delete example.com"):
        ran = vpopmail(domain, line)
        assert ran.code == 244
        assert ran.err.startswith("Invalid domain name: example.")
    assert len(list(domain.domains)) == 2


def test_domains_are_listed_with_their_alias_domains(domain: Vpopmail) -> None:
    domain.domains.add("example.org")
    (one,) = records(vpopmail(domain, "domain list --json --names *.com"))
    assert one["domain"] == "example.com"
    assert one["alias_domains"] == ["example.net"]
    assert vpopmail(domain, "alias-domain list example.org").out == ""
    assert vpopmail(domain, "alias-domain list").out == "example.net\texample.com\n"


def test_mail_for_unknown_users_goes_where_it_is_told(domain: Vpopmail) -> None:
    assert vpopmail(domain, "domain set example.net --catch-all joe").code == 0
    (shown,) = records(vpopmail(domain, "domain show example.com --json"))
    assert shown["catch_all"] == "joe@example.com"
    assert vpopmail(domain, "domain set example.com --bounce").code == 0
    (shown,) = records(vpopmail(domain, "domain show example.com --json"))
    assert (shown["catch_all"], shown["default_delivery"]) == (None, "bounce-no-mailbox")
    ran = vpopmail(domain, "domain set example.com --default-delivery |program")
    assert ran.code == 255
    assert ran.err.startswith("not allowed: |program")


def test_bulletin_reaches_all_and_says_who_has_none(domain: Vpopmail, tmp_path: Path) -> None:
    domain.users.add("amy@example.com", crypted=CRYPTED)
    maildir = Path(domain.users.get("amy@example.com").pw_dir, "Maildir")
    for one in ("cur", "new", "tmp"):
        (maildir / one).rmdir()
    (tmp_path / "message").write_text("Subject: hello\n\nhello\n")
    message = str(tmp_path / "message")
    ran = run(domain, "vpopmail", "domain", "bulletin", message, "--all")
    assert ran.code == 1
    assert ran.err.startswith("amy@example.com: ")
    new = Path(domain.users.get("joe@example.com").pw_dir, "Maildir/new")
    assert len(list(new.iterdir())) == 1
    assert run(domain, "vpopmail", "domain", "bulletin", message).code == 2


def test_message_that_is_not_there_is_told(domain: Vpopmail) -> None:
    ran = vpopmail(domain, "domain bulletin /nowhere example.com")
    assert ran == (239, "", "Could not update file: /nowhere: No such file or directory\n")


def test_limits_are_set_by_readable_names(domain: Vpopmail) -> None:
    line = "limits set example.com --users 5 --aliases unlimited --disk-quota 10G --default-quota 500M"
    assert vpopmail(domain, f"{line} --no-webmail --forbid-aliases create,delete").code == 0
    limits = domain.limits.get("example.com")
    assert (limits.maxpopaccounts, limits.maxaliases) == (5, -1)
    assert (limits.diskquota, limits.defaultquota) == (10240, 500 * 2**20)
    assert (limits.disable_webmail, limits.disable_pop, limits.perm_alias) == (1, 0, 5)
    line = "limits list"
    assert vpopmail(domain, line).out == (
        "example.com users=5 disk_quota=10737418240 default_quota=524288000 webmail=no"
        " forbid_aliases=create, delete\n"
    )
    assert vpopmail(domain, "limits set example.com --webmail --forbid-aliases nothing").code == 0
    assert domain.limits.get("example.com").perm_alias == 0
    assert vpopmail(domain, "limits delete example.com").code == 0
    assert vpopmail(domain, "limits list").out == "example.com\n"


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--disk-quota 1500K", "give whole megabytes"),
        ("--disk-quota lots", "give bytes, or a number with K, M, G or T"),
        ("--users -5", "give a number or unlimited"),
        ("--users many", "give a number or unlimited"),
        ("--forbid-users everything", "give create, modify, delete or nothing"),
        ("", "say which limit to change: see --help"),
    ],
)
def test_wrong_limit_is_wrong_usage(domain: Vpopmail, option: str, complaint: str) -> None:
    ran = vpopmail(domain, f"limits set example.com {option}")
    assert (ran.code, ran.out) == (2, "")
    assert complaint in ran.err
    assert ran.err.count("\n") == 1


def test_defaults_hold_for_domains_without_limits_of_their_own(domain: Vpopmail) -> None:
    assert vpopmail(domain, "limits set-defaults --default-quota 1M --no-pop") == (0, "", "")
    assert domain.limits.get("example.com").defaultquota == 2**20
    (shown,) = records(vpopmail(domain, "limits show-defaults --json"))
    assert (shown["default_quota"], shown["pop"]) == (2**20, False)


def test_addresses_of_the_relay_come_and_go(site: Vpopmail) -> None:
    planned = vpopmail(site, "relay add 192.0.2.1 --dry-run")
    assert planned.out.endswith("tcp.smtp.cdb, unless it has the address\n")
    assert list(site.relay) == []
    assert vpopmail(site, "relay add 192.0.2.1") == (0, "", "")
    (one,) = records(vpopmail(site, "relay list --json"))
    assert one["address"] == "192.0.2.1"
    assert vpopmail(site, "relay clear").code == 0
    assert list(site.relay) == ["192.0.2.1"]
    assert vpopmail(site, "relay clear --older-than 0").code == 0
    assert list(site.relay) == []
    assert vpopmail(site, "relay add nowhere") == (217, "", "invalid IP address: nowhere\n")


@pytest.mark.parametrize("minutes", ["nan", "inf", "-1", "1e308", "soon"])
def test_time_of_the_relay_that_is_none_is_wrong_usage(site: Vpopmail, minutes: str) -> None:
    site.relay.open("192.0.2.1")
    ran = vpopmail(site, f"relay clear --older-than {minutes}")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "--older-than" in ran.err
    assert list(site.relay) == ["192.0.2.1"]


def test_ip_maps_come_and_go(site: Vpopmail) -> None:
    site.domains.add("example.com")
    site.domains.add("example.org")
    assert vpopmail(site, "ip-map add 192.0.2.1 example.com").code == 0
    assert vpopmail(site, "ip-map add 192.0.2.1 example.org").code == 0
    assert vpopmail(site, "ip-map list").out == "192.0.2.1\texample.com\n192.0.2.1\texample.org\n"
    assert vpopmail(site, "ip-map set 192.0.2.1 example.org").code == 0
    assert records(vpopmail(site, "ip-map list --json")) == [{"address": "192.0.2.1", "domain": "example.org"}]
    assert vpopmail(site, "ip-map delete 192.0.2.1 example.com") == (
        255, "", "no such IP map: 192.0.2.1 example.com\n",
    )  # fmt: skip
    assert vpopmail(site, "ip-map delete 192.0.2.1").code == 0
    assert list(site.ip_maps) == []


@pytest.mark.parametrize("verb", ["add", "set"])
def test_address_stands_for_no_domain_that_is_not_there(domain: Vpopmail, verb: str) -> None:
    told = "Domain does not exist: nowhere.example\n"
    for more in ("", " --dry-run"):
        assert vpopmail(domain, f"ip-map {verb} 192.0.2.1 nowhere.example{more}") == (245, "", told)
    assert list(domain.ip_maps) == []
    assert vpopmail(domain, f"ip-map {verb} 192.0.2.1 Example.NET") == (0, "", "")
    assert list(domain.ip_maps) == [("192.0.2.1", "example.net")]
