"""What is known of a submission after grading, and its line in a file: points, reasons and hints, item by item."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from unicodedata import category

from vmwidgets.answers import MODEL
from vmwidgets.assignments.result import Result
from vmwidgets.model.errors import VmwidgetsError

MAX_SHOWN = 200
"""The most characters that a field of a sentence may have."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a submission is not graded at all.

    Parameters
    ----------
    reason
        Message id. It never quotes what was handed in.
    fields
        Values of its named fields.
    """

    reason: str
    fields: Mapping[str, int | str] = field(default_factory=dict[str, int | str])


@dataclass(frozen=True, slots=True)
class Graded:
    """The outcome of a submission.

    Parameters
    ----------
    student
        Id on the roster.
    sha256
        Hash of what was handed in, ``""`` if nothing was.
    results
        One an item, in the order of the assignment.
    refusal
        Why there are no results.
    damaged
        Lines of the answer file that could not be read.
    sandbox
        What stood around the replay: ``"process"``, ``"limits"`` or ``"bubblewrap"``; ``""`` if nothing was replayed.
    model
        The version of the model that replayed.
    """

    student: str
    sha256: str
    results: tuple[Result, ...] = ()
    refusal: Refusal | None = None
    damaged: tuple[int, ...] = ()
    sandbox: str = ""
    model: str = MODEL

    @property
    def points(self) -> int | None:
        """Sum of the points; ``None`` as long as an item is not graded that needs no person to read it."""
        counted = [result.points for result in self.results if not (result.human and result.points is None)]
        known = [points for points in counted if points is not None]
        return sum(known) if counted and len(known) == len(counted) else None

    @property
    def most(self) -> int:
        """The most points of all items together."""
        return sum(result.most for result in self.results)


def to_line(graded: Graded) -> str:
    """Return a grading as one line of JSON, without the line's end."""
    refusal = graded.refusal
    told: dict[str, Any] = {
        "student": graded.student,
        "sha256": graded.sha256,
        "model": graded.model,
        "sandbox": graded.sandbox,
        "points": graded.points,
        "max": graded.most,
        "refusal": None if refusal is None else {"reason": refusal.reason, "fields": dict(refusal.fields)},
        "damaged": list(graded.damaged),
        "results": [record(result) for result in graded.results],
    }
    return json.dumps(told, ensure_ascii=True)  # no sign of another alphabet can end the line for whoever reads it


def from_line(line: str) -> Graded:
    """Read a grading again.

    Raises
    ------
    VmwidgetsError
        If the line is none.
    """
    try:
        told = json.loads(line)
        refusal = told["refusal"]
        return Graded(
            student=_typed(told["student"], str),
            sha256=_typed(told["sha256"], str),
            results=tuple(result(one) for one in _typed(told["results"], list)),
            refusal=None if refusal is None else Refusal(_typed(refusal["reason"], str), _fields(refusal["fields"])),
            damaged=tuple(_typed(number, int) for number in _typed(told["damaged"], list)),
            sandbox=_typed(told["sandbox"], str),
            model=_typed(told["model"], str),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise VmwidgetsError("this is no line of results: {text}", text=repr(line[:40])) from error


def record(result: Result) -> dict[str, Any]:
    """Return the record of one item."""
    told: dict[str, Any] = {
        "item": result.item,
        "points": result.points,
        "max": result.most,
        "reason": result.reason,
        "hint": result.hint,
    }
    if result.fields:
        told["fields"] = {name: _plain(value) for name, value in result.fields.items()}
    return told | ({"human": True} if result.human else {})


def result(told: Any) -> Result:
    """Read the record of one item.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is none.
    """
    most = _typed(told["max"], int)
    points = told["points"]
    if points is not None and not 0 <= _typed(points, int) <= most:
        raise ValueError(points)
    return Result(
        item=_typed(told["item"], str),
        points=points,
        most=most,
        reason=_typed(told["reason"], str),
        hint=_typed(told["hint"], str),
        fields=_fields(told.get("fields", {})),
        human=_typed(told.get("human", False), bool),
    )


def _typed(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(value)
    return value


def _fields(told: Any) -> dict[str, int | str]:
    return {name: _plain(value) for name, value in cast(dict[str, object], _typed(told, dict)).items()}


def _plain(value: object) -> int | str:
    """Return the value of a field as it may be shown anywhere: short, and without signs that steer a terminal."""
    if type(value) is int:
        return value
    return "".join(sign if _shows(sign) else "\N{REPLACEMENT CHARACTER}" for sign in str(value)[:MAX_SHOWN])


def _shows(sign: str) -> bool:
    return sign.isprintable() or category(sign) == "Zs"
