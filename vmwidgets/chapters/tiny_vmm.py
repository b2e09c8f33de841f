"""A tiny VMM for chapter 4: what it decides for each class of instruction, tried on programs that nobody has seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.locale import mark
from vmwidgets.model.deprivileged import DATA, HANDLER, NEW, PORT, ROOTS, SPARE, TABLE, entry_address
from vmwidgets.model.trap_and_emulate import CLASSES, SOUND, VMM

_NEXT = 4096


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hidden program.

    Parameters
    ----------
    name
        What it is about.
    mode
        In which it begins.
    text
        Its text; ``{n}`` is a number of the variant.
    hint
        A message id that leads to the row that is wrong.
    """

    name: str
    mode: str
    text: str
    hint: str


_HANDLER = f"\njmp end\n{HANDLER}:\ninc r15\nend: nop"
PROGRAMS = (
    Hidden(
        "request",
        "kernel",
        f"mov eax, {{n}}\nmov edx, {PORT}\nout dx, eax\nin eax, dx\nadd rax, 1\nmov [{DATA}], rax",
        mark("Look at the kernel that gives its disk a request and asks for the status."),
    ),
    Hidden(
        "section",
        "kernel",
        f"cli\nmov rax, [{DATA}]\nadd rax, {{n}}\nmov [{DATA}], rax",
        mark("Look at the kernel that disables interrupts: who must not be deaf then?"),
    ),
    Hidden(
        "idle",
        "kernel",
        "mov rcx, {n}\nsti\nhlt\nadd rcx, 1",
        mark("Look at the kernel that has nothing to do: whose processor may stand still?"),
    ),
    Hidden(
        "switch",
        "kernel",
        f"mov rcx, {ROOTS[1]}\nmov cr3, rcx\nmov rax, [{DATA}]\nadd rax, {{n}}\nmov rbx, cr3",
        mark("Look at the kernel that changes to another address space."),
    ),
    Hidden(
        "remap",
        "kernel",
        f"mov edi, {entry_address(NEW)}\nmov qword [rdi], {SPARE | 7}\nmov qword [{NEW}], {{n}}\n"
        f"mov qword [rdi], {SPARE + _NEXT | 7}\nmov rax, [{NEW}]\nadd rax, 3" + _HANDLER,
        mark("Look at the kernel that maps a page, writes to it, and then maps another page there."),
    ),
    Hidden(
        "rogue",
        "user",
        f"mov eax, {{n}}\nmov edx, {PORT}\nout dx, eax\ninc r14" + _HANDLER,
        mark("Look at the user program that tries what only a kernel may: what happens to it on a bare machine?"),
    ),
    Hidden(
        "wild",
        "user",
        "mov rcx, {n}\nmov rax, [0x7000]\ninc r14" + _HANDLER,
        mark("Look at the user program that reads a page which its kernel has not mapped."),
    ),
    Hidden(
        "forger",
        "user",
        f"mov rcx, {{n}}\nmov qword [{TABLE}], 7\ninc r14" + _HANDLER,
        mark("Look at the user program that writes to the page tables of its own kernel."),
    ),
)
"""Each class of instruction is in one of them; on the bare machine each does what its architecture says."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of the hidden programs under a VMM.

    Parameters
    ----------
    broken
        Which of the properties of Popek and Goldberg does not hold: ``"control"``, ``"equivalence"``,
        ``"efficiency"``, or ``""``.
    program
        The first program that shows it.
    """

    broken: str = ""
    program: Hidden | None = None


@cache
def _bare(program: Hidden, number: int) -> tuple[object, ...]:
    return _outcome(VMM(program.text.format(n=number), "bare", mode=program.mode).run())


def _outcome(vmm: VMM) -> tuple[object, ...]:
    return (tuple(vmm.cpu.registers.values()), vmm.space.words(), vmm.device.requests, vmm.virtual, vmm.faults)


def replay(decisions: Mapping[str, str], number: int = 7) -> Replay:
    """Run the hidden programs under a VMM with these decisions, and compare with the bare machine.

    Parameters
    ----------
    decisions
        What the VMM decides; a sound VMM's decision for each class that is left out.
    number
        A number of the variant, which the programs compute with.
    """
    slow: Hidden | None = None
    for program in PROGRAMS:
        text = program.text.format(n=number)
        vmm = VMM(text, mode=program.mode, decisions=decisions).run()
        if vmm.loose:
            return Replay("control", program)
        if _outcome(vmm) != _bare(program, number):
            return Replay("equivalence", program)
        if vmm.emulated > VMM(text, mode=program.mode).run().emulated:
            slow = slow or program
    return Replay("efficiency", slow) if slow else Replay()


_ROWS = {
    "arithmetic": mark("arithmetic and jumps"),
    "memory": mark("loads and stores in the guest's own pages"),
    "device": mark("in and out, by the guest's kernel"),
    "halt": mark("hlt, by the guest's kernel"),
    "flag": mark("cli and sti, by the guest's kernel"),
    "cr3": mark("mov cr3, by the guest's kernel"),
    "tables": mark("a store to the guest's page tables, by its kernel (shadow tables)"),
    "user": mark("in, out, hlt, cli, mov cr3 by a user program of the guest"),
    "unmapped": mark("an access that the guest's own page tables do not allow"),
}
_OPTIONS = (
    ("run", mark("run: let the hardware do it")),
    ("emulate", mark("trap and emulate it on the virtual state")),
    ("inject", mark("trap and give the guest an exception")),
    ("skip", mark("trap and skip it")),
)
_BROKEN = {
    "control": mark("One of the hidden programs gets at the real machine."),
    "equivalence": mark("One of the hidden programs ends otherwise than on the bare machine."),
    "efficiency": mark("All programs end as they should, but something is emulated that could run directly."),
}


def asked(draw: Draw) -> tuple[str, ...]:
    """Return the classes of a variant: seven of them, in their order."""
    if draw.practice:
        return tuple(name for name in CLASSES if name not in ("memory", "cr3"))
    # What is asked always has something to run, to emulate and to inject; each variant leaves out two others.
    pairs = (("memory", "halt"), ("arithmetic", "flag"), ("cr3", "user"), ("device", "unmapped"))
    left_out = pairs[draw.number("classes", 0, len(pairs) - 1)]
    return tuple(name for name in CLASSES if name not in left_out)


def decisions(draw: Draw) -> Item:
    """Return the question about the decision table."""
    classes, number = asked(draw), draw.number("number", 2, 99)

    def check(value: Value) -> Verdict:
        given = value if isinstance(value, tuple) else ()
        found = replay({name: str(one) for name, one in zip(classes, given, strict=True)}, number)
        if found.program is None:
            return Verdict(
                1, 1, mark("Every hidden program ends as on the bare machine, and runs directly where it can.")
            )
        return Verdict(0, 1, _BROKEN[found.broken], found.program.hint)

    question = mark(
        "Write the decision table of a tiny VMM with shadow page tables. It is tried on hidden programs: each must end"
        " as on the bare machine, none may touch the real one, and what can run directly must."
    )
    rows = tuple((name, _ROWS[name]) for name in classes)
    return Item("ch04.decide", "table", question, check, options=_OPTIONS, rows=rows)


def sound(draw: Draw) -> tuple[str, ...]:
    """Return the decisions of a sound VMM for the classes of a variant."""
    return tuple(SOUND[name] for name in asked(draw))
