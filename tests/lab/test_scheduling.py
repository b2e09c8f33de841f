"""The settings of the scheduler: a command like any other."""

import json

import pytest

import vmwidgets as vm
from vmwidgets import experiment_file
from vmwidgets.commands import SetScheduler
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.scheduling import Scheduling


@pytest.fixture
def lab():
    made = vm.Lab(seed=3)
    made.create_vm("thief", workload="tick_thief")
    return made


def test_a_change_is_logged_and_counts_for_the_digest(lab):
    before = lab.digest()
    lab.set_scheduler(algorithm="credit2", slice_ms=5)
    assert lab.scheduling == Scheduling(algorithm="credit2", slice_ms=5)
    assert lab.log[-1] == SetScheduler((("algorithm", "credit2"), ("slice_ms", 5)))
    assert lab.digest() != before
    lab.undo()
    assert (lab.scheduling, lab.digest()) == (Scheduling(), before)
    lab.redo()
    assert lab.scheduling.algorithm == "credit2"
    assert lab.replay().digest() == lab.digest()


def test_it_is_saved_and_loaded(lab, tmp_path):
    lab.set_scheduler(beside="eevdf", accounting="sampled", window_s=60)
    lab.save(tmp_path / "lab.jsonl")
    loaded = vm.Lab.open(tmp_path / "lab.jsonl")
    assert (loaded.scheduling, loaded.log, loaded.digest()) == (lab.scheduling, lab.log, lab.digest())


def test_a_file_from_before_still_loads(lab):
    setup, log = experiment_file.load(lab.text())
    assert not any(isinstance(command, SetScheduler) for command in log)
    host = setup.host()
    log[0].apply(host)
    assert host.scheduling == Scheduling()


def test_time_and_entitlements_do_not_depend_on_it(lab):
    other = lab.replay()
    other.set_scheduler(algorithm="round_robin", switch_cost_us=500)
    assert lab.forecast(5).values.tolist() == other.forecast(5).values.tolist()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"algorithm": "fair"}, "algorithm is 'fair', expected one of round_robin, "),
        ({"beside": 1}, "beside is 1, expected one of "),
        ({"algorithm": ""}, "algorithm is '', expected one of round_robin, "),
        ({"algorithm": ["credit"]}, "algorithm is ['credit'], expected one of round_robin, "),
        ({"accounting": "exact"}, "accounting is 'exact', expected one of precise, sampled, xen_today"),
        ({"slice_ms": -1}, "slice_ms is -1, expected a whole number from 0 to 1000"),
        ({"slice_ms": 2.5}, "slice_ms is 2.5, expected a whole number from 0 to 1000"),
        ({"switch_cost_us": 10_001}, "switch_cost_us is 10001, expected a whole number from 0 to 10000"),
        ({"threads_per_core": 5}, "threads_per_core is 5, expected a whole number from 1 to 4"),
        ({"threads_per_core": 3}, "4 pcpus do not make whole cores of 3 threads"),
        ({"host_programs": -1}, "host_programs is -1, expected a whole number from 0 to 32"),
        ({"beside": "credit"}, "beside is credit as well, expected another scheduler or none"),
        ({"window_s": 61}, "window_s is 61, expected a whole number from 1 to 60"),
        ({"window_s": True}, "window_s is True, expected a whole number from 1 to 60"),
        ({"quantum": 1}, "'quantum' is not a setting of the scheduler, expected one of algorithm, beside, "),
    ],
)
def test_what_is_refused_changes_nothing(lab, wrong, told):
    before = lab.digest(), lab.log
    with pytest.raises(VmwidgetsError) as refused:
        lab.set_scheduler(**{"slice_ms": 7} | wrong)
    assert str(refused.value).startswith(told)
    assert (lab.digest(), lab.log) == before


@pytest.mark.parametrize("changes", [[], {"slice_ms": "5"}, {"slice_ms": None}, {"window": 1}, {"beside": {}}])
def test_a_damaged_line_names_itself(lab, changes, tmp_path):
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text(lab.text() + json.dumps({"command": "set_scheduler", "changes": changes}) + "\n")
    with pytest.raises(VmwidgetsError, match=r"^line 3: (changes is|slice_ms is|'window' is|beside is)"):
        vm.Lab.open(damaged)


def test_what_has_not_changed_is_not_run_again(lab):
    lab.create_vm("victim", workload="cpu_burner")
    lab.set_scheduler(beside="credit2", window_s=1)
    runs = lab.quantum_runs()
    assert [run.algorithm for run in runs] == ["credit", "credit2"]
    lab.advance(3)
    lab.set_scheduler(window_s=1)
    assert lab.quantum_runs() == runs, "a run is equal only to itself"
    lab.set_scheduler(beside="eevdf")
    assert lab.quantum_runs()[0] is runs[0]
    lab.configure("victim", cpu_shares=2000)
    assert lab.quantum_runs()[0] is not runs[0]
    lab.destroy_vm("victim")
    lab.destroy_vm("thief")
    assert lab.quantum_runs() == ()
