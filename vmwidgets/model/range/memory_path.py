"""The way of a guest's access to memory: its own page tables, the tables of the layer below, the frame.

What a page walk costs, and what it caches in between, is the affair of :mod:`vmwidgets.model.translation`. Here it is
about who decides. A translation that was found is kept, as in a TLB, until the guest or the layer below changes tables.
Accessed and dirty flags are not set: nothing in the range looks at them.
"""

from typing import NoReturn

from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES, READ, WRITE, GuestMemory, Trap
from vmwidgets.model.page_tables import (
    ADDRESS_MASK,
    ENTRY_BYTES,
    PAGE_SIZE,
    PRESENT,
    USER,
    WRITABLE,
    index_of,
    page_shift,
)
from vmwidgets.model.range.guest import ROOT, Guest
from vmwidgets.model.range.machine import FRAMES, Machine
from vmwidgets.model.range.trace import ABSENT, ALLOWS, OPEN, REFUSES, Trace

_RESERVED = 1 << 3
"""Bit of the error code of a page fault: a reserved bit is set (Intel SDM volume 3, "Page-Fault Exceptions")."""
MAP_CHECKS = {
    "nested_paging": "second_stage_tables",
    "trap_and_emulate": "shadow_tables",
    "binary_translation": "shadow_tables",
    "paravirtualization": "validation",
    "none": "process_tables",
}
"""The defence that says which frames are a guest's, by how its memory is virtualized."""


