"""The model against the prototypes of the simulator benchmark, interleaved in one run.

    VMWIDGETS_BENCH=folder python tests/bench/sim_speed.py [--rounds 7] [--only A,C]

The folder holds the benchmark in `sim_speed/`. Answers are compared first, with the benchmark's plain Python reference
on small inputs and with its prototypes on the full ones. CPU time is compared, as other work may share the machine.

Scenario C, scheduling by quanta, is compared with the plain reference, the heaps and SimPy (if that is installed); the
ratio there is that of the reference to the model.
"""

import argparse
import importlib.util
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


def quanta(s, prototypes, reference, adapter):
    """Name -> (function, prepared input) for scenario C; the first is the peer."""
    found = {"reference": (reference.run_quantum, s), "heaps": (prototypes.quantum_heap, s)}
    if importlib.util.find_spec("simpy") is not None:
        found["SimPy"] = (importlib.import_module("libraries").simpy_quantum, s)
    return found | {adapter.NAME: (adapter.run_quantum, adapter.prepare_quantum(s))}


def time_each(found, rounds: int, vm_ticks: int) -> dict[str, float]:
    """Run all candidates in rounds, shuffled anew each time, and return the median of each in ns of CPU per VM-tick."""
    shuffle = random.Random(1).shuffle
    times: dict[str, list[float]] = {key: [] for key in found}
    order = list(found)
    for _ in range(rounds):
        shuffle(order)
        for key in order:
            run, data = found[key]
            began = time.process_time()
            run(data)
            times[key].append(time.process_time() - began)
    return {key: statistics.median(values) / vm_ticks * 1e9 for key, values in times.items()}


def compare_quanta(s, rounds: int, prototypes, reference, adapter) -> None:
    found = quanta(s, prototypes, reference, adapter)
    expected = reference.run_quantum(s)
    if [list(map(int, part)) for part in adapter.run_quantum(found[adapter.NAME][1])] != [list(p) for p in expected]:
        sys.exit("C: the answers differ")
    each = time_each(found, rounds, s.vm_ticks)
    ours = each.pop(adapter.NAME)
    for name, peer in each.items():
        print(f"{'C':10s}{name:24s}{peer:8.1f}{ours:10.1f}{peer / ours:8.2f}{'equal':>9s}", flush=True)


def difference(got, expected) -> float:
    """The largest error, relative to the largest value, as the benchmark defines it."""
    pairs = [(np.asarray(g, float), np.asarray(e, float)) for g, e in zip(got, expected, strict=True)]
    return max(float(np.abs(g - e).max() / (1e-9 + np.abs(e).max())) for g, e in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="A,S,B,B-ragged,B-1M,C")
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
    print(
        f"{'input':10s}{'best prototype':24s}{'ns':>8s}{'model ns':>10s}{'ratio':>8s}{'error':>9s}{'to reference':>14s}"
    )
    for name in options.only.split(","):
        if name == "C":
            compare_quanta(scenarios.scenario_c(), options.rounds, prototypes, reference, adapter)
            continue
        full, small = (make() for make in sizes[name])
        exact = difference(adapter.run_fluid(adapter.prepare_fluid(small)), reference.run_fluid(small))
        found = candidates(full, prototypes, adapter)
        answers = {key: run(data) for key, (run, data) in found.items()}
        error = max(difference(answers[adapter.NAME], other) for other in answers.values())
        if max(error, exact) > 1e-9:
            sys.exit(f"{name}: the answers differ by {max(error, exact):.0e}")
        rounds = options.rounds * (10 if full.vm_ticks < 100_000 else 1)
        each = time_each(found, rounds, full.vm_ticks)
        ours = each.pop(adapter.NAME)
        best = min(each, key=each.__getitem__)
        print(
            f"{name:10s}{best:24s}{each[best]:8.1f}{ours:10.1f}{each[best] / ours:8.2f}{error:9.0e}{exact:14.0e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
