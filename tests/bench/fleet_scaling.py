"""What a VM-tick costs in fleets from 20,000 to 1,000,000 VMs.

    python tests/bench/fleet_scaling.py [--rounds 5]

CPU time, all sizes interleaved; the median of each size, and the ratio of the dearest to the cheapest.
"""

import argparse
import random
import statistics
import time

import numpy as np

from vmwidgets.model.fleet import Fleet, run

VMS, TICKS = 20, 4
HOSTS = (1_000, 5_000, 15_000, 50_000)


def fleet(hosts: int) -> tuple[Fleet, np.ndarray, np.ndarray]:
    """Hosts of 20 VMs; processor and memory are short on about half of them."""
    rng = np.random.default_rng(hosts)
    shape = (VMS, hosts)
    controls = Fleet(
        cpu_capacity=np.full(hosts, VMS * 0.5),
        memory_capacity=np.full(hosts, VMS * 2.0),
        cpu_weight=rng.choice([500.0, 1000.0, 2000.0], shape),
        cpu_reservation=rng.choice([0.0, 0.1], shape),
        cpu_limit=rng.choice([0.7, 1.0], shape),
        memory_weight=rng.choice([5.0, 10.0, 20.0], shape),
        memory_reservation=rng.choice([0.0, 1.0], shape),
        memory_limit=np.full(shape, 4.0),
        balloon_limit=np.full(shape, 2.6),
    )
    return controls, rng.uniform(0, 1.2, (VMS, TICKS, hosts)), rng.uniform(0, 4, (VMS, TICKS, hosts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    fleets = {hosts: fleet(hosts) for hosts in HOSTS}
    times: dict[int, list[float]] = {hosts: [] for hosts in HOSTS}
    order, shuffle = list(HOSTS), random.Random(1).shuffle
    for _ in range(options.rounds):
        shuffle(order)
        for hosts in order:
            repeat = max(1, 100_000 // (hosts * VMS))
            began = time.process_time()
            for _ in range(repeat):
                run(*fleets[hosts], balloon_step=0.3, swap_penalty=10.0)
            times[hosts].append((time.process_time() - began) / (repeat * hosts * VMS * TICKS) * 1e9)
    each = {hosts: statistics.median(values) for hosts, values in times.items()}
    for hosts, cost in each.items():
        print(f"{hosts * VMS:10,d} VMs {cost:8.1f} ns per VM-tick")
    print(f"dearest to cheapest: {max(each.values()) / min(each.values()):.2f}")


if __name__ == "__main__":
    main()
