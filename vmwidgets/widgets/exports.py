"""What can be taken away: the picture, the data, the experiment."""

from collections.abc import Callable
from typing import Any

from vmwidgets.lab import Lab
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.widgets.picture import picture

KINDS = ("svg", "png", "csv", "jsonl")


def made(lab: Lab, kind: str, draw: Callable[[Lab], str] = picture) -> dict[str, Any]:
    """Return a download for the browser: file name, media type and text; a PNG is drawn there from the SVG."""
    if kind not in KINDS:
        raise VmwidgetsError(
            "{kind} cannot be saved, expected one of {known}", kind=repr(kind)[:40], known=", ".join(KINDS)
        )
    media = {"svg": "image/svg+xml", "png": "image/svg+xml", "csv": "text/csv", "jsonl": "application/jsonl"}[kind]
    return {"file": f"vmwidgets.{kind}", "type": media, "text": text(lab, kind, draw), "png": kind == "png"}


def text(lab: Lab, kind: str, draw: Callable[[Lab], str] = picture) -> str:
    """Return the picture as SVG, the recorded ticks as CSV, or the experiment as JSON Lines."""
    if kind == "csv":
        return lab.history().to_csv(index=False, lineterminator="\n")
    return lab.text() if kind == "jsonl" else draw(lab)
