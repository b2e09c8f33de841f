"""What chapter 8 compares products by: questions whose answers are read off the records, with the evidence for each."""

from collections.abc import Callable
from dataclasses import replace

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.path_steps import Walk
from vmwidgets.model.stack import Claim, Stack
from vmwidgets.stacks import PRODUCTS

PLACES = {"vmm": mark("the VMM"), "management": mark("OS above the VMM"), "host_os": mark("OS on the machine")}
"""Who can have a duty: a VMM that has the machine, an OS that runs above it, or one that has the machine itself."""


def place(layers: Layers, layer: Layer) -> str:
    """Return in whose hands a layer is, an id of :data:`PLACES`."""
    while layer.inside:
        layer = layers[layer.inside]
    if layer.kind == "program":
        return place(layers, layers[layer.on])
    return "vmm" if layer.kind == "vmm" else "management" if layer.privilege == "guest_kernel" else "host_os"


def _booted(stack: Stack) -> Layer:
    return next(stack.layers[s.id] for s in stack.boot if s.id in stack.layers and s.id not in ("hardware", "firmware"))


def _with(duty: str) -> Callable[[Stack], Layer]:
    return lambda stack: Walk(stack.layers, stack.technique).who(duty)


QUESTIONS: dict[str, tuple[str, str, Callable[[Stack], Layer], str]] = {
    "boots": (mark("booted first"), mark("what the boot loader starts first"), _booted, "boot"),
    "schedules": (mark("schedules"), mark("who schedules the vCPUs"), _with("schedules"), "scheduler"),
    "drives": (mark("has the drivers"), mark("who has the drivers"), _with("drives"), "drivers"),
    "reclaims": (mark("takes memory"), mark("who can take memory from a VM"), _with("reclaims"), "memory"),
    "emulates": (mark("imitates devices"), mark("where devices are imitated"), _with("emulates"), ""),
}
"""What is asked of each product: heading, question, the layer that it is about, and the topic of the cards on it."""


def answer(stack: Stack, question: str) -> str:
    """Return the answer of a record to a question, an id of :data:`PLACES`."""
    return place(stack.layers, QUESTIONS[question][2](stack))


def card(stack: Stack, question: str) -> Claim | None:
    """Return a dated card on an answer: the first claim on its topic that a source supports, if there is one."""
    topic = QUESTIONS[question][3]
    found = (one for one in stack.claims if (one.topic, one.verdict) == (topic, "supported") and one.source)
    return next(found, None)


def is_assumed(stack: Stack, question: str) -> bool:
    """Return whether an answer is an assumption of the record, for which nobody should be asked."""
    layer = QUESTIONS[question][2](stack)
    return not layer.source or question in layer.assumed


def evidence(stack: Stack, question: str) -> str:
    """Return what an answer rests on: the layer that it is about, and a dated card or the layer's own source."""
    layer, found = QUESTIONS[question][2](stack), card(stack, question)
    if found:
        rests = told(found)
    else:
        rests = _("an assumption of the record") if is_assumed(stack, question) else f"[{layer.source}]"
    return f"{_(stack.name)}, {_(QUESTIONS[question][1])}: {_(layer.name)}\n    {rests}"


def told(claim: Claim) -> str:
    """Return a card as text, with its source, its date, and the configuration that it is said of."""
    scope = f"; {_(claim.scope)}" if claim.scope else ""
    return f"{_(claim.text)} [{claim.source or _('an assumption of the record')}; {claim.checked_on}{scope}]"


# ---------------------------------------------------------------------------------------------------- configurations
def configured(id: str) -> Stack:
    """Return the record of a product as it can be configured, by an id of :data:`CONFIGURED`."""
    if id in PRODUCTS:
        return PRODUCTS[id]
    _name, base, changes = CONFIGURED[id]
    stack = PRODUCTS[base]
    layers = Layers(replace(one, **changes[one.id]) if one.id in changes else one for one in stack.layers)
    return replace(stack, id=id, layers=layers)


CONFIGURED: dict[str, tuple[str, str, dict[str, dict[str, object]]]] = {
    # libvirt: VMs of qemu:///session are the user's own, and so is the daemon
    "user_session": (
        mark("KVM with VMs of the user's session (qemu:///session)"),
        "kvm",
        {"vmm_process": {"session": True}, "management_tools": {"session": True}},
    ),
    # VirtualBox user manual, autostart
    "autostart": (
        mark("VirtualBox whose VMs a service starts (autostart)"),
        "virtualbox",
        {"vmm_process": {"session": False}},
    ),
    # Parallels user's guide: the Pro Edition can start VMs when the Mac starts
    "pro_edition": (
        mark("Parallels, Pro Edition, whose VMs start with the Mac"),
        "parallels",
        {"vmm_process": {"session": False}},
    ),
    # Xen, docs/features/qemu-deprivilege.pandoc
    "restricted": (
        mark("Xen with dm_restrict"),
        "xen",
        {"device_model": {"confined": True, "duties": frozenset({"emulates"})}},
    ),
}
"""Configurations that are documented: name, product, and what is different about its layers."""


def name_of(id: str) -> str:
    """Return the name of a product or of a configuration, a message id."""
    return PRODUCTS[id].name if id in PRODUCTS else CONFIGURED[id][0]
