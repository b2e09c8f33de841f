"""The board of defences of a student's host: what is on, what each switch costs, and how much may be spent.

Prices are measured: a guest that does no harm is run with the switch and without, all others being as they are when the
host is handed over. The budget is what the smallest fix costs, and a little more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from vmwidgets.assignments.perimeter.variant import Variant, folded
from vmwidgets.model.range.benign import BENIGN
from vmwidgets.model.range.defences import DEFENCES, Defences
from vmwidgets.model.range.prices import Price, Workload, difference, workload
from vmwidgets.model.stack import Stack

SPARE_FRAMES, SPARE_PERMILLE = 2, 20
"""What the budget leaves above the smallest fix: frames, and thousandths of the throughput."""
SMALLEST: dict[str, tuple[str, ...]] = {"V7": ("channel_check",)}
"""Of families whose holes several switches close, those of the smallest fix: the one that leaves the channel open."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch of the board.

    Parameters
    ----------
    id, name, without
        The defence, see :class:`~vmwidgets.model.range.defences.Defence`.
    on
        Whether it is on when the host is handed over.
    price
        What it costs.
    """

    id: str
    name: str
    without: str
    on: bool
    price: Price


@dataclass(frozen=True, slots=True)
class Budget:
    """What a fix may cost, against the host as it was handed over.

    Parameters
    ----------
    frames
        Frames that the same VMs need more, at most.
    throughput_permille
        Throughput that is left, at least, in thousandths.
    """

    frames: int
    throughput_permille: int

    def pays(self, price: Price) -> bool:
        """Return whether it is enough."""
        return price.frames <= self.frames and price.throughput_permille >= self.throughput_permille


@dataclass(frozen=True, slots=True)
class Board:
    """The board.

    Parameters
    ----------
    switches
        All that it has.
    budget
        What a fix may cost.
    """

    switches: tuple[Switch, ...]
    budget: Budget


def board(variant: Variant) -> Board:
    """Return the board of a host, with prices. It takes some tenths of a second at the first call."""
    switches: list[Switch] = []
    for id, on in variant.settings.items():
        one = DEFENCES[id]
        with_it, without = (measured(variant, {id: setting}) for setting in (True, False))
        switches.append(Switch(id, one.name, one.without, on, difference(id, with_it, without)))
    return Board(tuple(switches), budget(variant))


def measured(variant: Variant, switches: Mapping[str, bool] | None = None) -> Workload:
    """Return what the guest that does no harm has done under the board.

    Parameters
    ----------
    variant
        The host.
    switches
        Switches that are not as they are when it is handed over.
    """
    settings = variant.set(switches) | dict.fromkeys(variant.missing, False)
    offered = Defences(variant.stack, variant.stack.technique).offered
    chosen = tuple(sorted((id, on) for id, on in settings.items() if id in offered))
    return _measured(variant.stack, chosen, folded(variant.seed), variant.core)


@lru_cache(maxsize=256)
def _measured(stack: Stack, settings: tuple[tuple[str, bool], ...], seed: int, core: str) -> Workload:
    return workload(stack, dict(settings), seed, replace(BENIGN, core=core))


def cost(variant: Variant, switches: Mapping[str, bool]) -> Price:
    """Return what a setting of the board costs against the host as it was handed over."""
    return difference("", measured(variant, switches), measured(variant))


def reference(variant: Variant) -> dict[str, bool]:
    """Return the smallest fix: for each hole that can be closed the switches that it takes."""
    needed = (SMALLEST.get(one.family, one.switches) for one in variant.exploitable.values())
    return {id: True for ids in needed for id in ids}


def budget(variant: Variant) -> Budget:
    """Return what a fix of a host may cost."""
    smallest = cost(variant, reference(variant))
    return Budget(smallest.frames + SPARE_FRAMES, smallest.throughput_permille - SPARE_PERMILLE)
