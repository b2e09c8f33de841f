"""What the administrator of a guest can do to the kernel under its applications."""

from collections.abc import Iterable
from dataclasses import dataclass

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.vm import GuestKernel
from vmwidgets.model.words import said


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a Linux kernel.

    Parameters
    ----------
    default, low, high
        Its default and range.
    namespaced
        Whether each namespace has one of its own, so that a container may set it for itself.
    source
        Where that is said.
    """

    default: int
    low: int
    high: int
    namespaced: bool
    source: str


PARAMETERS = {
    "vm.swappiness": Parameter(60, 0, 200, False, "Linux, admin-guide/sysctl/vm.rst"),
    "vm.overcommit_memory": Parameter(0, 0, 2, False, "Linux, admin-guide/sysctl/vm.rst"),
    "kernel.msgmax": Parameter(8192, 0, 2**31 - 1, True, "ipc_namespaces(7) and proc(5), Linux manual pages"),
    "net.ipv4.ip_forward": Parameter(0, 0, 1, True, "Linux, networking/ip-sysctl.rst; network_namespaces(7)"),
}
"""Some parameters by name."""
MODULES = ("nfs", "virtio_balloon", "virtio_net", "wireguard", "zram")
"""Some modules of Linux that can be loaded."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the administrator of a guest does to the kernel; see the classes that derive from it."""

    @property
    def refusal(self) -> str:
        """Why the kernel of a host refuses it to a container: an English sentence with the field ``{guest}``."""
        return said("{guest} may not restart the machine: it lacks the capability CAP_SYS_BOOT")


@dataclass(frozen=True, slots=True)
class SetParameter(Act):
    """Set a parameter of the running kernel, one of :data:`PARAMETERS`."""

    name: str
    value: int

    def __post_init__(self) -> None:
        check_known("parameter", self.name, PARAMETERS)
        check_int(self.name, self.value, PARAMETERS[self.name].low, PARAMETERS[self.name].high)

    @property
    def refusal(self) -> str:  # noqa: D102
        return said("/proc/sys is read-only in {guest}: this parameter has no namespace")


@dataclass(frozen=True, slots=True)
class LoadModule(Act):
    """Load a module, one of :data:`MODULES`."""

    name: str

    def __post_init__(self) -> None:
        check_known("module", self.name, MODULES)

    @property
    def refusal(self) -> str:  # noqa: D102
        return said("{guest} may not load modules: it lacks the capability CAP_SYS_MODULE")


@dataclass(frozen=True, slots=True)
class Rebuild(Act):
    """Boot a kernel that was built with another tick or page size (CONFIG_HZ; arch/arm64/Kconfig for page sizes)."""

    tick_hz: int | None = None
    page_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Replace(Act):
    """Boot another kernel: parameters are the defaults again, and no module is loaded."""

    kernel: GuestKernel


@dataclass(frozen=True, slots=True)
class Panic(Act):
    """Crash the kernel, as ``echo c > /proc/sysrq-trigger`` does (Linux, admin-guide/sysrq.rst)."""

    @property
    def refusal(self) -> str:  # noqa: D102
        return said("/proc/sysrq-trigger is read-only in {guest}")


@dataclass(frozen=True, slots=True)
class WriteOutside(Act):
    """Write to memory behind one's own."""

    @property
    def refusal(self) -> str:  # noqa: D102
        return said("{guest} has no page there: the write does not reach any memory")


def check_known(what: str, name: str, known: Iterable[str]) -> None:
    """Raise a VmwidgetsError if a name is none of those that are known."""
    known = tuple(known)
    if name not in known:
        raise VmwidgetsError(
            "there is no {what} {name}, expected one of {known}",
            what=what,
            name=repr(name)[:60],
            known=", ".join(known),
        )
