"""Memory of a whole host, page by page: guests touch pages, the VMM hands out frames and takes them back.

One step is one second. Guests run; samples are counted; the host looks on which rung of its ladder it is; targets are
computed; balloons follow them; where that is not enough pages are compressed or swapped out; the scanner looks for
equal pages. Policies (:mod:`vmwidgets.model.reclaim`) say how much; here it is done, and counted. Nobody is slowed
down by a factor: what a VM loses is the cost of the faults that are counted.
"""

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vmwidgets.model.active_memory import Sampler
from vmwidgets.model.address_space import AddressSpace
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_pages import NO_DRIVER, GuestPages
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory import MAX_VMS, PRIVATE, SHARED, MachineMemory, Pages
from vmwidgets.model.memory_profile import TUNABLE, MemoryProfile, Rung
from vmwidgets.model.page_sharing import PageSharing
from vmwidgets.model.random import mix64
from vmwidgets.model.reclaim import dynamic_memory, idle_memory_tax
from vmwidgets.model.second_stage import ABSENT, BALLOONED, MAPPED, PACKED, SWAPPED

MAX_EVENTS = 1000
"""Changes of the host's memory state that are kept."""
_BALLOON_S = 16
"""Seconds in which a balloon could take all of a VM's memory. An assumption: a driver allocates some GiB a second."""
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
    watched: Pages = field(default_factory=lambda: np.empty(0, np.int64))
    faults: Faults = field(default_factory=Faults)

    @property
    def floor(self) -> int:
        """Pages down to which the VMM takes from it: its target, but never what it was guaranteed."""
        return max(self.target, self.minimum)


