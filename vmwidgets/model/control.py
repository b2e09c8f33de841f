"""A control of a VM under the product's own name, range and default, and what it means to the model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Parameters
    ----------
    name
        As the product calls it, for example ``"cpu.weight"``; and as a Python name with ``_`` for what is not allowed
        there.
    setting
        The setting of :class:`~vmwidgets.model.vm.VM` that it stands for.
    low, high, default
        Range and default in the product's unit.
    unit
        The product's unit as people write it (``"%"``, ``"µs per 100 ms"``), ``""`` for none.
    full
        For a control of processor time: the value that means a whole pCPU. 0: the value is taken as it is.
    per_vcpu
        Whether it counts for each vCPU of the VM.
    none
        The value that means no bound, if there is one.
    source
        Where range and default are said.
    """

    name: str
    setting: str
    low: int
    high: int
    default: int
    unit: str = ""
    full: int = 0
    per_vcpu: bool = False
    none: int | None = None
    source: str = ""
