"""The defences of a range, by their real names: each is a switch, and the safe setting is the default.

Which of them a stack can offer follows from its layers and from how it virtualizes memory. What a defence costs is
measured by running the same guest code with it and without.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vmwidgets.model.acts import host_oses, kernel_of_guest
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.offers import (
    Offered,
    always,
    balloons,
    can_confine,
    emulates,
    extra,
    has_control,
    has_reserving_scheduler,
    has_scanner,
    has_stub_domains,
    map_check,
    pages_out,
    server,
)
from vmwidgets.model.range.processor_time import BEFORE as SAMPLED_BEFORE
from vmwidgets.model.scheduling import Scheduling
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said


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


DEFENCES: dict[str, Defence] = {
    one.id: one
    for one in (
        Defence(
            "second_stage_tables",
            said("second-stage tables (EPT, NPT)"),
            said("a guest-physical address that the VM does not have goes to the machine as it is"),
            map_check("second_stage_tables"),
        ),
        Defence(
            "shadow_tables",
            said("shadow page tables"),
            said("the VMM copies entries of the guest's tables without asking whose the frame is"),
            map_check("shadow_tables"),
        ),
        Defence(
            "process_tables",
            said("page tables of the host kernel"),
            said("an address that the process does not have goes to the machine as it is"),
            map_check("process_tables"),
        ),
        Defence(
            "validation",
            said("validation of page-table updates"),
            said("an update that leaves the address as it is may change all flags (XSA-148)"),
            map_check("validation"),
        ),
        Defence(
            "canonical_check",
            said("check of the address before SYSRET"),
            said("the VMM returns to whatever address a guest names, on the guest's stack (XSA-7)"),
            lambda _, technique: technique == "paravirtualization",
        ),
        Defence(
            "frame_owners",
            said("one owner for each frame"),
            said("a frame may be mapped to a VM while it is another's"),
            always,
        ),
        Defence(
            "zero_on_allocate",
            said("clearing of frames before they are handed out"),
            said("a frame comes with what its last owner has left in it"),
            always,
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
            can_confine,
        ),
        Defence(
            "stub_domain",
            said("stub domain for the device model"),
            said("the device model is a process of the domain that manages"),
            has_stub_domains,
        ),
        Defence(
            "iommu",
            said("IOMMU"),
            said("what a device addresses are addresses of the machine"),
            lambda stack, _: "passthrough" in stack.devices,
        ),
        Defence(
            "interrupt_remapping",
            said("interrupt remapping"),
            said("a device interrupts by a write, and the write says with which vector"),
            lambda stack, _: "passthrough" in stack.devices,
        ),
        Defence(
            "salting",
            said("page sharing off, or within one VM only (salting)"),
            said("pages of different VMs with the same content share a frame"),
            has_scanner,
        ),
        Defence(
            "ecc",
            said("memory that corrects errors (ECC)"),
            said("a cell that its neighbours disturb loses its bit"),
            always,
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
            "cpu_reservation",
            said("reservation of processor time"),
            said("what a VM gets depends on how many others there are, and on who works for them"),
            lambda stack, _: has_reserving_scheduler(stack),
        ),
        Defence(
            "cpu_pools",
            said("processors of its own for the domain that manages (pools)"),
            said("the domain that manages works on the processors of the VMs"),
            lambda stack, _: "cpu_pools" in stack.extras,
        ),
        Defence(
            "memory_reservation",
            said("reservation of memory"),
            said("any page of a VM may be paged out when others need memory"),
            lambda stack, _: has_control(stack, "memory_reservation_bytes"),
        ),
        Defence(
            "network_weights",
            said("network shares"),
            said("the link sends packets in the order they come"),
            lambda stack, _: has_control(stack, "network_shares"),
        ),
        Defence(
            "io_weights",
            said("I/O weights"),
            said("the disk serves requests in the order they come"),
            lambda stack, _: has_control(stack, "disk_shares"),
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
            extra("user_network"),
        ),
        Defence(
            "channel_off",
            said("channel between guest and desktop off"),
            said("text goes from the guest to the desktop and back"),
            extra("convenience_channel"),
        ),
        Defence(
            "channel_check",
            said("check of lengths in the channel between guest and desktop"),
            said("the length of a text is what the guest says"),
            extra("convenience_channel"),
        ),
        Defence(
            "forced_reclaim",
            said("paging by the host where a balloon fails"),
            said("a guest keeps what it does not give back"),
            lambda stack, _: balloons(stack) is not None and pages_out(stack),
        ),
        Defence(
            "memory_limit",
            said("limit on memory in the allocator"),
            said("more memory is lent than can be taken back"),
            lambda stack, _: balloons(stack) is not None and not pages_out(stack),
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
