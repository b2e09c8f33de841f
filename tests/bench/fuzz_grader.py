"""A long run of the grader's fuzz test: ``python -m tests.bench.fuzz_grader SECONDS [--seed N]``.

Every round has another student, so another host. It prints how many submissions were graded and refused, and what the
most expensive ones took of a processor and of memory; the first that breaks a promise ends it with its bytes.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from datetime import date

from hypothesis import HealthCheck, given, seed, settings

from tests.grading import hostile
from vmwidgets.assignments.perimeter import ITEMS
from vmwidgets.assignments.tokens import Secret, issue
from vmwidgets.grading import child, fork_server, replay
from vmwidgets.grading.results import Graded, from_line, to_line
from vmwidgets.grading.submission import prepare

SECRET = Secret(b"only the teacher of this class knows")
DAY = date(2026, 12, 20)
ROUND = 50


class Fuzzer:
    """What was tried, and what it cost."""

    def __init__(self):
        self.outcomes, self.cpu_ms, self.wall_ms, self.costly = Counter(), [], [], b""

    def one(self, data, token):
        """Grade a submission and check what must hold of every one."""
        prepared = prepare(data, token.student, SECRET, on=DAY)
        if isinstance(prepared, Graded):
            assert prepared.refusal is not None
            self.outcomes[prepared.refusal.reason] += 1
            return
        began = time.monotonic()
        output = fork_server.ask(prepared.to_json(), replay._command, False)
        self.wall_ms.append(round(1000 * (time.monotonic() - began)))
        self.cpu_ms.append(json.loads(output.splitlines()[-1])["cpu_ms"])
        if self.cpu_ms[-1] == max(self.cpu_ms):
            self.costly = data
        graded = replay._graded(prepared, output)
        assert from_line(to_line(graded)) == graded
        assert [result.item for result in graded.results] == [item.id for item in ITEMS]
        assert graded.points is not None, graded.results
        self.outcomes["graded"] += 1

    def round(self, number):
        """Try so many submissions of one student."""
        token = issue(SECRET, "perimeter", f"s{number}", "fuzz", DAY)

        @seed(number)
        @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(hostile.submissions(token))
        def go(data):
            self.one(data, token)

        go()


def main():
    """Fuzz for the time that is given and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    fuzzer, end, number = Fuzzer(), time.monotonic() + options.seconds, options.seed
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        while time.monotonic() < end:
            fuzzer.round(number)
            number += 1
        assert os.listdir(folder) == [], "something was written"
        os.chdir("/")
    fork_server.close()
    for reason, count in fuzzer.outcomes.most_common():
        print(f"{count:7,}  {reason}")
    if fuzzer.cpu_ms:
        print(f"CPU of a replay: mean {sum(fuzzer.cpu_ms) / len(fuzzer.cpu_ms):.0f} ms, most {max(fuzzer.cpu_ms)} ms")
        print(f"  with {fuzzer.costly[:2000]!r}")
        print(f"wall: most {max(fuzzer.wall_ms)} ms; ended at {child.CPU_S} s of CPU or {child.WALL_S} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{number - options.seed} students; memory of the grader: {peak} MiB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
