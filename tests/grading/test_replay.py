"""A replay in a process of its own: what ends it costs the items it has not reached, and nothing else."""

import json
import os
import pickle
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.grading import doubles
from vmwidgets.answers import Answer
from vmwidgets.assignments.tokens import Token
from vmwidgets.grading import fork_server, replay
from vmwidgets.grading.replay import DAMAGED, ENDED, FAILED, UNREADABLE, Request, started

pytestmark = pytest.mark.usefixtures("double")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the limits and the fork server are Linux'")
SEED = Token.parse("practice").seed


def request(*answers, **more):
    return Request("s1", "ab" * 32, "perimeter", "practice", (2**64 - 1, 5), answers, **more)


def do(name, *answers):
    return request(Answer("choice", "do", name), *answers)


def from_server(asked):
    graded = replay.replay(asked)
    assert fork_server._servers if sys.platform == "linux" else not fork_server._servers
    return graded


def from_start(asked):
    return replay._graded(asked, started(asked))


ways = pytest.mark.parametrize("way", [from_server, from_start])


@ways
def test_results_come_as_the_checks_gave_them(way):
    graded = way(request(Answer("text", "b1", "тест"), Answer("choice", "b2", (1, "a"))))
    assert [(r.item, r.points, r.most, r.human) for r in graded.results] == [
        ("b1", 4, 5, False),
        ("b2", 5, 5, False),
        ("b3", None, 10, True),
    ]
    assert graded.results[0].fields == {"seed": SEED, "boots": 2, "told": "тест"}
    assert (graded.student, graded.sha256, graded.points, graded.most) == ("s1", "ab" * 32, 9, 20)
    assert graded.sandbox == ("limits" if sys.platform != "win32" else "process")


@linux
@ways
@pytest.mark.parametrize(
    ("name", "reason", "error"),
    [
        ("loop", ENDED, None),
        ("wait", ENDED, None),
        ("allocate", ENDED, None),
        ("recurse", FAILED, "RecursionError"),
        ("end", ENDED, None),
        ("shoot", ENDED, None),
        ("open_many", FAILED, "OSError"),
        ("lie", FAILED, "ValueError"),
        ("invent", ENDED, None),
    ],
)
def test_whatever_ends_it_costs_no_item_before_and_grades_none_behind(way, name, reason, error):
    graded = way(do(name))
    first, *rest = graded.results
    assert (first.item, first.points) == ("b1", 4)
    assert [(r.item, r.points, r.reason) for r in rest] == [("b2", None, reason), ("b3", None, reason)]
    assert all(r.fields == ({"error": error} if error else {}) for r in rest)
    assert graded.points is None


@linux
@ways
def test_it_writes_nothing(way, tmp_path):
    graded = way(do("write", Answer("text", "b2", str(tmp_path / "outside"))))
    assert (graded.results[1].points, graded.results[1].fields) == (None, {"error": "OSError"})
    assert not (tmp_path / "outside").exists() or not (tmp_path / "outside").read_bytes()


@ways
def test_it_is_alone_and_inherits_nothing(way, monkeypatch):
    monkeypatch.setenv("VMWIDGETS_SECRET_OF_THE_TEACHER", "x")
    seen = [dict(way(do("look")).results[1].fields) for _ in range(2)]
    assert seen[0]["isolated"] == 1
    assert seen[0]["folder"] == "/" or sys.platform == "win32"
    assert "SECRET" not in seen[0]["environment"]
    assert len({one["process"] for one in seen} | {os.getpid()}) == 3
    assert os.getsid(0) not in {one["session"] for one in seen}  # who interrupts the grader interrupts no replay


def test_the_command_that_is_documented_answers_a_request():
    done = subprocess.run(
        [sys.executable, "-I", "-m", "vmwidgets.grading.replay"],
        input=b'{"assignment": "x"}',
        capture_output=True,
        cwd="/",
        check=True,
        timeout=600,
    )
    assert json.loads(done.stdout) == {"failed": "VmwidgetsError"}


