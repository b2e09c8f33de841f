"""What is said of a product's memory management outside: names of its options, and who says so."""

from collections.abc import Callable
from dataclasses import dataclass

from vmwidgets.model.memory_profile import MemoryProfile

ASSUMED = "assumption"


@dataclass(frozen=True, slots=True)
class MemoryFact:
    """An option or a cost: its name and unit, where the profile has it, and who says so."""

    name: str
    value: Callable[[MemoryProfile], object]
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Beyond:
    """What a VM of a certain size was seen to take beyond that: ``low_gb`` to ``high_gb``."""

    vm_gb: int
    low_gb: float
    high_gb: float
    source: str

    def fact(self) -> MemoryFact:
        """Return it as an overhead."""
        span = f"{self.low_gb:g} to {self.high_gb:g}"
        return MemoryFact(f"process of a VM of {self.vm_gb} GB, beyond that", lambda _: span, "GB", self.source)


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """What is known of a product.

    Parameters
    ----------
    ladder
        Source of the thresholds.
    options, overheads
        Its options under the product's own names, and what its mechanisms cost.
    beyond
        What VMs were seen to take beyond their size.
    """

    ladder: str = ASSUMED
    options: tuple[MemoryFact, ...] = ()
    overheads: tuple[MemoryFact, ...] = ()
    beyond: tuple[Beyond, ...] = ()


def percent(field: str) -> Callable[[MemoryProfile], object]:
    """Return what reads a field that is in per mille, in percent."""
    return lambda profile: getattr(profile, field) / 10


def field(name: str) -> Callable[[MemoryProfile], object]:
    """Return what reads a field."""
    return lambda profile: getattr(profile, name)


def only_sharing(source: str = ASSUMED) -> MemoryFacts:
    """Return what is known of a product of which only this much is: whether it shares pages."""
    return MemoryFacts(options=(MemoryFact("page sharing", field("sharing"), "", source),))
