"""The host: one server, its stack and its VMs, advancing in ticks."""

import copy
import hashlib
from dataclasses import astuple
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.admission import admit, disk_at_once
from vmwidgets.model.division import Division
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_pages import GuestPages
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.history import History, Segment
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.memory_ticks import MemoryTicks, now, run
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.product_controls import Adjustment, check, moved
from vmwidgets.model.scheduling import Scheduling
from vmwidgets.model.snapshot import Snapshot, snapshot_of
from vmwidgets.model.stack import Stack
from vmwidgets.model.storage import growth, overflow_tick
from vmwidgets.model.vm import VM

Ints = NDArray[np.int64]
MAX_OVERCOMMIT = 16
"""How many times the memory of a host one VM may have configured, where its pages are modelled one by one."""
MAX_ADVANCE = 100_000
"""Ticks that one call of :meth:`Host.advance` takes at most."""
_WINDOW = 1024
"""Ticks that are solved together: large enough for vectors, small enough for the cache."""
MAX_FORECAST = _WINDOW
"""Ticks that :meth:`Host.forecast` looks ahead at most."""


class Host:
    """One modelled server.

    Invariants, checked by tests after every command: what the VMs have, the VMM's part and what is free add up to
    every pool; no VM uses more than it is entitled to; a reservation that is wanted is honoured; the same calls give
    the same digest, however the ticks are divided among calls of :meth:`advance`.

    Parameters
    ----------
    hardware, stack
        What the host is made of.
    seed
        Key of all random numbers, 0 to 2**63 - 1.
    tick_s
        Seconds of a tick, 1 to 86,400.
    memory
        How the VMM manages memory, page by page; ``None``: memory is divided like the other resources, by amounts.
    """

    def __init__(
        self,
        hardware: Hardware,
        stack: Stack,
        seed: int = 0,
        tick_s: int = 60,
        memory: MemoryProfile | None = None,
    ) -> None:
        if type(hardware) is not Hardware:
            raise VmwidgetsError("hardware is {value}, expected a Hardware", value=repr(hardware)[:60])
        if type(stack) is not Stack:
            raise VmwidgetsError("stack is {value}, expected a Stack", value=repr(stack)[:60])
        self.hardware = hardware
        self.stack = stack
        self.seed = check_int("seed", seed, 0, 2**63 - 1)
        self.tick_s = check_int("tick_s", tick_s, 1, 60 if memory else 86_400)
        self.tick = 0
        self.history = History()
        self.memory = PagedMemory(hardware, memory, seed) if memory else None
        """The frames and what is done with them, on a host that models memory page by page."""
        self.scheduling = _scheduling_of(stack, Scheduling())
        """Which scheduler is looked at slice by slice; entitlements do not depend on it."""
        self._slots: list[int] = []  # of the VMs in that memory
        self._vms: list[VM] = []
        self._written: list[int] = []  # blocks that each guest has written, in bytes
        self._stalled: set[str] = set()
        self._chain = b""  # hash of all ticks so far

    @property
    def vms(self) -> tuple[VM, ...]:
        """Return the VMs in the order of their creation."""
        return tuple(self._vms)

    def vm(self, name: str) -> VM:
        """Return one VM.

        Raises
        ------
        VmwidgetsError
            If there is none of that name.
        """
        return self._vms[self._index(name)]

    def memory_slot(self, name: str) -> int:
        """Return the slot that a VM has in :attr:`memory`."""
        return self._slots[self._index(name)]

    def create(self, vm: VM) -> None:
        """Admit a VM and switch it on.

        Raises
        ------
        AdmissionError
            If what it reserves does not fit; the host is as it was.
        VmwidgetsError
            If the stack has no control for one of its settings.
        """
        self._check_free(vm.name)
        check(self.stack, vm, self.hardware, self.scheduling.algorithm)
        admit(vm, self._vms, self.hardware, disk_at_once(vm), self._disk_free(), self._profile())
        if self.memory:
            self._slots.append(self._boot(self.memory, vm))
        self._vms.append(vm)
        self._written.append(vm.disk_used_bytes)
        self._stalled.clear()

    def destroy(self, name: str) -> None:
        """Switch a VM off and give back all it had."""
        index = self._index(name)
        del self._vms[index], self._written[index]
        if self.memory:
            self.memory.remove(self._slots.pop(index))
        self._stalled.clear()  # there may be room again

    def replace(self, name: str, vm: VM) -> None:
        """Give the VM ``name`` the settings of ``vm``; what its guest has written stays.

        Where memory is modelled page by page, another size of memory or another kind of guest restarts the VM.

        Raises
        ------
        AdmissionError
            If the new reservations do not fit; the host is as it was.
        """
        index = self._index(name)
        if vm.name != name:
            self._check_free(vm.name)
        written = self._written[index]
        if vm.disk_used_bytes != self._vms[index].disk_used_bytes:
            raise VmwidgetsError(
                "disk_used_bytes is set when a VM is created; the guest of {name} has written since", name=name
            )
        if vm.disk_bytes < written:
            raise VmwidgetsError(
                "the disk of {name} would have {size} bytes, and its guest has written {written}",
                name=name,
                size=vm.disk_bytes,
                written=written,
            )
        check(self.stack, vm, self.hardware, self.scheduling.algorithm, self._vms[index])
        others = [other for other in self._vms if other.name != name]
        needs = written if vm.thin else vm.disk_bytes
        admit(vm, others, self.hardware, needs, self._disk_free(without=index), self._profile())
        if self.memory:
            self._reconfigure(self.memory, index, vm)
        self._vms[index] = vm
        self._stalled.clear()

    def moved(self, stack: Stack) -> tuple[list[VM], tuple[Adjustment, ...]]:
        """Return the VMs as they would start on another stack, and what could not be taken along as it is."""
        pairs = [moved(vm, self.stack, stack, self.hardware) for vm in self._vms]
        return [vm for vm, _ in pairs], tuple(each for _, adjusted in pairs for each in adjusted)

    def set_stack(self, stack: Stack) -> None:
        """Shut all VMs down, put another stack on the server, and start them there.

        Where no guest has a kernel of its own, what they do is done by programs on the one kernel there is. What they
        have written stays. The scheduler becomes that of the stack, and where memory is modelled page
        by page so does the way it is managed.

        Raises
        ------
        AdmissionError
            If the VMs do not all start there; the host is as it was.
        VmwidgetsError
            If it is not said how the stack manages memory page by page.
        """
        if self.memory and stack.memory_profile is None:
            raise VmwidgetsError("the model does not know how {product} manages memory", product=stack.name)
        profile = stack.memory_profile if self.memory else None
        memory = PagedMemory(self.hardware, profile, self.seed) if profile else None
        vms, slots = self.moved(stack)[0], list[int]()
        free = self._disk_free()
        for index, vm in enumerate(vms):
            admit(vm, vms[:index], self.hardware, 0, max(free, 0), profile)
            if memory:
                slots.append(self._boot(memory, vm))
        self.stack, self.memory = stack, memory
        self._vms, self._slots = vms, slots
        self._stalled.clear()
        self.scheduling = _scheduling_of(stack, self.scheduling)

    def tune_memory(self, **changes: object) -> None:
        """Change how the VMM manages memory, see :data:`~vmwidgets.model.memory_profile.TUNABLE`.

        Raises
        ------
        VmwidgetsError
            If memory is not modelled page by page here, or a setting does not fit.
        """
        if self.memory is None:
            raise VmwidgetsError("this host has no memory settings: make the lab with memory=…")
        self.memory.tune(self.memory.profile.with_changes(**changes))

    def tune_scheduler(self, **changes: object) -> None:
        """Change the quantum-level scheduler, see :class:`~vmwidgets.model.scheduling.Scheduling`.

        Raises
        ------
        VmwidgetsError
            If a setting does not exist or does not fit.
        """
        changed = self.scheduling.with_changes(**changes)
        changed.check_on(self.hardware.pcpus)
        self.scheduling = changed

    def advance(self, ticks: int = 1) -> None:
        """Let time pass, 1 to :data:`MAX_ADVANCE` ticks."""
        check_int("ticks", ticks, 1, MAX_ADVANCE)
        while ticks:
            part = min(ticks, _WINDOW)
            segment, self._written, self._stalled = self._window(part, live=True)
            for column in np.moveaxis(segment.values, 2, 0):
                self._chain = hashlib.sha256(self._chain + column.astype("<i8").tobytes()).digest()
            self.history.append(segment)
            self.tick += part
            ticks -= part

    def forecast(self, ticks: int) -> Segment:
        """Return what the next ticks would bring if nobody changes anything; the host stays as it is.

        Where memory is modelled page by page, it is held as it is now: its future can only be found by living it.
        """
        check_int("ticks", ticks, 1, MAX_FORECAST)
        return self._window(ticks, live=False)[0]

    def snapshot(self) -> Snapshot:
        """Return the host as it is now: the tick that is about to pass, under the present settings."""
        return self.snapshot_from(self.forecast(1))

    def snapshot_from(self, forecast: Segment) -> Snapshot:
        """Return the snapshot of now from a forecast that is at hand."""
        return snapshot_of(forecast, self.vms, self.hardware, self.tick_s)

    def digest(self) -> str:
        """Return a SHA-256 over settings, state and all that has happened, in hexadecimal."""
        paged = self.memory.digest() if self.memory else ""
        state = (self.seed, self.tick_s, self.tick, self.stack.id, astuple(self.hardware), paged)
        scheduling = astuple(self.scheduling)
        vms = [
            (astuple(vm), written, vm.name in self._stalled)
            for vm, written in zip(self._vms, self._written, strict=True)
        ]
        return hashlib.sha256(repr((state, scheduling, vms)).encode() + self._chain).hexdigest()

    def copy(self) -> Self:
        """Return an independent copy."""
        return copy.deepcopy(self)

    # ------------------------------------------------------------------------------------------- how a window is made
    def _window(self, ticks: int, *, live: bool) -> tuple[Segment, list[int], set[str]]:
        """Solve the next ticks; return them and the state after them. Paged memory changes here, if it is live."""
        written, stalled = np.array(self._written, np.int64), set(self._stalled)
        first, parts = self.tick, list[Ints]()
        size = np.array([vm.disk_bytes for vm in self._vms], np.int64)
        thin = np.array([vm.thin for vm in self._vms], np.bool_)
        memory = self._memory_ticks(ticks, live=live)
        division = Division(self.hardware, self.stack, self._vms, self.seed, self.tick_s)
        while first < self.tick + ticks:
            left = self.tick + ticks - first
            per_day = np.array(
                [0 if vm.name in stalled else vm.workload.growth_bytes_per_day() for vm in self._vms], np.int64
            )
            filled = growth(written, size, np.ones_like(thin), per_day, first, left, self.tick_s)
            space = np.where(thin[:, None], filled, size[:, None])
            length = overflow_tick(space, self.hardware.disk_bytes)
            if length:
                begin = first - self.tick
                lived = memory.part(begin, begin + length) if memory else None
                parts.append(division.metrics(first, space[:, :length], stalled, lived))
                written = filled[:, length - 1]
                first += length
            if length < left:  # the pool is full: whoever needs a new block stops, as if its plug were pulled halfway
                stalled |= {
                    vm.name
                    for vm, grows in zip(self._vms, filled[:, length] > written, strict=True)
                    if grows and vm.thin
                }
        values = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)
        values.flags.writeable = False
        return Segment(tuple(vm.name for vm in self._vms), self.tick, values), written.tolist(), stalled

    def _memory_ticks(self, ticks: int, *, live: bool) -> MemoryTicks | None:
        """Return the memory of the next ticks, page by page; if they are not lived, it stays as it is."""
        if self.memory is None or not self._vms:
            return None
        if not live:
            as_it_is = now(self.memory, self._slots)
            return MemoryTicks(*(np.repeat(getattr(as_it_is, f), ticks, axis=-1) for f in MemoryTicks.__slots__))
        at = self.tick + np.arange(ticks, dtype=np.int64)
        page = self.hardware.page_bytes
        demand = [vm.workload.demand(vm, self.seed, at, self.tick_s).active_bytes for vm in self._vms]
        return run(self.memory, self._slots, -(-np.stack(demand) // page), self.tick_s)

    # ------------------------------------------------------------------------------------------------ memory by pages
    def _boot(self, memory: PagedMemory, vm: VM) -> int:
        """Start a guest in memory that is modelled page by page; return its slot."""
        page, kernel = self.hardware.page_bytes, vm.kernel
        pages = -(-vm.memory_bytes // page)
        check_int("memory_bytes", vm.memory_bytes, 1, MAX_OVERCOMMIT * self.hardware.memory_bytes)
        guest = GuestPages(
            pages,
            kernel.name,
            vm.stream,
            kernel.mix(),
            used=pages * vm.workload.touched_permille() // 1000,
            zeroes_memory=kernel.zeroes_memory,
            balloon=kernel.balloon,
        )
        return memory.add(guest, *_memory_controls(vm, page))

    def _reconfigure(self, memory: PagedMemory, index: int, vm: VM) -> None:
        old, slot = self._vms[index], self._slots[index]
        if (old.memory_bytes, old.kernel.mix(), old.stream) != (vm.memory_bytes, vm.kernel.mix(), vm.stream):
            self._slots[index] = self._boot(memory, vm)  # may be refused: the old one goes only then
            memory.remove(slot)
            return
        memory.control(slot, *_memory_controls(vm, self.hardware.page_bytes))
        guest = memory.tenant(slot).guest
        guest.used = guest.pages * vm.workload.touched_permille() // 1000
        guest.balloon = vm.kernel.balloon
        guest.upgrade(vm.kernel.name)

    # ---------------------------------------------------------------------------------------------------- small things
    def _index(self, name: str) -> int:
        for index, vm in enumerate(self._vms):
            if vm.name == name:
                return index
        raise VmwidgetsError("there is no VM {name}", name=repr(name)[:60])

    def _check_free(self, name: str) -> None:
        if any(vm.name == name for vm in self._vms):
            raise VmwidgetsError("there is a VM {name} already", name=name)

    def _profile(self) -> MemoryProfile | None:
        return self.memory.profile if self.memory else None

    def _disk_free(self, without: int | None = None) -> int:
        taken = sum(
            written if vm.thin else vm.disk_bytes
            for i, (vm, written) in enumerate(zip(self._vms, self._written, strict=True))
            if i != without
        )
        return self.hardware.disk_bytes - taken


def _scheduling_of(stack: Stack, before: Scheduling) -> Scheduling:
    """Return the scheduler of a stack, or, where it has none of its own, that of before."""
    if not stack.scheduler:
        return before
    return before.with_changes(
        algorithm=stack.scheduler, beside="" if before.beside == stack.scheduler else before.beside
    )


def _memory_controls(vm: VM, page_bytes: int) -> tuple[int, int, int | None]:
    """Return shares, minimum and limit of a VM's memory, the latter in pages."""
    limit = None if vm.memory_limit_bytes is None else vm.memory_limit_bytes // page_bytes
    return vm.memory_shares, -(-vm.memory_reservation_bytes // page_bytes), limit
