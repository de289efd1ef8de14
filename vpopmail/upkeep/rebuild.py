"""Making the qmail files of a site anew, from all the directories that hold its domains."""

from __future__ import annotations

from vpopmail.errors import NotPermitted
from vpopmail.mailstore.domains import split_domain
from vpopmail.names import checked_texts
from vpopmail.qmail.rebuild import rebuild
from vpopmail.qmail.surviving import is_directory, stored_paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from vpopmail.installation import Installation
    from vpopmail.qmail.rebuild import Rebuilt


def rebuild_qmail(
    installation: Installation,
    directories: Iterable[str] = (),
    aliases: Mapping[str, str] | None = None,
    *,
    dry_run: bool = False,
) -> Rebuilt:
    """Make lost files of qmail anew, for the domains of a site; see ``Qmail.rebuild``.

    Looked into are the site's own ``domains`` directory, those given, and those of other bases
    that a line of users/assign or users/cdb still leads to.

    Args:
        installation: the site; its backend is not asked.
        directories: more that hold domains, absolute.
        aliases: alias domains that the caller knows of, with their domains.
        dry_run: only decide, without locks, and say what would be done.

    Returns:
        The report. The commit point is the rename of users/cdb; the control files follow.

    Raises:
        NotPermitted: this process may not change qmail's files.
        Otherwise as ``Qmail.rebuild``.

    Source: manual, "I've lost all my qmail control files".
    """
    settings = installation.settings
    owner = (settings.uid, settings.gid)
    paths = [settings.domains_path, *checked_texts(directories)]
    try:
        paths += _other_bases(installation)
        return rebuild(installation.qmail, paths, aliases or {}, owner, dry_run=dry_run)
    except PermissionError as error:
        advice = "qmail's files are made anew as root"
        raise NotPermitted(str(error.filename or settings.qmaildir), advice) from error


def _other_bases(installation: Installation) -> list[str]:
    """The directories of domains that the surviving lines lead to, sorted."""
    ending = f"/{installation.settings.domains_dir}"
    outers = {split_domain(path)[0] for path in stored_paths(installation.qmail)}
    return sorted(outer for outer in outers if outer.endswith(ending) and is_directory(outer))
