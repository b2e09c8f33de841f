"""Tables as people and LMSs save them."""

import pytest

from vmwidgets.grading.sheet import cell, read_sheet, safe
from vmwidgets.model.errors import VmwidgetsError


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_separators_and_marks_of_spreadsheets(tmp_path, sign):
    path = tmp_path / "a.csv"
    path.write_bytes(f'\ufeffid{sign}Text\r\nanna{sign}"two\r\nlines"\r\n{sign}\r\nboris\r\n'.encode())
    sheet = read_sheet(path)
    assert sheet.heads == ("id", "Text")
    assert sheet.rows == ((3, ("anna", "two\r\nlines")), (5, ("boris",)))
    assert (sheet.column("text"), sheet.column("id"), sheet.column("points")) == (1, 0, None)
    assert [cell(row, 1) for _line, row in sheet.rows] == ["two\r\nlines", ""]
    assert cell(sheet.rows[0][1], None) == ""


def test_a_column_that_is_there_twice_is_not_guessed_at(tmp_path):
    (tmp_path / "a.csv").write_text("id,points,points\nanna,7,8\n")
    assert read_sheet(tmp_path / "a.csv").column("points") is None


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "－1"])
def test_formulas_are_shown_not_computed(text):
    assert safe(text) == f"'{text}"
    assert cell((f"'{text}",), 0) == text.strip()


@pytest.mark.parametrize("text", ["", "1", "a=1", "Anna", "'=1", "    Points Possible"])
def test_plain_text_stays_as_it_is(text):
    assert safe(text) == text
    assert text == "'=1" or cell((text,), 0) == text.strip()


def test_nothing_is_a_table_without_rows(tmp_path):
    (tmp_path / "a.csv").write_text("")
    assert read_sheet(tmp_path / "a.csv").rows == read_sheet(tmp_path / "a.csv").heads == ()


@pytest.mark.parametrize("data", [b"id\n\xff\n", b'id\n"never closed\n', b'id\n"' + b"x" * 5_000_000 + b'"\n'])
def test_what_is_no_table_is_one_sentence(tmp_path, data):
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(VmwidgetsError, match=r"a\.csv, line 2( is not UTF-8|: this is not CSV)"):
        read_sheet(tmp_path / "a.csv")
