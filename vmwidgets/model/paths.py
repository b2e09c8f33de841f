"""The way of an operation through the layers, crossing by crossing, with what each is published to cost.

Which way it is follows from the layers (who may do what in which privilege and address space; who emulates, serves and
drives devices; who schedules), from the technique and from the device. One processor carries it all out, so the steps
come one after the other. A step whose price is not published has none, and the sum is then a lower bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vmwidgets.model.costs import HARDWARE, PROCESSORS, USUAL, Cost
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.path_operations import OPERATIONS
from vmwidgets.model.path_steps import Step, Walk

if TYPE_CHECKING:
    from vmwidgets.model.stack import Stack

__all__ = ["HARDWARE", "OPERATIONS", "Cost", "Path", "Step", "count_exits", "operations", "path", "processors"]


@dataclass(frozen=True, slots=True)
class Path:
    """The way of one operation.

    Parameters
    ----------
    operation, technique, device
        What is done and how, see :data:`OPERATIONS` and :mod:`vmwidgets.model.stack`.
    cpu, mhz
        The processor whose figures price it, and its clock; ``""`` and 0 where nothing or no clock is published.
    steps
        The steps in their order.
    whole
        What is published of the operation as a whole.
    """

    operation: str
    technique: str
    device: str
    cpu: str
    mhz: float
    steps: tuple[Step, ...]
    whole: Cost | None = None

    @property
    def cycles(self) -> float:
        """What the operation costs: the published whole, or the sum of the steps that are published."""
        return self.whole.cycles if self.whole else sum(step.cycles or 0.0 for step in self.steps)

    @property
    def us(self) -> float | None:
        """The same as time in µs; ``None`` where no clock is published."""
        return round(self.cycles / self.mhz, 9) if self.mhz else None

    @property
    def lower_bound(self) -> bool:
        """Whether there are steps whose price is not published."""
        return self.whole is None and any(step.cycles is None for step in self.steps)

    @property
    def exits(self) -> int:
        """How often the VMM gets control from the guest."""
        return sum(step.key == "exit" for step in self.steps)

    def by_layer(self) -> dict[str, float]:
        """Return the published cycles of the steps by the layer that a step ends in."""
        found: dict[str, float] = {}
        for step in self.steps:
            found[step.target] = found.get(step.target, 0.0) + (step.cycles or 0.0)
        return found


def operations(stack: "Stack") -> tuple[str, ...]:
    """Return the operations that there are on a stack: without a VMM nobody can be called."""
    return tuple(name for name in OPERATIONS if name != "hypercall" or stack.technique != "none")


def path(
    stack: "Stack",
    operation: str,
    technique: str | None = None,
    device: str | None = None,
    cpu: str | None = None,
) -> Path:
    """Return the way of an operation through the layers of a stack.

    Parameters
    ----------
    stack
        The record.
    operation
        One of :func:`operations`. ``"disk_read"`` and ``"network_packet"`` begin where the customer's kernel turns to
        its device, and a packet is sent; of an emulated device it is the access that starts the request.
    technique, device
        One of the stack's; left out: its default.
    cpu
        A processor: one of :data:`~vmwidgets.model.costs.PROCESSORS`, or one that the stack's costs were measured on.
        Left out: the first one on which something of this way was measured with this product; if nothing was, and the
        processor helps, the usual one.

    Raises
    ------
    VmwidgetsError
        If the stack has no such operation, technique or device, or nothing was measured on that processor.
    """
    way = _chosen("technique", technique, stack.technique, stack.techniques)
    reach = _chosen("device", device, stack.device, stack.devices)
    if operation not in (known := operations(stack)):
        raise VmwidgetsError(
            "the operation of {stack} is {value}, expected one of {known}",
            stack=stack.name, value=repr(operation)[:60], known=", ".join(known),
        )  # fmt: skip
    walk = Walk(stack.layers, way)
    OPERATIONS[operation](walk, reach)
    own = [cost for cost in stack.costs if cost.holds(operation, way, reach)]
    processor = _processor(stack, own, operation, walk.steps, cpu, USUAL if way in HARDWARE else "")
    of_cpu = PROCESSORS[processor].costs if processor in PROCESSORS and way in HARDWARE else ()
    costs = [*(c for c in own if c.cpu == processor), *of_cpu]
    whole = next((cost for cost in costs if cost.step == operation), None)
    priced = _priced(walk.steps, [cost for cost in costs if cost.step not in OPERATIONS])
    if whole:
        priced = _rest(priced, whole)
    clocks = [cost.mhz for cost in costs if cost.mhz] or [0.0]
    return Path(operation, way, reach, processor, clocks[0], tuple(priced), whole)


def _chosen(name: str, value: str | None, default: str, known: Sequence[str]) -> str:
    if value is None or value == default:
        return default
    if value not in known:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}",
            name=name, value=repr(value)[:60], known=", ".join(known or (default,)),
        )  # fmt: skip
    return value


def processors(stack: "Stack") -> tuple[str, ...]:
    """Return the processors that something is published of for a stack: its own, and those that leave any guest."""
    return tuple(dict.fromkeys([*(cost.cpu for cost in stack.costs if cost.cpu), *PROCESSORS]))


def _processor(
    stack: "Stack", own: Sequence[Cost], operation: str, steps: Sequence[Step], cpu: str | None, usual: str
) -> str:
    """Return the processor asked for, or the first that something of the way was measured on, or the usual one."""
    if cpu is None:
        keys = {step.key for step in steps} - OPERATIONS.keys()
        return next((c.cpu for c in own if c.step == operation or c.step.partition("+")[0] in keys), usual)
    if cpu not in (known := processors(stack)):
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}", name="cpu", value=repr(cpu)[:60], known="; ".join(known)
        )
    return cpu


def _priced(steps: Sequence[Step], costs: Sequence[Cost]) -> list[Step]:
    """Put the figures on the steps: of several with one figure the first has it, and it counts for the others."""
    priced = list(steps)
    for cost in costs:
        first, *others = cost.step.split("+")
        if all(any(step.key == key and step.cycles is None for step in priced) for key in (first, *others)):
            for index, step in enumerate(priced):
                if step.cycles is None and step.key == first:
                    priced[index] = replace(step, cycles=cost.cycles, source=cost.source)
                elif step.cycles is None and step.key in others:
                    priced[index] = replace(step, cycles=0.0, source=cost.source, included=True)
    return priced


def _rest(steps: Sequence[Step], whole: Cost) -> list[Step]:
    """Give the one step without a price what the others leave of the whole."""
    open_steps = [index for index, step in enumerate(steps) if step.cycles is None]
    rest = whole.cycles - sum(step.cycles or 0.0 for step in steps)
    if len(open_steps) != 1 or rest < 0:
        return list(steps)
    return [
        replace(step, cycles=rest, source=whole.source, derived=True) if index == open_steps[0] else step
        for index, step in enumerate(steps)
    ]


def count_exits(
    stack: "Stack", counts: Mapping[str, int], technique: str | None = None, device: str | None = None
) -> int:
    """Count how often the VMM gets control while a guest does so many of each operation.

    Requests to a paravirtual device are queued in shared memory, and one notification announces all of a kind.
    """
    total = 0
    for operation, count in counts.items():
        way = path(stack, operation, technique, device)
        queued = way.device == "paravirtual" and operation in ("disk_read", "network_packet")
        total += way.exits * (min(count, 1) if queued else count)
    return total
