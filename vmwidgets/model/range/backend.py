"""The other end of a paravirtual network device: whoever serves it takes requests from a ring in the guest's memory.

A request says where its data belong in the backend's buffer. If nobody looks whether they end within it, the guest
writes into the memory of whoever serves: as in CVE-2021-28476, where a switch in the kernel of a privileged domain did
not validate a request. The backend is often a part of a kernel, and then all is lost and not one VM.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.range.buffers import Buffer, Exposed, describe, fetch
from vmwidgets.model.range.offers import server
from vmwidgets.model.range.spaces import owner_of

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

BUFFER_BYTES = 1024
"""For the data of a request. An assumption."""
REQUEST_BYTES = 16
"""A request: where its data go in the buffer (4 bytes), how many there are (4 bytes), and their address (8 bytes)."""
MOST_BYTES = 4096
"""A request has so many bytes at most."""
MOST_REQUESTS = 64
RING, KICK = 0, 1
"""Its ports, as offsets: address of the first request; how many requests there are, and go."""

_PAGE = 2


class Backend:
    """The backend of one guest's device.

    Parameters
    ----------
    scenario, buffer
        Where, and the buffer in the memory of the layer that serves.
    """

    ports = 2

    def __init__(self, scenario: "Scenario", buffer: Buffer) -> None:
        self._scenario, self._buffer = scenario, buffer
        self._ring = 0
        self.served = 0
        """Requests that were carried out."""

    def read(self, offset: int, bits: int) -> int:
        """Answer how many requests were carried out."""
        return self.served

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take the address of the ring, or serve the requests in it."""
        if offset == RING:
            self._ring = value
            return
        for index in range(min(value, MOST_REQUESTS)):
            request = fetch(self._scenario, self._ring + index * REQUEST_BYTES, REQUEST_BYTES)
            if request is None or self._scenario.crashed:
                return
            self._serve(request)

    def _serve(self, request: bytes) -> None:
        position, length, address = (int.from_bytes(request[a:b], "little") for a, b in ((0, 4), (4, 8), (8, 16)))
        length = min(length, MOST_BYTES)
        if not self._buffer.passes(position + length <= self._buffer.size_bytes, position + length):
            return
        data = fetch(self._scenario, address, length)
        if data is None:
            return
        self._buffer.write(position, data)
        self.served += 1
        self._buffer.run()


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM a paravirtual device, if somebody serves such devices."""
    port = scenario.port("backend", Backend.ports)
    describe(scenario, "backend", BUFFER_BYTES)
    layer, layers = server(scenario.stack), scenario.stack.layers
    if layer is None:
        return
    space = scenario.spaces[owner_of(layers, layer, scenario.attacker.index)]
    exposed = Exposed(layer, space, _PAGE, "request_check", confined=layer.confined)
    scenario.ports.plug(port, Backend(scenario, Buffer(scenario, "backend", BUFFER_BYTES, exposed)))
