"""Programs of an OS that compete with VMs: for processor time, and for memory.

What is computed is who gets how much. What a guest makes of less memory is not: of a hosted VMM under memory pressure
nothing is published, so that half is mechanism only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vmwidgets.model.allocation import share
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.scheduling import ALGORITHMS
from vmwidgets.model.vm import VM
from vmwidgets.model.vm_programs import programs, wants_permille

_SHARES = 1000
_WHOLE = 1000


@dataclass(frozen=True, slots=True)
class Contender:
    """Who wants processor time.

    Parameters
    ----------
    wants_permille
        What each of its threads wants, in thousandths of a processor.
    weight
        In relation to the others; of the whole, not of a thread.
    low_permille, high_permille
        Its reservation and its limit, of the whole.
    grouped
        Whether it has a group of its own in which its threads are confined. All that have none share one group, in
        which thread competes with thread.
    """

    wants_permille: tuple[int, ...]
    weight: int = _SHARES
    low_permille: int = 0
    high_permille: int | None = None
    grouped: bool = True

    @property
    def most_permille(self) -> int:
        """What it can use."""
        wants = sum(self.wants_permille)
        return wants if self.high_permille is None else min(wants, self.high_permille)


def vm_contender(vm: VM, hardware: Hardware, scheduler: str, *, grouped: bool) -> Contender:
    """Return a VM as a contender, with those of its controls that the scheduler heeds."""
    heeds = ALGORITHMS[scheduler].heeds if scheduler else frozenset({"weight", "cap", "reservation"})
    to_permille = 1_000_000 / hardware.clock_khz
    cap, reserved = vm.cpu_limit_mhz, vm.cpu_reservation_mhz
    return Contender(
        tuple(wants_permille(program) for program in programs(vm, hardware, seed=0)),
        vm.cpu_shares if "weight" in heeds else _SHARES,
        int(reserved * to_permille) if "reservation" in heeds else 0,
        int(cap * to_permille) if cap is not None and "cap" in heeds else None,
        grouped,
    )


def divide(capacity_permille: float, contenders: Sequence[Contender]) -> list[float]:
    """Return what each contender gets of processors, in thousandths of one.

    First the groups divide by weight (Linux, admin-guide/cgroup-v2.rst, "Weights"); that all that have no group share
    one, of the default weight, is an assumption. In it the threads divide evenly, as under any fair scheduler.
    """
    loose = [i for i, one in enumerate(contenders) if not one.grouped]
    groups = [(one.weight, one.low_permille, one.most_permille) for one in contenders if one.grouped]
    if loose:
        groups.append((_SHARES, 0, sum(contenders[i].most_permille for i in loose)))
    if not groups:
        return []
    weight, low, high = (np.array(column, np.float64) for column in zip(*groups, strict=True))
    got = list(share(capacity_permille, weight, np.minimum(low, high), high))
    rest = got.pop() if loose else 0.0
    threads = [(i, wants) for i in loose for wants in contenders[i].wants_permille]
    split = share(rest, np.ones(len(threads)), np.zeros(len(threads)), np.array([float(wants) for _, wants in threads]))
    result = [0.0 if not one.grouped else float(got.pop(0)) for one in contenders]
    for (i, _), time in zip(threads, split, strict=True):
        result[i] += float(time)
    return [min(time, float(one.most_permille)) for time, one in zip(result, contenders, strict=True)]


def slowed_permille(capacity_permille: float, contenders: Sequence[Contender], bomb: Contender) -> list[int]:
    """Return the speed of each contender beside a bomb, in thousandths of its speed before the bomb."""
    before = divide(capacity_permille, contenders)
    after = divide(capacity_permille, [*contenders, bomb])[:-1]
    return [round(_WHOLE * now / was) if was > 0 else _WHOLE for now, was in zip(after, before, strict=True)]


@dataclass(frozen=True, slots=True)
class Memory:
    """What becomes of the memory of a VM that is memory of a process.

    Parameters
    ----------
    is_killed
        Whether the process is killed.
    kept_permille
        How much of it keeps a frame; the rest is in the swap space.
    """

    is_killed: bool
    kept_permille: int


def room_bytes(vms: Sequence[VM], profile: MemoryProfile, hardware: Hardware) -> int:
    """Return the memory and swap space that VMs leave to the programs of an OS, in bytes."""
    return max(hardware.guest_memory_bytes + _swap_bytes(profile, hardware) - sum(_sizes(vms, profile)), 0)


def _swap_bytes(profile: MemoryProfile, hardware: Hardware) -> int:
    return profile.swap_permille * hardware.memory_bytes // 1000 if profile.host_swap else 0


def _sizes(vms: Sequence[VM], profile: MemoryProfile) -> list[int]:
    return [vm.memory_bytes + profile.overhead(vm.memory_bytes) for vm in vms]


def under_pressure(vms: Sequence[VM], profile: MemoryProfile, hardware: Hardware, hog_bytes: int) -> list[Memory]:
    """Return what an OS does with the memory of VMs when its other programs want ``hog_bytes``.

    Assumptions: the VMs have touched all of their memory; the programs are many and small, so that the process of a VM
    is the largest and the killer's first choice, and it stops as soon as the rest fits; what has no frame is divided in
    proportion to size.
    """
    room, swap, sizes = hardware.guest_memory_bytes, _swap_bytes(profile, hardware), _sizes(vms, profile)
    alive = set(range(len(vms)))
    while profile.host_kills and alive and sum(sizes[i] for i in alive) + hog_bytes > room + swap:
        alive.remove(max(alive, key=lambda i: (sizes[i], -i)))
    wanted = [float(sizes[i]) if i in alive else 0.0 for i in range(len(vms))] + [float(hog_bytes)]
    weights = np.maximum(np.array(wanted), 1.0)
    kept = share(float(room), weights, np.zeros(len(wanted)), np.array(wanted))
    return [
        Memory(i not in alive, int(_WHOLE * kept[i] / sizes[i] + 0.5) if i in alive else 0) for i in range(len(vms))
    ]
