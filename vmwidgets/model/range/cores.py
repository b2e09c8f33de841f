"""Whom the attacker shares a core with, and what a load speculates on: the first-level cache after VMs have changed.

A load whose page-table entry is not present faults. Until the fault is taken the processor goes on, and some take the
frame in such an entry for one of the machine, without asking the tables of the layer below: if the line is in the first
level of this core, instructions that follow get its content (L1 Terminal Fault, CVE-2018-3646; Linux,
Documentation/admin-guide/hw-vuln/l1tf.rst). Registers are put right afterwards; what was loaded into caches stays.
"""

from typing import TYPE_CHECKING

from vmwidgets.model.cpu import CPU, Exit
from vmwidgets.model.guest_code import Memory, Register
from vmwidgets.model.guest_memory import PAGE_BYTES, Trap
from vmwidgets.model.instructions import decode
from vmwidgets.model.page_tables import ADDRESS_MASK, PRESENT
from vmwidgets.model.range.machine import FRAMES
from vmwidgets.model.range.timing import BEFORE, LINE_BYTES, SIBLING, TimedPath
from vmwidgets.model.range.trace import ABSENT, OPEN, REFUSES
from vmwidgets.model.stack_instructions import index_at

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

SPECULATED = 16
"""So many instructions behind a load that faults are begun. An assumption; real processors hold more than a hundred."""
_BEGUN = frozenset({"mov", "movzx", "lea", "add", "sub", "and", "or", "xor", "shl", "shr"})


class Core:
    """The core on which guest code runs.

    Parameters
    ----------
    scenario
        Where; its placement says who is on the core besides.
    """

    def __init__(self, scenario: "Scenario") -> None:
        self._scenario, self._with = scenario, scenario.placement.core
        assert scenario.caches is not None
        self._caches = scenario.caches
        self._flushes = scenario.defences["l1d_flush"]
        self._alone = scenario.defences["core_scheduling"]
        self._lines = [scenario.secret_frame * PAGE_BYTES // LINE_BYTES]

    def enter(self, *, after_halt: bool) -> None:
        """Enter the VM again after an exit; while it was halted the other VM had the core."""
        if after_halt and self._with == "in_turn":
            self._load(BEFORE)
        if self._flushes:
            self._scenario.machine.work["lines_emptied"] += self._caches.empty_first()

    def _load(self, who: str) -> None:
        """Let the victim work with its secret on this core."""
        for line in self._lines:
            self._caches.access(line, who)

    def speculate(self, cpu: CPU, exit: Exit) -> None:
        """Let the processor go on for a moment behind a load that faults."""
        scenario, path = self._scenario, self._scenario.path
        if exit["write"] or scenario.technique != "nested_paging" or not isinstance(path, TimedPath):
            return  # shadow tables and processes: the tables that the processor walks are not the guest's
        at = _absent_entry(scenario, exit["address"])
        if at is not None and (value := self._in_first_level(at, exit["bytes"])) is not None:
            _go_on(cpu, value)

    def _in_first_level(self, at: int, size: int) -> int | None:
        """Return what a load of a machine address finds in the first level, None if nothing."""
        scenario, machine = self._scenario, self._scenario.machine
        frame = at // PAGE_BYTES
        if frame >= FRAMES or at % LINE_BYTES + size > LINE_BYTES:
            return None
        if self._with == "sibling" and not self._alone:
            self._load(SIBLING)
        who, owner = self._caches.brought_by(at // LINE_BYTES), machine.owners[frame]
        if who is None:
            stops = "core_scheduling" if self._with == "sibling" else "l1d_flush"
            if scenario.defences[stops] and self._with != "own":
                scenario.trace.note(scenario.keeper.id, stops, REFUSES, at, frame, owner)
            else:
                scenario.trace.note("hardware", "first_level", ABSENT, at, frame, owner)
            return None
        if owner != scenario.attacker.name:
            machine.touched(scenario.attacker.name, frame, write=False)
            opened = "core_scheduling" if who == SIBLING else "l1d_flush"
            scenario.trace.note(scenario.keeper.id, opened, OPEN, at, frame, owner)
        return int.from_bytes(machine.memory[at : at + size], "little")


def _absent_entry(scenario: "Scenario", address: int) -> int | None:
    """Return the address that a lowest entry of the guest's tables names if it is not present, else None."""
    guest, machine, table = scenario.attacker, scenario.machine, scenario.path.root
    for shift in (39, 30, 21, 12):
        frame = guest.map.get(table // PAGE_BYTES)
        if frame is None:
            return None
        entry = machine.word(frame * PAGE_BYTES + 8 * (address >> shift & 511))
        if shift == 12:
            return None if entry & PRESENT else entry & ADDRESS_MASK | address % PAGE_BYTES
        if not entry & PRESENT:
            return None
        table = entry & ADDRESS_MASK
    return None


def _go_on(cpu: CPU, value: int) -> None:
    """Begin the instructions behind a load as if it had given this value, and take all back but the caches."""
    code, at, state = cpu.program.instructions, index_at(cpu.state, cpu.address), cpu.state
    load = code[at]
    if load.mnemonic not in ("mov", "movzx"):
        return
    to, source = load.operands
    if not isinstance(to, Register) or not isinstance(source, Memory):
        return
    slots, flags = list(state.slots), list(state.flags)
    state.slots[to.number] = value
    try:
        for index in range(at + 1, min(at + 1 + SPECULATED, len(code))):
            one = code[index]
            if one.mnemonic not in _BEGUN or not isinstance(one.operands[0], Register):
                break
            decode(state, one, index + 1)()
    except Trap:
        pass  # a second fault ends what was begun; only the first is ever taken
    state.slots[:], state.flags[:] = slots, flags
