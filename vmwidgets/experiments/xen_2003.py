"""Xen, VMware Workstation and User-mode Linux of 2003: what single events cost, and what programs make of that.

One model for all: an operation takes as long as on Linux, and for each event in it what that event costs more on the
stack. How many events it has is fitted on one stack; the other stacks are predicted with the same number.
"""

from collections.abc import Mapping, Sequence
from math import nan
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_positive, show
from vmwidgets.model.costs import figure
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.stack import Stack
from vmwidgets.stacks.bare_metal import BARE_METAL
from vmwidgets.stacks.papers import BARHAM
from vmwidgets.stacks.workstation import WORKSTATION
from vmwidgets.stacks.xen import XEN

if TYPE_CHECKING:
    import pandas as pd

_BARHAM = BARHAM.source
STACKS = ("linux", "xen", "vmware_workstation", "uml")
"""Native Linux 2.4.21, Xen, VMware Workstation 3.2 and User-mode Linux on one CPU of a Dell 2650 (2.4 GHz Xeon)."""
_RECORDS = (BARE_METAL, XEN, WORKSTATION)
_USER_MODE_LINUX = {
    "null call": 24.7,
    "null IO": 25.1,
    "stat": 36.1,
    "open close": 62.8,
    "select TCP": 39.9,
    "sig inst": 26.0,
    "sig hndl": 46.0,
    "fork": 21000,
    "exec": 33000,
    "sh": 58000,
    "2p0K": 15.5,
    "2p16K": 14.6,
    "2p64K": 14.4,
    "8p16K": 16.3,
    "8p64K": 36.8,
    "16p16K": 23.6,
    "16p64K": 52.0,
    "0K create": 130,
    "0K delete": 65.7,
    "10K create": 250,
    "10K delete": 113,
    "mmap lat": 1400,
    "prot fault": 21.8,
    "page fault": 26.3,
}
"""Tables 3 to 5, µs, of the one that has no record here."""


def _us(stack: Stack, operation: str) -> float:
    cost = figure(stack.costs, {"null call": "system_call"}.get(operation, operation), BARHAM.cpu)
    return cost.cycles / cost.mhz


LMBENCH = {name: (*(_us(stack, name) for stack in _RECORDS), uml) for name, uml in _USER_MODE_LINUX.items()}
"""Tables 3 to 5, µs, in the order of `STACKS` (the row "L-UP" for Linux)."""
TTCP = {
    "TX1500": (897, 897, 291, 165),
    "RX1500": (897, 897, 615, 203),
    "TX500": (602, 516, 101, 61.1),
    "RX500": (544, 467, 137, 91.4),
}
"""Table 6, Mb/s."""
APPLICATIONS = {
    "SPEC INT2000 (score)": (567, 567, 554, 550),
    "Linux build time (s)": (263, 271, 334, 535),
    "OSDB-IR (tup/s)": (172, 158, 80, 65),
    "OSDB-OLTP (tup/s)": (1714, 1633, 199, 306),
    "dbench (score)": (418, 400, 310, 111),
    "SPEC WEB99 (score)": (518, 514, 150, 172),
}
"""Figure 3; all but the build are rates."""
_HEADERS, _FRAMING = 40, 38
"""Bytes of a packet that are not payload (IP and TCP), and what Ethernet adds on the link."""
_LINK = 897
"""Native Linux at an MTU of 1500, Mb/s: the link is the limit."""

# What the operations of lmbench are made of, and the stack on which its number is fitted: where the event is dear
# enough to be seen.
_SYSTEM_CALLS = ("null IO", "stat", "open close", "select TCP", "sig inst", "sig hndl", "0K create", "0K delete")
_PARTS = {
    **dict.fromkeys((*_SYSTEM_CALLS, "10K create", "10K delete"), ("null call", "uml")),
    **dict.fromkeys(("fork", "exec", "sh", "mmap lat", "prot fault"), ("page fault", "vmware_workstation")),
    **dict.fromkeys(("2p16K", "2p64K", "8p16K", "8p64K", "16p16K", "16p64K"), ("2p0K", "vmware_workstation")),
}
_EVENTS = ("", "page fault", "2p0K", "2p0K", "10K create", "packet sent")


