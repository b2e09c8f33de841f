"""``vmwidgets secret``, ``tokens`` and ``grade``: from a roster to marks, without any other program."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import date
from functools import partial
from importlib import import_module
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal

from vmwidgets.assignments import ASSIGNMENTS, assignment
from vmwidgets.assignments.tokens import Token, make_secret, read_secret
from vmwidgets.grading import report
from vmwidgets.grading.cluster import cluster, on_cluster
from vmwidgets.grading.collecting import Collected, collect_folder
from vmwidgets.grading.files import make_folder, replace
from vmwidgets.grading.folder import Batch, Runner
from vmwidgets.grading.handing_out import Handout, handed_out, tokens_table
from vmwidgets.grading.ledger import Ledger
from vmwidgets.grading.marks import Reading, read_rubric, read_texts
from vmwidgets.grading.progress import TRIED, Progress
from vmwidgets.grading.receipt_table import collect_receipts
from vmwidgets.grading.roster import Roster, read_roster
from vmwidgets.grading.sandbox import around
from vmwidgets.grading.workers import on_this_machine, processors
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell has it."""


def add_secret_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``vmwidgets secret``."""
    parser.add_argument("file", type=Path, help=_("where to write it; a file that is there stays as it is"))


def add_tokens_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``vmwidgets tokens``."""
    _add_class(parser)
    parser.add_argument("--term", required=True, help=_("name of the term; another term gives other variants"))
    parser.add_argument("--expires", type=_day, required=True, metavar="YYYY-MM-DD", help=_("last day for handing in"))
    parser.add_argument("--out", type=Path, required=True, help=_("table of the tokens; those in it stay as they are"))


def add_grade_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``vmwidgets grade``."""
    parser.add_argument("submissions", type=Path, help=_("a folder of submissions, or a CSV file with receipts"))
    _add_class(parser)
    parser.add_argument("--out", type=Path, default=Path("graded"), help=_("folder for results (default: %(default)s)"))
    parser.add_argument("--rubric", type=Path, help=_("points for texts that you have read, CSV: id, points, comment"))
    parser.add_argument(
        "--on",
        type=_day,
        default=date.today(),
        metavar="YYYY-MM-DD",
        help=_("day on which the submissions were taken, to be compared with the tokens' last day (default: today)"),
    )
    parser.add_argument("--term", help=_("take tokens of this term only; another term gives other variants"))
    parser.add_argument("--sandbox", action="store_true", help=_("put bubblewrap around each replay as a second wall"))
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help=_("run on a Dask cluster; “local” starts two workers on this machine")
    )


def _add_class(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--assignment", choices=list(ASSIGNMENTS), default="perimeter", help=_("which assignment"))
    parser.add_argument("--roster", type=Path, required=True, help=_("CSV file: id, name, language; or Canvas' export"))
    parser.add_argument("--secret", type=Path, required=True, help=_("the class's secret, see vmwidgets secret"))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            _("{text} is no day, expected YYYY-MM-DD").format(text=repr(text)[:40])
        ) from None


def run_secret(options: argparse.Namespace) -> int:
    """Write a new secret; returns the exit code."""
    make_secret(options.file)
    print(_("{path} holds the class's secret: keep a copy, and keep it from students").format(path=options.file))
    return 0


def run_tokens(options: argparse.Namespace) -> int:
    """Write the tokens of a class; returns the exit code."""
    roster = read_roster(options.roster)
    handout = Handout(read_secret(options.secret), options.assignment, options.term, options.expires)
    make_folder(options.out.parent)  # or say that it cannot be made, before all variants are tried
    tokens = handed_out(options.out, handout, roster.students)
    known = len(tokens)
    missing = [student.id for student in roster.students if student.id not in tokens]
    progress = Progress(len(missing), sys.stderr, TRIED)
    with ProcessPoolExecutor(processors(), initializer=signal, initargs=(SIGINT, SIG_IGN)) as pool:
        try:
            for student, token in zip(missing, pool.map(partial(_draw, handout), missing), strict=True):
                tokens[student] = token
                progress.step()
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            print(_("stopped; no token has been written"), file=sys.stderr)
            return INTERRUPTED
        finally:
            progress.close()
    replace(options.out, tokens_table(roster.students, tokens))
    told = _("{path}: {new} new tokens, {known} that were there; variants drawn again because one was unfit: {redrawn}")
    redrawn = sum(tokens[student].redraw for student in missing)
    print(told.format(path=options.out, new=len(missing), known=known, redrawn=redrawn))
    return 0


def _draw(handout: Handout, student: str) -> Token:
    module = assignment(handout.assignment)
    fit = import_module(f"{module.__name__}.fit").fit
    return handout.draw(student, lambda token: fit(module.variant(token.seed)))


def run_grade(options: argparse.Namespace) -> int:
    """Grade a class; returns the exit code."""
    roster = read_roster(options.roster)
    secret = read_secret(options.secret)
    out: Path = options.out
    found = _collect(options.submissions, roster, options.assignment, out)
    around((), options.sandbox)  # refused now, not at every submission
    readings = _readings(options.rubric, options.assignment, roster)
    # What the teacher has written into the table of texts is never lost, also if it does not count yet.
    there = (out / report.TEXTS).exists()
    filled = _readings(out / report.TEXTS, options.assignment, roster) if there else {}
    texts = read_texts(out / report.TEXTS) if there else {}
    make_folder(out, 0o700)
    progress = Progress(len(found.submissions), sys.stderr)
    with Ledger(out / "results.jsonl") as ledger:
        batch = Batch(
            options.assignment,
            secret,
            options.on,
            ledger,
            progress.step,
            options.sandbox,
            progress.skip,
            options.term,
        )
        try:
            with ExitStack() as stack:
                batch.run(found.submissions, _runner(options.scheduler, stack))
        except KeyboardInterrupt:
            progress.close()
            print(_("stopped; what is graded is kept, and the same command goes on from there"), file=sys.stderr)
            return INTERRUPTED
        progress.close()
        batch.to_read = texts | batch.to_read  # of those whose submission is not in this folder
        marks = report.marks(batch, roster.students, readings)
        report.write(out, options.assignment, marks, roster, filled | readings, with_text=options.rubric is not None)
        lines = report.summary(batch, marks, found.remarks)
    replace(out / "summary.txt", "\n".join([*lines, ""]))
    print("\n".join(lines))
    return 0


def _collect(path: Path, roster: Roster, name: str, out: Path) -> Collected:
    if path.is_dir():
        return collect_folder(path, roster.students, name, skip=out)
    if path.suffix.lower() != ".csv":
        raise VmwidgetsError("{path} is neither a folder nor a CSV file", path=str(path))
    return collect_receipts(path, roster.students)


def _readings(path: Path | None, name: str, roster: Roster) -> dict[str, Reading]:
    if path is None:
        return {}
    most = sum(item.most for item in assignment(name).ITEMS if item.human)
    return read_rubric(path, {student.id for student in roster.students}, most)


def _runner(scheduler: str | None, stack: ExitStack) -> Runner:
    return partial(on_cluster, stack.enter_context(cluster(scheduler))) if scheduler else on_this_machine
