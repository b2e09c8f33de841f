"""What lies in a teacher's folder: at most one submission a student, and everything else said in words.

Who handed something in is taken from where it lies (the folder's name, the file's name, the column that the LMS wrote),
never from what is in it. Links are not followed, pipes and devices not opened.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from vmwidgets.grading.owners import ENDING, RECEIPT, Owners
from vmwidgets.grading.roster import Student
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

Remark = tuple[str, Mapping[str, object]]
"""A message id and its fields."""

_PASTED = ("text.html", "onlinetext.html", "receipt.txt")
"""What Canvas and Moodle call a text that was typed into their field, and a teacher a receipt that came by mail."""
_COMPANIONS = re.compile(r".*\.ipynb|timestamp\.txt|\.ipynb_checkpoints|__pycache__|\.DS_Store|desktop\.ini")
"""What lies beside an answer file wherever notebooks are collected."""
_MACOS = ("._", "__MACOSX")
"""How names begin of what macOS adds to an archive."""
MOST_INSIDE = 1_000
"""So many files of one student are looked at."""
MOST_TOLD = 10
"""So many remarks are made about one student."""


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
        self._skip = skip.stat() if skip and skip.is_dir() else None
        # A browser that saves a file twice, and Canvas that takes one twice, number the second.
        self._answers = re.compile(rf"{re.escape(assignment)}\.answers(?:[ -]?\(?[0-9]+\)?)?\.jsonl")
        self._root = folder
        inner = folder / "submitted"
        if all(student.id != inner.name for student in students) and inner.is_dir() and not inner.is_symlink():
            self._root = inner
        self._candidates: dict[str, list[tuple[bool, bool, int, str, Path]]] = {}
        self._found = Collected()
        self._left = 0
        self._top = list(self._entries(self._root))
        self._owners = Owners(students, (entry.name for entry in self._top))

    def collect(self) -> Collected:
        for entry in self._top:
            self._left, told = MOST_INSIDE + 1, len(self._found.remarks)
            if entry.is_dir(follow_symlinks=False):
                self._student_folder(entry)
            elif self._is_submission(entry.name):
                self._candidate(self._owners.of(entry.name), entry)
            else:
                self._pass_over(entry)
            self._shorten(told, self._place(Path(entry.path)))
        for student in self._students:
            if student.id in self._candidates:
                told = len(self._found.remarks)
                self._choose(student)
                self._shorten(told, student.id)
        return self._found

    def _shorten(self, told: int, place: str) -> None:
        """Keep as many of the remarks that were made since then as somebody reads."""
        remarks = self._found.remarks
        if (more := len(remarks) - told - MOST_TOLD) > 0:
            del remarks[-more:]
            remarks.append(
                (said("{place}: remarks like these that are left out: {count}"), {"place": place, "count": more})
            )

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                # A class may be large, and what one student fills a folder with need not be looked at.
                some = entries if folder == self._root else islice(entries, self._left)
                found = sorted(some, key=lambda entry: entry.name)
        except OSError as error:
            if folder == self._root:
                raise VmwidgetsError(
                    "{path} cannot be read: {reason}", path=str(folder), reason=str(error.strerror)
                ) from error
            self._remark(said("{place} cannot be read: {reason}"), folder, reason=str(error.strerror))
            return
        if folder != self._root and found:
            self._left -= len(found)
            if not self._left:
                many = said("{place} holds more than {most} files, and only so many are looked at")
                self._remark(many, folder, most=MOST_INSIDE)
        yield from (entry for entry in found if not (entry.name.startswith(_MACOS) or self._skipped(entry)))

    def _skipped(self, entry: os.DirEntry[str]) -> bool:
        return (
            self._skip is not None
            and entry.is_dir(follow_symlinks=False)
            and os.path.samestat(os.stat(entry.path), self._skip)
        )

    def _student_folder(self, folder: os.DirEntry[str]) -> None:
        owner = self._owners.of(folder.name)
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
        if not inside and isinstance(owner, Student):
            self._remark(said("{place} holds no {file}"), Path(folder.path), file=f"{self._assignment}{ENDING}")
        elif not inside:
            self._pass_over(folder)

    def _is_assignment(self, entry: os.DirEntry[str]) -> bool:
        ours = entry.name == self._assignment or entry.name.startswith(f"{self._assignment}-")
        return ours and entry.is_dir(follow_symlinks=False)

    def _handed_in(self, name: str) -> bool:
        return name in _PASTED or self._answers.fullmatch(name) is not None

    def _is_submission(self, name: str) -> bool:
        """Whether a file that lies among all students' is one, by its name."""
        own = self._owners.handed_in_as(name)
        return name.endswith((ENDING, RECEIPT)) if own is None else self._handed_in(own)

    def _candidate(self, owner: Student | str, entry: os.DirEntry[str]) -> None:
        path = Path(entry.path)
        if isinstance(owner, str):
            self._remark(owner, path)
            return
        try:
            state = entry.stat(follow_symlinks=False)
        except OSError as error:  # its folder lets nobody in, or it is gone
            self._remark(said("{place} cannot be read: {reason}"), path, reason=str(error.strerror))
            return
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


def printable(text: str) -> str:
    """`text` on one line, with everything escaped that a terminal would not print but do."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
