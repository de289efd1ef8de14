"""The state of directory hashing in the table dir_control."""

from __future__ import annotations

from vpopmail.backends.sql.connections import NoTable
from vpopmail.records import DirControl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vpopmail.backends.sql.connections import Connections
    from vpopmail.backends.sql.dialect import Dialect
    from vpopmail.backends.sql.layout import Column
    from vpopmail.safeio.directory import Directory

TABLE = "dir_control"
_NUMBERS = ("cur_users", "level_cur", "level_max")
_TRIPLES = ("level_start", "level_end", "level_mod", "level_index")
_COLUMNS = (*_NUMBERS, *(f"{name}{index}" for name in _TRIPLES for index in range(3)), "the_dir")
_FIND = f"""
    SELECT {", ".join(f"[{name}]" for name in _COLUMNS)} FROM [dir_control] WHERE [domain] = :domain
"""  # noqa: S608 - names of ours
_DELETE = "DELETE FROM [dir_control] WHERE [domain] = :domain"
_DEEPEST = 2


class SqlDirControl:
    """Keeps the state of directory hashing; see DirControlFacet."""

    connections: Connections
    dialect: Dialect

    def read_dir_control(self, key: str, directory: Directory) -> DirControl | None:  # noqa: ARG002
        """The state; None if there is none."""
        try:
            # It is read to be changed.
            rows = self.connections.select_latest(_FIND, domain=key).rows
        except NoTable:
            return None
        if not rows:
            return None
        *numbers, the_dir = rows[0]
        last = str(self.dialect.take(the_dir) or "")
        return _state([self.dialect.take_number(value) for value in numbers], last)

    def write_dir_control(self, key: str, directory: Directory, state: DirControl) -> None:  # noqa: ARG002
        """Store the state: one statement."""
        from vpopmail.backends.sql.tables import store_in

        values: dict[str, Any] = {name: getattr(state, name) for name in (*_NUMBERS, "the_dir")}
        for name in _TRIPLES:
            values |= {f"{name}{index}": value for index, value in enumerate(getattr(state, name))}

        def store(_columns: dict[str, Column]) -> None:
            self.connections.upsert(TABLE, ("domain",), _COLUMNS, domain=key, **values)

        store_in(self.connections, self.dialect, TABLE, store)

    def delete_dir_control(self, key: str, directory: Directory) -> bool:  # noqa: ARG002
        """Forget the state; whether there was one."""
        try:
            return bool(self.connections.execute(_DELETE, domain=key))
        except NoTable:
            return False


def _state(values: Sequence[int], directory: str) -> DirControl:
    """The state of a row; a C tool may have left a negative count."""
    state = DirControl()
    numbers = [max(value, 0) for value in values]
    state.cur_users, state.level_cur, state.level_max = numbers[:3]
    state.level_cur = min(state.level_cur, _DEEPEST)
    for index, name in enumerate(_TRIPLES):
        setattr(state, name, numbers[3 + 3 * index : 6 + 3 * index])
    state.the_dir = directory.rstrip()
    return state
