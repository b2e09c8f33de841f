"""No input makes the grader crash, hang, outgrow its memory, write anything, or run code: a small sample of each kind.

``python -m tests.bench.fuzz_grader SECONDS`` goes on with it for as long as one likes.
"""

import os
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from tests.grading import hostile
from vmwidgets import receipts
from vmwidgets.answers import Answer, as_text
from vmwidgets.assignments.perimeter import ITEMS, variant
from vmwidgets.assignments.tokens import Secret, issue
from vmwidgets.grading import fork_server
from vmwidgets.grading.replay import ENDED, FAILED, Request
from vmwidgets.grading.results import Refusal, from_line, to_line
from vmwidgets.grading.submission import grade_one, load, prepare
from vmwidgets.model.errors import VmwidgetsError

SECRET = Secret(b"only the teacher of this class knows")
DAY = date(2026, 12, 20)
TOKEN = issue(SECRET, "perimeter", "s17", "2026-autumn", DAY)
SEEDS = prepare(as_text("perimeter", TOKEN.text, []).encode(), "s17", SECRET, on=DAY).seeds


@pytest.fixture(scope="module", autouse=True)
def _server():
    fork_server.close()  # not one that another test has started with a double
    yield
    fork_server.close()


def check(data):
    """Grade and return the results, which are whole, in bounds, short, and show nothing hidden."""
    graded = grade_one(data, "s17", SECRET, on=DAY)
    line = to_line(graded)
    assert from_line(line) == graded
    assert len(line) < 32_768
    assert not any(str(seed) in line for seed in SEEDS)
    if graded.refusal is not None:
        assert graded.results == ()
        assert graded.points is None
        return ()
    assert [result.item for result in graded.results] == [item.id for item in ITEMS]
    # The bounds of the model are so narrow that those of the process are never met, and no check fails.
    assert not {result.reason for result in graded.results} & {ENDED, FAILED}, graded.results
    assert graded.points is not None
    return graded.results


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(hostile.submissions(TOKEN))
def test_whatever_is_in_a_file_it_is_graded_or_refused(data):
    check(data)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(hostile.submissions(TOKEN))
def test_whatever_is_in_a_file_it_is_read(data):
    prepared = prepare(data, "s17", SECRET, on=DAY)
    assert (isinstance(prepared, Request) and prepared.to_json()) or isinstance(prepared.refusal, Refusal)


@pytest.mark.parametrize("code", hostile.ENDLESS)
def test_programs_that_never_end_take_no_points_and_little_time(code):
    host = variant(TOKEN.seed)
    given = [
        Answer(kind, f"a2.{slot}{part}", value)
        for slot, hole in host.exploitable.items()
        for kind, part, value in (("program", "", code), ("choice", ".family", hole.family))
    ]
    points = {result.item: result.points for result in check(as_text("perimeter", TOKEN.text, given).encode())}
    # To use a processor for ever is an attack on whoever shares it; it crosses no other wall.
    assert (points["a2.memory"], points["a2.device"]) == (0, 0)


def test_nothing_but_a_plain_file_is_opened(tmp_path):
    for path in hostile.files(tmp_path, as_text("perimeter", TOKEN.text, []).encode()):
        assert isinstance(load(path), Refusal), path


def test_nothing_is_written_where_the_grader_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    host = variant(TOKEN.seed)
    given = [Answer("program", f"a2.{slot}", "../../x") for slot in host.exploitable]
    check(as_text("perimeter", TOKEN.text, given).encode())
    assert os.listdir(tmp_path) == []


@settings(max_examples=50, deadline=None, derandomize=True)
@given(hostile.texts, hostile.likely)
def test_whatever_is_pasted_is_refused_in_one_sentence(text, value):
    with pytest.raises(VmwidgetsError) as refused:
        receipts.read(f"{text}VMW1-perimeter-{value}-AAAAAAAA{text}")
    assert len(str(refused.value)) < 200
