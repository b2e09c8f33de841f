"""The bytes of an answer file: read strictly, and damage costs what is damaged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.answers import MAX_BYTES, MODEL, parse
from vmwidgets.model.errors import VmwidgetsError

HEADER = {"vmwidgets": "answers", "schema": 1, "chapter": "c", "token": "t", "model": MODEL}
RECORD = {"kind": "prediction", "item": "x", "value": 3, "confidence": 2}


def sheet(*lines, header=HEADER):
    text = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in (header, *lines)]
    return parse(b"\n".join(text), "c")


def test_a_damaged_line_costs_the_item_it_answers_and_no_other():
    good, other = {**RECORD, "item": "y"}, {**RECORD, "item": "z"}
    found = sheet(RECORD, good, other, {**RECORD, "value": 1.5}, b'{"kind": "text", "item": "z", "val', b"\xff{")
    assert set(found.latest) == {"y"}
    assert [(damage.line, damage.item) for damage in found.damaged] == [(5, "x"), (6, "z"), (7, None)]
    assert [damage.error.id for damage in found.damaged] == [
        "{text} is not a whole number",
        "this is not a JSON object: {text}",
        "this is not a JSON object: {text}",
    ]
    assert len(found.answers) == 3


def test_an_item_that_is_answered_again_after_the_damage_is_whole():
    found = sheet({**RECORD, "value": None}, RECORD)
    assert found.latest["x"].value == 3
    assert len(found.damaged) == 1


def test_the_last_record_of_an_item_counts():
    assert sheet(RECORD, {**RECORD, "value": 4}, {**RECORD, "item": "y"}).latest["x"].value == 4


def test_what_an_editor_adds_does_no_harm():
    text = json.dumps(HEADER) + "\r\n\r\n" + json.dumps(RECORD) + "\r\n \n"
    found = parse(b"\xef\xbb\xbf" + text.encode(), "c")
    assert found.latest["x"].value == 3
    assert not found.damaged


@pytest.mark.parametrize(
    ("header", "id"),
    [
        (b"", "line 1: this is not the header of answers to {name}"),
        (b"[" * 10_000, "line 1: this is not the header of answers to {name}"),
        ({**HEADER, "chapter": "d"}, "line 1: this is not the header of answers to {name}"),
        (
            {**HEADER, "model": "vmwidgets/0"},
            "line 1: these answers were given with model {model}, and this is {expected}",
        ),
        (
            {**HEADER, "token": "a\nb"},
            "token is {value}, expected 1 to {most} printable characters without blanks at the ends",
        ),
    ],
)
def test_a_header_is_refused_with_its_reason(header, id):
    with pytest.raises(VmwidgetsError) as refused:
        sheet(RECORD, header=header)
    assert refused.value.id == id


def test_what_is_too_large_is_not_even_looked_at():
    with pytest.raises(VmwidgetsError, match="larger than"):
        parse(b"x" * (MAX_BYTES + 1), "c")
    with pytest.raises(VmwidgetsError, match="more than 5001 lines"):
        parse(b"{\n" * 5002, "c")


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_fail_otherwise(data):
    found = parse(json.dumps(HEADER).encode() + b"\n" + data, "c")
    assert set(found.latest) <= {answer.item for answer in found.answers}
