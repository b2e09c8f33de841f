"""The two-dimensional page walk: guest-virtual to guest-physical to machine address, one table entry after another.

The guest's tables lie in guest pages, so the address of every entry that the walk reads is itself translated by the
second-stage tables first. Nothing here knows how many references that takes: a walk reads what it must, and its steps
are counted.
"""

from typing import NamedTuple, Protocol

from vmwidgets.model.errors import check_int
from vmwidgets.model.guest_memory import MASK64
from vmwidgets.model.page_tables import (
    ACCESSED,
    ADDRESS_MASK,
    DIRTY,
    ENTRY_BYTES,
    EPT_ACCESSED,
    EPT_DIRTY,
    EPT_READ,
    EPT_RIGHTS,
    EPT_WRITE,
    LARGE_LEVELS,
    MAX_LEVELS,
    PAGE_SHIFT,
    PAGE_SIZE,
    PRESENT,
    USER,
    WRITABLE,
    Memory,
    index_of,
    page_shift,
)
from vmwidgets.model.page_walk import GUEST, SECOND_STAGE, Fault, Step, Walk
from vmwidgets.model.translation_caches import Caches, Translation


class SecondStageTables(Protocol):
    """The second-stage tables (EPT) of a VM, as a walker reads them: entry by entry."""

    @property
    def root(self) -> int:
        """Machine address of the table of the highest level."""
        ...

    @property
    def levels(self) -> int:
        """The highest level; levels are counted as on x86-64, where an entry of level 2 can map 2 MiB."""
        ...

    def entry(self, level: int, address: int, at: int) -> int:
        """Return the entry at machine address ``at``, which a guest-physical address selects in a table of a level."""
        ...

    def mark(self, level: int, address: int, at: int, entry: int) -> None:
        """Write back that entry after its accessed or dirty flag has been set."""
        ...


class _Found(NamedTuple):
    """A guest-physical address translated."""

    machine: int
    shift: int
    writes: bool


