"""A boot storm: guests that zero all their memory start together, on a host that has less than they may use."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple, cast

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_list, as_number, as_positive, show
from vmwidgets.model.errors import VmwidgetsError, check_int, check_name
from vmwidgets.model.guest_pages import DRIVER, NO_DRIVER, GuestPages
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.second_stage import BALLOONED, SWAPPED
from vmwidgets.model.units import KiB, MiB
from vmwidgets.stacks import memory_profile

if TYPE_CHECKING:
    import pandas as pd

BOOT_STORM = (
    {"name": "mail", "max": 256, "min": 128, "active_trace": [(0, 25), (2, 90), (20, 220)]},
    {"name": "files", "max": 256, "min": 128, "active_trace": [(0, 25), (2, 90), (20, 20)]},
    {"name": "desktops 1", "max": 320, "min": 160, "active_trace": [(0, 30), (3, 150), (30, 260)]},
    {"name": "desktops 2", "max": 320, "min": 160, "active_trace": [(0, 30), (3, 220), (15, 15)]},
    {"name": "database", "max": 384, "min": 192, "active_trace": [(0, 40), (5, 200), (30, 370)]},
)
"""Windows machines of different sizes, with minima of half of that: the course's own, in the manner of the source."""

_KEYS = ("max", "min", "shares", "active_trace", "name", "image")
_MOST_MB = 2**20


class _VM(NamedTuple):
    name: str
    maximum: int
    minimum: int
    shares: int
    minutes: list[float]
    active: list[int]
    image: str

    def active_at(self, second: int) -> int:
        """Return the working set in pages; nothing before its first minute."""
        step = bisect_right(self.minutes, second / 60)
        return self.active[step - 1] if step else 0


@experiment(
    source="C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002, sections 6.1 to 6.3",
    predicted="the order of the states; at boot sharing of zero pages and little swapping, later ballooning; "
    "that an idle VM is reclaimed down to its minimum",
)
def boot_storm(
    vms: Sequence[Mapping[str, object]] = BOOT_STORM,
    host_mb: float = 1024,
    vmm_mb: float = 24,
    minutes: float = 60,
    profile: str = "esx",
    every_s: int = 15,
    driver_after_s: int = 90,
    page_kib: int = 16,
    disk_mb_s: float = 40,
    trace_interval_s: int = 60,
    seed: int = 0,
) -> "pd.DataFrame":
    """Start guests together that write zeros to all their memory, and follow who has how much of it.

    Parameters
    ----------
    vms
        For each VM a mapping, memory in MB: ``max`` (its size), ``min`` (guaranteed; 0 if left out), ``shares``
        (``max`` if left out), ``active_trace`` (its working set: a list of (from minute, MB), or of MB, one for each
        interval; ``max`` if left out; the last one stays), ``name``, and ``image`` (its operating system: VMs of the
        same image have equal pages).
    host_mb, vmm_mb
        Memory of the host, and the part of it that the VMM keeps. Admission control counts
        what it needs for each VM beyond that.
    minutes, every_s
        How long it takes, and how often it is looked at.
    profile
        How memory is managed, one of :data:`vmwidgets.stacks.MEMORY`.
    driver_after_s
        When the balloon drivers have started: until then a guest cannot be asked for memory. An assumption.
    page_kib
        Size of a page. Real ones have 4 KiB; larger ones are faster to compute. The scanner looks at as many pages a
        second, whatever their size.
    disk_mb_s
        Speed of the disk with the swap file. An assumption.
    trace_interval_s
        Interval of the traces that are plain numbers.
    seed
        Of all random choices.

    Returns
    -------
    DataFrame
        For each time one row per VM: ``minute``, ``state`` (of the host), ``states`` (those it has been in since the
        row before, in their order: ``"high soft hard"``), ``free_mb``, ``vm``, ``min_mb``, ``allocated_mb`` (its pages
        that are in memory), ``active_mb`` (what it really uses), ``ballooned_mb``, ``shared_mb``, ``swapped_mb``. The
        attribute ``attrs["states"]`` is the exact sequence: a list of (minute, state), each state from that minute on.
    """
    import pandas as pd

    check_int("every_s", every_s, 1, 3600)
    page = check_int("page_kib", page_kib, 4, 2**20) * KiB
    hardware = Hardware(
        memory_bytes=round(as_positive("host_mb", host_mb, _MOST_MB) * MiB),
        vmm_memory_bytes=round(as_number("vmm_mb", vmm_mb, _MOST_MB) * MiB),
        page_bytes=page,
        disk_bandwidth=round(as_positive("disk_mb_s", disk_mb_s, _MOST_MB) * MiB),
    )
    check_int("trace_interval_s", trace_interval_s, 1, 86_400)
    machines = [_read(row, number, page, trace_interval_s / 60) for number, row in enumerate(as_list("vms", vms), 1)]
    if len({machine.name for machine in machines}) < len(machines):
        raise VmwidgetsError("two VMs have the same name")
    guaranteed = sum(machine.minimum for machine in machines) * page
    managed = memory_profile(profile)
    overhead = sum(managed.overhead(machine.maximum * page) for machine in machines)
    free = hardware.guest_memory_bytes - overhead
    if guaranteed > free:
        raise VmwidgetsError(
            "the VMs are guaranteed {wanted} MB together, and the host has {free} MB for them",
            wanted=guaranteed // MiB,
            free=free // MiB,
        )
    memory = PagedMemory(hardware, managed, check_int("seed", seed, 0, 2**63 - 1))
    slots = [memory.add(_guest(machine), machine.shares, machine.minimum) for machine in machines]
    by_slot = dict(zip(slots, machines, strict=True))
    rows: list[dict[str, object]] = []
    states, told = [(0.0, memory.rung.name)], 0
    for second in range(1, round(as_number("minutes", minutes, 10_000) * 60) + 1):
        if second == driver_after_s:
            for slot in slots:
                memory.tenant(slot).guest.balloon = DRIVER
        memory.step({slot: machine.active_at(second) for slot, machine in by_slot.items()})
        states += _changes(memory)
        if second % every_s == 0:
            rows += _look(memory, by_slot, " ".join(state for _, state in states[told:]))
            told = len(states) - 1
    table = pd.DataFrame(rows)
    table.attrs["states"] = states
    return table


