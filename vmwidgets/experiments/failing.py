"""Stacks on their way up and down: boot lines, failures, and what a guest does to its kernel."""

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.locale import gettext as _
from vmwidgets.model.acts import FAILURES
from vmwidgets.model.boot import boot
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.failures import Outcome, fail
from vmwidgets.model.falling import Reason
from vmwidgets.model.kernel_acts import Act, LoadModule, Panic, Rebuild, Replace, SetParameter, WriteOutside
from vmwidgets.model.own_kernel import HOST, Bench
from vmwidgets.model.units import MiB
from vmwidgets.model.vm import VM, GuestKernel
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import get

if TYPE_CHECKING:
    import pandas as pd

ACTS: dict[str, Act] = {
    "parameter": SetParameter("vm.swappiness", 10),
    "namespaced_parameter": SetParameter("net.ipv4.ip_forward", 1),
    "module": LoadModule("wireguard"),
    "tick": Rebuild(tick_hz=1000),
    "page_size": Rebuild(page_bytes=65_536),
    "replace": Replace(GuestKernel("Linux 6.12", tick_hz=100)),
    "panic": Panic(),
    "write_outside": WriteOutside(),
}
"""What can be done to a kernel, by name."""


_DRILL = ["stack", "failure", "possible", "vm", "state", "cpu_pct", "io_pct", "memory_pct", "why", "assumed"]
_ACTED = ["act", "pane", "changed", "frames", "refused"]


def reason_text(reason: Reason) -> str:
    """Return a link of a chain as a sentence in the reader's language."""
    return _(reason.text).format(layer=_(reason.layer.name), of=_(reason.of.name))


def why(outcome: Outcome, vm: int) -> tuple[str, ...]:
    """Return why a VM fares as it does, link by link, in the reader's language."""
    if not outcome.exists:
        return (_(outcome.absent).format(stack=_(outcome.stack)),)
    return tuple(reason_text(reason) for reason in outcome.fates[vm].chain)


@experiment(
    source="the layers of each stack, with the sources that its record names; of a hosted VMM under memory pressure"
    " nothing is published, so that is mechanism only"
)
def failure_drill(
    stack: str | Sequence[str] = "kvm",
    failure: str | Sequence[str] | None = None,
    vms: int = 3,
    vcpus: int = 2,
    memory_mb: int = 6144,
    victim: int = 0,
    bomb_threads: int = 64,
) -> "pd.DataFrame":
    """Let things go wrong below and beside VMs, and see who survives.

    Parameters
    ----------
    stack
        Id of a stack, or several.
    failure
        What goes wrong, or several such; left out: everything that can.
    vms, vcpus, memory_mb
        How many VMs there are, with how many vCPUs, which compute all the time, and how much memory in MiB each.
    victim
        The VM that is hit where a failure hits what each VM has for itself: 0 is the first.
    bomb_threads
        Threads of a fork bomb.

    Returns
    -------
    DataFrame
        One row for each VM, failure and stack: ``stack``, ``failure``, ``possible`` (whether it can happen there),
        ``vm``, ``state``, ``cpu_pct`` and ``io_pct`` (its speed, of that before), ``memory_pct`` (how much of its
        memory keeps a frame; what that does to its speed is not published), ``why`` (the chain of layers), ``assumed``
        (whether a link of it is an assumption). What is not published is missing.
    """
    import pandas as pd

    check_int("vms", vms, 1, 26)
    work = Workload("cpu_burner")
    machines = [
        VM(
            chr(ord("A") + i),
            vcpus=vcpus,
            memory_bytes=check_int("memory_mb", memory_mb, 4, 2**24) * MiB,
            workload=work,
        )
        for i in range(vms)
    ]
    rows: list[dict[str, object]] = []
    for record in [get(stack)] if isinstance(stack, str) else [get(one) for one in stack]:
        for name in FAILURES if failure is None else [failure] if isinstance(failure, str) else failure:
            outcome = fail(record, name, machines, victim=victim, bomb_threads=bomb_threads)
            for i, fate in enumerate(outcome.fates):
                known = fate.state != "not_published"
                speeds = (fate.cpu_permille, fate.io_permille, fate.memory_permille)
                cpu, io, memory = (permille / 10 if known else nan for permille in speeds)
                rows.append(
                    {
                        "stack": record.id,
                        "failure": name,
                        "possible": outcome.exists,
                        "vm": fate.vm,
                        "state": fate.state,
                        "cpu_pct": cpu,
                        "io_pct": io,
                        "memory_pct": memory,
                        "why": "; ".join(why(outcome, i)),
                        "assumed": fate.assumed,
                    }
                )
    return pd.DataFrame(rows, columns=_DRILL)


