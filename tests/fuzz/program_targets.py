"""What is fuzzed of programs: bulk input, what is typed, what other processes are called."""

from __future__ import annotations

import getopt
import hashlib
import hmac
import io
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator

from vpopmail.access import proof
from vpopmail.access.login import LoginRequest
from vpopmail.access.service import POP, SERVICES, SMTP, for_client, service_of
from vpopmail.commands import vchkpw, vdeloldusers, vkill, vmoddomlimits
from vpopmail.commands.front import alias, columns, limit_names, sizes, user
from vpopmail.commands.front.columns import Columns
from vpopmail.commands.front.rows import BadHeader, Row, read_csv, read_jsonl
from vpopmail.commands.terminal import options
from vpopmail.commands.terminal.options import Misuse
from vpopmail.errors import ConfigError, FormatError, InvalidQuota
from vpopmail.formats.maildirsize import format_quota
from vpopmail.formats.text import to_bytes, to_text
from vpopmail.settings.options import OPTIONS
from vpopmail.settings.sources import check, from_environ
from vpopmail.upkeep.newcomers import parse_newcomers

from .target import Target, allowed, of_text

BULK = (user.SETTABLE, user.ONLY_ADDRESS, alias._WITH_LINES)
HEADER = "address,password,quota,no_pop,lines,comment\n"


def stream(text: str) -> io.StringIO:
    """Text as standard input gives it: each end of a line as it is."""
    return io.StringIO(text, newline="")


def sound(rows: Iterator[Row], wanted: Columns) -> None:
    """Each row has values in the kinds of the columns, or a complaint; they come in order."""
    last = 0
    for row in rows:
        assert row.number > last, "the number of a line before it"
        last = row.number
        assert bool(row.values) != bool(row.complaint)
        assert row.values.keys() <= wanted.kinds.keys()
        assert not row.values or all(name in row.values for name in wanted.needed)


def tables(data: bytes) -> None:
    """Bulk input as CSV, with a header of its own and with one that fits."""
    text = to_text(data)
    for wanted in BULK:
        for given in (text, "address\n" + text):
            try:
                sound(read_csv(stream(given), wanted), wanted)
            except BadHeader as error:
                assert "\n" not in str(error)


def table(data: bytes) -> list[Row]:
    return list(read_csv(stream("address,comment\n" + to_text(data)), user.SETTABLE))


def objects(data: bytes) -> None:
    """Bulk input as JSON lines."""
    text = to_text(data)
    for wanted in BULK:
        sound(read_jsonl(stream(text), wanted), wanted)


def object_lines(data: bytes) -> list[Row]:
    return list(read_jsonl(stream(to_text(data)), user.SETTABLE))


def amounts(data: bytes) -> None:
    """Sizes, quotas, limits and other values as people type them."""
    text = to_text(data)
    quota = allowed(lambda: sizes.read_quota(text), InvalidQuota)
    if quota is not None:
        assert sizes.read_quota(quota) == quota, "a listing is taken back"
        format_quota(quota)
    size = answered(lambda: sizes.read_size(text), ValueError)
    if size is not None:
        assert size >= 0
        sizes.read_size(sizes.show_size(size))
    for kind in (columns.boolean, columns.quota, columns.lines):
        answered(lambda kind=kind: kind(text), ValueError)
    typed = (
        *(limit_names._count, limit_names._amount, limit_names._acts, limit_names._number),
        *(limit_names._Size(1), limit_names._Size(1 << 20)),
    )
    for kind in typed:
        answered(lambda kind=kind: kind(text), ArgumentTypeError)
    answered(lambda: vdeloldusers._days(text), Misuse)
    answered(lambda: vmoddomlimits._number("P", text), Misuse)
    answered(lambda: vmoddomlimits._bytes(text), Misuse)
    assert 0 <= vchkpw._number(text) < 10**5


def answered(question: Callable[[], object], error: type[Exception]) -> object:
    """The answer, or None after the one error that there may be."""
    try:
        return question()
    except error as found:
        assert "Exceeds the limit" not in str(found), found
        return None


LETTERS = "vnsdi:q::"


def words(data: bytes) -> None:
    """Words of a command line, one a line: options in groups, with values, and arguments."""
    given = to_text(data).split("\n")
    as_python_reads_them(given)
    try:
        found, arguments = options.parse(given, LETTERS)
    except Misuse as misuse:
        assert misuse.complaint
        return
    again = [[f"-{letter}", value] if value == "" else [f"-{letter}{value or ''}"] for letter, value in found]
    assert options.parse([*sum(again, []), "--", *arguments], LETTERS) == (found, arguments)


def as_python_reads_them(given: list[str]) -> None:
    """The module getopt knows all but values that may be left out."""
    try:
        found, arguments = getopt.gnu_getopt(given, "vnsdi:")
    except getopt.GetoptError:
        try:
            options.parse(given, "vnsdi:")
        except Misuse:
            return
        raise
    ours, others = options.parse(given, "vnsdi:")
    assert [(f"-{letter}", value or "") for letter, value in ours] == found
    assert others == arguments


def settings(data: bytes) -> None:
    """The value of each option, from the environment: refused, or the same written and read again."""
    text = to_text(data)
    for option in OPTIONS.values():
        found = allowed(lambda option=option: from_environ({option.variable: text}), ConfigError)
        if found is not None:
            value = found[option.name]
            written = {option.name: option.kind.text(value)}
            assert check(written, "x") == {option.name: value}, option.name


