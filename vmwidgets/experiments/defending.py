"""What defences cost: guests that do no harm, with each defence and without."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vmwidgets.experiments.breaking import MAX_SEED, chosen_stacks
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import check_int
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.prices import WORKLOAD, Price, price
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said

if TYPE_CHECKING:
    import pandas as pd

RESTS = """
    mov rax, {library_word}     ; has a page in common with another VM, and rests for two rounds of the scanner
    mov [0x1000], rax
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rcx, {round_cycles}
    add rax, rcx
    add rax, rcx
    mov rdx, rax
    shr rdx, 32
    mov rcx, 0x6e0
    wrmsr
    hlt
"""
KEEPS = """
    mov rdx, {port_balloon}     ; is asked for memory, and has none to give back
    out dx, al
"""
SITUATIONS: dict[str, tuple[str, str, dict[str, object]]] = {
    "alone": (said("a guest that writes to memory, calls and uses devices"), WORKLOAD, {}),
    "in turn": (
        said("the same, and another VM has the core by turns"),
        WORKLOAD,
        {"timed": True, "core": "in_turn"},
    ),
    "resting": (
        said("a guest with pages that others have as well, for two rounds of the scanner"),
        RESTS,
        {"timed": True},
    ),
    "lent": (said("a guest that was lent memory and is asked for it"), KEEPS, {"overcommitted": True}),
}
"""What guests do: in words, as code, and where they are put."""


@experiment(
    source="what the mechanisms of the range have to do; how long a check takes on a processor is published nowhere"
)
def defence_costs(stacks: str | Sequence[object] = ("kvm", "xen", "esx"), seed: int = 0) -> "pd.DataFrame":
    """Measure what each defence of a stack costs guests that do no harm.

    The same guest code is run on the same machine with all defences on, and with one of them off.

    Parameters
    ----------
    stacks
        Ids or records; none: all.
    seed
        Of the layout.

    Returns
    -------
    DataFrame
        A row for each stack, defence and situation in which the defence does something that it does in no other:
        ``stack``, ``product``, ``defence`` (id), ``name``, ``situation`` (one of :data:`SITUATIONS`; ``""`` for a
        defence that these guests do not notice; what it costs others, such as a thread of a core that stays idle, is
        not counted), ``throughput_pct`` (of that without it, in the time of caches and memory; checks take none),
        ``frames`` (of 4 KiB, more in use), ``exits`` and ``instructions`` (more), ``work`` (what it does, by kind).
    """
    import pandas as pd

    check_int("seed", seed, 0, MAX_SEED)
    rows: list[tuple[object, ...]] = []
    for stack in chosen_stacks(stacks):
        for defence in DEFENCES:
            costs = _costs(stack, defence, seed)
            if costs is None:
                continue
            for situation, one in costs.items() or {"": Price(defence, {}, 0, 0, 0)}.items():
                share = 100 * one.cycles_without / (one.cycles_without + one.cycles) if one.cycles else 100.0
                work = ", ".join(f"{kind} {count}" for kind, count in sorted(one.work.items()))
                names = (stack.id, stack.name, defence, DEFENCES[defence].name, situation)
                rows.append((*names, share, one.frames, one.exits, one.instructions, work))
    columns = ["stack", "product", "defence", "name", "situation"]
    return pd.DataFrame(rows, columns=[*columns, "throughput_pct", "frames", "exits", "instructions", "work"])


def _costs(stack: Stack, defence: str, seed: int) -> dict[str, Price] | None:
    """Return what a defence costs by situation where it costs something, None if the stack does not have it."""
    found: dict[str, Price] | None = None
    for situation, (_, code, how) in SITUATIONS.items():
        for emulated in (False, True):
            where = Placement(emulated=emulated, **how)  # pyright: ignore[reportArgumentType]
            if defence in Scenario(stack, where).defences.offered:
                found = {} if found is None else found
                one = price(defence, stack, where, code, seed)
                if not one.is_free and not any(_same(one, other) for other in found.values()):
                    found[situation] = one
                break
    return found


def _same(one: Price, other: Price) -> bool:
    """Return whether a situation has shown no more than another."""
    return not one.cycles and replace(one, cycles_without=other.cycles_without) == other
