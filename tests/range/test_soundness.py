"""With all defences on, whatever a guest tries: nothing that is not its own is read or written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.range.test_machine import check_owners
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import VICTIMS, Attack, Placement
from vmwidgets.model.range.floppy import BUFFER_BYTES
from vmwidgets.model.range.machine import FREE
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

BUDGET = 3000
REGISTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9")
NAMES = sorted(Scenario(STACKS["kvm"], Placement()).manual())
PLACES = ("memory_bytes", "window", "window_entry", "window_entry_virtual", "lowest_table", "vm_memory_at")

registers = st.sampled_from(REGISTERS)
numbers = st.one_of(
    st.integers(0, 40),
    st.builds(lambda page, flags: page * PAGE_BYTES + flags, st.integers(0, 1100), st.sampled_from([0, 1, 7, 8, 0x87])),
    st.integers(0, 2**64 - 1),
    st.sampled_from([f"{{{name}}}" for name in NAMES]),
)
values = st.builds("mov {}, {}".format, registers, numbers)
arithmetic = st.builds(
    "{} {}, {}".format, st.sampled_from(["add", "sub", "and", "or", "xor", "cmp"]), registers, registers
)
flags = st.builds("or {}, {}".format, registers, st.sampled_from([1, 3, 7, 0x80, 0x87]))
loads = st.builds("mov {}, [{} + {}]".format, registers, registers, st.sampled_from([0, 8, 4088, 4092]))
stores = st.builds("mov [{} + {}], {}".format, registers, st.sampled_from([0, 8, 4088, 4092]), registers)
table_writes = st.builds(
    "mov rdi, {}\nadd rdi, {}\nmov rsi, {}\nor rsi, {}\nmov [rdi], rsi".format,
    st.sampled_from([f"{{{name}}}" for name in PLACES]),
    st.integers(0, 511).map(lambda index: 8 * index),
    numbers,
    st.sampled_from([1, 3, 7, 0x87]),
)
calls = st.builds(
    "mov rax, {{call_{}}}\nmov rdi, {}\nmov rsi, {}\nvmcall".format,
    st.sampled_from(["report", "yield", "balloon_release", "balloon_claim"]),
    st.one_of(st.integers(0, 40), numbers),
    numbers,
)
updates = st.builds(
    "mov rax, {{call_page_table_update}}\nmov rdi, {{{}}}\nadd rdi, {}\nmov rsi, {}\nor rsi, {}\nvmcall".format,
    st.sampled_from(["lowest_table", "window_entry"]),
    st.integers(-8, 511).map(lambda index: 8 * index),
    st.one_of(numbers, st.just("{lowest_table}"), st.just("{window_entry}")),
    st.sampled_from([1, 3, 7, 0x87]),
)
ports = st.builds(
    "mov rdx, {{port_{}}}\nadd rdx, {}\nmov rax, {}\n{}".format,
    st.sampled_from(["floppy", "dma"]),
    st.integers(0, 3),
    st.one_of(numbers, st.sampled_from([1, 2, 0x8E])),
    st.sampled_from(["out dx, al", "out dx, eax", "in eax, dx"]),
)
transfers = st.builds(
    "mov rdx, {{port_dma}}\nmov rax, {}\nout dx, eax\ninc rdx\nmov rax, {}\nout dx, al".format,
    numbers,
    st.sampled_from([1, 2]),
)
machine = st.sampled_from(["hlt", "pause", "mov cr3, rdi", "mov rbx, cr3", "cli", "sti"])
pieces = st.one_of(values, arithmetic, flags, loads, stores, table_writes, calls, updates, ports, transfers, machine)
jumps = st.builds("{} l{}".format, st.sampled_from(["jmp", "jz", "jnz", "jb"]), st.integers(0, 11))


@st.composite
def programs(draw):
    """A program of labelled pieces, with jumps among them, and a handler that goes on after a fault."""
    lines = [f"l{at}:\n{draw(st.one_of(pieces, pieces, pieces, jumps))}" for at in range(12)]
    return "\n".join([*lines, "jmp end", "fault:", draw(pieces), draw(jumps), "end:"])


def foreign(scenario, guest):
    """All bytes in frames that are neither the guest's nor free."""
    return {
        frame: bytes(scenario.machine.memory[frame * PAGE_BYTES : (frame + 1) * PAGE_BYTES])
        for frame, owner in enumerate(scenario.machine.owners)
        if owner not in (guest, FREE)
    }


def without_buffer(scenario, frames):
    """The same without the floppy's buffer, to which the guest may write through the device."""
    start = 16 * scenario.draws.number("floppy buffer", 0, 63)
    for space in scenario.spaces.values():
        frame = space.frames[0]
        content = frames[frame]
        frames[frame] = content[:start] + bytes(BUFFER_BYTES) + content[start + BUFFER_BYTES :]
    return frames


@pytest.mark.parametrize("stack", ["kvm", "esx", "xen", "container", "neutral"])
@given(
    program=programs(),
    placement=st.builds(Placement, st.sampled_from(VICTIMS), st.booleans(), st.booleans()),
    seed=st.integers(0, 2**63 - 1),
)
@settings(max_examples=60, deadline=None)
def test_no_program_reaches_what_is_not_its_own(stack, program, placement, seed):
    scenario = Scenario(STACKS[stack], placement, seed=seed)
    shot = Shot(Attack.from_text(program), scenario)
    before = without_buffer(scenario, foreign(scenario, "guest 0"))
    shot.cpu.run(BUDGET)
    verdict = shot.verdict()
    assert not verdict.succeeded
    assert not scenario.interrupts
    assert verdict.read == verdict.written == verdict.taken == verdict.crashed == ()
    assert without_buffer(scenario, foreign(scenario, "guest 0")) == before
    check_owners(scenario)
