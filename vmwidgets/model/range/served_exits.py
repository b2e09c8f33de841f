"""Who pays for VM exits: a register that the guest writes to, and whoever carries the writes out for it.

Where that is done in the kernel or the process of the VM itself, its time is the VM's own. Where it is done in a domain
beside the VM, a driver domain or a root partition, it is that domain's time: all I/O of all VMs crosses it (P. Padala
et al., HPL-2007-59R1), and the scheduler gives it a share of its own.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.layers import Layer
from vmwidgets.model.range.offers import emulator, server

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

WRITE = 0
"""Its port, as an offset: a write is carried out by a layer below, and means nothing else."""


def handler(scenario: "Scenario") -> Layer:
    """Return the layer that carries out what the guest writes to registers of its devices."""
    stack = scenario.stack
    return server(stack) or emulator(stack.layers) or scenario.keeper


def is_apart(layer: Layer) -> bool:
    """Return whether a layer runs in a domain of its own, so that its time is not that of the VM it works for."""
    return layer.privilege in ("guest_kernel", "guest_user")


class Register:
    """The register of one guest.

    Parameters
    ----------
    scenario
        Where. Time has to be shared for its writes to take any.
    """

    ports = 1

    def __init__(self, scenario: "Scenario") -> None:
        self._scenario = scenario
        self.written = 0

    def read(self, offset: int, bits: int) -> int:
        """Answer how often it was written to."""
        return self.written & 0xFFFFFFFF

    def write(self, offset: int, bits: int, value: int) -> None:
        """Let a layer below carry out the write."""
        self.written += 1
        if self._scenario.processor is not None:
            self._scenario.processor.serve()


def plug(scenario: "Scenario") -> None:
    """Give the attacker's VM the register."""
    scenario.ports.plug(scenario.port("register", Register.ports), Register(scenario))
