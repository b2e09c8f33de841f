"""What `import vmwidgets` (and a first lab) costs beside `import numpy`, and that no Jupyter package comes with it.

    python tests/bench/import_time.py [--rounds 20]

Fresh interpreters, alternating; CPU time of the child, least and median.
"""

import argparse
import resource
import statistics
import subprocess
import sys

STATEMENTS = {
    "nothing": "pass",
    "numpy": "import numpy",
    "vmwidgets": "import vmwidgets",
    "and a lab": "import vmwidgets; vmwidgets.Lab()",
}
HEAVY = ("IPython", "anywidget", "bqplot", "ipywidgets", "pandas", "traitlets")


def cpu_time(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    times: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for _ in range(options.rounds + 1):
        for name, statement in STATEMENTS.items():
            times[name].append(cpu_time(statement))
    for name, values in times.items():
        del values[0]  # the first round fills the caches of files
        print(f"{name:10s} least {min(values) * 1e3:6.1f} ms   median {statistics.median(values) * 1e3:6.1f} ms")
    for name in ("vmwidgets", "and a lab"):
        least, median = (f(times[name]) / f(times["numpy"]) for f in (min, statistics.median))
        print(f"{name} to numpy: {least:.2f} (least), {median:.2f} (median)")
    loaded = f"import sys, vmwidgets; print([m for m in {HEAVY!r} if m in sys.modules])"
    print("of", ", ".join(HEAVY), "loaded:", subprocess.check_output([sys.executable, "-c", loaded], text=True).strip())


if __name__ == "__main__":
    main()
