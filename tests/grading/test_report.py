"""What the teacher finds in the end: a mark a student, files, and a summary that leaves nobody out."""

import csv

import pytest

from tests.grading.class_of_three import LAST_DAY, RESULTS, ROSTER, SECRET, STUDENTS, submission
from tests.grading.test_marks import BROKEN_OFF
from vmwidgets import locale
from vmwidgets.grading import report
from vmwidgets.grading.folder import Batch
from vmwidgets.grading.ledger import Ledger
from vmwidgets.grading.marks import Reading
from vmwidgets.grading.results import Graded, Refusal
from vmwidgets.grading.roster import Roster, Student

REFUSED = Refusal("the token was valid until {day}", {"day": "2027-01-31"})


@pytest.fixture(autouse=True)
def _english():
    locale.set_language("en")
    yield
    locale.set_language(None)


@pytest.fixture
def batch(tmp_path):
    with Ledger(tmp_path / "results.jsonl") as ledger:
        yield Batch("perimeter", SECRET, LAST_DAY, ledger, lambda: None)


def _judge(batch, *gradings):
    for graded in gradings:
        batch.ledger.add(graded)
        batch.judged[graded.student] = graded


def _marks(batch, readings=None):
    return {mark.student.id: mark for mark in report.marks(batch, STUDENTS, readings or {})}


def test_everybody_on_the_roster_has_a_mark(batch):
    _judge(batch, Graded("anna", "1", RESULTS))
    batch.to_read["anna"] = "It remains."
    marks = _marks(batch, {"anna": Reading(7)})
    assert list(marks) == ["anna", "boris", "carl"]
    assert (marks["anna"].points(True), marks["anna"].text) == (12, "It remains.")
    assert marks["boris"].graded is None


def test_a_refused_hand_in_does_not_take_the_mark_of_an_earlier_one(batch):
    _judge(batch, Graded("anna", "1", RESULTS), Graded("anna", "2", refusal=REFUSED))
    mark = _marks(batch)["anna"]
    assert mark.points(False) == 5
    assert mark.remarks[-1] == (REFUSED.reason, REFUSED.fields)
    assert "  anna (Anna A.): the token was valid until 2027-01-31" in report.summary(batch, [mark], [])


def test_what_broke_off_is_blank_also_after_an_earlier_grading(batch):
    _judge(batch, Graded("anna", "1", RESULTS), Graded("anna", "2", (BROKEN_OFF,)))
    assert _marks(batch)["anna"].points(False) is None


def test_who_was_graded_in_an_earlier_run_keeps_the_mark(batch):
    batch.ledger.add(Graded("anna", "1", RESULTS))
    assert _marks(batch)["anna"].points(False) == 5


def test_the_summary_leaves_nobody_out(batch):
    _judge(
        batch,
        Graded("anna", "1", RESULTS),
        Graded("boris", "1", refusal=Refusal("the token is that of another student")),
        Graded("carl", "2", (BROKEN_OFF, RESULTS[1])),
    )
    batch.kept = 2
    marks = report.marks(batch, (*STUDENTS, Student("dora", "Dora\x1b[2J")), {})
    told = report.summary(batch, marks, [("{place} is a link and was not followed", {"place": "x"})])
    assert "\n".join(told).split("\n\n") == [
        "1 student of 4 is graded\n2 gradings were there already",
        "Refused:\n  boris (Борис Б.): the token is that of another student",
        "Not graded, to be looked at (run the command again to try once more):\n"
        "  carl (Carl C.): A5 Price: the time was up",
        "Nothing was handed in (blank in the tables):\n  dora (Dora\\x1b[2J)",
        "The very same file was handed in by:\n  anna, boris",
        "2 texts in a6.csv are for you to read",
        "Passed over:\n  x is a link and was not followed",
    ]


def test_a_class_without_trouble_has_a_short_summary(batch):
    _judge(batch, *(Graded(student.id, student.id, RESULTS[:1]) for student in STUDENTS))
    marks = report.marks(batch, STUDENTS, {})
    assert report.summary(batch, marks, []) == ["3 students of 3 are graded"]


def _column(path, index):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row[index] for row in csv.reader(file)]


def test_files_are_written_for_everybody(batch, tmp_path):
    _judge(batch, Graded("anna", "1", RESULTS), Graded("boris", "2", refusal=REFUSED))
    out = tmp_path / "graded"
    out.mkdir()
    roster = Roster(STUDENTS, ("Student", "ID", "Perimeter (77)"))
    report.write(out, "perimeter", report.marks(batch, STUDENTS, {}), roster, {"anna": Reading(3)}, with_text=False)
    assert _column(out / "canvas.csv", 5) == ["Perimeter, without A6", "90", "5", "", ""]
    assert _column(out / "a6.csv", 1) == ["points", "3"]  # filled in, and does not count yet
    assert sorted(path.name for path in (out / "feedback").iterdir()) == ["anna.html", "boris.html", "carl.html"]
    marks = report.marks(batch, STUDENTS, {"anna": Reading(3)})
    report.write(out, "perimeter", marks, roster, {"anna": Reading(3)}, with_text=True)
    assert _column(out / "canvas.csv", 5) == ["Perimeter (77)", "100", "8", "", ""]
    assert _column(out / "moodle.csv", 3) == ["Perimeter (Real)", "8", "", ""]
    assert not list(out.rglob(".*"))


def test_pages_hold_nothing_that_was_hidden(batch, tmp_path):
    _judge(batch, Graded("anna", "1", RESULTS))
    report.write(tmp_path, "perimeter", report.marks(batch, STUDENTS, {}), ROSTER, {}, with_text=True)
    for page in (tmp_path / "feedback").iterdir():
        assert SECRET.decode() not in page.read_text(encoding="utf-8")
        assert submission("anna").decode().split('"token": "')[1][:30] not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("student", ["anna", "имя", "a b", "\N{GRINNING FACE}" * 64])
def test_every_id_has_a_page_of_its_own_in_the_folder(student, tmp_path):
    path = tmp_path / report.page_name(student)
    path.write_text("")
    assert [one.parent for one in tmp_path.iterdir()] == [tmp_path]
