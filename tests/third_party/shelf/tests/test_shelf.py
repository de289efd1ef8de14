"""The shelf does what vpopmail asks of every backend, and holds between processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import vpopmail
from vpopmail.errors import BackendUnavailable
from vpopmail.records import VqPasswd
from vpopmail.testing import sandbox
from vpopmail.testing.compliance import BackendCompliance


class TestShelf(BackendCompliance):
    backend = "shelf"


ADD = """
import sys
from vpopmail import Vpopmail
from vpopmail.settings import load
letter, vpopmaildir, qmaildir = sys.argv[1:]
site = Vpopmail(load({"backend": "shelf", "vpopmaildir": vpopmaildir, "qmaildir": qmaildir,
                      "vpopuser": 0, "vpopgroup": 0, "sync": False} | IDS))
for number in range(10):
    site.users.add(f"{letter}{number}@example.com", crypted="")
"""


def test_processes_lose_no_addition():
    with sandbox("shelf") as site:
        site.domains.add("example.com")
        ids = {"vpopuser": site.settings.uid, "vpopgroup": site.settings.gid}
        places = [site.settings.vpopmaildir, site.settings.qmaildir]
        program = ADD.replace("IDS", repr(ids))
        others = [subprocess.Popen([sys.executable, "-c", program, letter, *places]) for letter in "abc"]
        assert [other.wait() for other in others] == [0, 0, 0]
        names = [user.pw_name for user in site.users.iter("example.com")]
        assert names == [f"{letter}{number}" for letter in "abc" for number in range(10)]


def test_what_cannot_be_read_is_no_missing_user():
    with sandbox("shelf") as site:
        site.domains.add("example.com")
        site.users.add("joe@example.com", "Secret-1")
        with open(f"{site.settings.vpopmaildir}/shelf/example.com.json", "w") as file:
            file.write("{torn")
        with pytest.raises(BackendUnavailable):
            site.users.find("joe@example.com")
        assert vpopmail.vauth_getpw("joe", "example.com") is None


def test_aliases_count_with_the_users_of_the_same_commit():
    with sandbox("shelf") as site:
        site.domains.add("example.com")
        domain, backend = site.domains.get("example.com"), site.installation.backend
        with site.installation.open_domain(domain) as directory:
            with backend.transaction(domain, directory) as change:
                change.lock()
                change.add(VqPasswd("joe"))
                change.aliases["info"] = ["&joe@example.com"]
                change.stage()
                assert backend.alias_names(domain) == []
                change.commit()
            assert backend.read_alias(domain, "info") == ["&joe@example.com"]
            assert backend.find(domain, "joe") == VqPasswd("joe")
            with backend.transaction(domain, directory) as change:
                change.lock()
                change.aliases["info"] = None
                change.stage()
                change.commit()
            assert backend.read_alias(domain, "info") is None


def test_a_process_that_died_before_its_commit_leaves_nothing_that_counts():
    with sandbox("shelf") as site:
        site.domains.add("example.com")
        site.users.add("joe@example.com", crypted="")
        pid = os.fork()
        if pid == 0:
            site.installation.backend.shelf.publish = lambda key: os._exit(9)
            site.users.add("ann@example.com", crypted="")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
        assert [user.pw_name for user in site.users.iter("example.com")] == ["joe"]
        site.users.add("ann@example.com", crypted="")
        assert [user.pw_name for user in site.users.iter("example.com")] == ["ann", "joe"]
