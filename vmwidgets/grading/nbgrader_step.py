"""The steps of nbgrader's ``autograde`` that stand where it would run the student's notebook.

nbgrader puts the teacher's cells back into what was handed in, executes all of it and takes points from the outputs.
Here the notebook that was handed in is not read at all. The released one takes its place, and a replay of the answer
file, in a process of its own, writes points and reasons into its cells. So nbgrader's database, forms, feedback and
export work as for any assignment, no code of a student's is executed, and what students do to cells costs them nothing.

``course/assignments/nbgrader_config.py`` puts these steps into place.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any, cast

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output  # pyright: ignore[reportUnknownVariableType]
from nbgrader.plugins import ExportPlugin
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from nbgrader.utils import parse_utc
from traitlets import Unicode

from vmwidgets import locale
from vmwidgets.answers import MAX_BYTES
from vmwidgets.assignments.tokens import read_secret
from vmwidgets.grading.collecting import Found
from vmwidgets.grading.folder import Batch
from vmwidgets.grading.ledger import Ledger
from vmwidgets.grading.marks import Mark, is_read
from vmwidgets.grading.replay import Request
from vmwidgets.grading.report import marks
from vmwidgets.grading.results import Graded
from vmwidgets.grading.roster import Student
from vmwidgets.grading.tables import table
from vmwidgets.grading.words import in_full, points, sentence
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError

REJECTED = "rejected"
"""The folder beside ``submitted`` for what nbgrader would follow or copy: links, pipes, folders, large files."""
LEDGER = "results.jsonl"
"""Where gradings are kept beside nbgrader's own database: five different submissions of a student are graded."""
LANGUAGES = ("en", "ru")


def set_aside(assignment: str, student: str, notebooks: list[str]) -> None:
    """Move what is no regular file, or too large for one of answers, out of a submission before nbgrader copies it.

    A hook that nbgrader calls for each submission. Links are moved as links: nothing is followed or deleted.
    """
    folder = Path(notebooks[0]).parent
    unwanted = [path for path in folder.iterdir() if not _is_harmless(path)]
    if not unwanted:
        return
    rejected = _rejected(folder)
    # What an earlier hand-in has left there could be a link, and lead what is moved now to anywhere.
    if rejected.exists():
        names = (f"{rejected.name}.{number}" for number in count(1))
        rejected.replace(next(path for path in map(rejected.with_name, names) if not path.exists()))
    rejected.mkdir(parents=True)
    for path in unwanted:
        if stat.S_ISDIR(path.lstat().st_mode):
            path.chmod(0o700)  # nobody can move a folder away into which its author lets nobody write
        os.replace(path, rejected / path.name)
        if path.suffix == ".ipynb":
            path.touch()  # it is not read, but to nbgrader one that is not there is worth no points


def _is_harmless(path: Path) -> bool:
    about = path.lstat()
    if not stat.S_ISREG(about.st_mode) or not os.access(path, os.R_OK):
        return False
    if path.suffix == ".ipynb":
        return True
    return about.st_size <= MAX_BYTES and (path.name != "timestamp.txt" or _is_time(path))


def _is_time(path: Path) -> bool:
    """Whether nbgrader can read it: it would not grade at all."""
    try:
        parse_utc(path.read_text().strip())
    except Exception:  # the time zone may name a file, and that may hold anything
        return False
    return True


def _rejected(folder: Path) -> Path:
    """Return where that of a submission goes which is set aside: ``submitted/<student>/<assignment>`` is its folder."""
    return folder.parents[2] / REJECTED / folder.parent.name / folder.name


class ReleasedNotebook(NotebookExporter):
    """Reads the notebook that was released where nbgrader asks for the one that was handed in."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> tuple[NotebookNode, dict[str, Any]]:
        """Return a notebook and its resources."""
        who, course = resources["nbgrader"], _course(self.parent)
        if Path(filename).is_relative_to(_submission(course, who)):
            released = course.format_path(course.release_directory, ".", who["assignment"])
            filename = str(Path(released, f"{who['notebook']}.ipynb"))
        return super().from_filename(filename, resources, **kw)


class ReplayAnswers(NbGraderPreprocessor):
    """Replays the answer file of a submission, and writes what was found into the cells of the items."""

    secret_file = Unicode(help="The file with the class's secret, made by `vmwidgets secret`").tag(config=True)
    term = Unicode(help="The term whose tokens are taken; any if left out").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Grade, then write points, reasons and hints into each cell."""
        who, course = resources["nbgrader"], _course(cast(Any, self.parent).parent)
        name, _dash, language = who["assignment"].rpartition("-")
        if not name or language not in LANGUAGES:
            raise VmwidgetsError(
                "the assignment is {name}, expected a name that ends in one of {known}",
                name=who["assignment"],
                known=", ".join(f"-{one}" for one in LANGUAGES),
            )
        student = Student(who["student"], who["student"], language)
        mark = self._mark(course, who, name, student)
        with locale.speaking(language):
            for cell in nb.cells:
                item = _item_of(cell)
                if item is not None:
                    _tell(cell, mark, item)
        return nb, resources

    def _mark(self, course: Any, who: dict[str, str], name: str, student: Student) -> Mark:
        folder = _submission(course, who)
        answers = folder / f"{name}.answers.jsonl"
        rejected = _rejected(folder) / answers.name  # which says why it cannot be graded, or is not there either
        handed_in = next((path for path in (answers, folder / "receipt.txt") if os.path.lexists(path)), rejected)
        when = course.get_existing_timestamp(str(folder))
        secret, on = read_secret(self.secret_file), when.date() if when else date.today()
        with Ledger(Path(course.root, LEDGER)) as ledger:
            batch = Batch(name, secret, on, ledger, _nothing, term=self.term or None)
            batch.run([Found(student, str(handed_in), handed_in)], _one_by_one)
            return marks(batch, [student], {})[0]


