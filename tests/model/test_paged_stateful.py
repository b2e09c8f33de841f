"""Random hosts: whatever guests do and whichever product manages them, the books of both sides agree."""

import copy

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from vmwidgets.model.guest_pages import BALLOON_DRIVERS, GuestPages, Mix
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory import FRAME_STATES
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.second_stage import ABSENT, BALLOONED, MAPPED, PACKED
from vmwidgets.model.units import KiB
from vmwidgets.stacks import MEMORY

PAGE = 64 * KiB
FRAMES, VMM = 600, 30
MIXES = st.builds(
    Mix,
    kernel=st.sampled_from([0, 20, 100]),
    image=st.sampled_from([0, 100, 300]),
    twins=st.sampled_from([0, 100]),
    twin_copies=st.sampled_from([1000, 2500, 100_000]),
    cache=st.sampled_from([0, 200]),
    zero=st.sampled_from([0, 0, 300]),
)
TUNINGS = st.fixed_dictionaries(
    {},
    optional={
        "idle_tax_permille": st.sampled_from([0, 500, 750, 990]),
        "scan_pages_per_s": st.sampled_from([0, 7, 100, 5000]),
        "balloon_limit_permille": st.sampled_from([0, 300, 650, 1000]),
        "sharing": st.sampled_from(["off", "within", "between"]),
        "zero_on_allocate": st.booleans(),
        "compression_permille": st.sampled_from([0, 50, 100, 500]),
        "buffer_permille": st.sampled_from([50, 200, 20_000]),
        "host_swap": st.booleans(),
    },
)
PERMILLE = st.integers(0, 1000)


