"""Forty statements for chapter 7, each tried on records: true of every type 2 VMM, of all paravirtualization, of both?

A statement is a predicate on one way to run guests: a product, a technique for the CPU, a kind of device. It is true of
a concept if it holds for every way that belongs to it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.locale import mark
from vmwidgets.model.acts import host_oses
from vmwidgets.model.failures import fail
from vmwidgets.model.layers import Layer
from vmwidgets.model.paths import operations, path
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.stacks import PRODUCTS, STACKS

CONCEPTS = ("type2", "para", "both", "neither")
COUNT = 9


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run guests.

    Parameters
    ----------
    stack
        Id of a product.
    technique, device
        Of :data:`~vmwidgets.model.stack.TECHNIQUES` and :data:`~vmwidgets.model.stack.DEVICES`.
    """

    stack: str
    technique: str
    device: str

    @property
    def record(self) -> Stack:
        """Return the record of the product."""
        return STACKS[self.stack]

    @property
    def host(self) -> Layer | None:
        """Return the kernel of an OS on the machine itself, if there is one."""
        return next(iter(host_oses(self.record.layers)), None)

    @property
    def modified(self) -> bool:
        """Return whether the guest's authors have changed something for it: the kernel, or a driver."""
        return self.technique == "paravirtualization" or self.device == "paravirtual"

    def fates(self, failure: str) -> tuple[str, ...]:
        """Return what becomes of two guests, the first of which is hit; empty if it cannot happen."""
        return _fates(self.stack, failure)

    def exits(self, operation: str) -> int:
        """Return how often the VMM gets control in an operation."""
        return path(self.record, operation, self.technique, self.device).exits


@cache
def _fates(stack: str, failure: str) -> tuple[str, ...]:
    outcome = fail(STACKS[stack], failure, (VM("A"), VM("B")))
    return tuple(fate.state for fate in outcome.fates) if outcome.exists else ()


