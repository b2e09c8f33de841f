"""Walks that change nothing: what the hardware would do, and what it would do with other second-stage tables.

A walk sets accessed and dirty flags, and the VMM reads those. Whoever only wants to look rehearses the walk: flags are
set on a draft that is thrown away.
"""

from collections.abc import Iterable

from vmwidgets.model.page_tables import ENTRY_BYTES, EptTables, GuestPages, Memory, SparseMemory
from vmwidgets.model.page_walk import GUEST, Walk
from vmwidgets.model.translation import SecondStageTables, Walker
from vmwidgets.model.translation_caches import Caches

STAGE_LEVELS = 4
"""Depth of second-stage tables of which only the page size is chosen (Intel SDM volume 3, "EPT translation
mechanism")."""


class _Draft:
    """Memory as it is, with entries that the walk has written over it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._written: dict[int, int] = {}

    def load(self, address: int, size: int) -> int:
        """Return an entry."""
        return self._written[address] if address in self._written else self._memory.load(address, size)

    def store(self, address: int, value: int, size: int) -> None:
        """Write an entry to the draft."""
        self._written[address] = value


class _DraftTables:
    """Second-stage tables as they are, with the flags that the walk has set."""

    def __init__(self, tables: SecondStageTables) -> None:
        self._tables = tables
        self._written: dict[int, int] = {}

    @property
    def root(self) -> int:
        """Machine address of the table of the highest level."""
        return self._tables.root

    @property
    def levels(self) -> int:
        """The highest level."""
        return self._tables.levels

    def entry(self, level: int, address: int, at: int) -> int:
        """Return an entry."""
        return self._written[at] if at in self._written else self._tables.entry(level, address, at)

    def mark(self, level: int, address: int, at: int, entry: int) -> None:
        """Write an entry to the draft."""
        self._written[at] = entry


def rehearsed(walker: Walker, caches: Caches | None = None) -> Walker:
    """Return a walker of the same tables that writes to a draft of them.

    Parameters
    ----------
    walker
        Whose memory and tables are walked.
    caches
        What the new walker remembers; by default nothing.
    """
    stage = walker.second_stage
    draft = None if stage is None else _DraftTables(stage)
    return Walker(_Draft(walker.memory), walker.root, walker.levels, draft, caches)


def can_retell(walk: Walk) -> bool:
    """Return whether a walk has read the guest's tables to the end: only then they can be read elsewhere."""
    outside = walk.fault is None or not walk.fault.reason.startswith("ept")
    return outside or (bool(walk.steps) and walk.steps[-1].guest_level == 0)


def retold(walks: Iterable[Walk], walker: Walker, leaf: int, caches: Caches | None = None) -> Walker:
    """Return a walker on an empty machine whose guest has the entries that walks without caches have read.

    Parameters
    ----------
    walks
        Rehearsed walks of ``walker``, each of which :func:`can_retell`.
    leaf
        Level of the second-stage entries that map pages: 1 for 4 KiB, 2 for 2 MiB; 0 for no second stage (native).
    caches
        What the new walker remembers.
    """
    machine = SparseMemory()
    stage = EptTables(machine, STAGE_LEVELS, machine.allocate) if leaf else None
    memory = GuestPages(machine, stage, max(leaf, 1))
    for walk in walks:
        for step in walk.steps:
            if step.dimension == GUEST:
                memory.store(step.table + ENTRY_BYTES * step.entry_index, step.entry, ENTRY_BYTES)
        if walk.fault is None:
            memory.back(walk.guest_physical)
    return Walker(machine, walker.root, walker.levels, stage, caches)
