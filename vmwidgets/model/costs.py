"""What is published of the price of a step, and what a processor takes for the way from a guest to its VMM and back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vmwidgets.model.errors import VmwidgetsError


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs, as published. Nothing is derived from it but time.

    Parameters
    ----------
    step
        What is paid for: a step by its key, several with ``+`` between them where there is one figure for all
        (``"exit+entry"`` is a round trip), or a whole operation; see :mod:`vmwidgets.model.paths`. A cost that is
        not of a path has the name that its source gives it.
    cycles
        Processor cycles.
    mhz
        Clock of the machine it was measured on, which turns cycles into time; 0: not published.
    source
        Paper, table or section.
    cpu
        The processor it was measured on. A path is priced with the figures of one processor.
    operations, techniques, devices
        What it holds for; empty: all.
    """

    step: str
    cycles: float
    mhz: float
    source: str
    cpu: str = ""
    operations: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def holds(self, operation: str, technique: str, device: str) -> bool:
        """Whether it is of this operation, done in this way."""
        return (
            operation in (self.operations or (operation,))
            and technique in (self.techniques or (technique,))
            and device in (self.devices or (device,))
        )

    @property
    def us(self) -> float | None:
        """Return the time in µs; ``None`` where the clock is not published."""
        return round(self.cycles / self.mhz, 9) if self.mhz else None


@dataclass(frozen=True, slots=True)
class Measured:
    """A machine on which somebody measured, and where that is published."""

    cpu: str
    mhz: float
    source: str

    def cycles(
        self,
        figures: Mapping[str, float],
        where: str,
        *,
        operations: tuple[str, ...] = (),
        techniques: tuple[str, ...] = (),
        devices: tuple[str, ...] = (),
    ) -> tuple[Cost, ...]:
        """Return costs that are published in cycles, by step, and where in the source they are."""
        source = f"{self.source}, {where}"
        return tuple(
            Cost(step, value, self.mhz, source, self.cpu, operations, techniques, devices)
            for step, value in figures.items()
        )

    def us(
        self,
        times: Mapping[str, float],
        where: str,
        *,
        operations: tuple[str, ...] = (),
        techniques: tuple[str, ...] = (),
        devices: tuple[str, ...] = (),
    ) -> tuple[Cost, ...]:
        """Return costs that are published in µs, by step, and where in the source they are."""
        figures = {step: us * self.mhz for step, us in times.items()}
        return self.cycles(figures, where, operations=operations, techniques=techniques, devices=devices)


def figure(costs: Iterable[Cost], step: str, cpu: str, technique: str = "") -> Cost:
    """Return the cost of a step that was measured on a processor; without a technique that of any.

    Raises
    ------
    VmwidgetsError
        If there is none.
    """
    for cost in costs:
        if (cost.step, cost.cpu) == (step, cpu) and (not technique or technique in (cost.techniques or (technique,))):
            return cost
    raise VmwidgetsError("nothing is published of {step} on {cpu}", step=repr(step)[:60], cpu=repr(cpu)[:60])


HARDWARE = ("trap_and_emulate", "nested_paging")
"""The techniques in which the processor itself leaves the guest and enters it again."""
ROUND_TRIP = "exit+entry"
"""Out of the guest and back."""


@dataclass(frozen=True, slots=True)
class Processor:
    """A processor of which it is published what leaving a guest and entering it costs.

    Parameters
    ----------
    name
        As the source calls it.
    way
        By what the guest is left: figures of different ways cannot be compared.
    costs
        Of ``"exit"`` and ``"entry"``, or of both together; and what else the source gives.
    most
        The largest figure of a round trip that is published as a range; ``costs`` has the smallest. 0: no range.
    """

    name: str
    way: str
    costs: tuple[Cost, ...]
    most: float = 0


def _processor(name: str, mhz: float, way: str, source: str, cycles: Mapping[str, float], most: float = 0) -> Processor:
    costs = tuple(Cost(step, value, mhz, source, name, techniques=HARDWARE) for step, value in cycles.items())
    return Processor(name, way, costs, most)


_TABLE_1 = (
    "K. Adams, O. Agesen, A Comparison of Software and Hardware Techniques for x86 Virtualization, ASPLOS 2006, Table 1"
)
_SPLITX = "A. Landau, M. Ben-Yehuda, A. Gordon, SplitX, WIOV 2011"
_SHALABI = "Y. Shalabi, blog post on VM exits, 2014-12-17"
_LKML = "KVM SEV-ES patch thread, LKML, December 2020"
PROCESSORS = {
    processor.name: processor
    for processor in (
        _processor(
            "Pentium 4 672", 3800, "page fault", _TABLE_1,
            {"entry": 2409, "exit": 1931, "VMCB read": 178, "VMCB write": 171},
        ),
        _processor(
            "Core 2 Duo, pre-production", 0, "page fault", _TABLE_1,
            {"entry": 937, "exit": 1186, "VMCB read": 52, "VMCB write": 44},
        ),
        _processor("Xeon X5570", 2930, "direct", _SPLITX, {ROUND_TRIP: 2000}),
        _processor("Core i7-3960X", 0, "vmcall", _SHALABI, {ROUND_TRIP: 1600}, most=1700),
        _processor("AMD EPYC", 0, "vmrun", _LKML, {ROUND_TRIP: 1344}, most=1376),
    )
}  # fmt: skip
"""The processors by name."""
USUAL = "Xeon X5570"
"""The one of them that is meant if none is named: its clock is known, and the whole way out and back was measured."""
