"""System calls of a program: whose kernel carries them out, and so whose kernel a fault in them hits.

In a VM that is the guest's own kernel, and nobody else's. Processes in containers, and those of customers on one OS,
call the one kernel of the machine: there a system call stands where a VM exit would be, and its faults are everybody's.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmwidgets.model.acts import kernel_of_guest
from vmwidgets.model.guest_memory import MASK64
from vmwidgets.model.layers import Layer
from vmwidgets.model.range.buffers import Buffer, Exposed, describe, fetch
from vmwidgets.model.range.spaces import owner_of
from vmwidgets.model.range.trace import ABSENT

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

ARGUMENT_BYTES = 128
"""The kernel's buffer for an argument. An assumption."""
MOST_BYTES = 4096
INVALID = -22 & MASK64
"""What the call answers to an argument that is too long or not there (EINVAL of Linux)."""
_PAGE = 3


class SharedKernel:
    """The kernel below all customers, for one of them.

    Parameters
    ----------
    scenario, buffer
        Where, and the kernel's buffer.
    """

    def __init__(self, scenario: "Scenario", buffer: Buffer) -> None:
        self._scenario, self._buffer = scenario, buffer

    def call(self, address: int, length: int) -> int:
        """Carry out a system call: copy its argument, and do what there is to be done."""
        if not self._buffer.passes(length <= self._buffer.size_bytes, length):
            return INVALID
        data = fetch(self._scenario, address, min(length, MOST_BYTES))
        if data is None:
            return INVALID
        self._buffer.write(0, data)
        self._buffer.run()
        return 0


def plug(scenario: "Scenario") -> None:
    """Let guest code call the kernel below it."""
    layers = scenario.stack.layers
    kernel = kernel_of_guest(layers)
    describe(scenario, "argument", ARGUMENT_BYTES)
    if kernel.per_vm:
        scenario.hypercalls.add("system_call", _own_kernel(scenario, kernel))
        return
    space = scenario.spaces[owner_of(layers, kernel, scenario.attacker.index)]
    buffer = Buffer(scenario, "argument", ARGUMENT_BYTES, Exposed(kernel, space, _PAGE, "kernel_check", confined=False))
    scenario.hypercalls.add("system_call", SharedKernel(scenario, buffer).call)


def _own_kernel(scenario: "Scenario", kernel: Layer) -> Callable[[int, int], int]:
    """Return the answer of a kernel in the VM: whatever it does, nobody outside hears of it."""

    def call(_address: int, length: int) -> int:
        scenario.trace.note(kernel.id, "own_kernel", ABSENT, length)
        return 0

    return call