def _changes(memory: PagedMemory) -> list[tuple[float, str]]:
    """Return the changes of the host's state in the second that has just passed."""
    new = takewhile(lambda event: event[0] == memory.second, reversed(memory.events))
    return [(second / 60, memory.profile.ladder.rungs[state].name) for second, state, _ in new][::-1]


def _look(memory: PagedMemory, machines: Mapping[int, _VM], states: str) -> list[dict[str, object]]:
    machine, mb = memory.machine, memory.machine.page_bytes / MiB
    rows: list[dict[str, object]] = []
    for slot, vm in machines.items():
        alive, places = slot in memory.tenants, machine.places[slot]
        rows.append(
            {
                "minute": memory.second / 60,
                "state": memory.rung.name,
                "states": states,
                "free_mb": machine.free * mb,
                "vm": vm.name,
                "min_mb": vm.minimum * mb,
                "allocated_mb": memory.allocated(slot) * mb if alive else 0.0,
                "active_mb": memory.tenant(slot).active * mb if alive else 0.0,
                "ballooned_mb": places[BALLOONED] * mb,
                "shared_mb": machine.shared[slot] * mb,
                "swapped_mb": places[SWAPPED] * mb,
            }
        )
    return rows


def _guest(vm: _VM) -> GuestPages:
    """Return a guest that takes as much into use as its working set ever has, and has no balloon driver yet."""
    most = max(vm.active)
    return GuestPages(vm.maximum, vm.image, vm.name, used=most, zeroes_memory=True, balloon=NO_DRIVER)


def _read(row: object, number: int, page_bytes: int, interval: float) -> _VM:
    if not isinstance(row, Mapping):
        raise VmwidgetsError("vms has {value}, expected a mapping for each VM", value=show(row))
    given = cast(Mapping[str, object], row)
    for key in given:
        if key not in _KEYS:
            raise VmwidgetsError("{key} is not known here, expected {known}", key=show(key), known=", ".join(_KEYS))
    name = check_name("name", given.get("name", f"VM{number}"))
    image = check_name("image", given.get("image", "Windows"))
    most = as_positive("max", given.get("max"), _MOST_MB)
    least = as_number("min", given.get("min", 0), most)
    shares = check_int("shares", given.get("shares", max(round(most), 1)), 1, 1_000_000)
    minutes, active = _trace(given.get("active_trace", [most]), most, interval)
    pages = [_pages(mb, page_bytes) for mb in active]
    return _VM(name, max(_pages(most, page_bytes), 1), _pages(least, page_bytes), shares, minutes, pages, image)


def _trace(value: object, most: float, interval: float) -> tuple[list[float], list[float]]:
    """Read a working set over time: from which minutes on, and how many MB."""
    name = "active_trace"
    steps = as_list(name, value)
    if not steps:
        raise VmwidgetsError("{name} is empty", name=name)
    if not isinstance(steps[0], Sequence):
        return [i * interval for i in range(len(steps))], [as_number(name, mb, most) for mb in steps]
    minutes, active = list[float](), list[float]()
    for step in steps:
        pair = as_list(name, step)
        if len(pair) != 2:
            raise VmwidgetsError("{name} has {count} values, expected {wanted}", name=name, count=len(pair), wanted=2)
        minute = as_number(name, pair[0])
        if minutes and minute <= minutes[-1]:
            raise VmwidgetsError(
                "{name} goes from minute {begin} to minute {end}", name=name, begin=minutes[-1], end=minute
            )
        minutes.append(minute)
        active.append(as_number(name, pair[1], most))
    return minutes, active


def _pages(mb: float, page_bytes: int) -> int:
    return round(mb * MiB) // page_bytes
