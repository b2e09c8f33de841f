"""A student's page: every word escaped, in the student's language, with nothing to load and nothing that was hidden."""

import re
from html.parser import HTMLParser

import pytest

from tests.grading.test_marks import A5, BROKEN_OFF, NO_TEXT, TEXT, _graded
from vmwidgets import locale
from vmwidgets.assignments.result import Result
from vmwidgets.grading import feedback
from vmwidgets.grading.marks import Mark, Reading
from vmwidgets.grading.results import Refusal
from vmwidgets.grading.roster import Student

ANNA = Student("anna", "Anna A.")
EVIL = "<script>alert(1)</script>\"'&"


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.text.append(data)


def _page(mark, with_text=True):
    page = _Page(feedback.page(mark, "perimeter", with_text))
    assert page.open == []
    return page, " ".join(" ".join(page.text).split())


@pytest.fixture(autouse=True)
def _english():
    locale.set_language("en")
    yield
    locale.set_language(None)


def test_points_reason_and_help_of_each_item():
    hard = Result(
        "a2.cpu", 8, 10, "crossed on {boots} instances", "look at {layer}", {"boots": 2_000, "layer": "the VMM"}
    )
    _, text = _page(Mark(ANNA, _graded(hard, A5, TEXT), reading=Reading(9, "Short & clear")))
    assert "Anna A. (anna)" in text
    assert "Points: 22 of 30" in text
    assert "A2 Processor time 8 of 10 Crossed on 2,000 instances. Look at the VMM." in text
    assert "A5 Price 5 of 10" in text
    assert "A6 Post-mortem 9 of 10 Read by your teacher. Short & clear" in text


def test_an_item_without_points_has_a_dash():
    rules = Result("a0", 0, 0, "You have agreed to the rules.")
    assert "A0 Rules – You have agreed to the rules." in _page(Mark(ANNA, _graded(rules)))[1]
    assert feedback.in_short(Mark(ANNA, _graded(rules))) == "A0 Rules: – (You have agreed to the rules.)"


def test_what_is_not_graded_says_so_and_is_no_zero():
    _, text = _page(Mark(ANNA, _graded(BROKEN_OFF, TEXT)))
    assert "Points: not graded, of 20" in text
    assert "A5 Price not graded, of 10 The time was up." in text
    _, text = _page(Mark(ANNA, _graded(A5, TEXT)), with_text=False)
    assert "Points: 5 of 10" in text
    assert "A6 Post-mortem not graded, of 10 A person has to read it." in text


def test_refused_missing_and_damaged_in_words():
    refused = _graded(refusal=Refusal("the token was valid until {day}", {"day": "2027-01-31"}))
    assert "Not graded: the token was valid until 2027-01-31." in _page(Mark(ANNA, refused))[1]
    assert "Nothing was handed in." in _page(Mark(ANNA, None))[1]
    damaged = feedback.page(Mark(ANNA, type(refused)("anna", "0", (A5,), damaged=(3, 7))), "perimeter", True)
    assert "could not be read: 3, 7." in damaged
    rigged = feedback.page(
        Mark(ANNA, type(refused)("anna", "0", (A5,), damaged=tuple(range(2, 5_000)))), "perimeter", True
    )
    assert "20, 21, …." in rigged
    assert "22" not in rigged


def test_the_page_speaks_the_students_language_whatever_the_teachers_is():
    page, text = _page(Mark(Student("boris", "Борис", "ru"), _graded(A5)))
    assert ("html", {"lang": "ru"}) in page.tags
    assert locale.language() == "en"
    with locale.speaking("ru"):
        assert feedback._("Nothing was handed in.") in _page(Mark(Student("b", "B", "ru"), None))[1]
        assert ("html", {"lang": "en"}) in _page(Mark(ANNA, None))[0].tags
    assert "Борис (boris)" in text


def test_everything_is_escaped():
    result = Result("a5", 0, 10, "because of {what}", "try {what}", {"what": EVIL})
    mark = Mark(
        Student("<b>", EVIL), _graded(result, TEXT), EVIL, Reading(1, EVIL), remarks=(("see {place}", {"place": EVIL}),)
    )
    page, text = _page(mark)
    assert {tag for tag, _ in page.tags} == {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "p"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    }
    assert text.count(EVIL) == 5


def test_nothing_is_loaded_and_both_themes_are_there():
    source = feedback.page(Mark(ANNA, _graded(A5)), "perimeter", True)
    assert not re.search(r"src=|href|url\(|@import|https?://", source)
    assert "default-src 'none'" in source
    assert "prefers-color-scheme: dark" in source


def test_in_short_has_a_line_for_each_item():
    mark = Mark(ANNA, _graded(A5, NO_TEXT))
    assert feedback.in_short(mark).splitlines() == [
        "A5 Price: 5 of 10",
        "A6 Post-mortem: 0 of 10 (Nothing was handed in.)",
    ]
