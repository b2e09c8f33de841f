"""A VM of the range: its pages, in which frames they lie, and the page tables that its kernel has built in them."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.page_tables import PAGE_SIZE, PRESENT, USER, WRITABLE
from vmwidgets.model.range.machine import FRAMES, LOW, Machine

PAGES, MAX_PAGES = 16, 32
"""Guest pages that a VM begins with, and up to which its balloon lets it grow."""
ROOT, UPPER, DIRECTORY, TABLE = PAGES - 4, PAGES - 3, PAGES - 2, PAGES - 1
"""The guest pages of its page tables, from level 4 down to level 1."""
LARGE_BYTES = 512 * PAGE_BYTES
"""What an entry of the directory maps: 2 MiB."""
WINDOW = 2
"""The first entry of the directory that is free, the guest's to use."""
_ALL = PRESENT | WRITABLE | USER
_SMALL = tuple(page * PAGE_BYTES | _ALL for page in range(512))
_LARGE = tuple(at | _ALL | PAGE_SIZE for at in range(LARGE_BYTES, FRAMES * PAGE_BYTES, LARGE_BYTES))
"""All physical addresses from 0 on, one to one, as a kernel maps them: those of the first 2 MiB, and the others."""


@dataclass(slots=True)
class Guest:
    """A VM, or where there is no VMM the processes of a customer.

    Parameters
    ----------
    index
        Its number.
    technique
        How its memory is virtualized, one of :data:`~vmwidgets.model.stack.TECHNIQUES`.
    map
        What the layer below keeps of it: guest page to machine frame.
    reports
        The numbers that it has reported to the outside.
    separate
        Gives a page of it a frame of its own, if it shares one with other pages: before anybody writes to it.
    """

    index: int
    technique: str
    map: dict[int, int] = field(default_factory=dict[int, int])
    reports: list[int] = field(default_factory=list[int])
    separate: Callable[[int], None] = lambda _page: None

    @property
    def name(self) -> str:
        """Its name as the owner of frames."""
        return f"guest {self.index}"

    @property
    def direct(self) -> bool:
        """Whether its tables hold machine addresses, so that it may not write them: paravirtualization."""
        return self.technique == "paravirtualization"

    @property
    def has_tables(self) -> bool:
        """Whether it has page tables of its own; processes have those of the kernel below."""
        return self.technique != "none"

    def table_address(self, page: int) -> int:
        """Return the address of one of its tables as its tables name it: a machine address, if they hold these."""
        return (self.map[page] if self.direct else page) * PAGE_BYTES

    def boot(self, machine: Machine, first: int | None = None) -> None:
        """Take frames, and build the tables of the kernel: all physical addresses from 0 on, one to one.

        With ``first`` the frames are those from it on, one behind the other.

        The lowest table of the first paravirtual guest lies on the boundary of a large page: a guest with more memory
        picks a page that does.
        """
        if self.direct and self.index == 0:
            first, self.map[TABLE] = None, machine.take(self.name, frame=LOW)
        for page in range(PAGES):
            if page not in self.map:
                self.map[page] = machine.take(self.name, frame=None if first is None else first + page)
        if self.has_tables:
            self._write_tables(machine)

    def _write_tables(self, machine: Machine) -> None:
        upper, directory, table = (self.table_address(page) | _ALL for page in (UPPER, DIRECTORY, TABLE))
        self._write(machine, ROOT, [upper])
        self._write(machine, UPPER, [directory])
        if self.direct:  # only what it has, and its tables read-only: nothing else passes the validation
            rights = [_ALL & ~WRITABLE if page >= ROOT else _ALL for page in range(PAGES)]
            self._write(machine, DIRECTORY, [table])
            self._write(machine, TABLE, [self.map[page] * PAGE_BYTES | rights[page] for page in range(PAGES)])
        else:
            self._write(machine, DIRECTORY, [table, *_LARGE])
            self._write(machine, TABLE, _SMALL)

    def _write(self, machine: Machine, page: int, entries: Sequence[int]) -> None:
        start = self.map[page] * PAGE_BYTES
        machine.memory[start : start + 8 * len(entries)] = struct.pack(f"<{len(entries)}Q", *entries)
