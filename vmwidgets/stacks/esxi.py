"""VMware ESXi of today."""

from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung

MEMORY = MemoryProfile(
    id="esxi",
    name="ESXi",
    # F. Denneman, 2011-07-26 (the sliding scale); "vSphere 6 ESXi memory states and reclamation techniques",
    # running-system.com (100, 64, 32, 16 % of it, and what "clear" does). "high" has no threshold there: the host is on
    # it above that of "clear". Where balloons, paging and blocking begin is taken from ESX 2 (Waldspurger 2002, section
    # 6.3); that compression begins with paging is an assumption.
    ladder=Ladder(
        (
            Rung("high", 1000),
            Rung("clear", 1000, frozenset({"break_large", "share"})),
            Rung("soft", 640, frozenset({"break_large", "share", "balloon"})),
            Rung("hard", 320, frozenset({"break_large", "share", "balloon", "compress", "swap"})),
            Rung("low", 160, frozenset({"break_large", "share", "balloon", "compress", "swap", "block"})),
        ),
        base="min_free",
        reserve_permille=1000,
    ),
    targets="idle_tax",
    idle_tax_permille=750,  # VMware vSphere documentation, Mem.IdleTax
    balloon_limit_permille=650,  # same, Mem.CtlMaxPercent
    sharing="within",  # Mem.ShareForceSalting = 2 since 5.0 U3d, 5.1 U3, 5.5 U2d and 6.0 (VMware KB 2080735)
    scan_pages_per_s=200,  # assumption: as ESX 2
    scan_vm_pages_per_s=50,  # assumption: as ESX 2
    compression_permille=100,  # VMware vSphere documentation: 10 % of a VM's memory
    reserves_swap=True,  # assumption: as ESX 2
    zero_on_allocate=True,  # as ESX 2 (Waldspurger 2002, section 6.2)
    sample_pages=100,  # as ESX 2
    sample_period_s=60,  # secondary sources only (blogs)
    rebalance_s=15,  # assumption: as ESX 2
)
"""Memory management of ESXi."""
