"""Chapter 7, a program among programs: a VMM on a host OS, and what follows from the OS below it."""

from dataclasses import dataclass

from vmwidgets.chapters.hosted_drills import HOSTED, clock_mhz, nights, packet, stages, top
from vmwidgets.chapters.hosted_statements import statements
from vmwidgets.chapters.items import Chapter, Draw, Item, Part, Value, Verdict, option
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.failures import fail
from vmwidgets.model.units import GiB
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import STACKS

NAME = "07_program_among_programs"
_ON_HARDWARE = ("esxi", "hyperv", "xen")
_WITH_ROOT = ("xen", "hyperv")
VMS = tuple(VM(name, vcpus=2, memory_bytes=8 * GiB, workload=Workload("cpu_burner")) for name in "123")
"""The VMs of each product: those that the comparison of stacks shows."""


@dataclass(frozen=True, slots=True)
class Case:
    """Something that goes wrong, and the VM that is looked at: 0 is the one that is hit where one is, 1 is another.

    Parameters
    ----------
    role
        ``"hosted"``: with a VMM on a host OS; ``"bare"``: on the hardware; ``"root"``: the same with a root domain.
    failure, guest
        Id of a failure, and which VM.
    text
        A message id with the fields ``hosted``, ``bare`` and ``root``.
    """

    role: str
    failure: str
    guest: int
    text: str

    @property
    def id(self) -> str:
        """Return a name that is the same in all languages."""
        return f"{self.role}-{self.failure}-{self.guest}"


_KILLED = (
    Case("hosted", "vmm_killed", 0, mark("{hosted}: the host OS kills the process of VM 1. VM 1 …")),
    Case("hosted", "vmm_killed", 1, mark("{hosted}: the same. VM 2 …")),
)
_LOGOUT = (
    Case("hosted", "logout", 0, mark("{hosted}: the user logs out of the desktop. VM 1 …")),
    Case("hosted", "logout", 1, mark("{hosted}: the same. VM 2 …")),
)
_UPDATE = (
    Case("hosted", "host_update", 0, mark("{hosted}: an update restarts the host OS. VM 1 …")),
    Case("hosted", "guest_panic", 1, mark("{hosted}: the kernel in VM 1 panics. VM 2 …")),
)
_SLEEP = (
    Case("hosted", "host_sleep", 0, mark("{hosted}: the host OS puts the machine to sleep. VM 1 …")),
    Case("hosted", "vmm_killed", 1, mark("{hosted}: the host OS kills the process of VM 1. VM 2 …")),
)
_SERVICE = Case("bare", "manager_restart", 0, mark("{bare}, on the hardware: the management service restarts. VM 1 …"))
_ROOT_CRASH = Case(
    "root",
    "management_crash",
    0,
    mark("{root}: the kernel of the root domain, which owns the drivers, crashes. VM 1 …"),
)
_ROOT_BUSY = Case(
    "root", "fork_bomb", 0, mark("{root}: a fork bomb goes off in the root domain, which owns the drivers. VM 1 …")
)
_STATES = (
    ("goes_on", mark("goes on")),
    ("slowed", mark("goes on, more slowly")),
    ("paused", mark("stands still for the time being")),
    ("stalled", mark("has no disk and network any more")),
    ("gone", mark("is gone")),
)


@dataclass(frozen=True, slots=True)
class Scenes:
    """What a variant asks: products by role, and cases."""

    products: tuple[tuple[str, str], ...]
    cases: tuple[Case, ...]

    def states(self) -> tuple[str, ...]:
        """Return what becomes of the guests, from the layers of the products."""
        known = dict(self.products)
        return tuple(fail(STACKS[known[case.role]], case.failure, VMS).fates[case.guest].state for case in self.cases)


def scenes(draw: Draw) -> Scenes:
    """Return the cases of a variant; those of the chapter's text for practice."""
    if draw.practice:
        products = (("hosted", "workstation"), ("bare", "esxi"), ("root", "xen"))
        return Scenes(products, (*_KILLED, _SERVICE, _ROOT_CRASH))
    root = draw.number("root", 0, len(_WITH_ROOT) - 1)
    bare = [id for id in _ON_HARDWARE if id != _WITH_ROOT[root]][draw.number("bare", 0, 1)]
    products = (("hosted", HOSTED[draw.number("hosted", 0, 2)]), ("bare", bare), ("root", _WITH_ROOT[root]))
    # Four structures: a session ends; the host OS restarts; the machine sleeps; a process is killed.
    hosted, at_root = ((_LOGOUT, _ROOT_CRASH), (_UPDATE, _ROOT_BUSY), (_SLEEP, _ROOT_CRASH), (_KILLED, _ROOT_BUSY))[
        draw.number("structure", 0, 3)
    ]
    return Scenes(products, (*hosted, _SERVICE, at_root))


