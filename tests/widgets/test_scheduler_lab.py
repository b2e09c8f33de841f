import zlib
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

import vmwidgets as vm
from vmwidgets.model.scheduler import RUNNABLE
from vmwidgets.model.scheduling import ALGORITHMS
from vmwidgets.widgets.kit import SLOTS
from vmwidgets.widgets.scheduler_charts import BINS_US, SchedulerCharts
from vmwidgets.widgets.scheduler_controls import ACCOUNTING_NAMES, SchedulerControls
from vmwidgets.widgets.time_line import ACCOUNTS, ALGORITHM_NAMES, TimeLine


@pytest.fixture
def lab():
    made = vm.Lab(seed=1, hardware=vm.Hardware(pcpus=2))
    made.create_vm("thief", workload="tick_thief")
    made.create_vm("web", vcpus=2, workload="web")
    made.create_vm("victim", workload="cpu_burner")
    made.set_scheduler(window_s=1)
    yield made
    assert not made._subscribers, "somebody still listens to the lab"


@pytest.fixture
def line(lab):
    made = TimeLine(lab)
    yield made
    made.close()


@pytest.fixture
def controls(lab):
    made = SchedulerControls(lab)
    yield made
    made.close()


@pytest.fixture
def view(lab):
    made = vm.SchedulerLab(lab)
    yield made
    made.close()


def unpacked(run):
    """The columns start, vCPU, pCPU, state of what the page gets."""
    data, n = run["spans"], run["count"]
    data = zlib.decompress(data) if run["deflated"] else data
    assert len(data) == 8 * n
    where = np.frombuffer(data, "<u2", n, 6 * n)
    starts, vcpus = np.cumsum(np.frombuffer(data, "<u4", n)), np.frombuffer(data, "<u2", n, 4 * n)
    return starts, vcpus, where >> 3, where & 7


def specs(controls):
    state = controls.state
    return {spec["id"]: spec for spec in (*state["first"], *state["rest"], *state["guest"])}


# ------------------------------------------------------------------------------------------------------- the time line
def test_every_algorithm_and_its_account_has_a_name():
    assert list(ALGORITHM_NAMES) == list(ALGORITHMS)
    assert {algorithm.account for algorithm in ALGORITHMS.values()} <= ACCOUNTS.keys()


@pytest.mark.parametrize("window_s", [1, 20])
def test_what_is_sent_is_the_time_line(line, lab, window_s):
    lab.set_scheduler(window_s=window_s, beside="credit2")
    for sent, run in zip(line.runs, lab.quantum_runs(), strict=True):
        start, _end, pcpu, vcpu, state = run.timeline
        for got, had in zip(unpacked(sent), (start, vcpu, pcpu, state), strict=True):
            np.testing.assert_array_equal(got, had)
        assert (sent["id"], sent["until"]) == (run.algorithm, run.until_us)
        assert sent["deflated"] == (8 * len(start) > 65_536)
    assert any(sent["deflated"] for sent in line.runs) == (window_s == 20), "both ways are tried"


def test_spans_are_sent_once_a_run(line, lab, wire):
    version = line.version
    wire.clear()
    line.selection.vm = "victim"
    lab.advance()
    assert all("runs" not in m.data.get("state", {}) for m in wire)
    assert line.version == version
    wire.clear()
    lab.configure("victim", cpu_shares=2000)
    (message,) = wire.to(line)
    assert set(message.data["state"]) == {"state", "runs", "version"}
    assert line.version == version + 1


def test_a_look_asks_for_the_accounts_and_gets_them_once(line, lab, wire):
    wire.send(line, name="look", at=500_000, seq=7)
    assert line.looked["at"] == 500_000
    assert line.looked["run"] == line.version
    (accounts,) = line.looked["accounts"]
    assert len(accounts) == 4
    assert len(set(accounts)) > 1
    assert [m.data["content"] for m in wire.to(line) if m.data.get("method") == "custom"] == [{"ack": 7}]
    before = line.looked
    wire.send(line, name="look", at=100_000, seq=8)
    wire.send(line, name="look", at=500_000, seq=9)
    assert line.looked == before, "back and forth leads to the same"


