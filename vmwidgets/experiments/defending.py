"""What defences cost: a guest that does no harm, with each defence and without."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmwidgets.experiments.breaking import MAX_SEED, chosen_stacks
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import check_int
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.neighbours import NEIGHBOURS_PERMILLE
from vmwidgets.model.range.prices import is_priced, price
from vmwidgets.model.stack import Stack

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    *("stack", "product", "defence", "name", "throughput_pct", "cpu_pct", "frames", "exits", "exits_per_s"),
    *("instructions", "work"),
)


@experiment(
    source="the mechanisms of the range; cycles of exits: Landau et al., WIOV 2011; of what defences do: assumed"
)
def defence_costs(
    stacks: str | Stack | Sequence[object] = ("kvm", "xen", "esx"),
    seed: int = 0,
    neighbours_pct: int = NEIGHBOURS_PERMILLE // 10,
) -> "pd.DataFrame":
    """Measure what each defence of a stack costs guests that do no harm.

    The same guest is run on the same machine with all defences on, and with one of them off. It computes, touches
    memory, calls, uses devices, waits for the disk and sleeps, beside two VMs of the same OS.

    Parameters
    ----------
    stacks
        Ids or records; none: all.
    seed
        Of the layout.
    neighbours_pct
        So much of its time each of the other VMs wants to compute.

    Returns
    -------
    DataFrame
        A row for each stack and defence: ``stack``, ``product``, ``defence`` (id), ``name``, ``throughput_pct`` (work
        done in a time) and ``cpu_pct`` (processor time for the same work), both of those without it; ``frames`` (of 4
        KiB, more in use), ``exits``, ``exits_per_s``, ``instructions`` (more), ``work`` (what it does, by kind, ``""``
        for one that does nothing here). Defences with nothing to do for such a guest are measured where they have: the
        limit of processor time with a VM of two vCPUs, those on memory with a guest that was lent some, the limits on
        programs of the host with such a program.
    """
    import pandas as pd

    check_int("seed", seed, 0, MAX_SEED)
    check_int("neighbours_pct", neighbours_pct, 0, 100)
    rows: list[tuple[object, ...]] = []
    for stack in chosen_stacks(stacks):
        for defence in DEFENCES:
            if not is_priced(defence, stack):
                continue
            one = price(defence, stack, seed=seed, neighbours_permille=10 * neighbours_pct)
            work = ", ".join(f"{kind} {count}" for kind, count in one.work.items())
            names = (stack.id, stack.name, defence, DEFENCES[defence].name)
            shares = (one.throughput_permille / 10, one.cpu_permille / 10)
            rows.append((*names, *shares, one.frames, one.exits, one.exits_per_s, one.instructions, work))
    return pd.DataFrame(rows, columns=list(_COLUMNS))
