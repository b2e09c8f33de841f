"""A small class whose submissions need no replay: what is around the replay is tried with it."""

from datetime import date

from vmwidgets.answers import Answer, as_text
from vmwidgets.assignments.result import Result
from vmwidgets.assignments.tokens import Secret, issue
from vmwidgets.grading.replay import Request
from vmwidgets.grading.results import Graded
from vmwidgets.grading.roster import Roster, Student

SECRET = Secret(b"a secret of the class, for tests only")
LAST_DAY = date(2027, 1, 31)
STUDENTS = (Student("anna", "Anna A."), Student("boris", "Борис Б.", "ru"), Student("carl", "Carl C."))
ROSTER = Roster(STUDENTS, ("id", "name", "language"))
RESULTS = (Result("a5", 5, 10), Result("a6", None, 10, "a person has to read it", human=True))


def submission(student, text="It remains.", owner=None):
    """The bytes of an answer file of `student`, made with the token of `owner`."""
    token = issue(SECRET, "perimeter", owner or student, "2026a", LAST_DAY)
    answers = (Answer("choice", "a0", "agreed"), Answer("text", "a6", text))
    return as_text("perimeter", token.text, answers).encode()


def instead_of_replay(request: Request) -> Graded:
    """The same results for everybody, at once."""
    return Graded(request.student, request.sha256, RESULTS)
