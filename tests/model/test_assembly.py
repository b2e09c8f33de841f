"""The parser of guest code: what it reads, what it refuses and where, and that it never fails in another way."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.guest_programs import BY_SIZE, NAMES, straight_programs, system_programs, wild_programs
from tests.needs import needs
from vmwidgets.model.assembly import MAX_CHARACTERS, MAX_INSTRUCTIONS, MNEMONICS, assemble
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_code import (
    ORIGIN,
    AssemblyError,
    ControlRegister,
    Immediate,
    Instruction,
    Memory,
    Register,
    Target,
)


def one(text):
    (instruction,) = assemble(text).instructions
    return instruction


@pytest.mark.parametrize(
    ("text", "mnemonic", "operands"),
    [
        ("mov rax, 0x10", "mov", (Register(0, 64), Immediate(16))),
        ("MOV RAX, RBX", "mov", (Register(0, 64), Register(3, 64))),
        ("mov r8d, -1", "mov", (Register(8, 32), Immediate(-1))),
        ("add ecx, [rsi]", "add", (Register(1, 32), Memory(6, None, 1, 0, 32))),
        ("mov [rbx + rcx*8 - 0x10 + 2], rdx", "mov", (Memory(3, 1, 8, -14, 64), Register(2, 64))),
        ("mov qword ptr [rax], 5", "mov", (Memory(0, None, 1, 0, 64), Immediate(5))),
        ("inc dword [4096]", "inc", (Memory(None, None, 1, 4096, 32),)),
        ("lea rax, [rcx + rsp]", "lea", (Register(0, 64), Memory(4, 1, 1, 0, 0))),
        ("lea rax, [2*rcx]", "lea", (Register(0, 64), Memory(None, 1, 2, 0, 0))),
        ("shl rax, cl", "shl", (Register(0, 64), Register(1, 8))),
        ("in al, dx", "in", (Register(0, 8), Register(2, 16))),
        ("out 0x60, eax", "out", (Immediate(0x60), Register(0, 32))),
        ("self: je self", "jz", (Target("self", 0),)),
        ("vmcall ; a hypercall", "vmcall", ()),
        ("\thlt\r", "hlt", ()),
        ("mov cr3, rax", "mov", (ControlRegister(3), Register(0, 64))),
        ("mov rbx, CR3", "mov", (Register(3, 64), ControlRegister(3))),
        ("cli", "cli", ()),
        ("mov r9w, si", "mov", (Register(9, 16), Register(6, 16))),
        ("mov byte [rax], 0xff", "mov", (Memory(0, None, 1, 0, 8), Immediate(255))),
        ("movzx ecx, sil", "movzx", (Register(1, 32), Register(6, 8))),
        ("self: mov rax, self", "mov", (Register(0, 64), Immediate(ORIGIN))),
        ("self: mov rax, [self + rcx*8 - 16]", "mov", (Register(0, 64), Memory(None, 1, 8, ORIGIN - 16, 64))),
        ("push -1", "push", (Immediate(-1),)),
        ("call qword ptr [rax]", "call", (Memory(0, None, 1, 0, 64),)),
        ("pushf", "pushfq", ()),
        ("int3", "int", (Immediate(3),)),
        ("jpe self\nself:", "jp", (Target("self", 1),)),
        ("smsw [rax]", "smsw", (Memory(0, None, 1, 0, 0),)),
        ("mov rax, cr2", "mov", (Register(0, 64), ControlRegister(2))),
        ("mov rax, 2 + 3*0x1000 - 1", "mov", (Register(0, 64), Immediate(0x3001))),
        ("add rsi, -4096*2", "add", (Register(6, 64), Immediate(-8192))),
        ("mov al, [rbx + 2*8 + rcx*4 - 3*1]", "mov", (Register(0, 8), Memory(3, 1, 4, 13, 8))),
        ("self: mov rax, self + 16*2", "mov", (Register(0, 64), Immediate(ORIGIN + 32))),
    ],
)
def test_what_is_read(text, mnemonic, operands):
    assert one(text) == Instruction(mnemonic, operands, 1)


def test_data_lies_where_it_is_written():
    program = assemble("nop\nwords: dw 1, -1 ; two\ntext: db 'a;b', 0\n.quad text, end\n.zero 2\nhlt\nend:", 0x1000)
    assert [one.mnemonic for one in program.instructions] == ["nop", "data", "hlt"]
    assert program.places == (0x1000, 0x1010, 0x1030, 0x1040)
    assert program.addresses == {"words": 0x1010, "text": 0x1014, "end": 0x1040}
    assert program.labels == {"words": 1, "text": 1, "end": 3}
    quads = b"".join(number.to_bytes(8, "little") for number in (0x1014, 0x1040))
    assert program.data == ((0x1010, b"\1\0\xff\xff"), (0x1014, b"a;b\0"), (0x1018, quads), (0x1028, b"\0\0"))


def test_labels_comments_and_lines():
    program = assemble("; a loop\nfirst: second:\n  dec rcx # count\n\n  jnz first\nend:")
    assert [instruction.line for instruction in program.instructions] == [3, 5]
    assert program.labels == {"first": 0, "second": 0, "end": 2}


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("nop\n  mvo rax, 1", 2, 3, "there is no 'mvo', did you mean mov?"),
        ("quux", 1, 1, "expected mov, add"),
        ("mul rbx", 1, 1, "there is no 'mul' here, it can be done with shl, add"),
        ("nop\n cmovz rax, rbx", 2, 2, "there is no 'cmovz' here, it can be done with jz, mov"),
        ("section .text", 1, 1, "'section' is not needed here, leave the line out"),
        ("mov r\u0430x, 5", 1, 6, "the letter '\u0430' in 'r\u0430x' is none of a to z"),
        ("mov rax, $5", 1, 10, "al..r15b, [ ], 10, 0x0a"),
        ("mov rax, 2*", 1, 11, "this is '*', expected the end of the line"),
        ("mov rax, 5 + rbx", 1, 14, "this is 'rbx', expected 10, 0x0a"),
        ("mov rax, " + "*".join(["9" * 19] * 900), 1, 10, "the number does not fit"),
        ("mov rax, 0x10000000000000000 - 0x10000000000000000", 1, 10, "the number does not fit"),
        ("mov rax, [2*4*rcx]", 1, 14, "this is '*'"),
        ("mov rax, [rcx*2*4]", 1, 16, "this is '*', expected ']'"),
        ("cmp qword [rax], 0x80000000", 1, 18, "put a larger one into a register with mov first"),
        ("mov", 1, 4, "the line ends here"),
        ("mov rax", 1, 8, "the line ends here, expected ','"),
        ("mov rax ; nothing", 1, 8, "the line ends here"),
        ("mov rax rbx", 1, 9, "this is 'rbx', expected ','"),
        ("mov rax, rbx, rcx", 1, 13, "this is ',', expected the end of the line"),
        ("mov rax, rbz", 1, 10, "did you mean rb"),
        ("mov 5, rax", 1, 5, "this is '5'"),
        ("mov cr3, eax", 1, 10, "this register has 32 bits, expected 64"),
        ("mov cr3, cr3", 1, 10, "there is no 'cr3'"),
        ("mov cr3, 5", 1, 10, "this is '5'"),
        ("cr3: nop", 1, 1, "cannot be a label"),
        ("mov rax, ebx", 1, 10, "this register has 32 bits, expected 64"),
        ("mov rax, dword [rbx]", 1, 10, "this memory has 32 bits, expected 64"),
        ("mov [rax], [rbx]", 1, 12, "an instruction reaches memory once"),
        ("mov [rax], 1", 1, 5, "expected byte, word, dword or qword"),
        ("add rax, 0x80000000", 1, 10, "expected -2147483648 to 2147483647"),
        ("add eax, 0x100000000", 1, 10, "expected -2147483648 to 4294967295"),
        ("mov rax, -9223372036854775809", 1, 10, "the number does not fit"),
        ("mov rax, " + "9" * 5000, 1, 10, "the number does not fit"),
        ("mov rax, 12abc", 1, 10, "expected 10, 0x0a"),
        ("mov rax, [rbx + rcx*3]", 1, 17, "the scale is 3, expected 1, 2, 4 or 8"),
        ("mov rax, [rbx*0]", 1, 11, "the scale is 0"),
        ("mov rax, [rbx*2 + rcx*2]", 1, 19, "one base and one index"),
        ("mov rax, [rbx + rsp*2]", 1, 17, "rsp is no index"),
        ("mov rax, [rbx - rcx]", 1, 17, "after a +"),
        ("mov rax, [ebx]", 1, 11, "64-bit registers"),
        ("mov rax, [rbx + 0x80000000]", 1, 11, "the number does not fit"),
        ("mov rax, [rbx", 1, 14, "expected ']'"),
        ("shl rax, 256", 1, 10, "expected 0 to 255"),
        ("shl rax, rcx", 1, 10, "expected cl, 0..255"),
        ("in rax, dx", 1, 4, "expected al, ax, eax"),
        ("out 256, al", 1, 5, "expected 0 to 255"),
        ("in al, rdx", 1, 8, "expected dx, 0..255"),
        ("lea rax, rbx", 1, 10, "expected ["),
        ("jmp 5", 1, 5, "expected a label"),
        ("jz rax", 1, 4, "expected a label"),
        ("jmp nowhere", 1, 5, "there is no label 'nowhere'"),
        ("again: jmp agian", 1, 12, "did you mean again?"),
        ("a: nop\na: nop", 2, 1, "the label a is there already"),
        ("rax: nop", 1, 1, "cannot be a label"),
        ("1st: nop", 1, 1, "cannot be a label"),
        ("mov al, bx", 1, 9, "this register has 16 bits, expected 8"),
        ("mov al, 256", 1, 9, "expected -128 to 255"),
        ("mov byte [rax], -129", 1, 17, "expected -128 to 255"),
        ("mov ah, 1", 1, 5, "this is 'ah', expected rax..r15"),
        ("lea al, [rbx]", 1, 5, "this register has 8 bits, expected 16"),
        ("movzx eax, ebx", 1, 12, "this has 32 bits, expected 8, 16"),
        ("movzx ax, bx", 1, 11, "this has 16 bits, expected 8"),
        ("movzx eax, [rbx]", 1, 12, "how much of memory is not said"),
        ("push eax", 1, 6, "this register has 32 bits, expected 64"),
        ("pop dword [rax]", 1, 5, "this memory has 32 bits, expected 64"),
        ("push [rax]", 1, 6, "how much of memory is not said"),
        ("push 0x80000000", 1, 6, "the number does not fit"),
        ("call 5", 1, 6, "expected a label to jump to"),
        ("jmp eax", 1, 5, "this register has 32 bits, expected 64"),
        ("int 256", 1, 5, "expected 0 to 255"),
        ("invlpg rax", 1, 8, "expected ["),
        ("smsw al", 1, 6, "this register has 8 bits, expected 16"),
        ("smsw dword [rax]", 1, 6, "this memory has 32 bits, expected 16"),
        ("mov cr1, rax", 1, 5, "this is 'cr1', expected cr0, cr2, cr3, cr4"),
        ("mov rax, tabel\ntable: dq 1", 1, 10, "there is no 'tabel', did you mean table?"),
        ("mov rax, [tabel + 8]\ntable: dq 1", 1, 11, "there is no 'tabel', did you mean table?"),
        ("mov rax, [rbx - table]\ntable: dq 1", 1, 17, "after a +"),
        ("mov al, table\ntable: dq 1", 1, 9, "the number does not fit"),
        ("mov rax, [rbx + rxc]", 1, 17, "there is no 'rxc', did you mean r"),
        ("pusf", 1, 1, "there is no 'pusf', did you mean push"),
        ("pop: dw 70000", 1, 9, "expected -32768 to 65535"),
        ("db 1, table\ntable: nop", 1, 7, "this is 'table', expected 10, 'text'"),
        ("dq tabel\ntable: nop", 1, 4, "did you mean table?"),
        ("db 'abc", 1, 4, "expected 10, 0x0a"),
        ("dw 'ab'", 1, 4, "expected 10, 0x0a"),
        (".ascii 5", 1, 8, 'expected "text"'),
        ('.asciz "é"', 1, 8, "not printable ASCII"),
        (".byte", 1, 6, "the line ends here"),
        (".byte 1 2", 1, 9, "expected the end of the line"),
        (".zero 16385", 1, 7, "expected 0 to 16384"),
        (".zero 16384\n.byte 1", 2, 1, "more than 16384 bytes of data"),
        ("nop\n" * MAX_INSTRUCTIONS + "hlt", MAX_INSTRUCTIONS + 1, 1, "more than 256 instructions"),
        (";" * (MAX_CHARACTERS + 1), 1, MAX_CHARACTERS + 1, "longer than 32768 characters"),
    ],
)
def test_what_is_refused(text, line, column, said):
    with pytest.raises(AssemblyError) as refused:
        assemble(text)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert f"line {line}, column {column}: " in str(refused.value)
    assert said in str(refused.value)


def test_an_origin_is_where_an_instruction_can_begin():
    with pytest.raises(VmwidgetsError, match="origin is 8, expected a multiple of 16"):
        assemble("nop", 8)


def test_the_largest_program_is_read():
    assert len(assemble("nop\n" * MAX_INSTRUCTIONS).instructions) == MAX_INSTRUCTIONS


TEXT = """rax eax r15d cl dx al sil r9w rsp cr3 byte word qword ptr 0 8 0x 0xff a a: dq .byte .asciz .zero
[ ] + - * , : ; # ' " 'a' {x} ² ٣ é"""
pieces = st.sampled_from((*MNEMONICS, *TEXT.split(), "1" * 30, " ", "\n", "\0", "\u2028"))
texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=30).map("".join), st.lists(pieces).map(" ".join))


