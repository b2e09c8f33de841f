"""What attacks, decisions of layers, defences and their costs are called."""

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.range.machine import FIRMWARE, FREE
from vmwidgets.model.range.memory_path import MAP_CHECKS
from vmwidgets.model.range.prices import Price
from vmwidgets.model.range.sharing import SHARED
from vmwidgets.model.range.trace import ABSENT, ALLOWS, OPEN, REFUSES, Decision
from vmwidgets.model.range.verdict import MECHANISMS, Verdict
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.kit import plain
from vmwidgets.widgets.stack_words import TECHNIQUES
from vmwidgets.widgets.vmm_clock import REASONS

FAMILY_NAMES = {
    "": mark("Memory that is not yours"),
    "V1": mark("V1 Tables of pages"),
    "V2": mark("V2 Device models"),
    "V3": mark("V3 Devices that read memory themselves"),
    "V4": mark("V4 What was left behind"),
    "V5": mark("V5 Shared pages"),
    "V6": mark("V6 Processor time"),
    "V7": mark("V7 Conveniences"),
    "V8": mark("V8 Caches"),
    "V9": mark("V9 Layers and hosts"),
}
"""Headings of the gallery."""
GOAL_NAMES = {
    "secret": mark("report the secret, a number that lies in the memory of the VM beside yours, or bring it home"),
    "foreign_write": mark("write to memory that is not yours"),
    "layer_taken": mark("let a layer below run what you want"),
    "number": mark("report the number in a page of the VM beside yours"),
    "victim_changed": mark("change what the VM beside yours reads in a page of its own"),
    "starved": mark("take the VM beside yours so much processor time that it gets less than nine tenths of its share"),
    "memory_short": mark("keep memory that was lent to you when the VM beside yours wants it back"),
    "slowed": mark("slow the VM beside yours down to less than nine tenths of its speed"),
    "disk_short": mark("take the VM beside yours so much of the disk that it gets less than nine tenths of its share"),
    "network_short": mark(
        "take the VM beside yours so much of the link that it gets less than nine tenths of its share"
    ),
    "interrupted": mark("have a layer below handle an interrupt that you have made up"),
    "gone": mark("have the VM beside yours killed"),
}
REACHED = {
    "secret": mark("the secret has left its frame"),
    "foreign_write": mark("memory of somebody else has been written"),
    "layer_taken": mark("a layer below runs the code of the guest"),
    "number": mark("the number in a page of the victim's has been reported"),
    "victim_changed": mark("the victim reads in its page what it has not written"),
    "starved": mark("the victim gets less than nine tenths of its processor time"),
    "memory_short": mark("the victim wants memory back that it has lent, and does not have it"),
    "slowed": mark("the victim has kept less than nine tenths of its speed"),
    "disk_short": mark("the victim gets less than nine tenths of its share of the disk"),
    "network_short": mark("the victim gets less than nine tenths of its share of the network link"),
    "interrupted": mark("a layer below has handled an interrupt that was made up"),
    "gone": mark("the victim has been killed"),
}
OUTCOME_NAMES = {
    ALLOWS: mark("lets it through"),
    REFUSES: mark("refuses"),
    OPEN: mark("does not look"),
    ABSENT: mark("there is nothing"),
}
CHECK_NAMES = {
    "guest_tables": mark("the guest's own page tables"),
    "scanner": mark("scanner for equal pages"),
    "first_level": mark("first-level cache"),
    "guest_page": mark("memory of the guest"),
    "hypercall": mark("number of the call"),
    "port": mark("number of the port"),
    "machine": mark("memory of the machine"),
    "host_memory": mark("memory of the host"),
    "vm_shares": mark("shares of VMs"),
    "exit_time": mark("who pays for exits"),
    "memory_shares": mark("shares of memory"),
    "host_paging": mark("paging by the host"),
    "own_kernel": mark("kernel of the VM"),
    "host_programs": mark("programs of the host"),
}
"""What is looked at and is no switch; the names of switches are in the model."""
_OWNERS = {
    "guest 0": mark("your VM"),
    "guest 1": mark("the victim"),
    "guest 2": mark("the third VM"),
    FIRMWARE: mark("the firmware"),
    FREE: mark("nobody"),
    SHARED: mark("several VMs together"),
}
VM_NAMES = (mark("your code"), mark("the victim"), mark("a third VM"))
WORK_NAMES = {
    "map_lookups": mark("looks into its tables: {count}"),
    "entries_validated": mark("entries of page tables looked at: {count}"),
    "bytes_cleared": mark("bytes cleared: {count}"),
    "lines_emptied": mark("lines of the cache emptied: {count}"),
    "bits_corrected": mark("bits corrected: {count}"),
    "pages_copied": mark("pages copied: {count}"),
    "pages_not_lent": mark("pages not lent: {count}"),
    "pages_paged_out": mark("pages written to the disk: {count}"),
    "interrupts_remapped": mark("interrupts looked up: {count}"),
    "pages_kept": mark("pages left where they are: {count}"),
    "interrupts_held_back": mark("interrupts held back: {count}"),
    "texts_refused": mark("texts refused: {count}"),
    "lengths_checked": mark("lengths checked: {count}"),
    "requests_overtaken": mark("requests that had to wait: {count}"),
    "indices_checked": mark("indices checked: {count}"),
    "addresses_checked": mark("addresses checked: {count}"),
    "addresses_translated": mark("addresses translated: {count}"),
    "requests_refused": mark("requests of programs refused: {count}"),
    "processors_set_aside": mark("processors that VMs do without: {count}"),
    "time_stamps": mark("time stamps taken: {count}"),
    "lines_decrypted": mark("lines of memory deciphered: {count}"),
    "lines_checked": mark("lines of memory checked: {count}"),
}
_WHY = {
    **dict.fromkeys(MAP_CHECKS.values(), mark("{product} keeps memory apart in another way: {technique}")),
    "validation": mark("{product} does not let guests ask for updates of page tables: {technique}"),
    "canonical_check": mark("guests of {product} return to their programs without its help: {technique}"),
    "bounds_check": mark("VMs of {product} have no imitated device here"),
    "descriptor_check": mark("VMs of {product} have no imitated device here"),
    "confinement": mark("{product} has no process of one VM's device model that could be confined"),
    "stub_domain": mark("{product} has no domains that a device model could have to itself"),
    "iommu": mark("{product} passes no device through to a VM"),
    "interrupt_remapping": mark("{product} passes no device through to a VM"),
    "cpu_reservation": mark("the model knows no reservation of processor time in {product}"),
    "cpu_pools": mark("the model knows no pools of processors in {product}"),
    "memory_reservation": mark("the model knows no reservation of memory in {product}"),
    "network_weights": mark("the model knows no shares of the network in {product}"),
    "salting": mark("{product} has no scanner that looks for equal pages here"),
    "l1d_flush": mark("the model has this cache attack with nested page tables only"),
    "core_scheduling": mark("the model has this cache attack with nested page tables only"),
    "exact_accounting": mark("the scheduler of {product} has always charged the time that a VM ran"),
    "request_check": mark("{product} has no backend of paravirtual devices"),
    "reassembly_check": mark("{product} has no network stack in its VMM here"),
    "channel_off": mark("{product} has no channel between guest and desktop here"),
    "channel_check": mark("{product} has no channel between guest and desktop here"),
    "forced_reclaim": mark("the model knows of no paging by {product} that could take the place of a balloon"),
    "memory_encryption": mark("the model knows of no VMs of {product} whose memory is encrypted"),
    "host_cgroups": mark("{product} has no host with other programs whose share could be limited"),
    "kernel_check": mark("customers of {product} do not share a kernel"),
}
_NOTHING_OF_THE_KIND = mark("{product} has nothing of the kind")
_MEANINGS = (
    ("call_", mark("number of a hypercall, for rax")),
    ("port_", mark("port of a device")),
    ("vm_memory_at", mark("machine address from which on the memory of VMs lies")),
    ("machine_", mark("size of the machine")),
    ("mark", mark("the number right before the secret")),
    ("window_entry", mark("entry of your page tables that is yours to change")),
    ("window", mark("addresses that this entry stands for")),
    ("lowest_table", mark("your lowest page table")),
    ("page_bytes", mark("size of a page")),
    ("pages", mark("pages of your VM")),
    ("most_pages", mark("pages that your VM can grow to")),
    ("memory_bytes", mark("size of your VM's memory")),
    ("line_bytes", mark("size of a line of the cache")),
    ("row_bytes", mark("size of a row of the memory chips")),
    ("slow_load", mark("cycles above which a load has come from memory")),
    ("slow_write", mark("cycles above which a write has copied a page first")),
    ("round_cycles", mark("cycles of a round of the scanner for equal pages")),
    ("key_bits", mark("bits of the secret")),
    ("numbers", mark("how many numbers the one in the victim's page can be")),
    ("library_word", mark("first word of a library that everybody has")),
    ("link_packets", mark("packets of yours that can wait at the network link")),
    ("message_address", mark("address at which a write of a device is an interrupt")),
    ("device_vector", mark("vector of your device's own interrupts")),
    ("writes_waiting", mark("writes to the register that can wait")),
    ("handling_us", mark("microseconds that such a write takes whoever carries it out")),
    ("return_table", mark("where in the VMM's memory the address of its code lies")),
    ("lent_pages", mark("pages that were lent to your VM")),
)
_ENDINGS = (
    ("_distance", mark("bytes from the end of the buffer to what lies behind it")),
    ("_bytes", mark("bytes of the buffer or block")),
)
_WITHOUT_CAPITAL = ("hostd", "libvirt", "macOS", "vboxdrv", "vhost", "xl ")
SHOWN_IN_HEX = ("mark", "library_word", "window", "lowest_table", "vm_memory_at", "port_")


