"""The controls of a stack as a whole: into the model's settings, back, and over to another stack.

A stack without controls of its own takes all settings of a VM as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from vmwidgets.model.control import Control, Size
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import CONTROLS, RANGES, SETTINGS, VM

CONTROLLED = tuple(setting for settings in CONTROLS.values() for setting in settings)
"""The settings that are controls: shares, reservation and limit of each resource."""
DEFAULTS: Mapping[str, int | None] = {name: getattr(VM("-"), name) for name in CONTROLLED}
"""What they are where nobody sets them."""

_SENTENCES = {
    "cpu_shares": "{product} has no shares of processor time, expected one of {known}",
    "cpu_reservation_mhz": "{product} has no reservation of processor time, expected one of {known}",
    "cpu_limit_mhz": "{product} has no limit of processor time, expected one of {known}",
    "memory_shares": "{product} has no shares of memory, expected one of {known}",
    "memory_reservation_bytes": "{product} has no reservation of memory, expected one of {known}",
    "memory_limit_bytes": "{product} has no limit of memory, expected one of {known}",
    "disk_shares": "the model knows no shares of disk I/O in {product}, expected one of {known}",
    "disk_reservation_iops": "the model knows no reservation of disk I/O in {product}, expected one of {known}",
    "disk_limit_iops": "the model knows no limit of disk I/O in {product}, expected one of {known}",
    "network_shares": "the model knows no shares of the network in {product}, expected one of {known}",
    "network_reservation_bps": "the model knows no reservation of the network in {product}, expected one of {known}",
    "network_limit_bps": "the model knows no limit of the network in {product}, expected one of {known}",
}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A setting that could not be taken along to another stack as it was.

    Parameters
    ----------
    vm
        Name of the VM.
    control, value
        What the old stack calls it, and what it was there.
    to, now
        What the new stack calls it, and what it is there; ``""`` and ``None``: there is nothing like it.
    unit, to_unit
        Units of both values, as the stacks write them.
    """

    vm: str
    control: str
    value: int | str | None
    to: str
    now: int | str | None
    unit: str = ""
    to_unit: str = ""


def control_of(stack: Stack, setting: str) -> Control | None:
    """Return the control that stands for a setting, if the stack has one."""
    return next((control for control in stack.controls if control.setting == setting), None)


def known(stack: Stack) -> str:
    """Return the names of the controls of a VM, or, where there is none, of what a VM has all the same."""
    return ", ".join(control.name for control in stack.controls if control.name) or "vcpus, memory_bytes"


def size_of(vm: VM, hardware: Hardware) -> Size:
    """Return what the meaning of a VM's controls depends on."""
    return Size(vm.vcpus, vm.memory_bytes, hardware.clock_khz)


def values(stack: Stack, vm: VM, hardware: Hardware) -> dict[str, int | str | None]:
    """Return the controls of a VM under the names of its stack."""
    if not stack.controls:
        return {setting: getattr(vm, setting) for setting in CONTROLLED}
    size = size_of(vm, hardware)
    return {
        control.name: control.value(getattr(vm, control.setting), size) for control in stack.controls if control.name
    }


def default_shares(stack: Stack) -> int:
    """Return the CPU shares that stand for the default weight, of a VM or of each of its vCPUs."""
    control = control_of(stack, "cpu_shares")
    return control.default if control and type(control.default) is int else DEFAULTS["cpu_shares"] or 1


# ---------------------------------------------------------------------------------------------- into the model's terms
def new_vm(stack: Stack, hardware: Hardware, settings: Mapping[str, Any]) -> VM:
    """Return a VM with the stack's defaults and ``settings``, some of them under the stack's names.

    Raises
    ------
    VmwidgetsError
        If the stack has no such control, or does not take a value.
    """
    own, plain = _parted(stack, settings)
    if not stack.controls:
        return VM("-").with_changes(**plain)
    vm = VM("-").with_changes(**{name: value for name, value in plain.items() if name not in CONTROLLED})
    size = size_of(vm, hardware)
    changes = {c.setting: c.default_setting(size) for c in stack.controls if c.setting not in plain}
    changes |= {name: value for name, value in plain.items() if name in CONTROLLED} | _own(stack, own, size)
    _check_order(stack, vm, changes, size)
    return vm.with_changes(**changes)