class MemoryPath(GuestMemory):
    """Memory as guest code sees it.

    Parameters
    ----------
    machine, guest, trace
        The machine, whose code it is, and where decisions are written down.
    keeper
        Id of the layer that keeps the map of the guest.
    closed
        Whether the map is all that the guest reaches. Else an address that is not in it goes to the machine as it is.
    """

    __slots__ = (
        "_closed",
        "_guest",
        "_keeper",
        "_memory",
        "_owner",
        "_readable",
        "_trace",
        "_user",
        "_writable",
        "root",
        "slow",
    )

    def __init__(self, machine: Machine, guest: Guest, trace: Trace, keeper: str, *, closed: bool) -> None:
        self._readable: dict[int, int] = {}
        self._writable: dict[int, int] = {}
        self._user = False
        self.slow = 0
        """How often an access took the model longer: over two pages, or its translation was not kept. No cycles."""
        super().__init__(bytearray(), {})
        self._owner, self._guest, self._trace, self._keeper, self._closed = machine, guest, trace, keeper, closed
        self._memory = machine.memory
        self.root = guest.table_address(ROOT) if guest.has_tables else 0
        """Address of its table of level 4, which cr3 holds."""
        machine.on_change(self.forget)

    @property
    def user(self) -> bool:
        """Whether accesses are those of user code, to which the guest's tables may deny a page."""
        return self._user

    @user.setter
    def user(self, user: bool) -> None:
        if user is not self._user:
            self._user = user
            self.forget()  # what is kept was found with the rights of the other mode

    def release(self) -> None:
        """Let go of the machine's memory: nothing can be accessed any more."""
        self._memory = bytearray()
        self.forget()

    def forget(self) -> None:
        """Forget all translations."""
        self._readable.clear()
        self._writable.clear()

    def invalidate(self, address: int) -> None:
        """Forget the translation of an address."""
        self._readable.pop(address // PAGE_BYTES, None)
        self._writable.pop(address // PAGE_BYTES, None)

    def known_owner(self, address: int) -> str:
        """Return whose the frame is that an address was translated to last, ``""`` if that is not known."""
        page = address // PAGE_BYTES
        frame = self._writable.get(page, self._readable.get(page))
        return "" if frame is None else self._owner.owners[frame]

    def used_frames(self) -> list[int]:
        """Return the guest's frames whose translation was looked up since this was asked last, and forget all."""
        owners, name = self._owner.owners, self._guest.name
        frames = {*self._readable.values(), *self._writable.values()}
        self.forget()
        return sorted(frame for frame in frames if owners[frame] == name)

    def switch(self, root: int) -> None:
        """Translate by the table of level 4 at ``root`` from now on."""
        self.root = root & ADDRESS_MASK
        self.forget()

    def load(self, address: int, size: int, write: bool = False) -> int:
        """Read ``size`` bytes, little end first; ``write`` says that the same bytes are about to be written."""
        frame = (self._writable if write else self._readable).get(address // PAGE_BYTES)
        offset = address % PAGE_BYTES
        if frame is None or offset + size > PAGE_BYTES:
            places = self._places(address, size, write)
            return int.from_bytes(bytes(self._memory[place] for place in places), "little")
        return READ[size](self._memory, frame * PAGE_BYTES + offset)[0]

    def store(self, address: int, value: int, size: int) -> None:
        """Write ``size`` bytes, little end first; nothing is written if a part of them cannot be."""
        frame = self._writable.get(address // PAGE_BYTES)
        offset = address % PAGE_BYTES
        if frame is None or offset + size > PAGE_BYTES:
            for place, byte in zip(self._places(address, size, True), value.to_bytes(size, "little"), strict=True):
                self._memory[place] = byte
            return
        WRITE[size](self._memory, frame * PAGE_BYTES + offset, value)

    def _places(self, address: int, size: int, write: bool) -> list[int]:
        self.slow += 1
        first = min(size, PAGE_BYTES - address % PAGE_BYTES)
        start = self._place(address, size, write)
        places = [*range(start, start + first)]
        if first < size:
            start = self._place(address + first & MASK64, size - first, write)
            places += range(start, start + size - first)
        return places

    def _place(self, address: int, size: int, write: bool) -> int:
        frame = (self._writable if write else self._readable).get(address // PAGE_BYTES)
        if frame is None:
            return self._translate(address, size, write)
        return frame * PAGE_BYTES + address % PAGE_BYTES

    def _translate(self, address: int, size: int, write: bool) -> int:
        self.slow += 1
        physical = self._walk(address, size, write) if self._guest.has_tables else address
        if self._guest.direct:
            frame = self._in_machine(physical // PAGE_BYTES, address, size, write)
        else:
            frame = self._frame(physical, size, write)
        self._owner.touched(self._guest.name, frame, write=write)
        (self._writable if write else self._readable)[address // PAGE_BYTES] = frame
        return frame * PAGE_BYTES + address % PAGE_BYTES

    def _frame(self, physical: int, size: int, write: bool) -> int:
        """Return the frame behind a guest-physical address, as the layer below has it."""
        check, page = MAP_CHECKS[self._guest.technique], physical // PAGE_BYTES
        self._owner.work["map_lookups"] += self._closed
        if write:
            self._guest.separate(page)
        frame = self._guest.map.get(page)
        if frame is not None:
            self._trace.note(self._keeper, check, ALLOWS, physical, frame, self._owner.owners[frame])
            return frame
        if self._closed:
            self._trace.note(self._keeper, check, REFUSES, physical)
            self._stop("ept_violation" if check == "second_stage_tables" else "page_fault", physical, size, write)
        frame = self._in_machine(page, physical, size, write)
        self._trace.note(self._keeper, check, OPEN, physical, frame, self._owner.owners[frame])
        return frame

    def _in_machine(self, frame: int, address: int, size: int, write: bool) -> int:
        if frame >= FRAMES:
            self._trace.note("hardware", "machine", ABSENT, address)
            self._stop("page_fault", address, size, write)
        return frame

    def _walk(self, address: int, size: int, write: bool) -> int:
        """Return what the guest's own tables make of an address."""
        if address >> 47 not in (0, MASK64 >> 47):  # not canonical
            self._refuse("general_protection", address, size, write)
        table = self.root
        for level in (4, 3, 2, 1):
            entry = self._entry(table + ENTRY_BYTES * index_of(address, level), size)
            if not entry & PRESENT or (write and not entry & WRITABLE) or (self._user and not entry & USER):
                self._refuse("page_fault", address, size, write, entry & PRESENT)
            table = entry & ADDRESS_MASK
            if level == 1 or entry & PAGE_SIZE:
                place = (1 << page_shift(level)) - 1
                if level == 4 or table & place:  # reserved bits: no page is that large, or begins there
                    self._refuse("page_fault", address, size, write, PRESENT | _RESERVED)
                self._trace.note(self._guest_layer, "guest_tables", ALLOWS, address)
                return table | address & place
        raise AssertionError("unreachable: the lowest level returns")

    def _entry(self, at: int, size: int) -> int:
        frame = at // PAGE_BYTES if self._guest.direct else self._guest.map.get(at // PAGE_BYTES)
        if frame is None:
            frame = self._frame(at, size, False)
        elif self._guest.direct:
            self._in_machine(frame, at, size, False)
        else:
            self._owner.work["map_lookups"] += self._closed
        self._owner.touched(self._guest.name, frame, write=False)
        return self._owner.word(frame * PAGE_BYTES + at % PAGE_BYTES)

    @property
    def _guest_layer(self) -> str:
        return self._keeper if self._guest.direct else "guest_kernel"

    def _refuse(self, reason: str, address: int, size: int, write: bool, code: int = 0) -> NoReturn:
        self._trace.note(self._guest_layer, "guest_tables", REFUSES, address)
        if reason == "page_fault":
            code |= write << 1 | self._user << 2
        raise Trap(reason, address=address, bytes=size, write=int(write), code=code)

    @staticmethod
    def _stop(reason: str, address: int, size: int, write: bool) -> NoReturn:
        raise Trap(reason, address=address, bytes=size, write=int(write))