def test_a_look_says_who_is_next_on_each_pcpu(line, lab, wire):
    lab.set_scheduler(beside="credit2")
    wire.send(line, name="look", at=500_000, seq=1)
    of_each, shared = line.looked["queues"]
    assert [(first, last) for first, last, _order in of_each] == [(0, 0), (1, 1)]
    assert [(first, last) for first, last, _order in shared] == [(0, 1)]
    for run, queues in zip(lab.quantum_runs(), (of_each, shared), strict=True):
        start, end, _pcpu, vcpu, state = run.timeline
        waiting = vcpu[(start <= 500_000) & (end > 500_000) & (state == RUNNABLE)]
        assert sorted(one for _first, _last, order in queues for one in order) == sorted(waiting.tolist())


@pytest.mark.parametrize("at", [-1, 1_000_001, "0", None, 1.5, True])
def test_a_look_beyond_the_run_is_refused(line, wire, at):
    wire.send(line, name="look", at=at, seq=1)
    assert line.error.startswith("at is ")
    assert line.looked == {}


def test_the_text_twin_says_what_the_picture_shows(line, lab):
    lab.set_scheduler(beside="round_robin")
    head, thief, web, victim = line.state["rows"]
    assert [row[0] for row in (thief, web, victim)] == ["thief", "web", "victim"]
    assert len(head) == len(thief) == len(victim) == 2 + 2 * 4
    for column, run in zip((2, 6), lab.quantum_runs(), strict=True):
        got = run.ran_permille(3)
        assert [float(row[column]) for row in (thief, web, victim)] == pytest.approx(got / 1000, abs=0.006)
    assert victim[4:6] == ["–", "–"], "who never sleeps never wakes"
    assert line.state["sentence"].count("thief") == 2


def test_an_empty_lab_and_one_that_is_too_large_say_so(wire):
    empty = vm.Lab()
    line = TimeLine(empty)
    assert line.runs == []
    assert line.state["note"] == line.state["sentence"] == "No virtual machine runs on the server."
    line.close()
    large = vm.Lab(hardware=vm.Hardware(pcpus=512))
    large.create_vm("a")
    line = TimeLine(large)
    assert "pcpus is 512" in line.state["note"]
    assert line.runs == []
    line.close()


@pytest.mark.parametrize("first", ["hyperv_classic", "credit"])
def test_what_one_scheduler_refuses_the_other_one_runs(view, lab, wire, first):
    lab.set_scheduler(algorithm=first, beside="stride")
    lab.configure("victim", cpu_shares=900_000)
    assert [run["id"] for run in view.line.runs] == ["stride"]
    refused = view.line.state["note"]
    assert refused.startswith(f"victim has 900000 CPU shares, and the scheduler {first} has weights for 1 to ")
    wire.send(view.line, name="look", at=100_000, seq=1)
    assert view.line.state["note"] == refused, "to look at a moment of the other one leaves it there"
    assert len(view.line.state["rows"][1]) == 2 + 4
    assert np.asarray(view.charts._shares.bars.y)[1, 2] > 0
    assert "image/svg+xml" in view._repr_mimebundle_()
    with pytest.raises(vm.VmwidgetsError, match="victim has 900000 CPU shares"):
        lab.quantum_runs()
    lab.configure("victim", cpu_shares=1000)
    assert (view.line.state["note"], len(view.line.runs)) == ("", 2)


def test_a_run_that_ended_early_says_so(line, lab, monkeypatch):
    monkeypatch.setattr("vmwidgets.model.quantum.MAX_SWITCHES", 100)
    lab.set_scheduler(slice_ms=1, algorithm="round_robin")
    assert "only the first" in line.state["note"]
    assert line.runs[0]["until"] < 1_000_000


