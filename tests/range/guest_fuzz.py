"""A fuzzer of the range: random guest programs, with all defences on, that must not reach what is not their own.

As a command it goes on until so many instructions have been executed::

    python -m tests.range.guest_fuzz 100_000_000
"""

import argparse
import sys
from dataclasses import dataclass, field
from random import Random

from vmwidgets.model.cpu import Action
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import CORES, VICTIMS, Attack, Placement
from vmwidgets.model.range.machine import FIRMWARE
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

BUDGET = 1000
PIECES = 40
REGISTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10")
FLAGS = (0, 1, 3, 5, 7, 0x80, 0x83, 0x87)


class Programs:
    """Random programs that know the manual and go for what is delicate: tables, calls, ports, the ends of memory."""

    def __init__(self, seed, names):
        self.random, self.at = Random(seed), 0
        self.calls = [name for name in names if name.startswith("call_")]
        self.ports = [name for name in names if name.startswith("port_")]
        self.places = [name for name in names if name not in (*self.calls, *self.ports, "mark")]
        self.kinds = (
            *(self.value, self.arithmetic, self.access, self.access, self.entry, self.entry, self.call, self.call),
            *(self.port, self.port, self.transfer, self.jump, self.system, self.window, self.window, self.interrupt),
        )

    def number(self):
        """A small number, an entry, a place of the manual, or anything."""
        pick, choose = self.random.random(), self.random
        if pick < 0.3:
            return str(choose.randint(0, 40))
        if pick < 0.6:
            return str(choose.randint(0, 1100) * PAGE_BYTES | choose.choice(FLAGS))
        if pick < 0.9:
            return f"{{{choose.choice(self.places)}}}"
        return str(choose.getrandbits(64))

    def register(self):
        return self.random.choice(REGISTERS)

    def value(self):
        return f"mov {self.register()}, {self.number()}"

    def arithmetic(self):
        name = self.random.choice(("add", "sub", "and", "or", "xor", "cmp", "mov"))
        return f"{name} {self.register()}, {self.register()}"

    def access(self):
        register, at = self.register(), self.random.choice((0, 8, 4088, 4092))
        number = f"mov {register}, {self.number()}\n" if self.random.random() < 0.7 else ""
        place = f"[{register} + {at}]"
        other = self.register()
        return number + (f"mov {other}, {place}" if self.random.random() < 0.5 else f"mov {place}, {other}")

    def entry(self):
        """Writes an entry of a table, itself or by a call."""
        choose = self.random
        lines = [
            f"mov rdi, {self.number()}",
            f"add rdi, {8 * choose.choice((0, 1, 2, 3, 5, 11, 12, 13, 15, 100))}",
            f"mov rsi, {self.number()}",
            f"or rsi, {choose.choice(FLAGS)}",
        ]
        if choose.random() < 0.5:
            return "\n".join([*lines, "mov [rdi], rsi"])
        return "\n".join([*lines, "mov rax, {call_page_table_update}", "vmcall"])

    def window(self):
        """Goes for the free entry of the directory, and for what it maps."""
        choose = self.random
        if choose.random() < 0.5:
            return f"mov rbx, {{window}}\nadd rbx, {PAGE_BYTES * choose.randint(0, 511)}\nmov rcx, [rbx]"
        lines = ["mov rdi, {window_entry}", "mov rsi, {lowest_table}", f"or rsi, {choose.choice(FLAGS)}"]
        return "\n".join([*lines, "mov rax, {call_page_table_update}", "vmcall"])

    def call(self):
        lines = [f"mov rdi, {self.number()}", f"mov rsi, {self.number()}"]
        return "\n".join([*lines, f"mov rax, {{{self.random.choice(self.calls)}}}", "vmcall"])

    def port(self):
        choose = self.random
        lines = [f"mov rdx, {{{choose.choice(self.ports)}}}", f"add rdx, {choose.randint(0, 3)}"]
        value = self.number() if choose.random() < 0.5 else choose.choice(("1", "2", "0x8e"))
        return "\n".join([*lines, f"mov rax, {value}", choose.choice(("out dx, al", "out dx, eax", "in eax, dx"))])

    def transfer(self):
        """Lets the device fetch or store a block, perhaps where a write is an interrupt."""
        address = "{message_address}" if self.random.random() < 0.2 else self.number()
        lines = ["mov rdx, {port_dma}", f"mov rax, {address}", "out dx, eax", "inc rdx"]
        return "\n".join([*lines, f"mov rax, {self.random.choice((1, 2))}", "out dx, al"])

    def jump(self):
        """Leads forward, so that a program is not soon caught in a small loop."""
        return f"{self.random.choice(('jz', 'jnz', 'jb', 'ja'))} l{self.random.randrange(self.at, PIECES)}"

    def system(self):
        plain = ("hlt", "pause", "mov cr3, rdi", "mov rbx, cr3", "cli", "sti", "rdtsc", "clflush [rbx]", "invlpg [rbx]")
        return self.random.choice((*plain, "mov rcx, 0x6e0\nwrmsr", "rdmsr", "cpuid", "push rbx", "pop rcx", "popfq"))

    def interrupt(self):
        """Has a frame put on a stack that may lie anywhere, or goes on in user mode."""
        if self.random.random() < 0.5:
            return f"mov rsp, {self.number()}\n{self.random.choice(('int 0x80', 'int 3', 'iretq'))}"
        stack = f"mov rsp, {PAGE_BYTES * self.random.randint(1, 12)}"
        if self.random.random() < 0.5:
            return f"{stack}\nint 0x80"
        there = f"push l{self.random.randrange(self.at, PIECES)}"
        return "\n".join([stack, "push 0x2b", f"push {PAGE_BYTES}", "push 2", "push 0x33", there, "iretq"])

    def text(self):
        lines: list[str] = []
        for self.at in range(PIECES):
            lines.append(f"l{self.at}:\n{self.random.choice(self.kinds)()}")
        self.at = 0
        handlers = [f"fault:\n{self.value()}\n{self.jump()}", "jmp l0", f"vector_128:\n{self.access()}", "iretq"]
        return "\n".join([*lines, "jmp l0", *handlers])


