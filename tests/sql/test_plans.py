"""How a server looks for a user: by a key of name and domain, however many his domain has."""

from __future__ import annotations

import json
from typing import Any

from vpopmail.testing import sandbox

from . import raw

DOMAIN = "example.com"
USERS = 300
FIND = "SELECT * FROM vpopmail WHERE pw_name = 'user7' AND pw_domain = 'example.com'"


def test_postgresql_reads_one_row_to_find_a_user_also_before_it_knows_the_table(pgsql_url: str) -> None:
    """Until ANALYZE, which a server does by itself after a minute or so, all keys look alike to it."""
    with sandbox("pgsql", database_url=pgsql_url) as site:
        site.domains.add(DOMAIN)
        with site.batch():
            for number in range(USERS):
                site.users.add(f"user{number}@{DOMAIN}", crypted="*")
    (((plan,),),) = raw.run(pgsql_url, f"EXPLAIN (ANALYZE, FORMAT JSON) {FIND}")
    node: dict[str, Any] = (json.loads(plan) if isinstance(plan, str) else plan)["Plan"]
    assert node["Actual Rows"] == 1
    assert node.get("Rows Removed by Filter", 0) == 0, node
