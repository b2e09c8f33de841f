"""Labs of memory that several tests look at."""

import vmwidgets as vm

SHORT = {"A": 875, "B": 250, "C": 1000}
"""Working sets that do not fit together, in per mille of 16 GiB."""
FITS = {"A": 375, "B": 250, "C": 625}
MIB_A_PAGE = 8
"""Pages are large: what is looked at is how they are shown, and few are sooner gone through."""


def memory_lab(profile="neutral", active=FITS, ticks=40):
    """Return a lab of three machines of 16 GiB on the course's server, some minutes after they started."""
    lab = vm.Lab(memory=profile, hardware=vm.Hardware(page_bytes=MIB_A_PAGE * vm.MiB), tick_s=5)
    for name, permille in active.items():
        lab.create_vm(name, memory_bytes=16 * vm.GiB, workload=vm.Workload("database", active_permille=permille))
    if ticks:
        lab.advance(ticks)
    return lab


def work(lab, active):
    """Give every machine another working set."""
    for name, permille in active.items():
        lab.set_workload(name, vm.Workload("database", active_permille=permille))
