"""KVM: the hypervisor inside a Linux kernel. A VM is a process, and its memory is ordinary memory of that process."""

from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung

MEMORY = MemoryProfile(
    id="kvm",
    name="KVM",
    # Nobody sets targets for virtio balloons: a host that runs short pages, like any Linux. At how much free memory it
    # begins is an assumption here.
    ladder=Ladder((Rung("enough", 20), Rung("reclaim", 10, frozenset({"swap"})))),
    targets="none",
    sharing="off",  # Linux, admin-guide/mm/ksm.rst: run = 0
    scan_pages_per_s=5000,  # when switched on, same document: pages_to_scan = 100 every sleep_millisecs = 20
    host_swap=True,
    swap_permille=1000,  # assumption: as much swap as memory
    limit_kills=True,  # Linux, admin-guide/cgroup-v2.rst: memory.max ends in the OOM killer inside the cgroup
    host_kills=True,  # a VM is a process (Linux commit 6aa8b732), so the host's OOM killer can choose it
    zero_on_allocate=True,  # anonymous memory of a Linux process begins as zeros
)
"""Memory management of Linux with KVM."""
