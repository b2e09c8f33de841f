"""Whose a file or a folder is by its name alone, as teachers name them, and as Canvas and Moodle do.

When all submissions are downloaded, Canvas writes its own number of a student, which the roster has if Canvas exported
it, and Moodle the name, which must be one person's. What stands behind that is the student's to choose.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from vmwidgets.grading.roster import Student
from vmwidgets.locale import mark as said

ENDING, RECEIPT = ".answers.jsonl", ".receipt.txt"
"""How files end that a teacher names by the student."""
NOBODY = said("{place} is of nobody on the roster and was not graded")
SEVERAL = said("{place} was not graded: there is more than one participant of this name")
_CANVAS = re.compile(r"[^_]*(?:_LATE)?_(?P<id>[0-9]+)_(?:[0-9]+_)?(?P<file>.+)")
# A folder for each student, or one for all.
_MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<id>[0-9]+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*))?")
_LEFT_OUT = re.compile(r"[&<>\"`|':\\/]")
"""Signs that Moodle leaves out when a name becomes that of a file."""


class Owners:
    """Whose things are that lie in one folder.

    Parameters
    ----------
    students
        The roster.
    names
        Of all that lies there: whom Moodle lists twice under one name cannot be told apart.
    """

    def __init__(self, students: Sequence[Student], names: Iterable[str]) -> None:
        self._by_id = {student.id: student for student in students}
        self._by_canvas = {student.canvas[1]: student for student in students if student.canvas and student.canvas[1]}
        self._by_name: dict[str, list[Student]] = {}
        for student in students:
            self._by_name.setdefault(_words(student.name), []).append(student)
        self._numbers: dict[str, set[str]] = {}
        for match in filter(None, map(_MOODLE.fullmatch, names)):
            self._numbers.setdefault(_words(match["name"]), set()).add(match["id"])

    def of(self, name: str) -> Student | str:
        """Return whose this is, or the message id of why nobody can tell."""
        if student := self._named(name):
            return student
        if match := _MOODLE.fullmatch(name):
            words = _words(match["name"])
            students = self._by_name.get(words, [])
            if len(students) == len(self._numbers[words]) == 1:
                return students[0]
            return SEVERAL if students else NOBODY
        match = _CANVAS.fullmatch(name)
        return self._by_canvas.get(match["id"], NOBODY) if match else NOBODY

    def handed_in_as(self, name: str) -> str | None:
        """Return the name that a student gave to a file and an LMS has put its own before, ``None`` if none has."""
        match = None if self._named(name) else _MOODLE.fullmatch(name) or _CANVAS.fullmatch(name)
        return (match["file"] or "") if match else None

    def _named(self, name: str) -> Student | None:
        # Some systems take letters apart when they name files.
        return self._by_id.get(unicodedata.normalize("NFC", name.removesuffix(ENDING).removesuffix(RECEIPT)))


def _words(name: str) -> str:
    """The words of a name in an order of their own: LMSs turn them round, and leave signs out."""
    plain = _LEFT_OUT.sub("", unicodedata.normalize("NFC", name)).casefold()
    return " ".join(sorted(re.findall(r"[^\W_]+", plain)))