# -------------------------------------------------------------------------------------------------------- the controls
def test_at_most_four_controls_are_in_view(controls):
    assert [spec["id"] for spec in controls.state["first"]] == ["algorithm", "beside", "cpu_shares", "victims"]


def test_every_control_is_a_command_that_can_be_undone(controls, lab):
    lab.set_workload("thief", vm.Workload("tick_thief"))
    for setting, value in {
        "algorithm": "credit2",
        "beside": "credit",
        "cpu_shares": 2000,
        "victims": 3,
        "slice_ms": 5,
        "switch_cost_us": 100,
        "window_s": 2,
        "accounting": "sampled",
        "workload": "cpu_burner",
        "vcpus": 2,
        "cpu_limit_mhz": 1000,
    }.items():
        digest, count = lab.digest(), len(lab.log)
        controls.set(setting, value)
        assert specs(controls)[setting]["value"] == value
        assert lab.digest() != digest, setting
        for _new in range(len(lab.log) - count):
            lab.undo()
        assert lab.digest() == digest, setting
        lab.redo()


def test_a_setting_that_names_a_machine_is_for_that_one_and_one_of_the_scheduler_for_all(controls, lab, wire):
    for setting, value in {"cpu_shares": 2000, "workload": "constant", "cpu_permille": 500, "vcpus": 2}.items():
        wire.send(controls, name="set", id=setting, value=value, vm="victim", seq=1)
        assert controls.error == ""
    changed = lab.vm("victim")
    assert (changed.cpu_shares, changed.vcpus, changed.workload) == (2000, 2, vm.Workload("constant", cpu_permille=500))
    assert (lab.vm("thief").cpu_shares, lab.vm("thief").workload.kind) == (1000, "tick_thief")
    wire.send(controls, name="set", id="cpu_shares", value=300, vm="nobody", seq=2)
    assert "nobody" in controls.error
    wire.send(controls, name="set", id="window_s", value=3, vm="nobody", seq=3)
    assert (controls.error, lab.scheduling.window_s) == ("", 3)


def test_the_run_time_of_the_thief(controls, lab):
    controls.set("run_us", 5000)
    assert lab.vm("thief").workload == vm.Workload("tick_thief", run_us=5000)
    controls.selection.vm = "victim"
    assert "run_us" not in specs(controls)


def test_no_cap_is_the_last_step(controls, lab):
    spec = specs(controls)["cpu_limit_mhz"]
    assert spec["value"] == spec["max"]
    controls.set("cpu_limit_mhz", 500)
    assert lab.vm("thief").cpu_limit_mhz == 500
    controls.set("cpu_limit_mhz", specs(controls)["cpu_limit_mhz"]["max"])
    assert lab.vm("thief").cpu_limit_mhz is None


def test_victims_come_and_go_and_are_alike(controls, lab):
    lab.configure("victim", cpu_shares=700)
    controls.set("victims", 4)
    victims = [one for one in lab.vms if one.workload.kind == "cpu_burner"]
    assert len(victims) == 4
    assert {one.cpu_shares for one in victims} == {700}
    assert len({one.stream for one in victims}) == 4
    controls.set("victims", 1)
    assert [one.name for one in lab.vms] == ["thief", "web", "victim"], "the newest go first"
    controls.set("victims", 0)
    controls.set("victims", 2)
    assert len(lab.vms) == 4
    assert specs(controls)["victims"]["max"] == SLOTS - 2
    controls.set("victims", SLOTS - 2)
    assert controls.state["full"]
    with pytest.raises(vm.VmwidgetsError):
        controls.set("victims", SLOTS)


def test_only_settings_that_mean_something_are_shown(controls, lab):
    assert {"slice_ms", "accounting"} <= specs(controls).keys()
    controls.set("algorithm", "eevdf")
    assert not {"slice_ms", "accounting"} & specs(controls).keys()
    controls.set("beside", "credit")
    assert {"slice_ms", "accounting"} <= specs(controls).keys()
    assert set(ACCOUNTING_NAMES) == {key for key, _name in specs(controls)["accounting"]["options"]}


