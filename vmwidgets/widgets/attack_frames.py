"""The memory of the range as the attack lab draws it: whose each frame is, and which the code has got at."""

from typing import Any

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.range.machine import FIRMWARE, FREE, LOW
from vmwidgets.model.range.sharing import SHARED
from vmwidgets.model.range.trace import OPEN
from vmwidgets.widgets.attack_trial import Trial
from vmwidgets.widgets.attack_words import VM_NAMES
from vmwidgets.widgets.kit import plain

_KINDS = {**{f"guest {vm}": str(vm) for vm in range(len(VM_NAMES))}, FREE: "-", FIRMWARE: "f", SHARED: "s"}
_LAYER = "l"


def frames(trial: Trial, *, hidden: bool = False) -> dict[str, Any]:
    """Return a letter for each frame, and the frames to mark.

    Parameters
    ----------
    trial
        What is run.
    hidden
        Whether what came of it is not to be seen.
    """
    scenario = trial.shot.scenario if trial.shot else trial.scenario
    letters = "".join(_KINDS.get(owner, _LAYER) for owner in scenario.machine.owners)
    decisions = () if hidden or trial.shot is None else scenario.trace.decisions
    own = scenario.attacker.name
    reached = {one.frame for one in decisions if one.outcome == OPEN and one.frame >= 0 and one.owner != own}
    secret = scenario.secret_frame if trial.ended and not hidden else -1
    names = [*(_(name) for name in VM_NAMES), _("several VMs together"), _("layers below"), _("firmware"), _("nobody")]
    kinds = [*(str(vm) for vm in range(len(VM_NAMES))), "s", _LAYER, "f", "-"]
    return {
        "letters": letters,
        "low": LOW,
        "reached": sorted(reached),
        "secret": secret,
        "legend": [[kind, name] for kind, name in zip(kinds, names, strict=True)],
        "sentence": _sentence(reached, secret),
    }


def _sentence(reached: set[int], secret: int) -> str:
    parts = [_("The first half of the frames is for layers, the second for VMs.")]
    if reached:
        listed = ", ".join(number(frame) for frame in sorted(reached)[:8])
        parts.append(plain(mark("Frames of others that the code has got at: {list}."), list=listed))
    if secret >= 0:
        parts.append(plain(mark("The secret was in frame {frame}."), frame=number(secret)))
    return " ".join(parts)