@experiment(source="the boot stages of each stack, with the sources that its record names")
def boot_line(
    stack: str = "kvm",
    order: Sequence[str] | None = None,
    broken: Sequence[str] = (),
    without: Sequence[str] = (),
) -> "pd.DataFrame":
    """Power a machine on and see how far it comes.

    Parameters
    ----------
    stack
        Id of a stack.
    order
        Ids of stages in the order to try; left out: as they should be.
    broken, without
        Stages that fail, and stages that are left out.

    Returns
    -------
    DataFrame
        One row for each stage of the line: ``stage``, ``state`` (``done``, ``failed``, ``unreached``), ``because`` (the
        stage that it missed), ``symptom`` (what a person at the machine sees), ``runs`` (whether a layer of that name
        runs in the end) and ``on`` (what that layer then runs on).
    """
    import pandas as pd

    record = get(stack)
    known = [stage.id for stage in record.boot]
    for id in without:
        if id not in known:
            raise VmwidgetsError(
                "there is no stage {stage}, expected one of {known}", stage=repr(id)[:60], known=", ".join(known)
            )
    line = [id for id in (known if order is None else order) if id not in without]
    booted = boot(record, line, broken)
    return pd.DataFrame(
        [
            {
                "stage": step.stage.id,
                "state": step.state,
                "because": step.because,
                "symptom": _(step.symptom) if step.symptom else "",
                "runs": step.stage.id in booted.layers,
                "on": booted.layers[step.stage.id].on if step.stage.id in booted.layers else "",
            }
            for step in booted.steps
        ],
        columns=["stage", "state", "because", "symptom", "runs", "on"],
    )


@experiment(source="Linux, admin-guide/sysctl; Docker, Runtime privilege and Linux capabilities")
def own_kernel(
    stack: str = "kvm", act: str | Sequence[str] | None = None, privileged: bool | None = None
) -> "pd.DataFrame":
    """Let the administrator of guest A do something to the kernel, and compare all panes before and after.

    Parameters
    ----------
    stack
        Id of a stack; its layers say whose kernel that is.
    act
        ``"parameter"``, ``"namespaced_parameter"``, ``"module"``, ``"tick"``, ``"page_size"``, ``"replace"``,
        ``"panic"``, ``"write_outside"``, or several; each is done to guests that have just been booted. Left out: all.
    privileged
        Whether guests without a kernel of their own are privileged containers; left out: as the stack has it.

    Returns
    -------
    DataFrame
        One row for each act and pane (A, B, host): ``act``, ``pane``, ``changed`` (what is different there), ``frames``
        (how many machine frames of that pane's owner have been written) and ``refused`` (why, if it was).
    """
    import pandas as pd

    rows: list[dict[str, object]] = []
    for name in ACTS if act is None else [act] if isinstance(act, str) else act:
        if name not in ACTS:
            raise VmwidgetsError(
                "there is no act {name}, expected one of {known}", name=repr(name)[:60], known=", ".join(ACTS)
            )
        bench = Bench(get(stack), privileged=privileged)
        done = bench.act("A", ACTS[name])
        for pane in (*bench.guests, HOST):
            seen = [f"{one.what}: {one.before} → {one.after}" for one in done.changes if one.pane == pane]
            rows.append(
                {
                    "act": name,
                    "pane": pane,
                    "changed": "; ".join(seen),
                    "frames": sum(bench.owner[frame] == pane for frame in done.frames),
                    "refused": _(done.refused).format(guest="A") if done.refused else "",
                }
            )
    return pd.DataFrame(rows, columns=_ACTED)
