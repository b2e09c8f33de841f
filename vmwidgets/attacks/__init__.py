"""Attacks, a module each: guest code, where it is run and what it is after.

All of them are models of published classes of attack, at the level of tables, counters and latencies. They use ports
and numbers of calls that exist in the model only, and what comes of them is computed from the layers and defences.

Of the classes that are published, numbered as in :data:`CLASSES`, each module models one; classes of one mechanism
make a family, see :data:`FAMILIES`; some are of none.

Class 9 is left out: stale data in the buffers of a CPU (MDS, CVE-2018-12126 and others; Linux,
admin-guide/hw-vuln/mds.rst). The processor of the range has tables and a first-level cache, but no store buffers, fill
buffers or load ports from which a load could be given what another VM has left there.
"""

from vmwidgets.attacks.backend_request import BACKEND_REQUEST
from vmwidgets.attacks.balloon_refusal import BALLOON_REFUSAL
from vmwidgets.attacks.beyond_memory import BEYOND_MEMORY
from vmwidgets.attacks.cached_secret import CACHED_SECRET, CACHED_SECRET_SIBLING
from vmwidgets.attacks.convenience_channel import CONVENIENCE_CHANNEL
from vmwidgets.attacks.covert_channel import COVERT_CHANNEL
from vmwidgets.attacks.device_overrun import DEVICE_OVERRUN, DEVICE_OVERRUN_NEIGHBOUR
from vmwidgets.attacks.dma import DMA
from vmwidgets.attacks.exit_storm import EXIT_STORM
from vmwidgets.attacks.flush_reload import FLUSH_RELOAD
from vmwidgets.attacks.fork_bomb import FORK_BOMB
from vmwidgets.attacks.fragments import FRAGMENTS
from vmwidgets.attacks.guest_return import GUEST_RETURN
from vmwidgets.attacks.host_memory import HOST_MEMORY
from vmwidgets.attacks.host_read import HOST_READ
from vmwidgets.attacks.interrupt_storm import INTERRUPT_STORM
from vmwidgets.attacks.mapped_twice import MAPPED_TWICE
from vmwidgets.attacks.message_interrupt import MESSAGE_INTERRUPT
from vmwidgets.attacks.nic_underflow import NIC_UNDERFLOW
from vmwidgets.attacks.noisy_cpu import NOISY_CPU
from vmwidgets.attacks.noisy_disk import NOISY_DISK
from vmwidgets.attacks.noisy_memory import NOISY_MEMORY
from vmwidgets.attacks.noisy_network import NOISY_NETWORK
from vmwidgets.attacks.row_hammer import ROW_HAMMER
from vmwidgets.attacks.shared_kernel import SHARED_KERNEL
from vmwidgets.attacks.sharing_oracle import SHARING_ORACLE
from vmwidgets.attacks.table_update import TABLE_UPDATE
from vmwidgets.attacks.tick_theft import TICK_THEFT
from vmwidgets.attacks.uncleared_frames import UNCLEARED_FRAMES
from vmwidgets.model.range.attack import Attack

CLASSES: dict[int, str] = {
    1: "buffer of an imitated device, CVE-2015-3456 (VENOM)",
    2: "user-mode network stack of a VMM, CVE-2019-14378 (SLiRP)",
    3: "descriptors of an imitated network card (MorteNoir1, 2018)",
    4: "channel between guest and desktop, CVE-2017-4901",
    5: "backend in a privileged domain, CVE-2021-28476",
    6: "validation of page-table updates, CVE-2015-7835 (XSA-148)",
    7: "return to an address that is not canonical, CVE-2012-0217 (XSA-7)",
    8: "first-level cache read past the tables, CVE-2018-3646 (L1TF)",
    10: "DMA without an IOMMU, interrupts without remapping",
    11: "timing of writes to shared pages (Suzaki et al. 2011; Xiao et al. 2013)",
    12: "flush and reload of a shared page (Yarom and Falkner 2014)",
    13: "shared page in a hammered row (Razavi et al. 2016)",
    14: "theft of processor time (F. Zhou et al., arXiv 1103.0759)",
    15: "noisy neighbour (Matthews et al. 2007; Padala et al. 2007)",
    16: "memory that is handed on with its content, CVE-2014-4021 (XSA-100)",
    17: "balloon that the guest does not inflate",
    18: "interrupt storm of a device that is passed through",
    19: "programs of the host that take processors and memory",
    20: "host that reads the memory of VMs",
}
"""The published classes, by number."""
FAMILIES: dict[str, tuple[int, ...]] = {
    "V1": (6,),
    "V2": (1, 2, 3, 5),
    "V3": (10,),
    "V4": (16,),
    "V5": (11, 12, 13),
    "V6": (14, 15),
    "V7": (4,),
    "V8": (8,),
    "V9": (19, 20),
}
"""The families, with the numbers of their classes."""

ATTACKS: dict[str, Attack] = {
    one.id: one
    for one in (
        BEYOND_MEMORY,
        MAPPED_TWICE,
        TABLE_UPDATE,
        GUEST_RETURN,
        DEVICE_OVERRUN,
        DEVICE_OVERRUN_NEIGHBOUR,
        NIC_UNDERFLOW,
        BACKEND_REQUEST,
        FRAGMENTS,
        CONVENIENCE_CHANNEL,
        DMA,
        MESSAGE_INTERRUPT,
        INTERRUPT_STORM,
        UNCLEARED_FRAMES,
        BALLOON_REFUSAL,
        HOST_READ,
        FORK_BOMB,
        HOST_MEMORY,
        SHARED_KERNEL,
        SHARING_ORACLE,
        COVERT_CHANNEL,
        FLUSH_RELOAD,
        ROW_HAMMER,
        CACHED_SECRET,
        CACHED_SECRET_SIBLING,
        TICK_THEFT,
        NOISY_CPU,
        NOISY_DISK,
        NOISY_NETWORK,
        NOISY_MEMORY,
        EXIT_STORM,
    )
}
"""All attacks by id."""
