"""Four toy instruction sets for chapter 4: under one of them a VMM of trap and emulate can be built."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.locale import mark
from vmwidgets.model.popek_goldberg import Instruction, theorem_1
from vmwidgets.model.third_generation import OPERATIONS, PRIVILEGED, Operation, State, classify


def _who(state: State, operand: int) -> State:
    return replace(state, accumulator=int(state.supervisor))


def _where(state: State, operand: int) -> State:
    return replace(state, accumulator=state.base)


_OPERATIONS: Mapping[str, Operation] = {**OPERATIONS, "WHO": _who, "WHERE": _where}


@dataclass(frozen=True, slots=True)
class Toy:
    """An instruction set.

    Parameters
    ----------
    id
        Of the set.
    names
        Its instructions.
    silent
        Those of them that look at or change what is the supervisor's, without a trap in user mode.
    """

    id: str
    names: tuple[str, ...]
    silent: str = ""

    def instructions(self) -> tuple[Instruction, ...]:
        """Return the instructions with the flags that trying them gives."""
        return tuple(_classified(name, name != self.silent) for name in self.names)


@cache
def _classified(name: str, traps: bool) -> Instruction:
    wanted = name in PRIVILEGED or (traps and name in ("POPF", "WHERE"))
    return classify(name, {*(PRIVILEGED - {name}), *([name] if wanted else [])}, _OPERATIONS)


TOYS = (
    Toy("popf", ("ADD", "STORE", "JUMP", "BOUND", "HALT", "POPF"), "POPF"),
    Toy("traps", ("ADD", "LOAD", "BOUND", "RETURN", "POPF", "WHERE")),
    Toy("who", ("ADD", "STORE", "HALT", "RETURN", "POPF", "WHO"), "WHO"),
    Toy("where", ("SET", "LOAD", "JUMP", "BOUND", "POPF", "WHERE"), "WHERE"),
)
"""One that is like the x86, one for which a VMM can be built, one that shows its mode, one that shows its place."""

_DOES = {
    "SET": mark("SET x: the accumulator becomes x"),
    "ADD": mark("ADD x: adds x to the accumulator"),
    "LOAD": mark("LOAD a: reads word a of the program's memory, counted from the base"),
    "STORE": mark("STORE a: writes word a of the program's memory, counted from the base"),
    "JUMP": mark("JUMP a: goes on at a"),
    "BOUND": mark("BOUND x: sets how much memory the program has; traps in user mode"),
    "HALT": mark("HALT: stops the processor; traps in user mode"),
    "RETURN": mark("RETURN: ends an interrupt and restores mode and interrupt flag; traps in user mode"),
    "POPF": mark("POPF x: sets the interrupt flag; traps in user mode"),
    "WHO": mark("WHO: the accumulator becomes 1 in supervisor mode, 0 in user mode"),
    "WHERE": mark("WHERE: the accumulator becomes the base, where the memory really begins; traps in user mode"),
}
_SILENT = {
    "POPF": mark("POPF x: sets the interrupt flag; in user mode it does nothing, without a trap"),
    "WHO": _DOES["WHO"],
    "WHERE": mark("WHERE: the accumulator becomes the base, where the memory really begins, in either mode"),
}
_MARKS = (
    ("innocuous", mark("innocuous")),
    ("trapped", mark("sensitive and privileged")),
    ("offender", mark("sensitive and not privileged: the offender")),
)


def marks(toy: Toy) -> tuple[str, ...]:
    """Return the mark of each instruction, found by trying it."""
    offenders = theorem_1(toy.instructions()).offenders
    return tuple(
        "offender" if one.name in offenders else "trapped" if one.sensitive else "innocuous"
        for one in toy.instructions()
    )


def virtualizable(draw: Draw) -> Item:
    """Return the question about the instruction set of a variant."""
    toy = TOYS[0 if draw.practice else draw.number("isa", 0, len(TOYS) - 1)]

    def check(value: Value) -> Verdict:
        right = marks(toy)
        if value == right:
            if "offender" in right:
                return Verdict(
                    1, 1, mark("Yes. With this offender no VMM of trap and emulate can be built: it never hears of it.")
                )
            return Verdict(1, 1, mark("Yes. Nothing sensitive stays silent: a VMM of trap and emulate can be built."))
        given = value if isinstance(value, tuple) else ()
        if ("offender" in given) != ("offender" in right):
            return Verdict(
                0,
                1,
                mark("Whether a VMM of trap and emulate can be built comes out differently."),
                mark("Try each instruction in user mode: does a guest's kernel get what it would get, or else a trap?"),
            )
        hint = mark("Sensitive is what changes or shows the mode, the interrupt flag, the base or the bound.")
        return Verdict(0, 1, mark("Some of the marks are not so."), hint)

    question = mark(
        "A toy processor with two modes. Mark its instructions after Popek and Goldberg. If none is an offender, a VMM"
        " of trap and emulate can be built."
    )
    rows = tuple((name, (_SILENT if name == toy.silent else _DOES)[name]) for name in toy.names)
    return Item("ch04.isa", "table", question, check, options=_MARKS, rows=rows)