def newcomers(data: bytes) -> None:
    """A list of users with their crypt strings, as vconvert reads it; these hold any character."""
    crypted = "".join(to_text(data).split())
    if crypted and to_text(to_bytes(crypted)) == crypted:  # no letter that only now is whole
        (one,) = parse_newcomers(to_bytes(f"joe:{crypted}\n"), "list")
        assert (one.name, one.crypted) == ("joe", crypted)
    for one in allowed(lambda: parse_newcomers(data, "list"), FormatError) or []:
        assert one.name and one.crypted
        assert not set(one.name + one.crypted) & set(" \t\n")
        if ":" not in one.name:
            (same,) = parse_newcomers(to_bytes(f"{one.name}:{one.crypted}\n"), "list")
            assert (same.name, same.crypted) == (one.name, one.crypted)


def answers(data: bytes) -> None:
    """Challenge, clear password and what a client gives: APOP and CRAM-MD5 as others have them."""
    challenge, clear, given = (*data.split(b"\n", 2), b"", b"")[:3]
    apop = hashlib.md5(challenge + clear).hexdigest().encode()
    cram = hmac.new(clear, challenge, "md5").hexdigest().encode()
    assert proof.apop_digest(clear, challenge) == apop
    assert proof.cram_md5_digest(clear, challenge) == cram
    for service, right, method in ((POP, apop, proof.APOP), (SMTP, cram, proof.CRAM_MD5)):
        request = LoginRequest("joe@example.com", given, service, challenge=challenge)
        expected = method if given == right else ""
        assert not proof.is_digest(request) or proof._digest_method(request, clear) == expected
        request = LoginRequest("joe@example.com", right, service, challenge=challenge)
        assert proof.is_digest(request) == bool(challenge)
        assert proof._digest_method(request, clear) == method


def services(data: bytes) -> None:
    """Environment of a login: port, program, name of the service and address, one a line."""
    port, program, named, address = (*to_text(data).split("\n", 3), "", "", "")[:4]
    service, log_name = service_of(vchkpw._number(port), program, named)
    assert service in SERVICES.values()
    assert log_name.startswith("vchkpw-")
    assert for_client(service, address, ("2001:db8::1", "192.0.2.1")) in SERVICES.values()


def processes(data: bytes) -> None:
    """The words that a process was started with, as any user chooses them: which script it is."""
    found = list(vkill._script(to_text(data).split("\0")))
    assert len(found) <= 1
    assert all("/" not in name for name in found)


TARGETS = {
    "bulk-csv": Target(
        tables,
        (
            *(b"address", b",", b"\n", b"\r\n", b'"', b'""', b"a@b", b"yes", b"10M", b"\xff", b"\0"),
            *(b"\xef\xbb\xbf", b"lines", b"quota,", b"comment", b'"a\nb",'),
        ),
        table,
    ),
    "bulk-json": Target(
        objects,
        (
            *(b'{"address": "a@b"}\n', b'"quota": ', b"1", b"9" * 40, b"null", b"[", b"{", b"}", b"]"),
            *(b'"lines": ["a"]', b",", b":", b'"', b"\\ud800", b"\\", b"1e999", b"NaN", b"\n", b"\xff"),
        ),
        object_lines,
    ),
    "amounts": Target(
        amounts,
        (b"10M", b"1.5", b"GiB", b" messages", b"C", b"S", b",", b"none", b"9" * 18, b" ", b"-1", b"create,"),
        of_text(lambda text: answered(lambda: sizes.read_quota(text), InvalidQuota)),
        of_text(lambda text: answered(lambda: sizes.read_size(text), ValueError)),
        of_text(lambda text: answered(lambda: limit_names._acts(text), ArgumentTypeError)),
        of_text(columns.lines),
    ),
    "words": Target(
        words,
        (b"-v", b"n", b"-i", b"x", b"\n", b"--", b"-q10M", b"-", b":", b"\xff"),
        of_text(lambda text: options.parse(["-" + text.replace(":", "v")], LETTERS + "-x\n10M\udcff")),
        of_text(lambda text: options.parse(text.replace("-", "v").split("\n"), LETTERS)),
    ),
    "setting-values": Target(
        settings,
        (b"yes", b"0", b"9" * 19, b"/a", b"/", b"..", b"sha512", b"::1", b"192.0.2.1", b",", b" ", b"a:b", b"\xc2\x85"),
        of_text(lambda text: answered(lambda: from_environ({"VPOPMAIL_WEBMAIL_SERVERS": text}), ConfigError)),
        of_text(lambda text: answered(lambda: from_environ({"VPOPMAIL_BINDIR": text}), ConfigError)),
    ),
    "newcomers": Target(
        newcomers,
        (b"joe:$1$a$b\n", b"joe", b":", b" ", b"\t", b"\n", b"\xff", b"\r", b"\x1f", b"\xc2\x85"),
        lambda data: allowed(lambda: parse_newcomers(data, "list"), FormatError),
    ),
    "digests": Target(
        answers,
        (b"<1.2@x>", b"\n", b"secret", b"x" * 64, b"0" * 32, b"\xff", b"\0"),
        lambda data: proof.cram_md5_digest(data, data),
        lambda data: proof.apop_digest(data, data),
    ),
    "services": Target(
        services,
        (b"110", b"\n", b"imap", b"/bin/true", b"submission", b"2001:db8::1", b"::ffff:192.0.2.1", b"%", b"9" * 6),
        of_text(lambda text: for_client(POP, text, ())),
    ),
    "processes": Target(
        processes,
        (b"-", b"\0", b"/usr/bin/x", b"-c", b"-m", b"/", b"\xff"),
        of_text(lambda text: list(vkill._script(text.split("\0")))),
    ),
}
