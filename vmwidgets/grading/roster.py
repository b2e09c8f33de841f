"""The roster: who is in the class, under which id, and in which language they read.

It is a CSV file with the columns ``id`` and ``name``, perhaps ``language`` and ``email``, or what Canvas gives when a
gradebook is exported. Cells are parted by a comma, a semicolon or a tab, as the spreadsheet likes it.
"""

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vmwidgets.grading.sheet import read_sheet
from vmwidgets.locale import LANGUAGES
from vmwidgets.model.errors import VmwidgetsError

MAX_BYTES = 4 * 2**20
MAX_STUDENTS = 20_000
MAX_ID = 64
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
"""The first columns of a gradebook that Canvas exports."""
_CANVAS_IDS = ("SIS Login ID", "SIS User ID", "ID")
_NO_STUDENTS = ("", "points possible", "student, test")
_NOT_IN_IDS = frozenset(':/\\*?"<>|')

_Row = tuple[int, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Student:
    """A row of the roster.

    Parameters
    ----------
    id
        What tells this student from all others; part of the token and of file names.
    name
        The name.
    language
        ``"en"`` or ``"ru"``.
    email
        Address, or ``""``.
    canvas
        The cells of :data:`CANVAS` as they were, ``None`` if the roster is not from Canvas.
    """

    id: str
    name: str
    language: str = "en"
    email: str = ""
    canvas: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """A class.

    Parameters
    ----------
    students
        In the order of the file.
    columns
        The heads of the file's columns.
    """

    students: tuple[Student, ...]
    columns: tuple[str, ...]

    def column(self, title: str) -> str:
        """Return the column of an assignment as Canvas names it, with its number in brackets; else the title itself."""
        return next((head for head in self.columns if head.startswith(f"{title} (") and head.endswith(")")), title)


def read_roster(path: str | os.PathLike[str]) -> Roster:
    """Read a roster.

    Parameters
    ----------
    path
        A CSV file in UTF-8.

    Raises
    ------
    VmwidgetsError
        With file, line and column of what is wrong.
    """
    heads, rows = _table(Path(path))
    canvas = {"Student", "ID"} <= set(heads)
    if canvas:
        rows = [(line, row) for line, row in rows if row["Student"].lower() not in _NO_STUDENTS]
    elif not heads.count("id") == heads.count("name") == 1:
        raise VmwidgetsError(
            "{path}, line 1: expected the columns id, name and perhaps language, or a gradebook that Canvas exported",
            path=str(path),
        )
    if not 1 <= len(rows) <= MAX_STUDENTS:
        raise VmwidgetsError(
            "{path} names {count} students, expected 1 to {most}", path=str(path), count=len(rows), most=MAX_STUDENTS
        )
    column = _canvas_ids(rows) if canvas else "id"
    seen: dict[str, int] = {}
    students: list[Student] = []
    for line, row in rows:
        id = unicodedata.normalize("NFC", row[column])  # as it stands in a token
        place = {"path": str(path), "line": line, "column": column}
        if not 1 <= len(id) <= MAX_ID or not id.isprintable() or id.startswith(".") or _NOT_IN_IDS & set(id):
            raise VmwidgetsError(
                "{path}, line {line}, column {column}: {id} is no id, expected 1 to {most} signs that names of "
                "files can have",
                **place,
                id=repr(id)[:60],
                most=MAX_ID,
            )
        # Names of files that differ in case only are the same on some computers.
        if (before := seen.setdefault(id.casefold(), line)) != line:
            raise VmwidgetsError(
                "{path}, line {line}, column {column}: {id} stands in line {before} already",
                **place,
                id=repr(id)[:60],
                before=before,
            )
        language = row.get("language", "").lower() or "en"
        if language not in LANGUAGES:
            raise VmwidgetsError(
                "{path}, line {line}, column {column}: {value} is no language, expected one of {known}",
                **place | {"column": "language"},
                value=repr(language)[:60],
                known=", ".join(LANGUAGES),
            )
        cells = tuple(row.get(head, "") for head in CANVAS) if canvas else None
        name = _plain(row["Student" if canvas else "name"]) or id
        students.append(Student(id, name, language, _plain(row.get("email", "")), cells))
    return Roster(tuple(students), heads)


def _canvas_ids(rows: Sequence[_Row]) -> str:
    """Return the first column that tells all students apart by what they log in with, by what the school calls them."""
    return next((column for column in _CANVAS_IDS if all(row.get(column) for _line, row in rows)), "ID")


def _table(path: Path) -> tuple[tuple[str, ...], list[_Row]]:
    sheet = read_sheet(path, MAX_BYTES)
    heads = tuple(head.strip() for head in sheet.heads)
    if "ID" not in heads or "Student" not in heads:
        heads = tuple(head.lower() for head in heads)
    empty = dict.fromkeys(heads, "")
    return heads, [(line, empty | dict(zip(heads, map(str.strip, row), strict=False))) for line, row in sheet.rows]


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
