"""Receipts in a table that an LMS exported: who pasted what."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vmwidgets.grading.collecting import Collected, Found, printable
from vmwidgets.grading.roster import Student
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

_MAX_BYTES = 64 * 1024 * 1024
_MAX_CELL = 4 * 1024 * 1024
_ID_COLUMNS = ("id", "student", "studentid", "sisloginid", "sisuserid", "idnumber", "loginid", "username", "email")
"""Columns that tell who a row is of, without blanks and signs; the first one that leads to the roster is taken."""


def collect_receipts(path: Path, students: Sequence[Student]) -> Collected:
    """Find the receipts in a CSV file.

    Parameters
    ----------
    path
        The file. Of its columns one tells the student (``id``, ``SIS Login ID``, ``ID number``, …), one holds the
        receipts; the others are not looked at. Of several rows of a student the last counts.
    students
        The roster.

    Raises
    ------
    VmwidgetsError
        If it is not such a table.
    """
    heads, rows = _table(path)
    told = _id_column(path, heads, rows, students)
    held = _receipt_column(path, heads, rows, told)
    found, latest = Collected(), dict[str, Found]()
    owners = _owners(students)
    for line, row in rows:
        place = f"{path.name}:{line}"
        owner = _owner(owners, _cell(row, told))
        if owner is None:
            found.remarks.append(
                (said("{place}: {student} is not on the roster"), {"place": place, "student": _short(_cell(row, told))})
            )
        elif not _cell(row, held).strip():
            found.remarks.append((said("{place}: {student} has pasted nothing"), {"place": place, "student": owner.id}))
        else:
            if owner.id in latest:
                earlier = latest.pop(owner.id)
                found.remarks.append(
                    (
                        said("{place} was not graded: {newest} of {student} is newer"),
                        {"place": earlier.place, "student": owner.id, "newest": place},
                    )
                )
            latest[owner.id] = Found(owner, place, _cell(row, held))
    found.submissions = [latest[student.id] for student in students if student.id in latest]
    return found


_Rows = list[tuple[int, list[str]]]


def _table(path: Path) -> tuple[list[str], _Rows]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(path), reason=str(error.strerror)) from error
    if len(data) > _MAX_BYTES:
        raise VmwidgetsError("{path} is larger than {most} bytes", path=str(path), most=_MAX_BYTES)
    before = csv.field_size_limit(_MAX_CELL)
    try:
        rows = list(_rows(data.decode("utf-8-sig")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise VmwidgetsError(
            "{path} is not a CSV file in UTF-8: {reason}", path=str(path), reason=str(error)
        ) from error
    finally:
        csv.field_size_limit(before)
    if not rows:
        raise VmwidgetsError("{path} is empty", path=str(path))
    return rows[0][1], rows[1:]


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    head = text.split("\n", 1)[0]
    # Spreadsheets where the comma is a decimal sign separate by semicolons.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    for row in reader:
        if any(row):
            yield reader.line_num, row


def _id_column(path: Path, heads: Sequence[str], rows: _Rows, students: Sequence[Student]) -> int:
    owners = _owners(students)
    names = [re.sub(r"[^a-z]", "", head.lower()) for head in heads]
    known = [names.index(name) for name in _ID_COLUMNS if name in names]
    for column in known:
        if any(_owner(owners, _cell(row, column)) for _line, row in rows):
            return column
    raise VmwidgetsError(
        "{path} has no column with ids of the roster, expected one named {expected}",
        path=str(path),
        expected="id, SIS Login ID, SIS User ID, ID number",
    )


def _receipt_column(path: Path, heads: Sequence[str], rows: _Rows, told: int) -> int:
    for column, head in enumerate(heads):
        if head.strip().lower() in {"receipt", "квитанция"}:
            return column
    # A student can paste a receipt into the answer to another question, but not the whole class.
    counts = {
        column: sum("VMW1" in _cell(row, column).upper() for _line, row in rows)
        for column in range(len(heads))
        if column != told
    }
    column = max(counts, key=lambda column: counts[column], default=-1)
    if not counts or not counts[column]:
        raise VmwidgetsError("{path} has no column with receipts; one may be named receipt", path=str(path))
    return column


def _owners(students: Sequence[Student]) -> Mapping[str, Student]:
    found = {student.id: student for student in students}
    for student in students:
        for key in (student.id, student.email, *(student.canvas[1:4] if student.canvas else ())):
            if key:
                found.setdefault(key.casefold(), student)
    return found


def _owner(owners: Mapping[str, Student], cell: str) -> Student | None:
    return owners.get(cell.strip()) or owners.get(cell.strip().casefold())


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= 60 else f"{text[:57]}..."
