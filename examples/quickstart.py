"""A whole site in one directory, and what each call changes on the disk.

python3 examples/quickstart.py [directory]

Needs neither root nor qmail. Without an argument the site is temporary.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

import vpopmail
from vpopmail import Config, Vpopmail

SHOWN = ("assign", "rcpthosts", "virtualdomains", "vpasswd", ".qmail-default")


def listing(base: Path) -> set[str]:
    """The files below a directory, and the lines of those that say most."""
    found = set()
    for path in base.rglob("*"):
        name = str(path.relative_to(base))
        if path.parent.name == "Maildir" or path.suffix == ".lock":
            continue
        found.add(name + "/" * path.is_dir())
        if path.name in SHOWN:
            found.update(f"{name}:  {line}" for line in path.read_text().splitlines())
    return {re.sub(r":\$6\$[^:]*", ":$6$...", line.replace(str(base), "...")) for line in found}


def tour(base: Path) -> None:
    """Add, look up, check and delete, on a site of its own."""
    before = listing(base)

    def show(title: str) -> None:
        nonlocal before
        after = listing(base)
        print(f"\n== {title}")
        for line in sorted(before ^ after):
            print("  +" if line in after else "  -", line)
        before = after

    config = Config(
        vpopmaildir=str(base / "vpopmail"),
        qmaildir=str(base / "qmail"),
        vpopuser=os.geteuid(),
        vpopgroup=os.getegid(),
    )
    with Vpopmail(config) as site:
        site.prepare()
        show("an empty site")

        print("\n== a dry run")
        print(site.domains.add("example.com", "s3cret", dry_run=True))
        site.domains.add("example.com", "s3cret")
        show("a domain with its postmaster")

        with site.batch():
            site.users.add("joe@example.com", "wonderful", gecos="Joe")
            site.users.add("ann@example.com", "marvellous", gecos="Ann", quota="10M")
        show("two users in a batch, one commit")

        print("\n== lookups")
        print("  users:", *(user.pw_name for user in site.users.iter("example.com")))
        print("  quota of ann:", site.users.get("ann@example.com").pw_shell)
        print("  right password:", site.users.check_password("joe@example.com", "wonderful"))
        print("  wrong password:", site.users.check_password("joe@example.com", "guessed"))

        with vpopmail.use(site):  # the C functions return codes
            print("  joe again:", repr(vpopmail.vadduser("joe", "example.com", "x", "Joe", 0)))

        site.users.delete("joe@example.com")
        show("a user deleted")
        site.domains.delete("example.com")
        show("the domain deleted")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(sys.argv[1] if len(sys.argv) > 1 else temporary).resolve()
        place.mkdir(parents=True, exist_ok=True)
        tour(place)
