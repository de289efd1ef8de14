"""How a recorded call is made on our public face, and its answer put in the recording's words."""

from __future__ import annotations

import string
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .model import Places
from .scenario import Step, from_latin

_PW = ["pw_name", "pw_passwd", "pw_uid", "pw_gid", "pw_flags", "pw_gecos", "pw_dir", "pw_shell", "pw_clear_passwd"]  # fmt: skip
_DIR = [
    "cur_users",
    "level_cur",
    "level_max",
    "level_start",
    "level_end",
    "level_mod",
    "level_index",
    "the_dir",
]
_ENTRY = ["domain", "realdomain", "uid", "gid", "path"]
Answer = dict[str, Any]


class NotImplementedHere(Exception):
    """The library has no such function yet."""


class Face:
    """The public face; a name that is missing is told apart from a function that fails."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._module, name)
        except AttributeError:
            raise NotImplementedHere(name) from None


def answer_to(step: Step, face: Face, places: Places, uid: int, gid: int) -> Answer:
    """Make the call of a step.

    Args:
        uid, gid: what stands for 89 here.

    Returns:
        The result as the recording would show it; directories as placeholders.

    Raises:
        NotImplementedHere: the library does not have the function.
    """
    args = [_real(arg, places) for arg in step.args]
    args = _own_owner(step.name, args, uid, gid)
    times = step.data.get("times")
    if times is None:
        answer = _one(step, face, args)
    else:
        numbers = range(times[0], times[1] + 1)
        codes = [_one(step, face, _numbered(args, i)).get("rc") for i in numbers]
        answer = {"rcs": _summary(codes)}
    recorded: Answer = _recorded_owner(_placeholders(answer, places), uid, gid)
    return recorded


def _one(step: Step, face: Face, args: list[Any]) -> Answer:
    special = _SPECIAL.get(step.name)
    if special is not None:
        answer: Answer = special(face, *args)
        return answer
    return _plain(step, getattr(face, step.name)(*args))


def _plain(step: Step, result: Any) -> Answer:
    """A result by its kind; None is the NULL of the kind that the recording shows."""
    if result is None:
        return {"pw": None} if "pw" in step.result else {"value": None}
    if isinstance(result, str):
        return {"value": result}
    if isinstance(result, int):
        return {"rc": int(result)}
    if type(result).__name__ == "VqPasswd":
        return {"pw": members(result, _PW)}
    return {"value": result}


def members(record: Any, names: Iterable[str]) -> Answer:
    """Some members of a record."""
    return {name: _unwrapped(getattr(record, name)) for name in names}


def _unwrapped(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _numbered(args: list[Any], number: int) -> list[Any]:
    return [
        a.replace("%03d", f"{number:03d}") if isinstance(a, str) else a for a in args
    ]


def _summary(codes: list[Any]) -> Any:
    if codes and all(code == codes[0] for code in codes):
        return {"all": codes[0], "count": len(codes)}
    return codes


def _real(value: Any, places: Places) -> Any:
    if isinstance(value, str):
        return places.real(value)
    if isinstance(value, dict):
        return {k: _real(v, places) for k, v in value.items()}
    return [_real(v, places) for v in value] if isinstance(value, list) else value


def _placeholders(value: Any, places: Places) -> Any:
    if isinstance(value, str):
        return places.recorded_text(value)
    if isinstance(value, dict):
        return {k: _placeholders(v, places) for k, v in value.items()}
    return (
        [_placeholders(v, places) for v in value] if isinstance(value, list) else value
    )


_OWNED = {
    "vadddomain": 2, "make_user_dir": 2, "read_dir_control": 1, "next_big_dir": 1,
    "dec_dir_control": 1, "r_mkdir": 1, "r_chown": 1, "add_domain_assign": 3,
    "del_domain_assign": 3, "vsqwebmail_pass": 2, "valias_file": 2,
}  # fmt: skip


def _own_owner(name: str, args: list[Any], uid: int, gid: int) -> list[Any]:
    at = _OWNED.get(name)
    if at is not None and args[at : at + 2] == [89, 89]:
        args[at : at + 2] = [uid, gid]
    return args


def _recorded_owner(answer: Any, uid: int, gid: int) -> Any:
    if isinstance(answer, dict):
        if answer.get("uid") == uid and answer.get("gid") == gid:
            answer = {**answer, "uid": 89, "gid": 89}
        return {k: _recorded_owner(v, uid, gid) for k, v in answer.items()}
    return (
        [_recorded_owner(v, uid, gid) for v in answer]
        if isinstance(answer, list)
        else answer
    )


# -- the names that stand for several calls, and those with out-parameters


def _until_none(first: Any, following: Callable[[], Any]) -> list[Any]:
    found = []
    while first is not None:
        found.append(first)
        first = following()
    return found


def _vget_assign(face: Face, domain: str) -> Answer:
    found = face.vget_assign(domain)
    if found is None:
        return {"value": None}
    directory, uid, gid, real = found
    answer = {"value": directory, "dir": directory, "uid": uid, "gid": gid}
    return {**answer, "domain_after": real}


def _get_domain_entries(face: Face, match: str) -> Answer:
    first = face.get_domain_entries(match)
    found = _until_none(first, lambda: face.get_domain_entries(None))
    return {"list": [members(entry, _ENTRY) for entry in found]}


def _parse_email(face: Face, address: str, *_size: int) -> Answer:
    code, user, domain = face.parse_email(address)
    return {"rc": int(code), "user": user, "domain": domain}


def _limits(face: Face, *args: Any) -> Answer:
    code, limits = args
    return {"rc": int(code), "limits": members(limits, type(limits).__slots__)}


def _limits_of(face: Face, values: dict[str, int]) -> Any:
    limits = face.VLimits()
    for name, value in values.items():
        setattr(limits, name, value)
    return limits


def _vdefault_limits(face: Face) -> Answer:
    limits = face.vdefault_limits()
    return {"limits": members(limits, type(limits).__slots__)}


def _record(face: Face, values: dict[str, Any] | None) -> Any:
    return None if values is None else face.VqPasswd(**values)


def _pw(pw: Any) -> Any:
    return None if pw is None else members(pw, _PW)


def _modpw(face: Face, user: str, domain: str, values: dict[str, Any]) -> Answer:
    pw = face.vauth_getpw(user, domain)
    for name, value in values.items():
        setattr(pw, name, value)
    return {"rc": int(face.vauth_setpw(pw, domain))}


def _getall(face: Face, domain: str, sort: int) -> list[Any]:
    first = face.vauth_getall(domain, 1, sort)
    return _until_none(first, lambda: face.vauth_getall(domain, 0, sort))


def _vgetent(face: Face, path: str) -> Answer:
    with open(path, "rb") as file:
        found = _until_none(face.vgetent(file), lambda: face.vgetent(file))
    return {"list": [_pw(pw) for pw in found]}


def _with_entry(name: str) -> Callable[..., Answer]:
    def call(face: Face, user: str, domain: str, *more: Any) -> Answer:
        pw = face.vauth_getpw(user, domain)
        if name == "vauth_crypt":
            return {"rc": int(face.vauth_crypt(user, domain, *more, pw))}
        result = getattr(face, name)(pw, domain)
        return {"value": result}

    return call


def _cursor(name: str) -> Callable[..., Answer]:
    def call(face: Face, *args: Any) -> Answer:
        first = getattr(face, name)(*args)
        following = getattr(face, f"{name}_next")
        found = _until_none(first, following)
        return {"list": [list(x) if isinstance(x, tuple) else x for x in found]}

    return call


def _show_ip_map(face: Face) -> Answer:
    found, (code, *pair) = [], face.vshow_ip_map(1)
    while code == 1:
        found.append(pair)
        code, *pair = face.vshow_ip_map(0)
    return {"rc": int(code), "list": found}


def _read_dir_control(face: Face, domain: str, uid: int, gid: int) -> Answer:
    code, state = face.vread_dir_control(domain, uid, gid)
    return {"rc": int(code), **members(state, _DIR)}


def _next_big_dir(face: Face, domain: str, uid: int, gid: int) -> Answer:
    face.open_big_dir(domain, uid, gid)
    directory = face.next_big_dir(uid, gid)
    face.close_big_dir(domain, uid, gid)
    return {"value": directory}


def _big_dir_walk(face: Face, count: int, tail: int) -> Answer:
    state, changes, was = face.DirControl(), [], ""
    for _ in range(count):
        face.inc_dir_control(state)
        if state.the_dir != was:
            changes.append([state.cur_users, state.the_dir])
            was = state.the_dir
    return {"changes": changes[-tail:], **members(state, ("level_cur", "level_index"))}


def _table(face: Face, name: str, inputs: list[Any]) -> Answer:
    function = getattr(face, name)
    return {"table": [[text, function(text)] for text in inputs]}


def _valid_chars(face: Face, name: str) -> Answer:
    function = getattr(face, name)
    accepted = "".join(c for c in map(chr, range(1, 128)) if function(f"a{c}b") == 0)
    above = sum(function(f"a{chr(c)}b") == 0 for c in range(128, 256))
    return {"accepted": accepted, "accepted_above_127": above}


def _vvalidchar_table(face: Face) -> Answer:
    return {
        "accepted": "".join(
            c for c in map(chr, range(1, 128)) if face.vvalidchar(c) == 1
        )
    }


def _changed_in_place(name: str) -> Callable[..., Answer]:
    """A function whose result is, in C, left in its argument: no difference is no change."""

    def call(face: Face, text: str) -> Answer:
        result = getattr(face, name)(text)
        return {} if result == text else {"strings_after": [result]}

    return call


def _extract_domain(face: Face, _buffer: str, line: str, kind: int) -> Answer:
    return {"rc": 0, "strings_after": [face.extract_domain(line, kind), line]}


def _random(name: str) -> Callable[..., Answer]:
    def call(face: Face, length: int) -> Answer:
        text = getattr(face, name)(length)
        assert len(text) == length
        assert set(text) <= _RANDOM, text
        return {"value": text}

    return call


_RANDOM = frozenset(string.ascii_letters + string.digits + ".@!#%*")


def _status_and(*names: str) -> Callable[..., Callable[..., Answer]]:
    def named(function: str) -> Callable[..., Answer]:
        def call(face: Face, *args: Any) -> Answer:
            code, *values = getattr(face, function)(*args)
            return {"rc": int(code), **dict(zip(names, values, strict=True))}

        return call

    return named


_SPECIAL: dict[str, Callable[..., Answer]] = {
    "big_dir_walk": _big_dir_walk,
    "extract_domain": _extract_domain,
    "get_domain_entries": _get_domain_entries,
    "getall": lambda face, domain, sort: {
        "list": [_pw(x) for x in _getall(face, domain, sort)]
    },
    "getall_names": lambda f, domain, sort: {
        "list": [x.pw_name for x in _getall(f, domain, sort)]
    },
    "lowerit": _changed_in_place("lowerit"),
    "mkpasswd3": lambda face, clear: _status_and("crypted")("mkpasswd3")(
        face, from_latin(clear)
    ),
    "modpw": _modpw,
    "next_big_dir": _next_big_dir,
    "parse_email": _parse_email,
    "parse_email_sized": _parse_email,
    "quota_mtos": _status_and("size", "count")("quota_mtos"),
    "read_dir_control": _read_dir_control,
    "readdomainquota": _status_and("size", "count")("readdomainquota"),
    "readuserquota": _status_and("size", "count")("readuserquota"),
    "table": _table,
    "valias_select": _cursor("valias_select"),
    "valias_select_all": _cursor("valias_select_all"),
    "valias_select_names": _cursor("valias_select_names"),
    "valid_chars": _valid_chars,
    "vauth_crypt": _with_entry("vauth_crypt"),
    "vauth_setpw": lambda face, values, domain: {
        "rc": int(face.vauth_setpw(_record(face, values), domain))
    },
    "vauth_getall": lambda f, domain, first, sort: {
        "pw": _pw(f.vauth_getall(domain, first, sort))
    },
    "vcheck_vqpw": lambda face, values, domain: {
        "rc": int(face.vcheck_vqpw(_record(face, values), domain))
    },
    "vdefault_limits": _vdefault_limits,
    "verror_table": lambda face, low, high: {
        "table": [[code, face.verror(code)] for code in range(low, high + 1)]
    },
    "vget_assign": _vget_assign,
    "vget_ip_map": _status_and("domain")("vget_ip_map"),
    "vshow_ip_map": _show_ip_map,
    "vget_lastauth": _with_entry("vget_lastauth"),
    "vget_lastauthip": _with_entry("vget_lastauthip"),
    "vget_limits": lambda face, domain: _limits(face, *face.vget_limits(domain)),
    "vlimits_get_flag_mask": lambda face, values: {
        "rc": int(face.vlimits_get_flag_mask(_limits_of(face, values)))
    },
    "vlimits_read_limits_file": lambda f, path: _limits(
        f, *f.vlimits_read_limits_file(path)
    ),
    "vset_default_domain": _changed_in_place("vset_default_domain"),
    "vset_limits": lambda face, domain, values: {
        "rc": int(face.vset_limits(domain, _limits_of(face, values)))
    },
    "vgetent": _vgetent,
    "vgen_pass": _random("vgen_pass"),
    "vrandom_pass": _random("vrandom_pass"),
    "vvalidchar_table": _vvalidchar_table,
}


def last_error(face: Face) -> int:
    """What stands for verrori."""
    return int(face.last_error())


def public_face() -> Face:
    """The library's own."""
    import vpopmail

    return Face(sys.modules[vpopmail.__name__])