@linux
def test_many_at_once_are_not_mixed_up():
    asked = [request(Answer("choice", "b1", n)) for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        told = [graded.results[0].fields["told"] for graded in pool.map(replay.replay, asked)]
    assert told == list(range(24))
    assert len(fork_server._servers) == 1


@linux
def test_a_server_that_was_killed_is_replaced():
    assert from_server(request()).points == 4
    before = fork_server._servers[False]._process
    before.kill()
    before.wait()
    assert from_server(request()).points == 4
    assert fork_server._servers[False]._process.pid != before.pid


@linux
def test_what_a_killed_server_had_not_begun_is_done_by_the_next():
    from_server(request())
    server = fork_server._servers[False]._process
    os.kill(server.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(replay.replay, request()) for _ in range(4)]
        server.kill()
        assert [one.result().points for one in waiting] == [4, 4, 4, 4]


@linux
def test_a_server_that_another_thread_closed_meanwhile_is_replaced():
    from_server(request())
    server = fork_server._servers[False]
    server.close()
    with pytest.raises(ConnectionError):
        server.ask(request().to_json())
    assert from_server(request()).points == 4
    assert fork_server._servers[False] is not server


@linux
def test_a_server_that_was_stopped_is_replaced():
    from_server(request())
    server = fork_server._servers[False]
    os.kill(server._process.pid, signal.SIGSTOP)
    server.patience_s = 0.1  # the one that takes its place is given all the time that it may take
    assert replay.replay(request()).points == 4
    assert server._process.returncode == -signal.SIGKILL


@linux
def test_one_submission_does_no_harm_to_the_next():
    for name in ("shoot", "allocate", "end"):
        assert from_server(do(name)).points is None
        assert from_server(request()).points == 4
    assert len(fork_server._servers) == 1


@linux
def test_a_server_ends_with_whoever_started_it_and_serves_nobody_who_was_forked_from_it():
    code = """
import os, signal
from vmwidgets.grading import fork_server, replay
replay.ask(b"{}", replay._command, False)
first = fork_server._servers[False]._process
with fork_server._lock:  # as a thread may that is not there in the child
    child = os.fork()
if child == 0:
    told = replay.ask(b"{}", replay._command, False)
    os._exit(told is None or fork_server._servers[False]._process.pid == first.pid)
assert os.waitpid(child, 0)[1] == 0
assert first.poll() is None
print(first.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=False, timeout=600)
    assert done.returncode == -signal.SIGKILL
    try:
        handle = os.pidfd_open(int(done.stdout))
    except ProcessLookupError:
        return
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    assert poll.poll(600_000)
    os.close(handle)


def test_a_grader_that_does_not_start_is_told_with_its_error(monkeypatch):
    monkeypatch.setattr(replay, "_BEGIN", "import sys; raise RuntimeError('no such library')")
    fork_server.close()
    graded = replay.replay(request())
    assert {(r.points, r.reason, r.fields["error"]) for r in graded.results} == {
        (None, FAILED, "RuntimeError: no such library")
    }


@ways
def test_an_item_whose_answer_is_damaged_says_so(way):
    lost = request(damaged=((7, "b2"), (9, None)))
    graded = way(lost)
    assert graded.damaged == (7, 9)
    assert (graded.results[1].points, graded.results[1].reason, graded.results[1].fields) == (0, DAMAGED, {"line": 7})
    again = way(request(Answer("choice", "b2", 1), damaged=((7, "b2"),)))
    assert (again.results[1].points, again.results[1].reason) == (5, "this is what was given")
    part = way(request(damaged=((7, "b2.family"),)))
    assert part.results[1].reason == DAMAGED


@ways
def test_an_item_without_an_answer_says_that_a_line_could_not_be_read(way):
    for name in (None, "b22"):
        graded = way(request(damaged=((9, name),)))
        assert (graded.results[1].points, graded.results[1].reason) == (0, UNREADABLE)
        assert graded.results[1].fields == {"line": 9}
        assert graded.results[0].points == 4
    given = way(request(Answer("choice", "b2.family", 1), damaged=((9, None),)))
    assert given.results[1].reason not in (UNREADABLE, DAMAGED)
    known = way(request(damaged=((9, "b1"),)))
    assert known.results[1].reason not in (UNREADABLE, DAMAGED)


def test_a_request_can_travel_and_shows_no_seed():
    asked = request(Answer("choice", "b2", 1))
    assert pickle.loads(pickle.dumps(asked)) == asked
    assert str(2**64 - 1) not in repr(asked)
    assert doubles.ITEMS
