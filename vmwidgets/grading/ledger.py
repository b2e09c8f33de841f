"""``results.jsonl``: every grading, appended as it is made, so that a batch that breaks off goes on where it was."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from vmwidgets.grading.files import writing
from vmwidgets.grading.marks import is_whole
from vmwidgets.grading.results import Graded, from_line, to_line
from vmwidgets.model.errors import VmwidgetsError

try:
    import fcntl
except ImportError:  # Windows: two batches at once into one folder are then the teacher's to avoid
    fcntl = None

MAX_GRADED = 5
"""So many different submissions of a student are graded: the grader is no oracle."""


class Ledger:
    """The gradings of an assignment, on disk.

    Parameters
    ----------
    path
        The file. A last line that a crash cut short is dropped; its submission is graded again.

    Raises
    ------
    VmwidgetsError
        If another batch writes to it, or a line inside it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with writing(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
        self._file = os.fdopen(handle, "r+b", buffering=0)
        try:
            self._lock()
            self._records: dict[str, list[Graded]] = {}
            for graded in self._read():
                self._keep(graded)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, graded: Graded) -> None:
        """Append a grading; it is on the disk when this returns.

        Raises
        ------
        VmwidgetsError
            If there is no room for it. What is written of it is dropped when the file is read again.
        """
        line = to_line(graded).encode() + b"\n"
        with writing(self._path):
            while line:
                line = line[self._file.write(line) :]
            os.fsync(self._file.fileno())
        self._keep(graded)

    def whole(self, student: str, sha256: str) -> Graded | None:
        """The grading of these very answers, if it is whole."""
        return next((r for r in reversed(self.of(student)) if r.sha256 == sha256), None)

    def of(self, student: str) -> list[Graded]:
        """Whole gradings of a student, oldest first."""
        return [r for r in self._records.get(student, ()) if is_whole(r)]

    def latest(self, student: str) -> Graded | None:
        """What was last written about a student."""
        return next(reversed(self._records.get(student, ())), None)

    def _keep(self, graded: Graded) -> None:
        self._records.setdefault(graded.student, []).append(graded)

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise VmwidgetsError("another batch is writing to {path}", path=str(self._path)) from None

    def _read(self) -> Iterator[Graded]:
        data = self._file.read()
        end = data.rfind(b"\n") + 1
        if end < len(data):
            self._file.truncate(end)
        for number, line in enumerate(data[:end].split(b"\n")[:-1], 1):
            try:
                yield from_line(line.decode())
            except ValueError as error:
                raise VmwidgetsError(
                    "{path}, line {line} is damaged: {reason}", path=str(self._path), line=number, reason=str(error)
                ) from error
