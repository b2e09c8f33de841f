"""Receipts in the tables that LMSs export."""

import contextlib
import csv
import io
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.grading.test_collecting import ANNA, BORIS, CLASS
from vmwidgets.grading.receipt_table import collect_receipts
from vmwidgets.grading.roster import Student
from vmwidgets.model.errors import VmwidgetsError


def _collect(tmp_path, text, students=CLASS, encoding="utf-8"):
    path = tmp_path / "receipts.csv"
    path.write_bytes(text.encode(encoding))
    found = collect_receipts(path, students)
    return (
        {one.student.id: (one.place, one.source) for one in found.submissions},
        [id.format(**fields) for id, fields in found.remarks],
    )


def test_two_columns_are_enough(tmp_path):
    assert _collect(tmp_path, "id,receipt\nanna,VMW1-A\nboris,VMW1-B\n") == (
        {"anna": ("receipts.csv:2", "VMW1-A"), "boris": ("receipts.csv:3", "VMW1-B")},
        [],
    )


@pytest.mark.parametrize(
    "text",
    [
        # Canvas, quiz report
        'name,id,sis_id,section,attempt,"77: Paste your receipt",score\nA.,4711,s1,1,1,<p>VMW1-A</p>,0\n',
        # Moodle, with the mark that spreadsheets want
        "\ufeffSurname;First name;ID number;Email address;Response 1\nA.;Anna;anna;a@x;VMW1-A\n",
        "SIS Login ID\tAnswer\nANNA\tVMW1-A\n",
        # a form of Google's
        "Отметка времени,Адрес электронной почты,Квитанция\n1,Anna@X.example,VMW1-A\n",
    ],
)
def test_columns_of_an_lms_are_found(tmp_path, text):
    submissions, remarks = _collect(tmp_path, text)
    assert remarks == []
    assert submissions.keys() == {"anna"}
    assert "VMW1-A" in submissions["anna"][1]


def test_an_id_is_known_however_its_letters_are_put_together(tmp_path):
    text = unicodedata.normalize("NFD", "id,receipt\nzoé,VMW1-A\n")
    assert _collect(tmp_path, text, [Student("zoé", "Zoé")])[0].keys() == {"zoé"}


def test_an_id_counts_before_somebody_elses_address(tmp_path):
    students = (Student("x@y", "One"), Student("two", "Two", email="x@y"))
    submissions, _remarks = _collect(tmp_path, "id,receipt\nx@y,VMW1-A\n", students)
    assert submissions.keys() == {"x@y"}


def test_nobody_can_move_the_column_or_be_somebody_else_by_what_is_pasted(tmp_path):
    text = "id,Q1,Q2\nanna,boris VMW1-X,VMW1-A\nboris,nothing,VMW1-B\n"
    submissions, _remarks = _collect(tmp_path, text)
    assert submissions == {"anna": ("receipts.csv:2", "VMW1-A"), "boris": ("receipts.csv:3", "VMW1-B")}


def test_the_last_row_of_a_student_counts(tmp_path):
    submissions, remarks = _collect(tmp_path, "id,receipt\nanna,VMW1-A\ncarl,VMW1-C\nboris, \nanna,VMW1-B\n")
    assert submissions == {"anna": ("receipts.csv:5", "VMW1-B")}
    assert remarks == [
        "receipts.csv:3: carl is not on the roster",
        "receipts.csv:4: boris has pasted nothing",
        "receipts.csv:2 was not graded: receipts.csv:5 of anna is newer",
    ]


def test_cells_over_several_lines_and_huge_ones_stop_nobody(tmp_path):
    huge = "A" * 300_000
    submissions, _ = _collect(tmp_path, f'id,receipt\nanna,"VMW1-\nA"\nboris,VMW1-{huge}\n')
    assert submissions["anna"][1] == "VMW1-\nA"
    assert len(submissions["boris"][1]) > 300_000


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no column with ids of the roster"),
        ("who,receipt\nanna,VMW1-A\n", "has no column with ids of the roster"),
        ("id,receipt\ncarl,VMW1-A\n", "has no column with ids of the roster"),
        ("id,answer\nanna,hello\n", "has no column with receipts"),
        ("id\nanna\n", "has no column with receipts"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path, text, told):
    with pytest.raises(VmwidgetsError, match=told):
        _collect(tmp_path, text)


def test_other_encodings_are_refused(tmp_path):
    with pytest.raises(VmwidgetsError, match="is not UTF-8"):
        _collect(tmp_path, "id,receipt\nанна,VMW1-A\n", (ANNA, BORIS), "cp1251")


CELLS = st.lists(st.text(alphabet='ab,;"\r\n\t=VMW1-\x00я', max_size=12), max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CELLS, max_size=6), mine=st.text(alphabet='VMW1-A,;"\n', max_size=20))
def test_no_table_makes_it_fail_or_gives_somebody_elses_answers(tmp_path, rows, mine):
    lines = [",".join(row) for row in rows]
    with contextlib.suppress(VmwidgetsError):
        _collect(tmp_path, "\n".join(["id,receipt", *lines]))
    out = io.StringIO()
    csv.writer(out).writerows([("id", "receipt"), ("anna", mine), ("boris", "VMW1-B")])
    submissions, _remarks = _collect(tmp_path, out.getvalue())
    assert submissions["boris"][1] == "VMW1-B"
    assert submissions.get("anna", ("", mine.strip()))[1] == mine.strip()