EXIT_NAMES = {
    **REASONS,
    "page_fault": mark("page fault"),
    "general_protection": mark("general protection fault"),
    "invalid_opcode": mark("invalid opcode"),
    "triple_fault": mark("triple fault"),
    "software_interrupt": mark("software interrupt"),
    "interrupt_flag": mark("interrupt flag"),
    "control_register": mark("control register"),
}
"""Reasons of exits; those that are missing are called as their instructions are."""


def owner_name(owner: str, stack: Stack) -> str:
    """Return whose a frame is, in words; nothing for no frame."""
    if owner in _OWNERS or not owner:
        return _(_OWNERS.get(owner, ""))
    layer = owner.split()[0]
    if layer in stack.layers:
        return _(stack.layers[layer].name)
    return _("the stub domain") if layer == "stub_domain" else owner


def mechanism(verdict: Verdict, stack: Stack) -> str:
    """Return the sentence that names the mechanism."""
    fields = verdict.fields
    if fields:
        fields |= {"layer": _(verdict.layer), "owner": owner_name(str(fields["owner"]), stack)}
    return capital(plain(verdict.mechanism, **fields))


def capital(text: str) -> str:
    """Return a sentence with a capital in front, unless a name stands there that is written without one."""
    return text if text.startswith(_WITHOUT_CAPITAL) else text[:1].upper() + text[1:]


