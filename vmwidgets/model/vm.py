"""A virtual machine: its virtual hardware, its controls, its guest kernel and its workload."""

from dataclasses import dataclass, field, fields, replace

from vmwidgets.model.errors import VmwidgetsError, check_int, check_name
from vmwidgets.model.guest_pages import BALLOON_DRIVERS, DRIVER, Mix
from vmwidgets.model.units import GB, GiB, MiB
from vmwidgets.model.workload import Workload

RANGES = {
    "vcpus": (1, 256),
    "memory_bytes": (4 * MiB, 16 * 2**40),
    "disk_bytes": (10**6, 10**18),
    "disk_used_bytes": (0, 10**18),
    "cpu_shares": (1, 10**9),
    "cpu_reservation_mhz": (0, 10**9),
    "cpu_limit_mhz": (1, 10**9),
    "memory_shares": (1, 10**9),
    "memory_reservation_bytes": (0, 2**50),
    "memory_limit_bytes": (MiB, 2**50),
    "disk_shares": (1, 1_000_000),
    "disk_reservation_iops": (0, 10**8),
    "disk_limit_iops": (1, 10**8),
    "network_shares": (1, 1_000_000),
    "network_reservation_bps": (0, 10**12),
    "network_limit_bps": (1, 10**12),
}
"""The smallest and largest value of every whole-number setting of a VM."""

LIMITS = ("cpu_limit_mhz", "memory_limit_bytes", "disk_limit_iops", "network_limit_bps")
CONTROLS = {
    "cpu": ("cpu_shares", "cpu_reservation_mhz", "cpu_limit_mhz"),
    "memory": ("memory_shares", "memory_reservation_bytes", "memory_limit_bytes"),
    "disk_io": ("disk_shares", "disk_reservation_iops", "disk_limit_iops"),
    "network": ("network_shares", "network_reservation_bps", "network_limit_bps"),
}
"""Shares, reservation and limit of every resource: the names of the settings of a VM."""


@dataclass(frozen=True, slots=True)
class GuestKernel:
    """The kernel that runs inside a VM. It is the guest's own: changing it touches no other machine.

    Parameters
    ----------
    name
        For example ``"Linux 6.12"``.
    page_bytes, tick_hz
        Page size of the guest and frequency of its timer interrupt.
    balloon
        One of :data:`~vmwidgets.model.guest_pages.BALLOON_DRIVERS`: whether the guest gives pages back when asked.
    image_permille, zero_permille
        Pages whose contents come from the OS image, equal in every VM whose kernel has the same name; pages that hold
        zeros. In per mille of the memory; what the rest holds is the VM's own.
    zeroes_memory
        Whether the guest writes zeros to all of its memory when it boots.
    """

    name: str = "Linux"
    page_bytes: int = 4096
    tick_hz: int = 250
    balloon: str = DRIVER
    image_permille: int = 100
    zero_permille: int = 0
    zeroes_memory: bool = False

    def __post_init__(self) -> None:
        check_name("kernel name", self.name)
        check_int("kernel page_bytes", self.page_bytes, 4096, GiB)
        check_int("kernel tick_hz", self.tick_hz, 1, 10_000)
        if self.balloon not in BALLOON_DRIVERS:
            raise VmwidgetsError(
                "the balloon is {value}, expected one of {known}",
                value=repr(self.balloon)[:60],
                known=", ".join(BALLOON_DRIVERS),
            )
        if type(self.zeroes_memory) is not bool:
            raise VmwidgetsError(
                "zeroes_memory is {value}, expected True or False", value=repr(self.zeroes_memory)[:60]
            )
        self.mix()

    def mix(self) -> Mix:
        """Return what the pages of the guest hold."""
        return Mix(image=self.image_permille, zero=self.zero_permille)


