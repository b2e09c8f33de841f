"""Three drills of chapter 5: what a request needs at least, which kernels go together, and who changes what."""

from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.experiments.failing import ACTS
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.kernel_acts import LoadModule
from vmwidgets.model.own_kernel import Bench
from vmwidgets.model.vm import GuestKernel
from vmwidgets.stacks import STACKS

_WEAKEST_FIRST = ("container", "kvm")
"""Ids of two stacks: guests on the kernel of the host, and guests with kernels of their own."""


# ------------------------------------------------------------------------------------------------------------- requests
@dataclass(frozen=True, slots=True)
class Request:
    """Something that a customer wants changed.

    Parameters
    ----------
    id, text
        As it is shown.
    act
        Name of the act on a kernel that does it; ``""``: something else has to change.
    layer
        Id of the layer that has to change then, in the stack of VMs.
    """

    id: str
    text: str
    act: str = ""
    layer: str = ""


REQUESTS = (
    Request("module", mark("load the module of a VPN, wireguard"), "module"),
    Request("tick", mark("a kernel with a tick of 1000 Hz for sound"), "tick"),
    Request("pages", mark("memory pages of 64 KiB for one database"), "page_size"),
    Request("replace", mark("the kernel that the old backup agent was certified for"), "replace"),
    Request("swappiness", mark("vm.swappiness = 10 for one customer"), "parameter"),
    Request("crash", mark("a kernel to crash on purpose, for a course on dumps"), "panic"),
    Request("forward", mark("forward packets between two network cards of one's own"), "namespaced_parameter"),
    Request("python", mark("another version of Python"), layer="guest_apps"),
    Request("distribution", mark("the programs of Debian beside a neighbour that has Alpine's"), layer="guest_apps"),
    Request("config", mark("a web server with settings of one's own"), layer="guest_apps"),
    Request("nic", mark("a newer driver for the server's network card"), layer="drivers"),
    Request("firmware", mark("an option in the server's firmware"), layer="firmware"),
    Request("vmm", mark("close a hole in the VMM itself"), layer="hypervisor"),
    Request("backend", mark("another server for paravirtual network cards, on the host's side"), layer="backends"),
)
_NEEDS = (
    ("container", mark("a container is enough")),
    ("vm", mark("a VM of one's own is enough")),
    ("host", mark("the host has to be changed")),
)


@cache
def needs(request: Request) -> str:
    """Try a request in a container, then in a VM, and return where it goes first: an id of the options."""
    for option, id in zip(("container", "vm"), _WEAKEST_FIRST, strict=True):
        stack = STACKS[id]
        if request.act:
            done = Bench(stack, privileged=None).act("A", ACTS[request.act])
            if done.panes == ("A",):
                return option
        elif request.layer in stack.layers and stack.layers[request.layer].per_vm:
            return option
    return "host"


def _chosen(draw: Draw) -> list[Request]:
    """Return eight requests, all kinds of answers among them."""
    if draw.practice:
        ids = ("module", "python", "tick", "nic", "forward", "crash", "distribution", "vmm")
        return [next(one for one in REQUESTS if one.id == id) for id in ids]
    order = [REQUESTS[i] for i in draw.order("requests", len(REQUESTS))]
    first = [next(one for one in order if needs(one) == id) for id, _ in _NEEDS]
    chosen = (first + [one for one in order if one not in first])[:8]
    return [one for one in order if one in chosen]


def requests(draw: Draw) -> Item:
    """Return the question about eight requests."""
    asked = _chosen(draw)

    def check(value: Value) -> Verdict:
        given = value if isinstance(value, tuple) else ()
        wrong = sum(answer != needs(one) for answer, one in zip(given, asked, strict=True))
        if not wrong:
            return Verdict(2, 2, mark("All eight of them."))
        hint = mark("Ask of each: is it in the programs, in the kernel below them, or below that?")
        return Verdict(1 if wrong <= 2 else 0, 2, mark("Some of them are not so."), hint)

    question = mark("Eight requests of customers who share a server. What is the least that is needed for each?")
    rows = tuple((one.id, one.text) for one in asked)
    return Item("ch05.requests", "table", question, check, options=_NEEDS, rows=rows)


# ---------------------------------------------------------------------------------------------------------------- pairs
@dataclass(frozen=True, slots=True)
class Pair:
    """Two guests on one server, with the kernels that they ask for; None: whatever runs."""

    id: str
    text: str
    kernels: tuple[GuestKernel | None, GuestKernel | None]


