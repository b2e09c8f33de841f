"""The way of an operation through the layers, crossing by crossing, with what each is published to cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What one step costs, as published.

    Parameters
    ----------
    step
        What is paid for.
    cycles
        Processor cycles.
    mhz
        Clock of the machine it was measured on, which turns cycles into time.
    source
        Paper, table or section.
    """

    step: str
    cycles: float
    mhz: float
    source: str
