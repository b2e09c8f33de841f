"""Write ``course/data/small_day.csv``, a day of four machines made by a formula: ``python -m tests.make_small_day``.

Nothing in it was measured. Each machine has a load by the hour, a straight line between the hours, and noise of ±5
percent from the model's own generator of random numbers.
"""

from pathlib import Path

import numpy as np

from vmwidgets.model.random import random_permille

PATH = Path(__file__).resolve().parent.parent / "course" / "data" / "small_day.csv"
SEED = 2011
EVERY_MIN = 5
# Percent at each full hour, midnight first.
HOURS = {
    "web": (12, 8, 6, 5, 5, 7, 14, 26, 40, 50, 56, 62, 66, 60, 56, 55, 58, 66, 78, 90, 92, 78, 48, 24),
    "database": (20, 18, 16, 15, 15, 18, 24, 34, 48, 56, 60, 62, 58, 58, 60, 60, 58, 60, 66, 72, 70, 58, 40, 28),
    "backup": (0, 0, 85, 95, 95, 90, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "office": (3, 3, 3, 3, 3, 3, 5, 18, 45, 60, 58, 50, 32, 48, 58, 56, 50, 34, 12, 5, 4, 3, 3, 3),
}


def machine(name: str) -> list[int]:
    """Return the percent of one machine, every five minutes."""
    hours, steps = HOURS[name], 60 // EVERY_MIN
    noise = random_permille(SEED, name, np.arange(24 * steps)) % 11 - 5
    day: list[int] = []
    for tick in range(24 * steps):
        hour, step = divmod(tick, steps)
        line = (hours[hour] * (steps - step) + hours[(hour + 1) % 24] * step) // steps
        day.append(min(max(line + int(noise[tick]) if line else 0, 0), 100))
    return day


def text() -> str:
    """Return the whole file."""
    lines = [
        "# Processor use of four invented machines in percent, every 5 minutes for a day.",
        "# Made by a formula (tests/make_small_day.py), not measured.",
        ",".join(HOURS),
        *(",".join(map(str, row)) for row in zip(*map(machine, HOURS), strict=True)),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(text(), encoding="utf-8", newline="\n")
