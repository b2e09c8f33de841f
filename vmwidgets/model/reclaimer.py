"""Taking pages that nobody gives away: share, compress, swap, in this order, and kill where a product kills.

A VMM does not know which pages of a guest are good ones, so it chooses at random (Waldspurger 2002, section 3). A host
without targets looks at access bits instead, as an ordinary operating system does.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.active_memory import Sampler
from vmwidgets.model.address_space import AddressSpace
from vmwidgets.model.guest_pages import GuestPages
from vmwidgets.model.memory import MAX_VMS, PRIVATE, MachineMemory, Pages
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.page_sharing import PageSharing
from vmwidgets.model.random import mix64
from vmwidgets.model.second_stage import MAPPED, PACKED

_PACKED_PER_FRAME = 2
"""Compressed pages in a frame: a page that does not shrink to half is not kept compressed."""
_COMPRESSIBLE = 500
"""Pages that shrink to half, in per mille. An assumption; which they are follows from their contents."""


@dataclass(slots=True)
class Faults:
    """What touching its pages cost a VM: counted since they were collected last.

    Parameters
    ----------
    touched
        Pages that the guest touched, or wanted to.
    zero_fill
        Pages that got a fresh frame.
    swap_in, unpacked
        Pages that the VMM had swapped out, or compressed.
    swap_out
        Pages that the VMM swapped out.
    copies
        Copies because of a write to a shared page.
    read_in, written_out
        Pages that the guest read back from its own disk, and wrote to its own swap file.
    denied
        Touches that had to wait because there was no frame, no room in the guest, or no time left on the disk.
    seconds, blocked
        Seconds that passed, and those of them in which the VMM did not let the VM run.
    """

    touched: int = 0
    zero_fill: int = 0
    swap_in: int = 0
    unpacked: int = 0
    swap_out: int = 0
    copies: int = 0
    read_in: int = 0
    written_out: int = 0
    denied: int = 0
    seconds: int = 0
    blocked: int = 0


@dataclass(slots=True)
class Tenant:
    """A VM as the VMM knows it: its controls, what it sampled of it, what it wants it to have.

    Parameters
    ----------
    guest, space
        The guest's side: its pages, and the page tables that it keeps in them.
    shares, minimum, limit
        Controls of its memory; minimum and limit in pages.
    sampler
        Watches some of its pages; ``None``: the access bits of all pages are counted.
    """

    guest: GuestPages
    space: AddressSpace
    shares: int
    minimum: int
    limit: int
    sampler: Sampler | None
    active: int = 0
    target: int = -1
    """Pages that the VMM wants it to have; -1 before that was computed."""
    seen: int = 0
    """Pages touched in this sampling period."""
    last_seen: int = 0
    ran: int = 0
    """Seconds of this sampling period in which it ran."""
    watched: Pages = field(default_factory=lambda: np.empty(0, np.int64))
    faults: Faults = field(default_factory=Faults)

    @property
    def floor(self) -> int:
        """Pages down to which the VMM takes from it: its target, but never what it was guaranteed."""
        return max(self.target, self.minimum)


class Reclaimer:
    """Takes pages from the VMs of one machine without asking them.

    Parameters
    ----------
    machine, sharing
        The frames, and the scanner that looks for an equal page before one is swapped out.
    tenants
        The VMs by slot.
    seed
        Key of the random choice of victims.
    io_per_s
        Pages that the disk reads or writes in a second.
    """

    def __init__(
        self, machine: MachineMemory, sharing: PageSharing, tenants: dict[int, Tenant], seed: int, io_per_s: int
    ) -> None:
        self.machine = machine
        self.sharing = sharing
        self.tenants = tenants
        self.seed = seed
        self.io_per_s = io_per_s
        self.io_left = io_per_s
        """Pages that the disk can still move in this second."""
        self._draws = 0

    def begin(self) -> None:
        """Begin a second."""
        self.io_left = self.io_per_s

    def allocated(self, slot: int) -> int:
        """Return the pages of a VM that are in memory, and the frames of its compression cache."""
        return int(self.machine.places[slot, MAPPED]) + self.machine.cache_frames(slot)

    def swap_room(self, profile: MemoryProfile) -> int:
        """Return how many pages the host's swap space still takes."""
        if not profile.host_swap:
            return 0
        return max(self.machine.frames * profile.swap_permille // 1000 - self.machine.swap.used, 0)

    def take_from_all(self, missing: int, profile: MemoryProfile, *, forced: bool) -> None:
        """Take frames from those that have more than they should; if it is forced, from anybody at last."""
        tenants = self.tenants
        for floors in ({s: t.floor for s, t in tenants.items()}, {s: t.minimum for s, t in tenants.items()}):
            over = {s: self.allocated(s) - floor for s, floor in floors.items()}
            for slot in sorted(over, key=lambda s: (-over[s], s)):
                if missing > 0 and over[slot] > 0:
                    missing -= self.take(slot, min(over[slot], missing), profile)
            if not forced:
                return

    def take(self, slot: int, count: int, profile: MemoryProfile) -> int:
        """Take pages from a VM; return how many frames came free.

        What a product does before it swaps is what it does on its lowest rung. It does so at once where a frame is
        needed, even if the host has not yet looked where it stands. The disk bounds only what is swapped.
        """
        machine, table, tenant = self.machine, self.machine.tables[slot], self.tenants[slot]
        actions, before = profile.ladder.rungs[-1].actions, machine.free
        victims = self._victims(slot, count, spare_active=profile.targets == "none")
        if "share" in actions and profile.sharing != "off":
            merged = machine.state[table.entry[victims]] == PRIVATE
            self.sharing.share(slot, victims, profile.sharing)
            merged &= machine.state[table.entry[victims]] != PRIVATE
            victims = victims[~merged]
        room = 0
        if "compress" in actions:
            most = tenant.guest.pages * profile.compression_permille // 1000
            room = most * _PACKED_PER_FRAME - int(machine.places[slot, PACKED])
        if room > 0:
            luck = mix64(0, machine.content[table.entry[victims]].view(np.int64)) % np.uint64(1000)
            packs = victims[luck < _COMPRESSIBLE][:room]
            machine.swap_out(slot, packs, PACKED)
            self.fit_cache(slot)
            victims = victims[table.where[victims] == MAPPED]
        victims = victims[: min(self.io_left, self.swap_room(profile))]
        machine.swap_out(slot, victims)
        tenant.faults.swap_out += len(victims)
        self.io_left -= len(victims)
        return machine.free - before

    def fit_cache(self, slot: int) -> None:
        """Give a VM's compression cache as many frames as its compressed pages need."""
        wanted = -(-int(self.machine.places[slot, PACKED]) // _PACKED_PER_FRAME)
        self.machine.grow_cache(slot, wanted - self.machine.cache_frames(slot))

    # --------------------------------------------------------------------------------------------------------- victims
    def _victims(self, slot: int, count: int, *, spare_active: bool) -> Pages:
        """Choose pages at random whose frames come free when they go; shared ones only where there are no others."""
        table = self.machine.tables[slot]
        chosen = np.empty(0, np.int64)
        for attempt in range(4):
            self._draws += 1
            draws = np.arange(3 * count + 8, dtype=np.int64) + ((self._draws * MAX_VMS + slot) << 28)
            drawn = (mix64(self.seed, draws) % np.uint64(table.pages)).astype(np.int64)
            drawn = drawn[self._alone(slot, drawn)]
            if spare_active and attempt < 2:
                drawn = drawn[table.accessed[drawn] != self.machine.period]
            chosen = np.concatenate([chosen, drawn])
            _, first = np.unique(chosen, return_index=True)
            chosen = chosen[np.sort(first)][:count]
            if len(chosen) == count:
                return chosen
        # Few pages are left to choose from: then look at all of them.
        left = np.flatnonzero(table.where == MAPPED)
        left = left[~np.isin(left, chosen)]
        alone = self._alone(slot, left)
        return np.concatenate([chosen, left[alone], left[~alone]])[:count]

    def _alone(self, slot: int, gfns: Pages) -> NDArray[np.bool_]:
        """Return which pages are in a frame that nobody else maps."""
        table = self.machine.tables[slot]
        alone = table.where[gfns] == MAPPED
        alone[alone] = self.machine.refs[table.entry[gfns[alone]]] == 1
        return alone

    def digest(self) -> bytes:
        """Return what decides about the next choice."""
        return repr(self._draws).encode()
