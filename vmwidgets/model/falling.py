"""What falls with a layer: read off who runs on whom, who shares an address space, and who is vital."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.words import said

RUNS_ON = said("{layer} ran on {of}")
LIES_INSIDE = said("{layer} shared the address space of {of}")
SPREADS = said("a fault in {of} is a fault in {layer}: they share an address space")
RESTARTS = said("{of} is lost: the machine is restarted, and {layer} with it")


@dataclass(frozen=True, slots=True)
class Reason:
    """One link in the chain of layers why something happens.

    Parameters
    ----------
    text
        An English sentence with the fields ``{layer}`` and ``{of}``, a key of the catalogues.
    layer, of
        What it happens to, and because of which layer.
    assumed
        Whether it rests on something that nobody has published, see :attr:`~vmwidgets.model.layers.Layer.assumed`.
    """

    text: str
    layer: Layer
    of: Layer
    assumed: bool = False

    def __str__(self) -> str:
        return self.text.format(layer=self.layer.name, of=self.of.name)


Chains = Mapping[str, tuple[Reason, ...]]
"""Of each layer that falls, by its id: why, link by link."""


def is_assumed(chain: Iterable[Reason]) -> bool:
    """Return whether a link of a chain is an assumption."""
    return any(reason.assumed for reason in chain)


def falls(layers: Layers, lost: Chains, *, is_fault: bool) -> Chains:
    """Return the layers that fall when some are lost, each with the chain of layers why.

    Parameters
    ----------
    layers
        Of the stack.
    lost
        Those that fall first, with what is to be said of that.
    is_fault
        Whether they crash, so that whatever shares their address space is lost too. Who is stopped in good order
        leaves the kernel that it is inside of standing.
    """
    chains = dict(lost)
    waiting = deque(chains)
    vital = deque[str]()  # first what falls anyway, and only then what falls because the machine is restarted
    while waiting or vital:
        restarts = not waiting
        of = layers[vital.popleft() if restarts else waiting.popleft()]
        for layer in layers:
            if (reason := _link(layer, of, is_fault, restarts)) is None:
                continue
            chain = (*chains[of.id], reason)
            if layer.id not in chains:
                waiting.append(layer.id)
                chains[layer.id] = chain
            elif restarts and is_assumed(chains[layer.id]) and not is_assumed(chain):
                chains[layer.id] = chain  # that it falls is published all the same
        if of.vital and not restarts:
            vital.append(of.id)
    return chains


def _link(layer: Layer, of: Layer, is_fault: bool, restarts: bool) -> Reason | None:
    """Return why a layer falls with another, if it does."""
    if restarts:
        stays = layer.kind in ("hardware", "firmware")
        return None if stays else Reason(RESTARTS, layer, of, "vital" in of.assumed)
    if layer.on == of.id:
        return Reason(RUNS_ON, layer, of, "on" in layer.assumed)
    if layer.inside == of.id:
        return Reason(LIES_INSIDE, layer, of, "inside" in layer.assumed)
    if is_fault and of.inside == layer.id:
        return Reason(SPREADS, layer, of, "inside" in of.assumed)
    return None
