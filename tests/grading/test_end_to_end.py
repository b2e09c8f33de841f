"""Perimeter from an answer file to points, through the process that replays it."""

import subprocess
import sys
from datetime import date

import pytest

from tests.assignments.reference import answers
from vmwidgets.answers import Answer, as_text, parse
from vmwidgets.assignments.perimeter import ITEMS, variant
from vmwidgets.assignments.tokens import Secret, issue
from vmwidgets.grading import fork_server, replay, submission
from vmwidgets.grading.submission import grade_one, prepare
from vmwidgets.receipts import read, write

SECRET = Secret(b"only the teacher of this class knows")
DAY = date(2026, 12, 20)
TOKEN, OTHER = (issue(SECRET, "perimeter", student, "2026-autumn", DAY) for student in ("s17", "s18"))
RIGHT = answers(variant(TOKEN.seed))


@pytest.fixture(scope="module", autouse=True)
def _server():
    fork_server.close()
    yield
    fork_server.close()


def file_of(given, token=TOKEN):
    return as_text("perimeter", token.text, given).encode()


def points(graded):
    return {result.item: result.points for result in graded.results}


def test_right_answers_get_every_point_that_needs_no_person():
    graded = grade_one(file_of(RIGHT.values()), "s17", SECRET, on=DAY)
    assert points(graded) == {item.id: None if item.human else item.most for item in ITEMS}
    assert (graded.points, graded.most) == (90, 100)
    assert [result.item for result in graded.results if result.human] == ["a6"]


def test_a_receipt_is_worth_what_its_file_is():
    receipt = read(write("perimeter", TOKEN.text, RIGHT.values()))
    assert grade_one(receipt.data, "s17", SECRET, on=DAY).points == 90


def test_a_process_that_is_started_finds_what_a_forked_one_finds():
    asked = prepare(file_of(RIGHT.values()), "s17", SECRET, on=DAY)
    assert replay._graded(asked, replay.started(asked)) == replay.replay(asked)


def test_nothing_answered_is_no_points_and_nothing_handed_in_is_no_grade():
    empty = grade_one(file_of([]), "s17", SECRET, on=DAY)
    assert set(points(empty).values()) == {0}
    assert empty.points == 0
    assert grade_one(b"", "s17", SECRET, on=DAY).points is None


def test_a_classmates_file_is_refused_and_the_classmates_programs_do_not_cross():
    graded = grade_one(file_of(answers(variant(OTHER.seed)).values(), OTHER), "s17", SECRET, on=DAY)
    assert graded.refusal.reason == submission.OTHER_STUDENT
    copied = points(grade_one(file_of(answers(variant(OTHER.seed)).values()), "s17", SECRET, on=DAY))
    assert [copied[f"a2.{slot}"] for slot in ("memory", "device")] == [0, 0]


def test_a_broken_record_costs_its_own_points():
    data = file_of(RIGHT.values()) + b'{"kind": "prediction", "item": "a5", "value": [1.5, 2, 3]}\n'
    graded = grade_one(data, "s17", SECRET, on=DAY)
    line = len(parse(data, "perimeter").answers) + 2
    assert graded.points == 80
    lost = next(result for result in graded.results if result.item == "a5")
    assert (lost.points, lost.reason, lost.fields) == (0, replay.DAMAGED, {"line": line})


def test_what_an_answer_file_claims_is_not_believed():
    claims = [Answer("observation", "points", 100), Answer("observation", "a2.memory", 10), Answer("text", "a1", "90")]
    assert grade_one(file_of(claims), "s17", SECRET, on=DAY).points == 0


def test_the_process_holds_no_widget_library_and_no_table():
    code = (
        "import sys; from vmwidgets.grading import child; from vmwidgets.assignments import assignment; "
        "assignment('perimeter'); "
        "print(*{name.partition('.')[0] for name in sys.modules}, 'vmwidgets.widgets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    held = set(done.stdout.split())
    assert not held & {"ipywidgets", "traitlets", "IPython", "pandas", "nbgrader", "distributed", "True"}
    assert {"numpy", "vmwidgets", "False"} <= held
