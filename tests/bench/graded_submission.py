"""What a graded submission costs: ``python -m tests.bench.graded_submission [--students N]``.

Right answers of so many students are replayed in processes forked from a server, and in processes started one by one;
CPU is what the process itself counts from its start, with imports where it has to import. Then the programs that are
made to cost most are tried on every wall, which is what the limits of a replay are derived from.
"""

import argparse
import json
import sys
import time
from datetime import date

from tests.assignments.reference import answers
from tests.grading import hostile
from vmwidgets.answers import Answer, as_text
from vmwidgets.assignments.perimeter import variant
from vmwidgets.assignments.tokens import Secret, issue
from vmwidgets.grading import child, fork_server, replay
from vmwidgets.grading.submission import prepare

SECRET = Secret(b"only the teacher of this class knows")
DAY = date(2026, 12, 20)


def asked(number, given):
    """A request of a student, and its host."""
    token = issue(SECRET, "perimeter", f"s{number}", "bench", DAY)
    host = variant(token.seed)
    return prepare(as_text("perimeter", token.text, given(host)).encode(), f"s{number}", SECRET, on=DAY)


def forked(request):
    """CPU and wall, in milliseconds, of a forked process."""
    began = time.monotonic()
    output = fork_server.ask(request.to_json(), replay._command, False)
    return _told(request, output, began)


def started(request):
    """CPU and wall, in milliseconds, of a started process."""
    began = time.monotonic()
    return _told(request, replay.started(request), began)


def _told(request, output, began):
    wall_ms = 1000 * (time.monotonic() - began)
    assert replay._graded(request, output).points is not None, output
    return json.loads(output.splitlines()[-1])["cpu_ms"], wall_ms


def costly(host):
    """Programs that cost much, each on all walls, under the families of the walls and with a board that is right."""
    right = answers(host)
    numbers = host.numbers()
    codes = list(hostile.ENDLESS)
    for name, number in numbers.items():
        if name.startswith("call_"):
            codes.append(hostile.STORM.format(call=number))
        if name.startswith("port_"):
            codes += [hostile.DEVICE.format(port=number), f"    mov rax, 64\n    mov dx, {number + 1}\n" + hostile.BELL]
    for code in codes:
        yield code, [*right.values(), *(Answer("program", f"a2.{slot}", code) for slot in host.exploitable)]


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=20)
    options = parser.parse_args()
    requests = [asked(number, lambda host: answers(host).values()) for number in range(options.students)]
    forked(requests[0])  # the server is started once
    for way in (forked, started):
        costs = [way(request) for request in requests]
        cpu, wall = (sorted(column) for column in zip(*costs, strict=True))
        middle = len(cpu) // 2
        print(
            f"{way.__name__:8} right answers: CPU {cpu[middle]} ms (most {cpu[-1]}), "
            f"wall {wall[middle]:.0f} ms (least {wall[0]:.0f})"
        )
    most, worst = 0, ""
    for number in range(max(options.students // 4, 1)):
        host = variant(issue(SECRET, "perimeter", f"s{number}", "bench", DAY).seed)
        for code, given in costly(host):
            cost = forked(asked(number, lambda _host, given=given: given))[0]
            most, worst = max((most, worst), (cost, code))
    print(f"most costly programs: CPU {most} ms at most, of {1000 * child.WORK_S} ms that the limits are derived from:")
    print(worst)
    return 0 if most <= 1000 * child.WORK_S else 1


if __name__ == "__main__":
    sys.exit(main())
