"""Tables that LMSs take: whole columns, blanks for what is not graded, nothing that a spreadsheet would compute."""

import csv
import io

import pytest

from tests.grading.test_marks import A5, BROKEN_OFF, NO_TEXT, TEXT, _graded
from vmwidgets import locale
from vmwidgets.grading import tables
from vmwidgets.grading.marks import Mark, Reading
from vmwidgets.grading.results import Refusal
from vmwidgets.grading.roster import Student

ANNA = Student("anna", "Anna A.", canvas=("A., Anna", "4711", "s1", "anna", "1"))
EVIL = Student("=cmd|' /C calc'!A0", "@SUM(A1)", email="+1@x")
BORIS = Student("boris", "Борис Б.", "ru", "boris@x")


@pytest.fixture(autouse=True)
def _english():
    locale.set_language("en")
    yield
    locale.set_language(None)


def _rows(text):
    return list(csv.reader(io.StringIO(text, newline="")))


def test_canvas_takes_its_own_columns_back():
    marks = [
        Mark(ANNA, _graded(A5, TEXT), reading=Reading(7)),
        Mark(BORIS, _graded(A5, TEXT)),
        Mark(EVIL, None),
    ]
    assert _rows(tables.canvas(marks, "Perimeter (12)", 20, with_text=True)) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Perimeter (12)"],
        ["    Points Possible", "", "", "", "", "20"],
        ["A., Anna", "4711", "s1", "anna", "1", "12"],
        ["Борис Б.", "", "boris", "boris", "", ""],
        ["'@SUM(A1)", "", "'=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "", ""],
    ]
    assert [row[-1] for row in _rows(tables.canvas(marks, "x", 10, with_text=False))[2:]] == ["5", "5", ""]


@pytest.mark.parametrize(
    "graded", [None, _graded(BROKEN_OFF, TEXT), _graded(BROKEN_OFF, NO_TEXT), _graded(refusal=Refusal("no"))]
)
def test_what_is_not_graded_is_blank_never_zero(graded):
    marks = [Mark(ANNA, graded)]
    for with_text in (True, False):
        assert _rows(tables.canvas(marks, "x", 20, with_text))[2][-1] == ""
        assert _rows(tables.moodle(marks, "x", with_text))[1][3] == ""


def test_moodle_gets_address_mark_and_comment():
    marks = [Mark(BORIS, _graded(A5, NO_TEXT)), Mark(EVIL, _graded(A5, NO_TEXT))]
    heads, boris, evil = _rows(tables.moodle(marks, "Perimeter", with_text=True))
    assert heads == ["ID number", "Full name", "Email address", "Perimeter (Real)", "Perimeter (Feedback)"]
    assert boris[:4] == ["boris", "Борис Б.", "boris@x", "5"]
    assert len(boris[4].splitlines()) == 2
    assert evil[:4] == ["'=cmd|' /C calc'!A0", "'@SUM(A1)", "'+1@x", "5"]


def test_texts_to_read_keep_what_was_filled_in():
    marks = [
        Mark(ANNA, _graded(A5, TEXT), text="=1+1\nand more"),
        Mark(BORIS, _graded(A5, TEXT), text="остаётся V9"),
        Mark(EVIL, _graded(A5, NO_TEXT)),
    ]
    assert _rows(tables.texts(marks, {"boris": Reading(7, "да")})) == [
        ["id", "points", "comment", "text"],
        ["anna", "", "", "'=1+1\nand more"],
        ["boris", "7", "да", "остаётся V9"],
    ]