def why(decision: Decision, stack: Stack) -> str:
    """Return what a layer decided and why, in words; nothing for one that lets pass what it should."""
    text = MECHANISMS.get((decision.check, decision.outcome), "")
    owner = owner_name(decision.owner, stack)
    name = _(stack.layers[decision.layer].name)
    return plain(text, layer=name, address=hex(decision.address), frame=decision.frame, owner=owner) if text else ""


def not_offered(defence: str, stack: Stack, technique: str) -> str:
    """Return why a stack does not have a defence."""
    text = _WHY.get(defence, _NOTHING_OF_THE_KIND)
    return plain(text, product=_(stack.name), technique=_(TECHNIQUES[technique]))


def cost(price: Price) -> str:
    """Return what a defence costs, in words."""
    parts = [
        plain(text, percent=_signed(permille - 1000, 1))
        for text, permille in (
            (mark("throughput: {percent} %"), price.throughput_permille),
            (mark("processor time: {percent} %"), price.cpu_permille),
        )
        if permille != 1000
    ]
    parts += [
        plain(text, count=_signed(more))
        for text, more in (
            (mark("frames in use: {count}"), price.frames),
            (mark("exits: {count}"), price.exits),
            (mark("guest instructions: {count}"), price.instructions),
        )
        if more
    ]
    parts += [
        plain(WORK_NAMES.get(kind, f"{kind}: {{count}}"), count=_signed(more)) for kind, more in price.work.items()
    ]
    return "; ".join(parts) or _("none that was measured in this workload")


def _signed(value: int, decimals: int = 0) -> str:
    shown = number(abs(value) / 10**decimals if decimals else abs(value), decimals)
    return f"+{shown}" if value > 0 else f"−{shown}"


def meaning(name: str) -> str:
    """Return what a number of the manual is."""
    known = [text for start, text in _MEANINGS if name.startswith(start)]
    known += [text for end, text in _ENDINGS if name.endswith(end)]
    return _(known[0]) if known else ""
