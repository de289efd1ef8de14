"""users/assign, and users/cdb that is made of it."""

from __future__ import annotations

from functools import partial

from vpopmail.errors import FormatError
from vpopmail.formats import assign, cdb
from vpopmail.qmail.assigning import AssignChange
from vpopmail.qmail.changes import ASSIGN as ASSIGN_FILE
from vpopmail.qmail.trees import shown
from vpopmail.safeio.directory import Directory
from vpopmail.upkeep.advice import REBUILD
from vpopmail.upkeep.findings import ASSIGN, USERS_CDB

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.upkeep.examined_site import ExaminedSite

_FEW = 5


def examine_assign(look: ExaminedSite) -> None:
    """Note a users/assign that qmail-newu would refuse, and a users/cdb not made of it."""
    name, path = look.qmail.cdb_name, f"{look.users_path}/{ASSIGN_FILE}"
    with Directory.open(look.users_path, follow=True) as users:
        text, index = users.read(ASSIGN_FILE), users.read(name)
        fresh = _is_no_older(users, name, ASSIGN_FILE)
    if text is None:
        if index is not None and any(key for key, _ in _records(index) or []):
            what = f"it is missing, while users/{name} has domains"
            look.examination.tell(ASSIGN, path, what, REBUILD)
        return
    try:
        wanted = assign.compile_users(text)
    except FormatError as error:
        advice = f"put it right: users/{name} stays as it was until then"
        look.examination.tell(ASSIGN, path, f"{error.subject}: {error.advice}", advice)
        return
    found = None if index is None else _records(index)
    if found != wanted or not fresh:
        _tell_cdb(look, wanted, found)


def _tell_cdb(
    look: ExaminedSite, wanted: list[tuple[bytes, bytes]], found: list[tuple[bytes, bytes]] | None
) -> None:
    path = f"{look.users_path}/{look.qmail.cdb_name}"
    kept = {key for key, _ in wanted}
    lost = [shown(_name(key)) for key, _ in found or [] if key not in kept]
    if lost:
        # Compiling would stop mail for these: the text may have been damaged.
        some = ", ".join(lost[:_FEW]) + (", ..." if len(lost) > _FEW else "")
        what = f"users/{ASSIGN_FILE} has no line for {len(lost)} names that it has: {some}"
        advice = "vpopmail site rebuild-control puts them back; qmail-newu"
        advice += ", or compile_users() of vpopmail.qmail.assigning, lets them go"
        look.examination.tell(USERS_CDB, path, what, advice)
        return
    if found is None:
        what = "it is missing"
    elif found == wanted:
        what = f"it is older than users/{ASSIGN_FILE}, though made of it"
    else:
        what = f"it is not made of users/{ASSIGN_FILE}"
    if look.examination.dry_run and found != wanted:
        look.pending = wanted  # what is told of the names is to be true after the repair
    remedy = "it is compiled anew"
    if found is None:
        remedy += ", and the domains in it are looked at then"
    look.examination.mend(USERS_CDB, path, what, remedy, partial(_compile, look))


def _compile(look: ExaminedSite) -> None:
    with AssignChange(look.qmail) as change:
        change.compile()


def _records(index: bytes) -> list[tuple[bytes, bytes]] | None:
    try:
        return list(cdb.iterate(index))
    except FormatError:
        return None


def _is_no_older(directory: Directory, name: str, other: str) -> bool:
    mine, theirs = directory.status(name), directory.status(other)
    return mine is not None and theirs is not None and mine.st_mtime_ns >= theirs.st_mtime_ns


def _name(key: bytes) -> str:
    return key.strip(b"!-\0").decode("utf-8", "surrogateescape")
