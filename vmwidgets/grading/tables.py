"""Tables that other programs take: grades for Canvas and Moodle, and the texts that a person reads."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from vmwidgets.grading.feedback import in_short
from vmwidgets.grading.marks import Mark, Reading
from vmwidgets.grading.sheet import safe

_CANVAS_HEADS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def canvas(marks: Sequence[Mark], column: str, possible: int, with_text: bool) -> str:
    """The table that Canvas takes under Grades, Import: blank where there is no mark.

    Parameters
    ----------
    marks
        One for each student.
    column
        Name of the assignment, with Canvas' own number in brackets if the roster has one.
    possible
        Most points there are.
    with_text
        Whether the text that a person reads belongs to the sum.
    """
    rows = [["    Points Possible", "", "", "", "", str(possible)]]
    for mark in marks:
        student = mark.student
        known = student.canvas or (student.name, "", student.id, student.id, "")
        rows.append([*known, _points(mark, with_text)])
    return table((*_CANVAS_HEADS, column), rows)


def moodle(marks: Sequence[Mark], column: str, with_text: bool) -> str:
    """The table that Moodle takes under Grades, Import, CSV file: blank where there is no mark."""
    rows = [[m.student.id, m.student.name, m.student.email, _points(m, with_text), in_short(m)] for m in marks]
    return table(("ID number", "Full name", "Email address", f"{column} (Real)", f"{column} (Feedback)"), rows)


def texts(marks: Iterable[Mark], readings: Mapping[str, Reading]) -> str:
    """The table of what a person reads: fill in points, perhaps a comment, and give it back as the rubric.

    Parameters
    ----------
    marks
        One for each student.
    readings
        What has been filled in already, whether it counts yet or not.
    """
    rows: list[list[str]] = []
    for mark in marks:
        if mark.to_read:
            reading = readings.get(mark.student.id)
            filled = ["", ""] if reading is None else [str(reading.points), reading.comment]
            rows.append([mark.student.id, *filled, mark.text])
    return table(("id", "points", "comment", "text"), rows)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows under their heads as CSV; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe(head) for head in heads])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _points(mark: Mark, with_text: bool) -> str:
    points = mark.points(with_text)
    return "" if points is None else str(points)
