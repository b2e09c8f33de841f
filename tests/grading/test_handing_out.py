"""Tokens are tried before they are out, and stay as they are once they are."""

from datetime import date

import pytest

from tests.grading.class_of_three import LAST_DAY, SECRET, STUDENTS
from vmwidgets.assignments.tokens import MAX_REDRAW, Token, is_genuine, issue
from vmwidgets.grading.handing_out import Handout, handed_out, tokens_table
from vmwidgets.model.errors import VmwidgetsError

HANDOUT = Handout(SECRET, "perimeter", "2026a", LAST_DAY)


def _draw(student="anna", unfit=lambda token: None):
    return HANDOUT.draw(student, unfit)


def test_a_token_is_the_students_and_genuine():
    token = _draw()
    assert (token.student, token.term, token.expires, token.redraw) == ("anna", "2026a", LAST_DAY, 0)
    assert is_genuine(SECRET, token)


def test_unfit_variants_are_drawn_again():
    token = _draw(unfit=lambda token: "too easy" if token.redraw < 2 else None)
    assert token.redraw == 2
    assert is_genuine(SECRET, token)
    assert token.seed not in {_draw().seed}


def test_when_none_is_fit_the_reason_is_said():
    tried = []
    with pytest.raises(VmwidgetsError, match="no variant of 10 is fit for anna: too easy"):
        _draw(unfit=lambda token: tried.append(token.seed) or "too easy")
    assert len(set(tried)) == MAX_REDRAW + 1


@pytest.fixture
def table(tmp_path):
    def write(tokens, students=STUDENTS):
        path = tmp_path / "tokens.csv"
        path.write_text(tokens_table(students, tokens), encoding="utf-8")
        return path

    return write


def test_tokens_that_are_out_are_read_back(table):
    tokens = {student.id: _draw(student.id) for student in STUDENTS}
    path = table(tokens)
    assert handed_out(path, HANDOUT, STUDENTS) == tokens
    heads, anna, boris, _carl = path.read_text(encoding="utf-8").splitlines()
    assert heads == "id,name,language,token"
    assert anna == f"anna,Anna A.,en,{tokens['anna'].handed_out}"
    assert boris.startswith("boris,Борис Б.,ru,perimeter:2026a:boris:20270131:")


def test_nothing_is_out_before_the_first_call(tmp_path):
    assert handed_out(tmp_path / "tokens.csv", HANDOUT, STUDENTS) == {}


@pytest.mark.parametrize(
    "token",
    [
        issue(b"y" * 40, "perimeter", "anna", "2026a", LAST_DAY),
        issue(SECRET, "perimeter", "anna", "2025b", LAST_DAY),
        issue(SECRET, "perimeter", "anna", "2026a", date(2027, 6, 1)),
        issue(SECRET, "perimeter", "dora", "2026a", LAST_DAY),
        Token.parse("practice"),
    ],
)
def test_other_tokens_are_not_overwritten(table, token):
    path = table({"anna": token}, STUDENTS[:1])
    with pytest.raises(VmwidgetsError, match=r"line 2: this token of .* is not of this handout; choose another file"):
        handed_out(path, HANDOUT, STUDENTS)


@pytest.mark.parametrize("text", ["id,name\nanna,Anna\n", "", "thesis\n"])
def test_other_files_are_not_overwritten(tmp_path, text):
    (tmp_path / "tokens.csv").write_text(text)
    with pytest.raises(VmwidgetsError, match="is there already and holds no tokens"):
        handed_out(tmp_path / "tokens.csv", HANDOUT, STUDENTS)


def test_a_table_that_was_damaged_is_said_by_line(tmp_path):
    (tmp_path / "tokens.csv").write_text("id,name,language,token\nanna,Anna A.,en,\n")
    with pytest.raises(VmwidgetsError, match=r"tokens\.csv, line 2 is damaged: '' is no token"):
        handed_out(tmp_path / "tokens.csv", HANDOUT, STUDENTS)