class PagedMemory:
    """The memory of one host and of all its guests.

    Parameters
    ----------
    hardware
        Memory, page size, and the disk that pages are swapped to.
    profile
        How the product manages memory.
    seed
        Key of all random choices.
    """

    def __init__(self, hardware: Hardware, profile: MemoryProfile, seed: int = 0) -> None:
        page = hardware.page_bytes
        self.hardware = hardware
        self.seed = seed
        frames = hardware.memory_bytes // page
        self.machine = MachineMemory(frames, page, frames - hardware.guest_memory_bytes // page)
        self.sharing = PageSharing(self.machine)
        self.profile = profile
        self.machine.zero_on_allocate = profile.zero_on_allocate
        self.tenants: dict[int, Tenant] = {}
        self.killed: dict[int, Tenant] = {}
        """VMs whose process the host has killed."""
        self.blocked: frozenset[int] = frozenset()
        self.second = 0
        self.state = 0
        """The rung of the ladder that the host is on."""
        self.events: deque[tuple[int, int, int]] = deque([(0, 0, 0)], MAX_EVENTS)
        """Changes of the state: second, state from then on, pages free at that moment."""
        self._due = True
        self._io_per_s = max(1, hardware.disk_bandwidth // page)
        self._io_left = self._io_per_s

    # ------------------------------------------------------------------------------------------------------------- VMs
    def add(self, guest: GuestPages, shares: int = 1000, minimum: int = 0, limit: int | None = None) -> int:
        """Start a VM and return its slot.

        Raises
        ------
        VmwidgetsError
            If there is no room for its page tables.
        """
        slot = next(s for s in range(MAX_VMS) if s not in self.tenants and s not in self.killed)
        self.machine.add_vm(slot, guest.pages)
        sample = self.profile.sample_pages
        sampler = Sampler(self.seed, guest.stream, guest.pages, sample) if sample else None
        space = AddressSpace(guest, self.machine.page_bytes)
        tenant = Tenant(guest, space, shares, minimum, guest.pages if limit is None else limit, sampler)
        self.tenants[slot] = tenant
        self._watch(slot, tenant)
        self._due = True
        return slot

    def remove(self, slot: int) -> None:
        """Stop a VM."""
        if self.killed.pop(slot, None) is None:
            self._stop(slot)

    def control(self, slot: int, shares: int, minimum: int, limit: int | None) -> None:
        """Change the controls of a VM."""
        tenant = self.tenant(slot)
        tenant.shares, tenant.minimum = shares, minimum
        tenant.limit = tenant.guest.pages if limit is None else limit
        self._due = True

    def tenant(self, slot: int) -> Tenant:
        """Return a VM, killed or not."""
        return self.tenants[slot] if slot in self.tenants else self.killed[slot]

    def tune(self, profile: MemoryProfile) -> None:
        """Change the profile's settings."""
        if profile.id != self.profile.id:
            raise VmwidgetsError("a host keeps its memory profile {profile}", profile=self.profile.id)
        self.profile = profile
        self.machine.zero_on_allocate = profile.zero_on_allocate
        self._due = True

    def _stop(self, slot: int) -> Tenant:
        self.machine.remove_vm(slot)
        self.sharing.forget(slot)
        self.blocked -= {slot}  # another VM may get the slot
        self._due = True
        return self.tenants.pop(slot)

    def _kill(self, slot: int) -> None:
        self.killed[slot] = self._stop(slot)

    # ------------------------------------------------------------------------------------------------------ one second
    def step(self, active: Mapping[int, int]) -> None:
        """Let a second pass.

        Parameters
        ----------
        active
            Working set of each VM in pages, by slot.
        """
        self.second += 1
        self.machine.clock += 1
        self._io_left = self._io_per_s
        for slot, tenant in list(self.tenants.items()):
            tenant.faults.seconds += 1
            tenant.active = active[slot]
            if slot in self.blocked:
                tenant.faults.blocked += 1
            elif slot in self.tenants:  # it may have been killed meanwhile, for another one's page
                self._run(slot, tenant)
        self._sample()
        self._keep_limits()
        self._look_around()
        self._move_balloons()
        self._page_out()
        profile = self.profile
        self.sharing.scan(profile.scan_pages_per_s, profile.sharing, profile.scan_vm_pages_per_s)

    def _run(self, slot: int, tenant: Tenant) -> None:
        """Let a guest touch its pages, and see to those that are not there."""
        machine, table, faults = self.machine, self.machine.tables[slot], tenant.faults
        touches = tenant.guest.touch(tenant.active)
        where = table.where[touches.gfns]
        fresh = touches.gfns[(where == ABSENT) | (where == BALLOONED)]
        packed, swapped = touches.gfns[where == PACKED], touches.gfns[where == SWAPPED]
        if not self._make_room(len(fresh) + len(packed) + len(swapped), slot):
            return
        filled = machine.allocate(slot, fresh)
        unpacked = machine.swap_in(slot, packed)
        fetched = machine.swap_in(slot, swapped[: self._io_left])
        self._io_left -= fetched
        self._fit_cache(slot)
        there = touches.gfns[table.where[touches.gfns] == MAPPED]
        new = there[table.accessed[there] != machine.period]
        table.accessed[new] = machine.period
        tenant.seen += len(new)
        machine.note(table.entry[new])
        can = table.where[touches.written] == MAPPED
        written, contents = touches.written[can], touches.contents[can]
        if not self._make_room(int((machine.state[table.entry[written]] == SHARED).sum()), slot):
            return
        still = table.where[written] == MAPPED  # making room may have taken some of them
        faults.copies += machine.write(slot, written[still], contents[still])
        tenant.space.write(machine, slot)
        faults.touched += len(touches.gfns) + touches.denied
        faults.zero_fill += filled
        faults.unpacked += unpacked
        faults.swap_in += fetched
        faults.read_in += touches.read_in
        faults.written_out += touches.written_out
        faults.denied += touches.denied + len(touches.gfns) - len(there)

    # -------------------------------------------------------------------------------------------------- what is active
    def _watch(self, slot: int, tenant: Tenant) -> None:
        """Begin a sampling period."""
        tenant.last_seen, tenant.seen = tenant.seen, 0
        if tenant.sampler:
            tenant.watched = tenant.sampler.choose(self.machine.period)

    def _touched(self, slot: int, tenant: Tenant) -> int:
        """Return how many of the watched pages were touched in this period."""
        return int((self.machine.tables[slot].accessed[tenant.watched] == self.machine.period).sum())

    def _sample(self) -> None:
        if self.second % self.profile.sample_period_s:
            return
        for slot, tenant in self.tenants.items():
            if tenant.sampler:
                tenant.sampler.close(self._touched(slot, tenant))
        self.machine.period = self.machine.period % 65_535 + 1
        for slot, tenant in self.tenants.items():
            self._watch(slot, tenant)

    def estimate(self, slot: int) -> int:
        """Return the pages of a VM that the VMM takes for active."""
        tenant = self.tenants[slot]
        if tenant.sampler:
            return tenant.sampler.estimate(self._touched(slot, tenant))
        return max(tenant.seen, tenant.last_seen)

    # ---------------------------------------------------------------------------------------------- ladder and targets
    @property
    def rung(self) -> Rung:
        """The state that the host's memory is in."""
        return self.profile.ladder.rungs[self.state]

    def allocated(self, slot: int) -> int:
        """Return the pages of a VM that are in memory, and the frames of its compression cache."""
        return int(self.machine.places[slot, MAPPED]) + self.machine.cache_frames(slot)

    def _look_around(self) -> None:
        machine, ladder = self.machine, self.profile.ladder
        free_bytes = machine.free * machine.page_bytes
        state = ladder.next(self.state, free_bytes, self.hardware.memory_bytes)
        if state != self.state:
            self.state = state
            self.events.append((self.second, state, machine.free))
            self._due = True
        if self._due or self.second % self.profile.rebalance_s == 0:
            self._set_targets()
            self._due = False
        over = (s for s, t in self.tenants.items() if t.target >= 0 and t.floor < self.allocated(s))
        self.blocked = frozenset(over) if "block" in self.rung.actions else frozenset()

    def _set_targets(self) -> None:
        machine, profile, tenants = self.machine, self.profile, self.tenants
        if profile.targets == "none" or not tenants:
            return
        slots = list(tenants)
        mapped = sum(int(machine.places[s, MAPPED]) for s in slots)
        cached = sum(machine.cache_frames(s) for s in slots)
        reserve = -(-profile.ladder.reserve_bytes(self.hardware.memory_bytes) // machine.page_bytes)
        # A shared page counts for everybody who has it, so what sharing saves is there to be handed out.
        total = float(max(mapped + cached + machine.free - reserve, 0))
        wanted = [t.guest.pages - int(machine.places[s, ABSENT]) for s, t in tenants.items()]
        maximum = [min(want, t.limit) for want, t in zip(wanted, tenants.values(), strict=True)]
        minimum = [t.minimum for t in tenants.values()]
        shares = [t.shares for t in tenants.values()]
        if profile.targets == "idle_tax":
            active = [self.estimate(s) for s in slots]
            tax = profile.idle_tax_permille / 1000
            targets = idle_memory_tax(total, shares, active, tax, minimum, maximum)
        else:
            committed = [max(t.active, 1) for t in tenants.values()]
            most = [min(t.guest.pages, t.limit) for t in tenants.values()]
            buffer = profile.buffer_permille / 1000
            targets = dynamic_memory(total, committed, buffer, minimum, most, shares)
        for tenant, target in zip(tenants.values(), targets.tolist(), strict=True):
            tenant.target = int(target)

    def _move_balloons(self) -> None:
        may_inflate = "balloon" in self.rung.actions
        for slot, tenant in self.tenants.items():
            if tenant.target < 0:
                continue
            guest, over = tenant.guest, self.allocated(slot) - tenant.floor
            # What the guest could use beyond its target, touched or not: it gives free pages first, and taking those
            # frees nothing now, but keeps it from growing.
            room = tenant.floor - (guest.pages - guest.ballooned)
            stored = int(self.machine.places[slot, SWAPPED] + self.machine.places[slot, PACKED])
            if over > 0 and may_inflate:
                if guest.balloon != NO_DRIVER:
                    self._inflate(slot, tenant, max(over, -room - stored))
                elif self.profile.host_swap:
                    self._take(slot, min(over, _balloon_step(tenant)))
            elif room > 0:  # the balloon keeps the guest from using what it may have
                self.machine.release(slot, guest.deflate(min(room, _balloon_step(tenant))))
            self._fit_cache(slot)

    def _inflate(self, slot: int, tenant: Tenant, count: int) -> int:
        """Ask a guest for pages; return how many it gave."""
        most = tenant.guest.pages * self.profile.balloon_limit_permille // 1000
        count = min(count, _balloon_step(tenant), max(most - tenant.guest.ballooned, 0))
        given, out = tenant.guest.inflate(count)
        tenant.faults.written_out += out
        self.machine.release(slot, given, BALLOONED)
        return len(given)

    # ------------------------------------------------------------------------------------ taking what nobody gives away
    def _keep_limits(self) -> None:
        for slot, tenant in list(self.tenants.items()):
            over = self.allocated(slot) - tenant.limit
            if over > 0 and tenant.target >= 0:
                over -= self._inflate(slot, tenant, over)
            if over > 0 and self.profile.host_swap:
                self._take(slot, over)
            elif over > 0 and self.profile.limit_kills:
                self._kill(slot)

    def _page_out(self) -> None:
        if "swap" not in self.rung.actions or not self.profile.host_swap:
            return
        goal = self.profile.ladder.thresholds(self.hardware.memory_bytes)[max(self.state - 1, 0)]
        missing = -(-goal // self.machine.page_bytes) - self.machine.free
        self._take_from_all(missing, forced=False)

    def _make_room(self, frames: int, slot: int) -> bool:
        """See that so many frames are free, if there is a way; return whether the VM that asks is still there."""
        missing = frames - self.machine.free
        if missing > 0 and self.profile.host_swap:
            self._set_targets()  # a guest that boots has outgrown them within seconds
            self._take_from_all(missing, forced=True)
        dry = self.profile.host_kills and not self.profile.host_swap
        while self.machine.free < frames and dry and self.tenants:
            # The largest is the best candidate of an OOM killer.
            self._kill(max(self.tenants, key=lambda s: (self.machine.held(s), -s)))
        return slot in self.tenants

    def _take_from_all(self, missing: int, *, forced: bool) -> None:
        """Take pages from those that have more than they should; if it is forced, from anybody at last."""
        tenants = self.tenants
        for floors in ({s: t.floor for s, t in tenants.items()}, {s: t.minimum for s, t in tenants.items()}):
            over = {s: self.allocated(s) - floor for s, floor in floors.items()}
            for slot in sorted(over, key=lambda s: (-over[s], s)):
                if missing > 0 and over[slot] > 0:
                    missing -= self._take(slot, min(over[slot], missing))
            if not forced:
                return

    def _take(self, slot: int, count: int) -> int:
        """Take frames from a VM without asking it: share, compress, swap, in this order; return how many came free.

        What a product does before it swaps is what it does on its lowest rung. It does so at once where a frame is
        needed, even if the host has not yet looked where it stands. The disk bounds only what is swapped.
        """
        machine, table, profile = self.machine, self.machine.tables[slot], self.profile
        actions, before = profile.ladder.rungs[-1].actions, self.machine.free
        victims = self._victims(slot, count)
        if "share" in actions and profile.sharing != "off":
            self.sharing.share(slot, victims, profile.sharing)
            victims = victims[machine.state[table.entry[victims]] == PRIVATE]
        room = 0
        if "compress" in actions:
            most = self.tenants[slot].guest.pages * profile.compression_permille // 1000
            room = most * _PACKED_PER_FRAME - int(machine.places[slot, PACKED])
        if room > 0:
            luck = mix64(0, machine.content[table.entry[victims]].view(np.int64)) % np.uint64(1000)
            packs = victims[luck < _COMPRESSIBLE][:room]
            machine.swap_out(slot, packs, PACKED)
            self._fit_cache(slot)
            victims = victims[table.where[victims] == MAPPED]
        victims = victims[: self._io_left]
        machine.swap_out(slot, victims)
        self._io_left -= len(victims)
        return machine.free - before

    def _victims(self, slot: int, count: int) -> Pages:
        """Choose private pages of a VM at random (Waldspurger 2002, section 3: the VMM does not know the good ones).

        A host that has no targets looks at access bits instead and spares what was touched in this period.
        """
        machine, table = self.machine, self.machine.tables[slot]
        chosen = np.empty(0, np.int64)
        spare = self.profile.targets == "none"
        for attempt in range(4):
            draws = np.arange(3 * count + 8, dtype=np.int64) + (((self.second * 4 + attempt) * MAX_VMS + slot) << 24)
            drawn = (mix64(self.seed, draws) % np.uint64(table.pages)).astype(np.int64)
            drawn = drawn[self._can_go(slot, drawn, spare=spare and attempt < 2)]
            chosen = np.concatenate([chosen, drawn])
            _, first = np.unique(chosen, return_index=True)
            chosen = chosen[np.sort(first)][:count]
            if len(chosen) == count:
                return chosen
        # Few pages are left to choose from: then look at all of them.
        left = np.flatnonzero(table.where == MAPPED)
        left = left[(machine.state[table.entry[left]] == PRIVATE) & ~np.isin(left, chosen)]
        return np.concatenate([chosen, left[: count - len(chosen)]])

    def _can_go(self, slot: int, gfns: Pages, *, spare: bool) -> np.ndarray:
        table = self.machine.tables[slot]
        can = table.where[gfns] == MAPPED
        can[can] = self.machine.state[table.entry[gfns[can]]] == PRIVATE
        return can & (table.accessed[gfns] != self.machine.period) if spare else can

    def _fit_cache(self, slot: int) -> None:
        wanted = -(-int(self.machine.places[slot, PACKED]) // _PACKED_PER_FRAME)
        self.machine.grow_cache(slot, wanted - self.machine.cache_frames(slot))

    # --------------------------------------------------------------------------------------------------------- reading
    def digest(self) -> str:
        """Return a SHA-256 over all that decides what will happen, in hexadecimal."""
        hashed = hashlib.sha256(self.machine.digest() + self.sharing.digest())
        settings = (self.profile.id, *(getattr(self.profile, name) for name, *_ in TUNABLE))
        hashed.update(repr((self.second, self.state, self._due, sorted(self.blocked), settings)).encode())
        for slot, tenant in sorted({**self.tenants, **self.killed}.items()):
            sampled = tenant.sampler.state if tenant.sampler else ()
            numbers = (slot, slot in self.killed, tenant.target, tenant.seen, tenant.last_seen, sampled)
            hashed.update(repr(numbers).encode())
            hashed.update(tenant.guest.digest())
        return hashed.hexdigest()


def _balloon_step(tenant: Tenant) -> int:
    return max(1, tenant.guest.pages // _BALLOON_S)
