"""vpopmail: virtual mail domains and users on a qmail server.

The object face::

    from vpopmail import Config, Vpopmail

    site = Vpopmail(Config.load())
    site.domains.add("example.com", password="...")
    site.users.add("joe@example.com", password="...", gecos="Joe")

The C functions, name for name, return codes (``VA``) instead of raising::

    import vpopmail

    vpopmail.vadduser("joe", "example.com", "...", "Joe", 0)

Importing this package reads no file and imports next to nothing; each name is imported when it is
first used.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vpopmail.capi.addresses import default_domain as default_domain
    from vpopmail.capi.addresses import extract_domain as extract_domain
    from vpopmail.capi.addresses import is_domain_valid as is_domain_valid
    from vpopmail.capi.addresses import is_username_valid as is_username_valid
    from vpopmail.capi.addresses import lowerit as lowerit
    from vpopmail.capi.addresses import parse_email as parse_email
    from vpopmail.capi.addresses import vset_default_domain as vset_default_domain
    from vpopmail.capi.addresses import vvalidchar as vvalidchar
    from vpopmail.capi.aliases import isCatchall as isCatchall
    from vpopmail.capi.aliases import valias_insert as valias_insert
    from vpopmail.capi.domains import count_rcpthosts as count_rcpthosts
    from vpopmail.capi.domains import domain_entries as domain_entries
    from vpopmail.capi.domains import get_domain_entries as get_domain_entries
    from vpopmail.capi.domains import vaddaliasdomain as vaddaliasdomain
    from vpopmail.capi.domains import vadddomain as vadddomain
    from vpopmail.capi.domains import vclose as vclose
    from vpopmail.capi.domains import vdeldomain as vdeldomain
    from vpopmail.capi.domains import vget_assign as vget_assign
    from vpopmail.capi.homes import backfill as backfill
    from vpopmail.capi.homes import close_big_dir as close_big_dir
    from vpopmail.capi.homes import dec_dir_control as dec_dir_control
    from vpopmail.capi.homes import inc_dir_control as inc_dir_control
    from vpopmail.capi.homes import make_user_dir as make_user_dir
    from vpopmail.capi.homes import next_big_dir as next_big_dir
    from vpopmail.capi.homes import open_big_dir as open_big_dir
    from vpopmail.capi.homes import vdel_dir_control as vdel_dir_control
    from vpopmail.capi.homes import vread_dir_control as vread_dir_control
    from vpopmail.capi.homes import vwrite_dir_control as vwrite_dir_control
    from vpopmail.capi.limits import vdefault_limits as vdefault_limits
    from vpopmail.capi.limits import vdel_limits as vdel_limits
    from vpopmail.capi.limits import vget_limits as vget_limits
    from vpopmail.capi.limits import vset_limits as vset_limits
    from vpopmail.capi.status import last_error as last_error
    from vpopmail.capi.users import vadduser as vadduser
    from vpopmail.capi.users import vauth_getpw as vauth_getpw
    from vpopmail.capi.users import vauth_user as vauth_user
    from vpopmail.capi.users import vdeluser as vdeluser
    from vpopmail.codes import VA as VA
    from vpopmail.codes import verror as verror
    from vpopmail.config import Config as Config
    from vpopmail.plan.steps import Plan as Plan
    from vpopmail.records import DirControl as DirControl
    from vpopmail.records import DomainEntry as DomainEntry
    from vpopmail.records import VLimits as VLimits
    from vpopmail.records import VqPasswd as VqPasswd
    from vpopmail.site import Vpopmail as Vpopmail
    from vpopmail.site import configure as configure
    from vpopmail.site import current as current
    from vpopmail.site import use as use

__version__ = "0.1.0"

# module: its public names
_PUBLIC = {
    "capi.addresses": (
        "default_domain",
        "extract_domain",
        "is_domain_valid",
        "is_username_valid",
        "lowerit",
        "parse_email",
        "vset_default_domain",
        "vvalidchar",
    ),
    "capi.aliases": ("isCatchall", "valias_insert"),
    "capi.domains": (
        "count_rcpthosts",
        "domain_entries",
        "get_domain_entries",
        "vaddaliasdomain",
        "vadddomain",
        "vclose",
        "vdeldomain",
        "vget_assign",
    ),
    "capi.homes": (
        "backfill",
        "close_big_dir",
        "dec_dir_control",
        "inc_dir_control",
        "make_user_dir",
        "next_big_dir",
        "open_big_dir",
        "vdel_dir_control",
        "vread_dir_control",
        "vwrite_dir_control",
    ),
    "capi.limits": ("vdefault_limits", "vdel_limits", "vget_limits", "vset_limits"),
    "capi.status": ("last_error",),
    "capi.users": ("vadduser", "vauth_getpw", "vauth_user", "vdeluser"),
    "codes": ("VA", "verror"),
    "config": ("Config",),
    "plan.steps": ("Plan",),
    "records": ("DirControl", "DomainEntry", "VLimits", "VqPasswd"),
    "site": ("Vpopmail", "configure", "current", "use"),
}

if not TYPE_CHECKING:
    # Hidden from type checkers, so that they report a name that does not exist.
    _HOMES = {name: module for module, names in _PUBLIC.items() for name in names}

    def __getattr__(name):
        """Import a public name when it is first used."""
        if name in _HOMES:
            module = __import__(f"vpopmail.{_HOMES[name]}", fromlist=[name])
            value = getattr(module, name)
        else:
            value = _constant(name)
        globals()[name] = value
        return value

    def _constant(name):
        if name.startswith("VA_"):
            from vpopmail.codes import constant

            value = constant(name)
            if value is not None:
                return value
        elif name.isupper():
            from vpopmail import records

            if hasattr(records, name):
                return getattr(records, name)
        elif name == "errors":
            import vpopmail.errors

            return vpopmail.errors
        raise AttributeError(f"module 'vpopmail' has no attribute '{name}'")

    def __dir__():
        return sorted({*globals(), *_HOMES})
