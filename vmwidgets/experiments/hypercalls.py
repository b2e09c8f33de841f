"""The price of a hypercall does not decide: what a transaction costs on KVM and on Xen, on the same ARM machine."""

from collections.abc import Sequence
from math import inf, nan
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.experiments.rows import as_number, as_numbers
from vmwidgets.model.costs import figure
from vmwidgets.stacks.kvm import KVM
from vmwidgets.stacks.papers import DALL
from vmwidgets.stacks.xen import XEN

if TYPE_CHECKING:
    import pandas as pd

KVM_ARM, XEN_ARM = (figure(stack.costs, "hypercall", DALL.cpu).cycles for stack in (KVM, XEN))
"""Cycles of a hypercall that does nothing, on ARM."""


@experiment(
    source=f"{DALL.source}, Table II, hypercalls, as quoted by the first author, Linaro blog, 2016-06-16",
    predicted="how dear Xen's I/O path must be for KVM to win",
)
def hypercall_versus_io(
    hypercalls: float = 10,
    io_operations: float | Sequence[float] = (0, 1, 2, 4, 8, 16),
    dom0_cycles: float = 20_000,
    work_cycles: float = 0,
    kvm_hypercall_cycles: float = KVM_ARM,
    xen_hypercall_cycles: float = XEN_ARM,
) -> "pd.DataFrame":
    """Compare transactions of more and more I/O on a VMM with dear hypercalls and on one with a long way to its driver.

    An I/O operation leaves the guest once, at the price of a hypercall (an assumption). KVM's driver then runs where
    the guest left off. Xen's runs in Dom0, which has to be scheduled first, and data is copied or its page granted.

    Parameters
    ----------
    hypercalls, io_operations
        Events per transaction, as a mean; of I/O operations one number or a list.
    dom0_cycles
        What an I/O operation costs more on Xen after it left the guest: scheduling Dom0, grant and copy. Not published
        in the source as a number: the default is an assumption. The break-even of each row does not depend on it.
    work_cycles
        All that costs the same on both, per transaction.
    kvm_hypercall_cycles, xen_hypercall_cycles
        Price of a hypercall. On x86 that of either VMM is more than three times Xen's on ARM; no number is published.

    Returns
    -------
    DataFrame
        One row per number of I/O operations: ``io_operations``, ``kvm_cycles`` and ``xen_cycles`` of a transaction,
        ``kvm_over_xen``, ``winner`` (``"kvm"``, ``"xen"`` or ``"tie"``), ``break_even_cycles`` (from what
        ``dom0_cycles`` on KVM wins; infinite without I/O).
    """
    import pandas as pd

    calls = as_number("hypercalls", hypercalls)
    longer, work = as_number("dom0_cycles", dom0_cycles), as_number("work_cycles", work_cycles)
    kvm_call = as_number("kvm_hypercall_cycles", kvm_hypercall_cycles)
    xen_call = as_number("xen_hypercall_cycles", xen_hypercall_cycles)
    rows: list[dict[str, object]] = []
    for operations in as_numbers("io_operations", io_operations):
        exits = calls + operations
        kvm = work + exits * kvm_call
        xen = work + exits * xen_call + operations * longer
        rows.append(
            {
                "io_operations": operations,
                "kvm_cycles": kvm,
                "xen_cycles": xen,
                "kvm_over_xen": kvm / xen if xen else nan,
                "winner": "kvm" if kvm < xen else "xen" if xen < kvm else "tie",
                "break_even_cycles": exits * (kvm_call - xen_call) / operations if operations else inf,
            }
        )
    return pd.DataFrame(rows)
