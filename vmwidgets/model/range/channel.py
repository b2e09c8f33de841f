"""A convenience channel between guest and desktop: clipboard, drag and drop, shared folders.

The guest hands over text, and the process of the VM on the desktop copies it. The class of CVE-2017-4901: an access out
of bounds in drag and drop, which the guest reaches by calls of the channel. What is modelled is the class of the fault,
a length that the guest states and nobody compares with the buffer; its details are not published. A server has no
desktop to be convenient for, and nothing of the kind.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.range.buffers import Buffer, Exposed, describe, fetch
from vmwidgets.model.range.offers import emulator, extra
from vmwidgets.model.range.trace import REFUSES

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

TEXT_BYTES = 256
"""The buffer for a text. An assumption."""
MOST_BYTES = 4096
ADDRESS, COPY = 0, 1
"""Its ports, as offsets: address of a text; its length, and copy it."""
COPIED, OFF = 1, 0
"""What its ports answer."""

_PAGE, _OFFSET = 0, 2048
"""Behind all that the floppy controller may have there."""


class Channel:
    """The channel of one guest.

    Parameters
    ----------
    scenario, buffer
        Where, and the buffer in the memory of the process on the desktop.
    off
        Whether it is switched off.
    """

    ports = 2

    def __init__(self, scenario: "Scenario", buffer: Buffer, layer: str, *, off: bool) -> None:
        self._scenario, self._buffer, self._layer, self._off = scenario, buffer, layer, off
        self._address = 0
        self.copied = 0
        """Texts that went over."""

    def read(self, offset: int, bits: int) -> int:
        """Answer whether the channel is there."""
        return OFF if self._off else COPIED

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take the address of a text, or copy it."""
        if offset == ADDRESS:
            self._address = value
        elif self._off:
            self._scenario.machine.work["texts_refused"] += 1
            self._scenario.trace.note(self._layer, "channel_off", REFUSES, value)
        else:
            self._copy(min(value, MOST_BYTES))

    def _copy(self, length: int) -> None:
        if not self._buffer.passes(length <= self._buffer.size_bytes, length):
            return
        data = fetch(self._scenario, self._address, length)
        if data is not None:
            self._buffer.write(0, data)
            self.copied += 1
            self._buffer.run()


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM the channel, if the stack has one."""
    port = scenario.port("channel", Channel.ports)
    describe(scenario, "channel", TEXT_BYTES)
    layer, on = emulator(scenario.stack.layers), scenario.defences
    if layer is None or not extra("convenience_channel")(scenario.stack, scenario.technique):
        return
    space = scenario.emulator_space(layer)
    exposed = Exposed(layer, space, _PAGE, "channel_check", confined=on["confinement"], offset=_OFFSET)
    buffer = Buffer(scenario, "channel", TEXT_BYTES, exposed)
    scenario.ports.plug(port, Channel(scenario, buffer, layer.id, off=on["channel_off"]))