class SaveVerdicts(SaveAutoGrades):
    """Saves points; what is not graded is left to a person, and never counts as no points or as all of them."""

    def _add_score(self, cell: NotebookNode, resources: Any) -> None:
        super()._add_score(cell, resources)
        me = cast(Any, self)  # nbgrader makes these attributes as it goes
        found = me.gradebook.find_grade(
            cell.metadata["nbgrader"]["grade_id"], me.notebook_id, me.assignment_id, me.student_id
        )
        found.auto_score = cell.metadata.pop(_POINTS, None)
        found.needs_manual_grade = found.auto_score is None or found.manual_score is not None
        me.gradebook.db.commit()

    def _add_comment(self, cell: NotebookNode, resources: Any) -> None:
        """Leave comments to people: nbgrader takes a cell that is as released for one without an answer."""


class GradeTable(ExportPlugin):
    """Writes a table of all submissions; blank where something is not graded yet, which nbgrader's own gives as 0.

    ``auto_score`` is the sum of what needs no person, whether a person has read the rest or not.
    """

    def export(self, gradebook: Any) -> None:
        """Write the table to the file named by ``--to``, by default ``grades.csv``."""
        wanted = cast(Any, self)  # lists of names, empty for all
        rows: list[tuple[str, ...]] = []
        for handed_out in gradebook.assignments:
            if wanted.assignment and handed_out.name not in wanted.assignment:
                continue
            for submission in handed_out.submissions:
                student = submission.student
                if wanted.student and student.id not in wanted.student:
                    continue
                known = (student.id, student.last_name or "", student.first_name or "", student.email or "")
                rows.append((handed_out.name, *known, str(submission.timestamp or ""), *_sums(submission)))
        heads = ("assignment", "student_id", "last_name", "first_name", "email", "timestamp", *_SUMS)
        Path(self.to or "grades.csv").write_text(table(heads, sorted(rows)), encoding="utf-8")


_SUMS = ("auto_score", "raw_score", "late_submission_penalty", "score", "max_score")
_POINTS = "vmwidgets_points"


def _sums(submission: Any) -> tuple[str, ...]:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    found = [grade.auto_score for grade in grades if not is_read(_item(grade.name))]
    auto = "" if None in found or not found else f"{sum(found):g}"
    raw, late = submission.score, submission.late_submission_penalty
    # A submission whose autograde broke off has grades without any points, and waits for nobody.
    waits = not grades or any(
        grade.needs_manual_grade or (grade.auto_score is None and grade.manual_score is None) for grade in grades
    )
    sums = ("", "", "") if waits else tuple(f"{value:g}" for value in (raw, late, max(0, raw - late)))
    return auto, *sums, f"{submission.max_score:g}"


def _course(converter: Any) -> Any:
    """Return nbgrader's course folder."""
    return converter.coursedir


def _submission(course: Any, who: dict[str, str]) -> Path:
    """Return the folder of what was handed in."""
    return Path(course.format_path(course.submitted_directory, who["student"], who["assignment"]))


def _item_of(cell: NotebookNode) -> str | None:
    id = cell.metadata.get("nbgrader", {}).get("grade_id")
    return None if id is None else _item(id)


def _item(id: str) -> str:
    """Return the item whose points a cell of nbgrader's holds."""
    return id.replace("_", ".", 1)


def _tell(cell: NotebookNode, mark: Mark, item: str) -> None:
    result = next((one for one in mark.results if one.item == item), None)
    if result is None:
        refusal = mark.graded.refusal if mark.graded else None
        reason = sentence(refusal.reason, refusal.fields) if refusal else _("the grader knows no such part")
        cell.outputs = [_said(_("Not graded: {reason}.").format(reason=reason))]
        return
    lines = [points(result.points, result.most)]
    lines += [in_full(id, result.fields) for id in (result.reason, result.hint) if id]
    lines += [in_full(id, fields) for id, fields in mark.remarks]
    if result.human and mark.text:
        lines += ["", mark.text]
    cell.outputs = [_said("\n".join(lines))]
    if result.points is not None:
        cell.metadata[_POINTS] = result.points
        cell.outputs.append(new_output("execute_result", {"text/plain": str(result.points)}, execution_count=1))
        cell.execution_count = 1


def _said(text: str) -> NotebookNode:
    return new_output("stream", name="stdout", text=f"{text}\n")


def _one_by_one(work: Callable[[Request], Graded], items: Iterable[Request]) -> Iterator[tuple[Request, Graded]]:
    for item in items:
        yield item, work(item)


def _nothing() -> None:
    """Do nothing: nbgrader says itself how far it is."""
