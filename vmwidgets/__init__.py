"""vmwidgets: cut one modelled server among virtual machines, live, and see how virtualization works.

The public names load on first use, so that importing the package imports no Jupyter package and no pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmwidgets import chapters, experiments
    from vmwidgets.experiments.comparing import compare
    from vmwidgets.lab import Lab
    from vmwidgets.model.errors import AdmissionError, VmwidgetsError
    from vmwidgets.model.hardware import Hardware
    from vmwidgets.model.host import Host
    from vmwidgets.model.range.attack import Attack
    from vmwidgets.model.snapshot import Snapshot
    from vmwidgets.model.stack import Stack
    from vmwidgets.model.units import GB, GiB, KiB, MiB
    from vmwidgets.model.vm import VM, GuestKernel
    from vmwidgets.model.workload import WORKLOADS, Workload
    from vmwidgets.traces import read_trace, trace_workload
    from vmwidgets.widgets.assignment import Assignment
    from vmwidgets.widgets.attack_lab import AttackLab
    from vmwidgets.widgets.attack_matrix import AttackMatrix
    from vmwidgets.widgets.board import Board
    from vmwidgets.widgets.frame_map import FrameMap
    from vmwidgets.widgets.kernel_bench import KernelBench
    from vmwidgets.widgets.latency_chart import LatencyChart
    from vmwidgets.widgets.lesson import Lesson
    from vmwidgets.widgets.memory_lab import MemoryLab
    from vmwidgets.widgets.page_walk import PageWalk
    from vmwidgets.widgets.scheduler_lab import SchedulerLab
    from vmwidgets.widgets.stack_comparison import StackComparison
    from vmwidgets.widgets.trap_stepper import TrapStepper
    from vmwidgets.widgets.vmm_clock import VmmClock

__version__ = "0.1.0"

_HOME = {
    "AdmissionError": "vmwidgets.model.errors",
    "Assignment": "vmwidgets.widgets.assignment",
    "Attack": "vmwidgets.model.range.attack",
    "AttackLab": "vmwidgets.widgets.attack_lab",
    "AttackMatrix": "vmwidgets.widgets.attack_matrix",
    "Board": "vmwidgets.widgets.board",
    "FrameMap": "vmwidgets.widgets.frame_map",
    "GB": "vmwidgets.model.units",
    "GiB": "vmwidgets.model.units",
    "GuestKernel": "vmwidgets.model.vm",
    "Hardware": "vmwidgets.model.hardware",
    "Host": "vmwidgets.model.host",
    "KernelBench": "vmwidgets.widgets.kernel_bench",
    "KiB": "vmwidgets.model.units",
    "Lab": "vmwidgets.lab",
    "LatencyChart": "vmwidgets.widgets.latency_chart",
    "Lesson": "vmwidgets.widgets.lesson",
    "MemoryLab": "vmwidgets.widgets.memory_lab",
    "MiB": "vmwidgets.model.units",
    "PageWalk": "vmwidgets.widgets.page_walk",
    "SchedulerLab": "vmwidgets.widgets.scheduler_lab",
    "Snapshot": "vmwidgets.model.snapshot",
    "Stack": "vmwidgets.model.stack",
    "StackComparison": "vmwidgets.widgets.stack_comparison",
    "TrapStepper": "vmwidgets.widgets.trap_stepper",
    "VM": "vmwidgets.model.vm",
    "VmmClock": "vmwidgets.widgets.vmm_clock",
    "VmwidgetsError": "vmwidgets.model.errors",
    "WORKLOADS": "vmwidgets.model.workload",
    "Workload": "vmwidgets.model.workload",
    "compare": "vmwidgets.experiments.comparing",
    "read_trace": "vmwidgets.traces",
    "trace_workload": "vmwidgets.traces",
}
_MODULES = ("chapters", "experiments")

__all__ = [
    "GB",
    "VM",
    "WORKLOADS",
    "AdmissionError",
    "Assignment",
    "Attack",
    "AttackLab",
    "AttackMatrix",
    "Board",
    "FrameMap",
    "GiB",
    "GuestKernel",
    "Hardware",
    "Host",
    "KernelBench",
    "KiB",
    "Lab",
    "LatencyChart",
    "Lesson",
    "MemoryLab",
    "MiB",
    "PageWalk",
    "SchedulerLab",
    "Snapshot",
    "Stack",
    "StackComparison",
    "TrapStepper",
    "VmmClock",
    "VmwidgetsError",
    "Workload",
    "chapters",
    "compare",
    "experiments",
    "read_trace",
    "trace_workload",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f"vmwidgets.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'vmwidgets' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
