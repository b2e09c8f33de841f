"""A noisy neighbour on the processor: a VM with many vCPUs, all of which compute."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

NOISY_CPU = Attack(
    id="noisy_cpu",
    title=said("a neighbour with many busy vCPUs"),
    code="""
again:                          ; compute on all vCPUs, and never halt
    jmp again
""",
    goal="starved",
    placement=Placement(scheduled=True, vcpus=4),
    family="V6",
    number=15,
    like="Matthews et al. 2007",
    hints=(
        said("To whom does the scheduler give turns, to VMs or to vCPUs?"),
        said("Compare what your VM gets with the share of a VM, not with that of a vCPU."),
        said("Just compute on all vCPUs. Where a share counts for each vCPU you get four of them."),
    ),
)
"""Takes a turn for each of its vCPUs."""
