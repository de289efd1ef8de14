"""What reconcile finds: the kinds, one finding, the report of all, and how they are noted."""

from __future__ import annotations

from contextlib import contextmanager

import attrs

from vpopmail.errors import VpopmailError
from vpopmail.log import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LEFTOVER = "leftover"
C_LEFTOVER = "leftover of a C tool"
ASSIGN = "users/assign"
USERS_CDB = "users/cdb"
LINE_WITHOUT_DIRECTORY = "line without directory"
DIRECTORY_WITHOUT_LINE = "directory without line"
ALIAS_DOMAIN = "alias domain"
ALIAS_DOMAIN_COPY = "copy of alias domains"
CONTROL_ENTRY_MISSING = "control entry missing"
CONTROL_ENTRY_LEFT = "control entry without domain"
MORERCPTHOSTS = "morercpthosts.cdb"
INDEX = "index"
USERS_LOST = "users lost"
MALFORMED_LINE = "malformed line"
DOUBLE_LINE = "double line"
USER_WITHOUT_HOME = "user without home"
HOME_WITHOUT_USER = "home without user"
HOME_ELSEWHERE = "home elsewhere"
MAILDIR = "Maildir"
ALIAS_TARGET = "alias to nowhere"
DEFAULT_DELIVERY = "default delivery"
COUNTER = "counter"
FREE_PLACES = "free places"
MAILDIRSIZE = "maildirsize"
LIMITS = "limits"
OWNER = "owner"
MODE = "mode"
NOT_PLAIN = "not a plain file"
UNREADABLE = "unreadable"
_LET_READ = "let it be read, then look again"

KINDS = {
    LEFTOVER: "what a killed change of this library left",
    C_LEFTOVER: "what a killed C tool left",
    ASSIGN: "users/assign is missing or qmail-newu would refuse it",
    USERS_CDB: "users/cdb is older than users/assign, or is not made of it",
    LINE_WITHOUT_DIRECTORY: "the directory of a domain is not there",
    DIRECTORY_WITHOUT_LINE: "the directory of a domain that users/cdb does not lead to",
    ALIAS_DOMAIN: "an alias domain whose domain is missing or lies elsewhere",
    ALIAS_DOMAIN_COPY: "the account store's copy of the alias domains is not as users/cdb says",
    CONTROL_ENTRY_MISSING: "rcpthosts, virtualdomains or locals keep mail from a domain",
    CONTROL_ENTRY_LEFT: "virtualdomains sends mail to a domain that does not exist",
    MORERCPTHOSTS: "morercpthosts and its compiled file do not belong together",
    INDEX: "the index of a domain's users is older than they are, or is not made of them",
    USERS_LOST: "the users of a domain are missing, or in no plain file",
    MALFORMED_LINE: "a line of vpasswd that is none of a user",
    DOUBLE_LINE: "a line of vpasswd with a name that came before",
    USER_WITHOUT_HOME: "the home of a user is not there",
    HOME_WITHOUT_USER: "a home that no user of the domain has",
    HOME_ELSEWHERE: "a stored home outside the domain, or behind a link",
    MAILDIR: "a home lacks its Maildir, or the Maildir a directory",
    ALIAS_TARGET: "an alias leads to nobody, or to a Maildir that is not there",
    DEFAULT_DELIVERY: "mail for unknown users goes nowhere, or .qmail-default is missing",
    COUNTER: "a counter of directory hashing does not count what is there",
    FREE_PLACES: "the list of free places names what is no place",
    MAILDIRSIZE: "maildirsize is of another quota, too long, or no file of the Maildir's own",
    LIMITS: "the limits of a domain cannot be read",
    OWNER: "a file or directory belongs to somebody else",
    MODE: "others may read or write what they must not, or its owner may not",
    NOT_PLAIN: "a link, a special file, or a file with several names in the place of a plain one",
    UNREADABLE: "something could not be looked at",
}


@attrs.frozen
class Finding:
    """One thing that is not as it should be.

    Attributes:
        kind: one of ``KINDS``.
        subject: what it is about: an address, a domain or a path.
        what: what is wrong; never a password.
        remedy: what was done, or with a dry run would be; else what to do by hand.
        repairable: whether reconcile repairs it.
        repaired: whether it was repaired. Not with a dry run, nor if the repair failed.
    """

    kind: str = attrs.field(validator=attrs.validators.in_(KINDS))
    subject: str
    what: str
    remedy: str
    repairable: bool = False
    repaired: bool = False

    def __str__(self) -> str:
        state = "repaired" if self.repaired else "to repair" if self.repairable else "left"
        return _in_a_line(f"{state}: {self.kind}: {self.subject}: {self.what}; {self.remedy}")


@attrs.frozen
class Reconciled:
    """What ``reconcile`` found and did.

    It is true, as a list is, if there is any finding. A site in order gives a false one.

    Attributes:
        findings: in the order in which they were found.
        dry_run: whether it was only looked.
    """

    findings: list[Finding]
    dry_run: bool

    @property
    def repaired(self) -> list[Finding]:
        """What is in order now."""
        return [finding for finding in self.findings if finding.repaired]

    @property
    def left(self) -> list[Finding]:
        """What is still to be done: by hand, or with a dry run by a reconcile."""
        return [finding for finding in self.findings if not finding.repaired]

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings)) or "nothing found"


class Examination:
    """Notes findings, and repairs them unless it is only looked.

    Args:
        dry_run: whether nothing is repaired.

    Attributes:
        findings: so far.
    """

    def __init__(self, *, dry_run: bool) -> None:
        self.dry_run = dry_run
        self.findings: list[Finding] = []
        self._left: set[Finding] = set()

    def tell(self, kind: str, subject: str, what: str, advice: str) -> None:
        """Note what a person has to look at, once, however many looks come upon it."""
        finding = Finding(kind, subject, what, advice)
        if finding not in self._left:
            self._left.add(finding)
            self.findings.append(finding)

    def mend(
        self, kind: str, subject: str, what: str, remedy: str, repair: Callable[[], object]
    ) -> None:
        """Note what can be repaired, and repair it.

        Args:
            kind, subject, what, remedy: as in Finding.
            repair: does it; what it returns is False if, under the lock, nothing is wrong any
                more: then there is no finding. What it raises is noted.
        """
        trouble = ""
        if not self.dry_run:
            try:
                if repair() is False:
                    return
            except (VpopmailError, OSError) as error:
                trouble = f", which failed: {reason(error)}"
        repaired = not (self.dry_run or trouble)
        self.findings.append(Finding(kind, subject, what, remedy + trouble, True, repaired))

    @contextmanager
    def looking_at(self, subject: str) -> Iterator[None]:
        """What cannot be looked at is a finding, and not the end of the run."""
        try:
            yield
        except VpopmailError as error:
            self.tell(UNREADABLE, subject, str(error), _LET_READ)
        except OSError as error:
            self.tell(UNREADABLE, subject, reason(error).removeprefix(f"{subject}: "), _LET_READ)


def _in_a_line(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]
