"""Walking through the layers: which crossings lie between two of them."""

from dataclasses import dataclass

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.words import said

CROSSINGS = (
    *("none", "call", "system_call", "system_return", "wakeup"),
    *("vm_exit", "vm_entry", "trap", "callout", "hypercall", "return", "interrupt"),
    *("world_switch", "domain_switch", "dma", "direct"),
)
"""What lies between two layers. ``none``: the layer works; ``call``: both are in one address space; ``trap``: an
exception of the deprivileged guest, without help of the CPU; ``callout``: code that the VMM put into the translated
guest calls it; ``return``: the way back from these; ``world_switch``: the whole state of the CPU is changed for that of
another world; ``domain_switch``: the VMM lets another domain have the CPU; ``direct``: no layer lies between."""

_PROGRAMS = ("user", "guest_user")
_ASKS = {"binary_translation": "callout", "paravirtualization": "hypercall"}
"""How a guest turns to the VMM where the CPU does not help: what it does otherwise ends in a trap."""
_FREE = {
    "call": "a call inside one address space counts as nothing",
    "run": "G. J. Popek, R. P. Goldberg, CACM 1974: innocuous instructions run directly",
    "write": "an ordinary instruction",
}
"""Steps that add nothing to the instructions of the program itself."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path.

    Parameters
    ----------
    key
        What a price is looked up by.
    origin, target
        Ids of the layers that it leads from and to; the same where a layer works.
    crossing
        One of :data:`CROSSINGS`.
    what
        What happens (an English text, a key of the catalogues).
    cycles
        What it costs: the crossing, or the work; ``None``: not published.
    source
        Where that is said.
    included, derived
        Whether it is counted in the figure of another step; or is what the other steps leave of the published whole.
    """

    key: str
    origin: str
    target: str
    crossing: str
    what: str
    cycles: float | None = None
    source: str = ""
    included: bool = False
    derived: bool = False


class Walk:
    """A way through the layers, while it is being made.

    Parameters
    ----------
    layers
        The layers of the stack.
    technique
        One of :data:`vmwidgets.model.stack.TECHNIQUES`.
    """

    def __init__(self, layers: Layers, technique: str) -> None:
        self.layers = layers
        self.technique = technique
        self.steps: list[Step] = []
        self.at = ""
        self._in_call = False

    # ------------------------------------------------------------------------------------------------------ who is who
    @property
    def bare(self) -> bool:
        """Whether there is no VMM."""
        return self.technique == "none"

    @property
    def vmm(self) -> Layer:
        """The layer that has the CPU between two VMs."""
        found = next((layer for layer in self.layers if layer.kind == "vmm"), None)
        if found is None:
            raise VmwidgetsError("no layer is a VMM, and the technique {technique} needs one", technique=self.technique)
        return found

    @property
    def kernel(self) -> Layer:
        """The kernel that the customer's applications call."""
        return self._os(self.layers["guest_apps"])

    @property
    def hardware(self) -> Layer:
        """The machine."""
        return next(layer for layer in self.layers if layer.kind == "hardware")

    def who(self, duty: str) -> Layer:
        """Return the layer that has a duty.

        Of several that emulate it is a program, since what a VMM emulates by itself needs no device; of others the one
        nearest to the guests.
        """
        found = self.layers.with_(duty)
        if not found:
            raise VmwidgetsError("no layer has the duty {duty}", duty=duty)
        programs = [layer for layer in found if layer.kind == "program"]
        return programs[-1] if programs and duty == "emulates" else found[-1]

    def _space(self, layer: Layer) -> Layer:
        """Return the layer whose address space another one is in."""
        while layer.inside:
            layer = self.layers[layer.inside]
        return layer

    def _os(self, layer: Layer) -> Layer:
        """Return what a program calls."""
        return next(below for below in self.layers.under(layer.id)[1:] if below.kind in ("kernel", "vmm"))

    # --------------------------------------------------------------------------------------------------------- walking
    def start(self, layer: Layer) -> None:
        """Begin at a layer."""
        self.at = layer.id

    def step(self, key: str, target: Layer, crossing: str, what: str) -> None:
        """Take one step."""
        source = _FREE.get(key, "")
        self.steps.append(Step(key, self.at, target.id, crossing, what, 0.0 if source else None, source))
        self.at = target.id

    def work(self, key: str, what: str) -> None:
        """Let the layer work that has the CPU."""
        self.step(key, self.layers[self.at], "none", what)

    def exit(self, what: str, by: str = "") -> None:
        """Leave the guest for the VMM, where the CPU does not do it: as the guest turns to it, or by something else."""
        asks = _ASKS.get(self.technique)
        self.step("exit", self.vmm, (by or asks) if asks else "vm_exit", what)

    def enter(self, what: str) -> None:
        """Go back into the guest."""
        here = self.layers[self.at]
        if here.privilege in _PROGRAMS:
            self.step(
                "resume", self._os(here), "system_call", said("the process asks the kernel to let the guest go on")
            )
        self.to(self.vmm)
        self.step("entry", self.kernel, "return" if self.technique in _ASKS else "vm_entry", what)

    def to(self, target: Layer) -> None:
        """Go to a layer below the guests by the crossings that lie between."""
        here = self.layers[self.at]
        if here.id == target.id:
            return
        mine, its = self._space(here), self._space(target)
        if mine.id == its.id:
            self.step("call", target, "call", said("a call"))
        elif here.privilege in _PROGRAMS:
            self.step(
                "system_call", self._os(here), "system_call", said("the process asks the kernel by a system call")
            )
            self._in_call = True
            self.to(target)
        elif target.privilege in _PROGRAMS:
            self.to(self._os(target))
            if self._in_call:
                self.step("system_return", target, "system_return", said("the system call returns"))
            else:
                self.step("wakeup", target, "wakeup", said("the kernel lets the process go on"))
            self._in_call = False
        else:
            self._between_kernels(mine, its, target)

    def _between_kernels(self, mine: Layer, its: Layer, target: Layer) -> None:
        vmm = self.vmm
        monitor = self._space(vmm)
        if mine.id == monitor.id and its.privilege == "guest_kernel":
            what = said("an event for the other domain, which gets the CPU once the VMM has scheduled it")
            self.step("domain_switch", target, "domain_switch", what)
        elif its.id == monitor.id and mine.privilege == "guest_kernel":
            self.step("notify", target, "hypercall", said("the domain tells the VMM that it is done"))
        elif monitor.id in (mine.id, its.id):
            what = said("the whole state of the CPU is changed for that of the other world")
            self.step("world_switch", target, "world_switch", what)
        else:
            self.to(vmm)
            self.to(target)

    # --------------------------------------------------------------------------------------------------------- devices
    def interrupt(self, owner: Layer) -> None:
        """Let an interrupt of the hardware come to the layer that handles it."""
        self.start(self.hardware)
        first = owner if self.bare or self._space(owner).privilege != "guest_kernel" else self.vmm
        self.step("interrupt", first, "interrupt", said("the hardware interrupts"))
        self.to(owner)

    def drive(self) -> None:
        """Let the driver hand a request to its device."""
        driver = self.who("drives")
        self.to(driver)
        self.work("drive", said("the driver hands the request to the device"))
        self._dma(driver)

    def _dma(self, driver: Layer) -> None:
        what = said("the device moves the data; no processor takes part")
        self.steps.append(Step("dma", driver.id, self.hardware.id, "dma", what, 0.0, what))
