"""Chapter 6, who gets up first: the boot line decides who is closer to the hardware."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from vmwidgets.chapters.first_up_drills import Lines, label, remains
from vmwidgets.chapters.items import Chapter, Check, Draw, Item, Part, Value, Verdict, option
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.boot import boot
from vmwidgets.model.enabling import install_hypervisor
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.stack import Stack
from vmwidgets.stacks import STACKS

NAME = "06_first_up"


def _windows() -> Stack:
    """Return an OS on the machine itself, under the name of Windows."""
    bare = STACKS["bare_metal"]
    names = {
        "host_kernel": (mark("Windows kernel"), mark("Windows takes the machine")),
        "drivers": ("", mark("Windows finds disks and network cards")),
        "management_tools": (mark("services of Windows"), mark("The services of Windows start")),
        "guest_apps": (mark("programs on Windows"), mark("The user logs in and starts programs")),
        "boot_loader": ("", mark("The firmware starts the boot loader of Windows")),
    }
    layers = (replace(one, name=names.get(one.id, ("", ""))[0] or one.name) for one in bare.layers)
    stages = (replace(one, name=names.get(one.id, ("", ""))[1] or one.name) for one in bare.boot)
    return replace(bare, id="windows", name="Windows", layers=Layers(layers), boot=tuple(stages))


def _with_role() -> Stack:
    return replace(install_hypervisor(_windows()), id="with_role", name=mark("Windows with the Hyper-V role"))


def _without_entry() -> Stack:
    """Return what comes up when the role is there and its entry in the boot configuration is off."""
    role = _with_role()
    line = [stage for stage in role.boot if stage.id != "hypervisor"]
    layers = boot(role, [stage.id for stage in line]).layers
    name = mark("Windows, the hypervisor switched off")
    stages = tuple(replace(one, needs=tuple(n for n in one.needs if n != "hypervisor")) for one in line)
    return replace(role, id="without_entry", name=name, layers=layers, boot=stages)


@dataclass(frozen=True, slots=True)
class Scene:
    """A machine before something is done to it, and after the next boot (or still before it).

    Parameters
    ----------
    id, question
        Which of the questions it is.
    before, after
        What runs.
    """

    id: str
    question: str
    before: Callable[[], Stack]
    after: Callable[[], Stack]

    def closer(self) -> str:
        """Return who is closer to the hardware, ``"os"`` or ``"vmm"``."""
        layers = self.after().layers
        os, vmm = _os(layers), _vmm(layers)
        return "vmm" if vmm and vmm in layers.under(os.id) else "os"

    def answers(self) -> tuple[str, ...]:
        """Return who does what, ``"os"`` or ``"vmm"``, in the order of the rows."""
        stack = self.after()
        os, vmm = _os(stack.layers), _vmm(stack.layers)
        first = next(stage.id for stage in stack.boot if "boot_loader" in stage.needs)
        found = ["vmm" if vmm and first == vmm.id else "os"]
        for duty in ("schedules", "drives"):
            has = stack.layers.with_(duty)
            found.append("vmm" if vmm and not any(os.id in (one.id, one.inside) for one in has) else "os")
        return tuple(found)


def _os(layers: Layers) -> Layer:
    """Return the kernel of the OS of the machine: on it, or above a hypervisor."""
    return next(one for one in layers if one.kind == "kernel" and not one.per_vm)


def _vmm(layers: Layers) -> Layer | None:
    return next((one for one in layers if one.kind == "vmm" and not one.per_vm), None)


SCENES = (
    Scene(
        "role",
        mark(
            "Windows runs on a PC. The Hyper-V role is installed from its settings, and the PC is restarted. Which is"
            " closer to the hardware then?"
        ),
        _windows,
        _with_role,
    ),
    Scene(
        "pending",
        mark(
            "Windows runs on a PC. The Hyper-V role has been installed from its settings, and the PC has not been"
            " restarted yet. Which is closer to the hardware now, Windows or whatever is to run VMs?"
        ),
        _windows,
        _windows,
    ),
    Scene(
        "removed",
        mark(
            "A PC runs Windows with the Hyper-V role. Somebody sets hypervisorlaunchtype to off in the boot"
            " configuration and restarts it. Which is closer to the hardware then?"
        ),
        _with_role,
        _without_entry,
    ),
    Scene(
        "dom0",
        mark(
            "A server runs Linux. Xen is installed, its entry becomes the first one of the boot loader, and the server"
            " is restarted. Which is closer to the hardware then, that Linux or the hypervisor?"
        ),
        lambda: STACKS["bare_metal"],
        lambda: STACKS["xen"],
    ),
    Scene(
        "module",
        mark(
            "A server runs Linux. The KVM module is loaded and VMs are started; nothing is restarted. Which is closer"
            " to the hardware then, Linux or what makes VMs possible?"
        ),
        lambda: STACKS["bare_metal"],
        lambda: STACKS["kvm"],
    ),
    Scene(
        "desktop",
        mark(
            "Windows runs on a PC. VirtualBox is installed, the PC is restarted and a VM started. Which is closer to"
            " the hardware then, Windows or the VMM?"
        ),
        _windows,
        lambda: STACKS["virtualbox"],
    ),
)
"""The first is that of the chapter's text."""


