"""Roaming users: who may send mail, the rules compiled for them, and many logins at once."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

import vpopmail
from tests.conftest import needs_root, open_to_others, settings_for
from tests.crash.processes import in_child, in_children
from vpopmail import Vpopmail
from vpopmail.errors import FileNotUpdated, InvalidIpAddress
from vpopmail.formats import cdb
from vpopmail.settings import load

RULES = '127.:allow,RELAYCLIENT=""\n10.1.:deny\n'
RELAYS = b"+RELAYCLIENT=\0+RBLSMTPD=\0"
Make = Callable[..., Vpopmail]


@pytest.fixture
def etc(site: Vpopmail) -> Path:
    """The site's etc with rules of the administrator."""
    path = Path(site.settings.vpopmaildir, "etc")
    (path / "tcp.smtp").write_text(RULES)
    return path


def compiled(etc: Path) -> list[tuple[bytes, bytes]]:
    return list(cdb.iterate((etc / "tcp.smtp.cdb").read_bytes()))


def opened(etc: Path) -> list[bytes]:
    """The addresses that only a login has opened, as they are compiled."""
    return [key for key, data in compiled(etc) if data == RELAYS]


def age(etc: Path, address: str, seconds: int) -> None:
    """Let the last login from an address be so long ago."""
    path = etc / "open-smtp"
    lines = [line.partition("\t") for line in path.read_text().splitlines()]
    path.write_text(
        "".join(
            f"{rule}\t{int(time) - (seconds if rule.startswith(f'{address}:') else 0)}\n"
            for rule, _, time in lines
        )
    )


# one login


def test_a_login_opens_the_relay_after_the_rules_of_the_administrator(site: Vpopmail, etc: Path) -> None:
    assert site.relay.open("192.0.2.1")
    assert compiled(etc) == [
        (b"127.", b"+RELAYCLIENT=\0"), (b"10.1.", b"D\0"), (b"192.0.2.1", RELAYS),
    ]  # fmt: skip
    assert "192.0.2.1" in site.relay
    assert "192.0.2.2" not in site.relay
    assert list(site.relay) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("told", "address"),
    [("::ffff:192.0.2.1", "192.0.2.1"), ("2001:DB8:0:0::1", "2001:db8::1"), ("fe80::1%eth0", "fe80::1")],
)
def test_every_form_of_an_address_is_the_one_that_tcpserver_tells(
    site: Vpopmail, etc: Path, told: str, address: str
) -> None:
    assert site.relay.open(told)
    assert not site.relay.open(address)
    assert opened(etc) == [address.encode()]


@pytest.mark.parametrize("name", ["", "host.example", "10.", "=", "1.2.3.4\n:allow", "192.0.2.1:allow"])
def test_what_is_no_address_is_refused_and_nothing_is_written(site: Vpopmail, etc: Path, name: str) -> None:
    with pytest.raises(InvalidIpAddress):
        site.relay.open(name)
    assert sorted(path.name for path in etc.iterdir()) == ["tcp.smtp", "vlimits.default"]


def test_a_known_address_compiles_nothing(site: Vpopmail, etc: Path) -> None:
    site.relay.open("192.0.2.1")
    before = (etc / "tcp.smtp.cdb").stat().st_ino
    (etc / "tcp.smtp").write_text("broken:\n")
    assert not site.relay.open("192.0.2.1")
    assert (etc / "tcp.smtp.cdb").stat().st_ino == before


def test_an_address_that_was_noted_and_not_compiled_is_compiled_at_the_next_login(
    site: Vpopmail, etc: Path
) -> None:
    assert site.relay.note("192.0.2.1")
    assert not (etc / "tcp.smtp.cdb").exists()
    assert not site.relay.open("192.0.2.1")
    assert opened(etc) == [b"192.0.2.1"]


@pytest.mark.parametrize("broken", [b"", b"x" * 2047, b"\xff" * 3000])
def test_a_broken_compiled_file_is_made_anew(site: Vpopmail, etc: Path, broken: bytes) -> None:
    site.relay.note("192.0.2.1")
    (etc / "tcp.smtp.cdb").write_bytes(broken)
    site.relay.open("192.0.2.1")
    assert opened(etc) == [b"192.0.2.1"]


def test_rules_that_cannot_be_compiled_are_told_and_the_old_ones_stay(site: Vpopmail, etc: Path) -> None:
    site.relay.open("192.0.2.1")
    before = (etc / "tcp.smtp.cdb").read_bytes()
    (etc / "tcp.smtp").write_text('10.:allow,A="\n')
    with pytest.raises(FileNotUpdated, match="unable to parse this line: 10.:allow"):
        site.relay.open("192.0.2.2")
    assert (etc / "tcp.smtp.cdb").read_bytes() == before
    assert list(site.relay) == ["192.0.2.1", "192.0.2.2"]
    (etc / "tcp.smtp").unlink()
    site.relay.rebuild()
    assert opened(etc) == [b"192.0.2.1", b"192.0.2.2"]


