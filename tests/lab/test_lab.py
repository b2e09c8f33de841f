"""The lab: one gate, one log; undo, replay and files bring back the same state, bit for bit."""

import os

import pytest

import vmwidgets as vm
from vmwidgets import commands, experiment_file, saving
from vmwidgets.commands import Advance, CreateVM, DestroyVM
from vmwidgets.model.errors import AdmissionError, VmwidgetsError


@pytest.fixture
def lab():
    lab = vm.Lab(seed=7)
    lab.create_vm("A", workload="web")
    lab.create_vm("B", vcpus=2, workload="database")
    return lab


def state(lab):
    return lab.digest(), lab.log, lab.vms, lab.tick, lab.can_undo, lab.can_redo, lab.text(), repr(lab)


# ------------------------------------------------------------------------------------------------------------ commands
def test_each_command_does_what_it_says(lab):
    assert lab.vm("B").workload == vm.Workload("database")
    lab.configure("A", name="web", vcpus=2, cpu_limit_mhz=500)
    assert lab.vm("web").vcpus == 2
    lab.set_workload("web", vm.Workload("constant", cpu_permille=700))
    assert lab.advance(10).of("web")["cpu_used_khz"] == 500_000
    lab.destroy_vm("B")
    assert [one.name for one in lab.vms] == ["web"]
    assert [command.kind for command in lab.log] == [
        *("create_vm", "create_vm", "configure", "set_workload", "advance", "destroy_vm"),
    ]
    assert repr(lab) == "<Lab neutral: 1 VM, tick 10>"


def test_a_clone_is_a_machine_of_its_own(lab):
    lab.clone_vm("B", "C")
    assert lab.vm("C") == lab.vm("B").named("C")
    assert lab.vm("C").stream == "C"
    assert len(lab.log) == 3


def test_a_new_name_keeps_the_random_numbers(lab):
    before = lab.advance(5).of("A")
    lab.configure("A", name="Z")
    assert lab.snapshot.of("Z") == before


def test_ticks_in_a_row_are_one_command(lab):
    for _ in range(5):
        lab.advance(3)
    assert lab.log[2:] == (Advance(15),)
    lab.configure("A", vcpus=2)
    lab.advance()
    assert lab.log[-1] == Advance(1)


