"""Random guest programs on all stacks, with all defences on: ``python -m tests.bench.fuzz_range --instructions 1e8``.

Prints how many programs and instructions were tried and how fast, and each program that reached what its VM does not
own, by the number that makes it again. Ends with 1 if there was one.
"""

import argparse
import sys
from time import process_time

from tests.range.guest_fuzz import fuzz

ROUND = 1_000_000
"""A line is printed after so many instructions. Each round has a seed of its own."""


def main() -> int:
    """Fuzz as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--instructions", type=float, default=1e8)
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    wanted = parser.parse_args()
    programs, instructions, escapes, seed, start = 0, 0, list[str](), wanted.seed, process_time()
    while instructions < wanted.instructions:
        tried = fuzz(min(ROUND, wanted.instructions - instructions), seed)
        programs, instructions, seed = programs + tried.programs, instructions + tried.instructions, seed + 1
        escapes += [f"seed {seed - 1}: {one}" for one in tried.escapes]
        rate = instructions / (process_time() - start)
        print(
            f"{programs} programs, {instructions} instructions, {len(escapes)} escapes, {rate:.0f} instructions/s",
            flush=True,
        )
    print("\n".join(escapes))
    return 1 if escapes else 0


if __name__ == "__main__":
    sys.exit(main())