@dataclass(frozen=True, slots=True)
class Hosted(Chapter):
    """The chapter, and what else its notebook shows of the variant."""

    draw: Draw
    scenes: Scenes

    @property
    def products(self) -> list[str]:
        """Ids of the products of the variant, each once."""
        return list(dict.fromkeys(id for _role, id in self.scenes.products))

    def packet(self) -> str:
        """Return the way of one packet on the host of the variant, a line each stage, and its sum."""
        run = stages(self.draw)
        lines = [f"{number(one.us, 2):>7}  {_(one.layer):28} {_(one.what)}" for one in run]
        total, hosted = sum(one.us for one in run), sum(one.us for one in run if one.is_hosted)
        said = _("{total} µs in all at {mhz} MHz; {hosted} µs of them, {percent} %, only because the VMM is hosted")
        fields = {"total": number(total, 2), "hosted": number(hosted, 2), "percent": number(100 * hosted / total)}
        return "\n".join([*lines, said.format(mhz=number(clock_mhz(self.draw)), **fields)])


def chapter(token: str) -> Hosted:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    asked = scenes(draw)
    fields: dict[str, str | int | float] = {role: STACKS[id].name for role, id in asked.products}
    rows = tuple((case.id, case.text) for case in asked.cases)
    right = asked.states()

    def check(value: Value) -> Verdict:
        given = value if isinstance(value, tuple) else ()
        wrong = sum(one != other for one, other in zip(given, right, strict=True))
        if not wrong:
            return Verdict(2, 2, mark("That is what the model shows."))
        hint = mark("Choose the failure below the layers, let it happen, and read what becomes of each VM, and why.")
        return Verdict(int(wrong == 1), 2, mark("The run shows something else."), hint)

    predict = Item(
        "ch07.fates",
        "table",
        mark("Three VMs run on each. Then something happens. What becomes of them?"),
        fields=fields,
        options=_STATES,
        rows=rows,
    )
    observe = Item(
        "ch07.fates",
        "table",
        mark("Let it happen below the diagrams above. What became of the VMs?"),
        check,
        fields,
        options=_STATES,
        rows=rows,
    )
    explain = Item(
        "ch07.why",
        "choice",
        mark("What decides whether a guest is gone?"),
        option(
            "below",
            2,
            {
                "type": mark(
                    "The type says where the VMM runs. Look what stood below each guest, and what only beside it."
                ),
                "service": mark("A service of the management restarted, and the guests went on."),
                "paravirtual": mark("Whether the guest was changed makes no difference to what it stands on."),
            },
        ),
        options=(
            ("type", mark("The type: guests of type 1 survive, guests of type 2 do not.")),
            ("service", mark("Whether the software that started it is still there.")),
            (
                "below",
                mark(
                    "Whether a layer that it stands on, or that drives its devices, has stopped; not what is beside it."
                ),
            ),
            ("paravirtual", mark("Whether it is paravirtualized: such guests need a host OS.")),
        ),
    )
    sentence = Item(
        "ch07.sentence",
        "text",
        mark("In one sentence: what does a VM have in common with any other program of the host?"),
    )
    leave = Item(
        "ch07.exit",
        "choice",
        mark(
            "A developer needs a Linux guest for tests on a Windows laptop, beside other programs, and closes the lid"
            " at night. A colleague says: “Take no type 2: that is paravirtualization, slow, and badly isolated.” What"
            " do you answer?"
        ),
        option(
            "hosted",
            1,
            {
                "agree": mark(
                    "Type 2 says where the VMM runs. It says nothing of the guest, which need not be changed."
                ),
                "same": mark("Then killing a process of the desktop could not take a guest along."),
                "server": mark("It would be there day and night, and that is not what was asked for."),
            },
        ),
        options=(
            ("agree", mark("True: without a modified guest there is no VMM on a host OS.")),
            ("same", mark("It does not matter: the type changes nothing but the name.")),
            (
                "hosted",
                mark(
                    "A hosted VMM fits: the guest is unchanged and has walls of its own. What is weaker is the host's"
                    " side: it schedules, pages, updates and may kill the VMM."
                ),
            ),
            (
                "server",
                mark("Only a server with a hypervisor of type 1 will do: on a desktop guests are not isolated."),
            ),
        ),
    )
    return Hosted(
        NAME,
        (
            Part("predict", (predict,)),
            Part("observe", (observe,)),
            Part("explain", (explain, sentence)),
            Part("drills", (statements(draw), top(draw), nights(draw), packet(draw))),
            Part("exit", (leave,)),
        ),
        lambda: Lab(seed=7),
        draw,
        asked,
    )
