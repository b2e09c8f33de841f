"""A class of students as teachers meet them: each hands in something else, and each deserves a grade and a reason."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.assignments import reference
from vmwidgets.answers import MAX_BYTES, Answer, as_text
from vmwidgets.assignments.perimeter import variant
from vmwidgets.assignments.tokens import issue

SECRET = bytes(range(64))
TERM, EXPIRES = "2026a", date(2099, 1, 31)
Cells = list[dict[str, object]]


@dataclass(frozen=True)
class Handed:
    """What one student hands in.

    Parameters
    ----------
    data
        The answer file; ``None`` if there is none.
    change
        What the student did to the cells of the notebook.
    link
        Whether the answer file is a link, to the file of a classmate.
    """

    data: bytes | None
    change: Callable[[Cells], Cells] = lambda cells: cells
    link: bool = False


def token(student: str) -> str:
    """Return the token of a student."""
    return issue(SECRET, "perimeter", student, TERM, EXPIRES).text


def right(student: str) -> dict[str, Answer]:
    """Return right answers to the variant of a student."""
    return reference.answers(variant(issue(SECRET, "perimeter", student, TERM, EXPIRES).seed))


def file_of(student: str, answers: dict[str, Answer]) -> bytes:
    """Return the answer file of a student."""
    return as_text("perimeter", token(student), tuple(answers.values())).encode()


def _without(answers: dict[str, Answer], *begins: str) -> dict[str, Answer]:
    return {item: one for item, one in answers.items() if not item.startswith(begins)}


def _with_programs(answers: dict[str, Answer], text: str) -> dict[str, Answer]:
    return {item: Answer(one.kind, item, text) if one.kind == "program" else one for item, one in answers.items()}


def _code(source: str) -> dict[str, object]:
    return {
        "cell_type": "code", "id": "mine", "metadata": {}, "source": source, "outputs": [], "execution_count": None,
    }  # fmt: skip


def _graded(cell: dict[str, object]) -> bool:
    metadata = cell["metadata"]
    return isinstance(metadata, dict) and "nbgrader" in metadata


_PATCH = """
import vmwidgets.assignments.perimeter.checks as checks, vmwidgets.grading.results as results
checks.grade = lambda *a, **k: iter([checks.Result(i.id, i.most, i.most) for i in checks.ITEMS])
"""
_TRANSFORMER = """
get_ipython().input_transformers_post.append(lambda lines: ["100.0\\n"])
"""
_BOMB = "x = bytearray(1 << 40)\nwhile True: x += x"
_ENDLESS = "again:\n    jmp again\n"
_HEAVY = "again:\n    push rax\n    jmp again\n" + "    .zero 16000\n" * 200
_CLAIMS = '{"kind": "verdict", "item": "a2.memory", "points": 10, "max": 10}\n'


def make_class() -> dict[str, Handed]:
    """Return what each student hands in, by id."""
    copied, damaged, forged = right("perfect"), file_of("corrupted", right("corrupted")), file_of("forger", {})
    lines = damaged.split(b"\n")
    at = next(n for n, line in enumerate(lines) if b'"a2.device"' in line)
    lines[at] = lines[at][: len(lines[at]) // 2]
    return {
        "perfect": Handed(file_of("perfect", copied)),
        "русский": Handed(file_of("русский", right("русский"))),
        "half": Handed(file_of("half", _without(right("half"), "a2.cpu", "a3.cpu", "a4", "a5", "a6"))),
        "empty": Handed(file_of("empty", {})),
        "nothing": Handed(None),
        "late": Handed(file_of("late", right("late"))),
        "doubles": Handed(file_of("doubles", right("doubles")), lambda cells: [*cells, *filter(_graded, cells)]),
        "deletes": Handed(
            file_of("deletes", right("deletes")), lambda cells: [cell for cell in cells if not _graded(cell)]
        ),
        "copies": Handed(file_of("perfect", copied)),
        "patches": Handed(file_of("patches", {}), lambda cells: [_code(_PATCH), *cells]),
        "forger": Handed(forged + _CLAIMS.encode(), lambda cells: [_code(_TRANSFORMER), *cells]),
        "loops": Handed(
            file_of("loops", _with_programs(right("loops"), _ENDLESS)), lambda cells: [_code("while True: pass")]
        ),
        "bomb": Handed(file_of("bomb", _with_programs(right("bomb"), _HEAVY)), lambda cells: [_code(_BOMB), *cells]),
        "links": Handed(None, link=True),
        "corrupted": Handed(b"\n".join(lines)),
        "torn": Handed(b"\xff\xfe{" + damaged[:200]),
        "oversized": Handed(file_of("oversized", right("oversized")) + b" " * MAX_BYTES),
        "oldfile": Handed(file_of("oldfile", right("oldfile")).replace(b"vmwidgets/1", b"vmwidgets/0")),
    }


def hand_in(folder: Path, released: Path, students: dict[str, Handed], classmate: Path) -> None:
    """Lay submissions into nbgrader's folder, ``<folder>/<student>/<assignment>/``.

    Parameters
    ----------
    folder
        ``submitted`` of the course.
    released
        The notebook that was handed out.
    students
        What each hands in.
    classmate
        The answer file that a link leads to.
    """
    for student, handed in students.items():
        place = folder / student / released.parent.name
        place.mkdir(parents=True)
        notebook = json.loads(released.read_text(encoding="utf-8"))
        notebook["cells"] = handed.change(notebook["cells"])
        (place / released.name).write_text(json.dumps(notebook), encoding="utf-8")
        answers = place / "perimeter.answers.jsonl"
        if handed.link:
            answers.symlink_to(classmate)
        elif handed.data is not None:
            answers.write_bytes(handed.data)
