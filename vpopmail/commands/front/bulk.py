"""Many changes from standard input, with one commit at the end for each domain."""

from __future__ import annotations

import sys
from contextlib import nullcontext

from vpopmail.commands.front.arguments import WRONG_USAGE
from vpopmail.commands.front.progress import Progress
from vpopmail.commands.front.rows import BadHeader, read_csv, read_jsonl
from vpopmail.commands.front.showing import printable, report
from vpopmail.commands.terminal.options import Misuse
from vpopmail.errors import BackendUnavailable, VpopmailError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from vpopmail.commands.front.columns import Columns
    from vpopmail.commands.front.rows import Row
    from vpopmail.plan.steps import Plan
    from vpopmail.site import Vpopmail

    Act = Callable[[Mapping[str, object], bool], Iterable[Plan]]

HOW = """\
With --bulk the changes come from standard input: CSV (UTF-8) whose first line names the columns,
an empty cell leaving things as they are; or JSON lines, an object with the same keys on each
line, null leaving things as they are. An unknown column is an error. All changes of a domain count
at once, at the end. A bad line is told on standard error with its number and keeps no other from
being done, unless --strict is given: then nothing counts. The exit status is 0 if all was done, 1
if a line was bad. A dry run looks at each line by itself, as the site is now."""
SOME_BAD = 1


def given_once(arguments: Namespace, *names: str) -> None:
    """Refuse a change that is told both in the words and by ``--bulk``, or in neither.

    Args:
        arguments: of the command line.
        names: of those that tell one change; the first is needed for it.

    Raises:
        Misuse.
    """
    there = [name for name in names if getattr(arguments, name) not in (None, [])]
    if arguments.bulk and there:
        raise Misuse(f"{there[0].replace('_', '-')}: with --bulk it is a column", WRONG_USAGE)
    if not arguments.bulk and names[0] not in there:
        raise Misuse(f"give {names[0]} or --bulk", WRONG_USAGE)
    if arguments.strict and not arguments.bulk:
        raise Misuse("--strict is for --bulk", WRONG_USAGE)


def run_bulk(site: Vpopmail, arguments: Namespace, columns: Columns, act: Act) -> int:
    """Make the changes that standard input tells of.

    Args:
        site: on which.
        arguments: with ``bulk``, ``strict`` and ``dry_run``.
        columns: of the input.
        act: makes the change of one line or, told so, only decides; gives its plans.

    Returns:
        The exit status: 0, or 1 if a line was bad.

    Raises:
        Misuse: the header does not fit.
        VpopmailError, OSError: what is no matter of a line; nothing of what is not committed
            counts.
    """
    dry_run = arguments.dry_run
    bad = 0
    with Progress(of_input=True) as progress, nullcontext() if dry_run else site.batch() as batch:
        try:
            for row in _rows(arguments.bulk, columns):
                complaint = row.complaint or _act(row, act, dry_run=dry_run)
                progress.step()
                if complaint:
                    bad += 1
                    progress.tell(printable(f"line {row.number}: {complaint}"))
                    if arguments.strict:
                        break
        except BadHeader as error:
            raise Misuse(f"standard input: {error}", WRONG_USAGE) from None
        if bad and arguments.strict and batch is not None:
            batch.discard()
    if bad:
        what = "nothing was done" if arguments.strict else f"{progress.count - bad} done"
        print(f"{bad} bad of {progress.count} lines, {what}", file=sys.stderr)
    return SOME_BAD if bad else 0


def _act(row: Row, act: Act, *, dry_run: bool) -> str:
    """Make the change of a line; what is wrong with it."""
    try:
        plans = act(row.values, dry_run)
    except BackendUnavailable:
        raise  # the next line would fare no better
    except VpopmailError as error:
        return error.headline
    if dry_run:
        for plan in plans:
            report(plan, dry_run=True)
    return ""


def _rows(form: str, columns: Columns) -> Iterator[Row]:
    if sys.stdin is None:
        raise Misuse("standard input is closed", WRONG_USAGE)
    # As csv wants it: it knows itself where a line of its own ends.
    sys.stdin.reconfigure(  # type: ignore[union-attr]
        encoding="utf-8-sig", errors="surrogateescape", newline=""
    )
    return (read_csv if form == "csv" else read_jsonl)(sys.stdin, columns)