def place_of_error(text):
    """Where the parser finds something wrong; the first character if it finds nothing."""
    try:
        assert len(assemble(text).instructions) <= MAX_INSTRUCTIONS
    except AssemblyError as error:
        return error.line, error.column
    return 1, 1


def is_a_place_in(text, line, column):
    lines = text.split("\n")
    return 1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1


@given(texts)
@settings(deadline=None)
@example("mov rax, ²")
@example("{line}: {x}")
@example("mov rax, [" + "rax+" * 200 + "rax]")
def test_any_text_is_a_program_or_a_sentence(text):
    assert is_a_place_in(text, *place_of_error(text))


@given(wild_programs(), st.data())
@settings(deadline=None)
def test_a_program_cut_or_mixed_is_a_program_or_a_sentence(text, data):
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + data.draw(st.text("rax[]+*,:0x\n ", max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]
    assert is_a_place_in(changed, *place_of_error(changed))


@given(st.one_of(straight_programs(), system_programs()))
@settings(max_examples=60, deadline=None)
def test_an_assembler_accepts_what_is_accepted(text):
    needs("keystone")
    needs("unicorn")
    from tests.real_engine import encoded

    program = assemble(text)
    assert len(list(encoded(program))) == sum(one.mnemonic != "data" for one in program.instructions)


@given(st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=3), min_size=1, max_size=4), st.data())
@settings(max_examples=50, deadline=None)
def test_sums_and_products_come_to_what_an_assembler_makes_of_them(terms, data):
    needs("keystone")
    needs("unicorn")
    from tests.real_engine import encode

    signs = data.draw(st.lists(st.sampled_from((" + ", "-")), min_size=len(terms), max_size=len(terms)))
    text = "".join(sign + "*".join(map(str, factors)) for sign, factors in zip(signs, terms, strict=True)).lstrip(" +")
    read = one(f"mov rax, {text}").operands[1].value
    if abs(read) < 2**31:
        assert encode(f"mov rax, {text}") == encode(f"mov rax, {read}")
        assert (
            one(f"mov rax, [rbx + {text}]" if text[0] != "-" else f"mov rax, [rbx{text}]").operands[1].displacement
            == read
        )


