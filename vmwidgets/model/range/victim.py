"""What the victim does while guest code waits: it works with its secret, a bit at a time, in a page of a library."""

from collections.abc import Sequence

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.guest import Guest
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.timing import LINE_BYTES, Caches

SECRET_BITS = 64
MULTIPLY_LINE = 1
"""The line of the page of the library whose code runs for the bits that are 1, as in an exponentiation by squaring."""
LATEST_TICKS = SECRET_BITS
"""What the caches still know of: the victim repeats itself after so many ticks."""


class Victim:
    """A VM that uses a key, one bit in each tick, from the lowest to the highest, again and again.

    Parameters
    ----------
    guest, page, key
        Whose VM it is, the page of the library, and the key.
    caches
        What its loads leave behind. It runs on another core than the attacker.
    """

    def __init__(self, guest: Guest, page: int, key: int, caches: Caches) -> None:
        self._guest, self._page, self._key, self._caches = guest, page, key, caches
        self._tick = 0

    def work_until(self, now: int) -> None:
        """Do what is due by a time in cycles. Bit n of the key is used in the ticks that are n modulo 64."""
        tick = now // TICK_CYCLES
        for one in range(max(self._tick, tick - LATEST_TICKS), tick):
            frame = self._guest.map.get(self._page)
            if frame is not None and self._key >> one % SECRET_BITS & 1:
                self._caches.access_elsewhere(frame * PAGE_BYTES // LINE_BYTES + MULTIPLY_LINE)
        self._tick = max(self._tick, tick)


class Sender:
    """A VM in league with the attacker: it says a secret by what its pages hold, as many bits at a time as pages.

    For a bit that is 1 a page holds the mark and the number of the bit, which the attacker's own page holds as well;
    for one that is 0 it holds only the number.

    Parameters
    ----------
    machine, guest, pages
        The machine, whose VM it is, and the pages that speak.
    mark, secret
        What both know, and what is to be said.
    period_cycles
        How long it leaves its pages as they are.
    """

    def __init__(
        self, machine: Machine, guest: Guest, pages: Sequence[int], mark: int, secret: int, period_cycles: int
    ) -> None:
        self._machine, self._guest, self._pages = machine, guest, pages
        self._mark, self._secret, self._period_cycles = mark, secret, period_cycles
        self._period = -1

    def speak_until(self, now: int) -> None:
        """Say what is to be said at a time in cycles."""
        period = now // self._period_cycles
        if period == self._period:
            return
        self._period = period
        for at, page in enumerate(self._pages):
            bit = (period * len(self._pages) + at) % SECRET_BITS
            self._guest.separate(page)
            frame = self._guest.map[page]
            self._machine.put(frame * PAGE_BYTES, self._mark if self._secret >> bit & 1 else 0)
            self._machine.put(frame * PAGE_BYTES + 8, 1 + bit)