@dataclass
class Tried:
    """What a fuzzer has tried, and what got out."""

    programs: int = 0
    instructions: int = 0
    escapes: list[str] = field(default_factory=list)


def fuzz(instructions, seed=0):
    """Run random programs on all stacks in turn until so many instructions have been executed."""
    tried, stacks = Tried(), list(STACKS.values())
    while tried.instructions < instructions:
        number = seed * 1_000_003 + tried.programs
        choose = Random(number)
        placement = anywhere(choose)
        scenario = Scenario(stacks[number % len(stacks)], placement, seed=choose.getrandbits(62))
        executed, escaped = run_one(scenario, Programs(number, list(scenario.manual())).text())
        tried.programs += 1
        tried.instructions += executed
        if escaped:
            tried.escapes.append(f"program {number} on {scenario.stack.id}: {escaped}")
    return tried


def anywhere(choose):
    """A placement: mostly a simple one, so that most of the time goes into instructions and not into surroundings."""
    timed = choose.random() < 0.2
    return Placement(
        "beside" if timed else choose.choice(VICTIMS),
        emulated=choose.random() < 0.5,
        maps_twice=choose.random() < 0.2,
        timed=timed,
        contiguous=choose.random() < 0.2,
        core=choose.choice(CORES) if timed else "own",
        scheduled=not timed and choose.random() < 0.1,
        overcommitted=choose.random() < 0.2,
        vcpus=choose.choice((1, 1, 2)),
        pressed=choose.random() < 0.2,
    )


def run_one(scenario, text):
    """Run a program, from its handler again whenever its VM is stopped; return the instructions, and what got out."""
    shot = Shot(Attack.from_text(text), scenario)
    before, left = foreign(scenario), BUDGET
    while left > 0:
        executed = shot.cpu.executed
        if shot.cpu.run(left) is not Action.STOP:
            break
        left -= shot.cpu.executed - executed + 1
        shot.cpu.jump("fault")
    verdict, after = shot.verdict(), foreign(scenario)
    found = [*verdict.read, *verdict.written, *verdict.taken, *verdict.crashed]
    found += ["the secret"] if verdict.succeeded else []
    found += ["an interrupt"] if scenario.interrupts else []
    found += [f"page {page} of {owner}" for owner, page in before if after.get((owner, page)) != before[owner, page]]
    return shot.cpu.executed, ", ".join(found)


def foreign(scenario):
    """What other VMs find in their pages, and all of the firmware. Layers have buffers that a guest may fill."""
    memory, others = scenario.machine.memory, [one for one in scenario.guests if one is not scenario.attacker]
    places = {(guest.name, page): frame for guest in others for page, frame in guest.map.items()}
    places |= {(FIRMWARE, frame): frame for frame in scenario.machine.frames_of(FIRMWARE)}
    return {place: bytes(memory[at * PAGE_BYTES : (at + 1) * PAGE_BYTES]) for place, at in places.items()}


def main():
    """Fuzz as the command line says; the answer is how many programs and instructions, and 1 if something got out."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("instructions", type=int, nargs="?", default=100_000_000)
    parser.add_argument("--seed", type=int, default=0)
    wanted = parser.parse_args()
    tried = fuzz(wanted.instructions, wanted.seed)
    print(f"{tried.programs} programs, {tried.instructions} instructions, {len(tried.escapes)} escapes")
    print("\n".join(tried.escapes))
    return bool(tried.escapes)


if __name__ == "__main__":
    sys.exit(main())
