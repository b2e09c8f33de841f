"""What the grader found and what a person thought, together."""

import pytest

from vmwidgets.assignments.result import Result
from vmwidgets.grading.marks import Mark, Reading, is_whole, read_rubric, read_texts
from vmwidgets.grading.results import Graded, Refusal
from vmwidgets.grading.roster import Student
from vmwidgets.grading.tables import texts
from vmwidgets.model.errors import VmwidgetsError

ANNA = Student("anna", "Anna A.")
A5 = Result("a5", 5, 10)
TEXT = Result("a6", None, 10, "a person has to read it", human=True)
NO_TEXT = Result("a6", 0, 10, "nothing was handed in")
BROKEN_OFF = Result("a5", None, 10, "the time was up")


def _graded(*results, refusal=None):
    return Graded("anna", "0" * 64, results, refusal)


@pytest.mark.parametrize(
    ("results", "reading", "without", "with_text"),
    [
        ((A5, TEXT), None, 5, None),
        ((A5, TEXT), Reading(7), 5, 12),
        ((A5, TEXT), Reading(0), 5, 5),
        ((A5, NO_TEXT), None, 5, 5),
        ((A5, NO_TEXT), Reading(7), 5, 5),  # points for a text that is no longer there
        ((BROKEN_OFF, TEXT), Reading(7), None, None),
        ((), Reading(7), None, None),
    ],
)
def test_points_are_whole_or_none(results, reading, without, with_text):
    mark = Mark(ANNA, _graded(*results), reading=reading)
    assert (mark.points(with_text=False), mark.points(with_text=True)) == (without, with_text)
    assert (mark.most(with_text=False), mark.most(with_text=True)) == ((10, 20) if results else (0, 0))


def test_nothing_handed_in_is_no_zero():
    mark = Mark(ANNA, None, reading=Reading(7))
    assert (mark.points(True), mark.points(False), mark.results, mark.to_read) == (None, None, (), False)


def test_a_person_waits_for_what_only_a_person_can_read():
    assert Mark(ANNA, _graded(A5, TEXT)).to_read
    assert not Mark(ANNA, _graded(A5, NO_TEXT)).to_read


def test_a_grading_is_whole_without_the_person_but_not_without_the_grader():
    assert is_whole(_graded(A5, TEXT))
    assert not is_whole(_graded(BROKEN_OFF, TEXT))
    assert not is_whole(_graded(refusal=Refusal("no")))
    assert not is_whole(_graded())


def _read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "rubric.csv"
    path.write_bytes(text.encode(encoding))
    return read_rubric(path, {"anna", "boris"}, 10)


def test_a_rubric_is_read_and_rows_without_points_are_not_read_yet(tmp_path):
    text = '\ufeffid,points,comment,text\r\nanna, 7 ,"Good, but late",…\r\nboris,,,…\r\n'
    assert _read(tmp_path, text) == {"anna": Reading(7, "Good, but late")}
    assert _read(tmp_path, "id;points\nanna;0\n") == {"anna": Reading(0)}


def test_what_a_spreadsheet_must_not_compute_comes_back_as_it_was(tmp_path):
    student = Student("@anna", "Anna A.")
    reading = Reading(7, "- V9 is named\n- its price is not")
    path = tmp_path / "a6.csv"
    path.write_text(texts([Mark(student, _graded(A5, TEXT), "=V9 remains")], {"@anna": reading}), newline="")
    assert read_rubric(path, {"@anna"}, 10) == {"@anna": reading}
    assert read_texts(path) == {"@anna": "=V9 remains"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,text\nanna,x\n", "line 1: a rubric has the columns id and points"),
        ("", "line 1: a rubric has the columns id and points"),
        ("id,points\nanna,11\n", "line 2, column points: '11' is not a whole number from 0 to 10"),
        ("id,points\nanna,7.5\n", "line 2, column points: '7.5' is not a whole number from 0 to 10"),
        ("id,points\nanna,-1\n", "line 2, column points"),
        ("id,points\nanna,٣\n", "line 2, column points"),
        ("id,points\nanna,7\ncarl,7\n", "line 3, column id: 'carl' is not on the roster"),
        ("id,points\nanna,7\nanna,8\n", "line 3, column id: 'anna' stands twice"),
        ("id,points,points\nanna,7,8\n", "line 1: a rubric has the columns id and points"),
    ],
)
def test_what_is_wrong_with_a_rubric_is_said_by_line_and_column(tmp_path, text, told):
    with pytest.raises(VmwidgetsError, match=told):
        _read(tmp_path, text)


def test_a_rubric_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(VmwidgetsError, match="cannot be read"):
        read_rubric(tmp_path / "none.csv", set(), 10)
    with pytest.raises(VmwidgetsError, match="is not UTF-8"):
        _read(tmp_path, "id,points\nанна,1\n", "cp1251")
