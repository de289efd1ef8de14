"""Which table has the users of a domain: one for all, or one for each (option many_domains)."""

from __future__ import annotations

from vpopmail.errors import InvalidDomainName
from vpopmail.names import has_domain_characters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

SHARED = "vpopmail"
# Tables that are no domain's, in one namespace with those of the domains.
_TAKEN = frozenset(
    {
        "aliasdomains",
        "dir_control",
        "ip_alias_map",
        "lastauth",
        "limits",
        "log",
        "relay",
        "users",
        "valias",
        "vlog",
        SHARED,
    }
)
_LONGEST = 63  # characters that every kind of database tells apart


class AccountTable:
    """A table of users and the statements about it.

    Args:
        name: of the table.
        own: whether it is of one domain and does not name it.
    """

    __slots__ = ("_key", "name", "own")

    def __init__(self, name: str, *, own: bool) -> None:
        self.name = name
        self.own = own
        self._key = "[pw_name] = :pw_name" + ("" if own else " AND [pw_domain] = :pw_domain")

    # Names of tables and columns stand in the texts, values never do.

    def find(self) -> str:
        """The statement that gives the row of a user."""
        return f"SELECT * FROM [{self.name}] WHERE {self._key}"  # noqa: S608

    def iterate(self) -> str:
        """The statement that gives all rows of a domain."""
        where = "" if self.own else " WHERE [pw_domain] = :pw_domain"
        return f"SELECT * FROM [{self.name}]{where}"  # noqa: S608

    def page(self, *, first: bool) -> str:
        """The statement that gives the rows of a domain by name, those after ``:after``."""
        parts = ([] if self.own else ["[pw_domain] = :pw_domain"]) + (
            [] if first else ["[pw_name] > :after"]
        )
        where = f" WHERE {' AND '.join(parts)}" if parts else ""
        return f"SELECT * FROM [{self.name}]{where} ORDER BY [pw_name]"  # noqa: S608

    def any(self) -> str:
        """The statement that gives the name of one user of a domain, if it has any."""
        where = "" if self.own else " WHERE [pw_domain] = :pw_domain"
        return f"SELECT MIN([pw_name]) FROM [{self.name}]{where}"  # noqa: S608

    def names(self, count: int) -> str:
        """The statement that gives those of so many names that there are: ``:name0`` and so on."""
        given = ", ".join(f":name{number}" for number in range(count))
        own = "" if self.own else " AND [pw_domain] = :pw_domain"
        return f"SELECT [pw_name] FROM [{self.name}] WHERE [pw_name] IN ({given}){own}"  # noqa: S608

    def insert(self, names: Sequence[str]) -> str:
        """The statement that stores a new row with these columns."""
        columns = ", ".join(f"[{name}]" for name in names)
        given = ", ".join(f":{name}" for name in names)
        return f"INSERT INTO [{self.name}] ({columns}) VALUES ({given})"  # noqa: S608

    def update(self, names: Sequence[str], nulls: Collection[str] = ()) -> str:
        """The statement that changes these columns of a row that still has their old values.

        Args:
            names: of the columns.
            nulls: those of them whose old value is NULL.
        """
        change = ", ".join(f"[{name}] = :{name}" for name in names)
        before = "".join(
            f" AND [{name}] IS NULL" if name in nulls else f" AND [{name}] = :old_{name}"
            for name in names
        )
        return f"UPDATE [{self.name}] SET {change} WHERE {self._key}{before}"  # noqa: S608

    def delete(self) -> str:
        """The statement that deletes the row of a user."""
        return f"DELETE FROM [{self.name}] WHERE {self._key}"  # noqa: S608

    def clear(self) -> str:
        """The statement that forgets a domain."""
        if self.own:
            return f"DROP TABLE [{self.name}]"
        return f"DELETE FROM [{self.name}] WHERE [pw_domain] = :pw_domain"  # noqa: S608


def shared_table() -> AccountTable:
    """The table of all domains."""
    return AccountTable(SHARED, own=False)


def own_table(domain: str) -> AccountTable:
    """The table of one domain.

    Args:
        domain: the real domain.

    Raises:
        InvalidDomainName: no table can be named after it.

    Source: backends, many-domains off.
    """
    name = folded(domain)
    if not has_domain_characters(domain) or name in _TAKEN or len(name) > _LONGEST:
        raise InvalidDomainName(domain, "with many_domains off no table can have its name")
    return AccountTable(name, own=True)


def folded(domain: str) -> str:
    """The name of a domain as C tools make it that of a table."""
    return domain.lower().replace(".", "_").replace("-", "_")


def check_distinct(domain: str, others: Iterable[str]) -> None:
    """Refuse a domain whose table would be that of another domain.

    Args:
        domain: the new domain.
        others: the domains that are there.

    Raises:
        InvalidDomainName.
    """
    name = own_table(domain).name
    for other in others:
        if other != domain and folded(other) == name:
            raise InvalidDomainName(domain, f"with many_domains off its table is that of {other}")
