"""The same experiment on several products: what each makes of it, and how much of that anybody has published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any, cast

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.virtualization_tax import ROLES, Run, TaxedRun
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.admission import MAX_VMS
from vmwidgets.model.costs import USUAL
from vmwidgets.model.errors import AdmissionError, VmwidgetsError, check_int
from vmwidgets.model.failures import Outcome, fail
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.paths import processors
from vmwidgets.model.product_controls import moved
from vmwidgets.model.stack import Stack
from vmwidgets.model.units import GiB, MiB
from vmwidgets.model.vm import VM
from vmwidgets.model.words import said
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import MEMORY_FACTS, PRODUCTS, STACKS, get
from vmwidgets.stacks.bare_metal import BARE_METAL
from vmwidgets.stacks.neutral import NEUTRAL

if TYPE_CHECKING:
    import pandas as pd

COMPUTED, LOWER, UPPER = said("computed"), said("lower bound"), said("upper bound")
PUBLISHED, ASSUMED, NOT_PUBLISHED = said("published"), said("assumption"), said("not published")
DOES_NOT_FIT, CANNOT_HAPPEN = said("does not fit"), said("cannot happen")
VALUELESS = (NOT_PUBLISHED, DOES_NOT_FIT, CANNOT_HAPPEN)
"""What a cell without a value says in its place."""
BASES = (COMPUTED, PUBLISHED, LOWER, UPPER, ASSUMED, *VALUELESS)
"""What a cell rests on. A bound counts what is published, and something is not; an assumption is one of the record."""
_MODEL = "computed by the model from the record"
_DONE = (
    ("throughput", "", "% of bare metal"),
    *(("time", role, "%") for role in ROLES),
    ("latency", "", "ms"),
    ("exits", "", "1/s"),
)
"""What of the comparison the VMs must run for: quantity, part, unit."""
_COLUMNS = ["stack", "product", "quantity", "part", "value", "unit", "basis", "source"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the comparison, and what it rests on."""

    quantity: str
    part: str
    value: float
    unit: str
    basis: str
    source: str = _MODEL

    @property
    def text(self) -> object:
        """The value as a table shows it: a number, ``"≥ 3"``, ``"≤ 3"``, or one of :data:`VALUELESS`."""
        if self.basis in VALUELESS:
            return self.basis
        if self.basis in (LOWER, UPPER):
            digits = f"{self.value:.0f}" if self.value >= 1000 else f"{self.value:.4g}"
            return f"{'≥' if self.basis == LOWER else '≤'} {digits}"
        return int(self.value) if self.value.is_integer() else self.value


