"""Microsoft Hyper-V."""

from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung

MEMORY = MemoryProfile(
    id="hyperv",
    name="Hyper-V",
    # Dynamic Memory moves balloons all the time, however much is free.
    ladder=Ladder((Rung("dynamic", 0, frozenset({"balloon"})),)),
    targets="dynamic",
    buffer_permille=200,  # Microsoft, Set-VMMemory reference: buffer of 20 %, settable from 5 to 2000
    sharing="off",  # Dynamic Memory has none
    host_swap=False,  # assumption: a running VM is not paged by the host, its guest pages itself
    zero_on_allocate=True,  # assumption
    rebalance_s=1,  # assumption: a demand is followed within seconds
)
"""Memory management of Hyper-V with Dynamic Memory."""
