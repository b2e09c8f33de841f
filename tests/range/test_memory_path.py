"""The way of an access: the guest's own tables, the map below, the frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.model.guest_memory import PAGE_BYTES, Trap
from vmwidgets.model.page_tables import PAGE_SIZE, PRESENT, WRITABLE
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.clock import CYCLES_PER_S
from vmwidgets.model.range.guest import DIRECTORY, LARGE_BYTES, PAGES, ROOT, TABLE, WINDOW
from vmwidgets.model.range.machine import FRAMES
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

WITH_TABLES = ["kvm", "esx"]  # nested paging, and shadow tables


@pytest.mark.parametrize("stack", STACKS)
def test_own_pages_are_read_and_written_in_own_frames(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=2)
    for page in range(ROOT):
        scenario.path.store(page * PAGE_BYTES + 8, page + 1, 8)
    for page in range(ROOT):
        assert scenario.path.load(page * PAGE_BYTES + 8, 8) == page + 1
        assert scenario.machine.word(scenario.attacker.map[page] * PAGE_BYTES + 8) == page + 1
    assert scenario.machine.read == scenario.machine.written == {}


@pytest.mark.parametrize("stack", STACKS)
def test_an_access_across_two_pages_is_split_and_is_whole_or_nothing(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=2)
    scenario.path.store(PAGE_BYTES - 4, 0x1122334455667788, 8)
    assert scenario.path.load(PAGE_BYTES - 4, 8) == 0x1122334455667788
    assert scenario.path.load(PAGE_BYTES, 4) == 0x11223344
    edge = PAGES * PAGE_BYTES - 4
    before = bytes(scenario.machine.memory)
    with pytest.raises(Trap):
        scenario.path.store(edge, 2**64 - 1, 8)
    assert scenario.machine.memory == before


@pytest.mark.parametrize("stack", WITH_TABLES)
def test_its_tables_are_its_own(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=2)
    entry = DIRECTORY * PAGE_BYTES + 8 * WINDOW
    scenario.path.store(entry, TABLE * PAGE_BYTES | PRESENT | WRITABLE, 8)
    scenario.path.store(5 * PAGE_BYTES, 77, 8)
    assert scenario.path.load(WINDOW * LARGE_BYTES + 5 * PAGE_BYTES, 8) == 77


def test_paravirtual_tables_are_read_only():
    scenario = Scenario(STACKS["xen"], Placement(), seed=2)
    entry = DIRECTORY * PAGE_BYTES + 8 * WINDOW
    assert scenario.path.load(entry, 8) == 0
    with pytest.raises(Trap, match="page_fault"):
        scenario.path.store(entry, 1, 8)


@pytest.mark.parametrize("stack", WITH_TABLES)
@pytest.mark.parametrize(
    ("entry", "write"),
    [
        (0, False),  # not present
        (PRESENT, True),  # not writable
        (PRESENT | PAGE_SIZE | PAGE_BYTES, False),  # a large page that begins where none can: reserved bits
    ],
)
def test_faults_of_the_guests_own_tables(stack, entry, write):
    scenario = Scenario(STACKS[stack], Placement(), seed=2)
    scenario.path.store(DIRECTORY * PAGE_BYTES + 8 * WINDOW, entry, 8)
    with pytest.raises(Trap, match="page_fault"):
        scenario.path.load(WINDOW * LARGE_BYTES, 8, write)


@pytest.mark.parametrize("stack", ["kvm", "esx", "xen"])
def test_an_address_that_is_not_canonical(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=2)
    with pytest.raises(Trap, match="general_protection"):
        scenario.path.load(1 << 47, 8)
    with pytest.raises(Trap, match="page_fault"):
        scenario.path.load((1 << 64) - PAGE_BYTES, 8)


@pytest.mark.parametrize(
    ("stack", "check", "reason"),
    [
        ("kvm", "second_stage_tables", "ept_violation"),
        ("esx", "shadow_tables", "page_fault"),
        ("container", "process_tables", "page_fault"),
    ],
)
def test_beyond_the_map_an_address_is_refused_or_taken_as_it_is(stack, check, reason):
    closed = Scenario(STACKS[stack], Placement(), seed=2)
    beyond = closed.secret_frame * PAGE_BYTES
    with pytest.raises(Trap, match=reason):
        closed.path.load(beyond + 8, 8)
    assert closed.trace.last["refuses"].check == check
    opened = Scenario(STACKS[stack], Placement(), {check: False}, seed=2)
    assert opened.path.load(beyond + 8, 8) == opened.secret
    assert opened.machine.read == {"guest 0": {"guest 1"}}
    assert opened.trace.last["open"].owner == "guest 1"
    with pytest.raises(Trap):  # the machine itself has an end
        opened.path.load(FRAMES * PAGE_BYTES, 8)


def test_a_translation_is_kept_until_it_is_invalidated():
    scenario = Scenario(STACKS["kvm"], Placement(), seed=2)
    scenario.path.store(0, 1, 8)
    scenario.path.store(PAGE_BYTES, 2, 8)
    scenario.path.store(TABLE * PAGE_BYTES, PAGE_BYTES | PRESENT | WRITABLE, 8)  # page 0 leads to page 1 now
    scenario.path.invalidate(0)
    assert scenario.path.load(0, 8) == 2


def test_other_tables_from_now_on():
    scenario = Scenario(STACKS["kvm"], Placement(), seed=2)
    scenario.path.switch(5 * PAGE_BYTES)  # an empty table
    with pytest.raises(Trap, match="page_fault"):
        scenario.path.load(0, 8)
    scenario.path.switch(ROOT * PAGE_BYTES)
    assert scenario.path.load(0, 8) == 0


@pytest.mark.parametrize("stack", WITH_TABLES)
def test_user_code_has_the_pages_that_the_kernel_gives_it(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=2)
    path = scenario.path
    path.store(TABLE * PAGE_BYTES + 8 * 3, 3 * PAGE_BYTES | PRESENT | WRITABLE, 8)
    path.store(3 * PAGE_BYTES, 5, 8)
    path.user = True  # what the kernel has looked up is nothing to user code
    with pytest.raises(Trap, match="page_fault") as trap:
        path.load(3 * PAGE_BYTES, 8)
    assert dict(trap.value.detail)["code"] == 0b101
    assert path.load(2 * PAGE_BYTES, 8) == 0
    path.user = False
    assert path.load(3 * PAGE_BYTES, 8) == 5


@pytest.mark.parametrize("stack", WITH_TABLES)
def test_what_a_page_fault_tells_the_guest(stack):
    scenario = Scenario(STACKS[stack], Placement(), seed=2)
    entry = DIRECTORY * PAGE_BYTES + 8 * WINDOW
    for value, write, code in (
        (0, False, 0b0),
        (0, True, 0b10),
        (PRESENT, True, 0b11),
        (PRESENT | PAGE_SIZE | PAGE_BYTES, False, 0b1001),
    ):
        scenario.path.store(entry, value, 8)
        with pytest.raises(Trap) as trap:
            scenario.path.load(WINDOW * LARGE_BYTES + 8, 8, write)
        assert dict(trap.value.detail)["code"] == code
        assert dict(trap.value.detail)["address"] == WINDOW * LARGE_BYTES + 8


def test_a_store_across_two_shared_pages_separates_both():
    """The second page takes a frame of its own when the first has been translated already."""
    scenario = Scenario(STACKS["kvm"], Placement(timed=True), {"salting": False}, seed=2)
    for page in (3, 4):
        scenario.machine.put(scenario.attacker.map[page] * PAGE_BYTES, 0x77)
        scenario.machine.put(scenario.victim.map[page] * PAGE_BYTES, 0x77)
    scenario.sharing.scan_until(60 * CYCLES_PER_S)
    frame = scenario.victim.map[3]
    assert {scenario.attacker.map[3], scenario.attacker.map[4]} == {frame}
    scenario.path.store(4 * PAGE_BYTES - 4, 0x1122334455667788, 8)
    assert scenario.path.load(4 * PAGE_BYTES - 4, 8) == 0x1122334455667788
    assert scenario.machine.word(frame * PAGE_BYTES) == 0x77
    assert scenario.machine.memory[(frame + 1) * PAGE_BYTES - 4 : (frame + 1) * PAGE_BYTES] == bytes(4)
    assert frame not in (scenario.attacker.map[3], scenario.attacker.map[4])


@pytest.mark.parametrize("stack", STACKS)
def test_it_knows_whose_a_frame_is_while_the_translation_is_kept(stack):
    scenario = Scenario(STACKS[stack], Placement(maps_twice=True), {"frame_owners": False}, seed=2)
    path, frames, owners = scenario.path, scenario.attacker.map, scenario.machine.owners
    assert path.known_owner(PAGE_BYTES) == ""
    for page in range(ROOT):
        path.load(page * PAGE_BYTES, 8)
    assert {path.known_owner(page * PAGE_BYTES) for page in range(ROOT)} == {"guest 0", "guest 1"}
    for page in range(ROOT):
        assert path.known_owner(page * PAGE_BYTES + 4095) == owners[frames[page]]
    path.forget()
    assert path.known_owner(PAGE_BYTES) == ""


def test_what_was_used_is_asked_once():
    scenario = Scenario(STACKS["kvm"], Placement(), seed=2)
    path, frames = scenario.path, scenario.attacker.map
    path.load(0, 8)
    path.store(3 * PAGE_BYTES, 1, 8)
    assert path.used_frames() == sorted((frames[0], frames[3]))
    assert path.used_frames() == []


@given(
    page=st.integers(0, PAGES - 1),
    offset=st.integers(0, PAGE_BYTES - 1),
    size=st.sampled_from([1, 2, 4, 8]),
    value=st.integers(0, 2**64 - 1),
)
def test_what_is_kept_gives_what_a_walk_gives(page, offset, size, value):
    """The first access of a page walks, the second does not."""
    scenario = Scenario(STACKS["kvm"], Placement(), seed=2)
    path, address, value = scenario.path, page * PAGE_BYTES + offset, value % 256**size
    if address + size > PAGES * PAGE_BYTES or page + 1 >= ROOT:
        return
    path.store(address, value, size)
    assert path.load(address, size) == value
    path.store(address, value ^ 1, size)
    assert path.load(address, size) == value ^ 1
    path.forget()
    assert path.load(address, size) == value ^ 1


def test_accesses_that_take_longer_are_counted():
    """By whoever runs code of others and wants to know what that costs."""
    path = Scenario(STACKS["kvm"], Placement(), seed=2).path
    path.load(8, 8)
    found = path.slow
    path.load(16, 8)
    assert path.slow == found > 0
    path.load(PAGE_BYTES - 4, 8)
    kept = path.slow
    path.load(PAGE_BYTES - 4, 8)
    assert path.slow == kept + 1
