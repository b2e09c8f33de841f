"""A guest with page tables and privileged instructions, on a processor that knows the modes of kernel and user.

What an instruction does is written once, here: on the bare machine it happens to the real processor, under a VMM that
emulates it to the virtual one. The guest's tables lie in its own pages, as on x86-64, and one page of addresses maps
the table that maps the others, so that a kernel can change it by a store.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from vmwidgets.model.cpu import CPU
from vmwidgets.model.guest_code import REGISTERS
from vmwidgets.model.guest_memory import PAGE_BYTES, GuestMemory, Trap
from vmwidgets.model.page_tables import (
    ADDRESS_MASK,
    EptTables,
    GuestPages,
    GuestTables,
    PageAllocator,
    SparseMemory,
    index_of,
)

LEVELS = 4
DATA, QUEUE, TABLE, NEW = 0x1000, 0x2000, 0x3000, 0x4000
"""Guest-virtual pages: data, a queue shared with the device, the table of the lowest level, and those from `NEW` on,
which are not mapped at first."""
ROOTS = (0x1000, 0x2000)
"""Guest-physical addresses of the root tables of two address spaces. The second one has other data."""
SPARE = 0x20000
"""Guest-physical address of the first of the pages that are not mapped at first. All have their frames already."""
SPARES = 8
PORT, NOTIFY = 0x1F0, 0xC010
"""Port of the emulated device, and that by which a virtio device is told of new requests: the register at offset 16 of
its ports (Virtual I/O Device Version 1.0, 4.1.4.8, legacy interface)."""
IDX, DONE = 0, 0x800
"""Bytes of the queue's page: how many requests the guest has queued, and how many the device has done. A queue without
descriptors, as simple as can be; the requests follow `IDX`, 8 bytes each."""
PAGE_FAULT, GENERAL_PROTECTION = 14, 13
"""Vectors of the exceptions (Intel SDM volume 3, "Exception and Interrupt Vectors")."""
HANDLER = "fault"
"""The label of a program that handles its exceptions, in kernel mode. Without it an exception ends the guest."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What privileged instructions are about.

    Parameters
    ----------
    mode
        ``"kernel"`` or ``"user"``; of the real processor also ``"vmm"``, and ``"guest"`` for the mode of its own that
        hardware assistance gives to guests.
    interrupts
        The interrupt flag.
    cr3
        Address of the root of the page tables.
    halts
        How often it was told to sleep until the next interrupt.
    """

    mode: str = "kernel"
    interrupts: bool = True
    cr3: int = ROOTS[0]
    halts: int = 0


@dataclass(slots=True)
class Device:
    """A disk: it takes requests, which are numbers, and says how many it has done."""

    requests: list[int] = field(default_factory=list[int])

    def access(self, cpu: CPU, trap: Trap) -> None:
        """Do what a port access wants: a request, or the status that a read returns in rax."""
        detail = dict(trap.detail)
        if detail["write"]:
            self.requests.append(detail["value"])
        else:
            kept = cpu.registers["rax"] >> detail["bits"] << detail["bits"] if detail["bits"] < 32 else 0
            cpu.write("rax", kept | len(self.requests) & (1 << detail["bits"]) - 1)

    def take(self, memory: GuestPages, queue: int) -> None:
        """Take what is new in a queue at a guest-physical address, and say so there."""
        done, count = memory.load(queue + DONE, 8), memory.load(queue + IDX, 8)
        for at in range(done, min(count, (DONE - 8) // 8)):
            self.requests.append(memory.load(queue + 8 + 8 * at, 8))
        memory.store(queue + DONE, count, 8)


def carry_out(cpu: CPU, trap: Trap, state: Processor, device: Device) -> Processor:
    """Return the state after a privileged instruction, carried out in kernel mode."""
    detail = dict(trap.detail)
    if trap.reason == "io":
        device.access(cpu, trap)
    elif trap.reason == "hlt":
        return replace(state, halts=state.halts + 1)  # an interrupt arrives at once, and it goes on
    elif trap.reason == "interrupt_flag":
        return replace(state, interrupts=bool(detail["value"]))
    elif trap.reason == "control_register" and detail["number"] != 3:
        if detail["write"]:
            cpu.state.control[detail["number"]] = detail["value"]
        else:
            cpu.write(REGISTERS[detail["register"]], cpu.state.control[detail["number"]])
    elif trap.reason == "control_register":
        if detail["write"]:
            return replace(state, cr3=detail["value"] & ADDRESS_MASK)
        cpu.write(REGISTERS[detail["register"]], state.cr3)
    return state


def deliver(cpu: CPU, state: Processor) -> Processor | None:
    """Return the state in which an exception is handled, or None if nothing handles it."""
    if HANDLER not in cpu.program.labels:
        return None
    cpu.jump(HANDLER)
    return replace(state, mode="kernel")


class GuestSpace:
    """The guest's memory as it is when the guest begins: two address spaces, and spare pages.

    Parameters
    ----------
    bare
        Whether guest-physical addresses are those of the machine; else a VMM keeps a map of its own below them.
    """

    def __init__(self, *, bare: bool = False) -> None:
        self.machine = SparseMemory()
        self.map = None if bare else EptTables(self.machine, LEVELS, self.machine.allocate)
        self.memory = GuestPages(self.machine, self.map)
        pages = PageAllocator()
        spaces = [GuestTables(self.memory, LEVELS, pages.allocate) for _ in ROOTS]
        assert tuple(space.root for space in spaces) == ROOTS
        self.queue = pages.allocate()
        self.memory.store(self.queue, 0, 8)
        for number, space in enumerate(spaces):
            data = pages.allocate()
            space.map(DATA, data)
            self.memory.store(data, 0x11 * (number + 1), 8)
            space.map(QUEUE, self.queue)
            place = space.find(DATA)
            assert place is not None
            space.map(TABLE, place[0] & ADDRESS_MASK, user=False)
        for at in range(SPARES):
            self.memory.store(SPARE + at * PAGE_BYTES, 0, 8)

    def mapped(self, root: int) -> tuple[dict[int, int], set[int]]:
        """Return the entries of the pages that a root maps, by guest-virtual address, and the pages of its tables."""
        pages: dict[int, int] = {}
        tables: set[int] = set()

        def look(table: int, level: int, above: int) -> None:
            tables.add(table)
            for index in range(PAGE_BYTES // 8):
                entry = self.memory.load(table + 8 * index, 8)
                at = above | index << 12 + 9 * (level - 1)
                if entry & 1 and level > 1:
                    look(entry & ADDRESS_MASK, level - 1, at)
                elif entry & 1:
                    pages[at] = entry

        look(root, LEVELS, 0)
        return pages, tables

    def words(self) -> tuple[int, ...]:
        """Return what lies in the pages of data, in the queue and in the spare pages: the first words of each."""
        pages = [self.mapped(root)[0][DATA] & ADDRESS_MASK for root in ROOTS]
        pages += [self.queue, *(SPARE + at * PAGE_BYTES for at in range(SPARES))]
        return tuple(self.memory.load(page + 8 * at, 8) for page in pages for at in range(8))


def entry_address(page: int) -> int:
    """Return where the kernel writes to change the entry of a page: a guest-virtual address."""
    return TABLE + 8 * index_of(page, 1)


class TranslatedMemory(GuestMemory):
    """Memory by guest-virtual address.

    Parameters
    ----------
    machine
        Memory of the machine.
    translate
        Returns the machine address of an access, or raises a :class:`Trap`; of the address, its size, whether it is a
        write.
    """

    __slots__ = ("_bytes", "translate")

    def __init__(self, machine: SparseMemory, translate: Callable[[int, int, bool], int]) -> None:
        super().__init__(bytearray(), {})
        self._bytes = machine
        self.translate = translate

    def load(self, address: int, size: int, write: bool = False) -> int:
        """Read ``size`` bytes, little end first."""
        places = self._places(address, size, write)
        return int.from_bytes(bytes(self._bytes.load(place, 1) for place in places), "little")

    def store(self, address: int, value: int, size: int) -> None:
        """Write ``size`` bytes; nothing is written if a part of them cannot be."""
        for place, byte in zip(self._places(address, size, True), value.to_bytes(size, "little"), strict=True):
            self._bytes.store(place, byte, 1)

    def _places(self, address: int, size: int, write: bool) -> list[int]:
        first = min(size, PAGE_BYTES - address % PAGE_BYTES)
        start = self.translate(address, size, write)
        places = [start + at for at in range(first)]
        if first < size:
            start = self.translate(address + first, size - first, write)
            places += [start + at for at in range(size - first)]
        return places
