"""What strangers and broken servers put on descriptor 3, made at random from the parts of good input."""

from __future__ import annotations

import random
from collections.abc import Iterator

SECRET = b"s3crt"
CHALLENGE = b"<1.2@mail.test>"
NAMES = (b"joe@example.com", b"JOE@Example.COM", b"joe%example.com", b"joe/example.com", b"joe@alias.org")
_OTHERS = (
    b"joe", b"nobody@example.com", b"joe@missing.org", b"joe@", b"@example.com", b"@", b"", b"joe@example.com@x",
    b"../joe@example.com", b"joe@../example.com", b"jo\ne@example.com", b"joe @example.com", b"\xff\xfe@\x80", b"%s%n@%d",
    b"joe@xn--bcher-kva.example", "joe@b\u00fccher.example".encode(), b"-joe@-", b"j" * 300, b"a@" + b"b." * 100, b"'\"\\;`$()",
)  # fmt: skip
_PASSWORDS = (b"", b"wrong", b"s3cr", b"s3crtt", b"S3CRT", b"0" * 32, b"x" * 480, b"\xff\xfe", b"s3crt\n", b" s3crt")


def made(seed: int, count: int) -> Iterator[bytes]:
    """Inputs of all kinds; about one in twenty is good."""
    rnd = random.Random(seed)
    for _ in range(count):
        yield _one(rnd)


def _one(rnd: random.Random) -> bytes:
    kind = rnd.randrange(20)
    if kind == 0:
        return rnd.randbytes(rnd.choice((0, 1, 5, 50, 511, 512, 513, 600, 5000)))
    if kind == 1:
        return b"\0" * rnd.randrange(600)
    name = rnd.choice(NAMES if rnd.random() < 0.6 else _OTHERS)
    password = SECRET if rnd.random() < 0.3 else rnd.choice(_PASSWORDS)
    data = b"\0".join((name, password, rnd.choice((b"", CHALLENGE, b"x" * 100)))) + b"\0"
    if kind < 6:
        data = data[: rnd.randrange(len(data) + 1)]
    elif kind < 9:
        at = rnd.randrange(len(data) + 1)
        data = data[:at] + rnd.randbytes(rnd.choice((1, 1, 3, 500))) + data[at:]
    elif kind == 9:
        data = b"\n".join((name, SECRET, b""))
    elif kind == 10:
        data += b"more\0" * rnd.randrange(100)
    return data


def is_good(data: bytes) -> bool:
    """Whether somebody proves to be joe, told without the code that is tried."""
    fields = data.split(b"\0")
    return len(data) <= 512 and len(fields) > 1 and fields[0].lower() in {name.lower() for name in NAMES} and fields[1] == SECRET
