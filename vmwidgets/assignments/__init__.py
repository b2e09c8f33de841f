"""Graded assignments: what a student's notebook needs and the grader replays. No widget, no secret, no solution."""

from importlib import import_module
from types import ModuleType

from vmwidgets.model.errors import VmwidgetsError

ASSIGNMENTS = {"perimeter": "perimeter"}
"""Id of an assignment, as a token and an answer file carry it: the module under ``vmwidgets.assignments``."""


def assignment(id: str) -> ModuleType:
    """Return the module of an assignment; it is imported at the first call.

    Raises
    ------
    VmwidgetsError
        If there is no such assignment.
    """
    if id not in ASSIGNMENTS:
        raise VmwidgetsError(
            "there is no assignment {id}; known: {known}", id=repr(id)[:40], known=", ".join(ASSIGNMENTS)
        )
    return import_module(f"vmwidgets.assignments.{ASSIGNMENTS[id]}")
