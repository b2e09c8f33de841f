"""A minute of scheduling, simulated and ready to draw, for each algorithm.

    python -m tests.bench.scheduling [--rounds 5]

4 pCPUs and 16 vCPUs; every other one computes and sleeps for some milliseconds at a time, so something happens each
millisecond. Ready to draw: the time line as arrays. The peer is the same run without a log.
"""

import argparse
import statistics
import time

from vmwidgets.model.guest_threads import busy, interactive
from vmwidgets.model.scheduler import Guest, Processors, Simulation
from vmwidgets.model.schedulers import SCHEDULERS, make
from vmwidgets.model.schedulers.credit import Credit

MINUTE_US = 60_000_000


def guests() -> list[Guest]:
    return [
        Guest(str(i), (interactive(8_000, 20_000, 1, str(i)) if i % 2 else busy(),), (128, 256, 512)[i % 3])
        for i in range(16)
    ]


def run(scheduler, log_limit: int) -> tuple[float, int]:
    began = time.process_time()
    sim = Simulation(Processors(4), scheduler, guests(), log_limit)
    sim.run(MINUTE_US)
    rows = len(sim.timeline().start)
    return time.process_time() - began, rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    candidates = {name: lambda name=name: make(name) for name in SCHEDULERS}
    candidates["credit, 1 ms slices"] = lambda: Credit(slice_us=1000)
    print(f"{'scheduler':24s}{'ready to draw':>14s}{'without a log':>15s}{'ratio':>7s}{'rows':>9s}")
    for name, scheduler in candidates.items():
        drawn, bare, rows = [], [], 0
        for _ in range(options.rounds):
            seconds, rows = run(scheduler(), 1_000_000)
            drawn.append(seconds)
            bare.append(run(scheduler(), 0)[0])
        a, b = statistics.median(drawn) * 1000, statistics.median(bare) * 1000
        print(f"{name:24s}{a:11.0f} ms{b:12.0f} ms{a / b:7.2f}{rows:9d}", flush=True)


if __name__ == "__main__":
    main()
