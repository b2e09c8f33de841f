"""The answer file: what a student predicted, observed, chose and wrote, as data beside the notebook.

``NAME.answers.jsonl`` is UTF-8 JSON Lines: a header, then one record an answer; of several records on one item the last
counts. Numbers are whole, in stated units; choices are ids, so an answer means the same in every language. The file is
read again when a notebook is opened, so answers survive a kernel's end and a reload of the page.
"""

import contextlib
import json
import os
import re
import stat
import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from errno import ELOOP
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
_ITEM = re.compile(r'"item"\s*:\s*"([^"\\]{1,40})"')


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
        most = MAX_PROGRAM if self.kind == "program" else MAX_TEXT
        for value in self.value if isinstance(self.value, tuple) else (self.value,):
            if type(value) is str and len(value) > most:
                raise VmwidgetsError(
                    "a text has {length} characters, and {most} is the most", length=len(value), most=most
                )
            if not (_is_text(value) or (type(value) is int and abs(value) <= MAX_NUMBER)):
                raise VmwidgetsError("an answer is {value}, expected a whole number or a text", value=repr(value)[:40])
        if self.confidence is not None and self.confidence not in (1, 2, 3, 4):
            raise VmwidgetsError("confidence is {value}, expected 1 to 4", value=repr(self.confidence)[:40])


@dataclass(frozen=True, slots=True)
class Damage:
    """A line of an answer file that is no record.

    Parameters
    ----------
    line
        Its number, counted from 1.
    item
        The item it was to answer, as far as that can be seen.
    error
        What is wrong with it.
    """

    line: int
    item: str | None
    error: VmwidgetsError


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an answer file holds.

    Parameters
    ----------
    token
        The variant that was answered, as the header tells it.
    answers
        All records, oldest first.
    latest
        The last record of each item. An item whose last record is damaged is not there: nobody knows what it said.
    damaged
        The lines that are no records.
    """

    token: str
    answers: tuple[Answer, ...]
    latest: Mapping[str, Answer]
    damaged: tuple[Damage, ...]


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
        self.token = _token(token)
        self.path = Path(folder or os.environ.get("VMWIDGETS_ANSWERS") or ".") / f"{name}.answers.jsonl"
        self._answers: list[Answer] = []
        if self.path.is_symlink() or self.path.exists():
            self.token, self._answers = self._read()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The records, oldest first."""
        return tuple(self._answers)

    def latest(self, item: str, kind: str) -> Answer | None:
        """Return the newest record on an item, or ``None``."""
        return next((a for a in reversed(self._answers) if a.item == item and a.kind == kind), None)

    def add(self, answer: Answer) -> None:
        """Append a record and write the file, whole or not at all.

        A program takes the place of the one before it: some twenty versions of a long one would fill the file.
        """
        answers = [
            one for one in self._answers if answer.kind != "program" or (one.kind, one.item) != ("program", answer.item)
        ]
        if len(answers) >= MAX_RECORDS:
            raise VmwidgetsError(
                "the answer file holds {most} records, and that is the most it takes", most=MAX_RECORDS
            )
        self._write([*answers, answer])

    def keep(self) -> None:
        """Write the file as it is, so that the token is found again before anything is answered."""
        self._write(self._answers)

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


def as_text(name: str, token: str, answers: Iterable[Answer]) -> str:
    """Return an answer file's text: the header, then a line for each record."""
    lines: list[dict[str, Any]] = [
        {"vmwidgets": "answers", "schema": SCHEMA, "chapter": name, "token": token, "model": MODEL}
    ]
    for answer in answers:
        record: dict[str, Any] = {"kind": answer.kind, "item": answer.item, "value": answer.value}
        if answer.confidence is not None:
            record["confidence"] = answer.confidence
        lines.append(record)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


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


def parse(data: bytes, name: str) -> Sheet:
    """Read the bytes of an answer file strictly. A line that is damaged costs the item that it answers, no other.

    Parameters
    ----------
    data
        At most :data:`MAX_BYTES`. Lines of nothing but white space do not count.
    name
        The chapter or assignment that the answers must be to.

    Raises
    ------
    VmwidgetsError
        If there is too much of it, or the header is not the one of answers to ``name`` in this version of the model.
    """
    if len(data) > MAX_BYTES:
        raise VmwidgetsError("the answers are larger than {most} bytes", most=MAX_BYTES)
    lines = [(number, line) for number, line in enumerate(data.removeprefix(BOM_UTF8).split(b"\n"), 1) if line.strip()]
    if len(lines) > MAX_RECORDS + 1:
        raise VmwidgetsError("the answers have more than {most} lines", most=MAX_RECORDS + 1)
    token = _header(lines[0][1] if lines else b"", name)
    answers: list[Answer] = []
    latest: dict[str, Answer] = {}
    damaged: list[Damage] = []
    for number, line in lines[1:]:
        try:
            answers.append(_answer(_parse(line)))
            latest[answers[-1].item] = answers[-1]
        except VmwidgetsError as error:
            seen = _ITEM.search(line.decode(errors="replace"))
            damaged.append(Damage(number, seen[1] if seen else None, error))
            latest.pop(seen[1] if seen else "", None)
    return Sheet(token, tuple(answers), latest, tuple(damaged))


def _header(line: bytes, name: str) -> str:
    """Return the token that the header names."""
    try:
        header = _parse(line)
    except VmwidgetsError:
        header = {}
    expected = {"vmwidgets": "answers", "schema": SCHEMA, "chapter": name}
    if {k: header.get(k) for k in expected} != expected or type(header.get("schema")) is not int:
        raise VmwidgetsError("line 1: this is not the header of answers to {name}", name=name)
    if header.get("model") != MODEL:
        raise VmwidgetsError(
            "line 1: these answers were given with model {model}, and this is {expected}",
            model=repr(header.get("model"))[:40],
            expected=MODEL,
        )
    return _token(header.get("token"))


def _token(value: object) -> str:
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= MAX_TOKEN
        or value != value.strip()
        or not value.isprintable()
    ):
        raise VmwidgetsError(
            "token is {value}, expected 1 to {most} printable characters without blanks at the ends",
            value=repr(value)[:60],
            most=MAX_TOKEN,
        )
    return value


def _is_text(value: object) -> bool:
    # Half of a surrogate pair can stand in JSON, but not in UTF-8: whoever wrote it down would fail.
    return type(value) is str and (value.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in value))


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
