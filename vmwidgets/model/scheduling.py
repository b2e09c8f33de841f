"""Which quantum-level scheduler a lab runs, and how: the settings, and what each algorithm makes of them.

A record without behaviour; :mod:`vmwidgets.model.quantum` runs it.
"""

from dataclasses import dataclass, fields, replace

from vmwidgets.model.errors import VmwidgetsError, check_int


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What is to know of a scheduler before it runs.

    Parameters
    ----------
    slice_ms
        Its own time slice; 0 if that is not a setting of it.
    account
        What its account of a vCPU is: ``"credits"``, ``"virtual time"``, ``"tickets"``, or ``""`` for none.
    heeds
        Which controls of a VM it heeds: ``"weight"``, ``"cap"``, ``"reservation"``; and which settings of this record
        are its own: ``"accounting"``, ``"threads_per_core"``, ``"host_programs"``.
    most_weight
        The greatest weight it takes.
    """

    slice_ms: int
    account: str
    heeds: frozenset[str]
    most_weight: int = 10**6


_WEIGHT, _FAIR = frozenset({"weight"}), frozenset({"weight", "cap"})
ALGORITHMS: dict[str, Algorithm] = {
    "round_robin": Algorithm(10, "", frozenset()),
    "lottery": Algorithm(10, "tickets", _WEIGHT),
    "stride": Algorithm(10, "virtual time", _FAIR),
    "bvt": Algorithm(5, "virtual time", _WEIGHT),
    "credit": Algorithm(30, "credits", _FAIR | {"accounting"}, 65_535),
    "credit_sampled": Algorithm(30, "credits", _FAIR, 65_535),
    "credit2": Algorithm(0, "credits", _FAIR, 65_535),
    "cfs": Algorithm(0, "virtual time", _FAIR, 10_000),
    "eevdf": Algorithm(0, "virtual time", _FAIR, 10_000),
    "esx": Algorithm(50, "virtual time", _FAIR | {"reservation"}),
    "esx_strict": Algorithm(50, "virtual time", _FAIR | {"reservation"}),
    "hyperv_classic": Algorithm(10, "virtual time", _FAIR | {"reservation"}, 10_000),
    "hyperv_core": Algorithm(10, "virtual time", _FAIR | {"reservation", "threads_per_core"}, 10_000),
    "hyperv_root": Algorithm(31, "", frozenset()),
    "hosted": Algorithm(0, "virtual time", frozenset({"cap", "host_programs"})),
}
"""All schedulers of a lab by id. Greatest weights: Xen, xl manual page; Linux, cgroup-v2.rst; WDK, ff538581."""
ACCOUNTING = ("precise", "sampled", "xen_today")
"""How Xen's credit scheduler takes credits, see :mod:`vmwidgets.model.schedulers.credit`."""

RANGES = {
    "slice_ms": (0, 1000),
    "switch_cost_us": (0, 10_000),
    "window_s": (1, 60),
    "threads_per_core": (1, 4),
    "host_programs": (0, 32),
}
"""The smallest and largest value of every whole-number setting."""


@dataclass(frozen=True, slots=True)
class Scheduling:
    """Which scheduler a lab runs, and how.

    Parameters
    ----------
    algorithm, beside
        Ids of :data:`ALGORITHMS`; the second runs on the same guests for comparison, ``""``: none.
    slice_ms
        Time slice; 0: each scheduler's own. Those whose slice is not a setting keep theirs.
    switch_cost_us
        Lost at each context switch.
    window_s
        Seconds that are run.
    accounting
        How Xen's credit scheduler takes credits, one of :data:`ACCOUNTING`. Before 2009 it was ``"sampled"``, and that
        is a scheduler of its own as well, so that both ways can stand side by side.
    threads_per_core
        So many neighbouring pCPUs share a core. Only core scheduling cares.
    host_programs
        Programs of the host that compute all the time beside the VMs of a hosted VMM; they have a thread each.
    """

    algorithm: str = "credit"
    beside: str = ""
    slice_ms: int = 0
    switch_cost_us: int = 0
    window_s: int = 5
    accounting: str = "precise"
    threads_per_core: int = 1
    host_programs: int = 0

    def __post_init__(self) -> None:
        _check_choice("algorithm", self.algorithm, tuple(ALGORITHMS))
        _check_choice("beside", self.beside, ("", *ALGORITHMS))
        _check_choice("accounting", self.accounting, ACCOUNTING)
        for name, (low, high) in RANGES.items():
            check_int(name, getattr(self, name), low, high)
        if self.beside == self.algorithm:
            raise VmwidgetsError("beside is {name} as well, expected another scheduler or none", name=self.algorithm)

    def with_changes(self, **changes: object) -> "Scheduling":
        """Return a copy with some settings changed.

        Raises
        ------
        VmwidgetsError
            If a setting does not exist or its value does not fit.
        """
        known = tuple(field.name for field in fields(self))
        for name in changes:
            if name not in known:
                raise VmwidgetsError(
                    "{name} is not a setting of the scheduler, expected one of {known}",
                    name=repr(name)[:60],
                    known=", ".join(known),
                )
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]

    def check_on(self, pcpus: int) -> None:
        """Raise a VmwidgetsError if so many pCPUs do not make whole cores."""
        if pcpus % self.threads_per_core:
            raise VmwidgetsError(
                "{pcpus} pcpus do not make whole cores of {threads} threads",
                pcpus=pcpus,
                threads=self.threads_per_core,
            )

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The schedulers that run: one, or two to compare."""
        return (self.algorithm, self.beside) if self.beside else (self.algorithm,)


def _check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}",
            name=name,
            value=repr(value)[:60],
            known=", ".join(known) or "nothing",
        )
