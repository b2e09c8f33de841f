"""What a page walk tells: each of its steps, the fault that ended it, and the addresses that it found."""

from dataclasses import dataclass
from typing import NamedTuple

from vmwidgets.model.page_tables import PAGE_SHIFT

GUEST, SECOND_STAGE = "guest", "second_stage"
"""The two dimensions of a walk."""
DECISIONS = ("table", "page", "not_present", "reserved_bit", "not_writable", "not_user", "no_right")
"""What an entry decides: where the next table is, where the page is, or that the access may not go on."""
FAULTS = ("page_fault", "general_protection", "ept_violation", "ept_misconfiguration")
"""The first two are the guest's affair; the others are VM exits."""


class Step(NamedTuple):
    """One step of a walk: an entry that was read, or a hit in the nested TLB that saved a second-stage walk.

    Parameters
    ----------
    dimension
        `GUEST` or `SECOND_STAGE`.
    level
        Of the table, 1 for the lowest; of a nested-TLB hit 0.
    guest_level
        What the step serves: the guest's table of this level, or 0 for the page itself. With `level` it is the step's
        place in the grid of a two-dimensional walk.
    input
        The address being translated: guest-virtual in the guest's dimension, guest-physical in the second stage.
    table
        Address of the table: guest-physical in the guest's dimension, a machine address in the second stage; -1 for a
        nested-TLB hit.
    entry_index
        Of the entry in the table, 0 to 511; -1 for a nested-TLB hit.
    entry
        Its value as it was read, before a flag was set; 0 for a nested-TLB hit.
    machine
        Machine address of the entry; of a nested-TLB hit the machine address that it gave.
    flags_set
        Which of the bits of the entry the walk has set: accessed, dirty.
    found_in
        ``"pwc"``, ``"l2"``, ``"memory"`` or ``"nested_tlb"``.
    cycles
        Time of the step.
    decision
        One of `DECISIONS`.
    output
        The address so far: of the next table, or of the place in the page; -1 if the walk ends in a fault here.
    """

    dimension: str
    level: int
    guest_level: int
    input: int
    table: int
    entry_index: int
    entry: int
    machine: int
    flags_set: int
    found_in: str
    cycles: int
    decision: str
    output: int

    @property
    def frame(self) -> int:
        """Number of the table's page: a gfn in the guest's dimension, a machine frame in the second stage."""
        return self.table >> PAGE_SHIFT

    @property
    def is_reference(self) -> bool:
        """Whether an entry was read."""
        return self.found_in != "nested_tlb"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an access cannot go on.

    Parameters
    ----------
    reason
        One of `FAULTS`.
    address
        What the hardware reports: the guest-virtual address (CR2) of a page fault and of a general protection
        exception, the guest-physical address of an EPT violation or misconfiguration.
    code
        The error code of a page fault (present 1, write 2, user 4, reserved bit 8) or the exit qualification of an EPT
        violation (read 1, write 2; rights of the entries 8, 16, 32; 128; 256 if the page itself was wanted and not one
        of the guest's tables): Intel SDM volume 3, "Page-Fault Exceptions" and "Exit Qualification for EPT Violations".
    """

    reason: str
    address: int
    code: int = 0


@dataclass(frozen=True, slots=True)
class Walk:
    """What came of an access.

    Parameters
    ----------
    address, write, user
        The guest-virtual address; whether it is a write; whether user code makes it.
    steps
        All steps in order; none if the TLB knew the answer.
    guest_physical, machine
        The addresses found; -1 as far as the walk did not get.
    fault
        Why it ended, None if it succeeded.
    found_in
        ``"l1_tlb"`` or ``"l2_tlb"`` if the TLB knew, else ``"tables"``.
    """

    address: int
    write: bool
    user: bool
    steps: tuple[Step, ...]
    guest_physical: int = -1
    machine: int = -1
    fault: Fault | None = None
    found_in: str = "tables"

    @property
    def references(self) -> int:
        """Entries read."""
        return sum(step.is_reference for step in self.steps)

    @property
    def cycles(self) -> int:
        """Time of the walk. Setting flags in entries takes no time of its own: an assumption."""
        return sum(step.cycles for step in self.steps)
