"""Guest code on a real x86 engine: assembled by keystone, run by unicorn, for comparison with the model's CPU."""

import re
from functools import cache

import keystone
import unicorn
from unicorn import x86_const as x86

from vmwidgets.model.guest_code import BARRIER, INSTRUCTION_BYTES, REGISTERS

MEMORY_BYTES = 0x10000
STATUS = {"CF": 0, "PF": 2, "AF": 4, "ZF": 6, "SF": 7, "OF": 11}
_NOP = b"\x90"
_SIZED = re.compile(r"\b(byte|word|dword|qword)\s+(?!ptr\b)")
_assembler = keystone.Ks(keystone.KS_ARCH_X86, keystone.KS_MODE_64)


@cache
def encode(text, at=0x8000):
    """The machine code of one line of guest code, or None if keystone refuses it."""
    text = _SIZED.sub(r"\1 ptr ", text)
    text = re.sub(r"^(pushf|popf)$", r"\1q", text)  # keystone's own pushf is of 16 bits
    pushed = re.fullmatch(r"push (\d+)", text)
    if pushed and 0xFF80 <= int(pushed[1]) <= 0xFFFF:  # keystone 0.9.2 takes these for negative numbers of 8 bits
        return b"\x68" + int(pushed[1]).to_bytes(4, "little")
    try:
        code, _ = _assembler.asm(text, at, as_bytes=True)
    except keystone.KsError:
        return None
    return code or None


def encoded(program):
    """Address and machine code of each instruction of a program, filled up as the model says it is."""
    lines = program.text.split("\n")
    for place, one in zip(program.places, program.instructions, strict=False):
        if one.mnemonic == BARRIER:
            continue
        text = re.split("[;#]", lines[one.line - 1])[0].split(":")[-1].strip()
        for name, address in program.addresses.items():
            text = re.sub(rf"\b{name}\b", hex(address), text)
        code, at = None, place
        while code is None or at + len(code) != place + INSTRUCTION_BYTES:  # a nearer jump may be a shorter one
            at = place + INSTRUCTION_BYTES - len(code) if code else place
            code = encode(text, at if "0x" in text else 0)
            assert code, f"keystone refuses {text!r}"
        yield place, code.rjust(INSTRUCTION_BYTES, _NOP)


def run(program):
    """Run a program; registers by name, RFLAGS, and memory below the program."""
    machine = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
    machine.mem_map(0, MEMORY_BYTES)
    for place, code in encoded(program):
        machine.mem_write(place, code)
    for place, data in program.data:
        machine.mem_write(place, data)
    machine.reg_write(x86.UC_X86_REG_EFLAGS, 0x202)
    machine.emu_start(program.places[0], program.places[-1], count=100_000)
    registers = {name: machine.reg_read(getattr(x86, f"UC_X86_REG_{name.upper()}")) for name in REGISTERS}
    return registers, machine.reg_read(x86.UC_X86_REG_EFLAGS), bytes(machine.mem_read(0, program.places[0]))