def test_cores_and_host_programs_are_shown_with_the_schedulers_that_know_them(controls, lab, line):
    assert not {"threads_per_core", "host_programs"} & specs(controls).keys()
    controls.set("algorithm", "hyperv_core")
    assert specs(controls)["threads_per_core"]["stops"] == [1, 2], "two processors"
    controls.set("threads_per_core", 2)
    assert lab.scheduling.threads_per_core == 2
    assert "host_programs" not in specs(controls)
    controls.set("beside", "hosted")
    controls.set("host_programs", 2)
    assert [one["label"] for one in line.state["vcpus"][-2:]] == ["host program 1", "host program 2"]
    assert [one["slot"] for one in line.state["vcpus"][-2:]] == [-1, -1]
    _starts, vcpus, _pcpus, _states = unpacked(line.runs[1])
    assert set(vcpus) == set(range(len(line.state["vcpus"])))
    *_rows, programs = line.state["rows"]
    assert programs[:2] == ["host programs", "–"]
    assert programs[2:6] == ["–"] * 4, "the first scheduler is not hosted"
    assert float(programs[6]) > 0.5
    got = sum(float(row[6]) for row in line.state["rows"][1:])
    assert got == pytest.approx(2, abs=0.05)


def test_a_scheduler_is_not_offered_beside_itself(controls):
    assert "credit" not in dict(specs(controls)["beside"]["options"])
    controls.set("beside", "credit_sampled")
    with pytest.raises(vm.VmwidgetsError, match="beside is credit_sampled as well"):
        controls.set("algorithm", "credit_sampled")


def test_a_picture_with_host_programs(view, lab):
    lab.set_scheduler(algorithm="hosted", host_programs=3)
    texts = [element.text for element in Xml.fromstring(view._repr_mimebundle_()["image/svg+xml"]).iter()]
    assert "host programs" in texts


def test_what_a_scheduler_does_not_heed_is_said(controls, lab):
    controls.set("algorithm", "round_robin")
    assert controls.state["ignored"] == ""
    controls.set("cpu_shares", 3000)
    controls.set("cpu_limit_mhz", 500)
    assert controls.state["ignored"] == "Round robin knows no weights, caps."
    controls.set("algorithm", "credit")
    assert controls.state["ignored"] == ""


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("algorithm", 1),
        ("algorithm", "best"),
        ("cpu_shares", "1"),
        ("victims", -1),
        ("victims", 99),
        ("x", 1),
        (None, 1),
    ],
)
def test_what_a_page_cannot_mean_is_refused_and_changes_nothing(controls, lab, wire, setting, value):
    digest = lab.digest()
    wire.send(controls, name="set", id=setting, value=value, seq=3)
    assert controls.error
    assert lab.digest() == digest
    assert wire.to(controls)[-1].data["content"] == {"ack": 3}


@pytest.mark.parametrize("name", ["create", "clone", "remove", "reset", "undo", "redo"])
def test_locked_controls_refuse_what_a_page_still_sends(controls, lab, wire, name):
    lab.undo()
    controls.lock("The controls open when your prediction is in.")
    digest = lab.digest()
    wire.send(controls, name=name, seq=1)
    assert lab.digest() == digest
    assert "locked" in controls.error
    controls.lock("")
    wire.send(controls, name=name, seq=2)
    assert controls.error == ""


