"""The narrated levels of chapter 11: what each step of an attack does, and who could have noticed."""

from vmwidgets.attacks import ATTACKS
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.exits import Action
from vmwidgets.model.range.run import BUDGET, Shot

TALES: dict[str, tuple[tuple[str, str], ...]] = {
    "uncleared_frames": (
        ("mov rsi, {memory_bytes}", mark("Behind the last page of your memory nothing is mapped. New pages will be.")),
        ("mov rax, {call_balloon_claim}", mark("As a balloon does when it deflates: ask for a frame for page rcx.")),
        ("vmcall", mark("The exit. The layer below takes a free frame. Whether it clears it here is the question.")),
        ("cmp [rsi], rbx", mark("Read before you write: does it begin with the mark of the VM that has ended?")),
        (
            "add rsi, {page_bytes}",
            mark("It does not: the next page. Nobody can tell you from a guest that needs memory."),
        ),
        ("mov rdi, [rsi + 8]", mark("It does. The frame is yours by right; what lies in it is not.")),
    ),
    "table_update": (
        ("mov rdi, {window_entry}", mark("An entry of your page directory that leads nowhere yet.")),
        ("or rsi, 7", mark("Let it lead to a table of your own. A paravirtual guest asks for this, and may have it.")),
        ("je own", mark("Other guests write their tables themselves: there is no such call, and they jump.")),
        (
            "or rsi, 0x80",
            mark("Bit 7: the entry no longer leads to a table, it maps 2 MiB. The address stays the same."),
        ),
        (
            "vmcall",
            mark("The exit on which all turns: does the VMM look at the flags, too, if the address is the same?"),
        ),
        (
            "mov [rdi], rsi",
            mark("Its own tables a guest writes as it likes. What holds it is what the VMM makes of them."),
        ),
        ("cmp [rsi], rbx", mark("The window is open: read page after page of the machine until you find the mark.")),
    ),
    "device_overrun": (
        ("mov rdx, {port_floppy}", mark("The port of a floppy controller that exists as a program only.")),
        ("mov rax, 0x8e", mark("A command with parameters. It ends when one of them has its highest bit set.")),
        ("mov rcx, {floppy_bytes}", mark("So the guest decides how many there are. The buffer has room for so many.")),
        ("add rcx, {floppy_distance}", mark("Behind it lies the address of the code that carries out commands.")),
        ("out dx, al", mark("One byte, one exit. The device model writes it at its index, and counts on.")),
        ("mov rax, 8", mark("The next command: the device model jumps to the address that now is yours.")),
    ),
    "nic_underflow": (
        ("mov rsi, {page_bytes}", mark("A network card of today reads descriptors from the memory of the guest.")),
        ("or rax, 2", mark("The first one: data, nearly a whole frame. Nothing is wrong with it.")),
        (
            "mov rax, 0x4000000001",
            mark("The second one: from now on a frame may have 64 bytes. There are more already."),
        ),
        ("or rax, 6", mark("The third one: the room left is 64 less what is there, in 16 bits: that is a lot.")),
        ("out dx, eax", mark("Two exits for all of it. The card copies as much as it believes to have room for.")),
    ),
    "convenience_channel": (
        ("mov [rsi], rbx", mark("A text in your own memory. So far nobody is concerned.")),
        ("mov rdx, {port_channel}", mark("The channel to the desktop: clipboard, drag and drop, shared folders.")),
        ("mov rax, {channel_bytes}", mark("Its buffer has room for so many bytes …")),
        ("add rax, {channel_distance}", mark("… and you state a length that reaches up to what lies behind it.")),
        ("out dx, eax", mark("The process on the desktop copies as many bytes as you say, and runs what is there.")),
    ),
    "dma": (
        (
            "xor rsi, rsi",
            mark("An address for the device. Of the guest, or of the machine? That depends on who translates."),
        ),
        ("out dx, eax", mark("The device is passed through: you give it the address yourself.")),
        ("mov rax, 1", mark("Fetch. The device reads memory by itself; the tables of the processor are not asked.")),
        ("in eax, dx", mark("What it has fetched comes back word by word. Does it begin with the mark?")),
        ("add rsi, {page_bytes}", mark("Page after page of the machine, until it does.")),
    ),
    "sharing_oracle": (
        ("mov rbx, {mark}", mark("You know what the page of the neighbour looks like, but for one number.")),
        ("mov [rdi + 8], rdx", mark("So fill eleven pages with a guess each. They are yours, and so is the right to.")),
        ("add r12, r12", mark("Two rounds of the scanner: then it has seen all pages of all VMs.")),
        ("hlt", mark("Sleep. Meanwhile the right guess, if it is among them, gets the frame of the neighbour.")),
        (
            "mov [rdi + 8], r8",
            mark("Write what is there already. Nothing changes, but a shared page has to be copied first."),
        ),
        ("cmp rax, {slow_write}", mark("Slow: the neighbour has this page. Otherwise on to the next eleven.")),
    ),
    "tick_theft": (
        (
            "mov r12, {tick_us}",
            mark("The scheduler looks each 10 ms who is running, and charges that one for all of it."),
        ),
        ("ja sleep", mark("Find the next tick that is still to come.")),
        ("add rax, 50", mark("Set the timer to just after it …")),
        ("hlt", mark("… and halt. When the tick comes, somebody else runs, and is charged.")),
        (
            "mov rax, {loops_per_ms}",
            mark("Then compute for 9.5 of 10 ms. Who was never charged is first in the queue."),
        ),
        ("jmp again", mark("Just before the next tick begin anew.")),
    ),
}
"""By the id of an attack: a line of its code, and what happens there (message ids)."""


def tale(shot: Shot) -> str:
    """Return the steps of an attack as a text, a step each: the line of the code, and what happens there.

    What the code does not come by on this stack is left out; for that it is run.
    """
    attack = shot.attack.id
    lines = [line.partition(";")[0].strip() for line in ATTACKS[attack].code.strip("\n").split("\n")]
    steps, at = dict[int, str](), 0
    for anchor, text in TALES[attack]:
        at = lines.index(anchor, at)
        steps[at] = text
    come_by = _come_by(shot, set(steps))
    return "\n".join(f"{number(at + 1):>3}  {lines[at]}\n       {_(steps[at])}" for at in steps if at in come_by)


def _come_by(shot: Shot, wanted: set[int]) -> set[int]:
    """Return which lines of the code are come by, of those that are wanted; both count from 0."""
    cpu, found, first = shot.cpu, set[int](), len(shot.attack.code) - len(shot.attack.code.lstrip("\n"))
    while found < wanted and cpu.attempts < BUDGET and not cpu.finished:
        found |= {cpu.line - 1 - first} & wanted
        if cpu.run(1) is Action.STOP:
            break
    return found
