"""A stack: the layers between hardware and guests, as a frozen record that chooses policies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.allocation import share
from vmwidgets.model.boot import Stage
from vmwidgets.model.control import Control
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import Layers
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.paths import Cost

Floats = NDArray[np.float64]
Policy = Callable[[float, Floats, Floats, Floats], Floats]
"""``policy(capacity, shares, reservation, demand)`` proposes what each VM gets.

``shares`` and ``reservation`` have the shape (VM, 1), ``demand`` (already within the limit) and the result have the
shape (VM, tick).
"""


def proportional_share(capacity: float, shares: Floats, reservation: Floats, demand: Floats) -> Floats:
    """Divide by shares under contention; reservations are floors, and what one VM leaves is lent to the others."""
    return share(capacity, shares, np.minimum(reservation, demand), demand)


def equal_share(capacity: float, shares: Floats, reservation: Floats, demand: Floats) -> Floats:
    """Divide evenly, whatever the shares and reservations: a policy for comparison."""
    return share(capacity, np.ones_like(shares), np.zeros_like(demand), demand)


TECHNIQUES = ("none", "trap_and_emulate", "binary_translation", "paravirtualization", "nested_paging")
"""How the CPU is virtualized, which is another question than where the VMM runs. ``trap_and_emulate`` is hardware
assistance with shadow page tables, ``nested_paging`` with second-stage tables that the CPU walks itself; ``none``:
there is no VM."""

EXTRAS = ("convenience_channel", "user_network", "memory_encryption", "cpu_pools")
"""What not every VM can have: a channel between guest and desktop (clipboard, drag and drop, shared folders); a network
stack in the process of its VMM; memory that is encrypted with a key which only the processor has; processors on which
one group of VMs runs and no other."""

DEVICES = ("native", "emulated", "paravirtual", "passthrough")
"""How a guest reaches a device."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement about a product, with what it rests on.

    Parameters
    ----------
    topic
        One of :data:`TOPICS`.
    text
        The statement, an English sentence, a key of the catalogues.
    source
        Where it is said; ``""``: it is an assumption.
    checked_on
        When the source was last looked at, as ``"2026-11"``.
    scope
        Version or configuration of which it is said (an English text, a key of the catalogues).
    verdict
        What the source makes of the statement, one of :data:`VERDICTS`. People say wrong things of products too.
    """

    topic: str
    text: str
    source: str
    checked_on: str = "2026-11"
    scope: str = ""
    verdict: str = "supported"


@dataclass(frozen=True, slots=True)
class Shipped:
    """How a product has a defence unless somebody changes it.

    Parameters
    ----------
    defence
        Id of one of :data:`~vmwidgets.model.range.defences.DEFENCES`.
    on
        Whether it is on.
    source
        Where that is said.
    """

    defence: str
    on: bool
    source: str


VERDICTS = ("supported", "outdated", "contested", "unsupported")
"""What a source makes of a statement: it says so; it was so once; sources differ; it says otherwise."""
TOPICS = ("boot", "scheduler", "memory", "drivers", "devices", "isolation", "session", "cpu", "history")
"""What claims are about: the questions that products are compared by."""


NO_LAYERS = Layers()


@dataclass(frozen=True, slots=True)
class Stack:
    """A virtualization stack: the record of a product.

    Parameters
    ----------
    id
        Its key in :data:`vmwidgets.stacks.STACKS` and in saved experiments.
    name
        As people call it.
    type
        1: the VMM runs on the hardware; 2: the VMM is a program on a host OS; 0: there is no VMM.
    cpu, memory, disk, network
        The policies that divide each resource.
    layers
        What stands on what.
    boot
        How the machine comes up, in the right order.
    technique, techniques
        How the CPU is virtualized by default, and all ways that the product has, of :data:`TECHNIQUES`.
    device, devices
        How a guest reaches its disk and network by default, and all ways that the product has, of :data:`DEVICES`.
    costs
        What is published of its costs, by the name of the step, see :mod:`vmwidgets.model.paths`. What is not here is
        not published.
    controls
        The controls of a VM under the product's own names. Empty: all settings of a VM, as they are.
    scheduler
        Id of its CPU scheduler, see :data:`vmwidgets.model.scheduling.ALGORITHMS`; ``""``: the lab's choice.
    memory_profile
        How it manages memory page by page.
    claims
        Evidence.
    extras
        What else its VMs can have, of :data:`EXTRAS`.
    shipped
        Which defences are on and off unless somebody changes that, as far as it is said somewhere and does not follow
        from its controls.
    """

    id: str
    name: str
    type: int
    cpu: Policy = proportional_share
    memory: Policy = proportional_share
    disk: Policy = proportional_share
    network: Policy = proportional_share
    layers: Layers = NO_LAYERS
    boot: tuple[Stage, ...] = ()
    technique: str = "none"
    techniques: tuple[str, ...] = ()
    device: str = "native"
    devices: tuple[str, ...] = ()
    costs: tuple[Cost, ...] = ()
    controls: tuple[Control, ...] = ()
    scheduler: str = ""
    memory_profile: MemoryProfile | None = None
    claims: tuple[Claim, ...] = ()
    extras: frozenset[str] = frozenset()
    shipped: tuple[Shipped, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(cast(object, self.extras), frozenset):
            raise VmwidgetsError(
                "the extras of {stack} are {value}, expected a frozenset", stack=self.name, value=repr(self.extras)[:60]
            )
        if unknown := self.extras - set(EXTRAS):
            raise VmwidgetsError(
                "the extras of {stack} are {value}, expected some of {known}",
                stack=self.name, value=", ".join(sorted(unknown)), known=", ".join(EXTRAS),
            )  # fmt: skip
