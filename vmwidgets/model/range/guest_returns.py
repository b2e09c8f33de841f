"""The return of a VMM to user code of a paravirtual guest, to where the guest's kernel says (CVE-2012-0217, XSA-7).

The VMM takes the guest's stack pointer and then returns by SYSRET. On processors of Intel that faults if the address is
not canonical, and does so while the processor is still in ring 0: what it saves for the handler of the fault goes to a
stack that the guest has chosen. A check of the address beforehand is all it takes (Xen commit 6b091fa4). That such a
stack can reach where the VMM keeps the address of its own code is an assumption.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES
from vmwidgets.model.layers import Layer
from vmwidgets.model.range.consequences import crash, take_over
from vmwidgets.model.range.hypercalls import INVALID
from vmwidgets.model.range.spaces import owner_of
from vmwidgets.model.range.trace import OPEN, REFUSES

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

CALL = "return_to_user"
"""Return to user code at an address (rdi) with a stack pointer (rsi)."""
SS, RFLAGS, CS = 0x2B, 0x202, 0x33
"""What the processor saves besides: selectors as in Linux, flags with interrupts on."""
_TABLE = 3 * PAGE_BYTES + 8
"""Where in the memory of the VMM the address of its code lies, at least."""


def is_canonical(address: int) -> bool:
    """Return whether bits 63 to 47 of an address are all the same."""
    return address >> 47 in (0, MASK64 >> 47)


class GuestReturns:
    """The way back of a VMM into one guest.

    Parameters
    ----------
    scenario, layer
        Where, and the layer that returns to the guest.
    """

    def __init__(self, scenario: "Scenario", layer: Layer) -> None:
        self._scenario, self._layer = scenario, layer
        self._space = scenario.spaces[owner_of(scenario.stack.layers, layer, scenario.attacker.index)]
        table = self._space.machine_address(_place(scenario))
        assert table is not None
        self._table, self._code = table, scenario.draws.word("return code")
        scenario.machine.put(table, self._code)

    def go(self, address: int, stack: int) -> int:
        """Return to the guest; there is no user code in a range, so from a canonical address it is back at once."""
        scenario = self._scenario
        closed = scenario.defences["canonical_check"]
        scenario.machine.work["addresses_checked"] += closed
        if is_canonical(address):
            return 0
        scenario.trace.note(self._layer.id, "canonical_check", REFUSES if closed else OPEN, address)
        if closed:
            return INVALID
        self._fault(address, stack)
        return 0

    def _fault(self, address: int, stack: int) -> None:
        """Save what the processor saves, with an error code, and go on with the code whose address lies there now."""
        machine, at = self._scenario.machine, stack & -16
        for word in (SS, stack, RFLAGS, CS, address, 0):
            at -= 8
            place = self._space.machine_address(at)
            if place is None:  # a second fault, and with it a third
                crash(self._scenario, self._layer)
                return
            machine.touched(self._scenario.attacker.name, place // PAGE_BYTES, write=True)
            machine.put(place, word)
        if machine.word(self._table) != self._code:
            take_over(self._scenario, self._layer, confined=False)


def _place(scenario: "Scenario") -> int:
    return _TABLE + 16 * scenario.draws.number("return distance", 0, 200)


def plug(scenario: "Scenario") -> None:
    """Let a paravirtual guest say where its VMM shall return to."""
    scenario.numbers["return_table"] = _place(scenario)
    returns = GuestReturns(scenario, scenario.keeper) if scenario.attacker.direct else None
    scenario.hypercalls.add(CALL, returns and returns.go)
