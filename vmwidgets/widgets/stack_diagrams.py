"""The products side by side as layers, after the manner of a textbook: who stands on whom, with which privilege."""

from typing import Any

import traitlets

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.kin import differing
from vmwidgets.model.layers import DUTIES, Layer
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.kit import View, plain, watch
from vmwidgets.widgets.stack_choice import LEAST, MOST, Choice
from vmwidgets.widgets.stack_layout import Box, layout
from vmwidgets.widgets.stack_words import (
    CHIPS,
    DEVICES,
    DIFFERENCES,
    PLACES,
    PRIVILEGES,
    TECHNIQUES,
    about,
    differences,
    listed,
    names,
    owners,
)


class StackDiagrams(View):
    """Diagrams of the chosen products, lists to choose others, and buttons that light the owners of a duty.

    Parameters
    ----------
    choice
        What is compared.
    """

    _front = "stack_diagrams"
    _messages = ("light", "put", "add", "remove")

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        super().__init__(state=self._state())
        self._closers += [watch(choice, ["stacks", "light", "drill"], self._changed)]

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _changed(self, _change: object) -> None:
        self.refresh()

    # ------------------------------------------------------------------------------------------------- from the page
    def _on_light(self, content: dict[str, Any]) -> None:
        wanted = content.get("id")
        if wanted not in CHIPS:
            raise VmwidgetsError("nothing is called {id} that could be lit", id=repr(wanted)[:40])
        self.choice.light = wanted

    def _on_put(self, content: dict[str, Any]) -> None:
        self.choice.put(_place(content), str(content.get("id")))

    def _on_add(self, _content: dict[str, Any]) -> None:
        self.choice.add()

    def _on_remove(self, content: dict[str, Any]) -> None:
        self.choice.remove(_place(content))

    # --------------------------------------------------------------------------------------------------- to the page
    def _state(self) -> dict[str, Any]:
        choice = self.choice
        lit = lit_layers(choice)
        drill = choice.drill if len(choice.drill) == len(choice.stacks) else [{}] * len(choice.stacks)
        return {
            "comparison": choice.id,
            "light": choice.light,
            "chips": [[id, _(text)] for id, text in CHIPS.items()],
            "products": [[id, _(stack.name)] for id, stack in choice.known().items()],
            "more": len(choice.stacks) < min(MOST, len(choice.known())),
            "fewer": len(choice.stacks) > LEAST,
            "stacks": [diagram(*each) for each in zip(choice.stacks, lit, drill, strict=True)],
            "privileges": [[id, _(text)] for id, text in PRIVILEGES.items()],
            "sentence": sentence(choice),
            "rows": rows(choice),
        }

    def __repr__(self) -> str:
        return f"<StackDiagrams: {', '.join(stack.id for stack in self.choice.stacks)}, {self.choice.light} lit>"


def _place(content: dict[str, Any]) -> int:
    place = content.get("place")
    return place if type(place) is int else -1


def lit_layers(choice: Choice) -> list[set[str]]:
    """Return the ids of the layers that are lit, product by product."""
    if choice.light == DIFFERENCES:
        return differing(stack.layers for stack in choice.stacks)
    return [{layer.id for layer in stack.layers.with_(choice.light)} for stack in choice.stacks]


def sentence(choice: Choice) -> str:
    """Return what is lit, in words, or that it is not while there is a failure to be seen."""
    if choice.drill:
        return _("What has fallen is crossed out, what was hit first is red. Mend everything to see what is lit again.")
    if choice.light == DIFFERENCES:
        return differences(choice.stacks, lit_layers(choice))
    return owners(choice.stacks, choice.light)


def diagram(stack: Stack, lit: set[str], drill: dict[str, Any]) -> dict[str, Any]:
    """Return what the page draws of a product, with what a failure does to it."""
    boxes, high = layout(stack.layers)
    below = {layer.id for layer in stack.layers.trusted()}
    place = {layer.id: number for number, layer in enumerate(stack.layers)}
    return {
        "id": stack.id,
        "name": _(stack.name),
        "place": _(PLACES[stack.type]),
        "rows": high,
        "layers": [
            {
                "id": layer.id,
                "name": _(layer.name),
                "privilege": layer.privilege,
                "about": about(layer, layer.id in below),
                "source": layer.source,
            }
            for layer in stack.layers
        ],
        "lit": [layer.id for layer in stack.layers if layer.id in lit],
        "trusted": [layer.id for layer in stack.layers if layer.id in below],
        "fallen": drill.get("fallen", {}),
        "hit": drill.get("hit", []),
        "fates": drill.get("fates", []),
        "boxes": [_box(box, place[box.layer]) for box in boxes],
    }


def _box(box: Box, layer: int) -> list[float | int]:
    return [layer, box.vm, round(box.x, 3), round(box.width, 3), box.y, box.rows, int(box.within), int(box.several)]


def rows(choice: Choice) -> list[list[str]]:
    """Return the comparison as a table: a column for each product."""
    stacks: tuple[Stack, ...] = choice.stacks
    techniques = [listed(_(TECHNIQUES[one]) for one in stack.techniques) for stack in stacks]
    devices = [listed(_(DEVICES[one]) for one in stack.devices) for stack in stacks]
    return [
        ["", *(_(stack.name) for stack in stacks)],
        [_("where the VMM runs"), *(_(PLACES[stack.type]) for stack in stacks)],
        [_("layers, from the hardware up"), *(listed(_named(layer) for layer in s.layers) for s in stacks)],
        [_("trusted by every VM"), *(names(stack, stack.layers.trusted()) for stack in stacks)],
        *([_(CHIPS[duty]), *(names(stack, stack.layers.with_(duty)) for stack in stacks)] for duty in DUTIES),
        [_("how the CPU is virtualized"), *techniques],
        [_("how guests reach devices"), *devices],
    ]


def _named(layer: Layer) -> str:
    return plain(mark("{name} ({privilege})"), name=_(layer.name), privilege=_(PRIVILEGES[layer.privilege]))