class Walker:
    """The hardware that translates addresses for one virtual CPU.

    Supervisor writes obey read-only pages too (CR0.WP = 1), and accessed and dirty flags are on in both dimensions.
    Execute rights, protection keys, SMEP and SMAP are left out.

    Parameters
    ----------
    memory
        Machine memory.
    root
        Guest-physical address of the guest's table of the highest level (CR3).
    levels
        Depth of the guest's tables, 0 to 5. With 0 paging is off and an address is guest-physical. Depths other than 4
        and 5 do not exist on x86-64; they are for comparison.
    second_stage
        The second-stage tables; without them guest-physical addresses are machine addresses (native).
    caches
        What the hardware remembers; by default nothing.
    """

    def __init__(
        self,
        memory: Memory,
        root: int = 0,
        levels: int = 4,
        second_stage: SecondStageTables | None = None,
        caches: Caches | None = None,
    ) -> None:
        self.memory = memory
        self.root = root
        self.levels = check_int("levels", levels, 0, MAX_LEVELS)
        self.second_stage = second_stage
        self.caches = Caches() if caches is None else caches

    def walk(self, address: int, *, write: bool = False, user: bool = False) -> Walk:
        """Translate an address as for one access, and set the flags that the access sets.

        Parameters
        ----------
        address
            Guest-virtual address, 64 bits.
        write, user
            Whether the access is a write; whether user code makes it.
        """
        check_int("address", address, 0, MASK64)
        tlb = self.caches.tlb
        if tlb is not None:
            hit = tlb.look(address, write, user)
            if hit is not None:
                found, place = hit
                offset = address % (1 << found.shift)
                return Walk(address, write, user, (), found.guest + offset, found.machine + offset, None, place)
        steps: list[Step] = []
        result = self._guest(address, write, user, steps)
        if isinstance(result, Fault):
            return Walk(address, write, user, tuple(steps), -1, -1, result)
        guest, shift, rights = result
        place = self._second(guest, 0, write, steps)
        if isinstance(place, Fault):
            return Walk(address, write, user, tuple(steps), guest, -1, place)
        if tlb is not None:
            shift = min(shift, place.shift)
            low = (1 << shift) - 1
            writes = place.writes and rights & (WRITABLE | DIRTY) == WRITABLE | DIRTY
            tlb.keep(address, Translation(shift, guest & ~low, place.machine & ~low, bool(rights & USER), writes))
        return Walk(address, write, user, tuple(steps), guest, place.machine)

    def _guest(self, address: int, write: bool, user: bool, steps: list[Step]) -> tuple[int, int, int] | Fault:
        """Walk the guest's tables: guest-physical address, page shift, and rights with the dirty flag of the page."""
        if not self.levels:
            return address, MASK64.bit_length(), WRITABLE | USER | DIRTY
        sign = address >> page_shift(self.levels + 1) - 1
        if sign not in (0, MASK64 >> page_shift(self.levels + 1) - 1):
            return Fault("general_protection", address)  # not canonical
        table, rights = self.root, WRITABLE | USER
        for level in range(self.levels, 0, -1):
            index = index_of(address, level)
            place = self._second(table + ENTRY_BYTES * index, level, True, steps)
            if isinstance(place, Fault):
                return place
            entry = self.memory.load(place.machine, ENTRY_BYTES)
            shift = page_shift(level)
            leaf = level == 1 or bool(entry & PAGE_SIZE)
            rights &= entry
            decision, flags, output = "table", 0, -1
            if not entry & PRESENT:
                decision = "not_present"
            elif leaf and not _maps_page(entry, level):
                decision = "reserved_bit"
            elif not leaf:
                flags, output = ACCESSED, entry & ADDRESS_MASK
            elif user and not rights & USER:
                decision = "not_user"
            elif write and not rights & WRITABLE:
                decision = "not_writable"
            else:
                low = (1 << shift) - 1
                decision, output = "page", entry & ADDRESS_MASK & ~low | address & low
                flags = ACCESSED | DIRTY * write
            flags &= ~entry
            if flags:
                self.memory.store(place.machine, entry | flags, ENTRY_BYTES)
            found = self.caches.read(place.machine, second_stage=False, last=leaf)
            read = GUEST, level, level, address, table, index, entry, place.machine, flags
            steps.append(Step(*read, *found, decision, output))
            if decision == "page":
                return output, shift, rights | (entry | flags) & DIRTY
            if decision != "table":
                code = (decision != "not_present") | write << 1 | user << 2 | (decision == "reserved_bit") << 3
                return Fault("page_fault", address, code)
            table = output
        raise AssertionError("unreachable: an entry of level 1 maps a page or faults")

    def _second(self, address: int, guest_level: int, write: bool, steps: list[Step]) -> _Found | Fault:
        """Walk the second-stage tables for the guest's table of a level, or for the page itself (0).

        With accessed and dirty flags for EPT, reading an entry of the guest counts as a write here (Intel SDM volume 3,
        "Accessed and Dirty Flags for EPT").
        """
        tables, caches = self.second_stage, self.caches
        if tables is None:
            return _Found(address, MASK64.bit_length(), True)
        nested = caches.nested_tlb if guest_level else None
        if nested is not None:
            machine = nested.look(address)
            if machine is not None:
                hit = "nested_tlb", caches.nested_tlb_cycles, "page", machine
                steps.append(Step(SECOND_STAGE, 0, guest_level, address, -1, -1, 0, machine, 0, *hit))
                return _Found(machine, PAGE_SHIFT, True)
        table, rights, need = tables.root, EPT_RIGHTS, EPT_READ | EPT_WRITE * write
        if address >> page_shift(tables.levels + 1):
            return _violation(address, guest_level, write, 0)
        for level in range(tables.levels, 0, -1):
            index = index_of(address, level)
            at = table + ENTRY_BYTES * index
            entry = tables.entry(level, address, at)
            shift = page_shift(level)
            leaf = level == 1 or bool(entry & PAGE_SIZE)
            decision, flags, output = "table", 0, -1
            if not entry & EPT_RIGHTS:
                decision, rights = "not_present", 0
            elif entry & (EPT_READ | EPT_WRITE) == EPT_WRITE or (leaf and not _maps_page(entry, level)):
                decision = "reserved_bit"
            else:
                rights &= entry
                if not leaf:
                    flags, output = EPT_ACCESSED, entry & ADDRESS_MASK
                elif rights & need != need:
                    decision = "no_right"
                else:
                    low = (1 << shift) - 1
                    decision, output = "page", entry & ADDRESS_MASK & ~low | address & low
                    flags = EPT_ACCESSED | EPT_DIRTY * write
            flags &= ~entry
            if flags:
                tables.mark(level, address, at, entry | flags)
            found = caches.read(at, second_stage=True, last=leaf and not guest_level)
            read = SECOND_STAGE, level, guest_level, address, table, index, entry, at, flags
            steps.append(Step(*read, *found, decision, output))
            if decision == "page":
                if nested is not None:
                    nested.keep(address, output, shift)
                return _Found(output, shift, bool(rights & EPT_WRITE and (entry | flags) & EPT_DIRTY))
            if decision == "reserved_bit":
                return Fault("ept_misconfiguration", address)
            if decision != "table":
                return _violation(address, guest_level, write, rights)
            table = output
        raise AssertionError("unreachable: an entry of level 1 maps a page or faults")


def _maps_page(entry: int, level: int) -> bool:
    """Return whether an entry is a valid one for a page: a large page has its level and is aligned to its size.

    Bit 12 of a large page of the guest selects its memory type (PAT) and is no part of the address.
    """
    low = (1 << page_shift(level)) - 1
    return level == 1 or (level in LARGE_LEVELS and not entry & ADDRESS_MASK & low & ~(1 << PAGE_SHIFT))


def _violation(address: int, guest_level: int, write: bool, rights: int) -> Fault:
    """Return an EPT violation. While the guest's tables are read, the access counts as a read and a write."""
    access = 3 if guest_level else 2 if write else 1
    return Fault("ept_violation", address, access | rights << 3 | 1 << 7 | (not guest_level) << 8)
