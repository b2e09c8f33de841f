"""What an answer file holds: records, their limits, and the strict reading of them.

UTF-8 JSON Lines: a header, then one record an answer; of several records on one item the last counts. Numbers are
whole, in stated units; choices are ids, so an answer means the same in every language.
"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    return check_token(header.get("token"))


def check_token(value: object) -> str:
    """Return ``value`` if it can be the text of a token: printable, without blanks at the ends."""
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
