"""An imitated network card that takes frames by descriptors, after the Intel 82540EM (e1000).

Descriptors lie in memory of the guest. A context descriptor says how long frames may be at most; a data descriptor adds
bytes to the frame that is being put together. How much room is left is a subtraction in 16 bits: if the most has become
less than what is already there, it wraps round, and there is room for 64 KiB. That is how a crafted order of context
and data descriptors got past the end of a buffer in the write-up of 2018 (MorteNoir1, virtualbox_e1000_0day).
"""

from typing import TYPE_CHECKING

from vmwidgets.model.range.buffers import Buffer, Exposed, describe, fetch
from vmwidgets.model.range.offers import emulates, emulator

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

FRAME_BYTES = 2048
"""The buffer for a frame; of the published one with 0x3FA0 bytes this is a smaller model."""
CONTEXT, DATA, LAST = 1, 2, 4
"""Bits of the first word of a descriptor: what it is; that the frame is complete."""
DESCRIPTOR_BYTES = 16
"""Two words of 4 bytes, flags and length (or the most), and the address of the data in 8."""
MOST_DESCRIPTORS = 64
RING, DOORBELL = 0, 1
"""Its ports, as offsets: address of the first descriptor; how many descriptors there are, and go."""
READY = 0x80000
"""What its ports answer (bit 19, EEPROM present, in the device control register of the 82540EM)."""
_ROOM_MASK = 0xFFFF

_PAGE = 1


class NetworkCard:
    """The card of one guest.

    Parameters
    ----------
    scenario, buffer
        Where, and the buffer for frames in the memory of the layer that imitates the card.
    """

    ports = 2

    def __init__(self, scenario: "Scenario", buffer: Buffer) -> None:
        self._scenario, self._buffer = scenario, buffer
        self._ring, self._held, self._most = 0, 0, buffer.size_bytes
        self.sent = 0
        """Frames that went out."""

    def read(self, offset: int, bits: int) -> int:
        """Answer that the card is ready."""
        return READY

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take the address of the descriptors, or work through them."""
        if offset == RING:
            self._ring = value
            return
        for index in range(min(value, MOST_DESCRIPTORS)):
            descriptor = fetch(self._scenario, self._ring + index * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES)
            if descriptor is None or self._scenario.crashed or not self._take(descriptor):
                return

    def _take(self, descriptor: bytes) -> bool:
        """Work through one descriptor; return whether to go on."""
        flags, length, address = (int.from_bytes(descriptor[a:b], "little") for a, b in ((0, 4), (4, 8), (8, 16)))
        if flags & CONTEXT:
            self._most = min(length, self._buffer.size_bytes)
        if flags & DATA:
            if not self._buffer.passes(self._held <= self._most, self._held):
                self._held = 0
                return False
            room = self._most - self._held & _ROOM_MASK
            data = fetch(self._scenario, address, min(length, room))
            if data is None:
                return False
            self._buffer.write(self._held, data)
            self._held += len(data)
        if flags & LAST and not self._scenario.crashed:
            self._held = 0
            self.sent += 1
            self._buffer.run()
        return True


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM the card, if its devices are imitated."""
    port = scenario.port("nic", NetworkCard.ports)
    describe(scenario, "nic", FRAME_BYTES)
    layer, on = emulator(scenario.stack.layers), scenario.defences
    if layer is None or not emulates(scenario.stack, scenario.technique):
        return
    exposed = Exposed(
        layer,
        scenario.emulator_space(layer),
        _PAGE,
        "descriptor_check",
        confined=on["confinement"] or on["stub_domain"],
    )
    scenario.ports.plug(port, NetworkCard(scenario, Buffer(scenario, "nic", FRAME_BYTES, exposed)))
