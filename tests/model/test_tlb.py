"""Memory behind a TLB: the same as a walk for each access, until a translation changes and nobody says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest_tables import World
from vmwidgets.model.cpu import CPU
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_memory import Trap
from vmwidgets.model.processor import WITH_ASSISTANCE
from vmwidgets.model.tlb import PagedMemory
from vmwidgets.model.translation_caches import Caches, NestedTlb, Tlb

PAGES = 6
BASE = 0x40000000


def memory_of(world, **settings):
    return PagedMemory(
        world.walker, lambda number: world.machine.frames.setdefault(number, bytearray(4096)), **settings
    )


def guest(levels=4, host_levels=4, pages=PAGES, **settings):
    world = World(levels, host_levels)
    for page in range(pages):
        world.map(BASE + 4096 * page)
    return world, memory_of(world, **settings)


def test_a_hit_needs_no_walk():
    _, memory = guest()
    memory.store(BASE + 8, 77, 8)
    assert (memory.load(BASE + 8, 8), memory.load(BASE + 9, 4), memory.load(BASE + 10, 1)) == (77, 0, 0)
    assert (memory.misses, memory.hits, memory.walk_cycles) == (1, 3, 24 * 100)


def test_a_first_write_walks_again_as_it_sets_the_dirty_flag():
    world, _ = guest()
    walks = []
    memory = memory_of(world, on_walk=walks.append)
    memory.load(BASE, 8)
    memory.store(BASE, 1, 8)
    memory.load(BASE, 8, True)
    assert [walk.write for walk in walks] == [False, True]
    assert memory.hits == 1


def test_the_oldest_page_is_evicted():
    _, memory = guest(entries=2)
    for page in (0, 1, 0, 2, 1, 0):
        memory.load(BASE + 4096 * page, 1)
    assert (memory.misses, memory.hits) == (4, 2)
    assert memory.known == (BASE + 8192, BASE)


def test_a_translation_is_used_until_somebody_says_so():
    world, memory = guest()
    memory.store(BASE, 5, 8)
    world.tables.unmap(BASE)
    assert memory.load(BASE, 8) == 5
    memory.invalidate(BASE + 77)
    with pytest.raises(Trap, match="page_fault"):
        memory.load(BASE, 8)
    assert memory.flushes == 1


def test_a_new_root_and_the_vmm_forget_all():
    world, memory = guest()
    memory.load(BASE, 8)
    memory.switch(world.tables.root | 8)
    assert (memory.known, memory.flushes, world.walker.root) == ((), 1, world.tables.root)
    memory.load(BASE, 8)
    memory.forget()
    assert (memory.known, memory.flushes, memory.misses) == ((), 2, 2)


def test_the_walkers_own_caches_hear_of_it():
    world = World(4, 4, caches=Caches(tlb=Tlb(), nested_tlb=NestedTlb()))
    world.map(BASE)
    walks = []
    memory = memory_of(world, entries=1, on_walk=walks.append)
    for forget in (lambda: memory.invalidate(BASE), lambda: memory.switch(world.walker.root), memory.forget):
        memory.load(BASE, 8)
        forget()
    memory.load(BASE, 8)
    assert [walk.found_in for walk in walks] == ["tables"] * 4
    assert [walk.references for walk in walks] == [24, 8, 8, 24]  # only the VMM's command empties the nested TLB


def test_a_change_of_mode_is_no_right_to_write():
    _, memory = guest()
    memory.load(BASE, 8)
    memory.user = True
    memory.user = False
    memory.store(BASE, 1, 8)
    assert memory.misses == 2


def test_faults_say_what_the_hardware_says():
    world, memory = guest()
    with pytest.raises(Trap) as page_fault:
        memory.store(BASE - 4, 0, 4)
    assert dict(page_fault.value.detail) == {"address": BASE - 4, "bytes": 4, "write": 1, "code": 2}
    world.ept.unmap(0x1000)
    with pytest.raises(Trap) as violation:
        memory.load(BASE, 8)
    assert (violation.value.reason, dict(violation.value.detail)["address"]) == ("ept_violation", 0x1000)
    with pytest.raises(Trap, match="general_protection"):
        memory.load(1 << 62, 8)


def test_user_code_uses_what_user_code_may():
    world, memory = guest()
    world.map(BASE - 4096, user=False)
    memory.store(BASE - 4096, 5, 8)
    memory.store(BASE, 6, 8)
    memory.user = True
    with pytest.raises(Trap, match="page_fault"):
        memory.load(BASE - 4096, 8)
    assert memory.load(BASE, 8) == 6
    memory.user = False
    misses = memory.misses
    assert (memory.load(BASE - 4096, 8), memory.load(BASE, 8, True), memory.misses) == (5, 6, misses)


def test_a_write_across_a_border_is_whole_or_not_at_all():
    _, memory = guest(pages=2)
    memory.store(BASE + 4093, 0x1122334455667788, 8)
    assert memory.load(BASE + 4093, 8) == 0x1122334455667788
    with pytest.raises(Trap):
        memory.store(BASE + 8190, 0xFFFFFFFF, 4)
    assert memory.load(BASE + 8190, 2) == 0


@pytest.mark.parametrize("levels", [(4, 0), (4, 4), (0, 4)])
@given(
    st.lists(
        st.tuples(
            st.integers(0, PAGES * 4096 - 8), st.sampled_from((1, 2, 4, 8)), st.booleans(), st.integers(0, 2**64 - 1)
        ),
        max_size=40,
    ),
    st.integers(1, PAGES),
)
@settings(deadline=None, max_examples=30)
def test_what_is_read_is_what_was_written(levels, accesses, entries):
    _, memory = guest(*levels, entries=entries)
    plain = bytearray(PAGES * 4096)
    for at, size, write, value in accesses:
        if write:
            value &= (1 << 8 * size) - 1
            memory.store(BASE + at, value, size)
            plain[at : at + size] = value.to_bytes(size, "little")
        else:
            assert memory.load(BASE + at, size) == int.from_bytes(plain[at : at + size], "little")
    assert len(memory.known) <= entries


def test_the_tlb_is_the_cpus():
    world = World(4, 4)
    world.map(BASE)
    world.map(BASE + 4096)
    other = world.allocate()
    world.pages.back(other)
    table = world.tables.find(BASE)[0]
    world.tables.map(0x9000, table & ~4095)  # the guest can write its own table
    text = f"""
        mov rbx, {BASE + 4096}
        mov rdi, {0x9000 + (table & 4095) + 8}
        mov qword [rbx], 5
        mov rax, {other | 7}
        mov [rdi], rax          ; another page lies there from now on
        mov rcx, [rbx]          ; but the old one is still known
        invlpg [rbx]
        mov rdx, [rbx]
    """
    memory = memory_of(world)
    cpu = CPU(text, memory, settles=WITH_ASSISTANCE)
    cpu.run(100)
    assert (cpu.registers["rcx"], cpu.registers["rdx"], cpu.counts().total_exits) == (5, 0, 0)
    assert (memory.misses, memory.flushes) == (3, 1)


def test_a_tlb_has_entries():
    with pytest.raises(VmwidgetsError, match="entries is 0"):
        guest(entries=0)
