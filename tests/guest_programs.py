"""Random programs of guest code, for the tests of the parser and of the CPU."""

from hypothesis import strategies as st

FREE = ("rax", "rbx", "rcx", "rdx", "rdi", "rsi", "rbp", "r8", "r9", "r13")
"""Registers that random programs change; r14 and r15 hold addresses, rsp the stack's."""
FREE32 = ("eax", "ebx", "ecx", "edx", "edi", "esi", "ebp", "r8d", "r9d", "r13d")
FREE16 = ("ax", "bx", "cx", "dx", "di", "si", "bp", "r8w", "r9w", "r13w")
FREE8 = ("al", "bl", "cl", "dl", "dil", "sil", "bpl", "r8b", "r9b", "r13b")
BY_SIZE = {64: FREE, 32: FREE32, 16: FREE16, 8: FREE8}
NAMES = {64: "qword", 32: "dword", 16: "word", 8: "byte"}
STACK = 0x7000
CONDITIONS = (
    *("jz", "je", "jnz", "jne", "jb", "jc", "jnae", "jae", "jnc", "jnb", "jbe", "jna", "ja", "jnbe", "jp", "jnp"),
    *("jl", "jnge", "jge", "jnl", "jle", "jng", "jg", "jnle", "js", "jns", "jo", "jno", "jmp"),
)
EDGES = (0, 1, -1, 2, 127, 255, 2**31 - 1, -(2**31))
_STATUS_BITS = (0, 2, 4, 6, 7, 11)

numbers32 = st.one_of(st.sampled_from(EDGES), st.integers(-(2**31), 2**31 - 1))
numbers64 = st.one_of(st.sampled_from((*EDGES, 2**63 - 1, -(2**63), 2**64 - 1)), st.integers(-(2**63), 2**64 - 1))
numbers16 = st.one_of(st.sampled_from((0, 1, -1, 2**15 - 1, -(2**15), 2**16 - 1)), st.integers(-(2**15), 2**16 - 1))
numbers8 = st.one_of(st.sampled_from((0, 1, -1, 127, -128, 255)), st.integers(-128, 255))
NUMBERS = {64: numbers32, 32: numbers32, 16: numbers16, 8: numbers8}
flag_numbers = st.sets(st.sampled_from((*_STATUS_BITS, 21))).map(lambda bits: sum(1 << bit for bit in bits))


@st.composite
def places(draw):
    """An address near r14 that stays inside a page or crosses into the next."""
    displacement = draw(st.integers(-256, 256))
    index = draw(st.sampled_from(("", " + r15", " + r15*2", " + r15*4", " + 8*r15")))
    return f"[r14{index} {'-' if displacement < 0 else '+'} {abs(displacement)}]"


@st.composite
def ordinary(draw):
    """One to three lines that no VMM hears of."""
    bits = draw(st.sampled_from((64, 32, 64, 32, 16, 8)))
    register = st.sampled_from(BY_SIZE[bits])
    size = NAMES[bits] + draw(st.sampled_from((" ptr", "")))
    d, s, place = draw(register), draw(register), draw(places())
    name = draw(st.sampled_from(("mov", "add", "sub", "and", "or", "xor", "cmp", "test")))
    match draw(st.integers(0, 11)):
        case 0 | 1:
            return f"{name} {d}, {s}"
        case 2:
            return f"{name} {d}, {draw(numbers64 if bits == 64 and name == 'mov' else NUMBERS[bits])}"
        case 3:
            return f"{name} {d}, {place}"
        case 4:
            return f"{name} {size} {place}, {s}"
        case 5:
            return f"{name} {size} {place}, {draw(NUMBERS[bits])}"
        case 6:
            narrow = draw(st.sampled_from([few for few in (8, 16) if few < bits] or [8]))
            wide = draw(st.sampled_from(BY_SIZE[max(bits, 16)]))
            right = draw(st.sampled_from((draw(st.sampled_from(BY_SIZE[narrow])), f"{NAMES[narrow]} {place}")))
            return f"movzx {wide}, {right}" if draw(st.booleans()) else f"lea {wide}, {place}"
        case 7:
            return f"{draw(st.sampled_from(('inc', 'dec')))} {draw(st.sampled_from((d, f'{size} {place}')))}"
        case 8:
            return f"{draw(st.sampled_from(('shl', 'shr')))} {draw(st.sampled_from((d, f'{size} {place}')))}, 1"
        case 9:
            # Overflow is undefined after a shift by more than one; inc defines it again and leaves the carry. That is
            # undefined, too, after a shift of a narrow operand by as much as its width.
            count = draw(st.one_of(st.just("cl"), st.integers(0, 255)))
            after = f"inc {s}" if bits >= 32 else f"add {s}, {draw(NUMBERS[bits])}"
            return f"{draw(st.sampled_from(('shl', 'shr')))} {d}, {count}\n{after}"
        case 10:
            d, s = draw(st.sampled_from(FREE)), draw(st.sampled_from(FREE))
            pushed = draw(st.one_of(st.sampled_from((s, f"qword {place}")), numbers32))
            return f"push {pushed}\npop {draw(st.sampled_from((d, f'qword {place}')))}"
        case _:
            # What is pushed has no undefined flag in it: cmp defines all.
            return draw(st.sampled_from((f"cmp {d}, {s}\npushf\npop {draw(st.sampled_from(FREE))}", ""))) or (
                f"push {draw(flag_numbers)}\npopf"
            )