# ----------------------------------------------------------------------------------------------------------- the charts
def test_bars_are_entitlement_and_what_each_scheduler_gave(lab):
    charts = SchedulerCharts(lab)
    lab.set_scheduler(beside="stride")
    bars = np.asarray(charts._shares.bars.y)
    assert bars.shape == (3, SLOTS)
    for row, run in zip(bars[1:], lab.quantum_runs(), strict=True):
        np.testing.assert_allclose(row[:3], run.ran_permille(3) / 1000)
    assert not bars[:, 3:].any()
    late = np.asarray(charts._late.bars.y)
    assert late.shape == (2, len(BINS_US) + 1)
    assert late.sum(axis=1) == pytest.approx([100, 100])
    assert "from waking to running" in charts._late.caption.state["title"]
    charts.selection.vm = "victim"
    assert charts._late.caption.state["title"].startswith("victim always had work")
    assert not np.asarray(charts._late.bars.y).any(), "who never sleeps never wakes"
    rows = charts._readings.state["rows"]
    assert len(rows) == 4
    entitled, got, more = (float(rows[1][i].replace("−", "-")) for i in (1, 2, 3))
    assert more == pytest.approx(got - entitled, abs=0.011)
    charts.close()


def test_one_message_a_chart(lab, wire):
    charts = SchedulerCharts(lab)
    lab.configure("victim", cpu_shares=900)
    wire.clear()
    lab.configure("victim", cpu_shares=1100)
    for chart in (charts._shares, charts._late):
        assert [list(m.data["state"]) for m in wire.to(chart.bars)] in ([["y"]], [])
    assert len(wire) <= 5
    charts.close()


# -------------------------------------------------------------------------------------------------------- the whole lab
def test_a_slider_is_a_handful_of_messages(view, lab, wire):
    lab.configure("victim", cpu_shares=900)
    wire.clear()
    wire.send(view.controls, name="set", id="cpu_shares", value=1500, seq=1)
    assert len(wire.to(view.line)) == 1
    assert len(wire.to(view.controls)) == 2, "what is new, and the answer"
    assert len(wire) <= 9
    spans = sum(len(run["spans"]) for run in view.line.runs)
    assert wire.bytes - spans < 16 * 1024


def test_time_that_passes_sends_nothing(view, lab, wire):
    wire.clear()
    lab.advance(3)
    assert [m for m in wire if m.comm != view.controls.model_id] == []
    assert len(wire) <= 1, "there is something to undo"


def test_choosing_anywhere_chooses_everywhere(view, wire):
    wire.send(view.line, name="select", slot=2, seq=1)
    assert view.selection.vm == "victim"
    assert view.controls.state["vm"] == "victim"
    wire.send(view.controls, name="choose", vm="web", seq=2)
    assert view.line.state["selected"] == 1


def test_lock_and_unlock(view, lab, wire):
    view.lock()
    digest = lab.digest()
    wire.send(view.controls, name="set", id="victims", value=3, seq=1)
    assert lab.digest() == digest
    view.unlock()
    wire.send(view.controls, name="set", id="victims", value=3, seq=2)
    assert len(lab.vms) == 5


def test_without_a_kernel_there_is_a_picture_and_a_text(view, lab):
    lab.set_scheduler(beside="eevdf")
    lab.configure("victim", name="<b>")
    bundle = view._repr_mimebundle_()
    assert bundle["text/plain"] == repr(view) == "<SchedulerLab: 3 VMs, credit, eevdf, 1 s>"
    picture = Xml.fromstring(bundle["image/svg+xml"])
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"<b>", "Xen credit", "Linux EEVDF", "pCPU 1"} <= set(texts)
    assert len(bundle["image/svg+xml"]) < 128 * 1024


def test_a_lab_of_any_size_can_be_shown(wire):
    for count in (0, 1, 12):
        lab = vm.Lab()
        for number in range(count):
            lab.create_vm(f"m{number}", vcpus=2, workload="web")
        lab.set_scheduler(window_s=1)
        view = vm.SchedulerLab(lab)
        assert len(view.line.state["vcpus"]) == 2 * count
        lab.advance()
        view.close()


def test_everything_follows_undo_language_and_load(view, lab, tmp_path):
    lab.save(tmp_path / "before.jsonl")
    lab.destroy_vm("thief")
    assert view.controls.state["vm"] == "web"
    lab.load(tmp_path / "before.jsonl")
    assert len(view.line.state["rows"]) == 4
    view.close()
    view.close()
