"""The defences of a range, by their real names: each is a switch, and the safe setting is the default.

Which of them a stack can offer follows from its layers and from how it virtualizes memory. What a defence costs is
measured by running the same guest code with it and without.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vmwidgets.model.acts import host_oses, kernel_of_guest
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.range.memory_path import MAP_CHECKS
from vmwidgets.model.range.processor_time import BEFORE as SAMPLED_BEFORE
from vmwidgets.model.scheduling import Scheduling
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said

Offered = Callable[[Stack, str], bool]
"""Of a stack and the technique by which its VMs' memory is virtualized."""


@dataclass(frozen=True, slots=True)
class Defence:
    """One defence.

    Parameters
    ----------
    id, name
        Its key, and as people call it (an English text, a key of the catalogues).
    without
        What is so when it is off (an English sentence).
    offered
        Whether a stack has it.
    """

    id: str
    name: str
    without: str
    offered: Offered


def emulator(layers: Layers) -> Layer | None:
    """Return the layer in whose memory the buffers of imitated devices lie, None if no device is imitated."""
    return next(iter(layers.with_("emulates")), None)


def keeper(layers: Layers) -> Layer:
    """Return the layer that keeps the tables which say what frames are a VM's: the one nearest to the VM."""
    return layers.with_("maps")[-1]


def server(stack: Stack) -> Layer | None:
    """Return the layer that is the other end of paravirtual devices, None if the stack has no such devices."""
    return next(iter(stack.layers.with_("serves")), None) if "paravirtual" in stack.devices else None


def balloons(stack: Stack) -> Layer | None:
    """Return the layer that inflates balloons, None if nobody does: a program that an administrator calls, or a VMM
    that has balloons on its ladder. The kernel of a host only pages."""
    profile = stack.memory_profile
    on_ladder = profile is not None and any("balloon" in rung.actions for rung in profile.ladder.rungs)
    for layer in stack.layers.with_("reclaims"):
        if layer.kind == "program" or on_ladder:
            return layer
    return None


def _pages_out(stack: Stack) -> bool:
    return stack.memory_profile is not None and stack.memory_profile.host_swap


def _extra(id: str) -> Offered:
    """What the layer that imitates devices can do besides, of a stack that has it."""
    return lambda stack, technique: id in stack.extras and emulates(stack, technique)


def _map_check(id: str) -> Offered:
    return lambda _, technique: MAP_CHECKS[technique] == id


def _always(_stack: Stack, _technique: str) -> bool:
    return True


def emulates(stack: Stack, technique: str) -> bool:
    """Return whether VMs have imitated devices; a paravirtual guest has none."""
    return emulator(stack.layers) is not None and technique != "paravirtualization"


def _can_confine(stack: Stack, technique: str) -> bool:
    layer = emulator(stack.layers)
    return emulates(stack, technique) and layer is not None and layer.confined


def has_control(stack: Stack, setting: str) -> bool:
    """Whether VMs have a setting; a stack that names no controls has all of them as they are."""
    return not stack.controls or any(control.setting == setting for control in stack.controls)


def _has_scanner(stack: Stack, technique: str) -> bool:
    """Whether there is a scanner that looks for equal pages, be it off unless one switches it on."""
    profile = stack.memory_profile
    return profile is not None and profile.scan_pages_per_s > 0 and technique != "paravirtualization"


def _has_stub_domains(stack: Stack, technique: str) -> bool:
    """A domain of its own for the device model: where it is a process of the domain that manages, and unconfined."""
    layer = emulator(stack.layers)
    if layer is None or not emulates(stack, technique) or layer.confined or not layer.per_vm:
        return False
    return stack.layers[layer.on].privilege == "guest_kernel"


