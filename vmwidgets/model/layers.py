"""The layers of a stack: what stands on what, in which privilege, and whose each duty is.

Everything else is read off them: what falls together, whom a VM has to trust, which way an operation takes. A layer
has no behaviour and no list of what happens to it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from vmwidgets.model.errors import VmwidgetsError

KINDS = ("hardware", "firmware", "vmm", "kernel", "driver", "program")
"""What a layer is: ``vmm`` is the code that has the CPU between two VMs (a hypervisor, or the monitor of a hosted VMM),
``driver`` is a part of a kernel that somebody else wrote, ``program`` runs in user mode."""

PRIVILEGES = ("machine", "hypervisor", "kernel", "user", "guest_kernel", "guest_user")
"""What the CPU lets a layer do, from all to least. ``kernel`` and ``user`` are those of an OS on the machine itself;
``guest_kernel`` and ``guest_user`` those of an OS above a VMM, be it a guest, dom0 or a root partition."""

DUTIES = ("schedules", "maps", "reclaims", "reads", "emulates", "serves", "drives", "manages")
"""What VMs need of a layer or have to put up with: it chooses which vCPU runs; it keeps the tables that say which
frame is whose; it may take memory away from VMs; it can read any VM's memory; it imitates devices; it is the other end
of paravirtual devices; its drivers own the physical devices; it starts, stops and configures VMs."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Parameters
    ----------
    id, name
        Unique in its stack; and as the product's people call it (an English text, a key of the catalogues).
    kind, privilege
        One of :data:`KINDS` and one of :data:`PRIVILEGES`.
    on
        Id of the layer that it runs on and falls with; ``""`` for the hardware.
    inside
        Id of the layer whose address space and privilege it shares, so that a fault in either is a fault of both;
        ``""``: it has its own. A driver is inside a kernel.
    per_vm
        Whether each VM has one of its own.
    session
        Whether it belongs to the session of the user at the desktop and ends with it.
    confined
        Whether it is held to its own VM's files, memory and tasks, even when guest code has taken it over. As a program
        of an OS its threads then have one group, which competes for processor time as a whole.
    vital
        Whether the machine is restarted when it is lost.
    duties
        Its :data:`DUTIES`.
    source
        Where it is said that it is so.
    assumed
        Those of its duties and the names of those of the fields above that nobody has published.
    """

    id: str
    name: str
    kind: str
    privilege: str
    on: str = ""
    inside: str = ""
    per_vm: bool = False
    session: bool = False
    confined: bool = False
    vital: bool = False
    duties: frozenset[str] = frozenset()
    source: str = ""
    assumed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for field, value, known in (("kind", self.kind, KINDS), ("privilege", self.privilege, PRIVILEGES)):
            if value not in known:
                raise VmwidgetsError(
                    "the {field} of the layer {layer} is {value}, expected one of {known}",
                    field=field, layer=self.id, value=repr(value)[:60], known=", ".join(known),
                )  # fmt: skip
        if not isinstance(cast(object, self.duties), frozenset):
            raise VmwidgetsError(
                "the duties of the layer {layer} are {value}, expected a frozenset",
                layer=self.id, value=repr(self.duties)[:60],
            )  # fmt: skip
        if unknown := self.duties - set(DUTIES):
            raise VmwidgetsError(
                "the duties of the layer {layer} are {value}, expected some of {known}",
                layer=self.id, value=", ".join(sorted(unknown)), known=", ".join(DUTIES),
            )  # fmt: skip


class Layers:
    """The layers of a stack, from the hardware up, each after the one it runs on.

    Raises
    ------
    VmwidgetsError
        If two have the same id, one runs on or inside another that is not below it, or something runs on nothing.
    """

    __slots__ = ("_layers",)

    def __init__(self, layers: Iterable[Layer] = ()) -> None:
        self._layers: dict[str, Layer] = {}
        for layer in layers:
            if layer.id in self._layers:
                raise VmwidgetsError("there are two layers {layer}", layer=layer.id)
            for below in (layer.on, layer.inside):
                if below and below not in self._layers:
                    raise VmwidgetsError(
                        "the layer {layer} runs on {below}, which is not below it", layer=layer.id, below=below
                    )
            if bool(layer.on) is (layer.kind == "hardware"):
                raise VmwidgetsError("the layer {layer} runs on nothing, expected only hardware to", layer=layer.id)
            self._layers[layer.id] = layer

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers.values())

    def __len__(self) -> int:
        return len(self._layers)

    def __contains__(self, id: str) -> bool:
        return id in self._layers

    def __getitem__(self, id: str) -> Layer:
        if id not in self._layers:
            raise VmwidgetsError(
                "there is no layer {layer}, expected one of {known}", layer=repr(id)[:60], known=", ".join(self._layers)
            )
        return self._layers[id]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Layers) and self._layers == other._layers

    def __hash__(self) -> int:
        return hash(tuple(self._layers.values()))

    def with_(self, duty: str) -> tuple[Layer, ...]:
        """Return the layers that have a duty, the lowest first."""
        return tuple(layer for layer in self if duty in layer.duties)

    def under(self, id: str) -> tuple[Layer, ...]:
        """Return what a layer stands on, from itself down to the hardware."""
        found = [self[id]]
        while found[-1].on:
            found.append(self[found[-1].on])
        return tuple(found)

    @property
    def customer(self) -> Layer:
        """The lowest layer that is the customer's: the guest kernel, or the programs where the kernel is the host's."""
        return self["guest_kernel" if "guest_kernel" in self else "guest_apps"]

    def trusted(self, id: str = "") -> tuple[Layer, ...]:
        """Return the trusted computing base of a layer: what can read or change it, and what these stand on or beside.

        Those are the layers below it, those that can read any VM's memory or keep the tables of it, and whatever
        shares the address space of one of these. What runs in a guest is not in it. Without an id it is that of the
        :attr:`customer`.
        """
        id = id or self.customer.id
        wanted = {layer.id for layer in self.under(id)[1:]}
        wanted |= {layer.id for layer in self if {"reads", "maps"} & layer.duties}
        before = 0
        while len(wanted) > before:
            before = len(wanted)
            wanted |= {below.id for one in wanted for below in self.under(one)}
            wanted |= {layer.id for layer in self if layer.inside in wanted}
            wanted |= {self[one].inside for one in wanted if self[one].inside}
        return tuple(layer for layer in self if layer.id in wanted and layer.id != id)