def test_the_last_rule_of_a_file_without_a_newline_stands_alone(site: Vpopmail, etc: Path) -> None:
    (etc / "tcp.smtp").write_text(":allow")
    site.relay.open("192.0.2.1")
    assert compiled(etc) == [(b"", b""), (b"192.0.2.1", RELAYS)]


def test_what_c_or_somebody_else_has_left_opens_nothing_and_stays(site: Vpopmail, etc: Path) -> None:
    odd = ':allow,RELAYCLIENT=""\t9\n2001_db8__1:allow\t9\nevil.example:allow\t9\n10.:allow\t9\n'
    (etc / "open-smtp").write_text(odd)
    site.relay.open("192.0.2.1")
    assert opened(etc) == [b"192.0.2.1"]
    assert (etc / "open-smtp").read_text().startswith(odd)


def test_the_files_are_public_and_the_lock_file_is_not(site: Vpopmail, etc: Path) -> None:
    site.relay.open("192.0.2.1")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in etc.iterdir()}
    assert modes["open-smtp"] == modes["tcp.smtp.cdb"] == 0o644
    assert modes["open-smtp.lock"] == 0o600


@needs_root
def test_all_of_it_belongs_to_vpopmail_so_that_other_logins_go_on(make_site: Make, tmp_path: Path) -> None:
    open_to_others(tmp_path)
    site = make_site(vpopuser=12345, vpopgroup=12345)
    os.chown(f"{site.settings.vpopmaildir}/etc", 12345, 12345)
    site.relay.open("192.0.2.1")
    site.ip_maps.set("192.0.2.1", "one.example")

    def as_vpopmail() -> None:
        os.setgroups([])
        os.setgid(12345)
        os.setuid(12345)
        site.relay.open("192.0.2.2")
        site.ip_maps.set("192.0.2.1", "two.example")
        site.relay.clear()

    in_child(as_vpopmail)
    assert list(site.relay) == ["192.0.2.1", "192.0.2.2"]


# clearing


def test_only_old_addresses_are_forgotten(site: Vpopmail, etc: Path) -> None:
    site.relay.open("192.0.2.1")
    site.relay.open("192.0.2.2")
    age(etc, "192.0.2.1", 180 * 60)
    assert site.relay.clear() == 1
    assert list(site.relay) == ["192.0.2.2"]
    assert opened(etc) == [b"192.0.2.2"]
    assert site.relay.clear() == 0


def test_a_login_sets_the_time_anew(site: Vpopmail, etc: Path) -> None:
    site.relay.open("192.0.2.1")
    age(etc, "192.0.2.1", 200 * 60)
    site.relay.open("192.0.2.1")
    assert site.relay.clear() == 0


def test_clearing_compiles_even_if_nothing_is_old(site: Vpopmail, etc: Path) -> None:
    assert site.relay.clear() == 0
    assert len(compiled(etc)) == 2
    assert not (etc / "open-smtp").exists()


def test_another_age_can_be_asked_for(site: Vpopmail, etc: Path) -> None:
    site.relay.open("192.0.2.1")
    age(etc, "192.0.2.1", 90)
    assert site.relay.clear(older_than=100) == 0
    assert site.relay.clear(older_than=80) == 1


# options


def test_without_rebuilding_nothing_is_compiled(make_site: Make) -> None:
    site = make_site(rebuild_tcpserver_file=False)
    site.relay.open("192.0.2.1")
    site.relay.clear(-5)
    site.relay.rebuild()
    assert not os.path.exists(f"{site.settings.tcpserver_file}.cdb")