class Session(RuleBasedStateMachine):
    """A host, and what it must never do: lose a page, take what is guaranteed, or disagree with a guest."""

    @initialize(
        profile=st.sampled_from(sorted(MEMORY)),
        seed=st.integers(0, 2**63 - 1),
        disk=st.sampled_from([2 * PAGE, 20 * PAGE, 4000 * PAGE]),
        vms=st.integers(1, 4),
        data=st.data(),
    )
    def begin(self, profile, seed, disk, vms, data):
        hardware = Hardware(
            memory_bytes=FRAMES * PAGE, vmm_memory_bytes=VMM * PAGE, page_bytes=PAGE, disk_bandwidth=disk
        )
        self.memory = PagedMemory(hardware, MEMORY[profile], seed)
        self.working: dict[int, int] = {}
        self.count = 0
        for _ in range(vms):
            self.start(data)

    def admissible(self, besides=None):
        """Pages that can still be guaranteed: admission control hands out no more than the host has."""
        tenants = {**self.memory.tenants, **self.memory.killed}
        return FRAMES - VMM - sum(t.minimum for slot, t in tenants.items() if slot != besides)

    def controls(self, data, pages, besides=None):
        minimum = data.draw(st.integers(0, min(pages, self.admissible(besides))) | st.just(0), "minimum")
        limit = data.draw(st.none() | st.integers(max(minimum, 1), pages), "limit")
        return data.draw(st.sampled_from([1, 500, 1000, 4000]), "shares"), minimum, limit

    def start(self, data):
        pages = data.draw(st.integers(1, 500), "pages")
        guest = GuestPages(
            pages,
            data.draw(st.sampled_from(["Linux", "Windows"]), "image"),
            f"VM{self.count}",
            data.draw(MIXES, "mix"),
            used=data.draw(st.just(-1) | st.integers(0, pages), "used"),
            fill_per_s=data.draw(st.sampled_from([-1, 1, 40]), "fill_per_s"),
            zeroes_memory=data.draw(st.booleans(), "zeroes_memory"),
            balloon=data.draw(st.sampled_from(["driver", *BALLOON_DRIVERS]), "balloon"),
        )
        slot = self.memory.add(guest, *self.controls(data, pages))
        self.working[slot] = data.draw(PERMILLE, "active") * pages // 1000
        self.count += 1

    def some_slot(self, data):
        return data.draw(st.sampled_from(sorted(self.working)), "slot")

    # ------------------------------------------------------------------------------------------------------- commands
    @precondition(lambda self: len(self.working) < 5)
    @rule(data=st.data())
    def add(self, data):
        self.start(data)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def remove(self, data):
        slot = self.some_slot(data)
        self.memory.remove(slot)
        del self.working[slot]

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def control(self, data):
        slot = self.some_slot(data)
        self.memory.control(slot, *self.controls(data, self.memory.tenant(slot).guest.pages, slot))

    @precondition(lambda self: self.working)
    @rule(data=st.data(), image=st.sampled_from(["Linux", "Windows", "Plan 9"]))
    def upgrade(self, data, image):
        self.memory.tenant(self.some_slot(data)).guest.upgrade(image)

    @precondition(lambda self: self.working)
    @rule(data=st.data(), driver=st.sampled_from(BALLOON_DRIVERS))
    def change_driver(self, data, driver):
        self.memory.tenant(self.some_slot(data)).guest.balloon = driver

    @rule(changes=TUNINGS)
    def tune(self, changes):
        self.memory.tune(self.memory.profile.with_changes(**changes))

    @rule(data=st.data(), seconds=st.sampled_from([1, 1, 3, 20, 60]))
    def run(self, data, seconds):
        memory = self.memory
        for slot in self.working:
            pages = memory.tenant(slot).guest.pages
            self.working[slot] = data.draw(PERMILLE, "active") * pages // 1000
        # A second machine to which the same is done is in the same state, whatever it was copied from.
        twin = copy.deepcopy(memory) if seconds == 3 else None
        for _ in range(seconds):
            before = {slot: memory.allocated(slot) for slot in memory.tenants}
            events = list(memory.events)
            state = memory.state
            memory.step(self.working)
            self.nobody_lost_what_is_guaranteed(before)
            self.the_state_followed_the_thresholds(state, events)
        if twin:
            for _ in range(seconds):
                twin.step(self.working)
            assert twin.digest() == memory.digest()

    # ----------------------------------------------------------------------------------------------- after every second
    def nobody_lost_what_is_guaranteed(self, before):
        """Pages are taken down to the minimum and no further; who has less than that only grows.

        A page that was never touched gets its frame when it is, so that it is not lost, whichever page the balloon took
        in its place. A VM at a limit of its own, on a host that meets limits before it hands out pages, makes room by
        itself.
        """
        memory = self.memory
        for slot, tenant in memory.tenants.items():
            if memory.profile.targets == "none" and tenant.limit < tenant.guest.pages:
                continue
            untouched = memory.machine.places[slot, ABSENT]
            assert memory.allocated(slot) + untouched >= min(before[slot], tenant.minimum), slot

    def the_state_followed_the_thresholds(self, state, events):
        memory = self.memory
        new = list(memory.events)[len(events) :]
        assert len(new) == (memory.state != state)
        for second, reached, free in new:
            assert (second, reached) == (memory.second, memory.state)
            levels = memory.profile.ladder.thresholds(FRAMES * PAGE)
            free_bytes, permille = free * PAGE, memory.profile.ladder.hysteresis_permille
            if reached > state:  # below the threshold of the rung it fell to, and not of the next
                assert free_bytes < levels[reached]
                assert reached + 1 == len(levels) or free_bytes >= levels[reached + 1]
            else:  # significantly above the threshold of the rung it climbed to, and not of one above that
                assert 1000 * free_bytes > levels[reached] * (1000 + permille)
                assert reached == 0 or 1000 * free_bytes <= levels[reached - 1] * (1000 + permille)

    # ------------------------------------------------------------------------------------------------------ invariants
    @invariant()
    def frames_and_pages_add_up(self):
        if not hasattr(self, "memory"):
            return
        machine = self.memory.machine
        machine.check()
        for slot, tenant in self.memory.tenants.items():
            places = machine.places[slot]
            assert places.sum() == tenant.guest.pages
            assert 0 <= machine.shared[slot] <= places[MAPPED]
            assert machine.cache_frames(slot) == -(-int(places[PACKED]) // 2)
        own = {slot: machine.held(slot) for slot in machine.tables}
        used = np.bincount(machine.state, minlength=len(FRAME_STATES))
        below = int((machine.state[:VMM] != 0).sum())
        assert below == VMM
        assert sum(own.values()) + machine.shared_frames + machine.free + VMM == FRAMES == used.sum()
        for slot in self.memory.killed:
            assert slot not in machine.tables

    @invariant()
    def guests_and_tables_agree(self):
        if not hasattr(self, "memory"):
            return
        for slot, tenant in self.memory.tenants.items():
            guest, table = tenant.guest, self.memory.machine.tables[slot]
            resident = guest._gfn_of[guest._gfn_of >= 0]
            balloon = guest._balloon[: guest._balloon_count]
            spare = guest._spare[: guest._spare_count]
            # Each guest page has one use: a page of the guest, the balloon, free, or never used.
            used = np.concatenate([resident, balloon, spare, np.arange(guest._fresh, guest.pages)])
            assert np.array_equal(np.sort(used), np.arange(guest.pages))
            # The balloon has exactly the pages that the VMM thinks it has.
            assert np.array_equal(np.sort(balloon), np.flatnonzero(table.where == BALLOONED))
            census = guest.census()
            kinds = ("kernel", "image", "twins", "programs", "cache", "zero")
            assert sum(census[kind] for kind in kinds) == len(resident)
            assert census["balloon"] == self.memory.machine.places[slot, BALLOONED]
            assert min(census.values()) >= 0
            first, end = guest._ends[2], guest._ends[3]
            assert guest.swapped == (guest._gfn_of[first:end] == -2).sum()
            assert guest.dropped + guest.swapped == (guest._gfn_of == -2).sum()

    @invariant()
    def what_is_counted_is_possible(self):
        if not hasattr(self, "memory"):
            return
        for slot, tenant in self.memory.tenants.items():
            faults = tenant.faults
            assert min(getattr(faults, name) for name in faults.__slots__) >= 0
            fetched = faults.zero_fill + faults.swap_in + faults.unpacked
            assert fetched + faults.denied - faults.touched <= 0
            assert faults.blocked <= faults.seconds
            assert 0 <= self.memory.estimate(slot) <= tenant.guest.pages
            assert tenant.target <= max(tenant.guest.pages, tenant.minimum)


Session.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestSession = Session.TestCase
