"""Memory of a kernel with the lab open, against one with a bare bqplot chart and one with nothing.

python -m tests.bench.kernel_memory [--rounds 3]
"""

import argparse
import statistics

from jupyter_client.manager import start_new_kernel

from tests.bench.pages import BOARD, table

BARE = """
import bqplot, numpy
scales = {"x": bqplot.LinearScale(), "y": bqplot.LinearScale()}
lines = bqplot.Lines(x=numpy.arange(300), y=numpy.zeros((8, 300)), scales=scales)
figure = bqplot.Figure(marks=[lines], axes=[bqplot.Axis(scale=s) for s in scales.values()])
"""
PLAYED = BOARD + "for _ in range(500):\n    lab.advance()\n"
RESIDENT = """
import os
resident = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
"""
CASES = {"nothing": "", "bare bqplot": BARE, "board": BOARD, "board, 500 ticks on": PLAYED}


def resident(code: str) -> int:
    """Bytes that a fresh kernel keeps in memory after running `code`."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        client.execute_interactive(code, timeout=120, output_hook=lambda _message: None)
        reply = client.execute_interactive(
            RESIDENT, timeout=60, user_expressions={"resident": "resident"}, output_hook=lambda _message: None
        )
        return int(reply["content"]["user_expressions"]["resident"]["data"]["text/plain"])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> None:
    """Measure in turn and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    sizes: dict[str, list[int]] = {name: [] for name in CASES}
    for _ in range(chosen.rounds):
        for name, code in CASES.items():
            sizes[name].append(resident(code))
    bare = statistics.median(sizes["bare bqplot"])
    rows = [[name, statistics.median(s) / 1e6, statistics.median(s) / bare] for name, s in sizes.items()]
    table(["kernel with", "MB", "times bare bqplot"], rows)


if __name__ == "__main__":
    main()