def test_ticks_that_are_too_many_for_one_command_make_two(lab):
    lab.destroy_vm("A")
    lab.destroy_vm("B")
    lab.advance(99_999)
    lab.advance(2)
    assert lab.log[-2:] == (Advance(99_999), Advance(2))
    assert lab.replay().digest() == lab.digest()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda lab: lab.create_vm("A"), "there is a VM A already"),
        (lambda lab: lab.create_vm("C", vcpu=1), "'vcpu' is not a setting of a VM, expected one of "),
        (lambda lab: lab.create_vm("C", vcpus=1.0), "vcpus is 1.0, expected a whole number from 1 to 256"),
        (lambda lab: lab.create_vm("C", vcpus=5), "C has 5 vCPUs, the host has 4 pCPUs: 1 too many"),
        (lambda lab: lab.create_vm("C", workload="play"), "workload is 'play', expected one of idle, "),
        (lambda lab: lab.create_vm(5), "name is 5, expected 1 to 40 printable characters"),
        (lambda lab: lab.clone_vm("A", "B"), "there is a VM B already"),
        (lambda lab: lab.clone_vm("C", "D"), "there is no VM 'C'"),
        (lambda lab: lab.destroy_vm("C"), "there is no VM 'C'"),
        (lambda lab: lab.destroy_vm(None), "there is no VM None"),
        (lambda lab: lab.configure("C", vcpus=2), "there is no VM 'C'"),
        (lambda lab: lab.configure("A", name="B"), "there is a VM B already"),
        (lambda lab: lab.configure("A", vcpus=2, cpu_reservation_mhz=9000), "A reserves 9000 MHz"),
        (lambda lab: lab.set_workload("A", 5), "workload is 5, expected a Workload"),
        (lambda lab: lab.advance("3"), "ticks is '3', expected a whole number from 1 to 100000"),
        (lambda lab: lab.advance(1.0), "ticks is 1.0, expected a whole number from 1 to 100000"),
        (lambda lab: lab.advance(0), "ticks is 0, expected a whole number from 1 to 100000"),
        (lambda lab: lab.do("advance"), "'advance' is not a command"),
        (lambda lab: lab.save("missing/x.jsonl"), "missing/x.jsonl cannot be written: No such file"),
        (lambda lab: lab.load("missing.jsonl"), "there is no file missing.jsonl"),
        (lambda lab: lab.save(None), "path is None, expected the name of a file"),
        (lambda lab: lab.load(b"mine.jsonl"), "path is b'mine.jsonl', expected the name of a file"),
        (lambda lab: lab.load("mine\0.jsonl"), "path is 'mine\\x00.jsonl', expected the name of a file"),
        (lambda lab: lab.restore(None), "log is None, expected a list"),
        (lambda lab: lab.restore(["advance"]), "'advance' is not a command"),
        (lambda lab: lab.set_stack(5), "stack is 5, expected one of neutral, "),
        (lambda lab: type(lab)(hardware=4), "hardware is 4, expected a Hardware"),
        (lambda lab: type(lab)(memory=["esxi"]), "memory is ['esxi'], expected one of neutral, "),
        (lambda lab: lab.forecast(0), "ticks is 0, expected a whole number from 1 to 1024"),
        (lambda lab: lab.forecast(1025), "ticks is 1025, expected a whole number from 1 to 1024"),
    ],
)
def test_what_is_refused_changes_nothing(lab, wrong, told):
    lab.advance(3)
    lab.configure("A", cpu_shares=2000)
    lab.undo()
    told_to = []
    lab.subscribe(told_to.append)
    before = state(lab)
    with pytest.raises(VmwidgetsError) as error:
        wrong(lab)
    assert str(error.value).startswith(told)
    assert state(lab) == before
    assert told_to == []


def test_admission_is_refused_with_its_own_error(lab):
    with pytest.raises(AdmissionError):
        lab.create_vm("C", memory_bytes=vm.GiB * 64, memory_reservation_bytes=64 * vm.GiB)


def test_what_grows_is_bounded(lab, monkeypatch):
    monkeypatch.setattr(commands, "MAX_COMMANDS", 4)
    lab.advance()
    lab.configure("A", vcpus=2)
    with pytest.raises(VmwidgetsError, match="the log holds 4 commands, and that is the most it takes"):
        lab.advance()
    monkeypatch.undo()
    monkeypatch.setattr(saving, "MAX_TICKS", 5)
    lab.advance(4)
    with pytest.raises(VmwidgetsError, match="a lab lasts 5 ticks, and 5 have passed"):
        lab.advance()


# --------------------------------------------------------------------------------------------------------- undo, redo
def test_undo_and_redo_walk_through_the_log(lab):
    states = [vm.Lab(seed=7).digest()]
    fresh = vm.Lab(seed=7)
    actions = [
        lambda x: x.create_vm("A", workload="web"),
        lambda x: x.advance(50),
        lambda x: x.create_vm("B", workload="batch"),
        lambda x: x.configure("A", name="C", memory_bytes=3 * vm.GiB),
        lambda x: x.advance(20),
        lambda x: x.destroy_vm("B"),
    ]
    for action in actions:
        action(fresh)
        states.append(fresh.digest())
    for digest in states[-2::-1]:
        fresh.undo()
        assert fresh.digest() == digest
    assert (fresh.can_undo, fresh.can_redo) == (False, True)
    for digest in states[1:]:
        fresh.redo()
        assert fresh.digest() == digest
    assert (fresh.can_undo, fresh.can_redo) == (True, False)


def test_a_new_command_forgets_what_was_undone(lab):
    lab.undo()
    lab.create_vm("C")
    assert not lab.can_redo
    with pytest.raises(VmwidgetsError, match="there is nothing to redo"):
        lab.redo()


def test_nothing_to_undo():
    with pytest.raises(VmwidgetsError, match="there is nothing to undo"):
        vm.Lab().undo()