def test_the_rules_may_lie_elsewhere(make_site: Make, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/mail").write_text(RULES)
    make_site(tcpserver_file=str(tmp_path / "rules/mail")).relay.open("192.0.2.1")
    assert sorted(path.name for path in (tmp_path / "rules").iterdir()) == ["mail", "mail.cdb"]


@pytest.fixture
def tcprules() -> str:
    path = "/usr/bin/tcprules"
    if not os.path.exists(path):
        assert not os.environ.get("CI"), "install ucspi-tcp"
        pytest.skip("ucspi-tcp is not installed")
    return path


def test_tcprules_itself_can_compile(make_site: Make, tcprules: str) -> None:
    own, other = make_site(), make_site(tcprules_prog=tcprules)
    etc = Path(own.settings.vpopmaildir, "etc")
    (etc / "tcp.smtp").write_text(RULES)
    other.relay.open("192.0.2.1")
    data = (etc / "tcp.smtp.cdb").read_bytes()
    own.relay.rebuild()
    assert (etc / "tcp.smtp.cdb").read_bytes() == data
    assert [path.name for path in etc.iterdir() if "vpopmail" in path.name] == []


def test_a_tcprules_without_ipv6_gets_the_other_addresses(make_site: Make, tcprules: str) -> None:
    site = make_site(tcprules_prog=tcprules)
    site.relay.open("2001:db8::1")
    site.relay.open("192.0.2.1")
    assert opened(Path(site.settings.vpopmaildir, "etc")) == [b"192.0.2.1"]
    assert "2001:db8::1" in site.relay


@pytest.mark.parametrize("program", ["/bin/false", "/bin/true", "/nonexistent"])
def test_a_program_that_fails_is_told(make_site: Make, program: str) -> None:
    site = make_site(tcprules_prog=program)
    with pytest.raises(FileNotUpdated, match=program):
        site.relay.open("192.0.2.1")
    assert sorted(os.listdir(f"{site.settings.vpopmaildir}/etc")) == [
        "open-smtp", "open-smtp.lock", "vlimits.default",
    ]  # fmt: skip


# many at once


def test_no_login_is_lost_and_the_rules_are_in_step(tmp_path: Path, make_site: Make) -> None:
    etc = Path(make_site().settings.vpopmaildir, "etc")
    (etc / "tcp.smtp").write_text(RULES)

    def log_in(number: int) -> None:
        with Vpopmail(load(settings_for(tmp_path, lock_timeout=60))) as site:
            for turn in range(6):
                site.relay.open(f"192.0.2.{number * 6 + turn}")
                site.relay.open("2001:db8::1")
                if random.random() < 0.3:
                    site.relay.clear()

    in_children([partial(log_in, number) for number in range(12)])
    expected = {"2001:db8::1", *(f"192.0.2.{number}" for number in range(72))}
    with Vpopmail(load(settings_for(tmp_path))) as site:
        assert sorted(site.relay) == sorted(expected)
    assert sorted(opened(etc)) == sorted(address.encode() for address in expected)
    assert compiled(etc)[0] == (b"127.", b"+RELAYCLIENT=\0")


def test_beside_a_c_tool_that_holds_the_lock_a_login_waits_no_longer_than_allowed(
    site: Vpopmail, etc: Path
) -> None:
    holder = (
        "import fcntl, sys\n"
        "file = open(sys.argv[1], 'w')\n"
        "fcntl.lockf(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(etc / "open-smtp.lock")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(FileNotUpdated, match="locked by another process"):
            site.relay.open("192.0.2.1")
        process.communicate()
    assert site.relay.open("192.0.2.1")


# the C face


def test_the_c_functions_open_and_clear(make_site: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make_site(roaming_users=True)
    etc = Path(site.settings.vpopmaildir, "etc")
    with vpopmail.use(site):
        monkeypatch.delenv("TCPREMOTEIP", raising=False)
        monkeypatch.delenv("REMOTE_HOST", raising=False)
        assert vpopmail.open_smtp_relay() == vpopmail.vopen_smtp_relay() == 0
        monkeypatch.setenv("REMOTE_HOST", "evil.example")
        assert vpopmail.open_smtp_relay() == vpopmail.vopen_smtp_relay() == -1
        assert vpopmail.last_error() == vpopmail.VA.INVALID_IP_ADDRESS
        monkeypatch.setenv("TCPREMOTEIP", "2001:db8::1")
        assert vpopmail.vopen_smtp_relay() == 1
        assert vpopmail.vopen_smtp_relay() == 0
        assert vpopmail.open_smtp_relay() == 0
        assert opened(etc) == [b"2001:db8::1"]
        reading, writing = os.pipe()
        assert vpopmail.vupdate_rules(writing) == 0
        os.close(writing)
        with open(reading) as pipe:
            assert pipe.read() == '2001:db8::1:allow,RELAYCLIENT="",RBLSMTPD=""\n'
        assert vpopmail.vclear_open_smtp(0, 2**40) == 0
        assert opened(etc) == [b"2001:db8::1"]
        assert vpopmail.update_rules() == 0
        assert opened(etc) == []
        (etc / "tcp.smtp").write_text("10.:x\n")
        assert vpopmail.update_rules() == vpopmail.open_smtp_relay() == -1


def test_a_site_without_roaming_users_opens_nothing_by_the_c_names(
    site: Vpopmail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TCPREMOTEIP", "192.0.2.1")
    assert vpopmail.open_smtp_relay() == vpopmail.vopen_smtp_relay() == 0
    assert list(site.relay) == []


def test_a_login_that_opens_the_relay_loads_no_heavy_module(make_site: Make) -> None:
    heavy = {"attr", "typing", "re", "enum", "functools", "pathlib", "tomllib", "dataclasses",
             "subprocess", "ipaddress", "socket", "threading", "tempfile", "shutil"}  # fmt: skip
    settings = make_site().settings
    code = (
        "import sys; before = set(sys.modules)\n"
        "from vpopmail.installation import Installation\n"
        "from vpopmail.access.relay import Relay\n"
        "from vpopmail.settings import load\n"
        f"site = Installation(load({{'vpopmaildir': {settings.vpopmaildir!r}, 'qmaildir': {settings.qmaildir!r},"
        f" 'vpopuser': {os.getuid()}, 'vpopgroup': {os.getgid()}}}))\n"
        "assert Relay(site).open('2001:db8::1') and not Relay(site).open('2001:db8::1')\n"
        "from vpopmail.access.ip_map import mapped_domain\n"
        "assert mapped_domain(site, '::1') is None\n"
        "print(*set(sys.modules) - before)"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=Path(vpopmail.__file__).parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert heavy & set(run.stdout.split()) == set()