@experiment(
    source=f"{_BARHAM}, Figure 3, with the prices of Tables 3 to 6",
    fitted="events per unit of work of each benchmark, on VMware Workstation",
    predicted="Xen and User-mode Linux; SPEC INT2000 on all",
)
def application_overheads(fitted_on: str = "vmware_workstation", events: Sequence[str] = _EVENTS) -> "pd.DataFrame":
    """Compute what applications reach on each stack, if one kind of event makes all the difference.

    Parameters
    ----------
    fitted_on
        The stack that the number of events is fitted on: ``"xen"``, ``"vmware_workstation"`` or ``"uml"``.
    events
        Which event stands for each benchmark, in their order: an operation of Tables 3 to 5 (``2p0K`` is a context
        switch), ``"packet sent"`` or ``"packet received"`` (at an MTU of 500, where no stack waits for the link), or an
        empty text: it only computes. The choice is an assumption, made with the results at hand; the paper counts no
        events. Another choice tells how much hangs on it. What a synchronous write costs each stack is not published,
        and OSDB-OLTP, which waits for them, is missed.

    Returns
    -------
    DataFrame
        One row per benchmark and stack: ``benchmark``, ``stack``, ``event``, ``count`` per second of native work,
        ``published``, ``modelled`` (both in the benchmark's unit), ``error_pct``, ``role`` (``"baseline"``,
        ``"fitted"`` or ``"predicted"``). Missing where no number of events can explain the stack that was fitted on.
    """
    import pandas as pd

    _check_stack(fitted_on)
    if len(events) != len(APPLICATIONS):
        raise VmwidgetsError(
            "{name} has {count} values, expected {wanted}", name="events", count=len(events), wanted=len(APPLICATIONS)
        )
    prices = {**LMBENCH, "packet sent": _per_packet("TX500"), "packet received": _per_packet("RX500")}
    rows: list[dict[str, object]] = []
    for (benchmark, published), event in zip(APPLICATIONS.items(), events, strict=True):
        is_time = benchmark.endswith("(s)")
        # the time of as much work as native Linux does in a second
        times = [1e6 * (value / published[0] if is_time else published[0] / value) for value in published]
        count, modelled = _fit(times, event, fitted_on, prices)
        for stack, value, time in zip(STACKS, published, modelled, strict=True):
            in_unit = published[0] * (time / 1e6 if is_time else 1e6 / time)
            role = _role(stack, fitted_on if event else "")
            rows.append(_row("benchmark", benchmark, stack, event or "none", count, value, in_unit, role))
    return pd.DataFrame(rows)


@experiment(
    source=f"{_BARHAM}, Tables 3 to 5",
    fitted="the prices of a system call, a page fault and a context switch; how many are in each operation, on one "
    "stack",
    predicted="the other two stacks",
)
def lmbench_overheads(operation: str = "") -> "pd.DataFrame":
    """Compute what operations of the system cost on each stack from the three events that they are made of.

    What starts a process is made of page-table work, counted in page faults on VMware Workstation; what calls the
    system, of system calls, counted on User-mode Linux; switches between more or larger processes are counted in
    switches between two empty ones. That the parts are these is an assumption.

    Parameters
    ----------
    operation
        One operation as the tables name it; empty for all.

    Returns
    -------
    DataFrame
        One row per operation and stack: ``operation``, ``stack``, ``event``, ``count``, ``published`` and ``modelled``
        in µs, ``error_pct``, ``role`` (``"baseline"``, ``"fitted"`` or ``"predicted"``).
    """
    import pandas as pd

    if operation and operation not in _PARTS:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}",
            name="operation",
            value=show(operation),
            known=", ".join(_PARTS),
        )
    rows: list[dict[str, object]] = []
    for name in [operation] if operation else _PARTS:
        event, fitted_on = _PARTS[name]
        count, modelled = _fit(LMBENCH[name], event, fitted_on, LMBENCH)
        for stack, value, time in zip(STACKS, LMBENCH[name], modelled, strict=True):
            rows.append(_row("operation", name, stack, event, count, value, time, _role(stack, fitted_on)))
    return pd.DataFrame(rows)


