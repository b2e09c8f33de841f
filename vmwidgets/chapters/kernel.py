"""Chapter 5, a kernel of one's own: whose kernel an administrator changes, and who notices."""

from dataclasses import dataclass

from vmwidgets.chapters.items import Chapter, Check, Draw, Item, Part, Value, Verdict, option
from vmwidgets.chapters.kernel_drills import driver, pairs, requests
from vmwidgets.experiments.failing import ACTS
from vmwidgets.lab import Lab
from vmwidgets.locale import mark
from vmwidgets.model.own_kernel import HOST, Bench
from vmwidgets.model.units import GiB
from vmwidgets.stacks import STACKS

NAME = "05_own_kernel"
CONTAINERS = "container"
"""Id of the stack whose guests have no kernel of their own."""
_STACKS = ("kvm", "xen", "esxi", "hyperv")


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What the administrator of one guest does.

    Parameters
    ----------
    structure
        Which of the questions it is.
    acts
        Names of :data:`~vmwidgets.experiments.failing.ACTS`, one after another.
    guests, actor
        The guests, and the one in which it is done.
    stack
        Id of the stack, where the guests are VMs.
    """

    structure: str
    acts: tuple[str, ...]
    guests: tuple[str, ...] = ("A", "B")
    actor: str = "A"
    stack: str = "kvm"

    def panes(self, stack: str, privileged: bool | None = None) -> tuple[str, ...]:
        """Return the panes in which something is different afterwards."""
        bench = Bench(STACKS[stack], dict.fromkeys(self.guests), privileged=privileged)
        seen = {pane for act in self.acts for pane in bench.act(self.actor, ACTS[act]).panes}
        return tuple(pane for pane in (*self.guests, HOST) if pane in seen)

    def seen(self) -> tuple[str, ...]:
        """Return for each pane whether something changes in it, when the guests are VMs."""
        changed = self.panes(self.stack)
        return tuple("yes" if pane in changed else "no" for pane in (*self.guests, HOST))

    def spread(self) -> tuple[str, ...]:
        """Return how far it spreads from a container without privileges, and from a privileged one."""
        return tuple(self._spread(self.panes(CONTAINERS, privileged)) for privileged in (False, True))

    def _spread(self, panes: tuple[str, ...]) -> str:
        return "own" if panes == (self.actor,) else "all" if panes else "none"


def puzzle(draw: Draw) -> Puzzle:
    """Return the question of a variant; that of the chapter's text for practice."""
    if draw.practice:
        return Puzzle("four", ("page_size", "tick", "module", "panic"))
    # Four structures: a kernel is replaced; what has a namespace; a write behind one's own memory; a crash.
    stack, late = _STACKS[draw.number("stack", 0, len(_STACKS) - 1)], draw.number("actor", 0, 1)
    return (
        Puzzle("replaced", ("replace", "parameter"), ("A", "B", "C"), "BC"[late], stack),
        Puzzle("namespace", ("namespaced_parameter",), ("A", "B"), "AB"[late], stack),
        Puzzle("outside", ("write_outside",), ("A", "B"), "AB"[late], stack),
        Puzzle("crash", ("tick", "panic"), ("A", "B", "C"), "AC"[late], stack),
    )[draw.number("structure", 0, 3)]


@dataclass(frozen=True, slots=True)
class OwnKernel(Chapter):
    """The chapter, and what else its notebook shows of the variant."""

    puzzle: Puzzle

    def bench(self) -> dict[str, object]:
        """Return what the bench of this variant shows: the arguments of ``vm.KernelBench``."""
        one = self.puzzle
        return {"stack": one.stack, "guests": one.guests, "actor": one.actor}


_QUESTIONS = {
    "four": mark(
        "The guests are VMs. In {actor} the administrator boots a kernel with pages of 64 KiB, then one with a tick of"
        " 1000 Hz, loads a module, and crashes the kernel. In which panes does something change?"
    ),
    "replaced": mark(
        "The guests are VMs. In {actor} the administrator boots Linux 6.12 instead of the kernel that ran, and sets its"
        " parameter vm.swappiness. In which panes does something change?"
    ),
    "namespace": mark(
        "The guests are VMs. In {actor} the administrator lets the kernel forward packets between network cards:"
        " net.ipv4.ip_forward = 1. In which panes does something change?"
    ),
    "outside": mark(
        "The guests are VMs. In {actor} the kernel writes to an address behind the memory that {actor} has. In which"
        " panes does something change?"
    ),
    "crash": mark(
        "The guests are VMs. In {actor} the administrator boots a kernel with a tick of 1000 Hz, and crashes it. In"
        " which panes does something change?"
    ),
}
_PANES = {"A": "A", "B": "B", "C": "C", HOST: mark("the host")}
_YES_NO = (("no", mark("no")), ("yes", mark("yes")))
_SPREADS = (
    ("none", mark("nothing changes: it is refused")),
    ("own", mark("it changes for this guest alone")),
    ("all", mark("it changes for everybody, the host included")),
)
_CONTAINERS = (
    ("plain", mark("a container without privileges")),
    ("privileged", mark("a privileged container")),
)
_SAME = mark("That is what the bench shows.")
_OTHER = mark("The bench shows something else.")


