"""The teacher's commands, as they are typed."""

import csv
import re
import shlex
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.grading.class_of_three import SECRET, STUDENTS, instead_of_replay, submission
from tests.needs import ROOT
from vmwidgets import cli, locale
from vmwidgets.assignments.tokens import Token, is_genuine, read_secret
from vmwidgets.grading import commands, folder, sandbox


@pytest.fixture(autouse=True)
def _english():
    locale.set_language("en")
    yield
    locale.set_language(None)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        try:
            code = cli.main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder with roster and secret, and a grader that is quick."""
    rows = "".join(f"{s.id},{s.name},{s.language}\n" for s in STUDENTS)
    (tmp_path / "roster.csv").write_text(f"id,name,language\n{rows}", encoding="utf-8")
    (tmp_path / "secret").write_bytes(SECRET)
    monkeypatch.setattr(folder, "replay", instead_of_replay)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _hand_in(room, **texts):
    for student, text in texts.items():
        path = room / "submitted" / student / "perimeter.answers.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(submission(student, text))


GRADE = ("grade", "submitted", "--roster", "roster.csv", "--secret", "secret", "--on", "2027-01-31")


def _column(path, index):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [row[index] for row in csv.reader(file)]


def test_a_secret_is_random_private_and_made_once(run, tmp_path):
    assert run("secret", tmp_path / "a")[0] == run("secret", tmp_path / "b")[0] == 0
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    before = (tmp_path / "a").read_bytes()
    assert before != (tmp_path / "b").read_bytes()
    assert len(before) >= 32
    code, out, err = run("secret", tmp_path / "a")
    assert (code, out) == (2, "")
    assert err == f"vmwidgets secret: {tmp_path / 'a'} is there already, and no secret is ever overwritten\n"
    assert (tmp_path / "a").read_bytes() == before


TOKENS = ("tokens", "--roster", "roster.csv", "--term", "2026a", "--secret", "secret", "--expires", "2027-01-31")


def test_tokens_are_drawn_tried_and_kept(run, room):
    (room / "roster.csv").write_text("id,name,language\nboris,Борис,ru\n", encoding="utf-8")
    code, out, err = run(*TOKENS, "--out", "tokens.csv")
    assert (code, out[:41]) == (0, "tokens.csv: 1 new tokens, 0 that were the")
    assert "tried 1 variants of 1" in err
    before = (room / "tokens.csv").read_text(encoding="utf-8")
    with (room / "roster.csv").open("a", encoding="utf-8") as file:
        file.write("dora,Dora D.,en\n")
    assert run(*TOKENS, "--out", "tokens.csv")[1].startswith("tokens.csv: 1 new tokens, 1 that were there")
    assert (room / "tokens.csv").read_text(encoding="utf-8").startswith(before)
    tokens = [Token.parse(text) for text in _column("tokens.csv", 3)[1:]]
    assert [token.student for token in tokens] == ["boris", "dora"]
    assert all(is_genuine(read_secret("secret"), token) for token in tokens)
    (room / "secret").write_bytes(b"z" * 40)
    assert run(*TOKENS, "--out", "tokens.csv")[0] == 2


def test_tokens_stopped_by_hand_are_not_written(run, room, monkeypatch):
    class Pool(ThreadPoolExecutor):
        def __init__(self, most, initializer, initargs):
            super().__init__(most)

        def map(self, work, items):
            raise KeyboardInterrupt

    monkeypatch.setattr(commands, "ProcessPoolExecutor", Pool)
    assert run(*TOKENS, "--out", "tokens.csv") == (130, "", "stopped; no token has been written\n")
    assert not (room / "tokens.csv").exists()


def test_a_class_is_graded_from_a_folder(run, room):
    _hand_in(room, anna="It remains.", boris="Остаётся.")
    code, out, err = run(*GRADE)
    assert code == 0
    assert out.startswith("2 students of 3 are graded\n")
    assert out == (room / "graded" / "summary.txt").read_text(encoding="utf-8")
    assert "graded 2 of 2" in err
    assert _column("graded/canvas.csv", 5) == ["Perimeter, without A6", "90", "5", "5", ""]
    assert _column("graded/a6.csv", 3)[1:] == ["It remains.", "Остаётся."]
    assert stat.S_IMODE((room / "graded").stat().st_mode) == 0o700
    assert 'lang="ru"' in (room / "graded" / "feedback" / "boris.html").read_text(encoding="utf-8")


def test_texts_that_were_read_are_added_and_never_lost(run, room):
    _hand_in(room, anna="It remains.", boris="Остаётся.")
    run(*GRADE)
    path = room / "graded" / "a6.csv"
    path.write_text("id;points;comment\nanna;7;Good\n", encoding="utf-8")
    run(*GRADE)
    assert _column(path, 1) == ["points", "7", ""]
    assert "2 gradings were there already" in run(*GRADE, "--rubric", path)[1]
    assert _column("graded/canvas.csv", 5) == ["Perimeter", "100", "12", "", ""]
    path.write_text("id,points\nanna,11\n", encoding="utf-8")
    code, out, err = run(*GRADE)
    assert (code, out) == (2, "")
    assert "line 2, column points: '11' is not a whole number from 0 to 10" in err
    assert path.read_text(encoding="utf-8") == "id,points\nanna,11\n"


def test_a_class_is_graded_from_receipts(run, room):
    (room / "quiz.csv").write_text("id,receipt\nanna,VMW1-nonsense\n")
    code, out, _ = run("grade", "quiz.csv", *GRADE[2:])
    assert code == 0
    assert "anna (Anna A.): what was pasted is no receipt, or a damaged one" in out


def test_a_sandbox_that_is_not_there_is_said_before_anything_is_graded(run, room, monkeypatch):
    _hand_in(room, anna="a")
    monkeypatch.setattr(sandbox, "has_bubblewrap", lambda: False)
    code, out, err = run(*GRADE, "--sandbox")
    assert (code, out) == (2, "")
    assert "bubblewrap is not installed here" in err
    assert not (room / "graded").exists()


def test_a_second_run_grades_nothing_twice(run, room, monkeypatch):
    _hand_in(room, anna="a", boris="b")
    run(*GRADE)
    monkeypatch.setattr(folder, "replay", lambda request: pytest.fail("this was graded already"))
    _hand_in(room, anna="a")
    assert "2 gradings were there already" in run(*GRADE)[1]


def test_stopped_by_hand_it_goes_on_later(run, room, monkeypatch):
    def stop(work, items):
        items = iter(items)
        yield (item := next(items)), work(item)
        raise KeyboardInterrupt

    _hand_in(room, anna="a", boris="b", carl="c")
    with monkeypatch.context() as stopped:
        stopped.setattr(commands, "on_this_machine", stop)
        code, out, err = run(*GRADE)
    assert (code, out) == (130, "")
    assert err.endswith("stopped; what is graded is kept, and the same command goes on from there\n")
    assert run(*GRADE)[1].startswith("3 students of 3 are graded\n1 grading was there already\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("grade", "nothing", *GRADE[2:]), "nothing is neither a folder nor a CSV file"),
        (("grade", "no.csv", *GRADE[2:]), "no.csv cannot be read"),
        ((*GRADE, "--on", "31.01.2027"), "argument --on: '31.01.2027' is no day, expected YYYY-MM-DD"),
        ((*GRADE, "--rubric", "no.csv"), "no.csv cannot be read"),
        ((*GRADE, "--secret", "no"), "no cannot be read"),
        ((*GRADE, "--secret", "short"), "short holds no secret"),
        ((*GRADE, "--roster", "no.csv"), "no.csv cannot be read"),
        ((*GRADE, "--assignment", "thesis"), "argument --assignment: invalid choice: 'thesis'"),
        ((*TOKENS, "--out", "roster.csv"), "roster.csv is there already and holds no tokens"),
        ((*TOKENS, "--out", "t.csv", "--term", "a:b"), "term is 'a:b', expected"),
        ((*TOKENS, "--out", "roster.csv/t.csv"), "roster.csv cannot be written: File exists"),
        ((*GRADE, "--out", "roster.csv"), "roster.csv cannot be written: File exists"),
        ((*GRADE, "--out", "taken"), "taken/canvas.csv cannot be written: Is a directory"),
        (("tokens",), "the following arguments are required"),
    ],
)
def test_what_is_refused_gets_one_sentence(run, room, arguments, told):
    (room / "submitted").mkdir()
    (room / "taken" / "canvas.csv").mkdir(parents=True)
    (room / "short").write_bytes(b"short")
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_texts_of_those_graded_from_another_folder_stay_to_be_read(run, room):
    anna, boris = (student.id for student in STUDENTS[:2])
    _hand_in(room, **{anna: "It remains."})
    run(*GRADE)
    (room / "submitted" / anna).rename(room / "kept")
    _hand_in(room, **{boris: "That does, too."})
    run(*GRADE)
    assert _column("graded/a6.csv", 3)[1:] == ["It remains.", "That does, too."]


GUIDES = ("README.md", "course/assignments/README.md", "course/assignments/README.ru.md")


@pytest.mark.parametrize("guide", GUIDES)
def test_commands_of_the_guides_are_understood(guide):
    text = (ROOT / guide).read_text(encoding="utf-8")
    lines = [
        shlex.split(line)[1:] for line in re.findall(r"^vmwidgets (?:secret|tokens|grade) .*$", text, re.MULTILINE)
    ]
    assert [cli._parser().parse_args(line).command for line in lines] == ["secret", "tokens", "grade"]


def test_options_of_the_guides_are_there(capsys):
    known = {"--force", "--student"}  # nbgrader's
    for command in ("tokens", "grade"):
        with pytest.raises(SystemExit):
            cli.main([command, "--help"])
        known |= set(re.findall(r"--[a-z]+", capsys.readouterr().out))
    for guide in GUIDES[1:]:
        told = set(re.findall(r"`(--[a-z]+)", (ROOT / guide).read_text(encoding="utf-8")))
        assert {"--rubric", "--on", "--sandbox", "--scheduler", "--term"} <= told <= known
