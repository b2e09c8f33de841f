"""The modelled server: processors, memory, disk and network."""

from dataclasses import dataclass, fields

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.units import GB, GiB, KiB

_RANGES = {
    "pcpus": (1, 1024),
    "clock_khz": (1_000, 10_000_000),
    "memory_bytes": (16 * 2**20, 64 * 2**40),
    "vmm_memory_bytes": (0, 2**40),
    "page_bytes": (4 * KiB, GiB),
    "disk_bytes": (GB, 10**18),
    "disk_iops": (10, 10**8),
    "disk_bandwidth": (10**5, 10**12),
    "disk_seek_us": (0, 10**6),
    "nic_bandwidth": (10**4, 10**12),
}


@dataclass(frozen=True, slots=True)
class Hardware:
    """One physical server. The defaults are the course's reference server S1, with a 10 Gbit/s NIC and an SSD.

    Parameters
    ----------
    pcpus, clock_khz
        Physical processors and the clock of each, in kHz.
    memory_bytes, vmm_memory_bytes, page_bytes
        Memory, the part that is set aside for the VMM, and the page size.
    disk_bytes
        Space of the storage pool.
    disk_iops, disk_bandwidth, disk_seek_us
        Operations per second of the smallest size, bytes per second, and the time in µs that an operation takes
        longer when the one before it came from another VM and the heads have to move (0 for a solid-state disk).
        One operation of ``b`` bytes takes ``1/disk_iops + b/disk_bandwidth`` seconds, and the seek.
    nic_bandwidth
        Bytes per second.
    """

    pcpus: int = 4
    clock_khz: int = 2_000_000
    memory_bytes: int = 32 * GiB
    vmm_memory_bytes: int = 1 * GiB
    page_bytes: int = 4 * KiB
    disk_bytes: int = 1000 * GB
    disk_iops: int = 10_000
    disk_bandwidth: int = 500_000_000
    disk_seek_us: int = 0
    nic_bandwidth: int = 1_250_000_000

    def __post_init__(self) -> None:
        for field in fields(self):
            check_int(field.name, getattr(self, field.name), *_RANGES[field.name])
        if self.page_bytes & (self.page_bytes - 1):
            raise VmwidgetsError("page_bytes is {value}, expected a power of two", value=self.page_bytes)
        if self.vmm_memory_bytes >= self.memory_bytes:
            raise VmwidgetsError(
                "vmm_memory_bytes is {value}, expected less than the memory of {memory} bytes",
                value=self.vmm_memory_bytes,
                memory=self.memory_bytes,
            )

    @property
    def cpu_khz(self) -> int:
        """Processor time that can be handed out, in kHz: all pCPUs together."""
        return self.pcpus * self.clock_khz

    @property
    def guest_memory_bytes(self) -> int:
        """Memory that can be handed out to VMs, in whole pages."""
        return (self.memory_bytes - self.vmm_memory_bytes) // self.page_bytes * self.page_bytes
