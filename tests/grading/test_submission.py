"""What was handed in: graded for whom it is, refused with its reason, and never a failure of the grader's."""

import json
import os
import pickle
import unicodedata
from datetime import date, timedelta
from hashlib import sha256

import pytest

from vmwidgets.answers import MAX_BYTES, MODEL, Answer, as_text
from vmwidgets.assignments.tokens import Secret, Token, hidden_seeds, issue
from vmwidgets.grading import submission
from vmwidgets.grading.replay import Request
from vmwidgets.grading.results import Graded, Refusal
from vmwidgets.grading.submission import grade_one, load, prepare
from vmwidgets.model.errors import VmwidgetsError

pytestmark = pytest.mark.usefixtures("double")
SECRET = Secret(b"only the teacher of this class knows")
DAY = date(2026, 12, 20)
TOKEN = issue(SECRET, "perimeter", "s17", "2026-autumn", DAY)
ANSWERS = (Answer("choice", "b1", 1), Answer("choice", "b2", 2), Answer("choice", "b2", 3))


def handed_in(token=TOKEN.text, answers=ANSWERS, chapter="perimeter"):
    return as_text(chapter, token, answers).encode()


def refusal(data, student="s17", on=DAY, secret=SECRET):
    graded = prepare(data, student, secret, on=on)
    assert isinstance(graded, Graded)
    assert (graded.student, graded.sha256, graded.results) == (student, sha256(data).hexdigest(), ())
    assert graded.points is None
    return graded.refusal


def test_a_whole_submission_is_graded():
    graded = grade_one(handed_in(), "s17", SECRET, on=DAY)
    assert (graded.student, graded.refusal, graded.points, graded.most) == ("s17", None, 9, 20)
    assert graded.sha256 == sha256(handed_in()).hexdigest()
    assert graded.results[0].fields == {"seed": TOKEN.seed, "boots": 2, "told": 1}


def test_what_is_replayed_is_the_latest_of_each_item_with_hidden_seeds_and_without_the_secret():
    found = prepare(handed_in(), "s17", SECRET, on=DAY)
    assert isinstance(found, Request)
    assert found.answers == (ANSWERS[0], ANSWERS[2])
    assert found.seeds == hidden_seeds(SECRET, TOKEN, 2)
    assert bytes(SECRET) not in pickle.dumps(found) + found.to_json() + repr(found).encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", submission.NOTHING),
        (b" \n", submission.NOTHING),
        (b"x" * (MAX_BYTES + 1), submission.TOO_LARGE),
        (b"{\n" * 6_000, submission.NO_ANSWERS),
        (b"hello", submission.NO_ANSWERS),
        (b"\xff\xfe" + handed_in(), submission.NO_ANSWERS),
        (handed_in(chapter="lending"), submission.NO_ANSWERS),
        (handed_in().replace(MODEL.encode(), b"vmwidgets/0"), submission.OTHER_MODEL),
        (handed_in("practice"), submission.PRACTICE),
        (handed_in("my token"), submission.NOT_GENUINE),
        (handed_in(TOKEN.text.replace("s17", "s18")), submission.NOT_GENUINE),
        (handed_in(issue(b"z" * 32, "perimeter", "s17", "2026-autumn", DAY).text), submission.NOT_GENUINE),
        (handed_in(issue(SECRET, "perimeter", "s18", "2026-autumn", DAY).text), submission.OTHER_STUDENT),
    ],
)
def test_what_cannot_be_graded_is_refused_with_its_reason(data, reason):
    assert refusal(data).reason == reason
    assert not {"s18", "hello", "my token"} & {str(value) for value in refusal(data).fields.values()}


def test_the_day_is_that_on_which_it_was_handed_in():
    assert isinstance(prepare(handed_in(), "s17", SECRET, on=DAY), Request)
    late = refusal(handed_in(), on=DAY + timedelta(days=1))
    assert late == Refusal(submission.EXPIRED, {"day": "2026-12-20"})


def test_tokens_of_another_term_are_refused_if_the_term_is_said():
    assert isinstance(prepare(handed_in(), "s17", SECRET, on=DAY, term="2026-autumn"), Request)
    other = prepare(handed_in(), "s17", SECRET, on=DAY, term="2027-spring")
    assert isinstance(other, Graded)
    assert other.refusal == Refusal(submission.OTHER_TERM)
    today = issue(SECRET, "perimeter", "s17", "t", date.today() + timedelta(days=1))
    assert isinstance(prepare(handed_in(today.text), "s17", SECRET), Request)
    assert prepare(handed_in(issue(SECRET, "perimeter", "s17", "t", date(2020, 1, 1)).text), "s17", SECRET).refusal


def test_the_letters_of_a_name_may_come_apart():
    token = issue(SECRET, "perimeter", "й", "t", DAY)
    for form in ("NFC", "NFD"):
        assert isinstance(prepare(handed_in(token.text), unicodedata.normalize(form, "й"), SECRET, on=DAY), Request)


def test_a_damaged_part_costs_its_own_points_and_says_so():
    data = handed_in(answers=ANSWERS[:1]) + b'{"kind": "choice", "item": "b2", "value": 1e5}\nwhat?\n'
    graded = grade_one(data, "s17", SECRET, on=DAY)
    assert (graded.points, graded.damaged) == (4, (3, 4))
    assert [(r.item, r.points, r.fields) for r in graded.results[1:2]] == [("b2", 0, {"line": 3})]


def test_the_teachers_faults_are_no_students():
    with pytest.raises(VmwidgetsError, match="too short"):
        prepare(handed_in(), "s17", b"short", on=DAY)


def test_only_a_regular_file_is_loaded(tmp_path):
    path = tmp_path / "perimeter.answers.jsonl"
    assert load(path) == Refusal(submission.NOTHING)
    path.write_bytes(handed_in())
    assert load(path) == handed_in()
    os.symlink(path, tmp_path / "link")
    os.symlink(tmp_path / "nowhere", tmp_path / "dangling")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "dangling", "pipe", "."):
        assert load(tmp_path / name) == Refusal(submission.NO_FILE)
    assert load("/dev/zero") == Refusal(submission.NO_FILE)
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(5 * 10**9)
    assert load(tmp_path / "sparse") == Refusal(submission.TOO_LARGE, {"most": MAX_BYTES})


def test_hidden_seeds_never_come_back():
    graded = grade_one(handed_in(), "s17", SECRET, on=DAY)
    told = json.dumps([dict(result.fields) for result in graded.results])
    assert not any(str(seed) in told for seed in hidden_seeds(SECRET, Token.parse(TOKEN.text), 10))


def test_a_file_that_its_owner_lets_nobody_read_is_said_to_be_one(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").write_bytes(handed_in())
    monkeypatch.setattr(os, "open", refuse)  # for the administrator can read everything
    assert load(tmp_path / "file") == Refusal(submission.UNREADABLE)
