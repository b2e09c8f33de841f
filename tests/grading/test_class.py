"""A class with real replays: graded right, in any way, also after the grader was killed in the middle."""

import json
import os
import subprocess
import sys

import pytest

from tests.grading.hostile_class import SECRET, file_of, right
from vmwidgets.assignments.tokens import Token, hidden_seeds
from vmwidgets.grading.results import from_line

STUDENTS = ("perfect", "русский", "half", "copies", "missing")


@pytest.fixture(scope="module")
def files():
    """What each hands in."""
    answers = right("half")
    half = {item: one for item, one in answers.items() if not item.startswith(("a2.cpu", "a4", "a5", "a6"))}
    return {
        "perfect": file_of("perfect", right("perfect")),
        "русский": file_of("русский", right("русский")),
        "half": file_of("half", half),
        "copies": file_of("perfect", right("perfect")),
    }


@pytest.fixture
def room(tmp_path, files):
    rows = "".join(f"{student},{student.title()},{'ru' if student == 'русский' else 'en'}\n" for student in STUDENTS)
    (tmp_path / "roster.csv").write_text(f"id,name,language\n{rows}", encoding="utf-8")
    (tmp_path / "secret").write_bytes(SECRET)
    for student, data in files.items():
        path = tmp_path / "submitted" / student / "perimeter-en" / "perimeter.answers.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    return tmp_path


def _command(room):
    return subprocess.Popen(
        [sys.executable, "-m", "vmwidgets.cli", "grade", "submitted", "--roster", "roster.csv", "--secret", "secret"],
        cwd=room,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "VMWIDGETS_LANG": "en"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _results(room):
    lines = (room / "graded" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    return [from_line(line) for line in lines]


def test_a_grader_that_is_killed_goes_on_where_it_was(room):
    pipe = room / "first"
    os.mkfifo(pipe)
    # The ledger's first fsync opens the pipe and goes no further: there this test kills it.
    code = (
        "import os, signal, sys; from vmwidgets import cli; sync = os.fsync\n"
        "def told(handle):\n    sync(handle); open('first', 'w').close(); signal.pause()\n"
        "os.fsync = told; cli.main(sys.argv[1:])"
    )
    arguments = ["grade", "submitted", "--roster", "roster.csv", "--secret", "secret"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=room, env=environment) as process:
        pipe.read_text()
        process.kill()
    assert (room / "graded" / "results.jsonl").read_bytes().count(b"\n") == 1
    process = _command(room)
    out, _err = process.communicate(timeout=600)
    assert process.returncode == 0
    whole = [graded.student for graded in _results(room) if graded.refusal is None]
    assert sorted(whole) == ["half", "perfect", "русский"]
    assert out.startswith("3 students of 5 are graded\n")
    assert "  copies (Copies): the token is that of another student" in out
    assert "Nothing was handed in (blank in the tables):\n  missing (Missing)" in out
    assert "The very same file was handed in by:\n  copies, perfect" in out
    points = {graded.student: graded.points for graded in _results(room) if graded.refusal is None}
    assert points["perfect"] == points["русский"] == 90
    assert 0 < points["half"] < 60
    _nothing_hidden_is_told(room)


def _nothing_hidden_is_told(room):
    hidden = {SECRET.hex(), *(repr(bytes(SECRET))[2:-1],)}
    for path in (room / "submitted").rglob("*.jsonl"):
        token = Token.parse(json.loads(path.read_text(encoding="utf-8").split("\n")[0])["token"])
        hidden |= {form for seed in hidden_seeds(SECRET, token, 9) for form in (str(seed), f"{seed:x}", f"{seed:,}")}
    for path in (room / "graded").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not [one for one in hidden if one in text], path
