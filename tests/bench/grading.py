"""How many submissions of "Perimeter" a core grades in a minute: ``vmwidgets grade`` against nbgrader.

    python -m tests.bench.grading [--students 40] [--nbgrader 4] [--rounds 2]

Everybody has done everything right, which costs the grader most. Stock nbgrader executes the notebook in a kernel;
"with our replay" is course/assignments/nbgrader_config.py. Both are called once a student, since a submission that
nbgrader cannot digest ends the call. The three take turns in one run. CPU time is compared, as other work may share the
machine: that of all processes, kernels and replays included. What it costs to make the class is not counted.
"""

import argparse
import contextlib
import csv
import io
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.grading.hostile_class import SECRET, Handed, file_of, hand_in, right
from tests.needs import ROOT
from vmwidgets import cli
from vmwidgets.grading import fork_server, replay
from vmwidgets.grading.workers import processors

ASSIGNMENT = "perimeter-en"
STOCK = "c = get_config()\nc.CourseDirectory.course_id = 'stock'\nc.IgnorePattern.pattern = '.*'\n"
_REPORTING = """
import os, resource, socket, vmwidgets.grading.child as child
def replay_and_report(data, tell, replay=child.replay):
    replay(data, tell)
    used = resource.getrusage(resource.RUSAGE_SELF)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.sendto(repr(used.ru_utime + used.ru_stime).encode(), {address!r})
child.replay = replay_and_report
"""


class Replays:
    """CPU time of the children that replay: nobody waits for them, so the system adds it to no parent's."""

    def __init__(self) -> None:
        self._address = f"\0vmwidgets-bench-{os.getpid()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self._address)
        self.seconds: list[float] = []
        threading.Thread(target=self._listen, daemon=True).start()
        code = _REPORTING.format(address=self._address)
        replay._BEGIN = replay._BEGIN.replace("main(sys.argv", f"exec({code!r}); main(sys.argv")

    def _listen(self) -> None:
        while True:
            self.seconds.append(float(self._socket.recv(64)))


def cpu_s() -> float:
    """CPU time of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Classroom:
    """A course folder for each way to grade, with the same submissions in it."""

    def __init__(self, home: Path, count: int) -> None:
        self.home = home
        self.students = [f"s{index:04}" for index in range(count)]
        rows = "".join(f"{student},Student {student},en\n" for student in self.students)
        (home / "roster.csv").write_text(f"id,name,language\n{rows}")
        (home / "secret").write_bytes(SECRET)
        self.ours, self.stock = home / "ours", home / "stock"
        handed = {student: Handed(file_of(student, right(student))) for student in self.students}
        source = ROOT / "course" / "assignments"
        for course in (self.ours, self.stock):
            shutil.copytree(source / "source" / ASSIGNMENT, course / "source" / ASSIGNMENT)
        shutil.copy(source / "nbgrader_config.py", self.ours)
        (self.stock / "nbgrader_config.py").write_text(STOCK)
        for course in (self.ours, self.stock):
            self.nbgrader(course, "generate_assignment", ASSIGNMENT)
            released = course / "release" / ASSIGNMENT / "perimeter.ipynb"
            hand_in(course / "submitted", released, handed, course)

    def nbgrader(self, course: Path, *arguments: str) -> None:
        """Run a command of nbgrader."""
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "VMWIDGETS_SECRET": str(self.home / "secret"),
            "HOME": str(self.home),
        }
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what commands print out of the table."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def ours(room: Classroom, replays: Replays, out: Path, students: list[str]) -> tuple[float, float]:
    """``vmwidgets grade`` on some of the class, its start included: CPU and wall-clock seconds."""
    folder = out.with_suffix(".in")
    for student in students:
        shutil.copytree(room.ours / "submitted" / student, folder / student)
    arguments = ["grade", str(folder), "--roster", str(room.home / "roster.csv"), "--secret", str(room.home / "secret")]
    known, cpu, wall = len(replays.seconds), cpu_s(), time.perf_counter()
    with quiet():
        code = cli.main([*arguments, "--out", str(out)])
    fork_server.close()  # so that its own time counts
    wall = time.perf_counter() - wall
    cpu = cpu_s() - cpu + sum(replays.seconds[known:])
    with (out / "canvas.csv").open(encoding="utf-8", newline="") as file:
        points = [row[-1] for row in list(csv.reader(file))[2:]]
    assert code == 0
    assert points.count("90") == len(students) == len(replays.seconds) - known, points
    return cpu, wall


def autograde(room: Classroom, course: Path, students: list[str]) -> tuple[float, float]:
    """``nbgrader autograde``, once a student: CPU seconds of what it waits for, and wall-clock seconds."""
    cpu, wall = cpu_s(), time.perf_counter()
    for student in students:
        room.nbgrader(course, "autograde", ASSIGNMENT, "--student", student, "--force")
    return cpu_s() - cpu, time.perf_counter() - wall


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--nbgrader", type=int, default=4, help="how many of them nbgrader grades, in each round")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        run(Path(home), options.students, options.nbgrader, options.rounds)


def run(home: Path, count: int, few: int, rounds: int) -> None:
    """Make the class and grade it, round by round."""
    room, replays = Classroom(home, count), Replays()
    rates: dict[str, list[float]] = {"stock nbgrader": [], "nbgrader with our replay": [], "vmwidgets grade": []}

    def measured(name: str, graded: int, way: Callable[[], tuple[float, float]], extra_s: float = 0.0) -> None:
        cpu, wall = way()
        rates[name].append(60 * graded / (cpu + extra_s * graded))
        print(f"{name}: {graded} in {wall:.1f} s, {(cpu / graded + extra_s) * 1000:.0f} ms of CPU each", flush=True)

    for turn in range(rounds):
        some = room.students[turn * few : turn * few + few] or room.students[:few]
        measured("stock nbgrader", few, lambda some=some: autograde(room, room.stock, some))
        out = home / f"graded{turn}"
        measured("vmwidgets grade", count, lambda out=out: ours(room, replays, out, room.students))
        # Its replays are the same as ours, and nobody waits for them there either.
        each_s = statistics.fmean(replays.seconds)
        measured("nbgrader with our replay", few, lambda some=some: autograde(room, room.ours, some), each_s)
    print(f"\nsubmissions a minute and core, median of {rounds} rounds; {processors()} cores")
    stock = statistics.median(rates["stock nbgrader"])
    for name, found in rates.items():
        rate = statistics.median(found)
        print(f"{name:26} {rate:8.1f}   {rate / stock:5.1f} x")


if __name__ == "__main__":
    main()
