"""A submission is replayed in a process of its own, and what becomes of it is told item by item.

The process gets the token, hidden seeds and the answers, never the secret. If it is ended, or fails, the items that it
did not reach are not graded, with the reason: never no points, never full marks.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vmwidgets.answers import Answer
from vmwidgets.assignments import assignment
from vmwidgets.assignments.result import Result
from vmwidgets.grading import sandbox
from vmwidgets.grading.child import WALL_S, main, resource
from vmwidgets.grading.fork_server import ask
from vmwidgets.grading.results import Graded, result
from vmwidgets.locale import mark as said

ENDED = said("The replay was ended before this item: it took too much time or memory.")
FAILED = said("The grader failed at this item ({error}). That is no fault of yours.")
DAMAGED = said("The answer in line {line} of the file is damaged.")
UNREADABLE = said("No answer to this could be found in the file, but its line {line} could not be read.")
_BEGIN = "import sys; sys.path += sys.argv[2:]; from vmwidgets.grading.child import main; main(sys.argv[1].split())"


@dataclass(frozen=True, slots=True)
class Request:
    """What is replayed. It can be sent to another computer: the secret is not in it.

    Parameters
    ----------
    student
        Id on the roster.
    sha256
        Hash of what was handed in.
    assignment
        Id of the assignment.
    token
        Text of the token.
    seeds
        Hidden seeds.
    answers
        The last answer to each item.
    damaged
        Lines that could not be read, and the items they were to answer.
    sandbox
        Whether bubblewrap stands around the process.
    """

    student: str
    sha256: str
    assignment: str
    token: str
    seeds: tuple[int, ...] = field(repr=False)
    answers: tuple[Answer, ...] = field(repr=False)
    damaged: tuple[tuple[int, str | None], ...] = ()
    sandbox: bool = False

    def to_json(self) -> bytes:
        """Return what the process reads."""
        told: dict[str, Any] = {
            "assignment": self.assignment,
            "token": self.token,
            "seeds": self.seeds,
            "answers": [(one.kind, one.item, one.value, one.confidence) for one in self.answers],
        }
        return json.dumps(told).encode()


def replay(request: Request) -> Graded:
    """Replay a submission in a fresh process: forked from a server on Linux, else started.

    Raises
    ------
    VmwidgetsError
        If the sandbox is wanted and cannot be had.
    """
    output = ask(request.to_json(), _command, request.sandbox)
    if output is None:
        output = started(request)
    return _graded(request, output)


def started(request: Request) -> bytes:
    """Return what a process says that is started for this request alone."""
    command = sandbox.around(_command(""), request.sandbox)
    try:
        done = subprocess.run(
            command,
            input=request.to_json(),
            capture_output=True,
            env=sandbox.environment(),
            cwd="/",
            timeout=WALL_S,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as late:
        return late.stdout or b""
    if done.returncode > 0:  # it was not ended from outside: the grader itself does not work here
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return done.stdout + json.dumps({"failed": last}).encode() + b"\n"
    return done.stdout


def _command(arguments: str) -> list[str]:
    return [sys.executable, "-I", "-B", "-c", _BEGIN, arguments, *sandbox.packages()]


def _graded(request: Request, output: bytes) -> Graded:
    expected = {item.id: item.most for item in assignment(request.assignment).ITEMS}
    found, reason, fields = _read(output, expected)
    answered = {answer.item for answer in request.answers}
    lost = {item: line for line, item in request.damaged if item is not None and item not in answered}
    unknown = [line for line, item in request.damaged if not any(_belongs(item or "", id) for id in expected)]
    return Graded(
        student=request.student,
        sha256=request.sha256,
        results=tuple(
            _explained(found.get(id) or Result(id, None, most, reason, "", fields), lost, answered, unknown)
            for id, most in expected.items()
        ),
        damaged=tuple(line for line, _item in request.damaged),
        sandbox=sandbox.BUBBLEWRAP if request.sandbox else sandbox.LIMITS if resource else sandbox.PROCESS,
    )


def _read(output: bytes, expected: dict[str, int]) -> tuple[dict[str, Result], str, dict[str, int | str]]:
    """Return the results that were told, and why there are no others."""
    found: dict[str, Result] = {}
    for told in _records(output):
        match told:
            case {"failed": str(error)} if error != "MemoryError":
                return found, FAILED, {"error": error}
            case {"item": str(item)} if item in expected and item not in found:
                try:
                    one = result(told)
                except (ValueError, KeyError, TypeError) as error:
                    return found, FAILED, {"error": type(error).__name__}
                if one.most == expected[item]:
                    found[item] = one
            case {"end": True}:
                return found, FAILED, {"error": "no result"}
            case _:
                break
    return found, ENDED, {}


def _records(output: bytes) -> Iterator[object]:
    for line in output.split(b"\n")[:-1]:  # behind the last line end is what was cut off
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            return


def _belongs(answer: str, item: str) -> bool:
    """Whether an answer is to an item, to a part of it, or to what it is a part of."""
    return f"{answer}.".startswith(f"{item}.") or item.startswith(f"{answer}.")


def _explained(result: Result, lost: dict[str, int], answered: set[str], unknown: list[int]) -> Result:
    """Say of an item without points that its answer is damaged, or may have stood in a line that nobody can read."""
    if result.points != 0:
        return result
    line = next((line for item, line in lost.items() if _belongs(item, result.item)), None)
    if line is not None:
        return Result(result.item, 0, result.most, DAMAGED, "", {"line": line})
    if unknown and not any(_belongs(item, result.item) for item in answered):
        return Result(result.item, 0, result.most, UNREADABLE, "", {"line": unknown[0]})
    return result


if __name__ == "__main__":
    main(sys.argv[1:])
