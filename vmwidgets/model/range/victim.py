"""What the victim does while guest code waits: it works with its secret, a bit at a time, in a page of a library."""

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.guest import Guest
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
