"""The attack lab: code in a VM that tries to get out, and what the layers below make of it."""

from collections.abc import Callable, Mapping
from textwrap import wrap
from xml.etree import ElementTree as Xml

from vmwidgets.lab import Lab
from vmwidgets.model.range.attack import Attack
from vmwidgets.widgets.attack_board import AttackBoard
from vmwidgets.widgets.attack_code import AttackCode, about
from vmwidgets.widgets.attack_trace import AttackTrace, title
from vmwidgets.widgets.attack_trial import Trial
from vmwidgets.widgets.attack_words import mechanism
from vmwidgets.widgets.picture import WIDTH, add_text, svg_of
from vmwidgets.widgets.products import Products
from vmwidgets.widgets.screen import Screen
from vmwidgets.widgets.stack_layout import layout
from vmwidgets.widgets.stack_picture import ROW, SIDE, draw_stack


class AttackLab(Screen):
    """A shooting range on the stack of a lab: guest code, its way through the layers, and the defences.

    The range is a small machine of its own with three VMs: the one that the code runs in, a victim with a secret, and
    one more. The lab gives it the stack; nothing that happens in the range touches the VMs of the lab.

    Parameters
    ----------
    lab
        Whose stack. The view closes its own widgets, never the lab.
    attack
        Id of one of :data:`vmwidgets.attacks.ATTACKS`, or an attack of one's own.
    code
        Guest code to begin with; by default that of the attack. ``""`` leaves it to the reader.
    defences
        What differs from the safe setting: ``{"iommu": False}`` opens one; ``"as_shipped"``: what the product has
        unless somebody changes it.
    seed
        Decides the secret and the layout, 0 to 9,999.
    products
        Whether there is a list of products to choose from.

    Raises
    ------
    VmwidgetsError
        If there is no such attack or defence, or the stack does not have the defence that shall be on.
    """

    _end: Callable[[], object] = staticmethod(lambda: None)  # of a lab that failed before it began

    def __init__(
        self,
        lab: Lab,
        attack: Attack | str = "beyond_memory",
        *,
        code: str | None = None,
        defences: Mapping[str, bool] | str | None = None,
        seed: int = 0,
        products: bool = True,
    ) -> None:
        self.trial = Trial(lab, attack, code=code, defences=defences, seed=seed)
        self._stack = lab.stack.id
        self.products = Products(lab) if products else None
        self.trace = AttackTrace(self.trial, says=False)
        self.code, self.board = AttackCode(self.trial, self.trace.verdict), AttackBoard(self.trial)
        parts = (self.products, self.code, self.trace, self.board)
        super().__init__(lab, parts, locked=[part.lock for part in parts if part], picture=self._still)
        self._end = lab.subscribe(self._follow)

    def close(self) -> None:
        """End the screen, and all it began."""
        self._end()
        super().close()

    def _follow(self, lab: Lab) -> None:
        if lab.stack.id != self._stack:
            self._stack = lab.stack.id
            self.trial.follow()

    def _still(self, _lab: Lab) -> str:
        return attack_picture(self.trial, hidden=self.trace.is_locked)

    def __repr__(self) -> str:
        trial = self.trial
        return f"<AttackLab: {trial.attack.id} on {trial.lab.stack.id}, {trial.position} instructions>"


def attack_picture(trial: Trial, *, hidden: bool = False) -> str:
    """Return an attack as an SVG text: its task, the layers, and in words what has come of it so far."""
    stack = trial.lab.stack
    verdict = trial.shot.verdict() if trial.shot and not hidden else None
    told = [about(trial.attack), title(trial, verdict)]
    deciding = verdict.deciding if verdict else None
    if verdict and deciding:
        told.append(mechanism(verdict, stack))
    lines = [line for text in told for line in wrap(text, 130)]
    high = layout(stack.layers)[1] * ROW + 66
    svg = svg_of(high + 24 + 18 * len(lines), " ".join(told))
    draw_stack(svg, stack, {deciding.layer} if deciding else set(), SIDE, high, WIDTH - 2 * SIDE)
    for at, line in enumerate(lines):
        add_text(svg, SIDE, high + 24 + 18 * at, line, size="12")
    return Xml.tostring(svg, encoding="unicode")
