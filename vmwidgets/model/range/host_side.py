"""Guest code that is no guest's: a program beside the VMs, on the OS of the machine or of the domain that manages.

It may look into the memory of VMs, if the layer whose authority it has may; it may multiply; it may take memory. What
becomes of the VMs is what :mod:`vmwidgets.model.failures` makes of the layers.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from vmwidgets.model.acts import FAILURES, domains, host_oses, of_kernel
from vmwidgets.model.failures import Fate, fail
from vmwidgets.model.guest_memory import MASK64, PAGE_BYTES
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.pressure import room_bytes
from vmwidgets.model.range.trace import ABSENT, OPEN, REFUSES
from vmwidgets.model.stack import Stack
from vmwidgets.model.units import MiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

CALLS = ("host_read", "host_fork", "host_allocate")
"""Read 8 bytes of a VM (rdi) at a guest-physical address (rsi); start another thread that computes; take so many MiB
(rdi)."""
AGAIN, NO_MEMORY, NOT_PERMITTED = -11 & MASK64, -12 & MASK64, -1 & MASK64
"""What calls answer in rax that may not be (EAGAIN, ENOMEM, EPERM of Linux)."""
PIDS_MAX = 64
"""Threads that the limit for the programs of the host allows. An assumption."""
MOST_THREADS = 1024
"""More than that no kernel starts here. An assumption."""
MOST_MIB = 1 << 20


def host_layer(layers: Layers) -> Layer:
    """Return what programs beside the VMs run on: the OS of the machine, that of a domain that manages, or the VMM."""
    kernels = (*host_oses(layers), *(one for one in domains(layers) if of_kernel(layers, one, "manages")))
    return next(iter(kernels), layers.with_("maps")[0])


def reader(layers: Layers) -> Layer:
    """Return the layer by whose authority a program reads memory of VMs: of a program if one may, else of a kernel."""
    able = layers.with_("reads")
    programs = [one for one in able if one.kind == "program" and not one.per_vm]
    return (programs or list(able))[0]


class HostProgram:
    """The calls of a program beside the VMs.

    Parameters
    ----------
    scenario
        Where. The VMs are the victim and one more, each with one vCPU that computes all the time.
    """

    def __init__(self, scenario: "Scenario") -> None:
        self._scenario, self._stack = scenario, _with_groups(scenario)
        self._host, self._hardware = host_layer(scenario.stack.layers), Hardware()
        self._vms = [VM(guest.name, workload=Workload("cpu_burner")) for guest in scenario.guests[1:]]
        self.threads, self.mib = 0, 0

    def read(self, vm: int, address: int) -> int:
        """Return 8 bytes of a VM's memory, as they lie in memory."""
        scenario = self._scenario
        if vm >= len(scenario.guests) or address % PAGE_BYTES > PAGE_BYTES - 8:
            return NOT_PERMITTED
        frame = scenario.guests[vm].map.get(address // PAGE_BYTES)
        if frame is None:
            return 0
        owner, word = scenario.machine.owners[frame], scenario.machine.word(frame * PAGE_BYTES + address % PAGE_BYTES)
        if scenario.defences["memory_encryption"] and owner != scenario.attacker.name:
            scenario.trace.note("hardware", "memory_encryption", REFUSES, address, frame, owner)
            return word ^ scenario.draws.word(f"key of {owner} at {address}")
        scenario.machine.touched(scenario.attacker.name, frame, write=False)
        authority = reader(scenario.stack.layers)
        scenario.trace.note(authority.id, "memory_encryption", OPEN, address, frame, owner)
        return word

    def fork(self, _a: int, _b: int) -> int:
        """Start another thread."""
        if self._refused("fork_bomb", self.threads + 1, PIDS_MAX) or self.threads >= MOST_THREADS:
            return AGAIN
        self.threads += 1
        return self.threads

    def allocate(self, mib: int, _b: int) -> int:
        """Take memory, and use it."""
        profile, wanted = self._stack.memory_profile, self.mib + min(mib, MOST_MIB)
        room = room_bytes(self._vms, replace(profile, host_swap=False), self._hardware) // MiB if profile else 0
        if wanted > MOST_MIB or self._refused("host_oom", wanted, room):
            return NO_MEMORY
        self.mib = wanted
        if self._fate("host_pressure", hog_bytes=wanted * MiB).state == "not_published":
            self._scenario.trace.note(self._host.id, "host_memory", ABSENT, wanted)
        return wanted

    def _refused(self, failure: str, wanted: int, most: int) -> bool:
        """Return whether a limit on the programs of the host keeps them from having more."""
        trace, layers = self._scenario.trace, self._stack.layers
        if "host_cgroups" not in self._scenario.defences.offered or not FAILURES[failure].find(layers):
            trace.note(self._host.id, "host_programs", ABSENT, wanted)
            return False
        if wanted <= most:
            return False
        closed = self._scenario.defences["host_cgroups"]
        trace.note(self._host.id, "host_cgroups", REFUSES if closed else OPEN, wanted)
        self._scenario.machine.work["requests_refused"] += closed
        return closed

    def victim_permille(self) -> int:
        """Return what the victim has kept of processor time or of memory, whichever is less, in thousandths."""
        return min(self._bombed(), self._short())

    def _bombed(self) -> int:
        return self._fate("fork_bomb", bomb_threads=self.threads).cpu_permille if self.threads else 1000

    def _short(self) -> int:
        return self._fate("host_pressure", hog_bytes=self.mib * MiB).memory_permille if self.mib else 1000

    def _fate(self, failure: str, **how: int) -> Fate:
        return fail(self._stack, failure, self._vms, self._hardware, **how).fates[0]


def _with_groups(scenario: "Scenario") -> Stack:
    """Return the stack with VMs and programs of the host in groups that are divided fairly, or thread beside thread."""
    stack, grouped = scenario.stack, scenario.defences["host_cgroups"]
    if "host_cgroups" not in scenario.defences.offered:
        return stack
    programs = (replace(one, confined=grouped) if one.kind == "program" else one for one in stack.layers)
    return replace(stack, layers=Layers(programs))


def plug(scenario: "Scenario") -> None:
    """Give guest code the calls of a program beside the VMs, if that is where it runs."""
    program = HostProgram(scenario) if scenario.placement.seat == "host" else None
    calls = (program.read, program.fork, program.allocate) if program else (None, None, None)
    for name, call in zip(CALLS, calls, strict=True):
        scenario.hypercalls.add(name, call)
    if program:
        scenario.speeds.append(program.victim_permille)
