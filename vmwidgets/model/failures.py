"""Who survives what: the outcome of a failure for each VM, from the layers alone.

There is no table of outcomes. A failure hits layers; what falls with them is read off the layers; and a VM whose
layers all stand may still have lost the one that drives its devices.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vmwidgets.model.acts import FAILURES, Failure, of_kernel, own_programs
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.falling import Chains, Reason, falls, is_assumed
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.layers import Layer
from vmwidgets.model.pressure import Contender, divide, room_bytes, slowed_permille, under_pressure, vm_contender
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.model.words import said

STATES = ("goes_on", "slowed", "paused", "stalled", "gone", "not_published")
"""What becomes of a VM: it goes on; more slowly; not until the machine wakes up; without disk and network; it is gone;
no source says."""
NEEDS = {
    "native": ("drives",),
    "emulated": ("emulates", "drives"),
    "paravirtual": ("serves", "drives"),
    "passthrough": (),
}
"""The duties that a VM's disk and network need, by the way that they are reached."""

WITHOUT = {
    "drives": said("{of} drove the devices of {layer}"),
    "serves": said("{of} was the other end of the devices of {layer}"),
    "emulates": said("{of} imitated the devices of {layer}"),
}
_HIT = said("{layer} is what is hit")
_SESSION = said("{layer} belongs to the session that ends")
_UNMANAGED = said("without {of} nobody can start or change {layer}")
_APART = said("{layer} neither stood on {of} nor had devices from there")
_ANOTHERS = said("it is another VM's {of} that is hit")
_SLEEPS = said("{of} owns the machine: it takes {layer} to sleep, and out of it again")
_THREADS = said("{of} schedules {layer} beside its own programs")
_DOMAIN = said("for {layer} the programs of {of} are one more domain")
_BACKEND = said("{of} serves the devices of {layer} beside its own programs")
_PAGED = said("{of} has paged out memory of {layer}")
_KILLED = said("{of} has killed the largest process, and {layer} ran in it")
_FITS = said("{of} has memory for {layer} and for its programs")
_UNKNOWN = said("what {of} does with the memory of {layer} is not published")


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one VM.

    Parameters
    ----------
    vm, state
        Its name, and one of :data:`STATES`.
    chain
        The layers why, link by link.
    cpu_permille, io_permille
        Its speed, in thousandths of that before: of computation, and of disk and network.
    memory_permille
        How much of its memory has a frame. What that does to its speed is not published.
    """

    vm: str
    state: str
    chain: tuple[Reason, ...] = ()
    cpu_permille: int = 1000
    io_permille: int = 1000
    memory_permille: int = 1000

    @property
    def assumed(self) -> bool:
        """Whether a link of the chain is an assumption."""
        return is_assumed(self.chain)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes of a failure.

    Parameters
    ----------
    failure, stack
        Which, and the name of the stack.
    hit
        The layers that it hits; none: it cannot happen here.
    fates
        Of each VM, in their order.
    fallen
        Ids of all layers that fall.
    """

    failure: Failure
    stack: str
    hit: tuple[Layer, ...]
    fates: tuple[Fate, ...]
    fallen: tuple[str, ...] = field(default=())

    @property
    def exists(self) -> bool:
        """Whether it can happen in this stack."""
        return bool(self.hit)

    @property
    def absent(self) -> str:
        """Why it cannot: an English sentence with the field ``{stack}``; ``""`` if it can."""
        return "" if self.exists else self.failure.absent

    @property
    def blast_radius(self) -> tuple[str, ...]:
        """The VMs that do not go on as before; without those of which nothing is published."""
        return tuple(fate.vm for fate in self.fates if fate.state not in ("goes_on", "not_published"))