registers = st.sampled_from((*BY_SIZE[64], *BY_SIZE[32], *BY_SIZE[16], *BY_SIZE[8], "rsp", "esp", "spl"))
forms = st.one_of(
    registers,
    st.builds("{} [{}]".format, st.sampled_from(tuple(NAMES.values())), st.sampled_from(BY_SIZE[64])),
    st.sampled_from(("[rax]", "[rsp + rax*4 + 64]", "[rbp*8]", "[rax + 0x7fffffff]", "cl", "cr2", "dx", "1", "127")),
)
two = ("mov", "add", "sub", "and", "or", "xor", "cmp", "test", "shl", "shr", "lea", "movzx", "in", "out")
one_operand = ("inc", "dec", "push", "pop", "jmp", "call", "int", "invlpg", "clflush", "sgdt", "smsw", "jz")
LEFT_OUT = re.compile(
    r"lea \w+, \w+ \[|(invlpg|clflush|sgdt) \w|movzx \w+, \[|(call|jmp|jz) \d"
    r"|(push|pop|call|jmp) (r\d+w|[abcd]x|[sd]i|bp|word .*|\[.*)$"
)
"""What has an encoding and is not in the subset, or what keystone reads in its own way."""


@given(
    st.one_of(
        st.builds("{} {}, {}".format, st.sampled_from(two), forms, forms),
        st.builds("{} {}".format, st.sampled_from(one_operand), forms),
    )
)
@settings(max_examples=500, deadline=None)
def test_an_assembler_refuses_what_is_refused(text):
    needs("keystone")
    needs("unicorn")
    from tests.real_engine import encode

    try:
        accepted = bool(assemble(text))
    except AssemblyError:
        accepted = False
    assert accepted == (bool(encode(text)) and not LEFT_OUT.match(text))
