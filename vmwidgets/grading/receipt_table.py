"""Receipts in a table that an LMS exported: who pasted what."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from unicodedata import normalize

from vmwidgets.grading.collecting import Collected, Found, printable
from vmwidgets.grading.roster import Student
from vmwidgets.grading.sheet import Sheet, cell, read_sheet
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

_ID_COLUMNS = (
    *("id", "student", "studentid", "sisloginid", "sisuserid", "sisid", "idnumber", "loginid", "username"),
    *("email", "emailaddress", "логин", "индивидуальныйномер", "адресэлектроннойпочты"),
)
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
    sheet = read_sheet(path)
    told = _id_column(path, sheet, students)
    held = _receipt_column(path, sheet, told)
    found, latest = Collected(), dict[str, Found]()
    owners = _owners(students)
    for line, row in sheet.rows:
        place = f"{path.name}:{line}"
        owner = _owner(owners, cell(row, told))
        if owner is None:
            found.remarks.append(
                (said("{place}: {student} is not on the roster"), {"place": place, "student": _short(cell(row, told))})
            )
        elif not cell(row, held):
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
            latest[owner.id] = Found(owner, place, cell(row, held))
    found.submissions = [latest[student.id] for student in students if student.id in latest]
    return found


def _id_column(path: Path, sheet: Sheet, students: Sequence[Student]) -> int:
    owners = _owners(students)
    names = [re.sub(r"[\W\d_]", "", head.lower()) for head in sheet.heads]
    known = [names.index(name) for name in _ID_COLUMNS if name in names]
    for column in known:
        if any(_owner(owners, cell(row, column)) for _line, row in sheet.rows):
            return column
    raise VmwidgetsError(
        "{path} has no column with ids of the roster, expected one named {expected}",
        path=str(path),
        expected="id, SIS Login ID, SIS User ID, ID number",
    )


def _receipt_column(path: Path, sheet: Sheet, told: int) -> int:
    for column, head in enumerate(sheet.heads):
        if head.strip().lower() in {"receipt", "квитанция"}:
            return column
    # A student can paste a receipt into the answer to another question, but not the whole class.
    counts = {
        column: sum("VMW1" in cell(row, column).upper() for _line, row in sheet.rows)
        for column in range(len(sheet.heads))
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


def _owner(owners: Mapping[str, Student], key: str) -> Student | None:
    key = normalize("NFC", key)
    return owners.get(key) or owners.get(key.casefold())


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= 60 else f"{text[:57]}..."
