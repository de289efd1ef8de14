"""What is fuzzed: one function for each format, bytes in.

A target gives bytes to the readers of a format and is silent unless something is wrong: an
exception that the reader does not document, or a text that is another one after it was read,
written and read again. A target that takes several things parts its input at the first newline.

Its words are what the format is made of. They are the dictionary of the fuzzers, and each of them
repeated many times is tried for its cost.
"""

from __future__ import annotations

import io
import struct
from contextlib import suppress

from vpopmail.accounts import hashing
from vpopmail.capi.addresses import extract_domain, is_domain_valid, parse_email, parse_email_safe
from vpopmail.capi.quotas import format_maildirquota, quota_mtos
from vpopmail.capi.records import vgetent
from vpopmail.capi.text import maildir_to_email, trim
from vpopmail.errors import ConfigError, FormatError, InvalidCharacter, InvalidQuota, VpopmailError
from vpopmail.formats import (
    assign,
    cdb,
    checkpassword,
    control,
    dircontrol,
    dotqmail,
    freeslots,
    ip_map,
    limits,
    mail_date,
    maildirsize,
    open_smtp,
    password_strength,
    shadow,
    tcprules,
    vpasswd,
    vpasswd_changes,
    vusagec,
)
from vpopmail.formats.client import remote_address
from vpopmail.formats.ip_address import canonical
from vpopmail.formats.text import join_lines, leading_int, split_lines, to_bytes, to_text
from vpopmail.formats.user_columns import parse_alike
from vpopmail.mailstore.free_places import is_place
from vpopmail.mailstore.usage_daemon import _remote
from vpopmail.names import (
    check_new_domain,
    check_new_user,
    fold,
    fold_domain,
    has_domain_characters,
    has_user_characters,
    split_address,
)
from vpopmail.passwords import checking, verify
from vpopmail.passwords.policy import broken_rule, reason
from vpopmail.passwords.rehash import needs_rehash
from vpopmail.passwords.schemes import DRIVEN, SCHEMES
from vpopmail.plan import journal
from vpopmail.qmail.surviving import SurvivingAssign, SurvivingLists
from vpopmail.records import NOQUOTA
from vpopmail.settings import file as settings_files
from vpopmail.settings.file import compile_settings, parse_compiled
from vpopmail.settings.sources import check_file

from . import database_targets, program_targets
from .delivery_targets import decision, decisions, headers, read_header
from .target import Target, allowed, of_text, tolerant

# Lines of accounts


def users(data: bytes) -> None:
    """A file vpasswd: read, changed, listed."""
    for clear in (True, False):
        record = vpasswd.parse_lookup("joe", data, clear)
        assert record is None or record.pw_name == "joe"
    wrong = {number for number, _ in vpasswd.problems(data)}
    for number, line in enumerate(split_lines(data), 1):
        user = allowed(lambda line=line: vpasswd.parse_line(line), FormatError)
        assert user is not None or number in wrong
        if user is not None:
            stable_user(user)
    file = io.BytesIO(data)
    while (user := vgetent(file)) is not None:
        assert user.pw_flags == user.pw_gid
    records = list(vpasswd.records(data))
    assert list(cdb.iterate(cdb.build(records))) == records


def stable_user(user: vpasswd.VqPasswd) -> None:
    for clear in (True, False):
        line = allowed(
            lambda clear=clear: vpasswd.format_line(user, clear_passwd=clear), InvalidCharacter
        )
        if line is not None:
            again = vpasswd.parse_line(line)
            assert vpasswd.format_line(again, clear_passwd=clear) == line
            assert not clear or again == user
    quota_mtos(user.pw_shell)


def changed_users(data: bytes) -> None:
    """Lines put into vpasswd and taken out of it: the first line is the name."""
    name, _, file = data.partition(b"\n")
    name = name.replace(b":", b"")
    line = name + b":x:1:0::/home:NOQUOTA"
    added = vpasswd_changes.change_lines(file, {name: line})
    assert split_lines(added).count(line) == 1
    span = vpasswd.find_line(added, name)
    assert span is not None and added[span[0] : span[1]] == line + b"\n"
    gone = vpasswd_changes.change_lines(added, {name: None})
    assert vpasswd.find_line(gone, name) is None
    many = {b"%s%d" % (name, number): None for number in range(20)} | {name: line}
    assert split_lines(vpasswd_changes.change_lines(file, many)).count(line) == 1
    pieces, following = vpasswd_changes.insert_line(gone, name, line)
    inserted = b"".join(pieces)
    assert sorted(split_lines(inserted)) == sorted([*split_lines(gone), line])
    assert following is None or following > name
    others = [vpasswd.name_of(other) for other in split_lines(gone)]
    place = vpasswd.insertion_point(gone, name)
    assert all(other <= name for other in others[: gone[:place].count(b"\n")])


