"""A boot storm: guests that zero all their memory start together, on a host that has less than they may use."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
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
    {"name": "mail", "max_mb": 256, "min_mb": 128, "active": [(0, 25), (2, 90), (20, 220)]},
    {"name": "files", "max_mb": 256, "min_mb": 128, "active": [(0, 25), (2, 90), (20, 20)]},
    {"name": "desktops 1", "max_mb": 320, "min_mb": 160, "active": [(0, 30), (3, 150), (30, 260)]},
    {"name": "desktops 2", "max_mb": 320, "min_mb": 160, "active": [(0, 30), (3, 220), (15, 15)]},
    {"name": "database", "max_mb": 384, "min_mb": 192, "active": [(0, 40), (5, 200), (30, 370)]},
)
"""Windows machines of different sizes, with minima of half of that: the course's own, in the manner of the source."""

_KEYS = ("name", "max_mb", "min_mb", "shares", "active", "image")
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
    seed: int = 0,
) -> "pd.DataFrame":
    """Start guests together that write zeros to all their memory, and follow who has how much of it.

    Parameters
    ----------
    vms
        For each VM a mapping: ``max_mb`` (its size), ``min_mb`` (guaranteed; 0 if left out), ``shares`` (``max_mb`` if
        left out), ``active`` (its working set, a list of (from minute, MB)), ``name``, and ``image`` (its operating
        system: VMs of the same image have equal pages).
    host_mb, vmm_mb
        Memory of the host, and the part of it that the VMM keeps.
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
    seed
        Of all random choices.

    Returns
    -------
    DataFrame
        For each time one row per VM: ``minute``, ``state`` (of the host), ``lowest_state`` (since the row before),
        ``free_mb``, ``vm``, ``min_mb``, ``allocated_mb`` (its pages that are in memory), ``active_mb`` (what it really
        uses), ``ballooned_mb``, ``shared_mb``, ``swapped_mb``.
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
    machines = [_read(row, number, page) for number, row in enumerate(as_list("vms", vms), 1)]
    if len({machine.name for machine in machines}) < len(machines):
        raise VmwidgetsError("two VMs have the same name")
    guaranteed = sum(machine.minimum for machine in machines) * page
    if guaranteed > hardware.guest_memory_bytes:
        raise VmwidgetsError(
            "the VMs are guaranteed {wanted} MB together, and the host has {free} MB for them",
            wanted=guaranteed // MiB,
            free=hardware.guest_memory_bytes // MiB,
        )
    memory = PagedMemory(hardware, memory_profile(profile), check_int("seed", seed, 0, 2**63 - 1))
    slots = [memory.add(_guest(machine), machine.shares, machine.minimum) for machine in machines]
    rows: list[dict[str, object]] = []
    lowest = 0
    for second in range(1, round(as_number("minutes", minutes, 10_000) * 60) + 1):
        if second == driver_after_s:
            for slot in slots:
                memory.tenant(slot).guest.balloon = DRIVER
        memory.step({slot: machine.active_at(second) for slot, machine in zip(slots, machines, strict=True)})
        lowest = max(lowest, memory.state)
        if second % every_s == 0:
            rows += _look(memory, dict(zip(slots, machines, strict=True)), lowest)
            lowest = memory.state
    return pd.DataFrame(rows)


def _look(memory: PagedMemory, machines: Mapping[int, _VM], lowest: int) -> list[dict[str, object]]:
    machine, mb = memory.machine, memory.machine.page_bytes / MiB
    rows: list[dict[str, object]] = []
    for slot, vm in machines.items():
        alive, places = slot in memory.tenants, machine.places[slot]
        rows.append(
            {
                "minute": memory.second / 60,
                "state": memory.rung.name,
                "lowest_state": memory.profile.ladder.rungs[lowest].name,
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


def _read(row: object, number: int, page_bytes: int) -> _VM:
    if not isinstance(row, Mapping):
        raise VmwidgetsError("vms has {value}, expected a mapping for each VM", value=show(row))
    given = cast(Mapping[str, object], row)
    for key in given:
        if key not in _KEYS:
            raise VmwidgetsError("{key} is not known here, expected {known}", key=show(key), known=", ".join(_KEYS))
    name = check_name("name", given.get("name", f"VM{number}"))
    image = check_name("image", given.get("image", "Windows"))
    most = as_positive("max_mb", given.get("max_mb"), _MOST_MB)
    least = as_number("min_mb", given.get("min_mb", 0), most)
    shares = check_int("shares", given.get("shares", max(round(most), 1)), 1, 1_000_000)
    minutes, active = list[float](), list[int]()
    for step in as_list("active", given.get("active", [(0, most)])):
        values = as_list("active", step)
        if len(values) != 2:
            raise VmwidgetsError(
                "{name} has {count} values, expected {wanted}", name="active", count=len(values), wanted=2
            )
        minute, mb = as_number("active", values[0]), as_number("active", values[1], most)
        if minutes and minute <= minutes[-1]:
            raise VmwidgetsError("active goes from minute {begin} to minute {end}", begin=minutes[-1], end=minute)
        minutes.append(minute)
        active.append(_pages(mb, page_bytes))
    if not minutes:
        raise VmwidgetsError("{name} is empty", name="active")
    return _VM(name, max(_pages(most, page_bytes), 1), _pages(least, page_bytes), shares, minutes, active, image)


def _pages(mb: float, page_bytes: int) -> int:
    return round(mb * MiB) // page_bytes
