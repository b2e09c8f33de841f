"""VMs, hardware and workloads refuse what makes no sense, in a sentence."""

import pytest

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.units import GB, GiB
from vmwidgets.model.vm import LIMITS, RANGES, VM
from vmwidgets.model.workload import WORKLOADS, Workload


@pytest.mark.parametrize("setting", sorted(RANGES))
def test_every_setting_has_a_range(setting: str):
    low, high = RANGES[setting]
    for value in (low - 1, high + 1, 1.5, True, "7", float("nan")):
        with pytest.raises(VmwidgetsError, match=setting):
            VM("A", **{setting: value})
    if setting in LIMITS:
        assert getattr(VM("A"), setting) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": " A"}, "expected 1 to 40 printable characters"),
        ({"name": "A\n"}, "printable"),
        ({"name": "x" * 41}, "1 to 40"),
        ({"thin": 1}, "True or False"),
        ({"cpu_reservation_mhz": 10, "cpu_limit_mhz": 9}, "more than the cpu_limit_mhz of 9"),
        ({"memory_reservation_bytes": 3 * GiB}, "more than the memory_bytes"),
        ({"disk_used_bytes": 30 * GB}, "more than the disk_bytes"),
        ({"workload": "web"}, "expected a Workload"),
        ({"colour": 1}, "'colour' is not a setting of a VM"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], words: str):
    with pytest.raises(VmwidgetsError, match=words):
        VM("A").with_changes(**changes)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Workload("wbe"), "workload is 'wbe', expected one of idle"),
        (lambda: Workload("web", speed=1), "has no parameter 'speed'"),
        (lambda: Workload("web", cpu_us=0), "cpu_us is 0"),
        (lambda: Workload("trace"), "has 0 values"),
        (lambda: Workload("trace", values=(101,)), "trace value is 101"),
        (lambda: Workload("web", values=(1,)), "for the workload trace"),
        (lambda: Hardware(pcpus=0), "pcpus is 0"),
        (lambda: Hardware(page_bytes=5000), "a power of two"),
        (lambda: Hardware(memory_bytes=GiB, vmm_memory_bytes=GiB), "less than the memory"),
    ],
)
def test_workloads_and_hardware_check_themselves(call, words: str):
    with pytest.raises(VmwidgetsError, match=words):
        call()


def test_a_changed_name_keeps_the_random_stream():
    assert VM("A").with_changes(name="B").stream == "A"


def test_workloads_compare_and_print():
    assert Workload("web", cpu_us=5) == Workload("web", cpu_us=5) != Workload("web")
    assert repr(Workload("web", cpu_us=5)) == "Workload('web', cpu_us=5)"
    assert {kind.name for kind in WORKLOADS.values()} >= {
        "idle",
        "web",
        "batch",
        "database",
        "memory_hog",
        "cpu_burner",
    }
