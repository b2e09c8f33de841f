"""Rows of memory cells, and one cell that its neighbours disturb: row hammer.

To read a line that no cache holds its row is opened. Rows that are opened very often between two refreshes disturb the
rows beside them, and a weak cell there loses its bit (Y. Kim et al., ISCA 2014). Who owns the row plays no part in it.
"""

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.clock import TICK_CYCLES
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace

ROW_FRAMES = 2
"""Frames in a row: 8 KiB."""
REFRESH_CYCLES = 64 * TICK_CYCLES
"""Each row is refreshed every 64 ms (JEDEC DDR3 and DDR4)."""
DISTURBING = 1500
"""So many openings of the two rows beside it disturb a weak cell. Scaled down, so that an attack fits into the budget
of guest code: real chips take thousands to hundreds of thousands."""
HAMMERS = 1000
"""So often guest code has to open each of two rows; what the manual says."""


class Dram:
    """The rows of a machine.

    Parameters
    ----------
    machine, trace
        Whose memory it is, and where flips are written down.
    guest
        Whose loads open rows.
    weak
        Machine address of the weak cell's byte, and its bit; it loses a 0.
    corrects
        Whether the memory corrects single bits (ECC).

    """

    def __init__(self, machine: Machine, trace: Trace, guest: str, weak: tuple[int, int], *, corrects: bool) -> None:
        self._machine, self._trace, self._guest, self._corrects = machine, trace, guest, corrects
        self._at, self._bit = weak
        row = self._at // PAGE_BYTES // ROW_FRAMES
        self._beside = (row - 1, row + 1)
        self._open = -1
        self._count = self._refreshed = 0

    def refresh(self, now: int) -> None:
        """Refresh all rows if it is time."""
        if now // REFRESH_CYCLES > self._refreshed:
            self._refreshed = now // REFRESH_CYCLES
            self._count = 0

    def activate(self, address: int) -> None:
        """Open the row of an address, if it is not open."""
        row = address // PAGE_BYTES // ROW_FRAMES
        if row == self._open:
            return
        self._open = row
        if row in self._beside:
            self._count += 1
            if self._count % DISTURBING == 0:
                self._disturb()

    def _disturb(self) -> None:
        machine, frame = self._machine, self._at // PAGE_BYTES
        if machine.memory[self._at] >> self._bit & 1:
            return
        if self._corrects:
            machine.work["bits_corrected"] += 1
            self._trace.note("hardware", "ecc", REFUSES, self._at, frame, machine.owners[frame])
            return
        machine.memory[self._at] |= 1 << self._bit
        owner = machine.touched(self._guest, frame, write=True)
        self._trace.note("hardware", "ecc", OPEN, self._at, frame, owner)
