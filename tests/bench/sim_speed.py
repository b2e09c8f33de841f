"""The model against the NumPy prototypes of the simulator benchmark, interleaved in one run.

    VMWIDGETS_BENCH=folder python tests/bench/sim_speed.py [--rounds 7] [--only A,B]

The folder holds the benchmark in `sim_speed/`. Answers are compared first, with the benchmark's plain Python reference
on small inputs and with its prototypes on the full ones. CPU time is compared, as other work may share the machine.
"""

import argparse
import os
import random
import statistics
import sys
import time
from pathlib import Path

import numpy as np


def candidates(s, prototypes, adapter):
    """Name -> (function, prepared input), the model last."""
    if s.n_hosts == 1:
        ready = prototypes.time_first(s)
        found = {
            "ticks batched": (prototypes.numpy_time, ready),
            "ticks batched, sorted": (lambda d: prototypes.numpy_time(d, prototypes.share_sorted_batch), ready),
        }
    else:
        ready = prototypes.pad(s)
        found = {
            "hosts batched": (prototypes.numpy_hosts, ready),
            "hosts batched, sorted": (lambda d: prototypes.numpy_hosts(d, prototypes.share_sorted_batch), ready),
            "add.reduceat": (prototypes.numpy_csr, s),
        }
    return found | {adapter.NAME: (adapter.run_fluid, adapter.prepare_fluid(s))}


def difference(got, expected) -> float:
    """The largest error, relative to the largest value, as the benchmark defines it."""
    pairs = [(np.asarray(g, float), np.asarray(e, float)) for g, e in zip(got, expected, strict=True)]
    return max(float(np.abs(g - e).max() / (1e-9 + np.abs(e).max())) for g, e in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="A,S,B,B-ragged,B-1M")
    options = parser.parse_args()
    folder = Path(os.environ.get("VMWIDGETS_BENCH", "")) / "sim_speed"
    if not (folder / "scenarios.py").is_file():
        sys.exit("set VMWIDGETS_BENCH to the folder that holds sim_speed/scenarios.py")
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(folder), str(Path(__file__).parent)]
    import prototypes
    import reference
    import scenarios
    import sim_speed_adapter as adapter

    sizes = {  # name: (full input, input for the reference)
        "A": (scenarios.scenario_a, lambda: scenarios.scenario_a(n_ticks=1000)),
        "S": (lambda: scenarios.scenario_a(n_vms=8, n_ticks=1000),) * 2,
        "B": (scenarios.scenario_b, lambda: scenarios.scenario_b(n_hosts=50)),
        "B-ragged": (
            lambda: scenarios.scenario_b(spread=15),
            lambda: scenarios.scenario_b(n_hosts=50, spread=15),
        ),
        "B-1M": (
            lambda: scenarios.scenario_b(n_hosts=100_000, vms=10, n_ticks=3),
            lambda: scenarios.scenario_b(n_hosts=1000, vms=10, n_ticks=3),
        ),
    }
    shuffle = random.Random(1).shuffle
    print(
        f"{'input':10s}{'best prototype':24s}{'ns':>8s}{'model ns':>10s}{'ratio':>8s}{'error':>9s}{'to reference':>14s}"
    )
    for name in options.only.split(","):
        full, small = (make() for make in sizes[name])
        exact = difference(adapter.run_fluid(adapter.prepare_fluid(small)), reference.run_fluid(small))
        found = candidates(full, prototypes, adapter)
        answers = {key: run(data) for key, (run, data) in found.items()}
        error = max(difference(answers[adapter.NAME], other) for other in answers.values())
        if max(error, exact) > 1e-9:
            sys.exit(f"{name}: the answers differ by {max(error, exact):.0e}")
        times: dict[str, list[float]] = {key: [] for key in found}
        order = list(found)
        for _ in range(options.rounds * (10 if full.vm_ticks < 100_000 else 1)):
            shuffle(order)
            for key in order:
                run, data = found[key]
                began = time.process_time()
                run(data)
                times[key].append(time.process_time() - began)
        each = {key: statistics.median(values) / full.vm_ticks * 1e9 for key, values in times.items()}
        ours = each.pop(adapter.NAME)
        best = min(each, key=each.__getitem__)
        print(
            f"{name:10s}{best:24s}{each[best]:8.1f}{ours:10.1f}{each[best] / ours:8.2f}{error:9.0e}{exact:14.0e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
