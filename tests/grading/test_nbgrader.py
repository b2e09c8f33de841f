"""nbgrader from the teacher's folder to grades and feedback, on a class in which hardly anybody does as asked."""

import base64
import csv
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.grading.hostile_class import SECRET, Handed, hand_in, make_class, token
from vmwidgets.answers import MAX_BYTES
from vmwidgets.assignments.perimeter import BOOTS, ITEMS
from vmwidgets.assignments.tokens import Token, hidden_seeds
from vmwidgets.grading import nbgrader_step
from vmwidgets.grading.nbgrader_step import LEDGER, REJECTED
from vmwidgets.grading.words import points as spoken_points
from vmwidgets.locale import speaking

ASSIGNMENTS = Path(__file__).parents[2] / "course" / "assignments"
EN, RU = "perimeter-en", "perimeter-ru"
DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)
FULL = {item.id: item.most for item in ITEMS if item.most and not item.human}
NOT_GRADED = {
    "nothing": "nothing was handed in",
    "links": "what was handed in is no regular file",
    "copies": "the token is that of another student",
    "torn": "what was handed in is no answer file of this assignment",
    "oversized": "what was handed in is larger than 262,144 bytes",
    "oldfile": "the answers were given with another version of vmwidgets",
}
"""Who gets no grade, and why: a person has to look at it."""
WHOLE = ("perfect", "late", "doubles", "deletes", "русский")
NOTHING, STOPPED, NONE_CROSSED = "Nothing was handed in", "The program was stopped", "None of your programs has crossed"
PROGRAMS = ("a2.memory", "a2.device", "a2.cpu")
PARTS: dict[str, dict[str, tuple[int, str]]] = {
    "half": {
        "a2.cpu": (0, NOTHING),
        "a3": (10, "memory 5, devices 5, processor 0"),
        **dict.fromkeys(("a4.exploits", "a4.mutants", "a4.workload", "a5"), (0, NOTHING)),
    },
    "empty": dict.fromkeys(FULL, (0, NOTHING)),
    "patches": dict.fromkeys(FULL, (0, NOTHING)),
    "forger": {**dict.fromkeys(FULL, (0, NOTHING)), "a2.memory": (0, "The answer in line 2 of the file is damaged")},
    "loops": {**dict.fromkeys(PROGRAMS, (0, STOPPED)), "a4.exploits": (0, NONE_CROSSED)},
    "bomb": {
        **dict.fromkeys(PROGRAMS, (0, "this is more than 16,384 bytes of data")),
        "a4.exploits": (0, NONE_CROSSED),
    },
    "corrupted": {"a2.device": (0, "The answer in line 8 of the file is damaged"), "a4.exploits": (6, "2 of 3")},
}
"""Who loses points with which items: what is left, and the reason."""


class Course:
    """A copy of the course folder, nbgrader's command on it, and the class that hands in."""

    def __init__(self, home: Path) -> None:
        self.root = home / "course"
        shutil.copytree(ASSIGNMENTS, self.root, ignore=shutil.ignore_patterns("gradebook.db", "release", LEDGER))
        self.secret = home / "secret"
        self.secret.write_bytes(SECRET)
        self.exchange, self.desk = home / "exchange", home / "desk"
        for folder in (self.exchange, self.desk):
            folder.mkdir()
        self.exchange.chmod(0o777)
        self.environment = {
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # alembic lies there
            "VMWIDGETS_SECRET": str(self.secret),
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def nbgrader(self, *arguments: str, at: Path | None = None, fails: bool = False) -> str:
        """Run a command of nbgrader in a folder, by default the course's, and return what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments, f"--Exchange.root={self.exchange}"],
            cwd=at or self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) is fails, done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def students() -> dict[str, Handed]:
    return make_class()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, students: dict[str, Handed]) -> Course:
    """From the teacher's folder to feedback. One student goes by the exchange, the others lie in its folder."""
    course = Course(tmp_path_factory.mktemp("nbgrader"))
    for name in (EN, RU):
        course.nbgrader("generate_assignment", name)
    course.nbgrader("release_assignment", EN)
    course.nbgrader("fetch_assignment", EN, "--course=vmwidgets", at=course.desk)
    data = students["perfect"].data
    assert data is not None
    (course.desk / EN / "perimeter.answers.jsonl").write_bytes(data)
    course.nbgrader("submit", EN, "--course=vmwidgets", "--CourseDirectory.student_id=perfect", at=course.desk)
    course.nbgrader("collect", EN)
    submitted, released = course.root / "submitted", course.root / "release"
    classmate = submitted / "perfect" / EN / "perimeter.answers.jsonl"
    others = {who: handed for who, handed in students.items() if who not in ("perfect", "русский")}
    hand_in(submitted, released / EN / "perimeter.ipynb", others, classmate)
    hand_in(submitted, released / RU / "perimeter.ipynb", {"русский": students["русский"]}, classmate)
    (submitted / "late" / EN / "timestamp.txt").write_text(str(DUE + timedelta(hours=2)))
    autograde(
        course, [("late", EN), *((who, EN) for who in students if who not in ("late", "русский")), ("русский", RU)]
    )
    course.nbgrader("export", "--to=grades.csv")
    return course


def autograde(course: Course, work: list[tuple[str, str]], again: int = 0) -> None:
    """Autograde one student per call, and write feedback. All in one process: nbgrader takes seconds to begin.

    After the first time each hands in the same ``again`` so many times, with a line end more in the file.
    """
    due = DUE.replace(tzinfo=None).isoformat()
    program = f"""
import sys
from nbgrader.apps import NbGrader, NbGraderAPI
from datetime import datetime
app = NbGrader(); app.initialize([]); app.load_config_file()
api = NbGraderAPI(config=app.config)
with api.gradebook as gradebook:
    gradebook.update_or_create_assignment({EN!r}, duedate=datetime.fromisoformat({due!r}))
for student, assignment in {work!r} * {again + 1}:
    for done in (api.autograde(assignment, student), api.generate_feedback(assignment, student)):
        if not done["success"]:
            sys.exit(student + done["error"] + done.get("log", ""))
    if {again}:
        with open("submitted/" + student + "/" + assignment + "/perimeter.answers.jsonl", "a") as answers:
            answers.write("\\n")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=course.root,
        env=course.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def feedback(course: Course, student: str, assignment: str = EN) -> str:
    """Return the words of a student's feedback."""
    page = (course.root / "feedback" / student / assignment / "perimeter.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<body")[2]).replace("&#39;", "'").split())


