"""A batch: nothing graded twice, nothing lost, nobody stopped by somebody else."""

import os
from datetime import date
from hashlib import sha256

import pytest

from tests.grading.class_of_three import LAST_DAY, RESULTS, SECRET, STUDENTS, instead_of_replay, submission
from vmwidgets import answer_sheet, receipts
from vmwidgets.answers import MAX_BYTES, Answer, parse
from vmwidgets.grading import folder
from vmwidgets.grading.collecting import Found
from vmwidgets.grading.folder import Batch
from vmwidgets.grading.ledger import MAX_GRADED, Ledger
from vmwidgets.grading.report import marks
from vmwidgets.grading.results import to_line
from vmwidgets.grading.workers import Lost, on_this_machine

ANNA, BORIS, CARL = STUDENTS


@pytest.fixture
def grade(tmp_path, monkeypatch):
    """Grade what is handed in by each student: bytes, a path or a receipt."""
    replayed = []

    def replay(request):
        replayed.append(request.student)
        return instead_of_replay(request)

    monkeypatch.setattr(folder, "replay", replay)

    def run(handed_in, on=LAST_DAY, runner=on_this_machine, secret=SECRET, term=None):
        replayed.clear()
        steps, skipped = [], []
        found = []
        for student, what in handed_in.items():
            if isinstance(what, bytes):
                path = tmp_path / f"{student.id}.answers.jsonl"
                path.write_bytes(what)
                what = path
            found.append(Found(student, student.id, what))
        with Ledger(tmp_path / "results.jsonl") as ledger:
            batch = Batch(
                "perimeter", secret, on, ledger, lambda: steps.append(1), skip=lambda: skipped.append(1), term=term
            )
            batch.run(found, runner)
        assert len(steps) + len(skipped) == len(batch.judged) == len(found)
        assert len(skipped) == batch.kept
        return batch, sorted(replayed)

    return run


def _reason(batch, student):
    return batch.judged[student.id].refusal.reason


def test_each_submission_is_replayed_once_and_kept(grade, tmp_path):
    handed_in = {student: submission(student.id) for student in STUDENTS}
    batch, replayed = grade(handed_in)
    assert replayed == ["anna", "boris", "carl"]
    assert {student: graded.results for student, graded in batch.judged.items()} == dict.fromkeys(replayed, RESULTS)
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    assert sorted(lines) == sorted(map(to_line, batch.judged.values()))

    again, replayed = grade(handed_in)
    assert (replayed, again.kept) == ([], 3)
    assert again.judged == batch.judged
    assert again.to_read == dict.fromkeys(["anna", "boris", "carl"], "It remains.")
    assert (tmp_path / "results.jsonl").read_text().splitlines() == lines


def test_after_a_crash_only_the_rest_is_replayed(grade):
    def crash(work, items):
        for item in items:
            if item.student == "boris":
                raise KeyboardInterrupt
            yield item, work(item)

    handed_in = {student: submission(student.id) for student in STUDENTS}
    with pytest.raises(KeyboardInterrupt):
        grade(handed_in, runner=crash)
    batch, replayed = grade(handed_in)
    assert replayed == ["boris", "carl"]
    assert batch.kept == 1


def test_a_new_hand_in_is_graded_and_the_old_one_not_again(grade):
    grade({ANNA: submission("anna"), BORIS: submission("boris")})
    batch, replayed = grade({ANNA: submission("anna", "better"), BORIS: submission("boris")})
    assert replayed == ["anna"]
    assert batch.to_read["anna"] == "better"


def test_the_sixth_is_refused_and_the_fifth_may_come_again(grade):
    for count in range(MAX_GRADED):
        assert grade({ANNA: submission("anna", f"attempt {count}")})[1] == ["anna"]
    batch, replayed = grade({ANNA: submission("anna", "attempt 6"), BORIS: submission("boris")})
    assert replayed == ["boris"]
    assert batch.judged["anna"].refusal.fields == {"most": 5}
    batch, replayed = grade({ANNA: submission("anna", "attempt 4")})
    assert (replayed, batch.kept, batch.judged["anna"].results) == ([], 1, RESULTS)


def test_refused_hand_ins_do_not_count_and_are_looked_at_again(grade, tmp_path):
    for count in range(MAX_GRADED + 1):
        batch, _ = grade({ANNA: submission("anna", f"attempt {count}", owner="boris")})
        assert _reason(batch, ANNA) == "the token is that of another student"
    size = (tmp_path / "results.jsonl").stat().st_size
    grade({ANNA: submission("anna", f"attempt {count}", owner="boris")})
    assert (tmp_path / "results.jsonl").stat().st_size == size  # the same refusal is written once
    assert grade({ANNA: submission("anna")}, secret=b"x" * 40)[0].judged["anna"].refusal is not None
    assert grade({ANNA: submission("anna")})[1] == ["anna"]


