"""Two drills of chapter 3: two repairs for one slowed machine, and six reports of walls that failed, or did not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.chapters.walls_tried import SOUND, Server, tried
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.units import GB
from vmwidgets.model.workload import Workload

ENOUGH, BUSY = 950, 800
"""What counts as performance isolation, and how much of the server must stay in use, in per mille."""

# ------------------------------------------------------------------------------------------------------------- repairs
Isolation = Callable[[str, int], tuple[int, int]]
"""Of a setting and its value in MHz: A's time beside its neighbours, of its time alone; the server's use; both ‰."""


def repairs(isolation: Isolation, fields: Mapping[str, str | int | float]) -> tuple[Item, Item]:
    """Return two questions: what to reserve for A, or else to what to limit those who are loud."""

    def check(setting: str) -> Callable[[Value], Verdict]:
        def checked(value: Value) -> Verdict:
            try:
                kept, used = isolation(setting, value if isinstance(value, int) else -1)
            except VmwidgetsError:
                return Verdict(0, 1, mark("The VMM refuses this setting."), mark("MHz: one core has 2000."))
            if kept < ENOUGH:
                return Verdict(
                    0, 1, mark("In the run A still loses more than 5 %."), mark("What is contended? Who gets it?")
                )
            if used < BUSY:
                return Verdict(
                    0, 1, mark("A is safe, but more than a fifth of the server lies idle."), mark("Leave them more.")
                )
            return Verdict(1, 1, mark("A keeps at least 95 %, and the server is in use."))

        return checked

    reserve = mark(
        "First repair. Which reservation of A brings its time beside {loud} to at least 95 % of its time alone, with at"
        " least 80 % of the server in use?"
    )
    limit = mark(
        "Second repair, instead of the first. Nothing is reserved; which limit of {loud} (the same for each that"
        " computes that hard) reaches the same?"
    )
    return (
        Item("ch03.reserve", "number", reserve, check("cpu_reservation_mhz"), fields=fields, unit=mark("MHz")),
        Item("ch03.limit", "number", limit, check("cpu_limit_mhz"), fields=fields, unit=mark("MHz")),
    )


# ----------------------------------------------------------------------------------------------------------- incidents
def _beside(metric: str, a: dict[str, object], b: dict[str, object]) -> int:
    """Return how much of something A has beside B of what it has alone, in per mille."""
    got: list[int] = []
    for neighbours in ((), (b,)):
        lab = Lab(seed=3)
        for name, settings in zip("AB", (a, *neighbours), strict=False):
            lab.create_vm(name, **settings)
        got.append(int(lab.snapshot[metric][0]))
    return 1000 * got[1] // got[0]


def _nobody() -> int:
    return 1000


def _pool_fills() -> bool:
    """Return whether A stands still because B has filled the pool that both write to."""
    lab = Lab(seed=3, tick_s=3600)
    for name, gb_a_day in (("A", 1), ("B", 600)):
        work = Workload("idle", growth_bytes_per_day=gb_a_day * GB)
        lab.create_vm(name, disk_bytes=2000 * GB, workload=work)
    lab.advance(48)
    return bool(lab.snapshot["stalled"][0])


def _thief() -> int:
    lab = Lab(seed=3, hardware=Hardware(pcpus=1))
    lab.create_vm("A", workload="cpu_burner")
    lab.set_scheduler(algorithm="credit", accounting="sampled", window_s=2)
    alone = lab.quantum_runs()[0].ran_permille(1)[0]
    lab.create_vm("B", workload="tick_thief")
    return int(1000 * lab.quantum_runs()[0].ran_permille(2)[0] // alone)


@dataclass(frozen=True, slots=True)
class Incident:
    """A report, and the set-up that it is a report of.

    Parameters
    ----------
    id, text
        As it is shown.
    server
        Under which the guests run that try to read and to fall.
    beside
        How much A has beside its neighbours of what it has alone, in per mille.
    stands
        Whether A stands still because of what B has done.
    """

    id: str
    text: str
    server: Server = SOUND
    beside: Callable[[], int] = _nobody
    stands: Callable[[], bool] = bool


_BURNS = Workload("cpu_burner")
INCIDENTS = (
    Incident(
        "twice",
        mark("After an update of the VMM, the monitoring of B shows names of customers that only A's database has."),
        Server(maps_twice=True),
    ),
    Incident(
        "reused",
        mark("A was deleted. B was created an hour later, and finds parts of A's e-mails in its fresh memory."),
        Server(reuses=True, clears=False),
    ),
    Incident(
        "vmm",
        mark("B touches an address that does not exist. The VMM has no answer to that and stops; A's log ends there."),
        Server(stops="all"),
    ),
    Incident(
        "kernel",
        mark("“VMs”, said the contract. They were containers: B brought the kernel down, and A had the same kernel."),
        Server(stops="all"),
    ),
    Incident(
        "pool",
        mark("B wrote all night. At 04:10 the thin storage pool was full; from then on A stood still as well."),
        stands=_pool_fills,
    ),
    Incident(
        "cores",
        mark("Since B has been rendering on its 4 vCPUs, the nightly report of A takes half as long again."),
        beside=lambda: _beside(
            "cpu_used_khz",
            {"vcpus": 2, "cpu_shares": 2000, "workload": _BURNS},
            {"vcpus": 4, "cpu_shares": 4000, "workload": _BURNS},
        ),
    ),
    Incident(
        "disk",
        mark("A's processor is idle, and its database is slow: since Monday a neighbour has been copying files."),
        beside=lambda: _beside(
            "throughput_per_ks",
            {"vcpus": 2, "workload": Workload("database")},
            {"vcpus": 2, "workload": Workload("database", clients=64)},
        ),
    ),
    Incident(
        "thief",
        mark("A gets a twentieth of a processor. Whenever the VMM looks who is running, its neighbour has just gone."),
        beside=_thief,
    ),
    Incident(
        "own",
        mark("A is slow day and night, also when it is alone on the server. Its limit stands at half a core."),
        beside=lambda: _beside("cpu_used_khz", {"workload": _BURNS, "cpu_limit_mhz": 1000}, {"workload": _BURNS}),
    ),
    Incident("panic", mark("At 03:12 the kernel of B panics, and B is gone. A's charts show nothing at that time.")),
    Incident("probe", mark("A scanner in B tries address after address. Behind its own memory each try is a VM exit.")),
)
_WALLS = (
    ("space", mark("space: somebody read or wrote what is another's")),
    ("fault", mark("fault: one fell, and another with it")),
    ("performance", mark("performance: one was slowed by another")),
    ("none", mark("none of the three")),
)


@cache
def wall(incident: Incident) -> str:
    """Run the set-up of a report and return which wall failed in it, an id of the options."""
    run = tried(incident.server)
    if run.words_seen:
        return "space"
    if incident.stands() or not (run.a_went_on or incident.server.reuses):
        return "fault"
    return "performance" if incident.beside() < ENOUGH else "none"


def _asked(draw: Draw) -> list[Incident]:
    """Return six reports, each wall and "none" among them."""
    if draw.practice:
        return [one for one in INCIDENTS if one.id in ("twice", "vmm", "pool", "cores", "thief", "panic")]
    order = [INCIDENTS[i] for i in draw.order("incidents", len(INCIDENTS))]
    first = [next(one for one in order if wall(one) == id) for id, _ in _WALLS]
    chosen = (first + [one for one in order if one not in first])[:6]
    return [one for one in order if one in chosen]


def incidents(draw: Draw) -> Item:
    """Return the question about six reports."""
    asked = _asked(draw)

    def check(value: Value) -> Verdict:
        if value == tuple(wall(one) for one in asked):
            return Verdict(1, 1, mark("All six of them."))
        hint = mark("Ask of each: did somebody see or change what is another's, fall with another, or only wait?")
        return Verdict(0, 1, mark("Some of them are not so."), hint)

    rows = tuple((one.id, one.text) for one in asked)
    return Item("ch03.incidents", "table", mark("Six reports. Which wall failed?"), check, options=_WALLS, rows=rows)
