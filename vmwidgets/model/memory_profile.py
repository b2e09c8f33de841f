"""How a product manages memory: what it does as free memory runs out, and its settings.

Frozen records without behaviour of their own; the products fill them in, with their sources.
"""

from dataclasses import dataclass, replace
from typing import Literal, get_args

from vmwidgets.model.errors import VmwidgetsError, check_int, check_name
from vmwidgets.model.units import GiB

_MIN_FREE = ((4 * GiB, 6), (12 * GiB, 4), (28 * GiB, 2), (2**63, 1))


def min_free_bytes(memory_bytes: int) -> int:
    """Return the memory that ESXi keeps free: 6 % of the first 4 GiB, 4 % up to 12, 2 % up to 28, 1 % of the rest.

    F. Denneman, "Mem.MinFreePct sliding scale function", 2011-07-26. Rounded down to whole bytes.
    """
    hundredths, low = 0, 0
    for high, percent in _MIN_FREE:
        hundredths += percent * max(min(memory_bytes, high) - low, 0)
        low = high
    return hundredths // 100


Action = Literal["break_large", "share", "balloon", "compress", "swap", "block"]


@dataclass(frozen=True, slots=True)
class Rung:
    """One state of a host's memory.

    Parameters
    ----------
    name
        As the product calls it.
    permille
        Its threshold: free memory in per mille of the ladder's base.
    actions
        What is done while the host is on it. ``"break_large"``: large pages are broken, so that they can be shared.
        ``"share"``: before a page is taken, a page with the same content is looked for. ``"balloon"``: balloons go to
        their targets; a VM without a balloon driver is paged instead. ``"compress"``, ``"swap"``: pages are taken
        without the guest's consent. ``"block"``: VMs above their target do not run.
    """

    name: str
    permille: int
    actions: frozenset[Action] = frozenset()

    def __post_init__(self) -> None:
        check_name("rung name", self.name)
        check_int("rung permille", self.permille, 0, 1000)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The states of a host's memory, from plenty to none, and when the host moves between them.

    A host falls to a rung when free memory falls below the threshold of that rung. It climbs back only when free memory
    is significantly more than the threshold of the rung above, so that it does not swing (Waldspurger 2002, section
    6.3, which does not say how much that is).

    Parameters
    ----------
    rungs
        From plenty to none; no threshold is above the one before it.
    base
        What the thresholds are per mille of: the machine's memory, or the :func:`min_free_bytes` of it.
    reserve_permille
        Memory that the VMM keeps free, so that targets do not hand it out, in per mille of the base.
    hysteresis_permille
        How far above a threshold the host must be to climb to it, in per mille of it. An assumption: a tenth.
    """

    rungs: tuple[Rung, ...]
    base: Literal["memory", "min_free"] = "memory"
    reserve_permille: int = 0
    hysteresis_permille: int = 100

    def __post_init__(self) -> None:
        _check_choice("ladder base", self.base, ("memory", "min_free"))
        check_int("ladder reserve_permille", self.reserve_permille, 0, 1000)
        check_int("ladder hysteresis_permille", self.hysteresis_permille, 0, 10_000)
        thresholds = [rung.permille for rung in self.rungs]
        if not thresholds or thresholds != sorted(thresholds, reverse=True):
            raise VmwidgetsError("the rungs of a ladder are {value}, expected one or more, falling", value=thresholds)

    def thresholds(self, memory_bytes: int) -> tuple[int, ...]:
        """Return the threshold of each rung, in bytes free of a machine with ``memory_bytes``."""
        base = self._base_bytes(memory_bytes)
        return tuple(base * rung.permille // 1000 for rung in self.rungs)

    def reserve_bytes(self, memory_bytes: int) -> int:
        """Return the memory that the VMM keeps free, in bytes."""
        return self._base_bytes(memory_bytes) * self.reserve_permille // 1000

    def next(self, state: int, free_bytes: int, memory_bytes: int) -> int:
        """Return the index of the rung that a host on rung ``state`` moves to; several at once if need be."""
        levels = self.thresholds(memory_bytes)
        while state + 1 < len(levels) and free_bytes < levels[state + 1]:
            state += 1
        while state > 0 and 1000 * free_bytes > levels[state - 1] * (1000 + self.hysteresis_permille):
            state -= 1
        return state

    def _base_bytes(self, memory_bytes: int) -> int:
        return memory_bytes if self.base == "memory" else min_free_bytes(memory_bytes)


Sharing = Literal["off", "within", "between"]
Targets = Literal["idle_tax", "dynamic", "none"]

TUNABLE: tuple[tuple[str, int | str, int | str], ...] = (
    ("idle_tax_permille", 0, 990),
    ("scan_pages_per_s", 0, 1_000_000),
    ("balloon_limit_permille", 0, 1000),
    ("sharing", "off", "between"),
    ("zero_on_allocate", False, True),
    ("compression_permille", 0, 500),
    ("buffer_permille", 50, 20_000),
    ("host_swap", False, True),
    ("swap_permille", 0, 16_000),
)
"""The settings of a profile that a user may change, each with its lowest and highest value."""


@dataclass(frozen=True, slots=True)
class MemoryProfile:
    """How a product manages memory. The numbers are data of the products' own modules, with their sources.

    Parameters
    ----------
    id, name
        Its key in :data:`vmwidgets.stacks.MEMORY`, and as people call it.
    ladder
        The states of the host's memory.
    targets
        Who decides how much memory a VM has: :func:`idle_memory_tax`, :func:`dynamic_memory`, or nobody, so that a VM
        has what it touched and the host pages.
    idle_tax_permille, buffer_permille
        The tax of the former, the buffer of the latter.
    balloon_limit_permille
        The most that a balloon takes, of the VM's memory.
    sharing, scan_pages_per_s, scan_vm_pages_per_s
        Between whose pages equal content is looked for, how many pages of the host are scanned in a second, and how
        many of one VM (0: no bound of its own).
    compression_permille
        The most that compressed pages of a VM take, of its memory; 0: pages are not compressed.
    host_swap, swap_permille
        Whether the host pages VMs out when it must, and how large its swap space is, in per mille of its memory.
    overhead_bytes
        What the VMM needs for a typical VM besides its page tables, see :meth:`overhead`. Admission control counts it;
        it lies in the memory that is set aside for the VMM.
    reserves_swap
        Whether a VM is started only if there is swap space for all of its memory beyond its minimum.
    limit_kills, host_kills
        Whether a VM is killed when it cannot stay within its limit, and when the host has neither frames nor swap left.
    zero_on_allocate
        Whether a frame is cleared before another VM gets it.
    sample_pages, sample_period_s
        Pages of each VM that are watched to estimate what is active, and for how long; 0: all, by their access bits.
    rebalance_s
        How often the targets are computed.
    assumed
        Of ``host_swap`` and ``host_kills`` those that nobody has published: what becomes of a VM rests on them.
    """

    id: str
    name: str
    ladder: Ladder
    targets: Targets = "none"
    idle_tax_permille: int = 0
    balloon_limit_permille: int = 1000
    sharing: Sharing = "off"
    scan_pages_per_s: int = 0
    scan_vm_pages_per_s: int = 0
    compression_permille: int = 0
    host_swap: bool = True
    swap_permille: int = 4000
    overhead_bytes: int = 0
    reserves_swap: bool = False
    limit_kills: bool = False
    host_kills: bool = False
    zero_on_allocate: bool = True
    buffer_permille: int = 200
    sample_pages: int = 100
    sample_period_s: int = 30
    rebalance_s: int = 15
    assumed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_name("profile id", self.id)
        check_name("profile name", self.name)
        _check_choice("targets", self.targets, get_args(Targets))
        _check_choice("sharing", self.sharing, get_args(Sharing))
        for name in ("host_swap", "reserves_swap", "limit_kills", "host_kills", "zero_on_allocate"):
            if type(value := getattr(self, name)) is not bool:
                raise VmwidgetsError("{name} is {value}, expected True or False", name=name, value=repr(value)[:60])
        for name, low, high in (*TUNABLE, *_FIXED):
            if type(low) is int and type(high) is int:
                check_int(name, getattr(self, name), low, high)

    @property
    def gives_whole(self) -> bool:
        """Whether a VM has all of its memory from the start, since nobody can take any back."""
        return self.targets == "none" and not self.host_swap and not self.host_kills

    def overhead(self, memory_bytes: int) -> int:
        """Return what the VMM needs for a VM of this size; a small one needs at most an eighth of it, an assumption."""
        return min(self.overhead_bytes, memory_bytes // 8)

    def with_changes(self, **changes: object) -> "MemoryProfile":
        """Return a copy with some of the settings in :data:`TUNABLE` changed.

        Raises
        ------
        VmwidgetsError
            If a setting does not exist, is not the user's to change, or its value does not fit.
        """
        known = [name for name, _, _ in TUNABLE]
        for name in changes:
            if name not in known:
                raise VmwidgetsError(
                    "{name} is not a memory setting that can be changed, expected one of {known}",
                    name=repr(name)[:60],
                    known=", ".join(known),
                )
        if "scan_pages_per_s" in changes:  # who sets the total means it, whatever the product allows one VM
            changes["scan_vm_pages_per_s"] = 0
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]


_FIXED = (
    ("scan_vm_pages_per_s", 0, 1_000_000),
    ("overhead_bytes", 0, 2**40),
    ("sample_pages", 0, 10_000),
    ("sample_period_s", 1, 3600),
    ("rebalance_s", 1, 3600),
)


def _check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}", name=name, value=repr(value)[:60], known=", ".join(known)
        )
