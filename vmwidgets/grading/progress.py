"""How far a batch is: one line that changes on a terminal, a plain line now and then anywhere else."""

import time
from collections.abc import Callable
from typing import TextIO

from vmwidgets import locale
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark as said

GRADED = said("graded {done} of {total}, {rate} a minute, {left} left")
TRIED = said("tried {done} variants of {total}, {rate} a minute, {left} left")
_TERMINAL_S = 0.2
_PLAIN_S = 10.0


class Progress:
    """Counts what is done and tells rate and time left.

    Parameters
    ----------
    total
        How many there are to do.
    stream
        Where to write.
    message
        Id of the message, with the fields done, total, rate and left.
    clock
        Seconds, as :func:`time.monotonic` gives them.
    """

    def __init__(
        self,
        total: int,
        stream: TextIO,
        message: str = GRADED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total, self._stream, self._message, self._clock = total, stream, message, clock
        self._began = clock()
        self._terminal = stream.isatty()
        self._shown = self._began
        self._done = 0

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        now = self._clock()
        if self._done == self._total or now - self._shown >= (_TERMINAL_S if self._terminal else _PLAIN_S):
            self._shown = now
            self._write(now)

    def skip(self) -> None:
        """Leave out one that was done before: it says nothing about how long the others take."""
        self._total -= 1

    def close(self) -> None:
        """End the line that changes, also when the batch was broken off."""
        if self._terminal and self._done:
            print(file=self._stream)

    def _write(self, now: float) -> None:
        line = self.line(now)
        if self._terminal:
            print(f"\r\x1b[K{line}", end="", file=self._stream, flush=True)
        else:
            print(line, file=self._stream, flush=True)

    def line(self, now: float) -> str:
        """What is told at the time `now`."""
        spent_s = max(now - self._began, 1e-3)
        left_s = round(spent_s / self._done * (self._total - self._done)) if self._done else 0
        return _(self._message).format(
            done=locale.number(self._done),
            total=locale.number(self._total),
            rate=locale.number(round(60 * self._done / spent_s)),
            left=f"{left_s // 60}:{left_s % 60:02}",
        )
