"""The controls of a product as settings of a view: under its own names, in its own units, over its own range."""

from typing import Any

from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.control import Control, Size
from vmwidgets.model.product_controls import size_of
from vmwidgets.model.units import MiB
from vmwidgets.model.vm import CONTROLS, VM
from vmwidgets.widgets.kit import plain
from vmwidgets.widgets.settings import range_of

UNITS = {
    "%": mark("%"),
    "µs per 100 ms": mark("µs per 100 ms"),
    "MB": mark("MB"),
    "MHz": mark("MHz"),
    "op/s": mark("op/s"),
    "bytes": mark("MiB"),
}
"""Units of controls as they are shown; bytes are too small to be read."""
_DIGITS = (1, 2, 3, 5, 7)
_FINE, _PARTS = 6400, 40
"""A range of so many values is walked by ones; a longer one of an amount in so many parts."""


def product_settings(lab: Lab, vm: VM, *settings: str) -> list[dict[str, Any]]:
    """Describe the controls that stand for ``settings`` in the lab's product; the ids are their Python names."""
    size = size_of(vm, lab.hardware)
    own = [each for name in settings for each in lab.stack.controls if each.setting == name and each.name]
    return [_described(lab, each, getattr(vm, each.setting), size) for each in own]


def resource_settings(lab: Lab, vm: VM, resource: str) -> list[dict[str, Any]]:
    """Describe the controls that the lab's product has of a resource."""
    return product_settings(lab, vm, *CONTROLS[resource])


def _described(lab: Lab, control: Control, setting: int | None, size: Size) -> dict[str, Any]:
    now, value = control.number(setting, size), control.value(setting, size)
    low, high = control.range_of(size)
    is_open, per = isinstance(control.none, str), MiB if control.unit == "bytes" else 1
    stops = [] if high - low <= _FINE else _stops(lab, control, low, high, size)
    if now is not None:
        stops = sorted({*stops, now}) if stops else stops
    elif type(control.none) is int:
        now = control.none
    if is_open:
        stops = [*stops, stops[-1] + per] if stops else stops
    low, high = (stops[0], stops[-1]) if stops else (low, high)
    unit = _(UNITS[control.unit]) if control.unit else f"({value})" if value in control.words else ""
    label = control.name
    if control.none == 0:
        label = plain(mark("{control} (0: none)"), control=control.name)
    spec = range_of(control.python, label, low, high, 1, high if now is None else now, per, 0, unit)
    return {**spec, "open": is_open, "hint": _hint(lab, control, size, per), **({"stops": stops} if stops else {})}


def _stops(lab: Lab, control: Control, low: int, high: int, size: Size) -> list[int]:
    """Return the values of a slider over a long range: round ones of a weight, equal parts of an amount."""
    most = _most(lab, control, size)
    if most is None:
        powers = range(len(str(high)))
        values = {digit * 10**power for power in powers for digit in _DIGITS}
        usual = control.number(control.default_setting(size), size)
        return sorted({low, high, *([usual] if usual else [])} | {each for each in values if low <= each <= high})
    unit = MiB if control.unit == "bytes" else 1
    parts = {most * part // _PARTS // unit * unit for part in range(_PARTS + 1)}
    return sorted({min(max(low, part), high) for part in parts})


def _most(lab: Lab, control: Control, size: Size) -> int | None:
    """Return the highest amount that makes a difference for a VM of this size on this server; ``None``: a weight."""
    hardware = lab.hardware
    if control.full:
        return control.full * (1 if control.per == "vcpu" else size.vcpus)
    cpu_mhz, memory = size.vcpus * hardware.clock_khz // 1000, size.memory_bytes // control.scale
    return {
        "cpu_reservation_mhz": cpu_mhz,
        "cpu_limit_mhz": cpu_mhz,
        "memory_reservation_bytes": memory,
        "memory_limit_bytes": memory,
        "disk_reservation_iops": hardware.disk_iops,
        "disk_limit_iops": hardware.disk_iops,
    }.get(control.setting)


def _hint(lab: Lab, control: Control, size: Size, per: int) -> str:
    """Return range and default of a control in words; of a range, as far as it makes a difference here."""
    low, high = control.range_of(size)
    most = min(high, _most(lab, control, size) or high)
    default = control.default if isinstance(control.default, str) else number(control.default)
    default = next((level for level, amount in control.levels if amount == control.default), default)
    unit = _(UNITS[control.unit]) if control.unit else ""
    told = plain(
        mark("{low} to {high} {unit}"), low=number(-(-low // per)), high=number(most // per), unit=unit
    ).strip()
    return plain(mark("{range}; default: {default}"), range=told, default=default)