@experiment(
    source="the records of the products and the costs in them; figures of processors: see exit_costs",
    predicted="throughput, latency, exits per second, and who falls with what",
)
def compare(
    stacks: str | Stack | Sequence[object] = (),
    vms: int | Sequence[object] = 4,
    workload: str | Workload = "web",
    cpu: str = USUAL,
    seed: int = 1,
    hours: int = 24,
    tidy: bool = False,
) -> "pd.DataFrame":
    """Run the same VMs on several products and say what each makes of it, and what that rests on.

    A lab of each product runs with the same seed, and one of the bare machine. What a product adds comes from the path
    of each operation that the workload states: how often the VMM gets control, and the cycles that are published for
    one processor, which are taken as cycles of the lab's own (an assumption). A VM then does what the product's CPU
    policy leaves it. Where steps of a path are not published, the cell is a bound; where none is, it says so.

    Parameters
    ----------
    stacks
        Ids or records, also of one product in several configurations; none: the seven products.
    vms
        How many VMs of the default size, or a list of VMs or of settings of VMs. Shares, reservations and limits become
        those of each product, as when VMs are moved there.
    workload
        Name of a workload, or a workload, of all VMs that do not say it themselves.
    cpu
        The processor whose figures are used. Each paper measured other products on its own: ``"Pentium III 733 MHz"``
        is that of Sugerman et al. 2001, ``"Xeon 2.4 GHz"`` of Barham et al. 2003, ``"Pentium 4 672"`` of Adams and
        Agesen 2006.
    seed
        Of all random numbers.
    hours
        How long the labs run, in ticks of an hour.
    tidy
        Whether to return one row per value, with what it rests on and its source, instead of one column per product.

    Returns
    -------
    DataFrame
        A row per quantity and a column per product; the index is ``quantity``, ``part``, ``unit``. Bounds are texts
        such as ``"≥ 120"``; what no source says is ``"not published"``; what the VMs would do if they all started is
        ``"does not fit"``; a failure that the product has nothing for ``"cannot happen"``, and 0 is one that hits
        nobody. Tidy: ``stack``, ``product``, ``quantity``, ``part``, ``value`` (missing in such cells), ``unit``,
        ``basis`` (one of :data:`BASES`), ``source`` (or why something does not fit or cannot happen). The quantities:
        ``throughput`` relative to the bare machine; ``time`` by whose it was; ``latency`` of a transaction; ``exits``
        of what the VMs do where nothing costs anything; ``memory overhead`` of a VM; ``density``, how many such VMs fit
        by their configured and by their active memory; ``blast radius``, how many of the VMs each failure takes along
        or slows down.
    """
    import pandas as pd

    chosen = [get(cast("str | Stack", one)) for one in ([stacks] if isinstance(stacks, str | Stack) else stacks)]
    chosen = chosen or list(PRODUCTS.values())
    known = dict.fromkeys(cpu for stack in (*chosen, *STACKS.values()) for cpu in processors(stack))
    if cpu not in known:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}", name="cpu", value=repr(cpu)[:60], known="; ".join(known)
        )
    check_int("hours", hours, 1, 24 * 365)
    wanted = _vms(vms, workload if isinstance(workload, Workload) else Workload(workload))
    native = Run(BARE_METAL, wanted, seed, hours)
    table = [
        (name, stack, _cells(stack, wanted, seed, hours, cpu, native))
        for name, stack in zip(_names(chosen), chosen, strict=True)
    ]
    if tidy:
        rows = [
            (stack.id, name, c.quantity, c.part, c.value, c.unit, c.basis, c.source)
            for name, stack, cells in table
            for c in cells
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)
    first = [(cell.quantity, cell.part, cell.unit) for cell in table[0][2]]
    index = pd.MultiIndex.from_tuples(first, names=["quantity", "part", "unit"])
    return pd.DataFrame({name: pd.Series([cell.text for cell in cells], index, object) for name, _, cells in table})


def _names(stacks: Sequence[Stack]) -> list[str]:
    """Return the names of the products, those of several configurations of one numbered."""
    names = [stack.name for stack in stacks]
    return [f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name for i, name in enumerate(names)]


def _vms(vms: int | Sequence[object], workload: Workload) -> list[VM]:
    """Read the VMs: how many, or each as it is or by its settings."""
    if isinstance(vms, int):
        vms = [dict[str, object]()] * check_int("vms", vms, 1, MAX_VMS)
    found: list[VM] = []
    for index, one in enumerate(vms):
        if isinstance(one, VM):
            found.append(one)
            continue
        if not isinstance(one, Mapping):
            raise VmwidgetsError(
                "{name} has {value}, expected VMs or mappings of their settings", name="vms", value=repr(one)[:60]
            )
        settings = {"workload": workload, **cast("Mapping[str, Any]", one)}
        if isinstance(kind := settings["workload"], str):
            settings["workload"] = Workload(kind)
        name = str(settings.pop("name", f"VM{index + 1}"))
        found.append(VM("-").with_changes(**settings).named(name))
    if not found:
        raise VmwidgetsError("{name} is empty", name="vms")
    return found


def _cells(stack: Stack, vms: Sequence[VM], seed: int, hours: int, cpu: str, native: Run) -> list[Cell]:
    hardware = native.lab.hardware
    there = [moved(vm, NEUTRAL, stack, hardware)[0] for vm in vms]
    # What guests use of their memory is theirs, and the same wherever they run.
    memory = _memory(stack, there, hardware, float(native["memory_active_bytes"].sum(axis=0).max()))
    failed = [_blast(fail(stack, name, there, hardware), name, stack) for name in FAILURES]
    try:
        run = Run(stack, vms, seed, hours)
    except AdmissionError as refused:
        speed = [Cell(name, part, nan, unit, DOES_NOT_FIT, str(refused)) for name, part, unit in _DONE]
        unlived = [
            one if one.basis == CANNOT_HAPPEN else replace(one, value=nan, basis=DOES_NOT_FIT, source=str(refused))
            for one in failed
        ]
        return [*speed, *memory, *unlived]
    return [*_speed(TaxedRun(run, cpu), native), *memory, *failed]