@cache
def ways() -> tuple[Way, ...]:
    """Return every way to run guests that a product has."""
    return tuple(
        Way(id, technique, device)
        for id in PRODUCTS
        for technique in STACKS[id].techniques
        for device in STACKS[id].devices
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, as it is shown and as it is tried."""

    id: str
    text: str
    holds: Callable[[Way], object]

    def concept(self) -> str:
        """Return of what it is true, one of `CONCEPTS`."""
        hosted = all(self.holds(way) for way in ways() if way.record.type == 2)
        modified = all(self.holds(way) for way in ways() if way.modified)
        return "both" if hosted and modified else "type2" if hosted else "para" if modified else "neither"


def _process(way: Way) -> bool:
    """Return whether each VM has a process of its own above a host OS."""
    host = way.host
    return any(
        one.per_vm and one.kind == "program" and host is not None and one.on == host.id for one in way.record.layers
    )


def _duty(way: Way, duty: str) -> bool:
    """Return whether a duty is that of the host OS or of what is inside it."""
    host = way.host
    return any(host is not None and host.id in (one.id, one.inside) for one in way.record.layers.with_(duty))


def _first(way: Way) -> bool:
    """Return whether a VMM runs on the hardware, with no OS below it."""
    layers = way.record.layers
    return any(one.kind == "vmm" and one.on in layers and layers[one.on].kind == "firmware" for one in layers)


def _vmm_in_kernel(way: Way) -> bool:
    """Return whether a part of the VMM has been loaded into the host's kernel."""
    host, layers = way.host, way.record.layers
    return any(host is not None and one.inside == host.id and "drives" not in one.duties for one in layers)


def _own_kernel(way: Way) -> bool:
    return "guest_kernel" in way.record.layers


def _together(_way: Way) -> bool:
    return any(way.record.type == 2 and way.modified for way in ways())


def _modified(way: Way) -> bool:
    return way.modified


def _never(way: Way) -> bool:
    return way.exits("computation") > 0


STATEMENTS = (
    # What follows from an OS on the machine itself.
    Statement(
        "threads", mark("An OS on the machine itself decides when a virtual CPU runs."), lambda w: _duty(w, "schedules")
    ),
    Statement(
        "os_first", mark("Before a guest can start, an OS has to be up on the machine itself."), lambda w: w.host
    ),
    Statement("process", mark("The host's list of processes has one for each VM."), _process),
    Statement(
        "top",
        mark("A busy guest with 4 vCPUs shows up in the host's top with up to 400 %."),
        lambda w: _process(w) and _duty(w, "schedules"),
    ),
    Statement(
        "host_crash",
        mark("When the kernel of the host OS crashes, all guests are gone."),
        lambda w: set(w.fates("host_crash")) == {"gone"},
    ),
    Statement(
        "session",
        mark("As it comes, a VM belongs to the session of a user at the desktop."),
        lambda w: w.fates("logout"),
    ),
    Statement(
        "drivers",
        mark("The physical devices are driven by the host OS, as for any other program."),
        lambda w: _duty(w, "drives"),
    ),
    Statement("kernel_part", mark("A part of it has been loaded into the kernel of a host OS."), _vmm_in_kernel),
    Statement(
        "lid",
        mark("When a host OS puts the machine to sleep, the guests stand still until it wakes up."),
        lambda w: w.host and set(w.fates("host_sleep")) == {"paused"},
    ),
    Statement(
        "paged",
        mark("A host OS may take memory away from it, as from any other program."),
        lambda w: _duty(w, "reclaims"),
    ),
    Statement(
        "update",
        mark("An update that restarts the host OS takes all guests along."),
        lambda w: w.host and set(w.fates("host_update")) == {"gone"},
    ),
    Statement(
        "kill",
        mark("There is one process which, if killed, ends one VM and no other."),
        lambda w: _process(w) and w.fates("vmm_killed") == ("gone", "goes_on"),
    ),
    # What follows from a guest that was changed.
    Statement("changed", mark("The authors of the guest have changed its kernel, or a driver of it."), _modified),
    Statement("knows", mark("Some part of the guest knows that it is a guest."), _modified),
    Statement(
        "purpose",
        mark("The guest calls the VMM on purpose, instead of touching a device that is not there."),
        _modified,
    ),
    Statement("agreed", mark("Guest and VMM use an interface that no real machine has."), _modified),
    Statement("unmodified", mark("A guest of which nothing has been changed cannot make use of it."), _modified),
    Statement("helps", mark("It cannot be done behind the guest's back."), _modified),
    Statement("authors", mark("Who wants it has to ask the authors of the guest, or be one of them."), _modified),
    Statement("virtio", mark("virtio is an example of it."), _modified),
    # What any VM has.
    Statement("own_kernel", mark("Each guest has a kernel of its own."), _own_kernel),
    Statement(
        "direct",
        mark("Ordinary instructions of the guest run on the real processor."),
        lambda w: w.exits("computation") == 0,
    ),
    Statement(
        "panic",
        mark("When the kernel of one guest panics, the other guests go on."),
        lambda w: w.fates("guest_panic") == ("gone", "goes_on"),
    ),
    Statement(
        "maps",
        mark("Somebody other than the guest decides which frame of memory is whose."),
        lambda w: w.record.layers.with_("maps"),
    ),
    Statement(
        "trust",
        mark("A guest has to trust the VMM below it."),
        lambda w: any(one.kind == "vmm" for one in w.record.layers.trusted()),
    ),
    Statement("together", mark("It can be had together with the other one of the two."), _together),
    Statement(
        "call", mark("There is a way for a guest to call the VMM."), lambda w: "hypercall" in operations(w.record)
    ),
    Statement(
        "lesser",
        mark("The guest's kernel has less power than a kernel on the machine itself."),
        lambda w: _own_kernel(w) and w.record.layers["guest_kernel"].privilege == "guest_kernel",
    ),
    Statement(
        "crash_vmm",
        mark("When the VMM below a guest crashes, this guest is gone."),
        lambda w: w.fates("vmm_crash")[:1] == ("gone",),
    ),
    # What is true of neither, however often it is said.
    Statement("shared", mark("All guests share one kernel."), lambda w: not _own_kernel(w)),
    Statement("first", mark("The boot loader starts the VMM before any OS."), _first),
    Statement("all_emulated", mark("Every instruction of the guest is emulated in software."), _never),
    Statement(
        "rewrites",
        mark("The VMM rewrites the guest's kernel while it runs."),
        lambda w: w.technique == "binary_translation",
    ),
    Statement(
        "vtx",
        mark("Without VT-x or AMD-V it cannot be had."),
        lambda w: w.technique in ("nested_paging", "trap_and_emulate"),
    ),
    Statement(
        "no_vmm",
        mark("There is no VMM: the host's kernel does it all."),
        lambda w: not any(one.kind == "vmm" for one in w.record.layers),
    ),
    Statement(
        "root",
        mark("A management domain owns the drivers of the physical devices."),
        lambda w: any(one.privilege == "guest_kernel" for one in w.record.layers.with_("drives")),
    ),
    Statement(
        "partial",
        mark("Isolation is only partial: when one guest panics, its neighbours feel it."),
        lambda w: w.fates("guest_panic")[1:] != ("goes_on",),
    ),
    Statement("no_os", mark("No OS at all runs on the machine itself."), lambda w: w.host is None),
    Statement(
        "own_device",
        mark("The guest works with the physical disk itself, with nobody in between."),
        lambda w: w.exits("disk_read") == 0,
    ),
    Statement(
        "fixed",
        mark("Nobody can take memory away from a guest that runs."),
        lambda w: not w.record.layers.with_("reclaims"),
    ),
)
_OPTIONS = (
    ("type2", mark("every type 2 VMM")),
    ("para", mark("all paravirtualization")),
    ("both", mark("both")),
    ("neither", mark("neither")),
)
_PRACTICE = ("process", "changed", "own_kernel", "rewrites", "host_crash", "virtio", "together", "vtx", "kernel_part")


@cache
def concepts() -> dict[str, str]:
    """Return of what each statement is true."""
    return {one.id: one.concept() for one in STATEMENTS}


def asked(draw: Draw) -> tuple[Statement, ...]:
    """Return nine statements, two at least of each kind, in a drawn order."""
    known = {one.id: one for one in STATEMENTS}
    if draw.practice:
        return tuple(known[id] for id in _PRACTICE)
    order = [STATEMENTS[i] for i in draw.order("statements", len(STATEMENTS))]
    chosen = [one for kind in CONCEPTS for one in [o for o in order if concepts()[o.id] == kind][:2]]
    chosen += [one for one in order if one not in chosen][: COUNT - len(chosen)]
    return tuple(one for one in order if one in chosen)


def statements(draw: Draw) -> Item:
    """Return the question about nine statements."""
    nine = asked(draw)
    right = tuple(concepts()[one.id] for one in nine)

    def check(value: Value) -> Verdict:
        given = value if isinstance(value, tuple) else ()
        if given == right:
            return Verdict(1, 1, mark("All nine of them."))
        mixed = any({one, other} == {"type2", "para"} for one, other in zip(given, right, strict=True))
        hint = mark("Where does the VMM run? That is one question. Was the guest changed? That is another.")
        if not mixed:
            hint = mark("True of every one of the kind, not of some: think of one for which it is false.")
        return Verdict(0, 1, mark("Some of them are not so."), hint)

    question = mark("Nine statements. Of what is each of them true without exception?")
    rows = tuple((one.id, one.text) for one in nine)
    return Item("ch07.statements", "table", question, check, options=_OPTIONS, rows=rows)
