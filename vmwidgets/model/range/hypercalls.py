"""What a guest may ask the layer below for: hypercalls, or system calls where there is no VMM."""

from collections.abc import Callable

from vmwidgets.model.cpu import CPU, UNKNOWN_HYPERCALL
from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES
from vmwidgets.model.page_tables import PRESENT, USER, WRITABLE
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.guest import MAX_PAGES, TABLE, Guest
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.table_updates import TableUpdates
from vmwidgets.model.range.trace import ABSENT, OPEN, REFUSES, Trace

CALLS = ("report", "yield", "page_table_update", "balloon_release", "balloon_claim")
"""Report a number (rdi) to the outside; give up the CPU; write an entry (at machine address rdi, value rsi) of a
paravirtual guest's page tables; give a page (rdi) back; ask for a frame for a page (rdi)."""
INVALID = -22 & MASK64
"""What a call answers in rax that may not be (EINVAL of Linux and of Xen, public/errno.h)."""
MAX_REPORTS = 64
"""So many reports are kept."""


class Hypercalls:
    """The calls of one guest.

    Parameters
    ----------
    machine, guest, trace
        The machine, who calls, and where decisions are written down.
    keeper
        Id of the layer that keeps the guest's map.
    updates
        The validation of page-table updates, None if the guest's tables are its own affair.
    zeroes
        Whether a frame is cleared before it is handed out.
    draws
        Decides the numbers of the calls.
    """

    def __init__(
        self,
        machine: Machine,
        guest: Guest,
        trace: Trace,
        keeper: str,
        updates: TableUpdates | None,
        *,
        zeroes: bool,
        draws: Draws,
    ) -> None:
        self._machine, self._guest, self._trace = machine, guest, trace
        self._keeper, self._updates, self._zeroes = keeper, updates, zeroes
        first = draws.number("hypercalls", 0x100, 0xFFF)
        order = draws.order("hypercall order", len(CALLS))
        self.numbers = {name: first + order[at] for at, name in enumerate(CALLS)}
        """The number of each call, for rax."""
        self._calls: dict[int, Callable[[int, int], int]] = {
            self.numbers["report"]: self._report,
            self.numbers["yield"]: lambda _a, _b: 0,
            self.numbers["balloon_release"]: lambda page, _: self.release(page),
            self.numbers["balloon_claim"]: lambda page, _: self.claim(page),
        }
        if updates is not None:
            self._calls[self.numbers["page_table_update"]] = self._update

    def add(self, name: str, call: Callable[[int, int], int] | None) -> None:
        """Give another call a number, and let it be carried out, if it is there."""
        self.numbers[name] = number = 1 + max(self.numbers.values())
        if call is not None:
            self._calls[number] = call

    def call(self, cpu: CPU) -> None:
        """Carry out the call that a guest makes."""
        registers = cpu.registers
        call = self._calls.get(registers["rax"])
        if call is None:
            self._trace.note(self._keeper, "hypercall", ABSENT, registers["rax"])
        cpu.write("rax", UNKNOWN_HYPERCALL if call is None else call(registers["rdi"], registers["rsi"]))

    def _report(self, value: int, _unused: int) -> int:
        if len(self._guest.reports) < MAX_REPORTS:
            self._guest.reports.append(value)
        return 0

    def _update(self, at: int, value: int) -> int:
        assert self._updates is not None
        return 0 if self._updates.update(at, value) else INVALID

    def release(self, page: int) -> int:
        """Take a page back; return the answer to the guest."""
        self._guest.separate(page)
        frame = self._guest.map.get(page)
        if frame is None or self._machine.owners[frame] != self._guest.name:
            return INVALID
        if self._updates is not None and not self._updates.unmap(frame):
            return INVALID
        del self._guest.map[page]
        self._machine.release(frame)
        return 0

    def claim(self, page: int) -> int:
        """Give the guest a frame for a page; return the answer to the guest."""
        if page in self._guest.map or page >= MAX_PAGES:
            return INVALID
        frame = self._machine.take(self._guest.name)
        if self._zeroes:
            self._machine.clear(frame)
        self._trace.note(self._keeper, "zero_on_allocate", REFUSES if self._zeroes else OPEN, page, frame)
        self._guest.map[page] = frame
        if self._guest.direct and TABLE in self._guest.map:
            self._map_claimed(page, frame)
        self._machine.changed()
        return 0

    def _map_claimed(self, page: int, frame: int) -> None:
        """Map a new page of a paravirtual guest where its kernel has all of its pages."""
        assert self._updates is not None
        at = self._guest.map[TABLE] * PAGE_BYTES + 8 * page
        self._updates.update(at, frame * PAGE_BYTES | PRESENT | WRITABLE | USER)
