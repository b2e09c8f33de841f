"""The sentences of the manual: what it says of each place where a hole may be, of each device, and of each number."""

from vmwidgets.model.words import said

REMARKS: dict[str, str] = {
    "table_update": said(
        "Kernels that know that they are in a VM ask the hypervisor for each change of their page tables; for a change"
        " of flags there is a shorter way."
    ),
    "device_overrun": said(
        "Each VM has a floppy controller: the device model imitates it with all commands that it ever had."
    ),
    "nic_underflow": said(
        "The imitated network card puts a frame together from as many descriptors as the guest likes."
    ),
    "backend_request": said(
        "A request to the backend of the paravirtual network device says itself where its data belong."
    ),
    "fragments": said("Packets of VMs without a network card of their own are put together in the device model."),
    "dma": said("A fast device is passed through to each VM, which programs it by itself."),
    "uncleared_frames": said("When a VM has ended, others may have its frames in the next moment."),
    "sharing_oracle": said("A scanner looks for pages with the same content, because memory is dear."),
    "flush_reload": said("All VMs use the same library, and a scanner looks for pages with the same content."),
    "tick_theft": said("The scheduler has ticks, one every ten milliseconds, and does its accounts."),
    "noisy_cpu": said("Customers may order VMs with more than one vCPU."),
    "convenience_channel": said("VMs and the desk of the operators have a clipboard in common."),
    "cached_secret": said("VMs take turns on a core, as often as one of them halts."),
    "cached_secret_sibling": said("Each core has two threads, and both run VMs."),
    "host_read": said("The operators have a program of their own that makes backups of VMs while they run."),
}
"""What the manual says of each hole, by the id of the hole: whether it is open the sentence does not say."""

WHERE: dict[str, str] = {
    "V1": said("in a VM whose kernel knows that it is in a VM, and whose page tables name frames of the machine"),
    "V2": said("in a VM with imitated and with paravirtual devices, beside {victim}"),
    "V3": said("in a VM to which a device is passed through, beside {victim}"),
    "V4": said("in a VM; {victim} has just ended"),
    "V5": said("in a VM, while {victim} works and the scanner is at work"),
    "V6": said("in a VM (vCPUs: {vcpus}) that shares a processor with {victim} and {other}, which compute"),
    "V7": said("in a VM with a clipboard, beside {victim}"),
    "V8": said("in a VM whose core {victim} uses as well"),
    "V9": said("as a program of the operators, beside the VMs"),
}
"""Where a program is run, by the family that it is said to be of."""

CORES: dict[str, str] = {
    "in_turn": said("The machine has no SMT: whenever your VM halts, {victim} has its core."),
    "sibling": said(
        "The machine has SMT: your VM has one thread of a core for good, {victim} has the other one at the same time."
    ),
}

PROOFS: dict[str, str] = {
    "secret": said("report the encoded secret: the 8 bytes that lie behind the mark in a page of {victim}"),
    "number": said(
        "report, before anything else, the encoded number that lies behind the mark in a page of {victim} that holds"
        " nothing besides"
    ),
    "ticket": said(
        "report the encoded ticket, 8 bytes at ticket_address in your own memory, and let {victim} get less than nine"
        " tenths of what it is entitled to"
    ),
}
"""What is to be brought."""

STEPS: dict[str, str] = {
    "xor": said("exclusive or with {number}"),
    "add": said("add {number}, in 64 bits"),
    "rotate": said("rotate by {number} bits to the left, in 64 bits"),
}

DEVICES: tuple[str, ...] = (
    said(
        "Floppy controller, 1 port: commands and their parameters, byte by byte. DRIVE SPECIFICATION (0x8e) takes"
        " parameters into a buffer until one has its highest bit set. The next command runs the code whose address lies"
        " floppy_distance bytes behind the buffer."
    ),
    said(
        "Network card, 2 ports: address of the descriptors; how many there are, and go. A descriptor has flags (4"
        " bytes: 1 context, 2 data, 4 last), a length (4), an address (8). A context sets how long frames may be."
    ),
    said(
        "Backend, 2 ports: address of the requests; how many there are, and go. A request has the place in the buffer"
        " (4 bytes), a length (4), an address (8)."
    ),
    said(
        "Network of the device model, 3 ports: address of a fragment; its length; 1 if more follow, 0 if it is the"
        " last one."
    ),
    said("Clipboard, 2 ports: address of a text; its length, and copy it."),
    said(
        "Device that is passed through, 3 ports: address of a block; command (1 memory to device, 2 device to memory);"
        " the words of the block, 4 bytes each in turn."
    ),
    said(
        "Behind each buffer the device model or the hypervisor keeps the address of the code that comes next. If it is"
        " changed, the code of the attacker runs, looks for the mark in all memory that it reaches, and copies mark and"
        " secret to the beginning of page 0 of your VM."
    ),
)
"""How devices are used."""

