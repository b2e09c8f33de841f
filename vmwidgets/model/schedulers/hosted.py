"""A hosted VMM: the host OS schedules the threads of VMs beside its own programs, and knows nothing of VMs.

J. Sugerman, G. Venkitachalam, B.-H. Lim, USENIX ATC 2001: the host OS schedules the VM. Each vCPU is a thread with the
weight of its nice value, and so is each thread of a host program: a VM with more vCPUs, and a user who starts more
programs, get more. Shares and reservations of a VM do nothing. The one control is an execution cap (VirtualBox manual,
``--cpuexecutioncap``), which the VMM keeps itself by sleeping.
"""

from vmwidgets.model.schedulers.eevdf import Eevdf
from vmwidgets.model.schedulers.linux import nice_weight


class Hosted(Eevdf):
    """A Linux host (EEVDF).

    Parameters
    ----------
    vm_nice, program_nice
        Nice value of the threads of VMs and of host programs.
    hz, tunables_scale
        See :class:`vmwidgets.model.schedulers.linux.FairQueues`.
    """

    def __init__(
        self, vm_nice: int = 0, program_nice: int = 0, hz: int = 250, tunables_scale: int | None = None
    ) -> None:
        super().__init__(hz, tunables_scale)
        self.vm_load, self.program_load = nice_weight(vm_nice), nice_weight(program_nice)

    def loads(self) -> list[int]:
        """Return the weight of each thread."""
        return [self.program_load if v.guest.is_host_program else self.vm_load for v in self.sim.vcpus]
