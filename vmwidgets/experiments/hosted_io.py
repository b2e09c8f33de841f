"""Network I/O of a hosted VMM: what a packet costs on its way through the host, and how much of that can be saved."""

from collections.abc import Sequence
from itertools import accumulate
from math import ceil
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_numbers, as_positive, show
from vmwidgets.model.errors import VmwidgetsError

if TYPE_CHECKING:
    import pandas as pd

_SUGERMAN = (
    "J. Sugerman, G. Venkitachalam, B.-H. Lim, Virtualizing I/O Devices on VMware Workstation's Hosted VMM, "
    "USENIX ATC 2001"
)
MHZ = 733
"""Clock of the host that was measured: a Pentium III."""

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
    out_us: float = 0.57,
    world_switch_us: float = 4.45,
    vmapp_before_us: float = 1.23,
    transmit_us: float = 17.55,
    vmapp_after_us: float = 2.97,
    return_us: float = 0.41,
) -> "pd.DataFrame":
    """Follow one OUT that sends a packet from the guest through the VMM and the host and back.

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

    scale = MHZ / as_positive("mhz", mhz)
    stages = [
        ("OUT processing in VMM", "VMM", out_us, "out_us", False),
        ("world switch VMM to host", "VMDriver", world_switch_us, "world_switch_us", True),
        ("VMApp processing", "VMApp", vmapp_before_us, "vmapp_before_us", True),
        ("VMNet driver", "host OS", transmit_us, "transmit_us", False),
        ("VMApp processing", "VMApp", vmapp_after_us, "vmapp_after_us", True),
        ("world switch host to VMM", "VMDriver", world_switch_us, "world_switch_us", True),
        ("return to VM", "VMM", return_us, "return_us", False),
    ]
    times = [as_number(name, us) * scale for _, _, us, name, _ in stages]
    total = as_positive("us", sum(times))
    return pd.DataFrame(
        {
            "stage": [stage for stage, *_ in stages],
            "layer": [layer for _, layer, *_ in stages],
            "us": times,
            "pct": [100 * us / total for us in times],
            "cycles": [round(us * mhz, 6) for us in times],
            "hosted": [hosted for *_, hosted in stages],
            "passed_us": list(accumulate(times)),
        }
    )


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
