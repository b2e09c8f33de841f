"""The ports of a VM and what answers at them."""

from typing import Protocol

from vmwidgets.model.cpu import ABSENT as FLOATING
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.trace import ABSENT, Trace


class Device(Protocol):
    """A device, seen from the guest."""

    ports: int
    """How many ports it has."""

    def read(self, offset: int, bits: int) -> int:
        """Answer a read of one of its ports."""
        ...

    def write(self, offset: int, bits: int, value: int) -> None:
        """Take what is written to one of its ports."""
        ...


class Ports:
    """The ports of one VM.

    Parameters
    ----------
    trace
        Where it is written down that nothing answers.
    layer
        Id of the layer that then answers that there is nothing.
    """

    def __init__(self, trace: Trace, layer: str) -> None:
        self._trace, self._layer = trace, layer
        self._devices: dict[int, tuple[Device, int]] = {}

    def plug(self, base: int, device: Device) -> None:
        """Let a device answer from a port on."""
        taken = [port for port in range(base, base + device.ports) if port in self._devices]
        if taken:
            raise VmwidgetsError("the port {port} is taken", port=hex(taken[0]))
        for offset in range(device.ports):
            self._devices[base + offset] = device, offset

    def read(self, port: int, bits: int) -> int:
        """Return what a read of a port gives."""
        if port not in self._devices:
            self._trace.note(self._layer, "port", ABSENT, port)
            return FLOATING
        device, offset = self._devices[port]
        return device.read(offset, bits)

    def write(self, port: int, bits: int, value: int) -> None:
        """Write to a port."""
        if port not in self._devices:
            self._trace.note(self._layer, "port", ABSENT, port)
            return
        device, offset = self._devices[port]
        device.write(offset, bits, value)
