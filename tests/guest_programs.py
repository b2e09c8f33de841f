"""Random programs of guest code, for the tests of the parser and of the CPU."""

from hypothesis import strategies as st

FREE = ("rax", "rbx", "rcx", "rdx", "rdi", "rsi", "rbp", "r8", "r9", "r13")
"""Registers that random programs change; r14 and r15 hold addresses."""
FREE32 = ("eax", "ebx", "ecx", "edx", "edi", "esi", "ebp", "r8d", "r9d", "r13d")
CONDITIONS = (
    *("jz", "je", "jnz", "jne", "jb", "jc", "jnae", "jae", "jnc", "jnb", "jbe", "jna", "ja", "jnbe"),
    *("jl", "jnge", "jge", "jnl", "jle", "jng", "jg", "jnle", "js", "jns", "jo", "jno", "jmp"),
)
EDGES = (0, 1, -1, 2, 127, 255, 2**31 - 1, -(2**31))

numbers32 = st.one_of(st.sampled_from(EDGES), st.integers(-(2**31), 2**31 - 1))
numbers64 = st.one_of(st.sampled_from((*EDGES, 2**63 - 1, -(2**63), 2**64 - 1)), st.integers(-(2**63), 2**64 - 1))


@st.composite
def places(draw):
    """An address near r14 that stays inside a page or crosses into the next."""
    displacement = draw(st.integers(-256, 256))
    index = draw(st.sampled_from(("", " + r15", " + r15*2", " + r15*4", " + 8*r15")))
    return f"[r14{index} {'-' if displacement < 0 else '+'} {abs(displacement)}]"


@st.composite
def ordinary(draw):
    """One or two lines that no VMM hears of."""
    wide = draw(st.booleans())
    register = st.sampled_from(FREE if wide else FREE32)
    size = "qword ptr" if wide else "dword ptr"
    d, s, place = draw(register), draw(register), draw(places())
    name = draw(st.sampled_from(("mov", "add", "sub", "and", "or", "xor", "cmp", "test")))
    match draw(st.integers(0, 9)):
        case 0 | 1:
            return f"{name} {d}, {s}"
        case 2:
            return f"{name} {d}, {draw(numbers64 if wide and name == 'mov' else numbers32)}"
        case 3:
            return f"{name} {d}, {place}"
        case 4:
            return f"{name} {size} {place}, {s}"
        case 5:
            return f"{name} {size} {place}, {draw(numbers32)}"
        case 6:
            return f"lea {d}, {place}"
        case 7:
            return f"{draw(st.sampled_from(('inc', 'dec')))} {draw(st.sampled_from((d, f'{size} {place}')))}"
        case 8:
            return f"{draw(st.sampled_from(('shl', 'shr')))} {d}, 1"
        case _:
            # Overflow is undefined after a shift by more than one; inc defines it again and leaves the carry.
            count = draw(st.one_of(st.just("cl"), st.integers(0, 255)))
            return f"{draw(st.sampled_from(('shl', 'shr')))} {d}, {count}\ninc {s}"


@st.composite
def straight_programs(draw):
    """A program that ends: jumps go forward only."""
    lines = [f"mov {register}, {draw(numbers64)}" for register in FREE]
    lines += [f"mov r14, {draw(st.integers(8192, 12288))}", f"mov r15, {draw(st.integers(0, 64))}"]
    for number, line in enumerate(draw(st.lists(ordinary(), min_size=1, max_size=20))):
        lines.append(line)
        if draw(st.booleans()):
            lines += [f"{draw(st.sampled_from(CONDITIONS))} skip{number}", draw(ordinary()), f"skip{number}:"]
    return "\n".join(lines)


@st.composite
def wild_programs(draw):
    """Any program: jumps anywhere, addresses anywhere, exits of all kinds."""
    anywhere = st.one_of(
        ordinary(),
        st.sampled_from(("in al, dx", "in eax, 0x60", "out dx, ax", "out 0xe9, al", "vmcall", "hlt", "pause", "nop")),
        st.builds("mov [{}], {}".format, st.sampled_from((*FREE, "rsp", "r14")), st.sampled_from(FREE)),
        st.builds("add r14, {}".format, numbers32),
        st.builds("{} here{}".format, st.sampled_from(CONDITIONS), st.integers(0, 9)),
    )
    lines = draw(st.lists(anywhere, max_size=40))
    at = [draw(st.integers(0, len(lines))) for _ in range(10)]
    text = [*(f"here{n}:" for n in range(10) if at[n] == 0)]
    for number, line in enumerate(lines, 1):
        text += [line, *(f"here{n}:" for n in range(10) if at[n] == number)]
    return "\n".join(text)