def changes_of(stack: Stack, hardware: Hardware, vm: VM, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return changes, some of them under the stack's names, as changes of the model's settings.

    Where a value counts for each vCPU or each MB it stays when the VM gets another size, and the setting follows.

    Raises
    ------
    VmwidgetsError
        If the stack has no such control, or does not take a value.
    """
    own, plain = _parted(stack, wanted)
    if not stack.controls:
        return plain
    grown = {name: plain[name] for name in ("vcpus", "memory_bytes") if name in plain}
    old = size_of(vm, hardware)
    new = replace(old, **{name: check_int(name, value, *RANGES[name]) for name, value in grown.items()})
    changes = dict(plain)
    for control in stack.controls:
        if control.setting not in plain and control.python not in own and grown.keys() & set(control.depends_on):
            before = getattr(vm, control.setting)
            now = control.resized(before, old, new)
            if now != before:
                changes[control.setting] = now
    changes |= _own(stack, own, new)
    _check_order(stack, vm, changes, new)
    return changes


def _parted(stack: Stack, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part what is wanted into controls of the stack and settings of a VM."""
    controls = {control.python for control in stack.controls if control.name}
    own = {name: value for name, value in wanted.items() if name in controls}
    plain = {name: value for name, value in wanted.items() if name not in own}
    unknown = next((name for name in plain if name not in SETTINGS), None)
    if unknown is None or not stack.controls:
        return own, plain
    name, settings = repr(unknown)[:60], ", ".join(one for one in SETTINGS if one not in CONTROLLED)
    if not controls:
        raise VmwidgetsError(
            "the model knows no control {name} of {product}, expected one of the VM: {settings}",
            name=name,
            product=stack.name,
            settings=settings,
        )
    raise VmwidgetsError(
        "the model knows no control {name} of {product}, expected one of {known}, or of the VM: {settings}",
        name=name,
        product=stack.name,
        known=known(stack),
        settings=settings,
    )


def _own(stack: Stack, own: Mapping[str, Any], size: Size) -> dict[str, int | None]:
    return {
        control.setting: control.to_setting(own[control.python], size, stack.name)
        for control in stack.controls
        if control.name and control.python in own
    }


def _check_order(stack: Stack, vm: VM, changes: Mapping[str, Any], size: Size) -> None:
    """Refuse a reservation above the limit in the product's words; the VM would refuse it in the model's."""
    for _shares, reservation, limit in CONTROLS.values():
        least, most = control_of(stack, reservation), control_of(stack, limit)
        low, high = (changes.get(name, getattr(vm, name)) for name in (reservation, limit))
        if least and most and type(low) is int and type(high) is int and low > high:
            raise VmwidgetsError(
                "{name} is {value}, more than the {limit_name} of {limit}",
                name=least.name,
                value=least.value(low, size),
                limit_name=most.name,
                limit=most.value(high, size),
            )


# ------------------------------------------------------------------------------------------------ in the model's terms
def check(stack: Stack, vm: VM, hardware: Hardware, scheduler: str, before: VM | None = None) -> None:
    """Return if the stack has a control for every setting of a VM that is not as it is by default, and takes its value.

    Parameters
    ----------
    scheduler
        Id of the scheduler that runs: a product may lack a control under one of its own.
    before
        The VM as it was: what has not changed is not looked at.

    Raises
    ------
    VmwidgetsError
        With the name of the control, or of what there is none for.
    """
    if not stack.controls:
        return
    size, own = size_of(vm, hardware), {control.setting: control for control in stack.controls}
    for name, default in DEFAULTS.items():
        setting = getattr(vm, name)
        if before is not None and setting == getattr(before, name):
            continue
        control = own.get(name)
        if control is None or not control.name:
            fixed = control.default_setting(size) if control else default
            if setting not in (default, fixed):
                raise VmwidgetsError(_SENTENCES[name], product=stack.name, known=known(stack))
            continue
        if setting == (usual := control.default_setting(size)):
            continue
        if scheduler in control.without:
            raise VmwidgetsError(
                "{product} has no {name} with the scheduler {scheduler}, expected the default, {default}",
                product=stack.name,
                name=control.name,
                scheduler=scheduler,
                default=control.value(usual, size),
            )
        number = control.number(setting, size)
        if number is not None and control.value(setting, size) not in control.words:
            control.check(number, size, stack.name)


# ---------------------------------------------------------------------------------------------------- to another stack
def moved(vm: VM, old: Stack, new: Stack, hardware: Hardware) -> tuple[VM, tuple[Adjustment, ...]]:
    """Return a VM as it starts on another stack, and what could not be taken along as it was.

    Shares are taken along as the multiple of the default that they are, amounts as amounts; what the other stack has no
    control for begins with its default.
    """
    size = size_of(vm, hardware)
    changes: dict[str, int | None] = {}
    adjusted: list[Adjustment] = []
    for name in CONTROLLED:
        setting, before, after = getattr(vm, name), _default(old, name, size), _default(new, name, size)
        control, exact = control_of(new, name), setting == before
        changes[name] = after
        if not exact and (not new.controls or (control and control.name)):
            changes[name], exact = _taken_along(setting, before, after, control, size)
        if not exact:
            was, now = (_named(stack, name, value, size) for stack, value in ((old, setting), (new, changes[name])))
            adjusted.append(Adjustment(vm.name, *was[:2], *now[:2], was[2], now[2]))
    for _shares, reservation, limit in CONTROLS.values():  # a default must not be in the way of a limit
        low, high = changes[reservation], changes[limit]
        if low is not None and high is not None and low > high:
            changes[reservation] = high
    return vm.with_changes(**changes), tuple(adjusted)


def _named(stack: Stack, name: str, setting: int | None, size: Size) -> tuple[str, int | str | None, str]:
    """Return what a stack calls a setting, its value and the unit."""
    control = control_of(stack, name)
    if control is None or not control.name:
        return ("", None, "") if stack.controls else (name, setting, "")
    return control.name, control.value(setting, size), control.unit


def _default(stack: Stack, name: str, size: Size) -> int | None:
    control = control_of(stack, name)
    return control.default_setting(size) if control else DEFAULTS[name]


def _taken_along(
    setting: int | None, before: int | None, after: int | None, control: Control | None, size: Size
) -> tuple[int | None, bool]:
    """Return what a setting becomes, and whether that is the same."""
    if setting is None:
        return None, True
    wanted, exact = setting, True
    if before and after and before != after:  # shares: no other control has a default above 0 on both sides
        wanted, rest = divmod(2 * setting * after + before, 2 * before)
        exact = rest == before
    if control is None:
        return wanted, exact
    number = control.number(wanted, size)
    low, high = control.range_of(size)
    if number is None or control.value(wanted, size) in control.words:
        return wanted, exact
    kept = control.to_setting(min(max(number, low), high), size)
    return kept, exact and kept == wanted
