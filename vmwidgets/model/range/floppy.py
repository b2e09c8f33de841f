"""A floppy controller with a buffer in the memory of the layer that imitates it, as in VENOM (CVE-2015-3456).

One port takes commands and their parameters byte by byte, and puts the parameters into a buffer. The command DRIVE
SPECIFICATION ends when a parameter has its highest bit set, so that the guest decides how many there are. Without a
bounds check the index runs past the buffer, to what the device model keeps behind it: here, as an assumption, the
address of the code that carries out commands. Once that is another, the next command runs code of the guest's choice.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.consequences import crash, take_over
from vmwidgets.model.range.machine import Machine
from vmwidgets.model.range.offers import emulates, emulator
from vmwidgets.model.range.spaces import Space
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

BUFFER_BYTES = 512
"""Size of the buffer: a sector (FD_SECTOR_LEN in QEMU, hw/block/fdc.c)."""
DRIVE_SPECIFICATION = 0x8E
"""The command (FD_CMD_DRIVE_SPECIFICATION_COMMAND in QEMU, hw/block/fdc.c)."""
_LAST = 0x80


class Floppy:
    """The controller of one guest.

    Parameters
    ----------
    machine, guest, trace
        The machine, the guest whose it is (as the owner of frames), and where decisions are written down.
    space, layer
        The address space that the buffer lies in, and the id of the layer that imitates the device.
    buffer, handler
        Where in the space the buffer begins, and where behind it the address of the code lies.
    code
        That address.
    closed
        Whether the index is kept within the buffer.
    taken, crashed
        Called when the device model runs code of the guest's choice, and when it touches what it does not have.
    """

    ports = 1

    def __init__(
        self,
        machine: Machine,
        guest: str,
        trace: Trace,
        space: Space,
        layer: str,
        *,
        buffer: int,
        handler: int,
        code: int,
        closed: bool,
        taken: Callable[[], None],
        crashed: Callable[[], None],
    ) -> None:
        self._machine, self._guest, self._trace = machine, guest, trace
        self._space, self._layer, self._buffer, self._code = space, layer, buffer, code
        self._closed, self._taken, self._crashed = closed, taken, crashed
        self._position = -1  # no command is waiting for parameters
        at = space.machine_address(handler)
        assert at is not None
        self._handler = at
        machine.put(at, code)

    def read(self, offset: int, bits: int) -> int:
        """Return the status: 0x80, ready; with 0x10 while a command waits for parameters (main status register)."""
        return 0x80 if self._position < 0 else 0x90

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take a command or a parameter."""
        value &= 0xFF
        if self._position < 0:
            if self._machine.word(self._handler) != self._code:
                self._taken()
            if value == DRIVE_SPECIFICATION:
                self._position = 0
            return
        self._parameter(value)
        self._position = -1 if value & _LAST else self._position + 1

    def _parameter(self, value: int) -> None:
        position = self._position
        self._machine.work["indices_checked"] += self._closed
        if position >= BUFFER_BYTES:
            self._trace.note(self._layer, "bounds_check", REFUSES if self._closed else OPEN, position)
            position = position % BUFFER_BYTES if self._closed else position  # as the fix does
        at = self._space.machine_address(self._buffer + position)
        if at is None:
            self._crashed()
            self._position = -1
            return
        if position >= BUFFER_BYTES:
            self._machine.touched(self._guest, at // PAGE_BYTES, write=True)
        self._machine.memory[at] = value


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM the controller, if its devices are imitated."""
    draws, on = scenario.draws, scenario.defences
    port = scenario.port("floppy", Floppy.ports)
    distance = 8 * draws.number("floppy distance", 0, 31)
    scenario.numbers |= {"floppy_bytes": BUFFER_BYTES, "floppy_distance": distance}
    layer = emulator(scenario.stack.layers)
    if layer is None or not emulates(scenario.stack, scenario.technique):
        return
    buffer, confined = 16 * draws.number("floppy buffer", 0, 63), on["confinement"] or on["stub_domain"]
    scenario.ports.plug(
        port,
        Floppy(
            scenario.machine, scenario.attacker.name, scenario.trace, scenario.emulator_space(layer), layer.id,
            buffer=buffer, handler=buffer + BUFFER_BYTES + distance, code=draws.word("floppy handler"),
            closed=on["bounds_check"], taken=lambda: take_over(scenario, layer, confined=confined),
            crashed=lambda: crash(scenario, layer),
        ),
    )  # fmt: skip