@st.composite
def detours(draw, label):
    """Lines that go ahead to a label in one way or another; what a call leaves on the stack is taken away there."""
    register = draw(st.sampled_from(FREE))
    match draw(st.integers(0, 4)):
        case 0:
            return f"lea {register}, [{label}]\njmp {register}", f"{label}:"
        case 1:
            return f"mov {register}, {label}\npush {register}\nret", f"{label}:"
        case 2:
            return f"call {label}", f"{label}: pop {register}"
        case 3:
            return f"mov qword [r14], {label}\ncall qword [r14]", f"{label}: pop qword [r14 + 8]"
        case _:
            return f"{draw(st.sampled_from(CONDITIONS))} {label}", f"{label}:"


@st.composite
def straight_programs(draw):
    """A program that ends: jumps go forward only."""
    lines = [f"mov {register}, {draw(numbers64)}" for register in FREE]
    lines += [f"mov r14, {draw(st.integers(8192, 12288))}", f"mov r15, {draw(st.integers(0, 64))}"]
    lines += [f"mov rsp, {STACK}"]
    for number, line in enumerate(draw(st.lists(ordinary(), min_size=1, max_size=20))):
        lines.append(line)
        if draw(st.booleans()):
            there, arrival = draw(detours(f"skip{number}"))
            lines += [there, draw(ordinary()), arrival]
    return "\n".join(lines)


@st.composite
def wild_programs(draw):
    """Any program: jumps anywhere, addresses anywhere, exits of all kinds."""
    anywhere = st.one_of(
        ordinary(),
        st.sampled_from(("in al, dx", "in eax, 0x60", "out dx, ax", "out 0xe9, al", "vmcall", "hlt", "pause", "nop")),
        st.builds("mov [{}], {}".format, st.sampled_from((*FREE, "rsp", "r14")), st.sampled_from(FREE)),
        st.builds("add r14, {}".format, numbers32),
        st.builds("{} here{}".format, st.sampled_from((*CONDITIONS, "call")), st.integers(0, 9)),
    )
    return _mixed(draw, draw(st.lists(anywhere, max_size=40)))


@st.composite
def system_programs(draw):
    """Wild programs that meddle with the machine as well, with handlers and data."""
    address = st.sampled_from(("[rax]", "[data]", "[rsp - 16]", "[r14 + rcx*8]"))
    anywhere = st.one_of(
        ordinary(),
        st.sampled_from(("cpuid", "rdtsc", "rdmsr", "wrmsr", "cli", "sti", "iretq", "int 3", "int 0x80", "smsw eax")),
        st.sampled_from(("mov cr3, rax", "mov rax, cr2", "mov cr0, rbx", "ret", "pushf", "popf", "hlt", "vmcall")),
        st.builds("{} {}".format, st.sampled_from(("invlpg", "clflush", "sgdt", "smsw", "push qword")), address),
        st.builds("{} {}".format, st.sampled_from(("jmp", "call", "push", "pop")), st.sampled_from(FREE)),
        st.builds("{} here{}".format, st.sampled_from((*CONDITIONS, "call")), st.integers(0, 9)),
        st.builds("mov rax, here{}\njmp rax".format, st.integers(0, 9)),
    )
    lines = draw(st.lists(anywhere, max_size=30))
    lines.insert(0, f"mov rsp, {draw(st.sampled_from((0, 8, STACK, 2**63)))}")
    handlers = draw(st.sampled_from(("", "fault: pop rax\n", "fault: pop rax\nadd qword [rsp], 16\niretq\n")))
    return _mixed(draw, lines) + f'\n{handlers}vector_128: iretq\ndata: dq 1, here3\n.asciz "; text"'


def _mixed(draw, lines):
    """The lines with ten labels anywhere between them."""
    at = [draw(st.integers(0, len(lines))) for _ in range(10)]
    text = [*(f"here{n}:" for n in range(10) if at[n] == 0)]
    for number, line in enumerate(lines, 1):
        text += [line, *(f"here{n}:" for n in range(10) if at[n] == number)]
    return "\n".join(text)
