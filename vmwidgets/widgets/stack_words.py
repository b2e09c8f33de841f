"""What layers, privileges and duties are called, and what the diagrams say in words."""

from collections.abc import Iterable, Sequence

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.layers import DUTIES, Layer
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.kit import plain

PRIVILEGES = {
    "machine": mark("the machine"),
    "hypervisor": mark("hypervisor mode"),
    "kernel": mark("kernel mode"),
    "user": mark("user mode"),
    "guest_kernel": mark("guest kernel mode"),
    "guest_user": mark("guest user mode"),
}
DIFFERENCES = "differences"
CHIPS = {
    DIFFERENCES: mark("what differs"),
    "schedules": mark("schedules"),
    "maps": mark("keeps memory tables"),
    "reclaims": mark("can take memory"),
    "reads": mark("can read memory"),
    "emulates": mark("imitates devices"),
    "serves": mark("serves paravirtual devices"),
    "drives": mark("drives devices"),
    "manages": mark("manages VMs"),
}
"""What can be lit: the differences, or the owners of a duty."""
QUESTIONS = {
    "schedules": mark("Who chooses the vCPU that runs?"),
    "maps": mark("Who keeps the tables that say which frame is whose?"),
    "reclaims": mark("Who may take memory away from VMs?"),
    "reads": mark("Who can read any VM's memory?"),
    "emulates": mark("Who imitates devices?"),
    "serves": mark("Who is the other end of paravirtual devices?"),
    "drives": mark("Whose drivers own the physical devices?"),
    "manages": mark("Who starts, stops and configures VMs?"),
}
FACTS = {
    "per_vm": mark("one for each VM"),
    "session": mark("ends with the user's session"),
    "confined": mark("confined to its own VM's files, memory and tasks"),
    "vital": mark("the machine restarts without it"),
}
"""What else can be said of a layer, by the field that says it."""
TECHNIQUES = {
    "none": mark("no virtualization"),
    "trap_and_emulate": mark("hardware assistance, shadow page tables"),
    "binary_translation": mark("binary translation"),
    "paravirtualization": mark("paravirtualization"),
    "nested_paging": mark("hardware assistance, nested page tables"),
}
DEVICES = {
    "native": mark("native"),
    "emulated": mark("emulated"),
    "paravirtual": mark("paravirtual"),
    "passthrough": mark("passed through"),
}
PLACES = {
    0: mark("no VMM"),
    1: mark("type 1: the VMM runs on the hardware"),
    2: mark("type 2: the VMM is a program on a host OS"),
}
_ASSUMED = mark("{fact} (assumed)")


def listed(items: Iterable[str]) -> str:
    """Return names as a list, or that there is nobody."""
    return ", ".join(items) or _("nobody")


def names(stack: Stack, layers: Iterable[Layer]) -> str:
    """Return the names of layers of a stack as a list, drivers with the kernel they are in, or that it is nobody."""
    return listed(dict.fromkeys(_whole(stack, layer) for layer in layers))


def _whole(stack: Stack, layer: Layer) -> str:
    if not layer.inside:
        return _(layer.name)
    return plain(mark("{part} (in: {whole})"), part=_(layer.name), whole=_(stack.layers[layer.inside].name))


def said_of(stack: Stack, text: str) -> str:
    """Return what is said of a product."""
    return plain(mark("{product}: {text}."), product=_(stack.name), text=text)


def about(layer: Layer, trusted: bool) -> str:
    """Return what a layer is and does, in a list; what nobody has published is called assumed."""
    said = {duty: CHIPS[duty] for duty in DUTIES if duty in layer.duties}
    said |= {field: text for field, text in FACTS.items() if getattr(layer, field)}
    facts = [plain(_ASSUMED, fact=_(text)) if one in layer.assumed else _(text) for one, text in said.items()]
    if trusted:
        facts.append(_("has to be trusted by every VM"))
    return ", ".join([_(PRIVILEGES[layer.privilege]), *facts])


def differences(stacks: Sequence[Stack], lit: Sequence[set[str]]) -> str:
    """Return what differs: which duties lie with layers of another kind, and which layers the others do not have."""
    if not any(lit):
        return _("The layers do not differ: each has the same duties and privilege in every product.")
    kinds = {duty: {frozenset(_kinds(stack, duty)) for stack in stacks} for duty in DUTIES}
    parts = [
        plain(text, duties=", ".join(_(CHIPS[duty]) for duty in duties))
        for text, duties in (
            (mark("Different kinds of layers do this: {duties}."), [duty for duty in DUTIES if len(kinds[duty]) > 1]),
            (mark("The same kind of layer does this: {duties}."), [duty for duty in DUTIES if len(kinds[duty]) == 1]),
        )
        if duties
    ]
    own = [
        said_of(stack, listed(_(layer.name) for layer in stack.layers if layer.id in ids))
        for stack, ids in zip(stacks, lit, strict=True)
        if ids
    ]
    return " ".join([*parts, _("Lit is what the others do not have in this way."), *own])


def _kinds(stack: Stack, duty: str) -> Iterable[tuple[str, str, str]]:
    for layer in stack.layers.with_(duty):
        yield layer.kind, layer.privilege, stack.layers[layer.inside].kind if layer.inside else ""


def owners(stacks: Sequence[Stack], duty: str) -> str:
    """Return who has a duty, in a sentence for each product."""
    return " ".join([_(QUESTIONS[duty]), *(said_of(stack, names(stack, stack.layers.with_(duty))) for stack in stacks)])