DEFENCES: dict[str, Defence] = {
    one.id: one
    for one in (
        Defence(
            "second_stage_tables",
            said("second-stage tables (EPT, NPT)"),
            said("a guest-physical address that the VM does not have goes to the machine as it is"),
            _map_check("second_stage_tables"),
        ),
        Defence(
            "shadow_tables",
            said("shadow page tables"),
            said("the VMM copies entries of the guest's tables without asking whose the frame is"),
            _map_check("shadow_tables"),
        ),
        Defence(
            "process_tables",
            said("page tables of the host kernel"),
            said("an address that the process does not have goes to the machine as it is"),
            _map_check("process_tables"),
        ),
        Defence(
            "validation",
            said("validation of page-table updates"),
            said("an update that leaves the address as it is may change all flags (XSA-148)"),
            _map_check("validation"),
        ),
        Defence(
            "frame_owners",
            said("one owner for each frame"),
            said("a frame may be mapped to a VM while it is another's"),
            _always,
        ),
        Defence(
            "zero_on_allocate",
            said("clearing of frames before they are handed out"),
            said("a frame comes with what its last owner has left in it"),
            _always,
        ),
        Defence(
            "bounds_check",
            said("bounds check in the device model"),
            said("the index into the buffer of the device runs past its end"),
            emulates,
        ),
        Defence(
            "confinement",
            said("confined process of the device model (sVirt, seccomp)"),
            said("the process of the device model may do all that its user may"),
            _can_confine,
        ),
        Defence(
            "stub_domain",
            said("stub domain for the device model"),
            said("the device model is a process of the domain that manages"),
            _has_stub_domains,
        ),
        Defence(
            "iommu",
            said("IOMMU"),
            said("what a device addresses are addresses of the machine"),
            lambda stack, _: "passthrough" in stack.devices,
        ),
        Defence(
            "salting",
            said("page sharing off, or within one VM only (salting)"),
            said("pages of different VMs with the same content share a frame"),
            _has_scanner,
        ),
        Defence(
            "ecc",
            said("memory that corrects errors (ECC)"),
            said("a cell that its neighbours disturb loses its bit"),
            _always,
        ),
        Defence(
            "l1d_flush",
            said("the first-level cache emptied on VM entry"),
            said("a VM finds in the first-level cache what the VM before has left there"),
            lambda _, technique: technique == "nested_paging",
        ),
        Defence(
            "core_scheduling",
            said("core scheduling, or SMT off"),
            said("two VMs run on the two threads of a core at the same time"),
            lambda _, technique: technique == "nested_paging",
        ),
        Defence(
            "cpu_limit",
            said("limit of processor time"),
            said("a VM may use what its vCPUs can get"),
            lambda stack, _: has_control(stack, "cpu_limit_mhz"),
        ),
        Defence(
            "exact_accounting",
            said("exact accounting"),
            said("processor time is charged at each tick, to whoever runs at that moment"),
            lambda stack, _: (stack.scheduler or Scheduling().algorithm) in SAMPLED_BEFORE,
        ),
        Defence(
            "descriptor_check",
            said("check of lengths in descriptors of the network card"),
            said("the room left in a frame is computed in 16 bits, and wraps round"),
            emulates,
        ),
        Defence(
            "request_check",
            said("check of requests in the backend"),
            said("the backend writes data where a request says, within its buffer or not"),
            lambda stack, _: server(stack) is not None,
        ),
        Defence(
            "reassembly_check",
            said("check when IP fragments are put together"),
            said("a fragment goes behind one that lies elsewhere"),
            _extra("user_network"),
        ),
        Defence(
            "channel_off",
            said("channel between guest and desktop off"),
            said("text goes from the guest to the desktop and back"),
            _extra("convenience_channel"),
        ),
        Defence(
            "channel_check",
            said("check of lengths in the channel between guest and desktop"),
            said("the length of a text is what the guest says"),
            _extra("convenience_channel"),
        ),
        Defence(
            "forced_reclaim",
            said("paging by the host where a balloon fails"),
            said("a guest keeps what it does not give back"),
            lambda stack, _: balloons(stack) is not None and _pages_out(stack),
        ),
        Defence(
            "memory_limit",
            said("limit on memory in the allocator"),
            said("more memory is lent than can be taken back"),
            lambda stack, _: balloons(stack) is not None and not _pages_out(stack),
        ),
        Defence(
            "interrupt_limit",
            said("masking of interrupt storms"),
            said("each interrupt is handled, however many there are"),
            lambda stack, _: "passthrough" in stack.devices,
        ),
        Defence(
            "memory_encryption",
            said("encrypted memory of VMs (SEV, TDX)"),
            said("the memory of a VM lies open to whoever can address it"),
            lambda stack, _: "memory_encryption" in stack.extras,
        ),
        Defence(
            "host_cgroups",
            said("limits on the programs of the host (cgroups: pids.max, memory.max)"),
            said("threads of VMs and of other programs are equal, and these have as many as they like"),
            lambda stack, _: bool(host_oses(stack.layers)),
        ),
        Defence(
            "kernel_check",
            said("check of arguments in the kernel that customers share"),
            said("the kernel of all takes an argument as long as it comes"),
            lambda stack, _: "guest_apps" in stack.layers and not kernel_of_guest(stack.layers).per_vm,
        ),
    )
}
"""All defences by id."""


class Defences:
    """The switches of one range.

    Parameters
    ----------
    stack, technique
        What can be had at all.
    switches
        What differs from the safe setting: False opens a hole.

    Raises
    ------
    VmwidgetsError
        If there is no such defence, or one shall be on that the stack does not have.
    """

    def __init__(self, stack: Stack, technique: str, switches: Mapping[str, bool] | None = None) -> None:
        self.offered = tuple(id for id, one in DEFENCES.items() if one.offered(stack, technique))
        """Ids of those that the stack has."""
        self._on = dict.fromkeys(self.offered, True)
        for id, on in (switches or {}).items():
            if id not in DEFENCES:
                raise VmwidgetsError(
                    "there is no defence {name}, expected one of {known}", name=id, known=", ".join(DEFENCES)
                )
            if id in self._on:
                self._on[id] = on
            elif on:
                raise VmwidgetsError(
                    "{stack} does not have the defence {name}, expected one of {known}",
                    stack=stack.name,
                    name=id,
                    known=", ".join(self.offered),
                )

    def __getitem__(self, id: str) -> bool:
        """Return whether a defence is there and on."""
        return self._on.get(id, False)

    @property
    def settings(self) -> dict[str, bool]:
        """All switches that the stack has."""
        return dict(self._on)
