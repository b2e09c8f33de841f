"""What the records of the products rest on: claims with their source and date, side by side, by topic."""

from typing import Any

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.stack import TOPICS, Claim
from vmwidgets.widgets.stack_panel import Panel

_NAMES = {
    "boot": mark("booting"),
    "scheduler": mark("scheduler"),
    "memory": mark("memory"),
    "drivers": mark("drivers"),
    "devices": mark("devices"),
    "isolation": mark("isolation"),
    "session": mark("session of the user"),
    "cpu": mark("processor"),
    "history": mark("history"),
}
_VERDICTS = {
    "supported": mark("✓ supported"),
    "outdated": mark("~ outdated"),
    "contested": mark("? contested"),
    "unsupported": mark("✕ unsupported"),
}


class StackEvidence(Panel):
    """The evidence cards of the chosen products. The page has all of them and filters without asking."""

    _front = "stack_evidence"
    _tab = "evidence"

    def _shown(self) -> dict[str, Any]:
        stacks = self.choice.stacks
        used = {claim.topic for stack in stacks for claim in stack.claims}
        return {
            "topics": [[topic, _(_NAMES[topic])] for topic in TOPICS if topic in used],
            "products": [
                {"name": _(stack.name), "cards": [_card(claim) for claim in stack.claims]} for stack in stacks
            ],
        }


def _card(claim: Claim) -> dict[str, str]:
    return {
        "topic": claim.topic,
        "text": _(claim.text),
        "source": claim.source,
        "checked": claim.checked_on,
        "scope": _(claim.scope),
        "verdict": claim.verdict,
        "judged": _(_VERDICTS[claim.verdict]),
    }
