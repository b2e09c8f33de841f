"""VMware ESX Server 2: the VMM of C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002."""

from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.units import MiB

MEMORY = MemoryProfile(
    id="esx",
    name="ESX Server 2",
    # Section 6.3: thresholds, what is done, and sharing before swapping. That balloons go on where paging is forced is
    # an assumption. So is the reserve: the first threshold, above which nothing is reclaimed.
    ladder=Ladder(
        (
            Rung("high", 60),
            Rung("soft", 40, frozenset({"balloon"})),
            Rung("hard", 20, frozenset({"balloon", "share", "swap"})),
            Rung("low", 10, frozenset({"balloon", "share", "swap", "block"})),
        ),
        reserve_permille=60,
    ),
    targets="idle_tax",
    idle_tax_permille=750,  # section 5.2
    balloon_limit_permille=650,  # assumption: as ESXi
    sharing="between",  # section 4
    scan_pages_per_s=200,  # ESX Server 2.x administration manual, Mem/ShareScanTotal
    scan_vm_pages_per_s=50,  # same manual, Mem/ShareScanVM
    swap_permille=4000,  # assumption: swap files are as large as they have to be
    overhead_bytes=32 * MiB,  # section 5.1: typically 32 MB for a VM, 4 to 8 of them its frame buffer
    reserves_swap=True,  # section 5.1
    zero_on_allocate=True,  # section 6.2
    sample_pages=100,  # section 5.3
    sample_period_s=30,  # section 5.3, and Mem/SamplePeriod in the manual
    rebalance_s=15,  # same manual
)
"""Memory management of ESX Server 2."""
