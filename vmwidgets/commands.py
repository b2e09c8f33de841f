"""The commands a user can issue, and how a lab is made, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.host import MAX_ADVANCE, Host
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import get, memory_profile

MAX_COMMANDS = 5_000
"""Commands that one lab takes. Ticks in a row count as one."""


@dataclass(frozen=True, slots=True)
class CreateVM:
    """Create a virtual machine and switch it on."""

    kind: ClassVar[str] = "create_vm"
    vm: VM

    def __post_init__(self) -> None:
        if type(self.vm) is not VM:
            raise VmwidgetsError("{name} is {value}, expected a VM", name="vm", value=repr(self.vm)[:60])

    def apply(self, host: Host) -> None:
        """Do it."""
        host.create(self.vm)


@dataclass(frozen=True, slots=True)
class DestroyVM:
    """Switch a virtual machine off and give back all it had."""

    kind: ClassVar[str] = "destroy_vm"
    vm: str

    def apply(self, host: Host) -> None:
        """Do it."""
        host.destroy(self.vm)


@dataclass(frozen=True, slots=True)
class Configure:
    """Change settings of a virtual machine; ``changes`` are pairs of name and value."""

    kind: ClassVar[str] = "configure"
    vm: str
    changes: tuple[tuple[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        _check_pairs(self.changes)

    def apply(self, host: Host) -> None:
        """Do it."""
        host.replace(self.vm, host.vm(self.vm).with_changes(**dict(self.changes)))


@dataclass(frozen=True, slots=True)
class SetWorkload:
    """Give the guest of a virtual machine something else to do."""

    kind: ClassVar[str] = "set_workload"
    vm: str
    workload: Workload

    def apply(self, host: Host) -> None:
        """Do it."""
        host.replace(self.vm, host.vm(self.vm).with_changes(workload=self.workload))


@dataclass(frozen=True, slots=True)
class Advance:
    """Let time pass."""

    kind: ClassVar[str] = "advance"
    ticks: int = 1

    def __post_init__(self) -> None:
        check_int("ticks", self.ticks, 1, MAX_ADVANCE)

    def apply(self, host: Host) -> None:
        """Do it."""
        host.advance(self.ticks)


@dataclass(frozen=True, slots=True)
class SetMemory:
    """Change how the VMM manages memory; ``changes`` are pairs of setting and value."""

    kind: ClassVar[str] = "set_memory"
    changes: tuple[tuple[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        _check_pairs(self.changes)

    def apply(self, host: Host) -> None:
        """Do it."""
        host.tune_memory(**dict(self.changes))


@dataclass(frozen=True, slots=True)
class SetScheduler:
    """Change the quantum-level scheduler; ``changes`` are pairs of setting and value."""

    kind: ClassVar[str] = "set_scheduler"
    changes: tuple[tuple[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        _check_pairs(self.changes)

    def apply(self, host: Host) -> None:
        """Do it."""
        host.tune_scheduler(**dict(self.changes))


@dataclass(frozen=True, slots=True)
class SetStack:
    """Shut all virtual machines down, and start them on another product."""

    kind: ClassVar[str] = "set_stack"
    stack: str

    def __post_init__(self) -> None:
        get(self.stack)

    def apply(self, host: Host) -> None:
        """Do it."""
        host.set_stack(get(self.stack))


Command = CreateVM | DestroyVM | Configure | SetWorkload | SetMemory | SetScheduler | SetStack | Advance
"""Any command."""
COMMANDS: Mapping[str, type[Command]] = {
    c.kind: c for c in (CreateVM, DestroyVM, Configure, SetWorkload, SetMemory, SetScheduler, SetStack, Advance)
}


def _check_pairs(changes: Any) -> None:
    if type(changes) is not tuple or not all(
        type(pair) is tuple and len(pair) == 2 and type(pair[0]) is str  # pyright: ignore[reportUnknownArgumentType]
        for pair in cast(tuple[Any, ...], changes)
    ):
        raise VmwidgetsError(
            "changes are {value}, expected pairs of name and value", value=repr(cast(Any, changes))[:60]
        )


@dataclass(frozen=True, slots=True)
class Setup:
    """How a lab was made: what a replay starts from."""

    hardware: Hardware
    stack: Stack
    seed: int
    tick_s: int
    memory: str = ""
    """Id of the memory profile if memory is modelled page by page, see :data:`vmwidgets.stacks.MEMORY`."""

    def host(self) -> Host:
        """Return a fresh host."""
        profile = memory_profile(self.memory) if self.memory else None
        return Host(self.hardware, self.stack, self.seed, self.tick_s, profile)