@dataclass(frozen=True, slots=True)
class VM:
    """One virtual machine.

    Every resource has the same three controls: *shares* say how contention is divided, a *reservation* is
    guaranteed and checked by admission control, a *limit* is an upper bound (``None``: none).

    Parameters
    ----------
    name
        Unique on its host.
    vcpus, memory_bytes
        Virtual processors and configured memory: a claim on time and an upper bound on space.
    disk_bytes, thin, disk_used_bytes
        Size of the virtual disk. A thick disk takes its whole size from the pool at once, a thin one takes
        ``disk_used_bytes`` and then what the guest writes.
    workload, kernel
        What the guest does, and its own kernel.
    *_shares, *_reservation_*, *_limit_*
        The controls of processor time (MHz), memory (bytes), disk I/O (operations/s) and network (bytes/s).
    stream
        Key of the VM's random numbers. It is taken from the first name and survives a change of name.
    """

    name: str
    vcpus: int = 1
    memory_bytes: int = 2 * GiB
    disk_bytes: int = 20 * GB
    thin: bool = True
    disk_used_bytes: int = 0
    workload: Workload = field(default_factory=lambda: Workload("idle"))
    kernel: GuestKernel = field(default_factory=GuestKernel)
    cpu_shares: int = 1000
    cpu_reservation_mhz: int = 0
    cpu_limit_mhz: int | None = None
    memory_shares: int = 1000
    memory_reservation_bytes: int = 0
    memory_limit_bytes: int | None = None
    disk_shares: int = 1000
    disk_reservation_iops: int = 0
    disk_limit_iops: int | None = None
    network_shares: int = 1000
    network_reservation_bps: int = 0
    network_limit_bps: int | None = None
    stream: str = ""

    def __post_init__(self) -> None:
        check_name("name", self.name)
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is None and name in LIMITS:
                continue
            check_int(name, value, low, high)
        if type(self.thin) is not bool:
            raise VmwidgetsError("thin is {value}, expected True or False", value=repr(self.thin))
        if type(self.workload) is not Workload:
            raise VmwidgetsError("workload is {value}, expected a Workload", value=repr(self.workload)[:60])
        if type(self.kernel) is not GuestKernel:
            raise VmwidgetsError("kernel is {value}, expected a GuestKernel", value=repr(self.kernel)[:60])
        for _, reservation, limit in CONTROLS.values():
            self._check_order(reservation, limit)
        if self.memory_reservation_bytes > self.memory_bytes:
            raise VmwidgetsError(
                "{name} is {value}, more than the {limit_name} of {limit}",
                name="memory_reservation_bytes",
                value=self.memory_reservation_bytes,
                limit_name="memory_bytes",
                limit=self.memory_bytes,
            )
        if self.disk_used_bytes > self.disk_bytes:
            raise VmwidgetsError(
                "{name} is {value}, more than the {limit_name} of {limit}",
                name="disk_used_bytes",
                value=self.disk_used_bytes,
                limit_name="disk_bytes",
                limit=self.disk_bytes,
            )
        if not self.stream:
            object.__setattr__(self, "stream", self.name)
        check_name("stream", self.stream)

    def _check_order(self, reservation: str, limit: str) -> None:
        low, high = getattr(self, reservation), getattr(self, limit)
        if high is not None and low > high:
            raise VmwidgetsError(
                "{name} is {value}, more than the {limit_name} of {limit}",
                name=reservation,
                value=low,
                limit_name=limit,
                limit=high,
            )

    def with_changes(self, **changes: object) -> "VM":
        """Return a copy with some settings changed.

        Raises
        ------
        VmwidgetsError
            If a setting does not exist or its value does not fit.
        """
        known = SETTINGS
        for name in changes:
            if name not in known:
                raise VmwidgetsError(
                    "{name} is not a setting of a VM, expected one of {known}",
                    name=repr(name)[:60],
                    known=", ".join(known),
                )
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]

    def named(self, name: str) -> "VM":
        """Return a copy that is a machine of its own: with another name and its own random numbers."""
        return replace(self, name=name, stream=name)


SETTINGS = tuple(f.name for f in fields(VM) if f.name != "stream")
"""The names of all settings that :meth:`VM.with_changes` takes."""
