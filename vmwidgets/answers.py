"""The answer file: what a student predicted, observed, chose and wrote, as data beside the notebook.

``NAME.answers.jsonl`` is UTF-8 JSON Lines: a header, then one record an answer; of several records on one item the last
counts. Numbers are whole, in stated units; choices are ids, so an answer means the same in every language. The file is
read again when a notebook is opened, so answers survive a kernel's end and a reload of the page.
"""

import contextlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from vmwidgets.model.errors import VmwidgetsError, check_name

SCHEMA = 1
MODEL = "vmwidgets/1"
"""Version of the model that the answers were given with."""
MAX_BYTES = 256 * 1024
MAX_RECORDS = 5_000
KINDS = ("command", "program", "prediction", "observation", "choice", "text")
MAX_TEXT = 4_000
MAX_PROGRAM = 16_000
"""The most characters of a program; of any other text it is :data:`MAX_TEXT`."""
MAX_TOKEN = 120
MAX_NUMBER = 10**18
_FIELDS = {"kind", "item", "value", "confidence"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One record.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    item
        Id of the question.
    value
        A whole number, a text, or a list of whole numbers and texts.
    confidence
        1 to 4 for a prediction, otherwise ``None``.
    """

    kind: str
    item: str
    value: int | str | tuple[int | str, ...]
    confidence: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise VmwidgetsError(
                "kind is {kind}, expected one of {known}", kind=repr(self.kind)[:40], known=", ".join(KINDS)
            )
        check_name("item", self.item)
        for value in self.value if isinstance(self.value, tuple) else (self.value,):
            fits = (type(value) is int and abs(value) <= MAX_NUMBER) or (type(value) is str and len(value) <= MAX_TEXT)
            if not fits:
                raise VmwidgetsError("an answer is {value}, expected a whole number or a text", value=repr(value)[:40])
        if self.confidence is not None and self.confidence not in (1, 2, 3, 4):
            raise VmwidgetsError("confidence is {value}, expected 1 to 4", value=repr(self.confidence)[:40])


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
        if not name.replace("_", "").replace("-", "").isalnum():
            raise VmwidgetsError("{name} cannot name an answer file", name=repr(name)[:40])
        self.name = name
        self.token = check_name("token", token)
        self.path = Path(folder or os.environ.get("VMWIDGETS_ANSWERS") or ".") / f"{name}.answers.jsonl"
        self._answers: list[Answer] = []
        if self.path.is_symlink() or self.path.exists():
            self.token, self._answers = _read(self.path, name)

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All records, oldest first."""
        return tuple(self._answers)

    def latest(self, item: str, kind: str) -> Answer | None:
        """Return the newest record on an item, or ``None``."""
        return next((a for a in reversed(self._answers) if a.item == item and a.kind == kind), None)

    def add(self, answer: Answer) -> None:
        """Append a record and write the file, whole or not at all."""
        if len(self._answers) >= MAX_RECORDS:
            raise VmwidgetsError(
                "the answer file holds {most} records, and that is the most it takes", most=MAX_RECORDS
            )
        answers = [*self._answers, answer]
        text = self._text(answers)
        if len(text.encode()) > MAX_BYTES:
            raise VmwidgetsError("the answer file would be larger than {most} bytes", most=MAX_BYTES)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            os.replace(temporary, self.path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        self._answers = answers

    def _text(self, answers: list[Answer]) -> str:
        header = {"vmwidgets": "answers", "schema": SCHEMA, "chapter": self.name, "token": self.token, "model": MODEL}
        lines = [json.dumps(header, ensure_ascii=False)]
        for answer in answers:
            record: dict[str, Any] = {"kind": answer.kind, "item": answer.item, "value": answer.value}
            if answer.confidence is not None:
                record["confidence"] = answer.confidence
            lines.append(json.dumps(record, ensure_ascii=False))
        return "\n".join(lines) + "\n"


def _read(path: Path, name: str) -> tuple[str, list[Answer]]:
    """Read an answer file strictly; every refusal names the line."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise VmwidgetsError("{path} cannot be read: {reason}", path=str(path), reason=str(error.strerror)) from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise VmwidgetsError("{path} is not a regular file", path=str(path))
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise VmwidgetsError("{path} is larger than {most} bytes", path=str(path), most=MAX_BYTES)
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    if len(lines) > MAX_RECORDS + 1:
        raise VmwidgetsError("{path} has more than {most} lines", path=str(path), most=MAX_RECORDS + 1)
    records: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_parse(line))
            if number > 1:
                _answer(records[-1])
        except VmwidgetsError as error:
            raise VmwidgetsError(
                "{path}, line {line}: {reason}", path=str(path), line=number, reason=str(error)
            ) from error
    header = records[0] if records else {}
    expected = {"vmwidgets": "answers", "schema": SCHEMA, "chapter": name, "model": MODEL}
    if {k: header.get(k) for k in expected} != expected or type(header.get("schema")) is not int:
        raise VmwidgetsError("{path}, line 1: this is not the header of answers to {name}", path=str(path), name=name)
    return check_name("token", header.get("token")), [_answer(record) for record in records[1:]]


def _parse(line: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise VmwidgetsError("a key stands twice")
        return dict(pairs)

    def refuse(text: str) -> None:
        raise VmwidgetsError("{text} is not a whole number", text=text[:40])

    def whole(text: str) -> int:
        return int(text) if len(text) <= 20 else cast(int, refuse(text))

    try:
        value: object = json.loads(
            line.decode(), object_pairs_hook=unique, parse_float=refuse, parse_constant=refuse, parse_int=whole
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise VmwidgetsError("this is not a JSON object: {text}", text=repr(line[:40])) from error
    if not isinstance(value, dict):
        raise VmwidgetsError("this is not a JSON object: {text}", text=repr(line[:40]))
    return cast(dict[str, Any], value)


def _answer(record: dict[str, Any]) -> Answer:
    if not {"kind", "item", "value"} <= set(record) <= _FIELDS:
        raise VmwidgetsError("a record has the fields kind, item, value and perhaps confidence")
    value = record["value"]
    value = tuple(cast(list[Any], value)) if isinstance(value, list) else value
    if type(record.get("confidence")) is bool:
        raise VmwidgetsError("confidence is {value}, expected 1 to 4", value=record["confidence"])
    return Answer(record["kind"], record["item"], value, record.get("confidence"))
