"""What lies in a teacher's folder: at most one submission a student, and everything else said in words.

Who handed something in is taken from where it lies (the folder's name, the file's name, the column that the LMS wrote),
never from what is in it. Links are not followed, pipes and devices not opened.
"""

import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vmwidgets.grading.roster import Student
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

Remark = tuple[str, Mapping[str, object]]
"""A message id and its fields."""

_ENDING = ".answers.jsonl"
# What Canvas makes of a file's name, and Moodle of a folder's, when all submissions are downloaded at once.
_CANVAS_NAME = re.compile(r"[^_]*(?:_LATE)?_(?P<id>[0-9]+)_(?:[0-9]+_)?(?P<file>.+)")
_MOODLE_NAME = re.compile(r"(?P<name>.+)_[0-9]+_assignsubmission_(?:file|onlinetext)_?")
_PASTED = ("text.html", "onlinetext.html", "receipt.txt")
"""What Canvas and Moodle call a text that was typed into their field, and a teacher a receipt that came by mail."""
_RECEIPT = ".receipt.txt"
_COMPANIONS = re.compile(r".*\.ipynb|timestamp\.txt|\.ipynb_checkpoints|__pycache__|\.DS_Store|desktop\.ini")
"""What lies beside an answer file wherever notebooks are collected."""


@dataclass(frozen=True, slots=True)
class Found:
    """A submission as it was found.

    Parameters
    ----------
    student
        Whose it is, by the place where it lies.
    place
        Where that is, as a person would look it up.
    source
        A path that has not been opened yet, or the text of a receipt.
    """

    student: Student
    place: str
    source: Path | str

    @property
    def pasted(self) -> bool:
        """Whether this is a text in which a receipt is, and no answer file."""
        return isinstance(self.source, str) or not self.source.name.endswith(".jsonl")


@dataclass(slots=True)
class Collected:
    """Everything that was found.

    Parameters
    ----------
    submissions
        One a student, in the order of the roster.
    remarks
        What was passed over, and why.
    """

    submissions: list[Found] = field(default_factory=list[Found])
    remarks: list[Remark] = field(default_factory=list[Remark])


def collect_folder(folder: Path, students: Sequence[Student], assignment: str, skip: Path | None = None) -> Collected:
    """Find the submissions in a folder.

    Parameters
    ----------
    folder
        Holds ``<student>.answers.jsonl``, or ``<student>/perimeter.answers.jsonl``, or nbgrader's
        ``[submitted/]<student>/<assignment>/perimeter.answers.jsonl``, or what Canvas or Moodle give when all
        submissions are downloaded, files and typed texts. Receipts may lie there as ``<student>.receipt.txt`` or
        ``<student>/receipt.txt``. Of a student's answer files the newest counts, and of texts if there is no file.
    students
        The roster.
    assignment
        Id of the assignment.
    skip
        A folder inside that is none of students: where the results go.

    Raises
    ------
    VmwidgetsError
        If the folder itself cannot be read.
    """
    return _Folder(folder, students, assignment, skip).collect()


