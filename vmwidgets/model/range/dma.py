"""A device that is passed through to a VM: the guest programs it, and it reads and writes memory by itself.

Its accesses do not go through the tables of the processor. An IOMMU translates them by the map of the VM; without one
an address that the guest gives to the device is an address of the machine. A write to certain addresses is no access to
memory but an interrupt (MSI), whose vector is what was written; only interrupt remapping tells a device's own from one
that the guest has made up.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.guest import Guest
from vmwidgets.model.range.machine import FRAMES, Machine
from vmwidgets.model.range.trace import ABSENT, ALLOWS, OPEN, REFUSES, Trace

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

BLOCK_BYTES = 64
"""What one command moves."""
ADDRESS, COMMAND, DATA = 0, 1, 2
"""Its ports, as offsets: the address of a block, a command, and the words of the block on the device in turn."""
FETCH, STORE = 1, 2
"""Commands: memory to device, device to memory."""
DONE, FAILED = 0, 1
"""What the command port answers."""
MESSAGES, MESSAGES_END = 0xFEE00000, 0xFEF00000
"""Addresses at which writes are interrupts (Intel SDM volume 3, "Message Address Register Format")."""
FIRST_VECTOR, LAST_VECTOR = 32, 254
"""Of interrupts; those below are exceptions."""


class DmaDevice:
    """The device of one guest.

    Parameters
    ----------
    machine, guest, trace
        The machine, whose device it is, and where decisions are written down.
    closed
        Whether there is an IOMMU.
    interrupt
        What becomes of an interrupt that the device raises, by vector; returns whether it is let through.
    """

    ports = 3

    def __init__(
        self,
        machine: Machine,
        guest: Guest,
        trace: Trace,
        *,
        closed: bool,
        interrupt: Callable[[int], bool] = lambda _vector: False,
    ) -> None:
        self._machine, self._guest, self._trace, self._closed = machine, guest, trace, closed
        self._interrupt = interrupt
        self._address, self._status, self._cursor = 0, DONE, 0
        self._block = bytearray(BLOCK_BYTES)

    def read(self, offset: int, bits: int) -> int:
        """Answer the status, or the next 4 bytes of the block."""
        if offset == DATA:
            at = self._next()
            return int.from_bytes(self._block[at : at + 4], "little")
        return self._status if offset == COMMAND else self._address

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take the address, a command, or the next 4 bytes of the block."""
        if offset == ADDRESS:
            self._address = value
        elif offset == DATA:
            at = self._next()
            self._block[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
        elif value in (FETCH, STORE):
            self._transfer(write=value == STORE)

    def _next(self) -> int:
        at, self._cursor = self._cursor, (self._cursor + 4) % BLOCK_BYTES
        return at

    def _transfer(self, *, write: bool) -> None:
        self._cursor = 0
        if write and MESSAGES <= self._address < MESSAGES_END:
            self._status = DONE if self._interrupt(self._block[0]) else FAILED
            return
        if write:
            self._guest.separate(self._address // PAGE_BYTES)
        at = self._translate(self._address - self._address % BLOCK_BYTES)
        self._status = FAILED if at is None else DONE
        if at is None:
            return
        self._machine.touched(self._guest.name, at // PAGE_BYTES, write=write)
        if write:
            self._machine.memory[at : at + BLOCK_BYTES] = self._block
        else:
            self._block[:] = self._machine.memory[at : at + BLOCK_BYTES]

    def _translate(self, address: int) -> int | None:
        page, place = divmod(address, PAGE_BYTES)
        self._machine.work["addresses_translated"] += self._closed
        if not self._closed:
            frame = page if page < FRAMES else None
        elif self._guest.direct:  # such a guest knows the machine addresses of its frames, and gives these
            frame = page if page in self._guest.map.values() else None
        else:
            frame = self._guest.map.get(page)
        if frame is None:
            self._trace.note("hardware", "iommu", REFUSES if self._closed else ABSENT, address)
            return None
        owner = self._machine.owners[frame]
        self._trace.note("hardware", "iommu", ALLOWS if self._closed else OPEN, address, frame, owner)
        return frame * PAGE_BYTES + place


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM the device, if the stack can pass one through."""
    port = scenario.port("dma", DmaDevice.ports)
    scenario.numbers["dma_block_bytes"] = BLOCK_BYTES
    vector = scenario.draws.number("vector of the device", FIRST_VECTOR, LAST_VECTOR - 1)
    scenario.numbers |= {"message_address": MESSAGES, "device_vector": vector}
    if "passthrough" not in scenario.stack.devices:
        return
    layer, trace = scenario.stack.layers.with_("schedules")[0].id, scenario.trace
    closed, remaps = scenario.defences["iommu"], scenario.defences["interrupt_remapping"]

    def interrupt(number: int) -> bool:
        scenario.machine.work["interrupts_remapped"] += remaps
        if number != vector:
            trace.note("hardware" if remaps else layer, "interrupt_remapping", REFUSES if remaps else OPEN, number)
            if not remaps:
                scenario.interrupts.append(number)
        return number == vector or not remaps

    scenario.ports.plug(port, DmaDevice(scenario.machine, scenario.attacker, trace, closed=closed, interrupt=interrupt))