def test_nobody_is_stopped_by_somebody_else(grade, tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    batch, replayed = grade({ANNA: link, BORIS: tmp_path / "pipe", CARL: submission("carl")})
    assert replayed == ["carl"]
    assert _reason(batch, ANNA) == _reason(batch, BORIS) == "what was handed in is no regular file"
    batch, replayed = grade({ANNA: b"\xff" * 99, BORIS: b"{" * (MAX_BYTES + 1), CARL: submission("carl")})
    assert _reason(batch, ANNA) == "what was handed in is no answer file of this assignment"
    assert batch.judged["boris"].refusal.fields == {"most": MAX_BYTES}
    assert (replayed, batch.kept) == ([], 1)


def test_the_day_of_handing_in_counts(grade):
    batch, _ = grade({ANNA: submission("anna")}, on=date(2027, 2, 1))
    assert batch.judged["anna"].refusal.fields == {"day": "2027-01-31"}
    assert grade({ANNA: submission("anna")}, on=LAST_DAY)[1] == ["anna"]
    assert grade({ANNA: submission("anna")}, on=date(2027, 2, 1))[0].judged["anna"].refusal is None  # it was in time


def test_what_broke_off_is_not_graded_and_tried_again(grade):
    def lose(work, items):
        for item in items:
            yield item, Lost("lost")

    batch, _ = grade({ANNA: submission("anna")}, runner=lose)
    assert {r.points for r in batch.judged["anna"].results} == {None}
    assert {r.reason for r in batch.judged["anna"].results} == {"lost"}
    assert batch.judged["anna"].points is None
    assert grade({ANNA: submission("anna")})[1] == ["anna"]


def test_a_fault_of_the_grader_costs_one_submission(grade, monkeypatch):
    def replay(request):
        if request.student == "boris":
            raise RecursionError
        return instead_of_replay(request)

    def read(text):
        raise ZeroDivisionError

    monkeypatch.setattr(folder, "replay", replay)
    monkeypatch.setattr(receipts, "read", read)
    batch, _ = grade({ANNA: submission("anna"), BORIS: submission("boris"), CARL: "a receipt"})
    assert batch.judged["anna"].points == 5
    assert batch.judged["boris"].points is batch.judged["carl"].points is None
    assert batch.judged["boris"].results[0].fields == {"error": "RecursionError"}
    assert batch.judged["carl"].results[0].fields == {"error": "ZeroDivisionError"}


@pytest.mark.parametrize("graded_before", [False, True])
@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ({"term": "some other term"}, "the token is one of another term"),
        ({"secret": b"x" * 40}, "the token is not one that was made for this class"),
    ],
)
def test_a_token_that_is_not_taken_is_refused_also_after_it_was_taken_once(grade, graded_before, why, reason):
    if graded_before:
        grade({ANNA: submission("anna")})
    batch, replayed = grade({ANNA: submission("anna")}, **why)
    assert replayed == []
    assert _reason(batch, ANNA) == reason
    assert marks(batch, [ANNA], {})[0].points(with_text=False) is None


def test_what_was_graded_stands_when_the_model_is_another_one(grade, monkeypatch):
    handed_in = {ANNA: submission("anna")}
    grade(handed_in)
    monkeypatch.setattr(answer_sheet, "MODEL", "vmwidgets/99")
    batch, replayed = grade(handed_in | {BORIS: handed_in[ANNA]})
    assert (replayed, batch.kept) == ([], 1)
    assert batch.judged["anna"].results == RESULTS
    assert _reason(batch, BORIS) == "the answers were given with another version of vmwidgets"


def test_a_receipt_in_a_page_that_an_lms_saved_is_found(grade, tmp_path):
    sheet = parse(submission("anna"), "perimeter")
    page = tmp_path / "onlinetext.html"
    page.write_text(f"<html><p>{receipts.write('perimeter', sheet.token, sheet.answers)}</p></html>", encoding="utf-8")
    other = tmp_path / "receipt.txt"
    other.write_bytes(b"Here you are.\xff")
    batch, replayed = grade({ANNA: page, BORIS: other})
    assert replayed == ["anna"]
    assert batch.judged["anna"].results
    assert _reason(batch, BORIS).startswith("what was pasted is no receipt")


def test_receipts_are_graded_as_files_are(grade):
    sheet = parse(submission("anna"), "perimeter")
    text = receipts.write("perimeter", sheet.token, sheet.answers)
    long = Answer("program", "a2.cpu", "".join(sha256(bytes([count])).hexdigest() for count in range(250)))
    batch, replayed = grade(
        {
            ANNA: f"<p>{text[:40]}\n{text[40:]}</p>",
            BORIS: text[:-3],
            CARL: receipts.write("perimeter", sheet.token, [long]),
        }
    )
    assert replayed == ["anna"]
    assert batch.to_read["anna"] == "It remains."
    assert _reason(batch, BORIS).startswith("what was pasted is no receipt")
    assert "has to be handed in" in _reason(batch, CARL)
