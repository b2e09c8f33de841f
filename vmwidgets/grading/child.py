"""The process in which one submission is replayed: fresh, alone, and bounded in time, memory, files and processes.

``python -I -m vmwidgets.grading.replay`` reads a request on stdin and prints the record of each item as soon as it is
known, so that whatever ends the process costs only the items behind it. ``serve`` has everything imported and forks
such a process for each request.
"""

import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, cast

from vmwidgets.answers import Answer
from vmwidgets.assignments import ASSIGNMENTS, assignment
from vmwidgets.assignments.tokens import Token
from vmwidgets.grading.results import record

try:
    import resource
except ImportError:  # Windows has none: there the time-out is the only bound
    resource = None

WORK_S = 2
"""Seconds of CPU that replaying a submission takes at most, by the effort that each run of a student's program may cost
(measured by ``tests/bench/graded_submission.py``)."""
CPU_S = 10 * WORK_S
"""What a process may use: a computer ten times as slow still grades."""
WALL_S = 3 * CPU_S
"""How long it may take while others use the processor."""
MEMORY_BYTES = 2**30
"""Address space; a replay takes a sixth of it, most of that for libraries."""
FILES = 64
READY = b"+"
"""What a server says when it has imported everything, and a process of it before it reads its request."""


def limit() -> None:
    """Bound this process; what it is afterwards it cannot undo."""
    if resource is None:
        return
    limits = {
        "RLIMIT_CPU": CPU_S,
        "RLIMIT_AS": MEMORY_BYTES,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": FILES,
        "RLIMIT_NPROC": 0,
        "RLIMIT_CORE": 0,
    }
    if sys.platform == "darwin":
        del limits["RLIMIT_AS"]  # macOS reserves more than that before anything runs
    for name, most in limits.items():
        kind = getattr(resource, name)
        _soft, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
    signal.setitimer(signal.ITIMER_REAL, WALL_S)  # nobody handles the alarm, so it ends the process


def replay(data: bytes, tell: Callable[[bytes], object]) -> None:
    """Grade one request and tell the record of each item, then that this is the end, or what failed.

    Parameters
    ----------
    data
        A request, see :meth:`vmwidgets.grading.replay.Request.to_json`.
    tell
        Takes a line.
    """
    try:
        request: dict[str, Any] = json.loads(data)
        module = assignment(request["assignment"])
        answers = {item: Answer(kind, item, _value(value), sure) for kind, item, value, sure in request["answers"]}
        variant = module.variant(Token.parse(request["token"]).seed)
        for result in module.grade(variant, answers, tuple(request["seeds"])):
            tell(_line(record(result)))
        tell(_line({"end": True, "cpu_ms": time.process_time_ns() // 10**6}))
    except Exception as error:  # told by its name: the grader's fault is no student's
        tell(_line({"failed": type(error).__name__}))


def serve(control: socket.socket) -> None:
    """Fork a process for each connection that comes, until nobody is there any more.

    Parameters
    ----------
    control
        Where connections come from, one byte and one descriptor each.
    """
    for id in ASSIGNMENTS:
        assignment(id)
    gc.collect()
    gc.freeze()  # what is there already is shared by all children as long as nobody counts it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control.sendall(READY)
    while True:
        _byte, handles, _flags, _address = socket.recv_fds(control, 1, 1)
        if not handles:
            return
        with socket.socket(fileno=handles[0]) as connection:
            try:
                pid = os.fork()
            except OSError:  # the computer has no room for another process; whoever asked sees that none has begun
                continue
            if pid == 0:
                try:
                    control.close()
                    _answer(connection)
                finally:
                    os._exit(0)


def _answer(connection: socket.socket) -> None:
    connection.sendall(READY)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    limit()
    with connection.makefile("rb") as file:
        data = file.read()
    replay(data, connection.sendall)


def main(arguments: list[str]) -> None:
    """Answer one request on stdin, or serve on the socket whose descriptor is given."""
    if arguments:
        with socket.socket(fileno=int(arguments[0])) as control:
            serve(control)
        return
    limit()
    out = sys.stdout.buffer

    def tell(line: bytes) -> None:
        out.write(line)
        out.flush()

    replay(sys.stdin.buffer.read(), tell)


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told).encode() + b"\n"


def _value(value: Any) -> int | str | tuple[int | str, ...]:
    return tuple(cast(list[int | str], value)) if isinstance(value, list) else value
