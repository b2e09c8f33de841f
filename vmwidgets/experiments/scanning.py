"""Looking for equal pages: how long a scanner needs, and how much memory is shared in the end."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_numbers, as_positive, show
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_pages import GuestPages, Mix
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.memory import SHARED
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.second_stage import MAPPED
from vmwidgets.model.units import GiB, KiB, MiB
from vmwidgets.stacks import MEMORY

if TYPE_CHECKING:
    import pandas as pd

_FITTED = (1, 2)
"""Numbers of VMs of Figure 4 that the contents of a VM were fitted to."""


@experiment(
    source="Linux, Documentation/admin-guide/mm/ksm.rst; "
    "VMware ESX Server 2.x administration manual, Mem/ShareScanTotal"
)
def ksm_pass(
    memory: float | Sequence[float] = 20,
    pages_to_scan: int = 100,
    sleep_ms: float = 20,
    page_kib: int = 4,
    cost_us: float = 0,
) -> "pd.DataFrame":
    """Compute how long a scanner that looks for equal pages needs to see all of memory once.

    Parameters
    ----------
    memory
        Memory to scan in GiB, one number or a list. Linux scans only what is marked as mergeable.
    pages_to_scan, sleep_ms
        Pages that are scanned at a time, and the pause after them. Linux: 100 and 20 (when KSM is switched on); ESX
        Server 2: 200 in a second.
    page_kib
        Size of a page.
    cost_us
        Processor time that a page takes; 0 gives the upper bound of the rate.

    Returns
    -------
    DataFrame
        One row per size: ``memory_gb``, ``pages``, ``pages_per_s``, ``pass_s``, ``pass_h``, ``cpu_pct`` (of one
        processor).
    """
    import pandas as pd

    check_int("pages_to_scan", pages_to_scan, 1, 10_000_000)
    check_int("page_kib", page_kib, 4, 2**20)
    work_ms = pages_to_scan * as_number("cost_us", cost_us) / 1000
    round_ms = as_number("sleep_ms", sleep_ms) + work_ms
    if round_ms == 0:
        raise VmwidgetsError("{name} is {value}, expected a number above 0", name="sleep_ms", value=show(sleep_ms))
    rate = pages_to_scan * 1000 / round_ms
    rows: list[dict[str, float]] = []
    for gb in as_numbers("memory", memory, 1_000_000):
        pages = round(gb * GiB) // (page_kib * KiB)
        rows.append(
            {
                "memory_gb": gb,
                "pages": pages,
                "pages_per_s": rate,
                "pass_s": pages / rate,
                "pass_h": pages / rate / 3600,
                "cpu_pct": 100 * work_ms / round_ms,
            }
        )
    return pd.DataFrame(rows)


@experiment(
    source="C. A. Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002, section 4.3 and Figure 4; "
    "ESX Server 2.x administration manual, Mem/ShareScanTotal and Mem/ShareScanVM",
    fitted="1 and 2 VMs: the parts of memory that hold zeros, pages twice, and pages of the image",
    predicted="3 to 10 VMs",
)
def page_sharing(
    vms: int | Sequence[int] = 10,
    vm_mb: float = 40,
    minutes: float = 30,
    scan_pages_per_s: int = 200,
    scan_vm_pages_per_s: int = 50,
    used_permille: int = 973,
    zero_permille: int = 68,
    twins_permille: int = 101,
    twin_copies: int = 2360,
    image_permille: int = 446,
    active_permille: int = 100,
    seed: int = 0,
) -> "pd.DataFrame":
    """Run identical VMs while a scanner looks for equal pages, and measure how much memory that gives back.

    What the memory of a VM holds was fitted to the rows of 1 and 2 VMs of Figure 4, in parts of the memory in use (the
    mean of 38.8 and 39.05 MB of 40). *Zero pages*: the mean of 2.7 of 38.8 MB and 5.2 of 78.1 MB, 6.8 %. With one VM
    16.9 % are shared; what is not zero has its equal inside the VM, 10.1 %; these *twins* keep 4.28 % of memory, the
    difference of shared and reclaimed, so there are 2.36 of each. With two VMs 61.09 % are shared: 44.2 % more, the
    *image*, which both VMs have; but the difference of shared and reclaimed is 24.7 % of two VMs, of which the twins
    keep 2.14, so the image has 45.1 %. It was given the mean, 44.6 %. That twins are of the image too is an assumption;
    so is that no page is common to some of the VMs only, which two rows cannot tell.

    Parameters
    ----------
    vms
        The largest number of VMs, or a list of the numbers to try.
    vm_mb, minutes
        Size of a VM in MiB, and how long they run.
    scan_pages_per_s, scan_vm_pages_per_s
        Pages of 4 KiB that are looked at in a second, in all and of one VM (0: no bound of its own).
    used_permille
        The part of a VM's memory that it uses.
    zero_permille, twins_permille, image_permille
        What that part holds, in per mille of it; the rest is the VM's own and changes.
    twin_copies
        Copies of each twin, in thousandths.
    active_permille
        Working set, in per mille of the VM's memory. An assumption without effect on what is shared.
    seed
        Of all random choices.

    Returns
    -------
    DataFrame
        One row per number of VMs: ``vms``, ``fitted`` (whether the defaults were fitted to it; else it is predicted),
        ``vm_memory_mb`` (in use), ``shared_mb`` (pages in shared frames), ``reclaimed_mb`` (those less
        the frames that they share), ``zero_mb`` (the part of it that is zero pages), ``shared_pct`` and
        ``reclaimed_pct`` (of memory in use), ``passes`` (over all memory of the VMs).
    """
    import pandas as pd

    pages = round(as_positive("vm_mb", vm_mb, 16 * 1024) * MiB) // (4 * KiB)
    check_int("used_permille", used_permille, 1, 1000)
    parts = {"zero": zero_permille, "twins": twins_permille, "image": image_permille}
    in_all = {
        name: round(check_int(f"{name}_permille", part, 0, 1000) * used_permille / 1000) for name, part in parts.items()
    }
    # Zero pages are the end of a guest's list of pages, and what it does not use is the end of these.
    in_all["zero"] += 1000 - used_permille
    mix = Mix(kernel=0, cache=0, twin_copies=twin_copies, **in_all)
    used = pages * used_permille // 1000
    active = pages * check_int("active_permille", active_permille, 0, used_permille) // 1000
    seconds = round(as_number("minutes", minutes, 10_000) * 60)
    profile = replace(
        MEMORY["esx"], scan_pages_per_s=scan_pages_per_s, scan_vm_pages_per_s=scan_vm_pages_per_s, sharing="between"
    )
    rows: list[dict[str, object]] = []
    for count in range(1, check_int("vms", vms, 1, 100) + 1) if isinstance(vms, int) else vms:
        check_int("vms", count, 1, 100)
        vmm_bytes = 32 * MiB
        roomy = Hardware(memory_bytes=2 * count * pages * 4 * KiB + 2 * vmm_bytes, vmm_memory_bytes=vmm_bytes)
        memory = PagedMemory(roomy, profile, check_int("seed", seed, 0, 2**63 - 1))
        for number in range(count):
            memory.add(GuestPages(pages, "Linux", f"VM{number + 1}", mix, used=used))
        for _ in range(seconds):
            memory.step(dict.fromkeys(memory.tenants, active))
        rows.append({"vms": count, "fitted": count in _FITTED, **_shared(memory)})
    return pd.DataFrame(rows)


def _shared(memory: PagedMemory) -> dict[str, float]:
    machine = memory.machine
    mb = machine.page_bytes / MiB
    in_use, pages = int(machine.places[:, MAPPED].sum()), int(machine.shared.sum())
    saved = pages - machine.shared_frames
    zero = (machine.state == SHARED) & (machine.content == 0)
    configured = sum(tenant.guest.pages for tenant in memory.tenants.values())
    return {
        "vm_memory_mb": in_use * mb,
        "shared_mb": pages * mb,
        "reclaimed_mb": saved * mb,
        "zero_mb": int(machine.refs[zero].sum() - zero.sum()) * mb,
        "shared_pct": 100 * pages / max(in_use, 1),
        "reclaimed_pct": 100 * saved / max(in_use, 1),
        "passes": memory.sharing.scanned / configured,
    }
