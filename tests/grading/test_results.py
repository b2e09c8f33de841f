"""A grading: when it has a sum, and that its line says everything again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.assignments.result import Result
from vmwidgets.grading.results import Graded, Refusal, from_line, to_line
from vmwidgets.model.errors import VmwidgetsError

READ = Result("a6", None, 10, "a person reads this", human=True)
WHOLE = Graded("s1", "00", (Result("a1", 3, 5, "{n} of {k}", "look", {"n": 3, "k": "five"}), READ), sandbox="limits")


def test_a_sum_needs_every_item_that_needs_no_person():
    assert WHOLE.points == 3
    assert WHOLE.most == 15
    aborted = Result("a2", None, 10, "the replay was stopped")
    assert Graded("s1", "00", (*WHOLE.results, aborted)).points is None
    assert Graded("s1", "00", (READ,)).points is None
    assert Graded("s1", "00", refusal=Refusal("no")).points is None
    read = Result("a6", 7, 10, human=True)
    assert Graded("s1", "00", (*WHOLE.results[:1], read)).points == 10


texts = st.text(max_size=20)
fields = st.dictionaries(
    texts,
    st.integers(-(10**18), 10**18) | st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=20),
    max_size=3,
)
results = st.builds(
    lambda points, most, **rest: Result(points=None if points is None else min(points, most), most=most, **rest),
    st.none() | st.integers(0, 30),
    st.integers(0, 30),
    item=texts,
    reason=texts,
    hint=texts,
    fields=fields,
    human=st.booleans(),
)


@given(
    st.builds(
        Graded,
        texts,
        texts,
        st.lists(results, max_size=4).map(tuple),
        st.none() | st.builds(Refusal, texts, fields),
        st.lists(st.integers(1, 9), max_size=3).map(tuple),
        texts,
        texts,
    )
)
def test_a_line_says_everything_again(graded):
    line = to_line(graded)
    assert len(line.splitlines()) == 1
    assert from_line(line) == graded


def test_a_record_is_the_one_that_readers_of_verdicts_know():
    told = json.loads(to_line(WHOLE))
    assert told["results"][0] == {
        "item": "a1",
        "points": 3,
        "max": 5,
        "reason": "{n} of {k}",
        "hint": "look",
        "fields": {"n": 3, "k": "five"},
    }
    assert (told["points"], told["max"]) == (3, 15)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("student", 1),
        ("results", {}),
        ("results", [{"item": "a1"}]),
        ("results", [{"item": "a1", "points": 6, "max": 5, "reason": "", "hint": ""}]),
        ("results", [{"item": "a1", "points": -1, "max": 5, "reason": "", "hint": ""}]),
        ("results", [{"item": "a1", "points": True, "max": 5, "reason": "", "hint": ""}]),
        ("results", [{"item": "a1", "points": 1.0, "max": 5, "reason": "", "hint": ""}]),
        ("refusal", "no"),
        ("damaged", [None]),
    ],
)
def test_a_line_that_is_none_is_refused(change, value):
    with pytest.raises(VmwidgetsError, match="no line of results"):
        from_line(json.dumps(json.loads(to_line(WHOLE)) | {change: value}))
    for text in ("", "{}", "[", "[" * 100_000, "null", to_line(WHOLE)[:-1]):
        with pytest.raises(VmwidgetsError, match="no line of results"):
            from_line(text)


def test_what_a_student_wrote_steers_no_terminal():
    shown = Graded("s", "0", (Result("a1", 0, 5, "{text}", "", {"text": "\x1b[2Jhi\r\n\u202e" + "x" * 1000}),))
    text = from_line(to_line(shown)).results[0].fields["text"]
    assert text.isprintable()
    assert text.startswith("\ufffd[2Jhi")
    assert len(text) == 200
