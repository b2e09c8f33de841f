"""Right answers to Perimeter, for any host: what a student hands in who has understood everything.

They are made of the attacks of the gallery, into which the numbers of the host's manual and its encoding are written.
"""

import re

from vmwidgets.answers import Answer
from vmwidgets.assignments.perimeter import Variant
from vmwidgets.assignments.perimeter.board import cost, reference
from vmwidgets.assignments.perimeter.items import AGREED, PREDICTED
from vmwidgets.assignments.perimeter.proof import Step
from vmwidgets.assignments.perimeter.variant import BOOT_NAMES
from vmwidgets.assignments.perimeter.weaknesses import SLOTS, Weakness
from vmwidgets.chapters.threats import threats_of
from vmwidgets.model.range.reading import fill

REPORT = "    mov rax, {call_report}\n    vmcall\n"
TAKEN = "    xor rsi, rsi\n    mov rdi, [rsi + 8]          ; the secret, behind the mark\n"
"""What a program that has had its code run in a layer below finds in its page 0."""


def program(variant: Variant, slot: str) -> str:
    """Return a program that crosses a wall in any boot."""
    return own(variant, variant.exploitable[slot])


def own(variant: Variant, hole: Weakness) -> str:
    """Return the attack on a hole with the numbers and the encoding of a host."""
    numbers = variant.numbers() | {name: f"{{{name}}}" for name in BOOT_NAMES}
    encoding = "".join(map(_step, variant.encoding))
    code = hole.attack.code
    if hole.proof == "ticket":
        code = f"    mov rsi, {{ticket_address}}\n    mov rdi, [rsi]\n{encoding}{REPORT}{code}"
    elif "{call_report}" in code:
        code = re.sub(
            r" *mov rax, \{call_report\}(.*?) *vmcall\n", lambda found: found[1] + encoding + REPORT, code, flags=re.S
        )
    else:
        code += TAKEN + encoding + REPORT
    return fill(code, numbers)  # pyright: ignore[reportArgumentType]


def _step(step: Step) -> str:
    """Return code that does to rdi what a step of the encoding does to a word."""
    if step.operation == "rotate":
        left, right = step.number, 64 - step.number
        return f"    mov rax, rdi\n    shl rax, {left}\n    shr rdi, {right}\n    or rdi, rax\n"
    return f"    mov rax, {step.number}\n    {step.operation} rdi, rax\n"


def answers(variant: Variant) -> dict[str, Answer]:
    """Return answers to everything."""
    weak = {one.family for one in (*variant.exploitable.values(), variant.incurable)}
    on = {**variant.settings, **reference(variant)}
    price = cost(variant, on)
    found = [
        Answer("choice", "a0", AGREED),
        Answer("prediction", "a1", tuple("weak" if one in weak else "sound" for one in PREDICTED), 3),
        *(Answer("choice", f"a2.{slot}.family", variant.exploitable[slot].family) for slot in SLOTS),
        *(Answer("program", f"a2.{slot}", program(variant, slot)) for slot in SLOTS),
        *(Answer("choice", f"a3.{slot}", diagnosis(variant, slot)) for slot in SLOTS),
        Answer("choice", "a4", tuple(sorted(id for id, is_on in on.items() if is_on))),
        Answer("prediction", "a5", (price.cpu_permille - 1000, price.frames, price.exits_per_s), 3),
        Answer("text", "a6", f"What is left is {variant.incurable.family}: no switch of this board is against it."),
    ]
    return {one.item: one for one in found}


def diagnosis(variant: Variant, slot: str) -> tuple[str, str, str]:
    """Return mechanism, threat and layer of a wall."""
    hole = variant.exploitable[slot]
    deciding = variant.run_gallery(hole, 1).verdict.deciding
    assert deciding is not None
    return deciding.check, min(threats_of(hole.family)), deciding.layer