def fail(
    stack: Stack,
    failure: str,
    vms: Sequence[VM],
    hardware: Hardware | None = None,
    victim: int = 0,
    bomb_threads: int = 64,
    hog_bytes: int | None = None,
) -> Outcome:
    """Let something go wrong and return what becomes of each VM.

    Parameters
    ----------
    stack, vms, hardware
        The layers, what runs on them, and the machine (by default the reference server).
    failure
        Id of one of :data:`~vmwidgets.model.acts.FAILURES`.
    victim
        Index of the VM that is hit where a failure hits what each VM has for itself.
    bomb_threads
        Threads of the fork bomb, all of which compute.
    hog_bytes
        What the programs of the host want. By default as much as the machine has, or, where memory is to run out, a
        little more than memory and swap space have left.

    Raises
    ------
    VmwidgetsError
        If there is no such failure, or no such VM.
    """
    if failure not in FAILURES:
        raise VmwidgetsError(
            "there is no failure {name}, expected one of {known}", name=repr(failure)[:60], known=", ".join(FAILURES)
        )
    if vms:
        check_int("victim", victim, 0, len(vms) - 1)
    check_int("bomb_threads", bomb_threads, 1, 100_000)
    machine, act = hardware or Hardware(), FAILURES[failure]
    hit = act.find(stack.layers) if len(stack.layers) else ()
    if not hit:
        return Outcome(act, stack.name, (), tuple(Fate(vm.name, "goes_on") for vm in vms))
    if act.how == "bomb":
        fates = _Bomb(stack, vms, machine, hit[0], bomb_threads).fates()
    elif act.how in ("memory", "exhaust"):
        fates = _memory(stack, vms, machine, hit[0], act, hog_bytes)
    elif act.how == "sleep":
        chain = (Reason(_SLEEPS, stack.layers.customer, hit[0], hit[0].privilege != "kernel"),)
        fates = [Fate(vm.name, "paused", chain) for vm in vms]
    else:
        return _lost(stack, act, hit, vms, victim)
    return Outcome(act, stack.name, hit, tuple(fates))


def _reason(text: str, layer: Layer, of: Layer, duty: str = "") -> Reason:
    return Reason(text, layer, of, bool(duty) and duty in of.assumed)


# ------------------------------------------------------------------------------------------------- layers that are lost
def _lost(stack: Stack, act: Failure, hit: tuple[Layer, ...], vms: Sequence[VM], victim: int) -> Outcome:
    layers, is_fault = stack.layers, act.how == "fault"
    first = {layer.id: (_first(act, layer),) for layer in hit}
    own = falls(layers, first, is_fault=is_fault)
    # What one VM has for itself takes another VM along only through a layer that both have.
    others = falls(layers, {id: own[id] for id in own if not layers[id].per_vm}, is_fault=is_fault)
    fates = [_fate(stack, vm.name, own if act.ends_session or i == victim else others, hit) for i, vm in enumerate(vms)]
    return Outcome(act, stack.name, hit, tuple(fates), tuple(own))


def _first(act: Failure, layer: Layer) -> Reason:
    return _reason(_SESSION, layer, layer, "session") if act.ends_session else Reason(_HIT, layer, layer)


def _fate(stack: Stack, vm: str, fallen: Chains, hit: tuple[Layer, ...]) -> Fate:
    customer = stack.layers.customer
    if customer.id in fallen:
        return Fate(vm, "gone", fallen[customer.id], 0, 0, 0)
    for duty in NEEDS[stack.device]:
        for layer in stack.layers.with_(duty):
            if layer.id in fallen:
                chain = (*fallen[layer.id], _reason(WITHOUT[duty], customer, layer, duty))
                return Fate(vm, "stalled", chain, io_permille=0)
    managers = [layer for layer in stack.layers.with_("manages") if layer.id in fallen]
    apart = _ANOTHERS if hit[0] in stack.layers.under(customer.id) else _APART
    chain = (Reason(apart, customer, hit[0]), *(_reason(_UNMANAGED, customer, one, "manages") for one in managers))
    return Fate(vm, "goes_on", chain)


