"""Which share of mutated attacks the right defence still stops: ``python -m tests.bench.attack_mutants --mutants 5``.

Prints, by attack and kind of mutant, how many were tried, how many still reach the goal with all defences off, and how
many the right defence does not stop. Ends with 1 if it stops less than 99 in 100.
"""

import argparse
import sys

from vmwidgets.attacks import ATTACKS
from vmwidgets.experiments.mutating import mutated_attacks

WANTED_PCT = 99


def main() -> int:
    """Try mutants of one attack after another."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mutants", type=int, default=5, help="of each attack and kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stacks", nargs="+", default=["kvm", "xen", "workstation"])
    parser.add_argument("--attacks", nargs="+", default=list(ATTACKS))
    wanted = parser.parse_args()
    tried, working, stopped = 0, 0, 0
    for attack in wanted.attacks:
        table = mutated_attacks(attack, wanted.stacks, wanted.mutants, wanted.seed)
        print(table.to_string(header=not tried), flush=True)
        tried, working = tried + table["mutants"].sum(), working + table["working"].sum()
        stopped += table["stopped"].sum()
    share = 100 * stopped / max(tried, 1)
    print(f"{tried} mutants, {working} of which work with all defences off, {stopped} stopped: {share:.2f} %")
    return 0 if share >= WANTED_PCT else 1


if __name__ == "__main__":
    sys.exit(main())
