"""The virtual CPU: what it computes, when it exits, and that nothing leads it out of its memory or its budget."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.guest_programs import CONDITIONS, STACK, straight_programs, wild_programs
from tests.needs import needs
from vmwidgets.model.assembly import assemble
from vmwidgets.model.cpu import CPU, EXIT_REASONS, MAX_LOG, Action, Exit, run
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_code import ORIGIN, Register
from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES, GuestMemory


def after(text, **settings):
    cpu = CPU(text, **settings)
    cpu.run(1000)
    return cpu


@pytest.mark.parametrize(
    ("text", "rax"),
    [
        ("mov rax, -1", MASK64),
        ("mov rax, -1\nmov eax, 5", 5),  # 32-bit writes clear the upper half
        ("mov rax, -1\nadd eax, 0", 0xFFFFFFFF),
        ("mov rax, -1\nshl eax, 0", 0xFFFFFFFF),
        ("mov rax, 1\nmov ecx, 65\nshl rax, cl", 2),  # the count is taken modulo 64
        ("mov rax, 1\nmov ecx, 33\nshl eax, cl", 2),  # and modulo 32
        ("mov rcx, 5\nlea rax, [rcx + rcx*4 - 1]", 24),
        ("mov qword [8], -2\nmov rax, [8]", MASK64 - 1),
        ("mov rbx, 0x1122334455667788\nmov [4], rbx\nmov eax, [5]", 0x44556677),
        ("mov rax, -1\nmov al, 1\nmov bx, 0x1234\nadd ax, bx", 0xFFFFFFFFFFFF1135),  # narrow ones leave the rest
        ("mov word [8], 0xfffe\nmovzx eax, byte [9]", 255),
        ("mov rsp, 64\npush 5\npush 7\npop rax\npop rbx\nshl rax, 4\nadd rax, rbx", 0x75),
        ("mov rsp, 64\ncall five\njmp end\nfive: mov eax, 5\nret\nend:", 5),
        ("mov rax, [table + 8]\njmp end\ntable: dq 1, 2\nend:", 2),
        ("mov rcx, end\nmov eax, 1\njmp rcx\nmov eax, 2\nend:", 1),
        ("mov ecx, 10\nagain: add rax, rcx\ndec rcx\njnz again", 55),
    ],
)
def test_what_is_computed(text, rax):
    assert after(text).registers["rax"] == rax


@pytest.mark.parametrize(
    ("text", "set_flags"),
    [
        ("mov rax, -1\nadd rax, 1", {"ZF", "CF", "PF", "AF"}),
        ("mov rax, 0x7fffffffffffffff\nadd rax, 1", {"SF", "OF", "PF", "AF"}),
        ("mov eax, 0x7fffffff\ninc eax", {"SF", "OF", "PF", "AF"}),
        ("cmp rax, 1", {"SF", "CF", "PF", "AF"}),
        ("cmp rax, 1\ndec rax", {"SF", "CF", "PF", "AF"}),  # dec leaves the carry
        ("cmp rax, 1\nxor rax, rax", {"ZF", "PF"}),
        ("mov eax, 0x80000000\nshl eax, 1", {"ZF", "CF", "OF", "PF"}),
        ("mov eax, 3\nshr eax, 1", {"CF"}),
        ("cmp rax, 1\nmov ecx, 0\nshr rax, cl", {"SF", "CF", "PF", "AF"}),  # a shift by nothing changes no flag
        ("test rax, rax\nlea rbx, [rax]\nmov rbx, 1", {"ZF", "PF"}),
    ],
)
def test_flags(text, set_flags):
    assert {name for name, value in after(text).flags.items() if value} == set_flags


def undefined(instruction, cpu, before):
    """The flags that the Intel SDM calls undefined after an instruction, if they were so before."""
    name, (left, *right) = instruction.mnemonic, instruction.operands or (None,)
    if name in ("add", "sub", "cmp", "popfq"):
        return set()
    if name in ("inc", "dec"):
        return before & {"CF"}
    if name in ("and", "or", "xor", "test"):
        return {"AF"}
    if name in ("shl", "shr"):
        count = cpu.registers["rcx"] if isinstance(right[0], Register) else right[0].value
        count &= 63 if left.bits == 64 else 31
        if count:
            return {"AF"} | ({"OF"} if count > 1 else set()) | ({"CF"} if count >= left.bits else set())
    return before


TRICKY = (
    *("push rsp\npop rax", "push 77\npop rsp", "push 5\npush 6\npush qword [rsp + 8]\npop qword [rsp]\npop rax"),
    *("mov rax, rsp\npop qword [rsp + 8]", "push 1\ncall there\nthere: call next\nnext: pop rax\npop rbx"),
    *("mov rax, there\npush rax\ncall qword [rsp]\nnop\nthere: pop rbx", "push 0x7000\npop rsp\nmov spl, 5\nmov sp, 9"),
    *(
        f"mov eax, 0x9d\nmov ecx, 7\nstart: {shift} al, {count}"
        for shift in ("shl", "shr")
        for count in (0, 7, 8, 9, 31)
    ),
    *(f"mov eax, 0x809d\n{shift} ax, {count}" for shift in ("shl", "shr") for count in (15, 16, 17, 32, 33)),
    *("mov rax, -1\nmov ax, 1\nmov eax, eax", "mov rax, -1\nmovzx ax, al\nmovzx ecx, al\nmov al, [end - 1]\nend:"),
    *(f"cmp eax, {carry}\n{name} ecx" for carry in (0, 1) for name in ("inc", "dec")),
    "mov rax, -1\nlea ax, [rax + 0x12345]\nlea ebx, [rax*8]\nlea rcx, [rax*8 - 1]",
    *(f"push {number}\npop rax" for number in (127, 128, -129, 65535, 65536, 2**31 - 1, -(2**31))),
    *(f"push {number}\npopf\npushf\npop rax\ninc rbx" for number in (0, 0x8D5, 0x40, 0x80, 4, 0xC4, 0x200844)),
)

ALL_FLAGS = [sum(1 << at for number, at in enumerate((0, 2, 4, 6, 7, 11)) if one >> number & 1) for one in range(64)]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_agree_with_another_implementation_on_all_flags(condition):
    text = f"""
        mov rsp, {STACK}
    again:
        lea rdx, [rdx + rdx]
        push qword [table + rcx*8]
        popf
        {condition} taken
        lea rdx, [rdx + 1]
    taken:
        inc rcx
        cmp rcx, 64
        jnz again
    results:
        add rbx, 0x1234567
        lea rsi, [rsi + rsi]
        {condition} also
        lea rsi, [rsi + 1]
    also:
        dec rcx
        jnz results
        jmp end
    table:
        dq {", ".join(map(str, ALL_FLAGS))}
    end:
    """
    agree(text)


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_programs_agree_with_another_implementation(text):
    agree(f"mov rsp, {STACK}\n{text}")


@given(straight_programs())
@settings(max_examples=200, deadline=None)
def test_registers_flags_and_memory_agree_with_another_implementation(text):
    agree(text)


def agree(text):
    needs("keystone")
    needs("unicorn")
    from tests.real_engine import MEMORY_BYTES, STATUS, run

    program = assemble(text)
    registers, eflags, memory = run(program)
    cpu, masked = CPU(program, memory=MEMORY_BYTES), set()
    while not cpu.finished:
        instruction = program.instructions[program.places.index(cpu.address)]
        masked = undefined(instruction, cpu, masked)
        assert cpu.step() == ()
    assert cpu.registers == registers
    assert {name: cpu.flags[name] for name in STATUS if name not in masked} == {
        name: bool(eflags >> bit & 1) for name, bit in STATUS.items() if name not in masked
    }
    assert bytes(cpu.memory.load(at, 1) for at in range(ORIGIN)) == memory


def test_exits_are_logged_with_place_and_detail():
    done = run("mov edx, 0x3f8\nmov eax, 65\nout dx, al\nin ax, 0x60\nmov eax, 7\nvmcall\nhlt", 100, timer=[1])
    assert done.log == (
        Exit("external_interrupt", 1, 2),
        Exit("io", 2, 3, (("port", 0x3F8), ("bits", 8), ("write", 1), ("value", 65))),
        Exit("io", 3, 4, (("port", 0x60), ("bits", 16), ("write", 0))),
        Exit("hypercall", 5, 6, (("number", 7),)),
        Exit("hlt", 6, 7),
    )
    assert (done.instructions, done.direct, done.total_exits, done.finished) == (7, 3, 5, True)
    assert done.exits == {"external_interrupt": 1, "hlt": 1, "hypercall": 1, "io": 2, "ept_violation": 0}


@pytest.mark.parametrize(
    ("text", "rax"),
    [("in al, 0x60", 0x11223344556677FF), ("in ax, 0x60", 0x112233445566FFFF), ("in eax, 0x60", 0xFFFFFFFF)],
)
def test_an_absent_port_reads_all_ones_as_wide_as_asked(text, rax):
    assert after(f"mov rax, 0x1122334455667788\n{text}").registers["rax"] == rax


def test_an_unknown_hypercall_is_refused_as_kvm_refuses_it():
    assert after("mov eax, 12345\nvmcall").registers["rax"] == -1000 & MASK64


def test_the_handler_is_the_vmm():
    seen = []

    def vmm(cpu, exit):
        seen.append(exit.reason)
        if exit.reason == "io":
            cpu.answer(exit, 0x41)
        return Action.STOP if exit.reason == "hlt" else Action.RESUME

    cpu = CPU("in al, 0x60\nhlt\ninc rax", handler=vmm)
    assert cpu.run(100) is Action.STOP
    assert (cpu.registers["rax"], cpu.line, cpu.finished) == (0x41, 3, False)
    assert cpu.run(100) is Action.RESUME
    assert (cpu.registers["rax"], cpu.finished, seen) == (0x42, True, ["io", "hlt"])


def test_a_missing_page_is_an_ept_violation_and_the_access_is_done_again():
    machine = bytearray(2 * PAGE_BYTES)

    def vmm(cpu, exit):
        assert (exit.reason, exit["address"], exit["write"]) == ("ept_violation", 0x5008, 1)
        cpu.memory.map(5, 1)
        return Action.RESUME

    cpu = CPU("mov eax, 77\nmov [0x5008], rax\nhlt", GuestMemory(machine, {0: 0}), vmm)
    cpu.run(2)  # the attempt that fails counts against the budget, but has executed nothing
    assert cpu.executed == 1
    cpu.run(1)
    assert (cpu.executed, machine[PAGE_BYTES + 8], cpu.memory.table) == (2, 77, {0: 0, 5: 1})


def test_the_neutral_vmm_stops_a_guest_that_leaves_its_memory():
    cpu = CPU("mov rbx, -4\nmov [rbx], rax\ninc rcx", memory=PAGE_BYTES)
    assert cpu.run(100) is Action.STOP
    assert (cpu.executed, cpu.line) == (1, 2)
    assert cpu.counts().log[0]["address"] == 2**64 - 4


def test_an_access_across_the_border_writes_nothing_at_all():
    cpu = CPU("cmp rax, 1\nmov rax, -1\nadd [4092], rax", memory=PAGE_BYTES)
    flags = CPU("cmp rax, 1")
    flags.run(1)
    cpu.run(10)
    assert cpu.counts().exits["ept_violation"] == 1
    assert cpu.memory.load(4088, 8) == 0
    assert cpu.flags == flags.flags  # a fault leaves no trace of the instruction


def test_timer_by_period_and_by_counts():
    text = "again: nop\njmp again"
    assert [exit.instruction_index for exit in run(text, 10, timer=3).log] == [3, 6, 9]
    assert [exit.instruction_index for exit in run(text, 10, timer=[7, 0, 7, 99]).log] == [0, 7, 7]


def test_what_is_wrong_gets_a_sentence():
    with pytest.raises(VmwidgetsError, match="multiple of 4096"):
        CPU("nop", memory=100)
    with pytest.raises(VmwidgetsError, match="timer is 0"):
        CPU("nop", timer=0)
    with pytest.raises(VmwidgetsError, match="budget is -1"):
        CPU("nop").run(-1)
    with pytest.raises(VmwidgetsError, match="no register eax"):
        CPU("nop").write("eax", 1)
    with pytest.raises(VmwidgetsError, match="mfn is 2"):
        GuestMemory(bytearray(2 * PAGE_BYTES), {0: 2})


def test_the_log_is_bounded_and_the_counts_are_exact():
    done = run("again: vmcall\njmp again", 3 * MAX_LOG)
    assert (len(done.log), done.exits["hypercall"]) == (MAX_LOG, 3 * MAX_LOG // 2)
    assert done.log[-1].instruction_index == 3 * MAX_LOG - 2


def test_an_empty_program_is_finished():
    done = run("; nothing", 10, timer=[0])
    assert (done.finished, done.instructions, done.total_exits) == (True, 0, 0)


@given(wild_programs(), st.lists(st.integers(0, 400), max_size=4), st.integers(0, 400))
@settings(deadline=None)
def test_no_program_leaves_its_memory_or_its_budget(text, timer, budget):
    machine = bytearray(b"\xaa" * PAGE_BYTES + bytes(2 * PAGE_BYTES) + b"\xaa" * PAGE_BYTES)

    def vmm(cpu, exit):  # a careless VMM, which never stops a guest
        return Action.RESUME

    cpu = CPU(text, GuestMemory(machine, {0: 2, 1: 1}), vmm, timer)
    cpu.run(budget)
    done = cpu.counts()
    assert machine[:PAGE_BYTES] == machine[3 * PAGE_BYTES :] == b"\xaa" * PAGE_BYTES
    assert len(machine) == 4 * PAGE_BYTES
    assert done.instructions + done.exits["ept_violation"] <= budget
    assert done.finished or done.instructions + done.exits["ept_violation"] == budget
    assert done.instructions == done.direct + sum(done.exits[reason] for reason in ("io", "hypercall", "hlt"))
    assert done.exits["external_interrupt"] <= len(timer)
    assert all(0 <= value <= MASK64 for value in cpu.registers.values())
    assert all(exit.reason in EXIT_REASONS for exit in done.log)


@given(wild_programs(), st.one_of(st.integers(1, 50), st.lists(st.integers(0, 200), max_size=4)))
@settings(deadline=None)
def test_steps_and_a_run_are_the_same(text, timer):
    program = assemble(text)
    whole, single = CPU(program, timer=timer), CPU(program, timer=timer)
    stopped = whole.run(200)
    log = []
    while single.executed < whole.executed or (stopped is Action.STOP and log[-1:] != [whole.counts().log[-1]]):
        log += single.step()
    assert tuple(log) == whole.counts().log == single.counts().log
    assert single.registers == whole.registers
    assert single.flags == whole.flags
    assert single.line == whole.line


def test_a_processor_may_help_itself_where_it_would_trap():
    def assist(cpu, trap):
        if trap.reason == "control_register":
            cpu.skip()
            return True
        return False

    text = "mov rax, 5\nmov cr3, rax\nmov rbx, cr3\ncli\nsti"
    done = run(text, 10)
    assert [(exit.reason, dict(exit.detail)) for exit in done.log] == [
        ("control_register", {"number": 3, "write": 1, "register": 0, "value": 5}),
        ("control_register", {"number": 3, "write": 0, "register": 3, "value": 0}),
        ("interrupt_flag", {"value": 0}),
        ("interrupt_flag", {"value": 1}),
    ]
    helped = CPU(text, assistance=assist)
    helped.run(10)
    assert (helped.counts().direct, helped.counts().total_exits, helped.finished) == (3, 2, True)
