"""The answer file: what a student predicted, observed, chose and wrote, as data beside the notebook.

``NAME.answers.jsonl`` is read again when a notebook is opened, so answers survive a kernel's end and a reload of the
page. What it holds is told by :mod:`vmwidgets.answer_sheet`.
"""

import contextlib
import os
import stat
import tempfile
from errno import ELOOP
from pathlib import Path
from typing import cast

from vmwidgets.answer_sheet import KINDS as KINDS
from vmwidgets.answer_sheet import MAX_BYTES as MAX_BYTES
from vmwidgets.answer_sheet import MAX_PROGRAM as MAX_PROGRAM
from vmwidgets.answer_sheet import MAX_RECORDS as MAX_RECORDS
from vmwidgets.answer_sheet import MAX_TEXT as MAX_TEXT
from vmwidgets.answer_sheet import MAX_TOKEN as MAX_TOKEN
from vmwidgets.answer_sheet import MODEL as MODEL
from vmwidgets.answer_sheet import Answer as Answer
from vmwidgets.answer_sheet import Sheet as Sheet
from vmwidgets.answer_sheet import as_text as as_text
from vmwidgets.answer_sheet import check_token
from vmwidgets.answer_sheet import parse as parse
from vmwidgets.model.errors import VmwidgetsError, check_path


class AnswerFile:
    """The answers of one chapter.

    Parameters
    ----------
    name
        Name of the chapter, also of the file.
    token
        Variant of the student; part of the header.
    folder
        Where the file lies; by default the one named by ``VMWIDGETS_ANSWERS``, else the working directory.

    Raises
    ------
    VmwidgetsError
        If the file is damaged or of another chapter. It is left as it is.
    """

    def __init__(self, name: str, token: str = "practice", folder: str | os.PathLike[str] | None = None) -> None:
        if not isinstance(cast(object, name), str) or not name.replace("_", "").replace("-", "").isalnum():
            raise VmwidgetsError("{name} cannot name an answer file", name=repr(name)[:40])
        self.name = name
        self.token = check_token(token)
        if folder is not None:
            check_path("folder", folder)
        self.path = Path(folder or os.environ.get("VMWIDGETS_ANSWERS") or ".") / f"{name}.answers.jsonl"
        self._answers: list[Answer] = []
        if self.path.is_symlink() or self.path.exists():
            self.token, self._answers = self._read()
        self._seen = self._stamp()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The records, oldest first."""
        return tuple(self._answers)

    def latest(self, item: str, kind: str) -> Answer | None:
        """Return the newest record on an item, or ``None``."""
        return next((a for a in reversed(self._answers) if a.item == item and a.kind == kind), None)

    def add(self, answer: Answer) -> None:
        """Append a record and write the file, whole or not at all.

        A program or a text takes the place of the one before it: some twenty versions of a long program would fill the
        file.

        Raises
        ------
        VmwidgetsError
            If the file takes no more, or is damaged or another token's by now.
        """
        self._catch_up()
        answers = [
            one
            for one in self._answers
            if answer.kind not in ("program", "text") or (one.kind, one.item) != (answer.kind, answer.item)
        ]
        if len(answers) >= MAX_RECORDS:
            raise VmwidgetsError(
                "the answer file holds {most} records, and that is the most it takes", most=MAX_RECORDS
            )
        self._write([*answers, answer])

    def keep(self) -> None:
        """Write the file as it is, so that the token is found again before anything is answered."""
        self._write(self._answers)

    def _catch_up(self) -> None:
        """Take over what another kernel has written: two notebooks beside one file must not undo each other."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return
        token, answers = self._read()
        if token != self.token:
            raise VmwidgetsError(
                "{file} holds answers to another token; move it away to begin with this one", file=self.path.name
            )
        self._answers = answers

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            about = self.path.lstat()
        except FileNotFoundError:
            return None
        return about.st_ino, about.st_mtime_ns, about.st_size

    def _write(self, answers: list[Answer]) -> None:
        data = as_text(self.name, self.token, answers).encode()
        if len(data) > MAX_BYTES:
            raise VmwidgetsError("the answer file would be larger than {most} bytes", most=MAX_BYTES)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(temporary, self.path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        self._answers = answers
        self._seen = self._stamp()

    def _read(self) -> tuple[str, list[Answer]]:
        data = read_regular(self.path)
        try:
            sheet = parse(data, self.name)
        except VmwidgetsError as error:
            raise VmwidgetsError("{path}: {reason}", path=str(self.path), reason=str(error)) from error
        for damage in sheet.damaged:
            raise VmwidgetsError(
                "{path}, line {line}: {reason}", path=str(self.path), line=damage.line, reason=str(damage.error)
            ) from damage.error
        return sheet.token, list(sheet.answers)


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """Read a file of at most :data:`MAX_BYTES`, and nothing but a file: no link, pipe or device.

    Raises
    ------
    VmwidgetsError
        If there is no such file.
    """
    try:
        with open(path, "rb", opener=_open_no_link) as file:
            regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
            data = file.read(MAX_BYTES + 1) if regular else b""
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(path), reason=str(error.strerror)) from error
    if not regular:
        raise VmwidgetsError("{path} is not a regular file", path=str(path))
    if len(data) > MAX_BYTES:
        raise VmwidgetsError("{path} is larger than {most} bytes", path=str(path), most=MAX_BYTES)
    return data


def _open_no_link(path: str, flags: int) -> int:
    if not hasattr(os, "O_NOFOLLOW") and Path(path).is_symlink():
        raise OSError(ELOOP, os.strerror(ELOOP))
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
