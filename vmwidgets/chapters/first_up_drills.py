"""Three drills of chapter 6: boot lines with planted errors, what runs without a stage, and the label of KVM."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.acts import host_oses
from vmwidgets.model.boot import Booted, boot
from vmwidgets.model.failures import fail
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import PRODUCTS, STACKS

# ------------------------------------------------------------------------------------------------------- planted errors
_LINES = ("hyperv", "xen", "esxi", "kvm")


def _first_failure(booted: Booted) -> int:
    """Return at which step, counted from 1, something fails first; 0: nothing does."""
    return next((i for i, step in enumerate(booted.steps, 1) if step.state == "failed"), 0)


@cache
def _candidates(id: str) -> tuple[tuple[str, ...], ...]:
    """Return the boot lines of a stack with two errors: one stage is left out, and two neighbours are swapped.

    Kept are those in which each of the errors alone would be one, and no OS comes up in place of its hypervisor.
    """
    stack, found = STACKS[id], list[tuple[str, ...]]()
    right = [stage.id for stage in stack.boot]
    for left_out in right[1:]:
        for at in range(1, len(right) - 1):
            swapped = [*right[:at], right[at + 1], right[at], *right[at + 2 :]]
            line = [one for one in swapped if one != left_out]
            if left_out in right[at : at + 2]:
                continue
            runs = [boot(stack, order) for order in (swapped, [one for one in right if one != left_out], line)]
            if all(_first_failure(run) and not any(step.bare for step in run.steps) for run in runs):
                found.append(tuple(line))
    return tuple(found)


class Lines:
    """Four boot lines with two errors each.

    Parameters
    ----------
    draw
        The variant.
    """

    def __init__(self, draw: Draw) -> None:
        self.lines: list[tuple[Stack, tuple[str, ...]]] = []
        failing = set[int]()
        for id in _LINES:
            stack, candidates = STACKS[id], _candidates(id)
            first = draw.number(f"line {id}", 0, len(candidates) - 1)
            order = [*candidates[first:], *candidates[:first]]
            # Each fails at another step: nobody has them all by trying one number.
            line = next(one for one in order if _first_failure(boot(stack, one)) not in failing)
            failing.add(_first_failure(boot(stack, line)))
            self.lines.append((stack, line))

    def answers(self) -> tuple[str, ...]:
        """Power all machines on and return at which step each fails first."""
        return tuple(str(_first_failure(boot(stack, line))) for stack, line in self.lines)

    def text(self) -> str:
        """Return the lines as a reader sees them."""
        told: list[str] = []
        for number, (stack, line) in enumerate(self.lines, 1):
            actors = [_(stack.layers[id].name) if id in stack.layers else _("boot loader") for id in line]
            told.append(f"{number}. {_(stack.name)}")
            told += [f"   {step}: {actor}" for step, actor in enumerate(actors, 1)]
        return "\n".join(told)

    def item(self) -> Item:
        """Return the question about them."""

        def check(value: Value) -> Verdict:
            given, right = value if isinstance(value, tuple) else (), self.answers()
            wrong = sum(one != other for one, other in zip(given, right, strict=True))
            if not wrong:
                return Verdict(2, 2, mark("Yes: all four of them."))
            hint = mark("Go through the line from the left: is everything up that this step needs?")
            return Verdict(1 if wrong == 1 else 0, 2, mark("Some machines fail at another step."), hint)

        question = mark(
            "The four boot lines above have two errors each: a stage is missing, and two stand in the wrong order. At"
            " which step does each machine fail first?"
        )
        steps = max(len(line) for _stack, line in self.lines)
        options = tuple((str(step), str(step)) for step in range(1, steps + 1))
        rows = tuple((f"line{i}", stack.name) for i, (stack, _line) in enumerate(self.lines, 1))
        return Item("ch06.lines", "table", question, check, options=options, rows=rows)


# -------------------------------------------------------------------------------------------------------- what remains
@dataclass(frozen=True, slots=True)
class Removal:
    """A stage that is taken away."""

    id: str
    text: str
    stack: str
    stage: str


REMOVALS = (
    Removal(
        "entry", mark("Xen: the boot loader's entry for Xen is gone, and it starts the same Linux"), "xen", "hypervisor"
    ),
    Removal("dom0", mark("Xen: the kernel of dom0 is missing"), "xen", "management"),
    Removal("module", mark("KVM: the module kvm is not loaded"), "kvm", "hypervisor"),
    Removal("vmkernel", mark("ESXi: the VMkernel is missing on the boot disk"), "esxi", "hypervisor"),
    Removal("off", mark("Hyper-V: hypervisorlaunchtype is off"), "hyperv", "hypervisor"),
    Removal("driver", mark("VirtualBox: its driver is not loaded"), "virtualbox", "vmm_driver"),
    Removal("vhost", mark("KVM: the module vhost is not loaded"), "kvm", "backends"),
)
_REMAINS = (
    ("nothing", mark("nothing comes up after the firmware and the boot loader")),
    ("vmm", mark("a hypervisor, and nothing above it")),
    ("os", mark("an OS and its programs, but no VM")),
    ("all", mark("everything, VMs included")),
)


def what_remains(removal: Removal) -> str:
    """Boot without the stage and return what runs in the end, an id of the options."""
    stack = STACKS[removal.stack]
    up = boot(stack, [stage.id for stage in stack.boot if stage.id != removal.stage]).layers
    if stack.layers.customer.id in up:
        return "all"
    if any(layer.kind == "kernel" for layer in up):
        return "os"
    return "vmm" if any(layer.kind == "vmm" for layer in up) else "nothing"


def remains(draw: Draw) -> Item:
    """Return the question what still runs."""
    asked = list(REMOVALS[:4])
    if not draw.practice:
        order = [REMOVALS[i] for i in draw.order("removals", len(REMOVALS))]
        asked = [next(one for one in order if what_remains(one) == kind) for kind in ("vmm", "os")]
        asked = [one for one in order if one in (asked + [one for one in order if one not in asked])[:4]]

    def check(value: Value) -> Verdict:
        if value == tuple(what_remains(one) for one in asked):
            return Verdict(1, 1, mark("Yes: the boots show it."))
        hint = mark("Whom does the boot loader start then, and has it drivers of its own?")
        return Verdict(0, 1, mark("Some of them end otherwise."), hint)

    rows = tuple((one.id, one.text) for one in asked)
    question = mark("Something is taken away, and the machine is restarted. What runs in the end?")
    return Item("ch06.remains", "table", question, check, options=_REMAINS, rows=rows)


# ---------------------------------------------------------------------------------------------------------------- label
_VMS = tuple(VM(name, vcpus=2, workload=Workload("cpu_burner")) for name in "ABC")


def _os_on_the_machine(stack: Stack) -> bool:
    return bool(host_oses(stack.layers))


def _os_schedules(stack: Stack) -> bool:
    return any(one.kind == "kernel" for one in stack.layers.with_("schedules"))


def _os_takes_vms_along(stack: Stack) -> bool:
    return len(fail(stack, "host_crash", _VMS).blast_radius) == len(_VMS)


def _outlives_a_session(stack: Stack) -> bool:
    return not fail(stack, "logout", _VMS).blast_radius


def _withstands_a_bomb(stack: Stack) -> bool:
    return all(fate.cpu_permille >= 500 for fate in fail(stack, "fork_bomb", _VMS).fates)


def _needs_the_processors_help(stack: Stack) -> bool:
    return not {"binary_translation", "paravirtualization"} & set(stack.techniques)


def _part_with_all_rights(stack: Stack) -> bool:
    return any(one.kind == "vmm" and one.privilege in ("hypervisor", "kernel") for one in stack.layers)


@dataclass(frozen=True, slots=True)
class Property:
    """Something that is true of KVM, and how to find out of which other products it is."""

    id: str
    text: str
    holds: Callable[[Stack], bool]


PROPERTIES = (
    Property("below", mark("A whole OS runs on the machine itself, below the VMs."), _os_on_the_machine),
    Property("schedules", mark("The kernel of that OS decides which vCPU runs."), _os_schedules),
    Property("crash", mark("When that kernel crashes, all VMs are gone."), _os_takes_vms_along),
    Property("rights", mark("A part of it runs with all rights of the processor."), _part_with_all_rights),
    Property("session", mark("Its VMs go on when the user at the desktop logs out."), _outlives_a_session),
    Property("bomb", mark("Its VMs keep their part of the processors beside a fork bomb."), _withstands_a_bomb),
    Property("assist", mark("It needs a processor that helps with virtualization."), _needs_the_processors_help),
)
_SPEAKS = (
    ("type1", mark("for type 1")),
    ("type2", mark("for type 2")),
    ("neither", mark("for neither: both kinds have it, or some of both")),
)
_CONTESTED = "kvm"
"""Id of the stack whose type people argue about."""


@cache
def speaks_for(property: Property) -> str:
    """Look at the other products and return which type has the property as a rule, an id of the options."""
    of_type: dict[int, set[bool]] = {1: set(), 2: set()}
    for id, stack in PRODUCTS.items():
        if id != _CONTESTED:
            of_type[stack.type].add(property.holds(stack))
    if of_type == {1: {True}, 2: {False}}:
        return "type1"
    return "type2" if of_type == {1: {False}, 2: {True}} else "neither"


def label() -> Item:
    """Return the question about KVM: either label is accepted if the ticks bear it out."""
    right = tuple(speaks_for(one) for one in PROPERTIES)

    def check(value: Value) -> Verdict:
        given = value if isinstance(value, tuple) else ("",)
        chosen, ticks = given[0], given[1:]
        if ticks != right:
            hint = mark("Ask of each: do the products of the one type have it, and those of the other not?")
            return Verdict(0, 1, mark("Not every tick is borne out by the other six products."), hint)
        if chosen not in ticks or chosen == "neither":
            return Verdict(0, 1, mark("The label has to be one that some of your ticks speak for."))
        return Verdict(1, 1, mark("Consistent. So would the other label be: that is why it is contested."))

    question = mark(
        "KVM: all of these are true of it. What does each speak for, going by the other six products? And what do you"
        " call it? The label is yours; it has to fit your ticks."
    )
    rows = (("label", mark("I call KVM: what speaks …")), *((one.id, one.text) for one in PROPERTIES))
    return Item("ch06.label", "table", question, check, options=_SPEAKS, rows=rows)
