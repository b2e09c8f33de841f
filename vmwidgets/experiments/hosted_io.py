"""Network I/O of a hosted VMM: what a packet costs on its way through the host, and how much of that can be saved."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_numbers, as_positive, show
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.layers import Layers
from vmwidgets.model.path_steps import Step
from vmwidgets.model.paths import path
from vmwidgets.stacks.papers import SUGERMAN
from vmwidgets.stacks.workstation import WORKSTATION

if TYPE_CHECKING:
    import pandas as pd

_SUGERMAN = SUGERMAN.source
MHZ = SUGERMAN.mhz
"""Clock of the host that was measured: a Pentium III."""
_PACKET = ("network_packet", WORKSTATION.technique, WORKSTATION.device)
_HOSTED = replace(
    WORKSTATION, costs=tuple(cost for cost in WORKSTATION.costs if cost.cpu == SUGERMAN.cpu and cost.holds(*_PACKET))
)
_US = {cost.step: cost.us or 0.0 for cost in _HOSTED.costs}
"""Figure 5, by the steps of a path."""
_OUT, _SWITCH, _BEFORE = "exit+handle", "world_switch+wakeup+resume", "emulate"
_SEND, _AFTER, _RETURN = "system_call+drive+system_return", "complete", "entry"

# Section 3 of the paper, version 2.0: the CPU is busy at this throughput with writes of this size.
_MBPS, _WRITE = 64, 4096
_SEGMENT = 1460
"""Payload of a full frame: 1500 bytes without the headers of IP and TCP."""
_FRAMING = 78
"""What a frame takes on the link beyond its payload: these headers, those of Ethernet, preamble and gap."""

# Table 1: percent of all CPU time; within the VMM's 77.3 % the percent are of that. Average µs of one event.
_VMM = 0.773
SWITCHING, LANCE_STATUS, LANCE_PORT = (
    "IN/OUT switching to VMApp",
    "emulate Lance status",
    "IN/OUT to Lance address port",
)
IN_VMM, IRET, IRQS = "IN/OUT handled in VMM", "IRET", "delivering virtual IRQs"
TABLE_1 = {
    SWITCHING: 26.8 * _VMM,
    "instructions not requiring virtualization": 22.0 * _VMM,
    "general instructions requiring virtualization": 11.6 * _VMM,
    IN_VMM: 8.3 * _VMM,
    LANCE_PORT: 8.1 * _VMM,
    "transitions to/from virtualization code": 4.8 * _VMM,
    IRET: 4.8 * _VMM,
    IRQS: 4.6 * _VMM,
    "transmit via VMNet": 8.7,
    LANCE_STATUS: 4.0,
    "host IRQs": 3.4,
    "emulate Lance transmit path": 3.3,
    "receive via VMNet": 0.8,
}
"""CPU time in version 2.0, in percent; what the table leaves out is kept as one remainder."""
_PACKETS_PER_PERCENT = 8.7 / 13.8
_SWITCHES = 26.8 * _VMM / 7.45 / _PACKETS_PER_PERCENT
_STATUS_READS = 4.0 / 3.1 / _PACKETS_PER_PERCENT
_PORTS_IN_VMM = 8.3 * _VMM / 1.36 / _PACKETS_PER_PERCENT
# Table 2, all optimisations: the same events per packet, and what they cost then.
_PERCENT_2 = 17.9 / 22.7
_SWITCHES_LEFT = 0.5 * 0.715 / 7.45 / _PERCENT_2
_PIC = 2.5 * 0.715 / 0.78 / _PERCENT_2
_STATUS_US, _PIC_US = 0.91, 0.78

OPTIMISATIONS = ("lance_in_vmm", "send_combining", "shared_memory_irq")


@experiment(source=f"{_SUGERMAN}, section 3.2 and Figure 5: the seven stages are input")
def hosted_packet(
    mhz: float = MHZ,
    out_us: float = _US[_OUT],
    world_switch_us: float = _US[_SWITCH],
    vmapp_before_us: float = _US[_BEFORE],
    transmit_us: float = _US[_SEND],
    vmapp_after_us: float = _US[_AFTER],
    return_us: float = _US[_RETURN],
) -> "pd.DataFrame":
    """Follow one OUT that sends a packet from the guest through the VMM and the host and back.

    It is the path of a packet through the record of the product, with these prices.

    Parameters
    ----------
    mhz
        Clock of the host. The times were measured at 733 MHz; that all of them scale with the clock is an assumption.
    out_us, return_us
        What the VMM does before and after it leaves its world.
    world_switch_us
        One change between the VMM's world and the host's, which replaces the whole state of the CPU.
    vmapp_before_us, vmapp_after_us
        What the host's process does around its system call.
    transmit_us
        The system call in which the host's driver sends the packet: this much a packet costs any program.

    Returns
    -------
    DataFrame
        One row per stage: ``stage``, ``layer``, ``us``, ``pct`` of the whole, ``cycles``, ``hosted`` (there only
        because the VMM has a host under it), ``passed_us`` since the start.
    """
    import pandas as pd

    clock = as_positive("mhz", mhz)
    given = {
        _OUT: as_number("out_us", out_us),
        _SWITCH: as_number("world_switch_us", world_switch_us),
        _BEFORE: as_number("vmapp_before_us", vmapp_before_us),
        _SEND: as_number("transmit_us", transmit_us),
        _AFTER: as_number("vmapp_after_us", vmapp_after_us),
        _RETURN: as_number("return_us", return_us),
    }
    costs = tuple(replace(cost, cycles=given[cost.step] * MHZ) for cost in _HOSTED.costs)
    layers = _HOSTED.layers
    way = path(replace(_HOSTED, costs=costs), "network_packet", cpu=SUGERMAN.cpu)
    stages = [step for step in way.steps if step.crossing not in ("call", "dma") and not step.included]
    times = [round((step.cycles or 0.0) / clock, 9) for step in stages]
    total = as_positive("us", sum(times))
    return pd.DataFrame(
        {
            "stage": [step.what for step in stages],
            "layer": [layers[step.target].name for step in stages],
            "us": times,
            "pct": [100 * us / total for us in times],
            "cycles": [round(us * clock, 6) for us in times],
            "hosted": [is_hosted(step, layers) for step in stages],
            "passed_us": list(accumulate(times)),
        }
    )


def is_hosted(step: Step, layers: Layers) -> bool:
    """Return whether a step is there only because the VMM has a host: a change of worlds, or work of a process."""
    return step.crossing == "world_switch" or (step.crossing == "none" and layers[step.target].privilege == "user")


def packet_costs(optimisations: Sequence[str] = ()) -> dict[str, float]:
    """Return the CPU time of one packet by category, in µs at 733 MHz.

    Events per packet are rates of Tables 1 and 2 (share of time by average time) over the rate of transmits there:

    * ``lance_in_vmm``: 2.0 of 4.4 switches per packet were for the status register of the network card; now the VMM
      answers in 0.91 µs, and the address port, of which Table 2 has no row any more, costs nothing.
    * ``send_combining``: packets wait for others, so that 0.06 switches per packet remain. The guest also gets fewer
      interrupts: accesses to ports that the VMM handles fall from 7.5 to 2.9 per packet, all to the PIC. An assumption:
      IRET, delivery and transitions fall with them.
    * ``shared_memory_irq``: the other switches (what is neither status nor transmit, 1.4 per packet) are gone, because
      VMApp need not ask the host by ``select`` whether there is an interrupt.

    All else stays as in Table 1. So does the system call that sends: it takes 13.8 µs there and 22.7 µs in Table 2,
    which is not explained.

    Raises
    ------
    VmwidgetsError
        If there is no optimisation of that name.
    """
    for name in optimisations:
        if name not in OPTIMISATIONS:
            raise VmwidgetsError(
                "{name} is {value}, expected one of {known}",
                name="optimisations",
                value=show(name),
                known=", ".join(OPTIMISATIONS),
            )
    packet_us = 8 * _WRITE / _MBPS / _packets(_WRITE)
    costs = {name: pct / 100 * packet_us for name, pct in TABLE_1.items()}
    costs["not in the table"] = packet_us - sum(costs.values())
    switch_us = costs[SWITCHING] / _SWITCHES
    switches = {"status": _STATUS_READS, "transmit": 1.0, "other": _SWITCHES - _STATUS_READS - 1}
    if "lance_in_vmm" in optimisations:
        switches["status"] = 0
        costs[LANCE_STATUS] = _STATUS_READS * _STATUS_US
        costs[LANCE_PORT] = 0
    if "send_combining" in optimisations:
        switches["transmit"] = _SWITCHES_LEFT
        costs[IN_VMM] = _PIC * _PIC_US
        for name in (IRET, IRQS, "transitions to/from virtualization code"):
            costs[name] *= _PIC / _PORTS_IN_VMM
    if "shared_memory_irq" in optimisations:
        switches["other"] = 0
    costs[SWITCHING] = switch_us * sum(switches.values())
    return costs


@experiment(
    source=f"{_SUGERMAN}, section 3, Tables 1 and 2",
    fitted="64 Mb/s of version 2.0 with writes of 4 KB on 733 MHz: the CPU time of a packet; events per packet before "
    "and after all optimisations",
    predicted="that the link is the limit after them, the idle time after each, other sizes and clocks",
)
def hosted_throughput(
    mhz: float | Sequence[float] = MHZ,
    write_bytes: int | Sequence[int] = 4096,
    optimisations: Sequence[str] = (),
    link_mbps: float = 100,
) -> "pd.DataFrame":
    """Compute how fast a guest can send through a hosted VMM, and whether the CPU or the link is the limit.

    A write is sent in packets of at most 1460 bytes, and short writes are not collected (an assumption). A packet costs
    the same whatever its size, and all work scales with the clock (assumptions: one measured point cannot tell more).

    Parameters
    ----------
    mhz
        Clock of the host, one number or a list.
    write_bytes
        What the guest's program hands over at once, one number or a list.
    optimisations
        Any of ``"lance_in_vmm"``, ``"send_combining"``, ``"shared_memory_irq"``; see `packet_costs`.
    link_mbps
        The link.

    Returns
    -------
    DataFrame
        One row per clock and size: ``mhz``, ``write_bytes``, ``packets`` of a write, ``cpu_us`` per packet,
        ``cpu_mbps`` and ``link_mbps`` (what either could do), ``throughput_mbps`` of payload, ``bound`` (``"cpu"`` or
        ``"link"``), ``idle_pct`` of the CPU.
    """
    import pandas as pd

    link = as_positive("link_mbps", link_mbps)
    packet_us = sum(packet_costs(optimisations).values())
    rows: list[dict[str, object]] = []
    for clock in as_numbers("mhz", mhz):
        cpu_us = packet_us * MHZ / as_positive("mhz", clock)
        for size in as_numbers("write_bytes", write_bytes, 2**30):
            packets = _packets(as_positive("write_bytes", size))
            by_cpu = 8 * size / (packets * cpu_us)
            by_link = link * size / (size + packets * _FRAMING)
            reached = min(by_cpu, by_link)
            rows.append(
                {
                    "mhz": clock,
                    "write_bytes": size,
                    "packets": packets,
                    "cpu_us": cpu_us,
                    "cpu_mbps": by_cpu,
                    "link_mbps": by_link,
                    "throughput_mbps": reached,
                    "bound": "cpu" if by_cpu <= by_link else "link",
                    "idle_pct": 100 * (1 - reached / by_cpu),
                }
            )
    return pd.DataFrame(rows)


def _packets(size: float) -> int:
    return ceil(size / _SEGMENT)
