"""How long the whole matrix of attacks, stacks and defences takes: ``python -m tests.bench.attacks --seeds 0 7``.

Prints the processor time of each attack and of all, runs and instructions per second, and each run that does not come
out as tests/range/test_attacks.py expects. Ends with 1 if there is one.
"""

import argparse
import sys
from time import process_time

from tests.experiments.test_breaking import expected
from vmwidgets.attacks import ATTACKS
from vmwidgets.experiments.breaking import attack_matrix


def main() -> int:
    """Run the matrix, one attack after another."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--attacks", nargs="+", default=list(ATTACKS))
    wanted = parser.parse_args()
    runs, instructions, start, wrong = 0, 0, process_time(), list[str]()
    for attack in wanted.attacks:
        began = process_time()
        table = attack_matrix(attacks=attack, seeds=wanted.seeds, tidy=True)
        runs, instructions = runs + len(table), instructions + int(table["instructions"].sum())
        for run in table[table["opened"] != "all"].itertuples():
            if run.succeeded != expected(run.attack, run.stack, run.opened):
                wrong.append(f"{run.attack} on {run.stack} without {run.opened or 'anything off'}: {run.mechanism}")
        print(f"{attack:26} {len(table):5} runs {process_time() - began:8.2f} s", flush=True)
    spent = process_time() - start
    print(f"{runs} runs, {instructions} instructions, {spent:.1f} s, {instructions / spent / 1e6:.2f} M instructions/s")
    print("\n".join([f"{len(wrong)} runs came out otherwise than expected", *wrong]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
