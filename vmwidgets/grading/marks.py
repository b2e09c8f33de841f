"""What a student gets: what the grader found, and the points a person gave for what only a person can read."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from vmwidgets.assignments import ASSIGNMENTS, assignment
from vmwidgets.assignments.result import Result
from vmwidgets.grading.collecting import Remark
from vmwidgets.grading.results import Graded
from vmwidgets.grading.roster import Student
from vmwidgets.grading.sheet import cell, read_sheet
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

MAX_COMMENT = 2_000
_READ = said("read by your teacher")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a person thought of a text.

    Parameters
    ----------
    points
        Points given.
    comment
        What the student shall read, or nothing.
    """

    points: int
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """One student's row in every table.

    Parameters
    ----------
    student
        The student, as the roster says.
    graded
        The grading that counts, ``None`` if nothing was handed in.
    text
        What a person reads, as far as it is at hand.
    reading
        What that person thought of it, ``None`` as long as nobody has read it.
    remarks
        Sentences for student and teacher: a message id and its fields.
    """

    student: Student
    graded: Graded | None
    text: str = ""
    reading: Reading | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def results(self) -> tuple[Result, ...]:
        """Results item by item, those of the person included."""
        if self.graded is None:
            return ()
        return tuple(self._read(result) for result in self.graded.results)

    def _read(self, result: Result) -> Result:
        if self.reading is None or not _waits_for_a_person(result):
            return result
        return replace(result, points=self.reading.points, reason=_READ, hint="", fields={})

    @property
    def to_read(self) -> bool:
        """Whether there is something that only a person can read."""
        return self.graded is not None and any(_waits_for_a_person(result) for result in self.graded.results)

    def points(self, with_text: bool) -> int | None:
        """Sum of the points, ``None`` if an item is not graded.

        Parameters
        ----------
        with_text
            Whether the text that a person reads belongs to the sum.
        """
        counted = [r.points for r in self.results if with_text or not is_read(r.item)]
        whole = [points for points in counted if points is not None]
        return sum(whole) if counted and len(whole) == len(counted) else None

    def most(self, with_text: bool) -> int:
        """Most points of the items that :meth:`points` adds up."""
        return sum(r.most for r in self.results if with_text or not is_read(r.item))


def is_read(item: str) -> bool:
    """Whether the points of an item are a person's to give, also where there is nothing to read."""
    return any(one.human for id in ASSIGNMENTS for one in assignment(id).ITEMS if one.id == item)


def _waits_for_a_person(result: Result) -> bool:
    return result.human and result.points is None


def is_whole(graded: Graded) -> bool:
    """Whether every item is graded that needs no person."""
    return graded.refusal is None and graded.points is not None


def read_rubric(path: Path, students: Collection[str], most: int) -> dict[str, Reading]:
    """Read the points that a person gave.

    Parameters
    ----------
    path
        A CSV file with the columns ``id`` and ``points``, perhaps ``comment``; others are passed over.
    students
        Ids on the roster.
    most
        Most points there are.

    Raises
    ------
    VmwidgetsError
        Naming line and column. A row without points says that nobody has read that text yet.
    """
    sheet = read_sheet(path)
    columns = [sheet.column(name) for name in ("id", "points", "comment")]
    if None in columns[:2]:
        raise VmwidgetsError("{path}, line 1: a rubric has the columns id and points", path=str(path))
    found: dict[str, Reading] = {}
    seen: set[str] = set()
    for line, row in sheet.rows:
        place = {"path": str(path), "line": line}
        student, points, comment = (cell(row, column) for column in columns)
        if student not in students:
            raise VmwidgetsError(
                "{path}, line {line}, column id: {id} is not on the roster", **place, id=repr(student)[:60]
            )
        if student in seen:
            raise VmwidgetsError("{path}, line {line}, column id: {id} stands twice", **place, id=repr(student)[:60])
        seen.add(student)
        if not points:
            continue
        if not (points.isascii() and points.isdigit() and len(points) <= 4 and int(points) <= most):
            raise VmwidgetsError(
                "{path}, line {line}, column points: {points} is not a whole number from 0 to {most}",
                **place,
                points=repr(points)[:60],
                most=most,
            )
        found[student] = Reading(int(points), comment[:MAX_COMMENT])
    return found


def read_texts(path: Path) -> dict[str, str]:
    """Read the texts that an earlier run left in the table of what a person reads, by student."""
    sheet = read_sheet(path)
    columns = [sheet.column(name) for name in ("id", "text")]
    return {cell(row, columns[0]): cell(row, columns[1]) for _line, row in sheet.rows}
