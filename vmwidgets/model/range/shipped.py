"""The defences of a product as it is shipped: what is on and off unless somebody changes it, and who says so.

A part follows from the controls of a VM: whether a new one has a limit or a reservation. The rest is in the records of
the products, each with its source. What nobody says is taken to be on.
"""

from collections.abc import Mapping
from typing import cast

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.stack import Shipped, Stack

AS_SHIPPED = "as_shipped"
"""In the place of switches: those of the product as it is shipped."""
_SETTINGS = {
    "cpu_limit": "cpu_limit_mhz",
    "cpu_reservation": "cpu_reservation_mhz",
    "memory_reservation": "memory_reservation_bytes",
}
"""Defences that a VM has when a control of it does not have its default, which means none."""


def shipped(stack: Stack) -> dict[str, Shipped]:
    """Return by defence how a product has it unless somebody changes that, as far as it is said."""
    found = {one.defence: one for one in _derived(stack)} | {one.defence: one for one in stack.shipped}
    return {id: found[id] for id in DEFENCES if id in found}


def _derived(stack: Stack) -> list[Shipped]:
    found: list[Shipped] = []
    for defence, setting in _SETTINGS.items():
        for control in stack.controls:
            if control.setting == setting and control.default in (0, control.none):
                found.append(Shipped(defence, False, f"{control.name}: {control.default}; {control.source}"))
    return found


def as_shipped(stack: Stack) -> dict[str, bool]:
    """Return the switches of a product as it is shipped; those that are not named are on."""
    return {id: False for id, one in shipped(stack).items() if not one.on}


def switches_of(stack: Stack, defences: object) -> dict[str, bool]:
    """Return switches as they are given, or by the name of a set of them.

    Parameters
    ----------
    stack
        What stands below.
    defences
        Ids with true or false, :data:`AS_SHIPPED`, or None for all on.

    Raises
    ------
    VmwidgetsError
        If there is no set of that name, or the switches are not ids with true or false.
    """
    if defences is None:
        return {}
    if isinstance(defences, str):
        if defences != AS_SHIPPED:
            raise VmwidgetsError(
                "defences is {value}, expected ids with true or false, or {known}",
                value=repr(defences)[:60],
                known=AS_SHIPPED,
            )
        return as_shipped(stack)
    if not isinstance(defences, Mapping):
        raise VmwidgetsError("defences is {value}, expected ids with true or false", value=repr(defences)[:60])
    given = cast("Mapping[object, object]", defences)
    for id, on in given.items():
        if not isinstance(on, bool):
            raise VmwidgetsError("the defence {name} is {value}, expected true or false", name=id, value=repr(on)[:60])
    return {str(id): on is True for id, on in given.items()}
