"""Admission control: what is guaranteed must fit, so a VM whose reservations do not fit is refused."""

from collections.abc import Sequence

from vmwidgets.model.errors import AdmissionError
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.vm import VM

MAX_VMS = 64
"""VMs that one host takes."""

_SENTENCES = {
    "cpu": "{name} reserves {wanted} MHz of processor time, {available} MHz are unreserved: {short} MHz too many",
    "memory": "{name} reserves {wanted} bytes of memory, {available} bytes are unreserved: {short} bytes too many",
    "disk_io": "{name} reserves {wanted} disk operations/s, {available} are unreserved: {short} too many",
    "network": "{name} reserves {wanted} bytes/s of the network, {available} are unreserved: {short} too many",
    "overhead": "{name} needs {wanted} bytes of memory, what it reserves and the VMM's overhead, {available} bytes are"
    " unreserved: {short} bytes too many",
    "whole": "{name} needs its {wanted} bytes of memory when it starts, because {product} takes none back, {available}"
    " bytes are free: {short} bytes too many",
    "swap": "{name} needs {wanted} bytes of swap space for what is not reserved, {available} are free: {short} bytes"
    " too many",
    "disk": "{name} needs {wanted} bytes of the storage pool at once, {available} are free: {short} bytes too many",
}


def disk_at_once(vm: VM) -> int:
    """Return the pool space that a VM takes when it is created: all of a thick disk, the written part of a thin one."""
    return vm.disk_used_bytes if vm.thin else vm.disk_bytes


def admit(
    vm: VM,
    others: Sequence[VM],
    hardware: Hardware,
    disk_needed: int,
    disk_free: int,
    memory: MemoryProfile | None = None,
) -> None:
    """Return if ``vm`` fits beside ``others``.

    Parameters
    ----------
    disk_needed, disk_free
        Pool space in bytes that the VM takes now, and that is free without it.
    memory
        How memory is managed, where that is modelled page by page. A VM then needs its minimum and the VMM's overhead
        in memory, or all of its memory where the product takes none back; and, where the product reserves it, swap
        space for all beyond the minimum (Waldspurger 2002, section 5.1).

    Raises
    ------
    AdmissionError
        With the resource and by how much it is too much.
    """
    if len(others) >= MAX_VMS:
        raise AdmissionError("the host holds {most} VMs, and that is the most it takes", most=MAX_VMS)
    if vm.vcpus > hardware.pcpus:
        raise AdmissionError(
            "{name} has {wanted} vCPUs, the host has {available} pCPUs: {short} too many",
            name=vm.name,
            resource="cpu",
            wanted=vm.vcpus,
            available=hardware.pcpus,
            short=vm.vcpus - hardware.pcpus,
        )
    own_mhz = vm.vcpus * hardware.clock_khz // 1000
    if vm.cpu_reservation_mhz > own_mhz:
        _refuse("cpu", vm, vm.cpu_reservation_mhz, own_mhz)
    guaranteed = {
        "cpu": (vm.cpu_reservation_mhz, hardware.cpu_khz // 1000, sum(o.cpu_reservation_mhz for o in others)),
        "memory": (
            vm.memory_reservation_bytes,
            hardware.guest_memory_bytes,
            sum(o.memory_reservation_bytes for o in others),
        ),
        "disk_io": (vm.disk_reservation_iops, hardware.disk_iops, sum(o.disk_reservation_iops for o in others)),
        "network": (vm.network_reservation_bps, hardware.nic_bandwidth, sum(o.network_reservation_bps for o in others)),
        "disk": (disk_needed, disk_free, 0),
    }
    if memory and memory.overhead_bytes:
        wanted, capacity, taken = guaranteed.pop("memory")
        beside = sum(memory.overhead(other.memory_bytes) for other in others)
        guaranteed["overhead"] = (wanted + memory.overhead(vm.memory_bytes), capacity, taken + beside)
    if memory and memory.gives_whole:
        guaranteed["whole"] = (vm.memory_bytes, hardware.guest_memory_bytes, sum(o.memory_bytes for o in others))
    if memory and memory.reserves_swap:
        space = hardware.memory_bytes * memory.swap_permille // 1000 * memory.host_swap
        guaranteed["swap"] = (_beyond_minimum(vm), space, sum(map(_beyond_minimum, others)))
    for resource, (wanted, capacity, taken) in guaranteed.items():
        if wanted > max(capacity - taken, 0):
            _refuse(resource, vm, wanted, capacity - taken, memory.name if memory else "")


def _beyond_minimum(vm: VM) -> int:
    return vm.memory_bytes - vm.memory_reservation_bytes


def _refuse(resource: str, vm: VM, wanted: int, available: int, product: str = "") -> None:
    raise AdmissionError(
        _SENTENCES[resource],
        name=vm.name,
        product=product,
        resource=resource,
        wanted=wanted,
        available=max(available, 0),
        short=wanted - max(available, 0),
    )