_LINUX = GuestKernel("Linux 6.12")
PAIRS = (
    Pair("same", mark("Debian's programs and Alpine's, on any Linux"), (None, None)),
    Pair("twins", mark("two copies of one web server, on any Linux"), (None, None)),
    Pair(
        "versions",
        mark("one program asks for Linux 5.10, the other for Linux 6.12"),
        (GuestKernel("Linux 5.10"), _LINUX),
    ),
    Pair("bsd", mark("one guest is FreeBSD, the other is Linux"), (GuestKernel("FreeBSD 14"), _LINUX)),
    Pair(
        "windows", mark("one guest is Windows, the other runs on any Linux"), (GuestKernel("Windows Server 2022"), None)
    ),
    Pair("pages", mark("one wants pages of 64 KiB, the other does not care"), (GuestKernel(page_bytes=65_536), None)),
    Pair("languages", mark("a Python 2 and a Python 3, on any Linux"), (None, None)),
)
_WAYS = (("container", mark("containers on one host will do")), ("vm", mark("it takes VMs")))


def way(pair: Pair) -> str:
    """Try a pair as containers, and return whether that works or VMs are needed."""
    for option, id in zip(("container", "vm"), _WEAKEST_FIRST, strict=True):
        try:
            Bench(STACKS[id], dict(zip("AB", pair.kernels, strict=True)))
        except VmwidgetsError:
            continue
        return option
    raise VmwidgetsError("{pair} fits nowhere", pair=pair.id)


def pairs(draw: Draw) -> Item:
    """Return the question which guests can be side by side on which host."""
    asked = [PAIRS[i] for i in draw.order("pairs", len(PAIRS))][:4]
    if draw.practice or len({way(pair) for pair in asked}) == 1:
        asked = [PAIRS[i] for i in (0, 3, 2, 6)]

    def check(value: Value) -> Verdict:
        if value == tuple(way(pair) for pair in asked):
            return Verdict(1, 1, mark("Yes. How many kernels do they ask for?"))
        hint = mark("On one kernel there is one version of it, with one size of pages.")
        return Verdict(0, 1, mark("Some of them are not so."), hint)

    question = mark("Two guests on one host, four times. How?")
    rows = tuple((pair.id, pair.text) for pair in asked)
    return Item("ch05.pairs", "table", question, check, options=_WAYS, rows=rows)


# --------------------------------------------------------------------------------------------------------------- driver
_ROLES = (
    ("changed", mark("gets a new part, from the guest's administrator")),
    ("serves", mark("is the other end, from the makers of the VMM")),
    ("unchanged", mark("stays as it is")),
)
_STACKS = ("kvm", "xen", "hyperv", "virtualbox")


def role(stack: str, row: str) -> str:
    """Return what becomes of a kernel (A, B) or of a layer when A gets a driver for paravirtual network cards."""
    record = STACKS[stack]
    if row in ("A", "B"):
        return "changed" if row in Bench(record).act("A", LoadModule("virtio_net")).panes else "unchanged"
    return "serves" if "serves" in record.layers[row].duties else "unchanged"


def driver(draw: Draw) -> Item:
    """Return the question who modifies what for one paravirtual driver."""
    stack = _STACKS[0 if draw.practice else draw.number("driver", 0, len(_STACKS) - 1)]
    layers = STACKS[stack].layers
    server = layers.with_("serves")[0]
    vmm = next(one for one in layers if one.kind == "vmm" and "serves" not in one.duties)
    rows = (
        ("A", mark("the kernel of A")),
        ("B", mark("the kernel of B")),
        (server.id, server.name),
        (vmm.id, vmm.name),
    )

    def check(value: Value) -> Verdict:
        if value == tuple(role(stack, row) for row, _ in rows):
            return Verdict(1, 1, mark("Yes: nobody rewrites anybody. A guest gets a driver, as for any card."))
        hint = mark("The driver is a module. Who loads modules into the kernel of A? And who answers it?")
        return Verdict(0, 1, mark("Not all of it is so."), hint)

    question = mark("The network of A is slow, so A gets a driver for a paravirtual network card. Who modifies what?")
    return Item("ch05.driver", "table", question, check, options=_ROLES, rows=rows)
