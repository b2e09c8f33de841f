"""What a guest does, as ways through the layers: who has to take part in each operation, and in which order."""

from collections.abc import Callable

from vmwidgets.model.layers import Layer
from vmwidgets.model.path_steps import Walk
from vmwidgets.model.words import said


def _computation(walk: Walk, device: str) -> None:
    walk.start(walk.layers["guest_apps"])
    walk.work("run", said("the instructions run on the CPU as they are"))


def _system_call(walk: Walk, device: str) -> None:
    walk.start(walk.layers["guest_apps"])
    what, back = said("the program asks its kernel by a system call"), said("the kernel returns to the program")
    if walk.technique == "binary_translation":
        walk.exit(said("the call ends in the VMM, since the guest's kernel has no privilege"), "trap")
        walk.work("handle", said("the VMM finds the translation of the kernel's code"))
        walk.enter(said("the translated kernel runs"))
    else:
        # A paravirtual kernel registers its handler, and the CPU calls it (Barham et al. 2003, section 3.1.2).
        walk.step("system_call", walk.kernel, "system_call", what)
    walk.step("system_return", walk.layers["guest_apps"], "system_return", back)


def _page_table_update(walk: Walk, device: str) -> None:
    walk.start(walk.kernel)
    match walk.technique:
        case "trap_and_emulate":
            walk.exit(said("the page table is write-protected, and the write ends in a page fault"))
            walk.work("handle", said("the VMM makes the write and brings the shadow table up to date"))
            walk.enter(said("the guest goes on"))
        case "binary_translation":
            walk.exit(said("the translated write calls the VMM"))
            walk.work("handle", said("the VMM makes the write and brings the shadow table up to date"))
            walk.enter(said("the guest goes on"))
        case "paravirtualization":
            walk.exit(said("the guest asks for the update by a hypercall"))
            walk.work("handle", said("the VMM checks that the frame is the guest's own, and writes the entry"))
            walk.enter(said("the guest goes on"))
        case _:
            walk.work("write", said("the kernel writes into its own page table, and nobody is asked"))


def _hypercall(walk: Walk, device: str) -> None:
    walk.start(walk.kernel)
    walk.exit(said("the guest's kernel calls the VMM"))
    walk.work("handle", said("the VMM does what it was asked for"))
    walk.enter(said("the guest goes on"))


def _timer_interrupt(walk: Walk, device: str) -> None:
    if walk.bare:
        walk.interrupt(walk.kernel)
        walk.work("handle", said("the kernel counts the tick and chooses who runs"))
        return
    walk.start(walk.layers["guest_apps"])
    walk.exit(said("the timer interrupts the guest, and the VMM gets control"), "interrupt")
    walk.to(walk.who("schedules"))
    walk.work("handle", said("the scheduler counts the time and chooses who runs"))
    walk.enter(said("the guest gets a timer interrupt of its own"))


_DONE = {
    "emulated": said("the imitated device says that it is done"),
    "paravirtual": said("the other end of the device says that it is done"),
}


def _to_device(walk: Walk, device: str) -> Layer | None:
    """Bring a request to the device; return the layer that works on the guest's behalf, if there is one."""
    walk.start(walk.kernel)
    if walk.bare:
        walk.drive()
        return None
    if device == "passthrough":
        what = said("the guest's driver writes into the registers of the device, which is its own")
        walk.step("drive", walk.hardware, "direct", what)
        return None
    if device == "paravirtual":
        walk.exit(said("the requests lie in shared memory, and one notification announces them"))
        walk.work("handle", said("the VMM finds out whom it is for"))
        worker = walk.who("serves")
        walk.to(worker)
        walk.work("serve", said("the other end of the paravirtual device takes the requests"))
    else:
        by = "callout" if walk.technique == "binary_translation" else "trap"
        walk.exit(said("the access to the device's register ends in the VMM"), by)
        walk.work("handle", said("the VMM decodes the instruction"))
        worker = walk.who("emulates")
        walk.to(worker)
        walk.work("emulate", said("the imitated device does what a real one would do"))
    walk.drive()
    return worker


def _network_packet(walk: Walk, device: str) -> None:
    worker = _to_device(walk, device)
    if worker:
        walk.to(worker)
        walk.work("complete", _DONE[device])
        walk.enter(said("the guest goes on"))


def _disk_read(walk: Walk, device: str) -> None:
    worker = _to_device(walk, device)
    if not walk.bare and not worker:
        walk.interrupt(walk.vmm)
        walk.work("handle", said("the VMM finds out whose device it is"))
        walk.enter(said("the guest gets the interrupt of its device"))
        return
    walk.interrupt(walk.who("drives"))
    walk.work("finish", said("the driver takes the finished request"))
    if worker:
        walk.to(worker)
        walk.work("complete", _DONE[device])
        walk.enter(said("the guest gets an interrupt of its device"))


OPERATIONS: dict[str, Callable[[Walk, str], None]] = {
    "computation": _computation,
    "system_call": _system_call,
    "page_table_update": _page_table_update,
    "hypercall": _hypercall,
    "timer_interrupt": _timer_interrupt,
    "disk_read": _disk_read,
    "network_packet": _network_packet,
}
"""What a guest does, and the way of it."""
