"""Mutants of guest code: the same idea in other words, to see whether a defence stops the idea or the words.

Mutants in registers and in order do the same as the original, mutants in timing do it at other times, and mutants in
addresses try other places.
"""

import re
from collections.abc import Callable

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.draws import Draws

_FREE = ("rbx", "rcx", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
"""Registers that no instruction and no call takes for granted."""
_NAME = re.compile(r"\b(?:r([a-d])x|e([a-d])x|([re])(bp|si|di|sp)|r(\d+)(d?))\b")
_SETS = re.compile(r"mov (\w+), (?:\{(\w+)\}|-?\w+)$")
_SHIFTS = (-4096, -64, -8, -1, 1, 8, 64, 4096, 8192, 2**21)
_CALLS = ("call_", "port_", "mark")


def mutate(code: str, kind: str, seed: int) -> str:
    """Return a mutant of guest code.

    Parameters
    ----------
    code
        The text, with placeholders.
    kind
        One of :data:`KINDS`.
    seed
        Which of the many.

    Raises
    ------
    VmwidgetsError
        If there is no such kind.
    """
    if kind not in KINDS:
        raise VmwidgetsError("kind is {value}, expected one of {known}", value=repr(kind)[:60], known=", ".join(KINDS))
    return "\n".join(KINDS[kind](stripped(code), Draws(seed))) + "\n"


def stripped(code: str) -> list[str]:
    """Return the lines of guest code without comments, and without those that hold nothing else."""
    return [line for line in (re.split("[;#]", text)[0].strip() for text in code.split("\n")) if line]


def _registers(lines: list[str], draws: Draws) -> list[str]:
    """Give the free registers other names."""
    taken = {"rcx"} if any(re.search(r"\b(cl|wrmsr|rdmsr|cpuid)\b", line) for line in lines) else set[str]()
    free = [name for name in _FREE if name not in taken]
    order = draws.order("registers", len(free))
    names = {old: free[at] for old, at in zip(free, order, strict=True)}

    def rename(found: re.Match[str]) -> str:
        text = found[0]
        if found[5]:
            return _sized(names.get(f"r{found[5]}", f"r{found[5]}"), bool(found[6]))
        return _sized(names.get("r" + text[1:], "r" + text[1:]), text[0] == "e")

    return [_NAME.sub(rename, line) for line in lines]


def _sized(name: str, low: bool) -> str:
    """Return the name of a register, or of its low half."""
    if not low:
        return name
    return f"{name}d" if name[1].isdigit() else "e" + name[1:]


def _order(lines: list[str], draws: Draws) -> list[str]:
    """Swap neighbours that set two registers: each of the pairs that there are, or not."""
    lines, at = list(lines), 0
    while at + 1 < len(lines):
        one, other = _SETS.match(lines[at]), _SETS.match(lines[at + 1])
        apart = one and other and one[1] != other[1] and not re.search(rf"\b{one[1]}\b", lines[at + 1])
        if apart and other and not re.search(rf"\b{other[1]}\b", lines[at]):
            if draws.number(f"swap {at}", 0, 1):
                lines[at : at + 2] = lines[at + 1], lines[at]
            at += 1
        at += 1
    return lines


def _timing(lines: list[str], draws: Draws) -> list[str]:
    """Wait here and there."""
    waits = ("pause", "nop", "hlt")
    mutant: list[str] = []
    for at, line in enumerate(lines):
        if not draws.number(f"wait {at}", 0, 3):
            mutant.append(waits[draws.number(f"how {at}", 0, len(waits) - 1)])
        mutant.append(line)
    return mutant


def _addresses(lines: list[str], draws: Draws) -> list[str]:
    """Move one of the places and amounts that the manual gives."""
    places = [at for at, line in enumerate(lines) if (one := _SETS.match(line)) and _is_place(one[2])]
    if not places:
        return lines
    at = places[draws.number("place", 0, len(places) - 1)]
    found = _SETS.match(lines[at])
    assert found is not None
    shift = _SHIFTS[draws.number("shift", 0, len(_SHIFTS) - 1)]
    return [*lines[: at + 1], f"add {found[1]}, {shift}", *lines[at + 1 :]]


def _is_place(name: str | None) -> bool:
    return name is not None and not name.startswith(_CALLS)


KINDS: dict[str, Callable[[list[str], Draws], list[str]]] = {
    "addresses": _addresses,
    "order": _order,
    "timing": _timing,
    "registers": _registers,
}
"""What is other in a mutant."""