@experiment(
    source=f"{_BARHAM}, Table 6",
    fitted="CPU time of a packet on each stack and in each direction, at an MTU of 500; the link, by Linux at 1500",
    predicted="all throughputs at an MTU of 1500",
)
def network_overheads(mtu: int | Sequence[int] = (1500, 500), link_mbps: float = _LINK) -> "pd.DataFrame":
    """Compute the throughput of bulk transfers from what a packet costs, whatever its size, and from the link.

    Parameters
    ----------
    mtu
        Largest packet in bytes, headers included; one number or a list.
    link_mbps
        Payload that the link carries at an MTU of 1500; with smaller packets less, for their headers.

    Returns
    -------
    DataFrame
        One row per MTU, direction and stack: ``mtu``, ``direction`` (``"TX"``, ``"RX"``), ``stack``, ``packet_us``,
        ``published`` (missing for an MTU that was not measured) and ``modelled`` in Mb/s, ``error_pct``, ``bound``
        (``"cpu"`` or ``"link"``), ``role``.
    """
    import pandas as pd

    link = as_positive("link_mbps", link_mbps)
    sizes = list(mtu) if isinstance(mtu, Sequence) else [mtu]
    if not sizes:
        raise VmwidgetsError("{name} is empty", name="mtu")
    rows: list[dict[str, object]] = []
    for size in sizes:
        payload = check_int("mtu", size, 100, 65535) - _HEADERS
        on_link = link * _efficiency(size) / _efficiency(1500)
        for direction in ("TX", "RX"):
            measured = TTCP.get(f"{direction}{size}", (nan,) * len(STACKS))
            for stack, published, packet_us in zip(STACKS, measured, _per_packet(f"{direction}500"), strict=True):
                on_cpu = 8 * payload / packet_us
                modelled = min(on_cpu, on_link)
                role = "fitted" if size == 500 or (size == 1500 and stack == "linux") else "predicted"
                rows.append(
                    {
                        "mtu": size,
                        "direction": direction,
                        "stack": stack,
                        "packet_us": packet_us,
                        "published": published,
                        "modelled": modelled,
                        "error_pct": 100 * (modelled / published - 1),
                        "bound": "cpu" if on_cpu < on_link else "link",
                        "role": role,
                    }
                )
    return pd.DataFrame(rows)


def _fit(
    times: Sequence[float], event: str, fitted_on: str, prices: Mapping[str, Sequence[float]]
) -> tuple[float, list[float]]:
    """Return how many events explain the time on one stack, and the times on all stacks with as many."""
    if not event:
        return 0.0, [times[0]] * len(STACKS)
    if event not in prices:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}", name="events", value=show(event), known=", ".join(prices)
        )
    extra = [price - prices[event][0] for price in prices[event]]
    at = STACKS.index(fitted_on)
    count = (times[at] - times[0]) / extra[at] if extra[at] > 0 else nan
    return count, [times[0], *(times[0] + count * more for more in extra[1:])]


def _row(
    kind: str, name: str, stack: str, event: str, count: float, published: float, modelled: float, role: str
) -> dict[str, object]:
    return {
        kind: name,
        "stack": stack,
        "event": event,
        "count": count,
        "published": published,
        "modelled": modelled,
        "error_pct": 100 * (modelled / published - 1),
        "role": role,
    }


def _role(stack: str, fitted_on: str) -> str:
    return "baseline" if stack == "linux" else "fitted" if stack == fitted_on else "predicted"


def _per_packet(test: str) -> tuple[float, ...]:
    """Return the time of a packet in µs on each stack, for a test that the CPU limits."""
    return tuple(8 * (500 - _HEADERS) / rate for rate in TTCP[test])


def _efficiency(mtu: int) -> float:
    return (mtu - _HEADERS) / (mtu + _FRAMING)


def _check_stack(stack: str) -> None:
    if stack not in STACKS[1:]:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}",
            name="fitted_on",
            value=show(stack),
            known=", ".join(STACKS[1:]),
        )