# ---------------------------------------------------------------------------------------------- programs that want more
class _Bomb:
    """A fork bomb among the programs of an OS."""

    def __init__(self, stack: Stack, vms: Sequence[VM], hardware: Hardware, os: Layer, threads: int) -> None:
        self.stack, self.vms, self.os = stack, vms, os
        self.capacity = 1000.0 * hardware.pcpus
        process = next((one for one in stack.layers if one.per_vm), stack.layers.customer)
        held = all(program.confined for program in own_programs(stack.layers, os))
        self.bomb = Contender((1000,) * threads, grouped=held)
        self.contenders = [vm_contender(vm, hardware, stack.scheduler, grouped=process.confined) for vm in vms]

    def fates(self) -> list[Fate]:
        """Return what becomes of each VM."""
        layers, customer = self.stack.layers, self.stack.layers.customer
        if of_kernel(layers, self.os, "schedules"):
            speeds = slowed_permille(self.capacity, self.contenders, self.bomb)
            reason = _reason(_THREADS, customer, self.os, "schedules")
            return [self._one(vm, speed, speed, (reason,)) for vm, speed in zip(self.vms, speeds, strict=True)]
        speeds = self._beside_a_domain()
        served = self._served()
        reasons = (Reason(_DOMAIN, customer, self.os, assumed=True),)
        if served < 1000:
            reasons = (*reasons, Reason(_BACKEND, customer, self.os, assumed=True))
        return [self._one(vm, speed, served, reasons) for vm, speed in zip(self.vms, speeds, strict=True)]

    def _beside_a_domain(self) -> list[int]:
        """The OS of the bomb is a domain, assumed to have as many vCPUs as there are pCPUs, and the default weight."""
        return slowed_permille(self.capacity, self._vms_of_a_hypervisor(), self._domain())

    def _served(self) -> int:
        """Return how much of the time that it wants a backend gets in that OS: a thread among the others, at worst."""
        if not of_kernel(self.stack.layers, self.os, *NEEDS[self.stack.device]):
            return 1000
        capacity = divide(self.capacity, [*self._vms_of_a_hypervisor(), self._domain()])[-1]
        backends = [Contender((1000,), grouped=False) for _ in self.vms]
        return min(slowed_permille(capacity, backends, self.bomb), default=1000)

    def _vms_of_a_hypervisor(self) -> list[Contender]:
        return [replace(one, grouped=True) for one in self.contenders]

    def _domain(self) -> Contender:
        return Contender((1000,) * int(self.capacity // 1000))

    @staticmethod
    def _one(vm: VM, cpu: int, io: int, chain: tuple[Reason, ...]) -> Fate:
        return Fate(vm.name, "slowed" if min(cpu, io) < 1000 else "goes_on", chain, cpu, io)


def _memory(
    stack: Stack, vms: Sequence[VM], hardware: Hardware, os: Layer, act: Failure, hog_bytes: int | None
) -> list[Fate]:
    customer, profile = stack.layers.customer, stack.memory_profile
    if profile is None or "reclaims" in os.assumed:
        return [Fate(vm.name, "not_published", (_reason(_UNKNOWN, customer, os),)) for vm in vms]
    if hog_bytes is None:
        exhausts = act.how == "exhaust"
        hog_bytes = room_bytes(vms, profile, hardware) + 1 if exhausts else hardware.memory_bytes
    fates: list[Fate] = []
    for vm, memory in zip(vms, under_pressure(vms, profile, hardware, hog_bytes), strict=True):
        if memory.is_killed:
            killed = (Reason(_KILLED, customer, os, "host_kills" in profile.assumed),)
            fates.append(Fate(vm.name, "gone", killed, 0, 0, 0))
        elif memory.kept_permille < 1000:
            paged = (Reason(_PAGED, customer, os, "host_swap" in profile.assumed),)
            fates.append(Fate(vm.name, "slowed", paged, memory_permille=memory.kept_permille))
        else:
            fates.append(Fate(vm.name, "goes_on", (_reason(_FITS, customer, os),)))
    return fates