def _panes(one: Puzzle, check: Check | None = None) -> Item:
    rows = tuple((pane, _PANES[pane]) for pane in (*one.guests, HOST))
    question = _QUESTIONS[one.structure]
    return Item("ch05.panes", "table", question, check, {"actor": one.actor}, options=_YES_NO, rows=rows)


def _spread(one: Puzzle, check: Check | None = None) -> Item:
    question = mark("The same, but the guests are containers. What comes of it?")
    return Item("ch05.containers", "table", question, check, options=_SPREADS, rows=_CONTAINERS)


def _observed(one: Puzzle) -> tuple[Item, Item]:
    def panes(value: Value) -> Verdict:
        hint = mark("Set the bench to VMs, begin afresh, do it in the same order, and read every pane.")
        return Verdict(1, 1, _SAME) if value == one.seen() else Verdict(0, 1, _OTHER, hint)

    def spread(value: Value) -> Verdict:
        hint = mark("Set the bench to containers, first without privileges and then with them.")
        return Verdict(1, 1, _SAME) if value == one.spread() else Verdict(0, 1, _OTHER, hint)

    return _panes(one, panes), _spread(one, spread)


_WHY = Item(
    "ch05.why",
    "choice",
    mark("In VMs, why does none of this reach the neighbours or the host?"),
    option(
        "own",
        2,
        {
            "rewrites": mark(
                "Nobody has rewritten anything: what was loaded, set and crashed is the guest's, as it is."
            ),
            "copy": mark("A kernel of another make would not run then. Yet each guest can have one."),
            "root": mark("It had all rights in its guest, and nobody refused it anything there."),
        },
    ),
    options=(
        ("rewrites", mark("The VMM rewrites the guest's kernel, and so takes out what could do harm.")),
        ("copy", mark("Each guest works with a copy of the host's kernel, and the VMM discards the changes.")),
        ("root", mark("The administrator of a guest has not enough rights to do real harm.")),
        (
            "own",
            mark("The kernel lies in the guest's own memory, and no address that the guest can write leads elsewhere."),
        ),
    ),
)
_LEAVE = Item(
    "ch05.exit",
    "choice",
    mark(
        "You have rented a “virtual server” and are root. `modprobe wireguard` answers “Operation not permitted”, and"
        " uname shows the same kernel as your neighbour's. What have you rented?"
    ),
    option(
        "container",
        1,
        {
            "para": mark(
                "“Para” says that the guest's authors made its kernel call the VMM. It is its own all the same."
            ),
            "patched": mark("A VMM does not rewrite kernels, and root in a VM loads what it likes."),
            "weak": mark("Root in a VM has all rights over the kernel there; there is nobody in it to refuse."),
        },
    ),
    options=(
        ("para", mark("A paravirtual machine: its kernel is isolated only in part.")),
        ("patched", mark("A VM whose kernel the hypervisor has rewritten, so that modules do not fit any more.")),
        ("container", mark("A container: there is one kernel, the host's, and it is not yours to change.")),
        ("weak", mark("A VM whose root has been given few rights.")),
    ),
)


def chapter(token: str) -> OwnKernel:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    one = puzzle(draw)
    sentence = Item(
        "ch05.sentence", "text", mark("In one sentence: what can a guest not change, however much it is root?")
    )
    return OwnKernel(
        NAME,
        (
            Part("predict", (_panes(one), _spread(one))),
            Part("observe", _observed(one)),
            Part("explain", (_WHY, sentence)),
            Part("drills", (requests(draw), pairs(draw), driver(draw))),
            Part("exit", (_LEAVE,)),
        ),
        _lab,
        one,
    )


def _lab() -> Lab:
    """Return one server with the guests of the chapter."""
    lab = Lab(seed=5)
    for name in "AB":
        lab.create_vm(name, vcpus=1, memory_bytes=4 * GiB, workload="idle")
    return lab
