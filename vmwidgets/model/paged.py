"""Memory of a whole host, page by page: guests touch pages, the VMM hands out frames and takes them back.

One step is one second. Guests run; samples are counted; the host looks on which rung of its ladder it is; targets are
computed; balloons follow them; where that is not enough pages are compressed or swapped out; the scanner looks for
equal pages. Policies (:mod:`vmwidgets.model.reclaim`) say how much; here it is done, and counted. Nobody is slowed
down by a factor: what a VM loses is the cost of the faults that are counted.
"""

import hashlib
from collections import deque
from collections.abc import Mapping

import numpy as np

from vmwidgets.model.active_memory import Sampler
from vmwidgets.model.address_space import AddressSpace
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_pages import NO_DRIVER, GuestPages
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory import MAX_VMS, SHARED, MachineMemory, Pages
from vmwidgets.model.memory_profile import TUNABLE, MemoryProfile, Rung
from vmwidgets.model.page_sharing import PageSharing
from vmwidgets.model.reclaim import dynamic_memory, idle_memory_tax
from vmwidgets.model.reclaimer import Reclaimer, Tenant
from vmwidgets.model.second_stage import ABSENT, BALLOONED, MAPPED, PACKED, SWAPPED

MAX_EVENTS = 1000
"""Changes of the host's memory state that are kept."""
_BALLOON_S = 16
"""Seconds in which a balloon could take all of a VM's memory. An assumption: a driver allocates some GiB a second."""


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
        io_per_s = max(1, hardware.disk_bandwidth // page)
        self.reclaimer = Reclaimer(self.machine, self.sharing, self.tenants, seed, io_per_s)

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
        self.reclaimer.begin()
        for slot, tenant in list(self.tenants.items()):
            tenant.faults.seconds += 1
            tenant.active = active[slot]
            if slot in self.blocked:
                tenant.faults.blocked += 1
            elif slot in self.tenants:  # it may have been killed meanwhile, for another one's page
                tenant.ran += 1
                self._run(slot, tenant)
        self._sample()
        self._keep_limits()
        self._look_around()
        self._move_balloons()
        self._page_out()
        self._scan()

    def _scan(self) -> None:
        """Look for equal pages. A product that backs guests with large pages finds none before it breaks them up."""
        profile = self.profile
        large = any("break_large" in rung.actions for rung in profile.ladder.rungs)
        if not large or "break_large" in self.rung.actions:
            self.sharing.scan(profile.scan_pages_per_s, profile.sharing, profile.scan_vm_pages_per_s)

    def _run(self, slot: int, tenant: Tenant) -> None:
        """Let a guest touch its pages, and see to those that are not there."""
        machine, table, faults = self.machine, self.machine.tables[slot], tenant.faults
        touches = tenant.guest.touch(tenant.active)
        where = table.where[touches.gfns]
        fresh = touches.gfns[(where == ABSENT) | (where == BALLOONED)]
        packed, swapped = touches.gfns[where == PACKED], touches.gfns[where == SWAPPED]
        need = len(fresh) + len(packed) + len(swapped)
        # A control group is charged before it gets a page. Where there are targets, balloons come first.
        if tenant.target < 0 and (over := self.allocated(slot) + need - tenant.limit) > 0:
            self._press(slot, over)
            if slot not in self.tenants:
                return
            room = max(tenant.limit - self.allocated(slot), 0)  # what does not fit has to wait
            fresh, packed, swapped = np.split(
                np.concatenate([fresh, packed, swapped])[:room], _cuts(fresh, packed, room)
            )
        if not self._make_room(len(fresh) + len(packed) + len(swapped), slot):
            return
        filled = machine.allocate(slot, fresh)
        unpacked = machine.swap_in(slot, packed)
        fetched = machine.swap_in(slot, swapped[: self.reclaimer.io_left])
        self.reclaimer.io_left -= fetched
        self.reclaimer.fit_cache(slot)
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
        tenant.ran = 0
        if tenant.sampler:
            tenant.watched = tenant.sampler.choose(self.machine.period)

    def _touched(self, slot: int, tenant: Tenant) -> int:
        """Return how many of the watched pages were touched in this period."""
        return int((self.machine.tables[slot].accessed[tenant.watched] == self.machine.period).sum())

    def _sample(self) -> None:
        """End a sampling period. It is one of execution time: a VM that did not run for most of it proves nothing."""
        period = self.profile.sample_period_s
        if self.second % period:
            return
        for slot, tenant in self.tenants.items():
            proven = 2 * tenant.ran >= period
            if proven and tenant.sampler:
                tenant.sampler.close(self._touched(slot, tenant))
            tenant.last_seen = tenant.seen if proven else max(tenant.seen, tenant.last_seen)
            tenant.seen = 0
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
        return self.reclaimer.allocated(slot)

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
                    self.reclaimer.take(slot, min(over, _balloon_step(tenant)), self.profile)
            elif room > 0:  # the balloon keeps the guest from using what it may have
                self.machine.release(slot, guest.deflate(min(room, _balloon_step(tenant))))
            self.reclaimer.fit_cache(slot)

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
        """Bring VMs back under limits that were lowered; those who grow meet theirs when they allocate."""
        for slot, tenant in list(self.tenants.items()):
            over = self.allocated(slot) - tenant.limit
            if over > 0 and tenant.target >= 0:
                over -= self._inflate(slot, tenant, over)
            if over > 0:
                self._press(slot, over)

    def _press(self, slot: int, over: int) -> None:
        """Take so many pages from a VM that is at its limit; a product that kills does so where there is no swap."""
        if self.reclaimer.swap_room(self.profile):
            self.reclaimer.take(slot, over, self.profile)
        elif self.profile.limit_kills:
            self._kill(slot)

    def _page_out(self) -> None:
        """Page until the host leaves the rung on which it pages: the rung above begins significantly higher."""
        if "swap" not in self.rung.actions:
            return
        ladder = self.profile.ladder
        above = ladder.thresholds(self.hardware.memory_bytes)[max(self.state - 1, 0)]
        goal = above * (1000 + ladder.hysteresis_permille) // (1000 * self.machine.page_bytes) + 1
        self.reclaimer.take_from_all(goal - self.machine.free, self.profile, forced=False)

    def _make_room(self, frames: int, slot: int) -> bool:
        """See that so many frames are free, if there is a way; return whether the VM that asks is still there."""
        missing = frames - self.machine.free
        if missing > 0 and self.profile.host_swap:
            self._set_targets()  # a guest that boots has outgrown them within seconds
            self.reclaimer.take_from_all(missing, self.profile, forced=True)
        while self.machine.free < frames and self.profile.host_kills and not self.reclaimer.swap_room(self.profile):
            # The largest is the best candidate of an OOM killer.
            self._kill(max(self.tenants, key=lambda s: (self.machine.held(s), -s)))
        return slot in self.tenants

    # --------------------------------------------------------------------------------------------------------- reading
    def digest(self) -> str:
        """Return a SHA-256 over all that decides what will happen, in hexadecimal."""
        hashed = hashlib.sha256(self.machine.digest() + self.sharing.digest() + self.reclaimer.digest())
        settings = (self.profile.id, *(getattr(self.profile, name) for name, *_ in TUNABLE))
        hashed.update(repr((self.second, self.state, self._due, sorted(self.blocked), settings)).encode())
        for slot, tenant in sorted({**self.tenants, **self.killed}.items()):
            sampled = tenant.sampler.state if tenant.sampler else ()
            numbers = (slot, slot in self.killed, tenant.target, tenant.seen, tenant.last_seen, tenant.ran, sampled)
            hashed.update(repr(numbers).encode())
            hashed.update(tenant.guest.digest())
        return hashed.hexdigest()


def _balloon_step(tenant: Tenant) -> int:
    return max(1, tenant.guest.pages // _BALLOON_S)


def _cuts(first: Pages, second: Pages, room: int) -> list[int]:
    """Return where the first two of three lists end that are cut off at ``room`` together."""
    return [min(len(first), room), min(len(first) + len(second), room)]