def test_undo_takes_ticks_back_from_the_history(lab):
    lab.advance(5)
    lab.configure("A", vcpus=2)
    lab.advance(7)
    lab.undo()
    assert (lab.tick, lab.recorded.last_tick, len(lab.history())) == (5, 4, 10)


def test_undo_across_many_checkpoints(lab):
    digests = []
    for index in range(140):  # more than four checkpoints reach back
        digests.append(lab.digest())
        if index % 3:
            lab.configure("A", cpu_shares=1 + index)
        else:
            lab.advance()
    for digest in reversed(digests):
        lab.undo()
        assert lab.digest() == digest


def test_going_back_to_an_earlier_log(lab):
    log, before = lab.log, lab.digest()
    lab.advance(5)
    lab.destroy_vm("A")
    lab.restore(log)
    assert (lab.digest(), lab.log) == (before, log)


def test_what_came_after_an_earlier_log_can_be_done_again(lab):
    lab.advance(5)
    log = lab.log
    lab.advance(4)
    lab.destroy_vm("A")
    now, digest = lab.log, lab.digest()
    lab.create_vm("C")
    lab.undo()
    for _twice in range(2):
        lab.restore(log)
        assert lab.tick == 5
        lab.redo()
        lab.redo()
        assert (lab.log, lab.digest()) == (now, digest)
    lab.redo()
    assert [one.name for one in lab.vms] == ["B", "C"]
    lab.undo()
    lab.restore((*log[:-1], Advance(50)))
    assert not lab.can_redo, "a log of another history"


# --------------------------------------------------------------------------------------------------------- subscribers
def test_one_notification_per_command(lab):
    heard = []
    leave = lab.subscribe(lambda told: heard.append(told.tick))
    lab.advance(3)
    lab.undo()
    lab.redo()
    lab.restore(lab.log)
    assert heard == [3, 0, 3, 3]
    leave()
    leave()
    lab.advance()
    assert len(heard) == 4


def test_a_view_that_fails_neither_vanishes_nor_stops_the_others(lab):
    heard = []
    lab.subscribe(lambda told: 1 / 0)
    lab.subscribe(lambda told: heard.append(told.tick))
    with pytest.raises(ExceptionGroup, match="the command itself was carried out") as error:
        lab.advance(2)
    assert [type(one) for one in error.value.exceptions] == [ZeroDivisionError]
    assert (heard, lab.tick) == ([2], 2)


def test_a_subscriber_may_give_a_command(lab):
    heard = []

    def react(told):
        heard.append(told.tick)
        if told.tick < 3:
            told.advance()

    lab.subscribe(react)
    lab.advance()
    assert heard == [1, 2, 3]


# -------------------------------------------------------------------------------------------------- forecast, history
def test_a_forecast_comes_true_and_changes_nothing(lab):
    lab.advance(10)
    before = state(lab)
    coming = lab.forecast(30)
    assert state(lab) == before
    lab.advance(30)
    for metric in ("cpu_used_khz", "memory_used_bytes", "latency_us"):
        rows = lab.history()[["tick", "vm", metric]].pivot(index="vm", columns="tick", values=metric)
        assert (rows.loc[list(coming.names), 10:].to_numpy() == coming.column(metric)[:, :30]).all()


def test_history_has_a_row_per_tick_and_vm(lab):
    assert lab.history().empty
    lab.advance(2)
    lab.destroy_vm("A")
    lab.advance(1)
    table = lab.history()
    assert list(zip(table["tick"], table["vm"], strict=True)) == [(0, "A"), (0, "B"), (1, "A"), (1, "B"), (2, "B")]
    assert table["cpu_used_khz"].dtype == "int64"


