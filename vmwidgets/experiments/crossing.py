"""The way of an operation through a product, step by step, as a table."""

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.locale import gettext as _
from vmwidgets.model.paths import path
from vmwidgets.stacks import get

if TYPE_CHECKING:
    import pandas as pd


@experiment(source="the layers of each record, and the costs in it; figures of processors: see exit_costs")
def operation_path(
    stack: str | Sequence[str] = "workstation",
    operation: str = "network_packet",
    technique: str = "",
    device: str = "",
    cpu: str = "",
) -> "pd.DataFrame":
    """Follow an operation through the layers of a product, crossing by crossing.

    Parameters
    ----------
    stack
        Id of a product, or a list of them.
    operation
        ``"computation"``, ``"system_call"``, ``"page_table_update"``, ``"hypercall"``, ``"timer_interrupt"``,
        ``"disk_read"`` or ``"network_packet"``.
    technique, device
        One of the product's; empty: its default.
    cpu
        The processor whose figures count; empty: the one that this way was measured on with this product, or, where
        nobody has and the processor helps, the usual one.

    Returns
    -------
    DataFrame
        One row per step: ``stack``, ``step``, ``from`` and ``to`` (layers; the same where a layer works), ``crossing``,
        ``what``, ``cycles`` and ``us`` (missing where not published; 0 where a figure of another step counts for it
        too), ``cpu`` (whose figures they are; empty: nothing is published), ``source``.
    """
    import pandas as pd

    rows: list[tuple[object, ...]] = []
    for id in [stack] if isinstance(stack, str) else stack:
        record = get(id)
        way = path(record, operation, technique or None, device or None, cpu or None)
        for number, step in enumerate(way.steps, 1):
            origin, target = (_(record.layers[id].name) for id in (step.origin, step.target))
            cycles = nan if step.cycles is None else step.cycles
            us = round(cycles / way.mhz, 6) if way.mhz else nan
            told = (step.crossing, _(step.what), cycles, us, way.cpu, step.source)
            rows.append((record.id, number, origin, target, *told))
    columns = ["stack", "step", "from", "to", "crossing", "what", "cycles", "us", "cpu", "source"]
    return pd.DataFrame(rows, columns=columns)
