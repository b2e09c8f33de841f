"""What was handed in, read strictly: whose it is, whether it may be graded, and what it answers.

Nothing a student can hand in makes these functions fail. What cannot be graded is refused with its reason, which never
quotes the file: it might be one that a link led to.
"""

import os
from datetime import date
from hashlib import sha256
from stat import S_ISREG
from unicodedata import normalize

from vmwidgets.answers import MAX_BYTES, Sheet, parse, read_regular
from vmwidgets.assignments import assignment as known
from vmwidgets.assignments.tokens import Token, hidden_seeds, is_genuine
from vmwidgets.grading.replay import Request, replay
from vmwidgets.grading.results import Graded, Refusal
from vmwidgets.locale import mark as said
from vmwidgets.model.errors import VmwidgetsError

NOTHING = said("nothing was handed in")
NO_FILE = said("what was handed in is no regular file")
UNREADABLE = said("what was handed in cannot be read")
TOO_LARGE = said("what was handed in is larger than {most} bytes")
NO_ANSWERS = said("what was handed in is no answer file of this assignment")
OTHER_MODEL = said("the answers were given with another version of vmwidgets")
PRACTICE = said("these are practice answers: the token of the assignment was not entered")
NOT_GENUINE = said("the token is not one that was made for this class")
OTHER_STUDENT = said("the token is that of another student")
OTHER_TERM = said("the token is one of another term")
EXPIRED = said("the token was valid until {day}")
OUTDATED = frozenset({OTHER_MODEL, EXPIRED})
"""Reasons that come with time: what was graded before stands."""


def load(path: str | os.PathLike[str]) -> bytes | Refusal:
    """Read a file that was handed in: a regular one of bounded size, and no link to one."""
    if not os.path.lexists(path):
        return Refusal(NOTHING)
    try:
        return read_regular(path)
    except VmwidgetsError as error:
        if "most" in error.fields:
            return Refusal(TOO_LARGE, {"most": MAX_BYTES})
        return Refusal(UNREADABLE if _is_regular(path) else NO_FILE)


def _is_regular(path: str | os.PathLike[str]) -> bool:
    try:
        return S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def prepare(
    data: bytes,
    student: str,
    secret: bytes,
    assignment: str = "perimeter",
    on: date | None = None,
    sandbox: bool = False,
    term: str | None = None,
) -> Request | Graded:
    """Return what is to be replayed, or the grading that says why nothing is.

    Parameters
    ----------
    data
        The bytes of an answer file.
    student
        Id on the roster of whoever handed it in.
    secret
        The class's secret; it does not go into the request.
    assignment
        Id of the assignment.
    on
        The day on which it was handed in; today if left out.
    sandbox
        Whether the replay shall have bubblewrap around it.
    term
        The term whose tokens are taken; any if left out.
    """
    digest = sha256(data).hexdigest()
    sheet = _sheet(data, assignment)
    if isinstance(sheet, Refusal):
        return Graded(student, digest, refusal=sheet)
    token = _token(sheet.token, student, secret, assignment, on or date.today(), term)
    if isinstance(token, Refusal):
        return Graded(student, digest, refusal=token)
    return Request(
        student=student,
        sha256=digest,
        assignment=assignment,
        token=token.text,
        seeds=hidden_seeds(secret, token, known(assignment).BOOTS),
        answers=tuple(sheet.latest.values()),
        damaged=tuple((damage.line, damage.item) for damage in sheet.damaged),
        sandbox=sandbox,
    )


def grade_one(
    data: bytes,
    student: str,
    secret: bytes,
    assignment: str = "perimeter",
    on: date | None = None,
    sandbox: bool = False,
) -> Graded:
    """Grade one submission, see :func:`prepare`. Results are ids and numbers, the same in every language.

    Raises
    ------
    VmwidgetsError
        If the secret is too short, or the sandbox cannot be had; never for what a student can do.
    """
    found = prepare(data, student, secret, assignment, on, sandbox)
    return found if isinstance(found, Graded) else replay(found)


def _sheet(data: bytes, assignment: str) -> Sheet | Refusal:
    if not data.strip():
        return Refusal(NOTHING)
    if len(data) > MAX_BYTES:
        return Refusal(TOO_LARGE, {"most": MAX_BYTES})
    try:
        return parse(data, assignment)
    except VmwidgetsError as error:
        return Refusal(OTHER_MODEL if "model" in error.fields else NO_ANSWERS)


def _token(text: str, student: str, secret: bytes, assignment: str, on: date, term: str | None) -> Token | Refusal:
    try:
        token = Token.parse(text)
    except VmwidgetsError:
        return Refusal(NOT_GENUINE)
    if token.practice:
        return Refusal(PRACTICE)
    if not is_genuine(secret, token) or token.assignment != assignment:
        return Refusal(NOT_GENUINE)
    if token.student != normalize("NFC", student):
        return Refusal(OTHER_STUDENT)
    if term is not None and token.term != normalize("NFC", term):
        return Refusal(OTHER_TERM)
    if on > token.expires:
        return Refusal(EXPIRED, {"day": token.expires.isoformat()})
    return token
