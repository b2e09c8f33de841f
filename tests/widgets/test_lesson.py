"""Lessons: locked until predicted, kept in the answer file, checked by the model."""

from itertools import product

import pytest

import vmwidgets as vm
from tests.chapters.breaking_programs import PROGRAMS
from vmwidgets import locale
from vmwidgets.chapters import MODULES, chapter, cutting, one_server, tiny_vmm
from vmwidgets.chapters.items import PARTS, POINTS, Draw

ONE, TWO = "01_one_server", "02_cutting_the_server"


@pytest.fixture
def lesson(tmp_path):
    made = []

    def begin(name: str, token: str = "practice") -> vm.Lesson:
        made.append(vm.Lesson(name, token, tmp_path))
        return made[-1]

    yield begin
    for each in made:
        each.close()


STEPS = {"ch02.table": 50, "ch02.floor": 50, "ch03.reserve": 50, "ch03.limit": 50, "ch09.floor": 25}
"""Numbers of which only every so many are tried: the checks of these items run the model."""


def right_answers(name: str, token: str) -> dict[str, dict[str, object]]:
    """The answers that the model confirms, found by asking the checks, as a patient student would."""
    found: dict[str, dict[str, object]] = {"predict": {}}
    asked = chapter(name, token)
    for item in asked.part("predict").items:
        first = item.options[0][0] if item.options else 1
        found["predict"][item.id] = [first] * len(item.rows) if item.rows else first
    for part in PARTS[1:]:
        found[part] = {}
        for item in asked.part(part).items:
            ids = [id for id, _ in item.options]
            if item.kind == "text":
                tries: object = ["why"]
            elif item.kind == "choice":
                tries = ids
            elif item.id == "ch01.classify":
                tries = [tuple("vmm" if one_server.needs_vmm(id) else "guest" for id, _ in item.rows)]
            elif item.id == "ch04.decide":
                tries = [tiny_vmm.sound(Draw(token, name))]
            elif item.kind == "program":
                tries = [PROGRAMS[level.task.id] for level in asked.levels if level.item == item.id]
            elif item.kind == "table":
                tries = product(ids, repeat=len(item.rows))
            else:
                tries = range(0, 6001, STEPS.get(item.id, 1))
            good = next(v for v in tries if item.check is None or item.check(v).right)
            if item.decimals and isinstance(good, int):
                good = f"{good / 10**item.decimals:.{item.decimals}f}"
            found[part][item.id] = list(good) if isinstance(good, tuple) else good
    return found


@pytest.mark.parametrize("token", ["practice", "anna", "борис"])
@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_chapter_can_be_done_for_ten_points(lesson, name, token):
    student, answers = lesson(name, token), right_answers(name, token)
    for part in PARTS:
        assert student.is_open(part)
        student.answer(part, answers[part], confidence=2)
        assert student.points(part) == POINTS[part]
    assert sum(POINTS.values()) == 10


def test_controls_stay_locked_until_the_prediction_is_in_also_after_a_restart(lesson):
    first = lesson(TWO)
    board = first.gate(vm.Board(first.lab(), charts=False))
    with pytest.raises(vm.VmwidgetsError, match="locked until your prediction"):
        board.controls.set("vcpus", 1)
    board.close()
    again = lesson(TWO)
    board = again.gate(vm.Board(again.lab(), charts=False))
    assert board.controls.state["locked"]
    again.answer("predict", {"ch02.second": "1,5"}, confidence=3)
    assert not board.controls.state["locked"]
    board.controls.set("vcpus", 1)
    board.close()
    third = lesson(TWO)
    assert third.predicted
    assert third.file.latest("ch02.second", "prediction").value == 150
    assert third.predict.state["committed"]
    with pytest.raises(vm.VmwidgetsError, match="it stays as it is"):
        third.answer("predict", {"ch02.second": "1.75"}, confidence=4)


def test_the_run_is_not_sent_before_the_prediction_is_in(lesson):
    student = lesson(ONE)
    clock = student.gate(vm.VmmClock())
    assert clock.state["exits"] == []
    assert clock.state["closed"]
    student.answer("predict", {"ch01.exits": 1000}, confidence=4)
    assert len(clock.state["exits"]) == 11
    clock.close()


def test_a_view_without_a_lock_stands_behind_a_curtain(lesson):
    made = []

    def make():
        made.append(vm.VmmClock())
        return made[-1]

    student = lesson(ONE)
    curtain = student.reveal(make)
    assert (made, repr(curtain)) == ([], "<Curtain, closed>")
    assert curtain.children[0].value == "Opens when your prediction is in."
    locale.set_language("ru")
    assert curtain.children[0].value != "Opens when your prediction is in."
    student.answer("predict", {"ch01.exits": 1000}, confidence=4)
    assert curtain.children == (made[0],)
    assert repr(curtain) == repr(made[0])
    again = lesson(ONE).reveal(make)
    assert again.children == (made[1],)
    curtain.lock()
    curtain.unlock()
    assert len(made) == 2
    curtain.close()
    again.close()


@pytest.mark.parametrize("value", ["", "many", "1.234", "1e99", "nan", None, [], {}, True])
def test_what_is_no_answer_gets_a_sentence_and_is_not_kept(lesson, value):
    student = lesson(TWO)
    with pytest.raises(vm.VmwidgetsError):
        student.answer("predict", {"ch02.second": value}, confidence=1)
    with pytest.raises(vm.VmwidgetsError, match="how sure"):
        student.answer("predict", {"ch02.second": "1"})
    with pytest.raises(vm.VmwidgetsError, match="Opens when your prediction is in"):
        student.answer("observe", {"ch02.second": "1"})
    assert student.file.answers == ()
    assert not student.file.path.exists()


def test_a_wrong_observation_keeps_the_next_part_closed(lesson):
    student = lesson(ONE)
    student.answer("predict", {"ch01.exits": 0}, confidence=1)
    (verdict,) = student.answer("observe", {"ch01.exits": 10})
    assert verdict.points == 0
    assert not student.is_open("explain")
    student.answer("observe", {"ch01.exits": 11})
    assert student.is_open("explain")


def test_messages_of_the_browser_are_answered_with_a_sentence(lesson):
    student = lesson(ONE)
    view = student.predict
    view._receive(view, {"name": "answer", "values": {"ch01.exits": "x"}, "confidence": 1, "seq": 1}, [])
    assert "not a number" in view.error
    view._receive(view, {"name": "answer", "values": {"ch01.exits": "5"}, "confidence": 1, "seq": 2}, [])
    assert view.error == ""
    assert student.predicted


def test_the_numbers_of_the_course():
    practice = cutting.cut(Draw("practice", TWO))
    assert practice.cores(practice.lab()) == [200, 100, 100]
    assert practice.after() == [50, 175, 175]
    assert cutting._entitlements(2250) == [500, 2250, 3250]
    assert cutting.full_day(610, (7, 5, 11)) == 17
    assert one_server.mix(Draw("practice", ONE)).run().total_exits == 11


@pytest.mark.parametrize("name", sorted(MODULES))
def test_variants_differ(name):
    def shape(token: str) -> str:
        return str([(i.question, i.fields, i.rows) for p in chapter(name, token).parts for i in p.items])

    assert len({shape(f"student {i}") for i in range(12)}) >= 9
