"""The programs of a site: launchers in its ``bindir``.

Not the scripts that an installer makes: those import more than a login itself. A launcher starts
Python without its module ``site``, says where this package is and which site it serves, and takes
the modules from a bundle beside it.

Source: manual, "Installing vpopmail"; dependencies, start-up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

from vpopmail.backends.registry import module_of
from vpopmail.bundle import make_bundle
from vpopmail.errors import InvalidPath
from vpopmail.formats.text import to_bytes
from vpopmail.log import warn
from vpopmail.safeio.directory import Directory, Owner
from vpopmail.safeio.rights import can_enter, where_others_write
from vpopmail.settings.file import compile_file, compiled_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vpopmail.settings import Settings

# Each is the module of its name in vpopmail.commands, but for what follows.
PROGRAMS = (
    "clearopensmtp",
    "dotqmail2valias",
    "vaddaliasdomain",
    "vadddomain",
    "vadduser",
    "valias",
    "vchangepw",
    "vchkpw",
    "vchkpw-dovecot",
    "vconvert",
    "vdeldomain",
    "vdelivermail",
    "vdeloldusers",
    "vdeluser",
    "vdominfo",
    "vipmap",
    "vkill",
    "vmakedotqmail",
    "vmkpasswd",
    "vmoddomlimits",
    "vmoduser",
    "vpasswd",
    "vpopbull",
    "vpopmail",
    "vqmaillocal",
    "vrcptcheck",
    "vsavealiasdomains",
    "vsetuserquota",
    "vuserinfo",
    "vverifypw",
)
MODULES = {"vchkpw-dovecot": "vchkpw"}
# Those that servers start, once for each login and message, have a bundle of their own: a start
# reads all of it.
SERVING = ("vchkpw", "vchkpw-dovecot", "vdelivermail", "vrcptcheck")
BUNDLE = ".vpopmail-modules"
TYPED_BUNDLE = ".vpopmail-typed-modules"
# What they import while they run, on the ways that many logins and messages take. What is made once
# for a user, and what brings half of the library with it, is left out.
_LATER = (
    "access.default_domain",
    "access.ip_map",
    "access.relay",
    "access.report",
    "accounts.notices",
    "backends.cdb.backend",
    "backends.cdb.lost",
    "backends.files.aliases",
    "backends.files.dir_control",
    "backends.files.ip_map",
    "backends.files.last_auth",
    "backends.files.limits",
    "backends.files.relay",
    "backends.registry",
    "delivery.deliver",
    "delivery.deliverable",
    "delivery.done",
    "delivery.programs",
    "delivery.quota",
    "delivery.spam",
    "formats.cdb_writing",
    "formats.ip_address",
    "formats.limits",
    "formats.mail_date",
    "mailstore.maildirsize",
    "mailstore.present",
    "mailstore.usage_daemon",
    "qmail.locals",
    "safeio.kept",
    "safeio.locks",
    "settings.file",
)
# The same of those that people type.
_TYPED_LATER = (
    "access.default_domain",
    "accounts.quotas",
    "accounts.user_recovery",
    "accounts.user_updates",
    "accounts.users",
    "backends.cdb.backend",
    "backends.cdb.writing",
    "backends.files.dir_control",
    "backends.files.last_auth",
    "backends.files.limits",
    "backends.registry",
    "events.events",
    "formats.cdb_writing",
    "settings.file",
)

_MODE = 0o755
_READABLE = 0o644
_LONGEST_FIRST_LINE = 127  # bytes, that every Linux takes
_LAUNCHER = """\
#!{python} -IS
# Made by vpopmail: "vpopmail site init" makes it anew.
import _signal
if _signal.getsignal(_signal.SIGINT) == _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
import sys
sys.path += {paths!r}
try:
    from vpopmail.bundle import use_bundle
    use_bundle({bundle!r})
    from vpopmail.commands.{module} import main
except Exception as error:
    import os
    try:
        os.write(2, ("{program}: %s\\n" % error).encode("utf-8", "backslashreplace"))
    finally:
        sys.exit(111)
main(**{settings!r})
"""
_SHOW_MODULES = """
import sys
sys.path += {paths!r}
for name in {names!r}:
    __import__("vpopmail." + name)
for name, module in sys.modules.items():
    if name.startswith("vpopmail."):
        print(name, module.__file__)
