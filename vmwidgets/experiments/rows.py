"""Reading the VMs and pools that people write down as lists of mappings, with a sentence for what is wrong."""

from collections.abc import Mapping, Sequence
from math import inf
from sys import float_info
from typing import cast

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.pools import Leaf, Pool

Row = Mapping[str, object]

SHARES = {"cpu": {"low": 500, "normal": 1000, "high": 2000}, "memory": {"low": 5, "normal": 10, "high": 20}}
"""Shares per vCPU and per MB (vSphere 7.0 Resource Management guide, table "Share Values")."""
POOL_SIZE = {"cpu": 4, "memory": 16 * 1024}
"""A pool counts as a VM with 4 vCPUs and 16 GB (same guide)."""

_VM_KEYS = ("name", "shares", "vcpus", "memory_mb", "demand", "reservation", "limit")
_POOL_KEYS = ("name", "shares", "vms", "pools", "vcpus", "memory_mb", "reservation", "limit")


def read_vms(value: object, resource: str, inherited: Row | None = None) -> tuple[Leaf, ...]:
    """Read VMs: how many, or a list of mappings or of shares.

    Parameters
    ----------
    value
        What was written.
    resource
        ``"cpu"`` or ``"memory"``: what the levels of shares mean.
    inherited
        ``vcpus`` and ``memory_mb`` of VMs that do not say it themselves.
    """
    rows: Sequence[object] = (
        [dict[str, object]()] * check_int("vms", value, 0, 10_000) if type(value) is int else as_list("vms", value)
    )
    return tuple(_vm(row, resource, f"VM{i + 1}", inherited or {}) for i, row in enumerate(rows))


def read_pools(value: object, resource: str, inherited: Row | None = None) -> tuple[Leaf | Pool, ...]:
    """Read pools, which may have pools in them; a mapping with neither ``vms`` nor ``pools`` is a VM beside them."""
    nodes: list[Leaf | Pool] = []
    for index, row in enumerate(as_list("pools", value)):
        pool = _mapping(row)
        if pool is None or not {"vms", "pools"} & set(pool):
            nodes.append(_vm(row, resource, f"VM{index + 1}", inherited or {}))
            continue
        _known(pool, _POOL_KEYS)
        name = _name(pool, f"pool {index + 1}")
        own = {**(inherited or {}), **{key: pool[key] for key in ("vcpus", "memory_mb") if key in pool}}
        nodes.append(
            Pool(
                name,
                _shares(name, pool.get("shares", "normal"), resource, POOL_SIZE[resource]),
                as_number("reservation", pool.get("reservation", 0)),
                _limit(pool),
                read_vms(pool.get("vms", ()), resource, own) + read_pools(pool.get("pools", ()), resource, own),
            )
        )
    return tuple(nodes)


def as_list(name: str, value: object) -> Sequence[object]:
    """Return ``value`` if it is a list."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise VmwidgetsError("{name} is {value}, expected a list", name=name, value=show(value))
    return cast(Sequence[object], value)


def as_number(name: str, value: object, most: float = inf) -> float:
    """Return ``value`` if it is a finite number from 0 to ``most``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= min(most, float_info.max):
        if most == inf:
            raise VmwidgetsError("{name} is {value}, expected a number from 0 on", name=name, value=show(value))
        raise VmwidgetsError(
            "{name} is {value}, expected a number from 0 to {most}", name=name, value=show(value), most=most
        )
    return value


def as_positive(name: str, value: object, most: float = inf) -> float:
    """Return ``value`` if it is a finite number above 0, and at most ``most``."""
    if (number := as_number(name, value, most)) == 0:
        raise VmwidgetsError("{name} is {value}, expected a number above 0", name=name, value=show(value))
    return number


def as_numbers(name: str, value: float | Sequence[float], most: float = inf) -> list[float]:
    """Return the numbers of a list that is not empty, or the one number; each from 0 to ``most``."""
    values = value if isinstance(value, Sequence) else [value]
    if not values:
        raise VmwidgetsError("{name} is empty", name=name)
    return [as_number(name, number, most) for number in values]


def one_each(name: str, value: object, count: int) -> Sequence[object]:
    """Return ``count`` values: those of a list, or the same value for all."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return [value] * count
    values = cast(Sequence[object], value)
    if len(values) != count:
        raise VmwidgetsError("{name} has {count} values, expected {wanted}", name=name, count=len(values), wanted=count)
    return values


def show(value: object) -> str:
    """Return a short text for a value that is refused."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _vm(row: object, resource: str, default: str, inherited: Row) -> Leaf:
    given = _mapping(row)
    if given is None:
        given = {"shares": row}
    _known(given, _VM_KEYS)
    name = _name(given, default)
    vm = {"vcpus": 1, "memory_mb": 1024, **inherited, **given}
    size = "vcpus" if resource == "cpu" else "memory_mb"
    demand = vm.get("demand")
    return Leaf(
        name,
        _shares(name, vm.get("shares", "normal"), resource, as_number(size, vm[size])),
        inf if demand in (None, "unbounded", inf) else as_number("demand", demand),
        as_number("reservation", vm.get("reservation", 0)),
        _limit(vm),
    )


def _shares(name: str, value: object, resource: str, size: float) -> float:
    if not isinstance(value, str):
        return as_number("shares", value)
    levels = SHARES[resource]
    if value.lower() not in levels:
        raise VmwidgetsError(
            "the shares of {name} are {value}, expected a number or one of {known}",
            name=name,
            value=show(value),
            known=", ".join(levels),
        )
    return levels[value.lower()] * size


def _limit(row: Row) -> float | None:
    limit = row.get("limit")
    return None if limit in (None, inf) else as_number("limit", limit)


def _name(row: Row, default: str) -> str:
    name = row.get("name", default)
    if not isinstance(name, str) or not name:
        raise VmwidgetsError("name is {value}, expected a text", value=show(name))
    return name


def _known(row: Row, keys: Sequence[str]) -> None:
    for key in row:
        if key not in keys:
            raise VmwidgetsError("{key} is not known here, expected {known}", key=show(key), known=", ".join(keys))


def _mapping(value: object) -> Row | None:
    return cast(Row, value) if isinstance(value, Mapping) else None
