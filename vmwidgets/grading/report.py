"""What a batch leaves for the teacher: marks, tables, pages, and a summary in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from vmwidgets import locale
from vmwidgets.assignments import assignment as module
from vmwidgets.grading import feedback, tables
from vmwidgets.grading.collecting import Remark, printable
from vmwidgets.grading.files import make_folder, replace
from vmwidgets.grading.folder import Batch
from vmwidgets.grading.marks import Mark, Reading, is_whole
from vmwidgets.grading.roster import Roster, Student
from vmwidgets.grading.words import TITLES, item_name, sentence
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark as said
from vmwidgets.locale import ngettext

_EARLIER_COUNTS = said("What was handed in last was refused, so an earlier hand-in counts. The reason:")
TEXTS = "a6.csv"
_LONGEST_NAME_BYTES = 200


def marks(batch: Batch, students: Sequence[Student], readings: Mapping[str, Reading]) -> list[Mark]:
    """One mark a student.

    Parameters
    ----------
    batch
        What was judged.
    students
        The roster.
    readings
        What a person thought of the texts.
    """
    return [_mark(batch, student, readings.get(student.id)) for student in students]


def _mark(batch: Batch, student: Student, reading: Reading | None) -> Mark:
    graded = batch.judged.get(student.id)
    refused = None if graded is None else graded.sha256
    earlier = next((r for r in reversed(batch.ledger.of(student.id)) if r.sha256 != refused), None)
    remarks: tuple[Remark, ...] = ()
    if graded is None:
        graded = earlier
    elif graded.refusal is not None and earlier is not None:
        remarks = ((_EARLIER_COUNTS, {}), (graded.refusal.reason, graded.refusal.fields))
        graded = earlier
    return Mark(student, graded, batch.to_read.get(student.id, ""), reading, remarks)


def write(
    out: Path,
    assignment: str,
    marks: Sequence[Mark],
    roster: Roster,
    readings: Mapping[str, Reading],
    with_text: bool,
) -> None:
    """Write tables and pages; each file is replaced whole.

    Parameters
    ----------
    out
        Folder for all of it.
    assignment
        Id of the assignment.
    marks
        One a student.
    roster
        The class.
    readings
        What has been filled in for the texts, whether it counts yet or not.
    with_text
        Whether what a person reads belongs to the sum.
    """
    title = TITLES[assignment]
    name = title if with_text else f"{title}, without A6"
    possible = sum(item.most for item in module(assignment).ITEMS if with_text or not item.human)
    replace(out / "canvas.csv", tables.canvas(marks, roster.column(name), possible, with_text))
    replace(out / "moodle.csv", tables.moodle(marks, name, with_text))
    # Opened in a spreadsheet, which takes UTF-8 for something else without the mark.
    replace(out / TEXTS, "\ufeff" + tables.texts(marks, readings))
    pages = out / "feedback"
    make_folder(pages)
    for mark in marks:
        replace(pages / page_name(mark.student.id), feedback.page(mark, assignment, with_text))


def page_name(student: str) -> str:
    """File name of a student's page."""
    name = student if len(student.encode()) <= _LONGEST_NAME_BYTES else sha256(student.encode()).hexdigest()
    return f"{name}.html"


def summary(batch: Batch, marks: Sequence[Mark], remarks: Sequence[Remark]) -> list[str]:
    """What was graded and what was not, and why, in sentences.

    Parameters
    ----------
    batch
        What was judged.
    marks
        One a student.
    remarks
        What was passed over.
    """
    whole = [m for m in marks if m.graded is not None and is_whole(m.graded)]
    lines = [
        ngettext("{count} student of {total} is graded", "{count} students of {total} are graded", len(whole)).format(
            count=locale.number(len(whole)), total=locale.number(len(marks))
        )
    ]
    if batch.kept:
        told = ngettext("{count} grading was there already", "{count} gradings were there already", batch.kept)
        lines.append(told.format(count=locale.number(batch.kept)))
    lines += _part(_("Refused:"), _refused(batch, marks))
    lines += _part(_("Not graded, to be looked at (run the command again to try once more):"), _broken_off(marks))
    lines += _part(_("Nothing was handed in (blank in the tables):"), [_who(m) for m in marks if m.graded is None])
    lines += _part(_("The very same file was handed in by:"), _same(batch))
    unread = sum(mark.to_read and mark.reading is None for mark in marks)
    if unread:
        told = ngettext(
            "{count} text in {file} is for you to read", "{count} texts in {file} are for you to read", unread
        )
        lines += ["", told.format(count=locale.number(unread), file=TEXTS)]
    return lines + _part(_("Passed over:"), [sentence(id, fields) for id, fields in remarks])


def _part(head: str, told: Iterable[str]) -> list[str]:
    lines = list(told)
    return ["", head, *(f"  {line}" for line in lines)] if lines else []


def _refused(batch: Batch, marks: Sequence[Mark]) -> Iterator[str]:
    for mark in marks:
        graded = batch.judged.get(mark.student.id)
        if graded is not None and graded.refusal is not None:
            yield f"{_who(mark)}: {sentence(graded.refusal.reason, graded.refusal.fields)}"


def _broken_off(marks: Sequence[Mark]) -> Iterator[str]:
    for mark in marks:
        missing = [r for r in mark.results if r.points is None and not r.human]
        if missing:
            items = ", ".join(item_name(r.item) for r in missing)
            yield f"{_who(mark)}: {items}: {sentence(missing[0].reason, missing[0].fields)}"


def _same(batch: Batch) -> list[str]:
    owners: dict[str, list[str]] = {}
    for graded in batch.judged.values():
        if graded.sha256:
            owners.setdefault(graded.sha256, []).append(graded.student)
    return [", ".join(map(printable, sorted(students))) for students in owners.values() if len(students) > 1]


def _who(mark: Mark) -> str:
    return printable(f"{mark.student.id} ({mark.student.name})")
