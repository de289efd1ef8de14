"""How long a login is refused, by its reason: it must not tell which users and domains there are.

Run: python -m tests.benchmarks.refusals [--tries N] [--schemes NAME,NAME ...] [--backend NAME]

Each reason takes its turn within one loop, in an order of chance, so that whatever else the
machine does meets all of them alike. The exit status is 1 if any two are more than 5 % apart.

The costly schemes, of the extras, have fewer tries: so much takes the hash that nothing else
shows. With ``mysql`` or ``pgsql`` a private server is started.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import vpopmail
import vpopmail.passwords
from tests.benchmarks.databases import database_url
from tests.benchmarks.startup import settings
from tests.sql import servers
from vpopmail import Vpopmail, use
from vpopmail.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable

DOMAIN = "example.com"
USERS = 1000
TRIES = 10_000
FEWER = 500  # tries of the costly schemes
COSTLY = ("bcrypt", "argon2")
SERVERS = {"mysql": servers.mariadb, "pgsql": servers.postgresql}
MOST = 5.0  # per cent between the medians
SETTLED = 0.2  # seconds, until what was just written is believed without a second look
WRONG = "not the password"
# reason: whose login
REASONS = {
    "wrong password": ("user7", DOMAIN),
    "unknown user": ("nobody", DOMAIN),
    "unknown domain": ("user7", "example.net"),
    "user without password": ("mute", DOMAIN),
}
OPTIONS: dict[str, dict[str, object]] = {
    "des": {"sha512_passwords": False, "md5_passwords": False},
    "md5": {"sha512_passwords": False, "md5_passwords": True},
    "sha512": {"sha512_passwords": True},
    "bcrypt": {"password_scheme": "bcrypt"},
    "argon2": {"password_scheme": "argon2"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tries", type=int, help="of each reason and face")
    parser.add_argument("--schemes", default=",".join(OPTIONS))
    parser.add_argument("--backend", default="cdb", choices=("cdb", "sqlite", *SERVERS))
    options = parser.parse_args()
    apart = []
    for scheme in options.schemes.split(","):
        tries = options.tries or (FEWER if scheme in COSTLY else TRIES)
        with ExitStack() as stack:
            directory = stack.enter_context(tempfile.TemporaryDirectory())
            given = {**settings(directory), **OPTIONS[scheme], "backend": options.backend}
            if options.backend in SERVERS:
                server = stack.enter_context(SERVERS[options.backend]())
                given["database_url"] = database_url(options.backend, server)
            apart += measure(given, scheme, tries)
    sys.exit(max(apart) > MOST)


def measure(given: dict[str, object], scheme: str, tries: int) -> list[float]:
    with Vpopmail(load(given)) as site, use(site):
        site.prepare()
        site.domains.add(DOMAIN)
        hashed = vpopmail.passwords.hash_password("the password", scheme)
        with site.batch():
            for number in range(USERS):
                site.users.add(f"user{number}@{DOMAIN}", crypted=hashed)
            site.users.add(f"mute@{DOMAIN}")
        time.sleep(SETTLED)
        faces = {
            "vauth_user": lambda name, domain: vpopmail.vauth_user(name, domain, WRONG),
            "users.check_password": lambda name, domain: site.users.check_password(
                f"{name}@{domain}", WRONG
            ),
            "logins.authenticate": lambda name, domain: site.logins.authenticate(
                f"{name}@{domain}", WRONG, "pop", remote_ip="192.0.2.1"
            ),
        }
        return [report(scheme, face, times(ask, tries)) for face, ask in faces.items()]


def times(ask: Callable[[str, str], object], tries: int) -> dict[str, float]:
    """The median time of each reason, in seconds."""
    taken: dict[str, list[float]] = {reason: [] for reason in REASONS}
    order = list(REASONS.items())
    for _ in range(tries):
        random.shuffle(order)
        for reason, (name, domain) in order:
            start = time.perf_counter()
            answer = ask(name, domain)
            taken[reason].append(time.perf_counter() - start)
            assert not answer
    return {reason: statistics.median(one) for reason, one in taken.items()}


def report(scheme: str, face: str, medians: dict[str, float]) -> float:
    """Print the medians; how many per cent they are apart."""
    least, most = min(medians.values()), max(medians.values())
    apart = (most / least - 1) * 100
    verdict = "" if apart <= MOST else f"  MORE THAN {MOST:g} %"
    print(f"{scheme}, {face}: {apart:.1f} % apart{verdict}")
    for reason, median in medians.items():
        print(f"  {reason}: {median * 1e6:,.1f} us, {(median / least - 1) * 100:+.1f} %")
    return apart


if __name__ == "__main__":
    main()
