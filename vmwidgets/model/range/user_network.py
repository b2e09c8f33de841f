"""A network stack in the process of the VMM: it puts the guest's IP fragments together by itself.

A datagram is put together in the buffer of its first fragment, or, if that fragment is larger than a buffer, in storage
outside of it. In CVE-2019-14378 (libslirp, commit 126c04ac) the place for the next fragment was computed as if the
first one lay in the buffer even when it did not, so that it was written far behind the buffer's end. Where frames go to
a bridge there is no such stack, and nothing to get at.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.range.buffers import Buffer, Exposed, describe, fetch
from vmwidgets.model.range.offers import emulator, extra

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

BUFFER_BYTES = 1024
"""The buffer of a fragment; libslirp's has the size of a frame. An assumption."""
MOST_BYTES = 4096
"""A datagram has so many bytes at most. An assumption; of IP it is 65,535."""
MORE = 1
"""The command for a fragment that others follow; 0 is for the last one."""
ADDRESS, LENGTH, SEND = 0, 1, 2
"""Its ports, as offsets: address and length of a fragment, and whether more follow, which sends it."""

_PAGE = 3


class UserNetwork:
    """The network stack that serves one guest.

    Parameters
    ----------
    scenario, buffer
        Where, and the buffer in the memory of the process.
    """

    ports = 3

    def __init__(self, scenario: "Scenario", buffer: Buffer) -> None:
        self._scenario, self._buffer = scenario, buffer
        self._registers = [0, 0]
        self._held, self._outside = 0, False
        self.sent = 0
        """Datagrams that went out."""

    def read(self, offset: int, bits: int) -> int:
        """Answer how many datagrams went out."""
        return self.sent

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take address or length of a fragment, or the fragment."""
        if offset != SEND:
            self._registers[offset] = value
            return
        data = fetch(self._scenario, self._registers[ADDRESS], min(self._registers[LENGTH], MOST_BYTES - self._held))
        if data is not None:
            self._add(data)
            if value != MORE and not self._scenario.crashed:
                self._held, self._outside = 0, False
                self.sent += 1
                self._buffer.run()

    def _add(self, data: bytes) -> None:
        """Add a fragment to the datagram."""
        end = self._held + len(data)
        inside = not self._held or self._buffer.passes(not self._outside, end)
        if inside and not self._outside and end > self._buffer.size_bytes:
            self._outside, inside = True, False  # all of it moves to larger storage
        if inside:
            self._buffer.write(self._held, data)
        self._held = end


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM such a network, if the stack has it."""
    port = scenario.port("network", UserNetwork.ports)
    describe(scenario, "network", BUFFER_BYTES)
    layer, on = emulator(scenario.stack.layers), scenario.defences
    if layer is None or not extra("user_network")(scenario.stack, scenario.technique):
        return
    exposed = Exposed(
        layer,
        scenario.emulator_space(layer),
        _PAGE,
        "reassembly_check",
        confined=on["confinement"] or on["stub_domain"],
    )
    scenario.ports.plug(port, UserNetwork(scenario, Buffer(scenario, "network", BUFFER_BYTES, exposed)))