class _Folder:
    def __init__(self, folder: Path, students: Sequence[Student], assignment: str, skip: Path | None) -> None:
        self._students, self._assignment = students, assignment
        self._skip = skip.resolve() if skip else None
        self._by_id = {student.id: student for student in students}
        self._by_canvas = {student.canvas[1]: student for student in students if student.canvas and student.canvas[1]}
        self._by_name = _unique(students)
        # A browser that saves a file twice, and Canvas that takes one twice, number the second.
        self._answers = re.compile(rf"{re.escape(assignment)}\.answers(?:[ -]?\(?[0-9]+\)?)?\.jsonl")
        self._root = folder
        inner = folder / "submitted"
        if "submitted" not in self._by_id and inner.is_dir() and not inner.is_symlink():
            self._root = inner
        self._candidates: dict[str, list[tuple[bool, bool, int, str, Path]]] = {}
        self._found = Collected()

    def collect(self) -> Collected:
        for entry in self._entries(self._root):
            if entry.is_dir(follow_symlinks=False):
                self._student_folder(entry)
            elif entry.name.endswith((_ENDING, _RECEIPT)) or self._canvas_file(entry.name):
                self._candidate(self._owner_of_file(entry.name), entry)
            else:
                self._pass_over(entry)
        for student in self._students:
            if student.id in self._candidates:
                self._choose(student)
        return self._found

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == self._root:
                raise VmwidgetsError(
                    "{path} cannot be read: {reason}", path=str(folder), reason=str(error.strerror)
                ) from error
            self._remark(said("{place} cannot be read: {reason}"), folder, reason=str(error.strerror))
            return
        yield from (entry for entry in found if self._skip is None or Path(entry.path).resolve() != self._skip)

    def _student_folder(self, folder: os.DirEntry[str]) -> None:
        owner = self._owner_of_folder(folder.name)
        inside = 0
        for entry in self._entries(Path(folder.path)):
            if self._handed_in(entry.name):
                inside += 1
                self._candidate(owner, entry)
            elif self._is_assignment(entry):
                for deeper in self._entries(Path(entry.path)):
                    if self._handed_in(deeper.name):
                        inside += 1
                        self._candidate(owner, deeper)
                    else:
                        self._pass_over(deeper)
            else:
                self._pass_over(entry)
        if not inside and owner is not None:
            self._remark(said("{place} holds no {file}"), Path(folder.path), file=f"{self._assignment}{_ENDING}")
        elif not inside:
            self._pass_over(folder)

    def _is_assignment(self, entry: os.DirEntry[str]) -> bool:
        ours = entry.name == self._assignment or entry.name.startswith(f"{self._assignment}-")
        return ours and entry.is_dir(follow_symlinks=False)

    def _handed_in(self, name: str) -> bool:
        return name in _PASTED or self._answers.fullmatch(name) is not None

    def _canvas_file(self, name: str) -> Student | None:
        match = _CANVAS_NAME.fullmatch(name)
        return self._by_canvas.get(match["id"]) if match and self._handed_in(match["file"]) else None

    def _owner_of_file(self, name: str) -> Student | None:
        return self._by_id.get(_id(name.removesuffix(_ENDING).removesuffix(_RECEIPT))) or self._canvas_file(name)

    def _owner_of_folder(self, name: str) -> Student | None:
        match = _MOODLE_NAME.fullmatch(name)
        return self._by_id.get(_id(name)) or (self._by_name.get(_id(match["name"])) if match else None)

    def _candidate(self, owner: Student | None, entry: os.DirEntry[str]) -> None:
        if owner is None:
            self._remark(said("{place} is of nobody on the roster and was not graded"), Path(entry.path))
            return
        state = entry.stat(follow_symlinks=False)
        path = Path(entry.path)
        is_answers = path.name.endswith(".jsonl")
        one = (stat.S_ISREG(state.st_mode), is_answers, state.st_mtime_ns, self._place(path), path)
        self._candidates.setdefault(owner.id, []).append(one)

    def _choose(self, student: Student) -> None:
        *others, newest = sorted(self._candidates[student.id])
        _regular, _is_answers, _time, taken, path = newest
        self._found.submissions.append(Found(student, taken, path))
        for _regular, is_answers, _time, place, _path in others:
            told = said("{place} was not graded: {newest} of {student} is newer")
            if newest[1] and not is_answers:
                told = said("{place} was not graded: the answer file {newest} of {student} is there")
            self._found.remarks.append((told, {"place": place, "student": student.id, "newest": taken}))

    def _pass_over(self, entry: os.DirEntry[str]) -> None:
        if entry.is_symlink():
            self._remark(said("{place} is a link and was not followed"), Path(entry.path))
        elif entry.is_dir(follow_symlinks=False):
            if not _COMPANIONS.fullmatch(entry.name):
                self._remark(said("{place} is a folder in which no submission is expected"), Path(entry.path))
        elif not entry.is_file(follow_symlinks=False):
            self._remark(said("{place} is not a regular file and was not opened"), Path(entry.path))
        elif not _COMPANIONS.fullmatch(entry.name):
            self._remark(said("{place} is no answer file"), Path(entry.path))

    def _remark(self, id: str, path: Path, **fields: object) -> None:
        self._found.remarks.append((id, {"place": self._place(path), **fields}))

    def _place(self, path: Path) -> str:
        # A name on disk need not be text, and may hold what a terminal obeys.
        return printable(os.fsencode(path.relative_to(self._root)).decode("utf-8", "backslashreplace"))


def _id(name: str) -> str:
    """A name as the roster has it: some systems take letters apart when they name files."""
    return unicodedata.normalize("NFC", name)


def printable(text: str) -> str:
    """`text` on one line, with everything escaped that a terminal would not print but do."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _unique(students: Iterable[Student]) -> dict[str, Student]:
    """Students by name, without those who share one."""
    found: dict[str, list[Student]] = {}
    for student in students:
        found.setdefault(_id(student.name), []).append(student)
    return {name: owners[0] for name, owners in found.items() if len(owners) == 1}
