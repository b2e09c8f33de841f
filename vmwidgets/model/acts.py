"""What can go wrong below and beside VMs: generic acts on layers, found by duty, kind and privilege."""

from collections.abc import Callable
from dataclasses import dataclass

from vmwidgets.model.layers import Layer, Layers
from vmwidgets.model.words import said

Find = Callable[[Layers], tuple[Layer, ...]]
HOWS = ("fault", "stop", "sleep", "bomb", "memory", "exhaust")
"""What is done to the layers: they crash; they are stopped in good order, and perhaps started again; the machine that
they own goes to sleep; their programs take processor time; take memory; take more than there is."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that goes wrong.

    Parameters
    ----------
    id, name
        Its key in :data:`FAILURES`, and what happens (an English text, a key of the catalogues).
    how
        One of :data:`HOWS`.
    find
        Which layers it hits; none: it cannot happen in this stack.
    absent
        Why it cannot, where it cannot, with the field ``{stack}``.
    ends_session
        Whether it is the end of a session, and so of all that belongs to it; else it hits what one VM has for itself.
    """

    id: str
    name: str
    how: str
    find: Find
    absent: str
    ends_session: bool = False


def host_oses(layers: Layers) -> tuple[Layer, ...]:
    """Return the kernel of the OS on the machine itself, if there is one."""
    return tuple(one for one in layers if one.kind == "kernel" and one.privilege == "kernel" and not one.per_vm)


def domains(layers: Layers) -> tuple[Layer, ...]:
    """Return the kernels above a VMM that are no customer's: management and driver domains."""
    return tuple(one for one in layers if one.kind == "kernel" and one.privilege == "guest_kernel" and not one.per_vm)


def of_kernel(layers: Layers, kernel: Layer, *duties: str) -> tuple[Layer, ...]:
    """Return a kernel, what is inside it and what runs on it, as far as they have one of the duties."""
    near = [one for one in layers if kernel.id in (one.id, one.inside, one.on)]
    return tuple(one for one in near if set(duties) & one.duties)


def own_programs(layers: Layers, kernel: Layer) -> tuple[Layer, ...]:
    """Return the programs of an OS that belong to no VM."""
    return tuple(one for one in layers if one.on == kernel.id and one.kind == "program" and not one.per_vm)


def kernel_of_guest(layers: Layers) -> Layer:
    """Return the kernel that the customer's applications run on."""
    return next(one for one in layers.under("guest_apps") if one.kind == "kernel")


def _guests_kernel(layers: Layers) -> tuple[Layer, ...]:
    return (kernel_of_guest(layers),) if "guest_apps" in layers else ()


def _vm_processes(layers: Layers) -> tuple[Layer, ...]:
    return tuple(one for one in layers if one.per_vm and one.kind == "program" and one.id != "guest_apps")


def _vmms(layers: Layers) -> tuple[Layer, ...]:
    vmms = [one for one in layers if one.kind == "vmm"]
    return tuple(one for one in vmms if not one.per_vm) or tuple(vmms)


def _management(layers: Layers) -> tuple[Layer, ...]:
    kernels = domains(layers)
    managing = tuple(one for one in kernels if of_kernel(layers, one, "manages"))
    return managing or tuple(one for one in kernels if not of_kernel(layers, one, "drives"))


def _driver_domains(layers: Layers) -> tuple[Layer, ...]:
    management = _management(layers)
    return tuple(one for one in domains(layers) if one not in management and of_kernel(layers, one, "drives", "serves"))


def _restarted(layers: Layers) -> tuple[Layer, ...]:
    return host_oses(layers) or _management(layers)


def _sleepers(layers: Layers) -> tuple[Layer, ...]:
    return tuple(one for one in (*host_oses(layers), *domains(layers)) if of_kernel(layers, one, "drives"))


def _sessions(layers: Layers) -> tuple[Layer, ...]:
    return tuple(one for one in layers if one.session)


def _with_programs(layers: Layers) -> tuple[Layer, ...]:
    return tuple(one for one in (*host_oses(layers), *domains(layers)) if own_programs(layers, one))


def _lenders(layers: Layers) -> tuple[Layer, ...]:
    return tuple(one for one in (*host_oses(layers), *domains(layers)) if "reclaims" in one.duties)


def _managers(layers: Layers) -> tuple[Layer, ...]:
    return tuple(one for one in layers if one.kind == "program" and "manages" in one.duties)


FAILURES = {
    failure.id: failure
    for failure in (
        Failure(
            "guest_panic", said("the kernel under the customer's applications panics"), "fault", _guests_kernel,
            said("{stack} runs no customer's applications"),
        ),
        Failure(
            "vmm_killed", said("the process of the VM is killed"), "stop", _vm_processes,
            said("{stack} has no process for each VM"),
        ),
        Failure("vmm_crash", said("the VMM crashes"), "fault", _vmms, said("{stack} has no VMM")),
        Failure(
            "host_crash", said("the kernel of the host OS crashes"), "fault", host_oses,
            said("{stack} has no OS on the machine itself: what crashes there is the VMM"),
        ),
        Failure(
            "management_crash", said("the kernel of the management domain crashes"), "fault", _management,
            said("{stack} has no domain with an OS that manages it"),
        ),
        Failure(
            "driver_domain_crash", said("a driver domain crashes"), "fault", _driver_domains,
            said("{stack} keeps its drivers in no domain of their own"),
        ),
        Failure(
            "manager_restart", said("the management service is restarted"), "stop", _managers,
            said("{stack} has no management service"),
        ),
        Failure(
            "host_update", said("an update restarts the OS beside or below the VMs, which nobody has saved"), "stop",
            _restarted,
            said("{stack} has no OS beside or below the VMs: only an update of the VMM itself restarts the machine"),
        ),
        Failure(
            "host_sleep", said("the OS that owns the drivers puts the machine to sleep"), "sleep", _sleepers,
            said("no OS of {stack} owns the drivers, and so none puts the machine to sleep"),
        ),
        Failure(
            "logout", said("the user at the desktop logs out"), "stop", _sessions,
            said("nothing of {stack} belongs to the session of a user"), ends_session=True,
        ),
        Failure(
            "fork_bomb", said("a fork bomb goes off among the programs beside the VMs"), "bomb", _with_programs,
            said("{stack} has no OS beside the VMs in which a fork bomb could be started"),
        ),
        Failure(
            "host_pressure", said("the programs beside the VMs want as much memory as there is"), "memory", _lenders,
            said("no OS of {stack} may take memory from VMs to give it to its programs"),
        ),
        Failure(
            "host_oom", said("the programs beside the VMs take memory until none is left, nor swap space"), "exhaust",
            _lenders, said("no OS of {stack} may take memory from VMs to give it to its programs"),
        ),
    )
}  # fmt: skip
"""All failures by id."""
