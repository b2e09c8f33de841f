"""What the silent levels of chapter 11 ask for: an attack of a family that was narrated, with another goal or layout.

A task is a situation and a goal, never a solution: whether a program solves it is found by running the program.
"""

from dataclasses import dataclass

from vmwidgets.attacks import ATTACKS
from vmwidgets.locale import mark
from vmwidgets.model.range.attack import Placement


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Parameters
    ----------
    id
        Its key.
    narrated
        Id of the attack that is narrated before.
    like
        Id of the attack whose beginning the program has; often the same.
    cut
        The first line of that attack's code which is left to the student.
    holes
        Ids of the defences that are off, in the order of preference: the first that the stack has, or all of them.
    goal, placement
        See :class:`~vmwidgets.model.range.attack.Attack`.
    stacks
        Ids of the stacks that it can be asked for.
    text
        The task, a message id with the fields ``product``, ``defence``, ``missing``, ``bytes`` and ``most``.
    hints
        A nudge, and a place to look at.
    buffer
        Name of the number in the manual that says how large the buffer is.
    all_holes
        Whether all of ``holes`` are off.
    most
        Instructions that the program may execute; 0: as many as it likes.
    """

    id: str
    narrated: str
    like: str
    cut: str
    holes: tuple[str, ...]
    goal: str
    placement: Placement
    stacks: tuple[str, ...]
    text: str
    hints: tuple[str, ...]
    buffer: str = ""
    all_holes: bool = False
    most: int = 0

    @property
    def missing(self) -> str:
        """The name that the manual does not have there, ``""`` if it has all."""
        return ", ".join(self.placement.untold)

    @property
    def start(self) -> str:
        """The code that the program begins with."""
        code = ATTACKS[self.like].code.strip("\n")
        return code[: code.index(self.cut)].rstrip() + "\n    ; …\nend:\n"


_SPRAY = mark(
    "{product}, with “{defence}” off. The machines on which your program is judged do not have {missing} in their"
    " manual. The buffer has {bytes} bytes. Behind it, at a distance that is a multiple of 8, below 256 and another one"
    " on each machine, lies the address of the code that is run next. Let the layer run what you want all the same."
)
_SPRAY_HINTS = (
    mark("You do not know where the address lies. Do you have to?"),
    mark(
        "Whatever the distance is, it lies within the next 256 bytes. Fill all of them; much more, and the VMM falls."
    ),
)
_ALL = (
    Task(
        "left",
        "uncleared_frames",
        "uncleared_frames",
        "cmp [rsi], rbx",
        ("zero_on_allocate",),
        "number",
        Placement(victim="ended", timed=True),
        ("kvm", "esx", "esxi", "hyperv", "xen", "virtualbox"),
        mark(
            "{product}, with “{defence}” off. The VM beside has ended. In two of its pages the first word is the mark:"
            " behind one lies the secret, behind the other a number below 1000. Report that number, and nothing before"
            " it."
        ),
        (
            mark("Do not stop at the first page that has the mark."),
            mark("Compare the word behind the mark with {numbers} before you report it."),
        ),
    ),
    Task(
        "written",
        "table_update",
        "table_update",
        "mov rcx, {window_pages}",
        ("validation", "second_stage_tables", "shadow_tables"),
        "foreign_write",
        Placement(),
        ("xen", "kvm", "esx", "hyperv", "virtualbox"),
        mark(
            "{product}, with “{defence}” off. Reading is one half of what an open wall allows. Do the other half: write"
            " to memory that is not yours. The program opens the window for you; go on from there."
        ),
        (
            mark("The window begins with pages of which some are your own. Which word tells that you are elsewhere?"),
            mark("Look for the mark as before, and put something of yours in the place of the secret."),
        ),
    ),
    Task(
        "floppy",
        "device_overrun",
        "device_overrun",
        "mov rcx, {floppy_bytes}",
        ("bounds_check",),
        "layer_taken",
        Placement(emulated=True, untold=("floppy_distance",)),
        ("kvm", "xen", "virtualbox", "esx", "parallels"),
        _SPRAY,
        _SPRAY_HINTS,
        buffer="floppy_bytes",
    ),
    Task(
        "card",
        "nic_underflow",
        "nic_underflow",
        "mov rax, {nic_distance}",
        ("descriptor_check",),
        "layer_taken",
        Placement(emulated=True, untold=("nic_distance",)),
        ("virtualbox", "kvm", "xen", "workstation"),
        _SPRAY,
        _SPRAY_HINTS,
        buffer="nic_bytes",
    ),
    Task(
        "channel",
        "convenience_channel",
        "convenience_channel",
        "mov rax, {channel_bytes}",
        ("channel_check", "channel_off"),
        "layer_taken",
        Placement(emulated=True, untold=("channel_distance",)),
        ("workstation", "virtualbox", "parallels"),
        _SPRAY,
        _SPRAY_HINTS,
        buffer="channel_bytes",
        all_holes=True,
    ),
    Task(
        "dma",
        "dma",
        "dma",
        "add rsi, {page_bytes}",
        ("iommu",),
        "foreign_write",
        Placement(),
        ("kvm", "xen", "esxi", "hyperv"),
        mark(
            "{product}, with “{defence}” off. The device writes as well: command 2 stores its block at the address that"
            " it was given. The program searches as before; when it finds the mark, let the device change memory that"
            " is not yours."
        ),
        (
            mark("The address is still the one at which the mark was found."),
            mark("Give the device command 2 where it got command 1. What is in the block does not matter."),
        ),
    ),
    Task(
        "oracle",
        "sharing_oracle",
        "sharing_oracle",
        "cmp rax, {slow_write}",
        ("salting",),
        "number",
        Placement(timed=True, untold=("slow_write",)),
        ("kvm", "esx", "esxi", "virtualbox"),
        mark(
            "{product}, with “{defence}” off. The machines on which your program is judged do not have {missing} in"
            " their manual. Find the number in the page of the VM beside all the same, and report it. From how many"
            " cycles on a write is slow you have measured yourself, above."
        ),
        (
            mark("Look at your own measurement: any number between the two groups will do."),
            mark("Eleven guesses a round, and 91 rounds: after a round without a slow write go on with the next ones."),
        ),
    ),
    Task(
        "reload",
        "sharing_oracle",
        "flush_reload",
        "cmp rax, {slow_load}",
        ("salting",),
        "secret",
        Placement(timed=True, untold=("slow_load",)),
        ("kvm", "esx", "esxi", "virtualbox"),
        mark(
            "{product}, with “{defence}” off. A shared page has shared lines in the cache: a load is fast if the VM"
            " beside has used the line since you flushed it, and it does so in each tick whose bit of the secret is 1."
            " The machines on which your program is judged do not have {missing} in their manual. Collect the bits in"
            " r8 and report the secret."
        ),
        (
            mark("Let the program run once as it is, and look at rax after each load: there are two groups again."),
            mark("Where the load was fast set bit cl of r8: 1 shifted left by cl. Then the next of 64 bits."),
        ),
    ),
    Task(
        "thief",
        "tick_theft",
        "tick_theft",
        "mov rax, {loops_per_ms}",
        ("exact_accounting",),
        "starved",
        Placement(scheduled=True),
        ("xen",),
        mark(
            "{product}, with “{defence}” off. The thief of before takes so much that anybody sees it in top. Be modest:"
            " take the VM beside more than a tenth of its share with at most {most} instructions in all."
        ),
        (
            mark("It is not how long you compute that keeps you from being charged."),
            mark("Six of ten milliseconds are enough, if you sleep at the tick."),
        ),
        most=80_000,
    ),
)
TASKS: dict[str, Task] = {one.id: one for one in _ALL}
"""The tasks by their ids."""
LEVELS: tuple[tuple[str, ...], ...] = (
    ("left", "written"),
    ("floppy", "card", "channel", "dma"),
    ("oracle", "reload", "thief"),
)
"""Which tasks each level can have: memory, devices, what is shared."""