def scene(draw: Draw) -> Scene:
    """Return the question of a variant."""
    return SCENES[0 if draw.practice else draw.number("scene", 1, len(SCENES) - 1)]


@dataclass(frozen=True, slots=True)
class FirstUp(Chapter):
    """The chapter, and what else its notebook shows of the variant."""

    scene: Scene
    planted: Lines

    def lines(self) -> str:
        """Return the boot lines before and after, and what then stands on what."""
        told: list[str] = []
        for title, stack in ((_("before"), self.scene.before()), (_("after"), self.scene.after())):
            told.append(f"{title}: {_(stack.name)}")
            told += [f"  {i}. {_(stage.name)}" for i, stage in enumerate(stack.boot, 1)]
            tops = [_os(stack.layers), *(one for one in stack.layers if one.id == "guest_kernel")]
            for top in tops:
                told.append("  " + " → ".join(_(layer.name) for layer in reversed(stack.layers.under(top.id))))
        return "\n".join(told)

    def stacks(self) -> tuple[Stack, Stack]:
        """Return both as records, under ids of their own."""
        return replace(self.scene.before(), id="before"), replace(self.scene.after(), id="after")

    def planted_lines(self) -> str:
        """Return the boot lines of a drill, numbered."""
        return self.planted.text()


_CLOSER = (("os", mark("the OS")), ("vmm", mark("the hypervisor (or VMM)")))
_ROWS = (
    ("first", mark("is started by the boot loader")),
    ("schedules", mark("decides which vCPU runs on which processor")),
    ("drives", mark("has the drivers of disks and network cards")),
)
_SAME = mark("That is what the boot lines show.")
_OTHER = mark("The boot lines show something else.")


def _asked(one: Scene, checks: tuple[Check | None, Check | None] = (None, None)) -> tuple[Item, Item]:
    closer, who = checks
    rows = mark("And who does what then? Who …")
    return (
        Item("ch06.closer", "choice", one.question, closer, options=_CLOSER),
        Item("ch06.who", "table", rows, who, options=_CLOSER, rows=_ROWS),
    )


def _observed(one: Scene) -> tuple[Item, Item]:
    def closer(value: Value) -> Verdict:
        hint = mark("Read the line with arrows under “after”: it goes from the hardware up.")
        return Verdict(1, 1, _SAME) if value == one.closer() else Verdict(0, 1, _OTHER, hint)

    def who(value: Value) -> Verdict:
        hint = mark("The boot line says who is started first; the layers and their duties say the rest.")
        return Verdict(1, 1, _SAME) if value == one.answers() else Verdict(0, 1, _OTHER, hint)

    return _asked(one, (closer, who))


_WHY = Item(
    "ch06.why",
    "choice",
    mark("What decides who is closer to the hardware?"),
    option(
        "starts",
        2,
        {
            "window": mark("A window says where the tool runs that one clicks in. It can run above what it manages."),
            "drivers": mark("Who has the drivers can still run above a hypervisor: look at the line again."),
            "name": mark("The label follows from the boot line, not the other way round."),
        },
    ),
    options=(
        ("window", mark("From which program VMs are managed: if that is a Windows program, Windows is below.")),
        ("starts", mark("Who is started on the machine itself, and who is then started by whom.")),
        ("drivers", mark("Who has the drivers of the devices: that one is always the lowest.")),
        ("name", mark("Whether the product is called type 1 or type 2.")),
    ),
)
_LEAVE = Item(
    "ch06.exit",
    "choice",
    mark(
        "A colleague: “I start Hyper-V from the Start menu, so it is a program on Windows, type 2 like any other.” What"
        " do you answer?"
    ),
    option(
        "above",
        1,
        {
            "agree": mark("What is started from the menu is the manager. Who started Windows?"),
            "none": mark("There is an OS, and it is needed: it has the drivers. It is only not at the bottom."),
            "assist": mark("Whether the processor helps is another question than who runs where."),
        },
    ),
    options=(
        ("agree", mark("True: what can be started from Windows runs on Windows.")),
        ("none", mark("False: it is type 1, so there is no OS on that machine at all.")),
        (
            "above",
            mark("False: the boot loader starts the hypervisor, which starts Windows; the menu opens a manager only."),
        ),
        ("assist", mark("False: it uses the processor's virtualization, and that is what type 1 means.")),
    ),
)


def chapter(token: str) -> FirstUp:
    """Return the chapter of a variant."""
    draw = Draw(token, NAME)
    one, planted = scene(draw), Lines(draw)
    sentence = Item(
        "ch06.sentence", "text", mark("In one sentence: where does KVM stand in this, and why do people argue?")
    )
    return FirstUp(
        NAME,
        (
            Part("predict", _asked(one)),
            Part("observe", _observed(one)),
            Part("explain", (_WHY, sentence)),
            Part("drills", (planted.item(), remains(draw), label())),
            Part("exit", (_LEAVE,)),
        ),
        Lab,
        one,
        planted,
    )
