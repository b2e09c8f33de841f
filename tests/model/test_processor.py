"""What the processor settles for a guest: modes, interrupts and exceptions, control registers, time; and what exits."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest_programs import system_programs
from vmwidgets.model.cpu import CPU, Action
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.exits import EXIT_REASONS, TRAP_REASONS, Exit
from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES, GuestMemory, Trap
from vmwidgets.model.processor import WITH_ASSISTANCE

HANDLER = "\nhlt\nfault: hlt"


def guest(text, mode="kernel", **settings):
    settings.setdefault("settles", WITH_ASSISTANCE)
    cpu = CPU(text, **settings)
    cpu.write("rsp", 0x7000)
    cpu.mode = mode
    return cpu


def run(text, mode="kernel", **settings):
    cpu = guest(text, mode, **settings)
    cpu.run(1000)
    return cpu


def reasons(cpu):
    return [exit.reason for exit in cpu.counts().log]


PRIVILEGED = ("hlt", "cli", "sti", "in al, dx", "out 0x80, al", "mov cr3, rax", "rdmsr", "wrmsr", "invlpg [rax]")


@pytest.mark.parametrize("text", PRIVILEGED)
def test_what_is_privileged_is_an_exception_in_user_mode(text):
    cpu = guest(f"{text}\nnop\nfault: pop rax", "user")
    cpu.run(1)
    assert (cpu.mode, cpu.line, cpu.executed, reasons(cpu)) == ("kernel", 3, 0, [])
    cpu.run(1)
    assert cpu.registers["rax"] == 0  # the error code
    frame = [cpu.memory.load(cpu.registers["rsp"] + at, 8) for at in range(0, 40, 8)]
    assert frame == [0x8000, 0x33, 0x202, 0x7000, 0x2B]


@pytest.mark.parametrize("text", ["smsw eax", "sgdt [rbx]", "pushf", "rdtsc", "popf", "clflush [rax]", "nop"])
def test_what_is_not_privileged_runs_in_user_mode_and_no_vmm_hears_of_it(text):
    cpu = run(text, "user")
    assert (cpu.finished, cpu.executed, cpu.mode, reasons(cpu)) == (True, 1, "user", [])


def test_user_code_meets_the_machine_below():
    cpu = run(
        "smsw eax\nsmsw bx\nsmsw [0x100]\nsgdt [0x200]\nmovzx ecx, word [0x200]\nmov rdx, [0x202]",
        "user",
        settles={"sgdt"},
    )
    registers = cpu.registers
    assert (registers["rax"], registers["rbx"], cpu.memory.load(0x100, 4)) == (0x80050033, 0x33, 0x33)
    assert (registers["rdx"], registers["rcx"]) == cpu.gdtr


@pytest.mark.parametrize(("mode", "left"), [("kernel", 0), ("user", 1)])
def test_popf_leaves_the_interrupt_flag_to_the_kernel_and_says_nothing(mode, left):
    cpu = run("push 0xd5\npopf\npushf\npop rax", mode)
    assert cpu.registers["rax"] == 0xD7 | left << 9
    assert cpu.rflags == cpu.registers["rax"]
    assert cpu.flags == {"ZF": True, "SF": True, "CF": True, "OF": False, "PF": True, "AF": True}


def test_the_interrupt_flag():
    assert run("cli\npushf\npop rax").registers["rax"] & 0x200 == 0
    assert run("cli\nsti\npushf\npop rax").registers["rax"] & 0x200
    deprivileged = guest("cli\nhlt", settles=())
    deprivileged.run(1)
    assert deprivileged.interrupts  # the VMM has to carry it out
    deprivileged.interrupts = False
    assert deprivileged.rflags & 0x200 == 0
    assert [run(text).interrupts for text in ("nop", "cli", "cli\nsti")] == [True, False, True]


def test_control_registers():
    cpu = run("mov eax, 0x5000\nmov cr3, rax\nmov rbx, cr3\nmov rcx, cr2\nmov cr0, rax\nmov rdx, cr4")
    assert cpu.registers["rbx"] == 0x5000
    assert [(exit.reason, exit["number"], exit["write"]) for exit in cpu.counts().log] == [
        ("control_register", 0, 1),
        ("control_register", 4, 0),
    ]


class Watched(GuestMemory):
    """Memory that notes what it is told about translations and caches."""

    def __init__(self):
        super().__init__(bytearray(16 * PAGE_BYTES), {page: page for page in range(16)})
        self.told = []

    def invalidate(self, address):
        self.told.append(("invalidate", address))

    def switch(self, root):
        self.told.append(("switch", root))

    def flush(self, address):
        self.told.append(("flush", address))


def test_memory_hears_of_translations_and_caches():
    memory = Watched()
    run("mov eax, 64\ninvlpg [rax + 1]\nmov cr3, rax\nclflush [rax*2]", memory=memory)
    assert memory.told == [("invalidate", 65), ("switch", 64), ("flush", 128)]


def test_a_vmm_may_keep_what_the_processor_could_settle():
    memory = Watched()
    cpu = run(
        "invlpg [0x1000]\nmov cr3, rax\ncli", memory=memory, settles=WITH_ASSISTANCE - {"invlpg", "control_register"}
    )
    assert reasons(cpu) == ["invlpg", "control_register"]
    assert (cpu.counts().log[0]["address"], memory.told) == (0x1000, [])


def test_the_time_stamp_counter():
    cpu = run("nop\nrdtsc\nmov rbx, rax\nnop\nrdtsc\nsub rax, rbx")
    assert cpu.registers["rax"] == 3
    late = run("rdtsc", clock=lambda: 0x1234567890)
    assert (late.registers["rax"], late.registers["rdx"]) == (0x34567890, 0x12)


def test_what_always_exits_says_what_the_guest_wants():
    text = "mov eax, 0x40000000\nmov ecx, 1\ncpuid\nmov ecx, 0x10\nrdmsr\nmov edx, 2\nmov eax, 3\nwrmsr\nint 0x80"
    cpu = run(text, settles=())
    assert [(exit.reason, dict(exit.detail)) for exit in cpu.counts().log] == [
        ("cpuid", {"leaf": 0x40000000, "subleaf": 1}),
        ("rdmsr", {"number": 0x10}),
        ("wrmsr", {"number": 0x10, "value": 2 << 32 | 3}),
        ("software_interrupt", {"vector": 0x80}),
    ]
    assert (cpu.finished, cpu.counts().direct) == (True, 5)


def test_an_interrupt_and_its_return():
    text = "mov ebx, 1\nint 0x80\nadd ebx, 16\njmp end\nvector_128: add ebx, 2\nadd qword [rsp], 0\niretq\nend:"
    cpu = guest(text, "user")
    cpu.kernel_stack = 0x6000
    cpu.run(3)
    assert (cpu.mode, cpu.registers["rsp"], cpu.rflags & 0x200) == ("kernel", 0x6000 - 40, 0)
    cpu.run(100)
    assert (cpu.registers["rbx"], cpu.mode, cpu.registers["rsp"], cpu.rflags & 0x200) == (19, "user", 0x7000, 0x200)
    assert (cpu.finished, cpu.executed) == (True, 7)
    assert cpu.delivered == (Exit("software_interrupt", 1, 2, (("vector", 128),)),)


def test_user_code_does_not_return_into_the_kernel():
    frame = "push 0x18\npush 0x7000\npush 2\npush 0x10\nlea rax, [end]\npush rax\niretq\nend: hlt\nfault: pop rax"
    assert run(frame, "user").registers["rax"] == 0x10
    kernel = run(frame)
    assert (kernel.mode, reasons(kernel)) == ("kernel", ["hlt"])


class Missing(GuestMemory):
    """Memory of which the page tables of the guest do not map page 5."""

    def __init__(self):
        super().__init__(bytearray(16 * PAGE_BYTES), {page: page for page in range(16)})

    def load(self, address, size, write=False):
        self.check(address, size, write)
        return super().load(address, size, write)

    def store(self, address, value, size):
        self.check(address, size, True)
        super().store(address, value, size)

    def check(self, address, size, write):
        if address >> 12 == 5:
            raise Trap("page_fault", address=address, bytes=size, write=int(write))


class ReadOnly(Missing):
    """Memory of which page 5 can only be read."""

    def check(self, address, size, write):
        if write:
            super().check(address, size, write)


def test_a_fault_leaves_no_trace_of_the_instruction():
    for text, memory in (("pop qword [0x5000]", Missing()), ("add qword [0x5000], 1", ReadOnly())):
        cpu = guest(f"cmp rax, 1\n{text}", memory=memory, settles=())
        cpu.run(1)
        before = cpu.registers, cpu.flags
        assert cpu.run(1) is Action.STOP
        assert (cpu.registers, cpu.flags, cpu.counts().log[-1]["write"]) == (*before, 1)
    cpu = guest("sgdt [0x4ffe]", memory=Missing())
    cpu.run(1)
    assert GuestMemory.load(cpu.memory, 0x4FFE, 2) == 0


def test_a_stack_frame_is_aligned():
    cpu = guest("int 3\nvector_3: nop")
    cpu.write("rsp", 0x7005)
    cpu.run(1)
    assert (cpu.registers["rsp"], cpu.memory.load(0x6FD8 + 24, 8)) == (0x6FD8, 0x7005)


def test_flags_that_the_subset_has_no_use_for():
    cpu = run("push 0x247500\npopf\npushf\npop rax")
    assert cpu.registers["rax"] == 0x244402  # direction, nested task, alignment check, identification; no TF, no IOPL


def test_a_page_fault_tells_address_and_access():
    text = "mov [0x5008], rax\nhlt\nvector_14: pop rbx\nmov rcx, cr2\npop rdx\nhlt\nfault: hlt"
    cpu = guest(text, "user", memory=Missing())
    cpu.run(100)
    registers = cpu.registers
    assert (registers["rbx"], registers["rcx"], registers["rdx"]) == (2 | 4, 0x5008, 0x8000)


@pytest.mark.parametrize(
    ("text", "vector"),
    [
        ("mov rax, [0x5000]", 14),
        ("jmp rax", 6),
        ("push 1\nret", 6),
        ("call there\nthere: dq 5", 6),
        ("int 3", 3),
        ("mov rsp, 0x5010\njmp rax\nfault: nop", 6),  # no room for the handler's stack frame
    ],
)
def test_an_exception_that_nothing_handles_ends_the_guest(text, vector):
    cpu = guest(text, memory=Missing())
    assert cpu.run(100) is Action.STOP
    assert (reasons(cpu), cpu.counts().log[-1]["vector"]) == (["triple_fault"], vector)


def test_a_missing_frame_below_the_stack_is_the_vmms_affair_and_the_exception_comes_after():
    def vmm(cpu, exit):
        assert (exit.reason, exit["address"], cpu.mode) == ("ept_violation", 0x6FD8, "user")
        cpu.memory.map(6, 6)
        return Action.RESUME

    memory = GuestMemory(bytearray(16 * PAGE_BYTES), {0: 0})
    cpu = guest("jmp rax\nfault: mov ebx, 5", "user", memory=memory, handler=vmm)
    cpu.run(3)
    assert cpu.registers["rbx"] == 5


def test_a_vmm_gives_the_guest_an_exception_in_place_of_an_instruction():
    def vmm(cpu, exit):
        return Action.RESUME if cpu.inject(13, 0, again=True) else Action.STOP

    cpu = run("mov eax, 5\nrdmsr\nhlt\nfault: pop rax\npop rbx", handler=vmm)
    assert (cpu.registers["rbx"], cpu.counts().exits["rdmsr"]) == (0x8010, 1)
    with pytest.raises(VmwidgetsError, match="vector is 256"):
        cpu.inject(256)


def test_data_goes_into_memory_and_needs_some():
    cpu = guest("mov al, [text + 1]\njmp end\ntext: db 'abc'\nend:")
    cpu.run(10)
    assert cpu.registers["rax"] == ord("b")
    with pytest.raises(VmwidgetsError, match="data begins at 0x8000, where the guest has no memory for it"):
        CPU("dq 1", memory=PAGE_BYTES)


def test_memory_knows_whose_access_it_is():
    cpu = guest("nop\nhlt\nfault: nop", "user")
    assert cpu.memory.user
    cpu.run(2)
    assert (cpu.mode, cpu.memory.user, cpu.line) == ("kernel", False, 3)


def test_a_debugger_moves_the_instruction_pointer():
    cpu = guest("nop\nmov eax, 5")
    cpu.address = 0x8010
    cpu.run(1)
    assert (cpu.registers["rax"], cpu.address) == (5, 0x8020)
    with pytest.raises(VmwidgetsError, match="no instruction begins at 32769"):
        cpu.address = 0x8001


def test_modes_have_names():
    with pytest.raises(VmwidgetsError, match="mode is 'root', expected kernel or user"):
        guest("nop", "root")


@given(
    system_programs(),
    st.sampled_from(("kernel", "user")),
    st.sets(st.sampled_from(sorted(WITH_ASSISTANCE))),
    st.integers(0, 300),
)
@settings(deadline=None)
def test_no_program_leaves_its_memory_or_its_budget(text, mode, settles, budget):
    machine = bytearray(b"\xaa" * PAGE_BYTES + bytes(16 * PAGE_BYTES) + b"\xaa" * PAGE_BYTES)

    def vmm(cpu, exit):  # a careless VMM, which never stops a guest
        return Action.RESUME

    cpu = CPU(text, GuestMemory(machine, {page: page + 1 for page in range(16)}), vmm, settles=settles)
    cpu.mode = mode
    cpu.run(budget)
    assert machine[:PAGE_BYTES] == machine[17 * PAGE_BYTES :] == b"\xaa" * PAGE_BYTES
    assert cpu.finished or cpu.attempts == budget
    assert 0 <= cpu.counts().direct <= cpu.executed <= cpu.attempts
    assert all(0 <= value <= MASK64 for value in cpu.registers.values())
    assert set(reasons(cpu)) <= {*EXIT_REASONS, *TRAP_REASONS}
    if mode == "user" and not settles:
        assert not {"hlt", "interrupt_flag", "control_register", "rdmsr", "wrmsr", "invlpg"} & set(reasons(cpu))