def points(course: Course, student: str, assignment: str = EN) -> dict[str, float | None]:
    """Return the points that nbgrader's database has of a student, item by item."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "vmwidgets") as gradebook:
        notebook = gradebook.find_submission_notebook("perimeter", assignment, student)
        return {grade.name.replace("_", ".", 1): grade.auto_score for grade in notebook.grades}


def test_the_class_is_complete(students: dict[str, Handed]) -> None:
    assert set(students) == {*NOT_GRADED, *WHOLE, *PARTS}


@pytest.mark.parametrize("student", WHOLE)
def test_what_students_do_to_the_notebook_costs_nothing(course: Course, student: str) -> None:
    assignment = RU if student == "русский" else EN
    assert points(course, student, assignment) == {**FULL, "a6": None}
    assert "switch of this board" in feedback(course, student, assignment)  # what a person has to read


@pytest.mark.parametrize("student", PARTS)
def test_a_broken_or_missing_part_costs_its_own_points(course: Course, student: str) -> None:
    found, told = points(course, student), feedback(course, student)
    human = found.pop("a6")
    assert found == {**FULL, **{item: kept for item, (kept, _) in PARTS[student].items()}}
    assert human is None or NOTHING in told
    for _, reason in PARTS[student].values():
        assert reason in told


@pytest.mark.parametrize("student", NOT_GRADED)
def test_what_cannot_be_graded_is_left_to_a_person_with_the_reason(course: Course, student: str) -> None:
    assert points(course, student) == dict.fromkeys((*FULL, "a6"))
    assert f"Not graded: {NOT_GRADED[student]}." in feedback(course, student)


def test_feedback_speaks_the_language_of_the_assignment(course: Course) -> None:
    with speaking("ru"):
        whole = spoken_points(10, 10)
    assert whole in feedback(course, "русский", RU)
    assert whole not in feedback(course, "perfect", EN)


def test_the_export_tells_not_graded_from_no_points(course: Course) -> None:
    with open(course.root / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert rows["empty"]["raw_score"] == rows["empty"]["score"] == "0"
    assert {rows[who]["score"] for who in ("perfect", *NOT_GRADED)} == {""}  # a person has something to read
    assert rows["perfect"]["auto_score"] == "90"
    assert {rows[who]["auto_score"] for who in NOT_GRADED} == {""}
    assert {row["max_score"] for row in rows.values()} == {"100"}


@pytest.mark.parametrize(
    ("scores", "auto", "score"),
    [
        ({}, "", ""),  # autograde broke off before it came to the notebook
        ({"a1": (None, None), "a6": (None, None)}, "", ""),  # and before it came to the points
        ({"a1": (5, None), "a6": (None, 7)}, "5", "12"),
        ({"a1": (None, 3), "a6": (None, 0)}, "", "3"),
    ],
)
def test_what_broke_off_is_blank_in_the_export(scores: dict[str, tuple[int | None, int | None]], auto: str, score: str):
    grades = [
        SimpleNamespace(name=name, auto_score=auto, manual_score=manual, needs_manual_grade=False)
        for name, (auto, manual) in scores.items()
    ]
    total = sum((auto if manual is None else manual) or 0 for auto, manual in scores.values())
    submission = SimpleNamespace(
        notebooks=[SimpleNamespace(grades=grades)], score=total, late_submission_penalty=0, max_score=100
    )
    assert nbgrader_step._sums(submission) == (auto, score, "0" if score else "", score, "100")


def test_a_late_submission_is_graded_and_said_to_be_late(course: Course) -> None:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course.root}/gradebook.db", "vmwidgets") as gradebook:
        late = {who: gradebook.find_submission(EN, who).total_seconds_late for who in ("late", "half")}
    assert late == {"late": 7200, "half": 0}


def test_what_is_set_aside_is_not_led_astray_by_what_was_before(tmp_path: Path) -> None:
    place, rejected = tmp_path / "submitted" / "evil" / EN, tmp_path / REJECTED / "evil" / EN
    home = tmp_path / "home"
    for folder in (home, place):
        folder.mkdir(parents=True)
    notebook, trap, dated = place / "perimeter.ipynb", place / "keys", place / "timestamp.txt"
    notebook.symlink_to(home)
    trap.symlink_to(home)
    dated.write_bytes(b"\xff")
    (place / "small").write_text("1")
    nbgrader_step.set_aside(EN, "evil", [str(notebook)])
    assert sorted(path.name for path in rejected.iterdir()) == ["keys", "perimeter.ipynb", "timestamp.txt"]
    assert notebook.read_bytes() == b""
    for text, kept in (("99999999999999999999", False), ("2026-03-01 12:00:00 UTC", True)):
        trap.mkdir()
        (trap / "authorized").write_bytes(b"a key" * MAX_BYTES)
        trap.chmod(0o555)
        dated.write_text(text)
        nbgrader_step.set_aside(EN, "evil", [str(notebook)])
        assert dated.exists() is kept
        assert (rejected / "keys" / "authorized").is_file()
        assert (rejected / "keys").stat().st_mode & 0o777 == 0o700
        assert not list(home.iterdir())
    assert sorted(path.name for path in place.iterdir()) == ["perimeter.ipynb", "small", "timestamp.txt"]
    assert len(list(rejected.parent.iterdir())) == 3


def test_links_are_moved_not_followed(course: Course) -> None:
    moved = course.root / REJECTED / "links" / EN / "perimeter.answers.jsonl"
    assert moved.is_symlink()
    assert not (course.root / "autograded" / "links" / EN / moved.name).exists()


def test_no_code_of_a_student_was_run_and_none_is_passed_on(course: Course) -> None:
    for student in ("patches", "forger", "loops", "bomb"):
        graded = (course.root / "autograded" / student / EN / "perimeter.ipynb").read_text(encoding="utf-8")
        assert not re.search("input_transformers|bytearray|while True|checks.grade", graded)


def test_nothing_that_is_released_or_given_back_leaks(course: Course, students: dict[str, Handed]) -> None:
    hidden = [SECRET.hex(), base64.b64encode(SECRET).decode(), base64.b32encode(SECRET).decode()]
    for student in students:
        hidden += map(str, hidden_seeds(SECRET, Token.parse(token(student)), BOOTS))
    released = [path for top in ("release", "source") for path in (course.root / top).rglob("*") if path.is_file()]
    assert {path.name for path in released} == {"perimeter.ipynb"}
    given_back = list((course.root / "feedback").rglob("*.html"))
    assert len(given_back) == len(students)
    for path in (*released, *(path for path in course.exchange.rglob("*") if path.is_file()), *given_back):
        data = path.read_bytes()
        assert SECRET not in data
        text = data.decode()
        assert not [one for one in hidden if one in text], path
        assert "HIDDEN TESTS" not in text
        if path not in given_back:
            assert not re.search(r"mov\s+r", text) or "inbound" in path.parts, path  # no program, but those handed in


def test_who_hands_in_again_is_graded_five_times(course: Course) -> None:
    before = points(course, "half")
    autograde(course, [("half", EN)], again=5)
    assert "an earlier hand-in counts" in feedback(course, "half")
    assert "5 different submissions have been graded already" in feedback(course, "half")
    assert points(course, "half") == before


def test_without_the_secret_nobody_is_graded(course: Course) -> None:
    course.environment = {name: value for name, value in course.environment.items() if name != "VMWIDGETS_SECRET"}
    said = course.nbgrader("autograde", EN, "--student=empty", "--force", fails=True)
    assert "secret" in said
