"""What a host does with its memory, in the order in which it should."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_pages import GuestPages, Mix
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory_ticks import METRICS, now, run
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.second_stage import BALLOONED, MAPPED, PACKED, SWAPPED
from vmwidgets.model.units import KiB
from vmwidgets.stacks import MEMORY

PAGE = 64 * KiB
FRAMES, VMM = 1000, 50
PLAIN = Mix(kernel=10, image=0, cache=0)


def host(profile="esx", disk=10**9, frames=FRAMES, **changes):
    chosen = MEMORY[profile] if isinstance(profile, str) else profile
    hardware = Hardware(memory_bytes=frames * PAGE, vmm_memory_bytes=VMM * PAGE, page_bytes=PAGE, disk_bandwidth=disk)
    return PagedMemory(hardware, chosen.with_changes(**changes) if changes else chosen, 3)


def add(memory, pages, shares=1000, minimum=0, limit=None, **guest):
    made = {"image": "Linux", "stream": f"VM{len(memory.tenants)}", "mix": PLAIN, "fill_per_s": pages, **guest}
    return memory.add(GuestPages(pages, **made), shares, minimum, limit)


def live(memory, active, seconds):
    for _ in range(seconds):
        memory.step(active)


def place(memory, slot, where):
    return int(memory.machine.places[slot, where])


# --------------------------------------------------------------------------------------------------- whose memory goes
@settings(max_examples=15, deadline=None)
@given(
    shares=st.sampled_from([(1000, 1000), (2000, 1000), (1000, 3000)]),
    tax=st.sampled_from([0, 500, 750]),
    active=st.tuples(st.integers(50, 600), st.integers(50, 600)),
)
def test_two_vms_settle_at_the_targets_of_the_tax(shares, tax, active):
    """With exact estimates and time to act nobody has more than its target, and who uses its target has it."""
    memory = host("neutral", idle_tax_permille=tax, balloon_limit_permille=1000)
    slots = [add(memory, 700, weight, fill_per_s=5) for weight in shares]
    live(memory, dict(zip(slots, active, strict=True)), 170)
    assert sum(memory.allocated(slot) for slot in slots) <= FRAMES - VMM
    for slot in slots:
        tenant = memory.tenants[slot]
        assert memory.allocated(slot) <= tenant.target + 4
        assert memory.allocated(slot) >= min(tenant.active, tenant.target) - 12


@pytest.mark.parametrize("profile", ["neutral", "esx", "esxi"])
def test_the_idle_vm_loses_memory_first(profile):
    memory = host(profile)
    busy, idle = add(memory, 600), add(memory, 600)
    live(memory, {busy: 560, idle: 10}, 300)
    assert memory.allocated(busy) >= 540
    assert memory.allocated(idle) < 400
    even = host(profile, idle_tax_permille=0)
    busy, idle = add(even, 600), add(even, 600)
    live(even, {busy: 560, idle: 10}, 300)
    assert abs(even.allocated(busy) - even.allocated(idle)) <= 30  # without the tax shares alone decide


@pytest.mark.parametrize("profile", ["neutral", "esx", "esxi"])
def test_an_idle_vm_stops_exactly_at_its_minimum(profile):
    memory = host(profile, balloon_limit_permille=1000)
    busy, idle = add(memory, 900), add(memory, 500, minimum=300)
    live(memory, {busy: 900, idle: 10}, 500)
    assert memory.allocated(idle) == 300
    assert memory.allocated(busy) > 500


def test_nobody_is_taken_below_its_minimum_before_targets_are_known():
    """Two guests that take all they have in their first second: the second one finds no frame left."""
    memory = host("kvm")
    first, second = add(memory, 900, minimum=800), add(memory, 900)
    live(memory, {first: 20, second: 20}, 1)
    assert memory.allocated(first) == 800
    live(memory, {first: 900, second: 900}, 10)
    assert memory.allocated(first) >= 800


def test_minima_are_kept_although_the_reserve_no_longer_fits():
    memory = host("esx")
    slots = [add(memory, 472, minimum=472), add(memory, 472, minimum=472)]
    live(memory, dict.fromkeys(slots, 472), 60)
    assert [memory.allocated(slot) for slot in slots] == [472, 472]
    assert memory.rung.name == "low"
    assert not memory.blocked  # who is at its minimum is not above its target


# ------------------------------------------------------------------------------------------------- in which way it goes
def soft_only(profile="esx"):
    """A host that is never short enough to page: growth is slow, and the first threshold far from the next."""
    memory = host(profile)
    return memory, [add(memory, 700, fill_per_s=1, mix=Mix(kernel=10, image=0, cache=500)) for _ in range(2)]


def test_ballooning_comes_before_paging():
    memory, slots = soft_only()
    live(memory, dict.fromkeys(slots, 100), 600)
    assert {state for _, state, _ in memory.events} <= {0, 1}
    assert sum(place(memory, slot, BALLOONED) for slot in slots) > 200
    assert sum(place(memory, slot, SWAPPED) for slot in slots) == 0


def test_only_who_has_no_driver_is_paged_while_balloons_will_do():
    memory, (one, other) = soft_only()
    memory.tenants[other].guest.balloon = "none"
    live(memory, {one: 100, other: 100}, 600)
    assert place(memory, one, BALLOONED) > 0
    assert place(memory, one, SWAPPED) == place(memory, other, BALLOONED) == 0
    assert place(memory, other, SWAPPED) > 0


def test_who_refuses_keeps_its_memory_until_paging_is_forced():
    memory, (one, other) = soft_only()
    memory.tenants[other].guest.balloon = "refuses"
    live(memory, {one: 100, other: 100}, 480)
    assert memory.rung.name == "soft"
    assert place(memory, other, SWAPPED) == place(memory, other, BALLOONED) == 0
    memory = host("esx")
    one, other = add(memory, 700), add(memory, 700, balloon="refuses")
    live(memory, {one: 100, other: 100}, 300)
    assert place(memory, other, SWAPPED) > 0


def test_sharing_comes_before_swapping():
    """Guests whose memory is zeros: in the very second in which frames run out copies are found, and hardly paged."""
    zeros = Mix(kernel=10, image=0, cache=0, zero=900)
    memory = host("esx", disk=PAGE * 20)
    slots = [add(memory, 900, mix=zeros, balloon="none") for _ in range(3)]
    live(memory, dict.fromkeys(slots, 20), 5)
    shared = sum(int(memory.machine.shared[slot]) for slot in slots)
    assert sum(memory.allocated(slot) for slot in slots) > 2500  # far more pages than there are frames
    assert shared > 1500
    assert sum(place(memory, slot, SWAPPED) for slot in slots) < shared / 10


def test_compressing_comes_before_swapping_and_needs_no_disk():
    memory = host("esxi", disk=PAGE * 2, compression_permille=500)
    slots = [add(memory, 900, balloon="none") for _ in range(2)]
    live(memory, dict.fromkeys(slots, 900), 5)
    packed = sum(place(memory, slot, PACKED) for slot in slots)
    assert packed > 50
    assert sum(place(memory, slot, SWAPPED) for slot in slots) <= 5 * 2


def test_the_disk_bounds_what_is_swapped_in_a_second():
    memory = host("kvm", disk=PAGE * 30)
    slots = [add(memory, 900) for _ in range(2)]
    before = 0
    for _ in range(10):
        memory.step(dict.fromkeys(slots, 900))
        faults = sum(t.faults.swap_in for t in memory.tenants.values())
        after = sum(place(memory, slot, SWAPPED) for slot in slots)
        assert abs(after - before) <= 30
        before = after
    assert faults <= 10 * 30


def test_a_limit_is_kept_by_balloon_then_swap_then_death():
    memory = host("esx")
    willing, silent = add(memory, 400, limit=200), add(memory, 400, limit=200, balloon="none")
    live(memory, {willing: 400, silent: 400}, 60)
    for slot in (willing, silent):
        assert memory.allocated(slot) <= 210
    assert place(memory, willing, BALLOONED) > 150
    assert place(memory, silent, BALLOONED) == 0
    dry = host("kvm", host_swap=False)
    slot = add(dry, 400, limit=200)
    live(dry, {slot: 400}, 3)
    assert slot in dry.killed
    assert dry.machine.free == FRAMES - VMM


def test_a_host_without_swap_kills_the_largest():
    memory = host("kvm", host_swap=False)
    small, large = add(memory, 500), add(memory, 800)
    live(memory, {small: 500, large: 800}, 5)
    assert set(memory.killed) == {large}
    live(memory, {small: 500, large: 800}, 5)  # a dead VM does nothing
    memory.remove(large)
    assert add(memory, 10) == large


def test_blocked_vms_do_not_run_and_hand_nothing_down():
    memory = host("esx", disk=2 * PAGE)
    slots = [add(memory, 900, balloon="none", stream=f"V{i}") for i in range(2)]
    live(memory, dict.fromkeys(slots, 900), 30)
    assert memory.rung.name == "low"
    assert memory.blocked
    blocked = min(memory.blocked)
    seconds, touched = memory.tenants[blocked].faults.blocked, memory.tenants[blocked].faults.touched
    memory.step(dict.fromkeys(slots, 900))
    assert memory.tenants[blocked].faults.blocked == seconds + 1
    assert memory.tenants[blocked].faults.touched == touched
    for slot in sorted(memory.blocked):
        memory.remove(slot)
        assert slot not in memory.blocked


# ------------------------------------------------------------------------------------------------------ what is noticed
def test_a_page_that_comes_back_is_counted_once():
    """Access bits count pages of a period, however often they were paged meanwhile."""
    memory = host("neutral", disk=PAGE * 500)
    slots = [add(memory, 800, balloon="none") for _ in range(2)]
    for _ in range(90):
        memory.step(dict.fromkeys(slots, 800))
        for slot in slots:
            table = memory.machine.tables[slot]
            touched = int((table.accessed == memory.machine.period).sum())
            assert memory.tenants[slot].seen == touched <= 800


def test_states_go_down_at_once_and_up_with_hysteresis():
    memory = host("esx", scan_pages_per_s=0)
    slot = add(memory, 925, fill_per_s=10, balloon="none", minimum=925)
    live(memory, {slot: 20}, 100)
    names = [memory.profile.ladder.rungs[state].name for _, state, _ in memory.events]
    assert names == ["high", "soft"]
    second, _, free = memory.events[1]
    assert free < 40 <= free + 10  # 4 % of 1000 frames
    assert second > 80
    # 6 % are the threshold of the rung above, and it has to be exceeded by a tenth of that
    for more, name in ((66 - memory.machine.free, "soft"), (1, "high")):
        memory.machine.release(slot, np.arange(800)[memory.machine.tables[slot].where[:800] == MAPPED][-more:])
        memory.step({slot: 20})
        assert memory.rung.name == name


def test_a_second_changes_only_what_it_touches():
    memory = host("esx", scan_pages_per_s=0)
    slot = add(memory, 500)
    live(memory, {slot: 100}, 30)
    clock = memory.machine.clock
    memory.step({slot: 5})
    noted = np.flatnonzero(memory.machine.changed_at > clock)
    assert set(noted) <= set((memory.machine.tables[slot].entry[:500] // 4096).tolist())


@pytest.mark.parametrize("profile", MEMORY)
def test_the_same_life_gives_the_same_digest(profile):
    def life(seed):
        memory = host(profile)
        memory.seed = seed
        slots = [add(memory, 600, mix=Mix()), add(memory, 700, balloon="none", zeroes_memory=True)]
        for second in range(60):
            memory.step({slots[0]: 10 * second, slots[1]: 700 - 10 * second})
        return memory.digest()

    assert life(1) == life(1)
    if profile in ("esx", "kvm"):
        assert life(1) != life(2)


def test_the_digest_tells_what_will_differ():
    memory, same = host("esx"), host("esx")
    assert memory.digest() == same.digest()
    memory.tune(memory.profile.with_changes(idle_tax_permille=10))
    assert memory.digest() != same.digest()
    memory, same = host("esx"), host("esx")
    for one in (memory, same):
        add(one, 100)
    memory.sharing.scan(10, "between")  # the next scan begins elsewhere
    assert memory.digest() != same.digest()


def test_a_host_keeps_its_profile():
    with pytest.raises(VmwidgetsError, match="a host keeps its memory profile esx"):
        host("esx").tune(MEMORY["kvm"])


# ---------------------------------------------------------------------------------------------------- ticks and columns
def test_ticks_report_the_faults_of_each_tick():
    memory = host("neutral")
    slots = [add(memory, 700), add(memory, 700)]
    ticks = run(memory, slots, np.array([[700, 700, 700, 20], [700, 700, 700, 20]]), 15)
    assert ticks.values.shape == (len(METRICS), 2, 4)
    assert (ticks.reads[:, 2] > 0.01).all()  # more is active than there is
    assert (ticks.reads[:, 3] < ticks.reads[:, 2]).all()
    column = dict(zip(METRICS, ticks.values[:, :, -1], strict=True))
    assert column["memory_active_bytes"].tolist() == [20 * PAGE] * 2
    used = column["memory_used_bytes"].sum() + memory.machine.free * PAGE
    assert used == (FRAMES - VMM) * PAGE
    part = ticks.part(1, 3)
    assert part.values.shape[2] == part.reads.shape[1] == 2


def test_shared_frames_are_charged_to_those_who_share_them():
    memory = host(replace(MEMORY["esx"], scan_vm_pages_per_s=0), scan_pages_per_s=5000)
    image = Mix(kernel=10, image=900, cache=0)
    slots = [add(memory, 300, mix=image) for _ in range(2)]
    live(memory, dict.fromkeys(slots, 20), 20)
    columns = dict(zip(METRICS, now(memory, slots).values[:, :, 0] // PAGE, strict=True))
    assert columns["memory_mapped_bytes"].tolist() == [300, 300]
    assert (columns["memory_shared_bytes"] >= 270).all()
    assert columns["memory_used_bytes"].sum() + memory.machine.free == FRAMES - VMM
    assert abs(int(columns["memory_used_bytes"][0]) - int(columns["memory_used_bytes"][1])) <= 1
