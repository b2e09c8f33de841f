"""What came of guest code in a range, and the sentence that says by which mechanism."""

from collections.abc import Mapping
from dataclasses import dataclass

from vmwidgets.model.exits import Exit
from vmwidgets.model.range.trace import ABSENT, OPEN, REFUSES, Decision
from vmwidgets.model.words import said

MECHANISMS: dict[tuple[str, str], str] = {
    ("second_stage_tables", REFUSES): said(
        "{layer} has no frame for the guest-physical address {address}: the second-stage tables end there"
    ),
    ("second_stage_tables", OPEN): said(
        "without second-stage tables the guest-physical address {address} is one of the machine, in a frame of {owner}"
    ),
    ("shadow_tables", REFUSES): said("{layer} makes no shadow entry for {address}: the VM has no such page"),
    ("shadow_tables", OPEN): said(
        "{layer} copies an entry of the guest's tables without asking, and {address} lies in a frame of {owner}"
    ),
    ("process_tables", REFUSES): said("{layer} has not mapped the address {address} for the process"),
    ("process_tables", OPEN): said(
        "without page tables of its own the address {address} of the process is one of the machine, of {owner}"
    ),
    ("guest_tables", REFUSES): said("{layer} has no entry in the guest's page tables that allows this at {address}"),
    ("validation", REFUSES): said("{layer} refuses to write the page-table entry at {address}: it looked at all of it"),
    ("validation", OPEN): said(
        "{layer} writes the page-table entry at {address} as it is, flags and all, because its frame stays the same"
    ),
    ("canonical_check", REFUSES): said("{layer} does not return to {address}, which is no address"),
    ("canonical_check", OPEN): said(
        "{layer} returns to {address}, which is no address, and what the processor then saves goes where the guest says"
    ),
    ("frame_owners", REFUSES): said("{layer} does not map frame {frame} a second time: it belongs to {owner}"),
    ("frame_owners", OPEN): said("{layer} has mapped frame {frame}, which belongs to {owner}, a second time"),
    ("zero_on_allocate", REFUSES): said("{layer} clears frame {frame} before it hands it out"),
    ("zero_on_allocate", OPEN): said("{layer} hands out frame {frame} with what its last owner has left in it"),
    ("bounds_check", REFUSES): said("{layer} keeps the index {address} within the buffer of the device"),
    ("bounds_check", OPEN): said("{layer} writes at index {address}, past the end of the buffer of the device"),
    ("iommu", REFUSES): said("the IOMMU has no page for the address {address} that the device wants"),
    ("iommu", OPEN): said("without an IOMMU the device reaches the machine address {address}, in a frame of {owner}"),
    ("iommu", ABSENT): said("the machine has no memory at {address}, where the device wants it"),
    ("interrupt_remapping", REFUSES): said(
        "the IOMMU has no entry for an interrupt of the device with the number {address}"
    ),
    ("interrupt_remapping", OPEN): said(
        "the device writes the number {address} where interrupts come from, and {layer} takes it for one of its own"
    ),
    ("salting", REFUSES): said(
        "{layer} leaves a page that is equal to one of {owner} in a frame of its own: they have different salts"
    ),
    ("salting", OPEN): said("{layer} has put a page into the same frame {frame} as an equal one of {owner}"),
    ("scanner", ABSENT): said("{layer} has no scanner that looks for equal pages"),
    ("ecc", REFUSES): said("the memory has corrected a bit that was disturbed at {address}, in a frame of {owner}"),
    ("ecc", OPEN): said("rows beside it have disturbed a bit at {address}, in a frame of {owner}"),
    ("l1d_flush", REFUSES): said("{layer} has emptied the first-level cache before it entered the VM"),
    ("l1d_flush", OPEN): said(
        "the processor has taken {address} for an address of the machine, and {owner}, which ran on this core before,"
        " has left it in the first-level cache"
    ),
    ("core_scheduling", REFUSES): said("{layer} lets no other VM run on the second thread of the core"),
    ("core_scheduling", OPEN): said(
        "the processor has taken {address} for an address of the machine, and {owner}, which runs on the second thread"
        " of this core, has it in the first-level cache"
    ),
    ("first_level", ABSENT): said("{address} is not in the first-level cache of this core"),
    ("cpu_limit", REFUSES): said("{layer} gives the VM no more processor time than its limit"),
    ("cpu_limit", OPEN): said("{layer} gives each vCPU its turn, and the VM has more of them than the others"),
    ("cpu_reservation", REFUSES): said("{layer} gives each of the others the processor time that is reserved for it"),
    ("cpu_reservation", OPEN): said(
        "work for the VM is done by {layer} in time that is not the VM's, and nobody has processor time reserved that"
        " this could not take"
    ),
    ("cpu_pools", REFUSES): said("what the VM asks for is done by {layer} on a processor that no VM runs on"),
    ("cpu_pools", OPEN): said(
        "what the VM asks for is done by {layer} in time that the VM is not charged for, on a processor of the VMs"
    ),
    ("exit_time", REFUSES): said("what the VM asks for is done by {layer} in the VM's own time"),
    ("exit_time", OPEN): said("what the VM asks for is done by {layer} in time that the VM is not charged for"),
    ("memory_reservation", REFUSES): said("{layer} leaves {owner} the memory that is reserved for it"),
    ("memory_reservation", OPEN): said(
        "{layer} pages out what was used longest ago, and nothing is reserved for {owner}"
    ),
    ("memory_shares", REFUSES): said("{layer} takes memory from the VM that has most, by shares"),
    ("host_paging", OPEN): said("{layer} pages out what was used longest ago, and that is memory of {owner}"),
    ("host_paging", ABSENT): said("{layer} pages no VM out: who wants more memory than there is does not get it"),
    ("network_weights", REFUSES): said(
        "each VM gets its turn at the link from {layer}, however many packets of it wait"
    ),
    ("network_weights", OPEN): said(
        "packets are sent by {layer} in the order they come, and most of them are the attacker's"
    ),
    ("io_weights", REFUSES): said("each VM gets its turn at the disk from {layer}, however many requests of it wait"),
    ("io_weights", OPEN): said(
        "requests are served by {layer} in the order they come, and most of them are the attacker's"
    ),
    ("vm_shares", REFUSES): said("{layer} gives the VM its share, however many vCPUs it has"),
    ("exact_accounting", REFUSES): said("{layer} charges a VM for the time that it ran, by time stamps"),
    ("exact_accounting", OPEN): said("{layer} looks only at its ticks who runs, and the VM has slept through them"),
    ("descriptor_check", REFUSES): said(
        "{layer} does not add to a frame of {address} bytes that is longer than it may be"
    ),
    ("descriptor_check", OPEN): said("{layer} believes that there is room, and writes to index {address} of a frame"),
    ("request_check", REFUSES): said(
        "a request whose data would end at {address}, past the buffer, is refused by {layer}"
    ),
    ("request_check", OPEN): said("a request has {layer} write to the index {address}, past the buffer"),
    ("reassembly_check", REFUSES): said("{layer} adds a fragment, up to {address} bytes, where the first one lies"),
    ("reassembly_check", OPEN): said("{layer} writes a fragment to index {address} of a buffer, behind nothing"),
    ("channel_off", REFUSES): said("{layer} takes no text from the guest: the channel is off"),
    ("channel_check", REFUSES): said("{layer} refuses a text of {address} bytes, more than it has room for"),
    ("channel_check", OPEN): said("{layer} copies a text up to the index {address}, past its buffer"),
    ("guest_page", ABSENT): said("the guest has no memory at {address} of which {layer} could take data"),
    ("forced_reclaim", REFUSES): said(
        "what lies at {address} is paged out by {layer}, and frame {frame} goes to {owner}"
    ),
    ("forced_reclaim", OPEN): said("{layer} asked the guest for memory, and did nothing when none came"),
    ("memory_limit", REFUSES): said("no memory is lent by {layer} that could not be taken back"),
    ("memory_limit", OPEN): said("{layer} lent memory that cannot be taken back without the guest's consent"),
    ("interrupt_limit", REFUSES): said("{layer} masks the line of a device that interrupts too often"),
    ("interrupt_limit", OPEN): said("{layer} handles each interrupt, and the processor does nothing else"),
    ("memory_encryption", REFUSES): said("what lies at {address} of {owner} is encrypted with a key of the CPU's"),
    ("memory_encryption", OPEN): said("{layer} may read the memory of VMs, and frame {frame} of {owner} lies open"),
    ("host_cgroups", REFUSES): said("{layer} gives the programs of the host no more than their groups may have"),
    ("host_cgroups", OPEN): said("{layer} divides between VMs and its other programs as if they were all the same"),
    ("host_programs", ABSENT): said("programs on {layer} take from VMs neither processors nor memory"),
    ("host_memory", ABSENT): said("what {layer} does with the memory of VMs when it runs out is not published"),
    ("kernel_check", REFUSES): said("{layer} refuses an argument that is longer than its buffer"),
    ("kernel_check", OPEN): said("{layer}, the kernel of all, copies an argument up to the index {address}"),
    ("own_kernel", ABSENT): said("a system call does not leave the VM: {layer} is its own, and nobody else's"),
    ("hypercall", ABSENT): said("{layer} has no call with the number {address}"),
    ("port", ABSENT): said("no device answers at port {address}"),
    ("machine", ABSENT): said("the machine has no memory at {address}"),
}
"""The sentence for each decision, an English text with the fields ``layer``, ``address``, ``frame`` and ``owner``.

The names of drivers, backends and management tools can be plural: a sentence that they may stand in fits both numbers.
"""
NOTHING = said("the guest has asked nobody for anything that is not its own")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it.

    Parameters
    ----------
    succeeded, goal
        Whether the goal was reached, and which.
    deciding
        The decision on which it turned; None: nothing was tried.
    layer
        Name of the layer that took it (an English text), ``""`` if none did.
    trace
        The latest decisions, oldest first.
    exits
        VM exits by reason.
    instructions
        Instructions executed.
    read, written
        Owners of memory that is not the guest's and that it has read or written.
    taken, crashed
        Ids of layers that run the guest's code, and of those that have fallen.
    in_reach
        The VMs, as owners of memory, whose memory is in its hands by the layers it has taken over.
    finished
        Whether the guest code ran to its end.
    fault
        The exit after which nothing went on, for the guest has no handler; None if it ended otherwise.
    """

    succeeded: bool
    goal: str
    deciding: Decision | None
    layer: str
    trace: tuple[Decision, ...]
    exits: Mapping[str, int]
    instructions: int
    read: tuple[str, ...]
    written: tuple[str, ...]
    taken: tuple[str, ...]
    crashed: tuple[str, ...]
    in_reach: tuple[str, ...]
    finished: bool
    fault: Exit | None = None

    @property
    def mechanism(self) -> str:
        """The sentence that names the mechanism, an English text with fields."""
        if self.deciding is None:
            return NOTHING
        return MECHANISMS[self.deciding.check, self.deciding.outcome]

    @property
    def fields(self) -> dict[str, object]:
        """The fields of that sentence."""
        one = self.deciding
        if one is None:
            return {}
        return {"layer": self.layer, "address": hex(one.address), "frame": one.frame, "owner": one.owner}

    def __str__(self) -> str:
        return self.mechanism.format(**self.fields)

    def __repr__(self) -> str:
        # Short: the trace is there for who wants it, and would fill the page of a notebook.
        ends = "" if self.fault is None else f", ended in line {self.fault.rip_line} by {self.fault.reason}"
        return (
            f"<Verdict: {self.goal} {'reached' if self.succeeded else 'not reached'}, {self}; "
            f"decisions: {len(self.trace)}, instructions: {self.instructions}, exits: {sum(self.exits.values())}{ends}>"
        )
