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
        Which controls of a VM it heeds: ``"weight"``, ``"cap"``, ``"reservation"``; and ``"accounting"`` if that is a
        setting of it.
    per_vcpu
        Whether its weight counts for each vCPU; that of a VM is then divided among them.
    """

    slice_ms: int
    account: str
    heeds: frozenset[str]
    per_vcpu: bool = False


_WEIGHT, _FAIR = frozenset({"weight"}), frozenset({"weight", "cap"})
ALGORITHMS: dict[str, Algorithm] = {
    "round_robin": Algorithm(10, "", frozenset()),
    "lottery": Algorithm(10, "tickets", _WEIGHT),
    "stride": Algorithm(10, "virtual time", _FAIR),
    "bvt": Algorithm(5, "virtual time", _WEIGHT),
    "credit": Algorithm(30, "credits", _FAIR | {"accounting"}, per_vcpu=True),
    "credit2": Algorithm(0, "credits", _FAIR, per_vcpu=True),
    "cfs": Algorithm(0, "virtual time", _FAIR),
    "eevdf": Algorithm(0, "virtual time", _FAIR),
    "esx": Algorithm(50, "virtual time", _FAIR | {"reservation"}),
    "esx_strict": Algorithm(50, "virtual time", _FAIR | {"reservation"}),
    "hyperv_classic": Algorithm(10, "virtual time", _FAIR | {"reservation"}),
    "hyperv_root": Algorithm(31, "", frozenset()),
    "hosted": Algorithm(0, "virtual time", frozenset({"cap"})),
}
"""All schedulers of a lab by id."""
ACCOUNTING = ("precise", "sampled", "xen_today")
"""How Xen's credit scheduler takes credits, see :mod:`vmwidgets.model.schedulers.credit`."""

RANGES = {
    "slice_ms": (0, 1000),
    "switch_cost_us": (0, 10_000),
    "window_s": (1, 60),
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
        How Xen's credit scheduler takes credits, one of :data:`ACCOUNTING`.
    """

    algorithm: str = "credit"
    beside: str = ""
    slice_ms: int = 0
    switch_cost_us: int = 0
    window_s: int = 5
    accounting: str = "precise"

    def __post_init__(self) -> None:
        _check_choice("algorithm", self.algorithm, tuple(ALGORITHMS))
        _check_choice("beside", self.beside, ("", *ALGORITHMS))
        _check_choice("accounting", self.accounting, ACCOUNTING)
        for name, (low, high) in RANGES.items():
            check_int(name, getattr(self, name), low, high)

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