# --------------------------------------------------------------------------------------------------------------- files
def test_save_and_load(lab, tmp_path):
    lab.advance(30)
    lab.configure("A", cpu_limit_mhz=700)
    path = tmp_path / "mine.jsonl"
    lab.save(path)
    assert path.read_text(encoding="utf-8") == lab.text()
    (tmp_path / "ordinary").touch()
    assert path.stat().st_mode == (tmp_path / "ordinary").stat().st_mode
    assert vm.Lab.open(path).digest() == lab.digest() == lab.replay().digest()
    other = vm.Lab(seed=9, hardware=vm.Hardware(pcpus=1))
    heard = []
    other.subscribe(heard.append)
    other.load(path)
    assert (other.digest(), other.log, other.seed, other.hardware.pcpus) == (lab.digest(), lab.log, 7, 4)
    assert heard == [other]
    assert not other.can_redo


def test_saving_replaces_the_file_whole_or_not_at_all(lab, tmp_path, monkeypatch):
    path = tmp_path / "mine.jsonl"
    path.write_text("before")

    def no_room(source, target):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", no_room)
        with pytest.raises(VmwidgetsError, match=r"mine\.jsonl cannot be written: No space left on device"):
            lab.save(path)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["mine.jsonl"]
    lab.save(path)
    assert os.listdir(tmp_path) == ["mine.jsonl"]


def test_saving_writes_over_a_link_and_not_through_it(lab, tmp_path):
    (tmp_path / "elsewhere").write_text("not mine")
    (tmp_path / "mine.jsonl").symlink_to(tmp_path / "elsewhere")
    lab.save(tmp_path / "mine.jsonl")
    assert (tmp_path / "elsewhere").read_text() == "not mine"


def test_what_could_not_be_loaded_is_not_saved(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(experiment_file, "MAX_BYTES", 100)
    with pytest.raises(VmwidgetsError, match="more than the 100 of a file"):
        lab.save(tmp_path / "mine.jsonl")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (lambda text: text.replace('"schema":1', '"schema":2'), "line 1: the schema is 2, this version reads schema 1"),
        (lambda text: text[:-5], "line 4: this is not a JSON object: "),
        (lambda text: text.replace('"ticks":30', '"ticks":3.5'), "line 4: 3.5 is not a whole number"),
        (lambda text: text + text.splitlines()[1], "line 5: there is a VM A already"),
        (lambda text: text + '{"command":"destroy_vm","vm":"C"}', "line 5: there is no VM 'C'"),
        (lambda text: text.replace('"vcpus":2', '"vcpus":9'), "line 3: B has 9 vCPUs, the host has 4 pCPUs"),
        (lambda text: text + '{"command":"advance","ticks":90}\n' * 3, "line 7: ticks is 300, expected"),
        (lambda text: text.replace('"A"', '"\udcff"'), "line 2: this is not UTF-8"),
    ],
)
def test_a_damaged_file_is_refused_and_leaves_the_lab_as_it_was(lab, tmp_path, monkeypatch, content, told):
    monkeypatch.setattr(saving, "MAX_TICKS", 299)
    lab.advance(30)
    path = tmp_path / "mine.jsonl"
    path.write_bytes(content(lab.text()).encode(errors="surrogateescape"))
    lab.undo()
    before, heard = state(lab), []
    lab.subscribe(heard.append)
    with pytest.raises(VmwidgetsError) as error:
        lab.load(path)
    assert str(error.value).startswith(told)
    assert state(lab) == before
    assert heard == []


def test_a_file_that_is_too_large_is_not_read(lab, tmp_path):
    path = tmp_path / "mine.jsonl"
    with path.open("wb") as file:
        file.truncate(experiment_file.MAX_BYTES + 1)
    with pytest.raises(VmwidgetsError, match="is larger than 8388608 bytes"):
        lab.load(path)


def test_the_same_commands_given_one_by_one(lab):
    again = vm.Lab(seed=7)
    for command in (*lab.log, Advance(2), CreateVM(vm.VM("C")), DestroyVM("A")):
        again.do(command)
    lab.advance()
    lab.advance()
    lab.create_vm("C")
    lab.destroy_vm("A")
    assert again.digest() == lab.digest()


def test_another_seed_is_another_experiment(lab):
    other = vm.Lab(seed=8)
    for command in lab.log:
        other.do(command)
    assert other.digest() != lab.digest()