def _speed(taxed: TaxedRun, native: Run) -> list[Cell]:
    """Return what the costs of the stack make of the run."""
    costs, source = taxed.known, "; ".join(taxed.sources) or _MODEL
    low, high = {"all": (COMPUTED, COMPUTED), "some": (LOWER, UPPER), "none": (NOT_PUBLISHED, NOT_PUBLISHED)}[costs]
    bare = native["throughput_per_ks"].sum() / 1000
    relative = 100 * taxed.rate.sum() / bare if bare else nan
    waited = (taxed.latency_us * taxed.rate).sum() / taxed.rate.sum() / 1000 if taxed.rate.any() else nan
    return [
        _cell("throughput", "", relative, "% of bare metal", high, source),
        *_time(taxed.spent_khz(), low, high, source),
        _cell("latency", "", waited, "ms", low, source),
        # Of an imitated device only the access is counted that starts a request; a driver makes others before it.
        _cell("exits", "", taxed.exits_per_s(), "1/s", LOWER if taxed.lab.stack.device == "emulated" else COMPUTED),
    ]


def _time(spent: Mapping[str, float], low: str, high: str, source: str) -> list[Cell]:
    """Return whose the time of the processors was."""
    busy = sum(spent.values())
    cells: list[Cell] = []
    for role in ROLES:
        if role not in spent:
            basis = COMPUTED  # it takes no part
        elif role == "guest":
            basis = high
        else:
            basis = low if spent[role] or low == COMPUTED else NOT_PUBLISHED
        cells.append(_cell("time", role, 100 * spent.get(role, 0.0) / busy if busy else nan, "%", basis, source))
    return cells


def _memory(stack: Stack, vms: Sequence[VM], hardware: Hardware, active_bytes: float) -> list[Cell]:
    """Return what a VM takes besides its memory, and how many such VMs fit."""
    profile = stack.memory_profile
    size, active = sum(vm.memory_bytes for vm in vms) / len(vms), active_bytes / len(vms)
    own, basis, source = _overhead(stack, size)
    fits = COMPUTED if basis in (COMPUTED, PUBLISHED) else UPPER
    room = hardware.guest_memory_bytes
    # What a VM has configured counts until the stack takes back what sleeps.
    lends = profile is not None and any({"balloon", "swap"} & rung.actions for rung in profile.ladder.rungs)
    held = active if lends else size
    return [
        _cell("memory overhead", "", own / MiB, "MiB per VM", basis, source),
        _cell("density", "by configured memory", float(room // (size + own)), "VMs", fits),
        _cell("density", "by active memory", float(room // max(held + own, 1)), "VMs", fits),
    ]


def _overhead(stack: Stack, size: float) -> tuple[float, str, str]:
    """Return what a VM takes besides its memory, in bytes; what that rests on, and who says so.

    What was seen of VMs of another size is no figure for this one. A GB of a source is taken as 2**30 bytes.
    """
    profile = stack.memory_profile
    if "guest_kernel" not in stack.layers:
        return 0.0, COMPUTED, _MODEL
    if profile is None or profile.id not in MEMORY_FACTS:
        return 0.0, NOT_PUBLISHED, ""
    facts, own = MEMORY_FACTS[profile.id], profile.overhead_bytes
    said_so = [fact.source for fact in facts.overheads if (fact.unit, fact.value(profile)) == ("MB", own / MiB)]
    if own and said_so:
        return float(own), PUBLISHED, said_so[0]
    for seen in facts.beyond:
        if seen.vm_gb * GiB == size:
            return seen.low_gb * GiB, LOWER, seen.source
    return 0.0, NOT_PUBLISHED, ""


def _blast(outcome: Outcome, name: str, stack: Stack) -> Cell:
    """Return how many VMs a failure takes along or slows down."""
    if not outcome.exists:
        return Cell("blast radius", name, nan, "VMs", CANNOT_HAPPEN, outcome.absent.format(stack=stack.name))
    unknown = all(fate.state == "not_published" for fate in outcome.fates)
    assumed = any(fate.assumed for fate in outcome.fates)
    basis = NOT_PUBLISHED if unknown else ASSUMED if assumed else COMPUTED
    return _cell("blast radius", name, float(len(outcome.blast_radius)), "VMs", basis)


def _cell(quantity: str, part: str, value: float, unit: str, basis: str, source: str = _MODEL) -> Cell:
    if basis == NOT_PUBLISHED:
        return Cell(quantity, part, nan, unit, basis, "")
    return Cell(quantity, part, float(f"{value:.6g}"), unit, basis, source)
