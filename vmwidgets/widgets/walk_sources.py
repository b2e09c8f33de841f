"""What can be walked: the tables of a lab's VM, or a walker of one's own; and the addresses that are worth a walk."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.address_space import AddressSpace
from vmwidgets.model.errors import VmwidgetsError, check_int, check_list
from vmwidgets.model.flat_tables import FlatTables, FrameBytes
from vmwidgets.model.memory import SHARED, MachineMemory
from vmwidgets.model.page_tables import TABLE_BYTES
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.reclaimer import Tenant
from vmwidgets.model.second_stage import ABSENT, BALLOONED, MAPPED, PACKED, PLACES, SWAPPED
from vmwidgets.model.translation import Walker

Named = tuple[str, int]
"""What an address is, as a message id, and the address."""
PAGES = {
    "program": mark("a page of the program"),
    "kernel": mark("a page of the kernel"),
    "image": mark("a page of the OS image"),
    "ballooned": mark("a page in the balloon"),
    "swapped": mark("a page that the VMM has swapped out"),
    "packed": mark("a page that the VMM has compressed"),
    "guest_swapped": mark("a page in the guest's own swap file"),
    "absent": mark("a page that was never touched"),
    "unmapped": mark("an address that is not mapped"),
    "broken": mark("an address that no processor takes"),
}
_NOT_CANONICAL = 0x0000_9000_0000_0000
_GIVEN_UP = -2  # what `GuestPages.gfns` says of a page that the guest has swapped or dropped


class WalkSource(Protocol):
    """Tables to walk."""

    @property
    def frame_bytes(self) -> int:
        """Size of a machine frame."""
        ...

    def walker(self) -> Walker:
        """Return the hardware; walks are rehearsed, so that nobody notices them.

        Raises
        ------
        VmwidgetsError
            If there is nothing to walk now; it says why.
        """
        ...

    def named(self) -> dict[str, Named]:
        """Return addresses worth a walk, the first of which is chosen at first."""
        ...

    def place(self, address: int) -> str:
        """Return where the page of a guest-physical address is: one of `PLACES`, ``"shared"``, or ``""`` if nowhere."""
        ...


class FreeWalks:
    """A walker that stands alone, such as :func:`vmwidgets.experiments.paging.walker_of` makes.

    Parameters
    ----------
    walker
        What is walked.
    addresses
        Addresses to choose from.
    """

    frame_bytes = TABLE_BYTES

    def __init__(self, walker: Walker, addresses: Sequence[int] = (0,)) -> None:
        self._walker = walker
        check_list("addresses", addresses)
        self._addresses = tuple(check_int("address", address, 0, 2**64 - 1) for address in addresses)

    def walker(self) -> Walker:
        """Return the hardware."""
        return self._walker

    def named(self) -> dict[str, Named]:
        """Return the addresses."""
        named = {f"at_{number}": (hex(address), address) for number, address in enumerate(self._addresses)}
        return {**named, "broken": (PAGES["broken"], _NOT_CANONICAL)}

    def place(self, address: int) -> str:
        """Return that nobody knows."""
        return ""


class LabWalks:
    """The tables of one VM of a lab whose memory is modelled page by page.

    Parameters
    ----------
    lab, vm
        The lab and the name of the VM.
    """

    def __init__(self, lab: Lab, vm: str) -> None:
        self._lab = lab
        self._vm = vm
        self._hints: dict[int, int] = {}

    @property
    def frame_bytes(self) -> int:
        """Size of a machine frame."""
        return self._lab.hardware.page_bytes

    def walker(self) -> Walker:
        """Return the hardware of the VM's processor."""
        if self._lab.memory is None:
            raise VmwidgetsError("the memory of this lab is not modelled page by page: make it with memory=")
        if not self._vm:
            raise VmwidgetsError("there is no virtual machine yet")
        memory, slot = self._memory()
        if slot not in memory.tenants:
            raise VmwidgetsError("the host has killed {name}: its tables are gone", name=self._vm)
        space = memory.tenants[slot].space
        if not space.fits:
            raise VmwidgetsError("the kernel of {name} has no room for page tables", name=self._vm)
        if space.root < 0:
            raise VmwidgetsError("{name} has not booted yet: let time pass until it has page tables", name=self._vm)
        return Walker(FrameBytes(memory.machine), space.root, 4, FlatTables(memory.machine, slot))

    def named(self) -> dict[str, Named]:
        """Return addresses worth a walk: of each kind the first one that there is."""
        memory, slot = self._memory()
        tenant, machine = memory.tenants[slot], memory.machine
        space = tenant.space
        found = _in_areas(tenant, machine, slot)
        for name, place in (("ballooned", BALLOONED), ("swapped", SWAPPED), ("packed", PACKED), ("absent", ABSENT)):
            if name not in found and (gfn := self._first(machine, slot, place)) >= 0:
                found[name] = space.address_of(gfn)
        found["unmapped"] = _unmapped(space)
        found["broken"] = _NOT_CANONICAL
        return {name: (text, found[name]) for name, text in PAGES.items() if found.get(name, -1) >= 0}

    def place(self, address: int) -> str:
        """Return where the page of a guest-physical address is."""
        memory, slot = self._memory()
        table, gfn = memory.machine.tables[slot], address // self.frame_bytes
        if gfn >= table.pages:
            return ""
        where = int(table.where[gfn])
        shared = where == MAPPED and memory.machine.state[table.entry[gfn]] == SHARED
        return "shared" if shared else PLACES[where]

    def _memory(self) -> tuple[PagedMemory, int]:
        memory = self._lab.memory
        assert memory is not None
        return memory, self._lab.memory_slot(self._vm)

    def _first(self, machine: MachineMemory, slot: int, place: int) -> int:
        """Return the first page that is at such a place, or the one that was found last time; -1 if there is none."""
        if not machine.places[slot, place]:
            return -1
        where = machine.tables[slot].where
        hint = self._hints.get(place, 0)
        if hint >= len(where) or where[hint] != place:
            hint = self._hints[place] = int(np.argmax(where == place))
        return hint


def _in_areas(tenant: Tenant, machine: MachineMemory, slot: int) -> dict[str, int]:
    """Return the address of the first page of each kind that an area maps."""
    found: dict[str, int] = {}
    for area in tenant.space.areas:
        where = machine.tables[slot].where
        for number, gfn in enumerate(tenant.guest.gfns(area.pages).tolist()):
            address = area.address + number * TABLE_BYTES
            if gfn == _GIVEN_UP and area.name == "programs":
                found.setdefault("guest_swapped", address)
            elif gfn >= 0 and where[gfn] == SWAPPED:
                found.setdefault("swapped", address)
            elif gfn >= 0 and where[gfn] == PACKED:
                found.setdefault("packed", address)
            elif gfn >= 0 and where[gfn] == MAPPED and int(area.pages[number]) not in tenant.space.table_pages:
                found.setdefault("program" if area.name == "programs" else area.name, address)
    return found


def _unmapped(space: AddressSpace) -> int:
    """Return an address right below the program's own pages."""
    return space.areas[-1].address - TABLE_BYTES