"""


def install_programs(settings: Settings) -> list[str]:
    """Write the launchers into ``bindir``, which is made if it is missing.

    Each names this Python, the place of this package and ``vpopmaildir``. They belong to the
    caller, who should be root. Beside them go the bundles of their modules, and beside
    etc/vpopmail.toml, if that is there, its compiled form. A warning is logged if the owner of the
    domains may not read this Python or this package, and, unless root is the caller, if others
    could put programs of their own into ``bindir``.

    Args:
        settings: of the site.

    Returns:
        The paths of the launchers. Each file has a commit point of its own, the rename.

    Raises:
        InvalidPath: the path of Python cannot stand in the first line of a script; to root, if
            others than he and the owner of the domains can write ``bindir`` or a directory above.
        ConfigError: etc/vpopmail.toml cannot be used.
        OSError.
    """
    owner = Owner(os.geteuid(), os.getegid())
    bindir = settings.bindir
    given = {"vpopmaildir": settings.vpopmaildir}
    texts = {program: launcher(program, given, bindir) for program in PROGRAMS}
    _check_writers(settings)
    _compile_settings(settings)
    _warn_of_what_is_closed(settings)
    parent, _, name = bindir.rpartition("/")
    with Directory.open(parent or "/", sync=settings.sync, follow=True) as above:
        if not above.has(name):
            above.make_whole(name, owner, mode=_MODE, exact=True).close()
    with Directory.open(bindir, sync=settings.sync, follow=True) as directory:
        for bundled in (BUNDLE, TYPED_BUNDLE):
            directory.replace(bundled, [bundle(bundled, settings.backend)], owner, mode=_READABLE)
        for program, text in texts.items():
            directory.replace(program, [to_bytes(text)], owner, mode=_MODE)
    return [f"{bindir}/{program}" for program in PROGRAMS]


def launcher(program: str, settings: Mapping[str, object], bindir: str) -> str:
    """The text of a launcher.

    Args:
        program: one of ``PROGRAMS``.
        settings: options of the site that it names; the others come from the environment and
            from etc/vpopmail.toml.
        bindir: where its bundle is; without one it starts slowly.

    Raises:
        InvalidPath: the path of Python cannot stand in the first line of a script.
    """
    text = _LAUNCHER.format(
        python=sys.executable,
        paths=_places(),
        bundle=f"{bindir}/{BUNDLE if program in SERVING else TYPED_BUNDLE}",
        program=program,
        module=MODULES.get(program, program),
        settings=dict(settings),
    )
    first = text.partition("\n")[0]
    if len(to_bytes(first)) > _LONGEST_FIRST_LINE or " " in sys.executable:
        raise InvalidPath(sys.executable, "too long, or with a blank, for a script's first line")
    return text


def bundle(bundled: str = BUNDLE, backend: str = "cdb") -> bytes:
    """The bundle of the modules that programs need.

    Args:
        bundled: ``BUNDLE`` for those that servers start, ``TYPED_BUNDLE`` for the others.
        backend: of the site. With another one they start, but more slowly.

    Raises:
        OSError, subprocess.CalledProcessError.
    """
    serves = bundled == BUNDLE
    programs = [program for program in PROGRAMS if (program in SERVING) == serves]
    names = [f"commands.{MODULES.get(program, program)}" for program in programs]
    later = (*(_LATER if serves else _TYPED_LATER), *_of_backend(backend))
    text = _SHOW_MODULES.format(paths=_places(), names=(*names, *later))
    command = [sys.executable, "-IS", "-c", text]
    # A Python of its own: this one has imported much more.
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
    lines = [line.partition(" ") for line in shown.splitlines()]
    # The importer itself comes before there is a bundle.
    return make_bundle((name, path) for name, _, path in lines if name != "vpopmail.bundle")


def _of_backend(name: str) -> list[str]:
    """The modules of a backend that a login needs; those of other packages are not bundled."""
    module = module_of(name).removeprefix("vpopmail.")
    if not module.startswith("backends.sql."):
        return [module] if module else []
    # A table that a login writes may be missing, and so may the file of SQLite.
    return [module, "backends.sql.tables", "backends.sql.database_file"]


def _check_writers(settings: Settings) -> None:
    """See that nobody else puts programs into ``bindir``, which servers run as root."""
    uids = {0, os.geteuid(), settings.uid}
    open_place = where_others_write(settings.bindir, uids, {0, os.getegid(), settings.gid})
    if not open_place:
        return
    advice = f"others could put programs into {settings.bindir}: let root alone write it"
    if os.geteuid() == 0:
        raise InvalidPath(open_place, advice)
    warn("%s: %s", open_place, advice)


def _compile_settings(settings: Settings) -> None:
    path = settings.etc_path("vpopmail.toml")
    if not os.path.exists(path):
        return
    content = compile_file(path)
    status = os.stat(path)
    owner = Owner(status.st_uid, status.st_gid)
    mode = status.st_mode & _READABLE
    with Directory.open(settings.etc_path(""), sync=settings.sync, follow=True) as etc:
        etc.replace(os.path.basename(compiled_path(path)), [content], owner, mode=mode)


def _warn_of_what_is_closed(settings: Settings) -> None:
    for place in (os.path.dirname(sys.executable), sysconfig.get_path("stdlib"), *_places()):
        closed = can_enter(place, settings.uid, settings.gid)
        if closed:
            text = "%s is closed to uid %d: programs that it runs will not start"
            warn(text, closed, settings.uid)
            return


def _places() -> list[str]:
    """Where this package is, and what it needs."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    library = sysconfig.get_path("purelib"), sysconfig.get_path("platlib")
    return list(dict.fromkeys((package, *library)))