def user_columns(data: bytes) -> None:
    """Lines of one kind, taken apart together: the users that they are line by line."""
    lines = join_lines(split_lines(data))
    found = parse_alike(lines)
    if found is not None:
        assert list(found.records()) == [vpasswd.parse_line(line) for line in split_lines(lines)]


# The constant database


def database(data: bytes) -> None:
    """A broken cdb: 8 bytes for each of the 256 tables, then records and slots."""
    file = whole(data)
    for key in (b"", b"joe", data[8:11]):
        found = [allowed(lambda key=key, f=f: cdb.find(f, key), FormatError) for f in both(file)]
        assert found[0] == found[1]
    records = allowed(lambda: list(cdb.iterate(file)), FormatError)
    allowed(lambda: list(cdb.matches(memoryview(file), b"joe")), FormatError)
    if records is not None:
        rebuilt = cdb.build(records)
        assert list(cdb.iterate(rebuilt)) == records
        for key in {key for key, _ in records[:50]}:
            assert cdb.find(rebuilt, key) == next(value for name, value in records if name == key)


def both(file: bytes) -> tuple[bytes, memoryview]:
    return file, memoryview(file)


def spliced_database(data: bytes) -> None:
    """A cdb of three records with numbers in it changed: its place, then its new value."""
    file = bytearray(cdb.build([(b"ann", b"1"), (b"joe", b"2"), (b"joe", b"3")]))
    for place, number in struct.iter_unpack("<HI", data[: len(data) // 6 * 6]):
        at = place % (len(file) - 3)
        file[at : at + 4] = struct.pack("<I", number)
    old = bytes(file)
    changes = (
        lambda: cdb.splice(old, [(b"kim", b"4", None)]),
        lambda: cdb.splice(old, [(b"bob", b"4", b"joe")], [b"ann"]),
        lambda: cdb.splice(old, [], [b"joe"]),
    )
    for change in changes:
        pieces = allowed(change, FormatError)
        if pieces is not None:
            allowed(lambda pieces=pieces: list(cdb.iterate(b"".join(pieces))), FormatError)


def built_database(data: bytes) -> None:
    """A cdb of keys that are the lines of the input, built, and changed as by building it anew."""
    records = [(key, b"%d" % number) for number, key in enumerate(split_lines(data))]
    file = cdb.build(records)
    assert list(cdb.iterate(file)) == records
    if records:
        key = records[0][0]
        assert cdb.find(file, key) == b"0"
        kept = [record for record in records if record[0] != key]
        pieces = allowed(lambda: cdb.splice(file, [], [key]), FormatError)
        assert pieces is None or b"".join(pieces) == cdb.build(kept)


# Files of qmail


class Survived:
    """Stands for the open directory ``users``, with a text and a compiled file."""

    def __init__(self, text: bytes, compiled: bytes) -> None:
        self.files = {"assign": text, "cdb": compiled}

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def has(self, name: str) -> bool:
        return name in self.files


def assigned(data: bytes) -> None:
    """users/assign: its lines, what is compiled of it, and what is restored of that."""
    for line in split_lines(data):
        entry = assign.parse_line(line)
        if entry is not None:
            again = allowed(lambda entry=entry: assign.format_line(entry), InvalidCharacter)
            assert again is None or assign.parse_line(again) == entry
    records = allowed(lambda: assign.compile_users(data), FormatError)
    if records is not None:
        list(assign.iterate_domains(records))
        restored = join_lines([*assign.restore_lines(records), b"."])
        assert assign.compile_users(restored)[:-1] == records[:-1]


def looked_up_domains(data: bytes) -> None:
    """users/cdb: a record of the domain ``a.b`` in the first line, then key and data by lines."""
    first, _, rest = data.partition(b"\n")
    allowed(lambda: assign.parse_lookup("a.b", first), FormatError)
    lines = split_lines(rest)
    records = list(zip(lines[::2], lines[1::2], strict=False))
    list(assign.iterate_domains(records))
    for line in assign.restore_lines(records):
        key, value = assign.compile_users(line + b"\n.\n")[0]
        assert (key, value) in [(key.lower(), value) for key, value in records]
    survived(rest, cdb.build(records))


def survived(text: bytes, compiled: bytes) -> None:
    left = SurvivingAssign(Survived(text, compiled), "cdb")
    joined = left.joined([])
    assert allowed(lambda: assign.compile_users(joined), FormatError) is not None


class Lists:
    """Stands for the control files: each has the lines that are left after those of the one before."""

    path = "/"

    def __init__(self, data: bytes) -> None:
        parts = data.split(b"\n\n", 3)
        names = ("rcpthosts", "morercpthosts", "virtualdomains", "locals")
        self.files = dict(zip(names, [*parts, b"", b"", b""], strict=False))

    def read(self, name: str) -> bytes | None:
        return self.files[name]


def surviving_lists(data: bytes) -> None:
    """What is left of the control files: rcpthosts, morercpthosts, virtualdomains, locals."""
    left = SurvivingLists(Lists(data))
    for name in left.virtual_names():
        assert name.lower() not in left.others or to_bytes(name) in data
        left.has(name)
    assert not {to_bytes(host) for host in left.other_hosts()} & left.local


def control_lists(data: bytes) -> None:
    """A control file: the first line is put into the rest and taken out again."""
    line, _, file = data.partition(b"\n")
    lines = split_lines(file)
    assert control.count_lines(file) == len(lines)
    for kind in (control.ASSIGN, control.LIST, control.VIRTUALDOMAINS):
        added = control.insert_line(file, line, kind)
        assert control.insert_line(added, line, kind) == added
        assert line in split_lines(added)
        tidy = control.sort_lines(added, kind)
        assert control.sort_lines(tidy, kind) == tidy
        assert sorted(split_lines(tidy)) == sorted(split_lines(added))
        extract_domain(to_text(line), kind)
    kept, gone = control.remove_lines(file, [line])
    assert gone == lines.count(line) and control.remove_lines(kept, [line]) == (kept, 0)
    control.remove_starting(file, line, once=True)
    control.compile_morercpthosts(file)


# Small files of a domain and of a home


def deliveries(data: bytes) -> None:
    """.qmail files, .qmail-default and their names."""
    dotqmail.parse(data)
    dotqmail.parse_default(data)
    dotqmail.runs_vdelivermail(data)
    dotqmail.default_action(data)
    first = to_text(data.partition(b"\n")[0])
    program = "/home/vpopmail/bin/vdelivermail"
    text = allowed(lambda: dotqmail.default_delivery(program, first), InvalidCharacter)
    if text is not None:
        assert dotqmail.parse_default(text) == first
        new = dotqmail.with_default_action(data, program, first)
        assert dotqmail.default_action(new) == first
        assert dotqmail.with_default_action(new, program, first) == new
    name = allowed(lambda: dotqmail.file_name(first), InvalidCharacter)
    if name is not None:
        alias = dotqmail.alias_name(name)
        assert alias is None or (dotqmail.file_name(alias) == name and ":" not in alias)


def domain_limits(data: bytes) -> None:
    """.qmailadmin-limits and vlimits.default."""
    first = limits.parse(data)
    again = limits.parse(limits.format_limits(first))
    assert limits.parse(limits.format_limits(again)) == again
    limits.parse(data, again).flag_mask()


def sizes(data: bytes) -> None:
    """maildirsize: read, and written from what was read."""
    quota, size, count = maildirsize.parse(data)
    text = allowed(lambda: maildirsize.start(quota, size, count), InvalidCharacter)
    assert text is None or maildirsize.parse(text) == (quota, size, count)
    assert 0 <= maildirsize.percentage(quota, size, count) <= 100
    maildirsize.is_over(quota, size, count)
    assert maildirsize.parse(b"x\n" + maildirsize.delta(size, count)) == ("x", size, count)


def quotas(data: bytes) -> None:
    """Quotas as people write them, and sizes in names of messages."""
    text = to_text(data)
    stored = allowed(lambda: maildirsize.format_quota(text), InvalidQuota)
    assert (stored or "") == format_maildirquota(text)
    if stored is not None:
        assert maildirsize.format_quota(stored) == stored
        found = maildirsize.parse_quota(stored)
        assert stored == NOQUOTA or bool(stored) == any(found)
    assert quota_mtos(text)[0] == 1
    maildirsize.message_size(text)
    maildirsize.counts(text)
    leading_int(data)


def counters(data: bytes) -> None:
    """.dir-control: read, written, and counted on from."""
    state = dircontrol.parse(data)
    text = allowed(lambda: dircontrol.format_state(state), InvalidCharacter)
    assert text is None or dircontrol.parse(text) == state
    if hashing.is_sound(state) and (not state.the_dir or is_place(state.the_dir)):
        state.cur_users -= state.cur_users % hashing.PER_DIRECTORY
        for _ in range(3 * hashing.PER_DIRECTORY):
            place = hashing.advance(state)
            assert not place or is_place(place), place
        if max(state.level_index) < 2**63:
            assert dircontrol.parse(dircontrol.format_state(state)) == state


def free_places(data: bytes) -> None:
    """.dir_control_free: each place is taken and given back."""
    places = freeslots.usable(data)
    kept = data
    for place in places[:20]:
        kept = freeslots.remove_first(kept, place)
    assert freeslots.usable(kept) == places[20:]
    assert freeslots.remove_first(data, *places[:20]) == kept
    for place in places[:20]:
        more = allowed(lambda place=place: freeslots.append(data, place), InvalidCharacter)
        assert more is None or freeslots.usable(more) == [*places, place]


# Addresses


def tcp_rules(data: bytes) -> None:
    """Rules of tcpserver: compiled line by line as in one, the first of an address found."""
    records = allowed(lambda: tcprules.compile_rules(data), FormatError)
    if records is None:
        return
    lines = [tcprules.compile_rules(line) for line in split_lines(data)]
    assert [record for line in lines for record in line] == records
    compiled = cdb.build(records)
    for key, value in dict(reversed(records[:50])).items():
        assert cdb.find(compiled, key) == value


def relaying(data: bytes) -> None:
    """open-smtp: read, an address added, all of it too old; what is no address gets no rule."""
    known = open_smtp.addresses(data)
    new = open_smtp.put(data, "192.0.2.1", 7)
    assert open_smtp.addresses(new)[-1] == ("192.0.2.1", 7)
    assert {pair for pair in known if pair[0] != "192.0.2.1"} <= set(open_smtp.addresses(new))
    kept = open_smtp.without_old(new, 2**61)
    assert open_smtp.addresses(kept) == []
    for address, _ in known:
        assert canonical(address) == address
        ((key, value),) = tcprules.compile_rules(tcprules.relay_rule(address))
        assert (key, value) == (address.encode(), b"+RELAYCLIENT=\0+RBLSMTPD=\0")


def ip_maps(data: bytes) -> None:
    """ip_alias_map: read, a pair added, all pairs taken out."""
    pairs = list(ip_map.pairs(data))
    new = ip_map.add(data, "192.0.2.1", "new.example")
    others = [pair for pair in pairs if pair != ("192.0.2.1", "new.example")]
    assert list(ip_map.pairs(new)) == [*others, ("192.0.2.1", "new.example")]
    for address, domain in pairs[:20]:
        assert ip_map.find(data, address) is not None
        assert (address, domain) not in ip_map.pairs(ip_map.remove(data, address, domain))


def strength(data: bytes) -> None:
    """password_strength.conf, and a password measured by it."""
    file = password_strength.parse(data)
    for name, (test, number) in file.rules.items():
        assert name in password_strength.NAMES and test in password_strength.TESTS
        assert reason(name, test, number)
    broken_rule(file.rules, to_text(data))
    text = allowed(
        lambda: password_strength.format_strength(file.policy, file.rules), InvalidCharacter
    )
    if text is not None:
        again = password_strength.parse(text)
        assert (again.policy, again.rules, again.idle) == (file.policy, file.rules, ())


# The usage daemon


def usage_daemon(data: bytes) -> None:
    """vusagec.conf, what is asked and what is answered."""
    conf = vusagec.parse_client(data)
    assert 0 < conf.timeout <= 60
    vusagec.parse_sections(data)
    asked = vusagec.format_request(to_text(data))
    assert not asked or asked[2:] == data
    told = vusagec.parse_reply(data)
    assert (told is None) or len(data) == vusagec.REPLY_LENGTH
    for start in range(0, min(len(data), 64), 16):
        vusagec.parse_reply(data[start : start + 16])
    with suppress(ValueError):
        host, port = _remote(to_text(data))
        assert canonical(host) and 0 < port < 2**16


# Settings


class Status:
    """What compiled settings keep of a file."""

    st_mtime_ns = st_size = st_ino = 1


LARGEST_SETTINGS = settings_files._LARGEST
HEAD = compile_settings({}, Status())


def settings_file(data: bytes) -> None:
    """vpopmail.toml, and the compiled form of it."""
    values = allowed(lambda: settings_files._parse("vpopmail.toml", data), ConfigError)
    if values is not None:
        again = parse_compiled(compile_settings(values, Status()), Status())
        assert again is not None and check_file(again, "x") == values


def compiled_settings(data: bytes) -> None:
    """The compiled form of settings."""
    values = parse_compiled(HEAD + data, Status())
    assert parse_compiled(data, Status()) is None or data.startswith(HEAD[:-1])
    if values is not None:
        checked = allowed(lambda: check_file(values, "x"), ConfigError)
        if checked is not None:
            again = parse_compiled(compile_settings(checked, Status()), Status())
            assert again is not None and check_file(again, "x") == checked


# Names


def addresses(data: bytes) -> None:
    """Names and addresses from outside."""
    text = to_text(data)
    user, domain = split_address(text)
    assert fold(fold(text)) == fold(text)
    folded = fold_domain(domain)
    assert fold_domain(folded) == folded
    parse_email(text if folded else user + "@example.com")
    found, name, host = parse_email_safe(text)
    assert not found or (has_user_characters(name) and has_domain_characters(host))
    is_domain_valid(domain)
    allowed(lambda: check_new_user(user), VpopmailError)
    allowed(lambda: check_new_domain(folded), VpopmailError)
    remote_address(text)
    trim(text)


def paths(data: bytes) -> None:
    """Paths of Maildirs."""
    text = "/" + to_text(data)
    address = maildir_to_email(text)
    assert not address or "@" in address
    maildir_to_email(text + "/Maildir")


def credentials(data: bytes) -> None:
    """Descriptor 3: three fields, or too much."""
    try:
        found = checkpassword.parse_credentials(data)
    except FormatError:
        assert len(data) > checkpassword.LONGEST
        return
    fields = (found.name, found.password, found.challenge)
    assert not any(b"\0" in field for field in fields)
    assert (b"\0".join(fields) + b"\0").startswith(data[: len(b"\0".join(fields))])


def shadows(data: bytes) -> None:
    """/etc/shadow: an entry is of its user, whole, and ends on a day."""
    name, _, content = data.partition(b"\n")
    found = shadow.find_entry(content, name)
    if found is not None:
        crypted, day = found
        assert name + b":" + crypted + b":" in content
        assert day is None or day >= 0


def dates(data: bytes) -> None:
    """Times for a header."""
    for (seconds,) in struct.iter_unpack("<d", data[: len(data) // 8 * 8]):
        with suppress(OverflowError, ValueError, OSError):
            assert mail_date.format_date(seconds).endswith(" +0000")


# What a killed process left


def entries(data: bytes) -> None:
    """Entries of the journal."""
    for text in (data, b"vpopmail journal 1\nusers\n" + data + b"\nend\n"):
        entry = allowed(lambda text=text: journal.parse_entry(text), FormatError)
        if entry is not None:
            kind, facts = entry
            again = journal.parse_entry(journal.format_entry(kind, facts))
            assert again == (kind, facts)
            for fact in facts:
                if journal._is_fact(fact) and fact[0] in {"counter", "count"}:
                    assert all(int(word) < 2**64 for word in fact[1:])


# Passwords

MOST_ROUNDS = 5000


def hashes(data: bytes) -> None:
    """A password in the first line, and what is stored.

    What a check costs is what its hash was made to cost, up to the limits of ``verify``; these
    are looked at here, and only what is cheap is checked.
    """
    password, _, stored = data.partition(b"\n")
    text = checking.without_scheme(stored)
    acceptable = checking.is_acceptable(text)
    for scheme in (*SCHEMES, *DRIVEN):
        assert acceptable or not needs_rehash(stored, scheme)
    if not acceptable:
        assert not verify(password, stored)
    elif cost_of(text) <= MOST_ROUNDS:
        assert not verify(password, stored) or len(password) <= 512
        assert not verify(password + b"\0", stored)


def cost_of(stored: bytes) -> float:
    """About what a check costs, in rounds of SHA-512, by what C programs make of the string."""
    name, _, rest = stored[1:].partition(b"$")
    first = rest.partition(b"$")[0]
    if not stored.startswith(b"$") or name in {b"1", b"3"}:
        return 1000
    if name in {b"5", b"6"}:
        return int(first[7:]) if first.startswith(b"rounds=") else 5000
    if name == b"sha1":
        return int(first or b"0")
    if name.startswith(b"2"):
        return 2.0 ** int(first) * 40
    if name in {b"y", b"gy"} and first[1:2] <= b"7":
        return 1000
    if name.startswith(b"argon2"):
        memory, passes, _ = checking.argon2_costs(rest) or (0, 0, 0)
        return memory * passes
    return float("inf")


ADDED = {b"joe": b"joe:x:1:0::/home:NOQUOTA"}
DROPPED = {b"joe": None}


def whole(data: bytes) -> bytes:
    """The file that an input for ``database`` stands for."""
    return data[:8] * 256 + data[8:] if len(data) >= 8 else data


TARGETS = {
    "vpasswd": Target(
        users,
        (b":", b"\n", b"joe:", b"1:0:", b"NOQUOTA", b"a:::::::\n", b"-9", b"\r", b"ann:\n"),
        lambda data: cdb.build(vpasswd.records(data)),
        lambda data: vpasswd.next_user(split_lines(data)),
        vpasswd.problems,
        lambda data: vpasswd.find_line(data, b"joe"),
    ),
    "vpasswd-changes": Target(
        changed_users,
        (b":", b"\n", b"joe:", b"joe\n", b"\xff", b"joe:x\n", b"kim:x\n", b"j", b"joe" * 40),
        lambda data: vpasswd_changes.change_lines(data, ADDED),
        lambda data: vpasswd_changes.change_lines(data, DROPPED),
        lambda data: vpasswd_changes.insert_line(data, b"joe", ADDED[b"joe"]),
        lambda data: vpasswd.insertion_point(data, b"joe" * 40),
    ),
    "user-columns": Target(
        user_columns,
        (b"a:b:1:0:c:d:e\n", b"a:b:1:0:c:d:e:f\n", b":", b"\n", b"-9", b"\xff", b"\r", b"\x85", b"9" * 20),
        parse_alike,
        lambda data: parse_alike(data.replace(b"\n", b"") + b"a:b:1:0:c:d:e\n"),
    ),
    "cdb": Target(
        database,
        (bytes(8), b"\0\x08\0\0", b"joe", b"\xff\xff\xff\xff", b"\x01\0\0\0"),
        tolerant(lambda data: cdb.find(whole(data), b"joe")),
        tolerant(lambda data: list(cdb.iterate(whole(data)))),
    ),
    "cdb-splice": Target(
        spliced_database, (bytes(6), b"\xff" * 6, b"\0\x08\0\x08\0\0", b"\x10\0", b"\1\0\0\0")
    ),
    "cdb-build": Target(
        built_database,
        (b"a\n", b"joe\n", b"7bafhhw\n", b"\n", b"bC\n", b"cb\n"),
        lambda data: cdb.build([(key[:-1], b"") for key in data.split(b"\n")][: len(data) // 2]),
    ),
    "assign": Target(
        assigned,
        (b"+a.b-:", b"a.b:1:1:/a:-::\n", b"=", b":", b"\n.\n", b"\0", b"-", b"+a-:a:1:1:/a:-::\n"),
        tolerant(lambda data: assign.compile_users(data + b"\n.\n")),
        lambda data: list(map(assign.parse_line, split_lines(data))),
    ),
    "users-cdb": Target(
        looked_up_domains,
        (b"!a.b-\n", b"\0", b"a\0001\0001\0/a\0-\0\n", b":", b"\n", b"!", b"=", b"+a.b-:"),
        tolerant(lambda data: assign.parse_lookup("a.b", data)),
        lambda data: assign.restore_lines([(b"!a", data), (b"!" + data, b"\0" * 5)]),
    ),
    "control": Target(
        control_lists,
        (b".", b"a.b\n", b":", b"\n", b"#", b"+a.b-:", b"\0", b" ", b"z\na\n"),
        lambda data: control.insert_line(data, b"m.n", control.LIST),
        lambda data: control.sort_lines(data, control.ASSIGN),
        control.compile_morercpthosts,
    ),
    "control-files": Target(
        surviving_lists,
        (b"a.b\n", b"a.b:a.b\n", b"A.b:a.B\n", b"\n\n", b":", b"\n", b" ", b"\t", b"#", b".", b"\xff"),
        lambda data: SurvivingLists(Lists(b"\n\n" * 2 + data.replace(b"\n\n", b"\n"))).virtual_names(),
        lambda data: SurvivingLists(Lists(data)).other_hosts(),
    ),
    "dotqmail": Target(
        deliveries,
        (b"|", b"vdelivermail", b" '' ", b"'", b"&", b"\n", b"#", b"| /a\n", b"'\\''"),
        dotqmail.parse,
        dotqmail.default_action,
        lambda data: dotqmail.with_default_action(data, "/v", "a@b"),
    ),
    "message": Target(
        headers,
        (b"Delivered-To: ", b"a@b", b"\n", b"\r\n", b"X-Spam-Flag: YES\n", b"\0", b" ", b":", b"\nx"),
        read_header,
    ),
    "decision": Target(
        decisions,
        (b"joe", b"-", b"\nexample.com\n", b"&a@b\n", b"|a\n", b"./a/\n", b"/a\n", b"#\n", b"\0", b"."),
        lambda data: decision(b"joe\nexample.com\n\n" + data),
        lambda data: decision(b"a-" + data.replace(b"\n", b"-") + b"\nexample.com\n\n&a@b\n"),
        # Neither an alias nor a delivery file is found for any of its beginnings.
        lambda data: decision(b"x-" + data.replace(b"\n", b"-") + b"\nexample.com\n\n&a@b\n"),
        lambda data: decision(b"j-" + data.replace(b"\n", b"-") + b"\nexample.com\n\n"),
    ),
    "limits": Target(
        domain_limits,
        (
            b"maxpopaccounts",
            b": ",
            b"quota",
            b"\r",
            b"\n",
            b"disable_pop\n",
            b"9" * 19,
            b"-1\n",
            b"\t",
        ),
        limits.parse,
    ),
    "maildirsize": Target(
        sizes,
        (b"1000S", b",", b"1C", b"\n", b"-1 ", b"9" * 19, b"1 1\n", b" ", b"a\n"),
        maildirsize.parse,
    ),
    "quota": Target(
        quotas,
        (b",", b"10M", b"1C", b"NOQUOTA", b"K", b"B", b"S", b"9" * 19, b",S=", b"+", b" "),
        of_text(maildirsize.parse_quota),
        of_text(format_maildirquota),
    ),
    "dir-control": Target(
        counters,
        (b"0 1 2\n", b"\n", b"0/A", b"61 61 61\n", b"9" * 19, b"2\n", b" "),
        dircontrol.parse,
    ),
    "free-places": Target(
        free_places,
        (b"0/A\n", b"#", b"\n", b" ", b"\t", b"0\n"),
        freeslots.usable,
        lambda data: freeslots.remove_first(data, *freeslots.usable(data)),
    ),
    "tcp-rules": Target(
        tcp_rules,
        (
            *(b"127.:allow", b"1.2.3.4-6:deny", b':allow,A="b"\n', b",A=@", b":", b"\n", b"=", b"-"),
            *(b"::1:allow\n", b"user@", b"=host", b"#", b"\0", b"\xff", b" ", b"9"),
        ),
        tolerant(tcprules.compile_rules),
    ),
    "open-smtp": Target(
        relaying,
        (
            *(b"192.0.2.1:allow", b',RELAYCLIENT="",RBLSMTPD=""', b"\t1732270000\n", b":allow"),
            *(b"2001:db8::1:allow", b"\t", b"\n", b":deny", b"\xff", b"\0", b"9", b":"),
        ),
        open_smtp.addresses,
        lambda data: open_smtp.put(data, "192.0.2.1", 7),
        lambda data: open_smtp.without_old(data, 7),
    ),
    "ip-map": Target(
        ip_maps,
        (b"192.0.2.1", b" ", b"\t", b"\n", b"new.example", b"::1", b"#", b"\xff", b"\0", b"%s"),
        lambda data: list(ip_map.pairs(data)),
        lambda data: ip_map.add(data, "192.0.2.1", "new.example"),
        lambda data: ip_map.remove(data, "192.0.2.1"),
    ),
    "password-strength": Target(
        strength,
        (b"Length >= 6\n", b"policy = a", b"#", b"\n", b"1", b"e", b".", b" ", b"Other", b"\t"),
        password_strength.parse,
    ),
    "usage-daemon": Target(
        usage_daemon,
        (
            b"Server:\n",
            b"Disable = False;",
            b'"',
            b"/*",
            b"//",
            b"\\",
            b":",
            b"=",
            b"\n",
            b" ",
            b";",
        ),
        vusagec.parse_sections,
    ),
    "settings": Target(
        settings_file,
        (
            *(
                b"sync = true\n",
                b"lock_timeout = ",
                b"1979-05-27T07:32:00",
                b"0x",
                b"1",
                b"1_",
                b".",
            ),
            *(
                b"[",
                b"a.",
                b"{a=",
                b"[a]\n",
                b"[[a]]\n",
                b"[a.a.a]\n",
                b'"',
                b'"""',
                b"'",
                b"#",
                b"\n",
            ),
        ),
        tolerant(lambda data: settings_files._parse("x", data[:LARGEST_SETTINGS]), ConfigError),
        tolerant(
            lambda data: settings_files._parse("x", b"a = " + data[:LARGEST_SETTINGS]), ConfigError
        ),
    ),
    "compiled-settings": Target(
        compiled_settings,
        (b"sync = yes\n", b" = ", b"\n", b"lock_timeout", b"1", b"cdb"),
        lambda data: parse_compiled(HEAD + data, Status()),
    ),
    "address": Target(
        addresses,
        (
            *(
                b"@",
                b"%",
                b"/",
                b"a.b",
                b"xn--",
                b":",
                b"-",
                b"1:",
                b"\xff",
                b".",
                b"::ffff:1.2.3.4",
            ),
            *("\u3002".encode(), "\xfc".encode(), "\u0323".encode(), "\u212b".encode()),
        ),
        of_text(fold_domain),
        of_text(parse_email_safe),
        of_text(remote_address),
        of_text(canonical),
    ),
    "maildir-path": Target(
        paths,
        (b"/", b"/Maildir/", b"a.b/", b"joe", b".", b"\xff", b"/Maildir"),
        of_text(lambda path: maildir_to_email(f"/{path}/Maildir")),
    ),
    "checkpassword": Target(
        credentials,
        (b"\0", b"joe@example.com\0", b"secret\0", b"<1.2@x>\0", b"x" * 64, b"\xff"),
    ),
    "shadow": Target(
        shadows,
        (b"joe\n", b"joe:$1$a$b:1:0:99999:7:::\n", b":", b"\n", b"::", b"\xff", b"999999999999"),
    ),
    "date": Target(dates, (struct.pack("<d", 0), struct.pack("<d", 2e9), b"\xf0\x7f", b"\xff")),
    "journal": Target(
        entries,
        (
            *(
                b"vpopmail journal 1\n",
                b"users\n",
                b"add\t",
                b"counter\t1",
                b"\nend\n",
                b"\t",
                b"\n",
            ),
            *(b"\\x", b"\\N{DIGIT ONE}", b"\\", b"\\u1234", b"\\777", b"\\q"),
        ),
        tolerant(
            lambda data: journal.parse_entry(b"vpopmail journal 1\nusers\n" + data + b"\nend\n")
        ),
    ),
    "password": Target(
        hashes,
        (
            *(b"secret\n", b"$1$", b"$6$", b"rounds=", b"$2b$04$", b"$y$j75$", b"$argon2id$v=19$"),
            *(
                b"m=8,t=1,p=1",
                b"{CRYPT}",
                b"$",
                b".",
                b"999",
                b"_J9..",
                b"$sha1$",
                b"$7$6",
                b"./ab",
            ),
        ),
        lambda data: verify("secret", data),
        lambda data: verify(data, "$1$abcdefgh$W/7mHAv25Ldz987uZByo91"),
        lambda data: needs_rehash(data, "sha512"),
    ),
}

TARGETS |= program_targets.TARGETS | database_targets.TARGETS
