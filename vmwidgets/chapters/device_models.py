"""Device models for chapter 4: how often a guest's devices call the VMM, and how to make it seldom enough.

Exits for accesses are counted; interrupts on the way back are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.experiments.trapped import Work
from vmwidgets.locale import mark
from vmwidgets.model.trap_and_emulate import DEVICES

NAMES = ("network", "disk", "console")
_ORDINARY = 100


@dataclass(frozen=True, slots=True)
class Load:
    """What a guest wants of one device.

    Parameters
    ----------
    rate
        Requests a second.
    batch
        How many of them a virtio driver queues before it notifies.
    accesses
        Port accesses that an emulated device needs for one of them.
    """

    rate: int
    batch: int
    accesses: int

    def exits(self, device: str) -> int:
        """Return VM exits a second under a device model, counted in runs of one group of requests."""
        requests = self.accesses if device == "emulated" else self.batch
        return self.rate * _exits(requests, device) // (1 if device == "emulated" else self.batch)


@cache
def _exits(requests: int, device: str) -> int:
    """Run a guest that gives a device so many requests in one group, and count its exits."""
    return len(Work(requests, 1, 0, _ORDINARY).run("nested", device).log)


@dataclass(frozen=True, slots=True)
class Desk:
    """The devices of a guest, and what is allowed.

    Parameters
    ----------
    loads
        What the guest wants of each of `NAMES`.
    most
        Exits a second that must not be exceeded.
    passed
        How many devices may be passed through: each is then no other guest's, and the guest cannot migrate.
    old
        A device for which the guest's system has no virtio driver, or ``""``.
    """

    loads: tuple[Load, ...]
    most: int
    passed: int = 1
    old: str = ""

    def allowed(self, models: Sequence[str]) -> bool:
        """Return whether device models may be chosen together."""
        none = self.old and models[NAMES.index(self.old)] == "virtio"
        return not none and list(models).count("passed_through") <= self.passed

    def exits(self, models: Sequence[str]) -> int:
        """Return the exits a second of all devices."""
        return sum(load.exits(model) for load, model in zip(self.loads, models, strict=True))

    def solutions(self) -> list[tuple[str, ...]]:
        """Return all choices that are allowed and good enough."""
        every = product(DEVICES, repeat=len(NAMES))
        return [models for models in every if self.allowed(models) and self.exits(models) <= self.most]


def desk(draw: Draw) -> Desk:
    """Return the devices of a variant; those of the chapter's text for practice."""
    if draw.practice:
        return Desk((Load(64_000, 32, 3), Load(8_000, 4, 4), Load(100, 1, 2)), 2_300)
    batches = [2 ** draw.number(f"batch {name}", 1, 5) for name in NAMES[:2]]
    net = Load(batches[0] * 100 * draw.number("packets", 10, 40), batches[0], draw.number("net accesses", 2, 4))
    disk = Load(batches[1] * 100 * draw.number("disk", 5, 30), batches[1], draw.number("disk accesses", 3, 6))
    loads = (net, disk, Load(10 * draw.number("console", 5, 40), 1, 2))
    # Four structures: one device may be passed through, none, the disk has no driver, or the network card has none.
    structure = draw.number("desk", 0, 3)
    passed, old = (0 if structure == 1 else 1), ("", "", "disk", "network")[structure]
    free = Desk(loads, 0, passed, old)
    every = sorted({free.exits(models) for models in product(DEVICES, repeat=len(NAMES)) if free.allowed(models)})
    # Only the best two choices are good enough: one may be wasteful in what hardly matters, but not in more.
    return Desk(loads, every[1], passed, old)


_OPTIONS = (
    ("emulated", mark("emulated device")),
    ("virtio", mark("virtio queue")),
    ("passed_through", mark("passed through")),
)
_ROWS = (("network", mark("network card")), ("disk", mark("disk")), ("console", mark("console")))


def _question(these: Desk) -> str:
    if these.old == "disk":
        return mark(
            "A guest, exits a second. Network card: {net} packets, queued in groups of {net_batch}, {net_accesses} port"
            " accesses each if it is emulated. Disk: {disk} requests, groups of {disk_batch}, {disk_accesses} accesses."
            " Console: {console} characters, no groups, {console_accesses} accesses. One device may be passed through;"
            " this guest's system has no virtio driver for a disk. Stay at or below {most} exits."
        )
    if these.old == "network":
        return mark(
            "A guest, exits a second. Network card: {net} packets, queued in groups of {net_batch}, {net_accesses} port"
            " accesses each if it is emulated. Disk: {disk} requests, groups of {disk_batch}, {disk_accesses} accesses."
            " Console: {console} characters, no groups, {console_accesses} accesses. One device may be passed through;"
            " this guest's system has no virtio driver for a network card. Stay at or below {most} exits."
        )
    if not these.passed:
        return mark(
            "A guest, exits a second. Network card: {net} packets, queued in groups of {net_batch}, {net_accesses} port"
            " accesses each if it is emulated. Disk: {disk} requests, groups of {disk_batch}, {disk_accesses} accesses."
            " Console: {console} characters, no groups, {console_accesses} accesses. The guest has to migrate from"
            " server to server, so nothing may be passed through. Stay at or below {most} exits."
        )
    return mark(
        "A guest, exits a second. Network card: {net} packets, queued in groups of {net_batch}, {net_accesses} port"
        " accesses each if it is emulated. Disk: {disk} requests, groups of {disk_batch}, {disk_accesses} accesses."
        " Console: {console} characters, no groups, {console_accesses} accesses. One device may be passed through. Stay"
        " at or below {most} exits."
    )


def choose_models(draw: Draw) -> Item:
    """Return the question about the devices of a variant."""
    these = desk(draw)

    def check(value: Value) -> Verdict:
        models = tuple(str(one) for one in value) if isinstance(value, tuple) else ()
        if not these.allowed(models):
            return Verdict(0, 1, mark("That is not allowed here."), mark("Read once more what may not be."))
        if these.exits(models) > these.most:
            hint = mark("Where do most of the exits come from? Groups help only where there are groups.")
            return Verdict(0, 1, mark("That is still too many exits a second."), hint)
        return Verdict(1, 1, mark("That is seldom enough."))

    net, disk, console = these.loads
    fields: dict[str, str | int | float] = {
        "net": net.rate,
        "net_batch": net.batch,
        "net_accesses": net.accesses,
        "disk": disk.rate,
        "disk_batch": disk.batch,
        "disk_accesses": disk.accesses,
        "console": console.rate,
        "console_accesses": console.accesses,
        "most": these.most,
    }
    return Item("ch04.devices", "table", _question(these), check, fields=fields, options=_OPTIONS, rows=_ROWS)