CALLS: tuple[str, ...] = (
    said("A call is made by vmcall, with its number in rax, arguments in rdi and rsi; the answer is in rax."),
    said("A program that is stopped by a page fault goes on at its label fault, if it has one."),
    said(
        "The timer of the CPU is register 0x6e0 of wrmsr: hlt ends at that time, and without it at the next tick of a"
        " millisecond."
    ),
)

MEMORY: tuple[str, ...] = (
    said(
        "Your VM has its kernel's page tables in its last four pages, from level 4 down to level 1: a kernel that does"
        " not know that it is in a VM may write them itself, and forgets an address by invlpg."
    ),
    said("A load whose entry is not present faults. What the CPU does meanwhile is not said."),
)
TIME: tuple[str, ...] = (
    said("A write to a page that shares its frame with another one has it copied first."),
    said(
        "The victim uses its secret bit by bit: for a bit that is 1 it runs the code in line 1 of its page of the"
        " library, which begins with library_word and is otherwise 0."
    ),
    said("Where a processor is shared a program is watched for 600 milliseconds; an instruction takes 5 microseconds."),
)

NUMBERS: dict[str, dict[str, str]] = {
    "calls": {
        "call_report": said("report rdi"),
        "call_yield": said("give the CPU away"),
        "call_page_table_update": said("write rsi to the page-table entry at machine address rdi"),
        "call_balloon_claim": said("ask for a frame for page rdi"),
        "call_balloon_release": said("give page rdi back"),
        "call_host_read": said("programs of the operators only: read 8 bytes of VM rdi at address rsi"),
    },
    "devices": {
        "port_floppy": said("first port of the floppy controller"),
        "floppy_bytes": said("its buffer, in bytes"),
        "floppy_distance": said("from the end of the buffer to the address of code, in bytes"),
        "port_nic": said("first port of the network card"),
        "nic_bytes": said("its buffer, in bytes"),
        "nic_distance": said("from the end of the buffer to the address of code, in bytes"),
        "port_backend": said("first port of the backend"),
        "backend_bytes": said("its buffer, in bytes"),
        "backend_distance": said("from the end of the buffer to the address of code, in bytes"),
        "port_network": said("first port of the network of the device model"),
        "network_bytes": said("its buffer, in bytes"),
        "network_distance": said("from the end of the buffer to the address of code, in bytes"),
        "port_channel": said("first port of the clipboard"),
        "channel_bytes": said("its buffer, in bytes"),
        "channel_distance": said("from the end of the buffer to the address of code, in bytes"),
        "port_dma": said("first port of the device that is passed through"),
        "dma_block_bytes": said("its block, in bytes"),
    },
    "memory": {
        "mark": said("the mark, 8 bytes at the beginning of a page"),
        "page_bytes": said("a page, in bytes"),
        "pages": said("pages of a VM at first"),
        "memory_bytes": said("memory of a VM at first, in bytes"),
        "most_pages": said("pages of a VM at most"),
        "machine_bytes": said("memory of the machine, in bytes"),
        "vm_memory_at": said("from this machine address on lies the memory of VMs"),
        "window": said("first address that is free in the tables of your VM"),
        "window_pages": said("pages that an entry of the directory maps, if its bit 7 is set"),
        "window_entry_virtual": said("the entry of the directory for the window, as an address of the VM"),
        "ticket_address": said("where your VM finds its ticket"),
    },
    "time": {
        "line_bytes": said("a line of the cache, in bytes"),
        "slow_load": said("a load that takes more cycles comes from memory"),
        "slow_write": said("a write that takes more cycles has had a page copied"),
        "round_cycles": said("a round of the scanner, in cycles"),
        "numbers": said("the number of the victim is less than this"),
        "library_word": said("the first word of the page of the library; the others are 0"),
        "tick_shift": said("cycles of a tick of a VM, as a power of two"),
        "key_bits": said("bits of the secret; in a tick the victim uses one of them, from the lowest to the highest"),
        "tick_us": said("a tick of the scheduler, in microseconds; where a processor is shared rdtsc counts these"),
        "loops_per_ms": said("rounds of a loop of two instructions in a millisecond, where a processor is shared"),
    },
}
"""What each number of the manual is, by section."""
