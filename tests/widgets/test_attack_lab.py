"""The attack lab: code that runs forward and back, the verdict with its layer, the board, both languages."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import vmwidgets as vm
from vmwidgets import locale
from vmwidgets.attacks import ATTACKS, FAMILIES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.goals import GOALS
from vmwidgets.model.range.run import BUDGET, run_attack
from vmwidgets.model.range.verdict import MECHANISMS
from vmwidgets.stacks import STACKS
from vmwidgets.widgets.attack_code import about
from vmwidgets.widgets.attack_code import said as status
from vmwidgets.widgets.attack_trial import KEPT, MAX_CODE, Trial
from vmwidgets.widgets.attack_words import CHECK_NAMES, FAMILY_NAMES, GOAL_NAMES, REACHED, WORK_NAMES, capital

MOST_BYTES = 32 * 1024
RANGE = Path(vm.__file__).parent / "model" / "range"


@pytest.fixture
def lab():
    made = vm.Lab("kvm", seed=1)
    yield made
    assert not made._subscribers, "somebody still listens to the lab"


@pytest.fixture
def view(lab):
    shown = vm.AttackLab(lab, "device_overrun")
    yield shown
    shown.close()


def move(view, wire, to, code=None):
    wire.send(view.code, name="move", to=to, code=view.trial.code if code is None else code)
    assert view.code.error == ""


def test_a_defence_decides_and_the_layer_is_lit(view, wire):
    move(view, wire, "run")
    state = view.trace.state
    assert (state["outcome"], state["crossing"]["now"], state["crossing"]["mark"]) == ("stopped", "vmm_process", "✕")
    assert state["mechanism"].startswith("QEMU process keeps the index")
    wire.send(view.board, name="switch", id="bounds_check", on=False)
    assert view.trace.state["outcome"] == ""  # the run begins anew
    move(view, wire, "run")
    state = view.trace.state
    assert (state["outcome"], state["crossing"]["mark"], state["product"]["hit"]) == ("open", "!", ["vmm_process"])
    assert state["title"] == "The attack succeeds: a layer below runs the code of the guest."
    assert "past the end of the buffer" in state["mechanism"]
    assert state["deciding"] in [row[0] for row in state["decisions"]]
    assert view.board.state["touched"]
    wire.send(view.board, name="safe")
    assert (view.board.state["safe"], view.board.state["touched"]) == (True, False)


@pytest.mark.parametrize("id", ATTACKS)
@pytest.mark.parametrize("stack", ["kvm", "xen"])
def test_it_says_what_the_model_says(stack, id):
    lab = vm.Lab(stack)
    trial = Trial(lab, id)
    trial.run()
    whole = run_attack(replace(ATTACKS[id], code=trial.code), STACKS[stack])
    # Steps one by one end as the whole run does.
    assert trial.shot.verdict() == whole
    assert trial.ended
    assert len(trial.steps) <= KEPT


def test_each_access_says_whose_frame_it_was_also_when_nobody_had_to_be_asked(lab):
    trial = Trial(lab, "mapped_twice")
    trial.write("again:\nmov rax, [0x1000]\nmov [0x2000], rax\nmov rbx, [0x1000]\njmp again\n")
    trial.go(12)
    accesses = [step for step in trial.steps if step.address is not None]
    assert len(accesses) >= 6
    assert all(step.owner.startswith("guest ") for step in accesses)


@pytest.mark.parametrize("id", ["device_overrun", "uncleared_frames", "flush_reload"])
def test_back_is_where_one_was(lab, id):
    trial = Trial(lab, id)
    seen = []
    for _step in range(30):
        seen.append((dict(trial.shot.cpu.registers), trial.shot.scenario.trace.count, trial.steps))
        trial.step()
    for at in (29, 17, 3, 0):
        trial.go(at)
        assert (dict(trial.shot.cpu.registers), trial.shot.scenario.trace.count, trial.steps) == seen[at]


def test_from_decision_to_decision_and_back(lab):
    trial = Trial(lab, "device_overrun")
    places = []
    while not trial.ended and len(places) < 5:
        trial.next_decision()
        places.append(trial.position)
    assert places == sorted(set(places))
    for place in reversed(places[:-1]):
        trial.last_decision()
        assert trial.position == place
    trial.last_decision()
    assert trial.position == 0


def test_a_line_that_is_no_code_is_marked(view, wire):
    wire.send(view.code, name="check", code="nop\nmvo rax, 1\n")
    line, sentence = view.code.state["fault"]
    assert line == 2
    assert "mvo" in sentence
    assert view.trace.state["title"] == "This cannot be run yet: a line is no code."
    wire.send(view.code, name="check", code="nop\nmov rax, {nonsense}\n")
    assert view.code.state["fault"][0] == 2
    assert "there is no nonsense in the manual" in view.code.state["fault"][1]
    for to in ("run", "step", "back", "restart", "next_decision", "last_decision"):
        move(view, wire, to)
    wire.send(view.code, name="check", code="nop\nmov rax, {pages}\n")
    assert view.code.state["fault"] == [0, ""]
    move(view, wire, "step")
    move(view, wire, "step")
    assert view.code.state["registers"][0] == ["rax", "0x10", True]
    assert view.code.state["ended"]


def test_what_the_page_has_written_is_not_sent_back(view, wire):
    before = view.code.text["number"]
    wire.clear()
    wire.send(view.code, name="check", code="nop\n" * 3000)
    assert view.code.text["number"] == before  # the page keeps its own text, and its cursor
    wire.send(view.code, name="check", code="x" * (MAX_CODE + 1))
    assert view.code.error == f"the code has {MAX_CODE + 1} characters, expected at most {MAX_CODE}"


def test_an_endless_loop_ends_with_the_budget(view, wire):
    move(view, wire, "run", "again: inc rax\njmp again\n")
    assert view.code.state["position"] == BUDGET
    assert view.code.state["ended"]
    assert "cut off" in view.code.state["said"]


def test_the_gallery_asks_for_code_and_helps(view, wire):
    listed = [id for _heading, attacks in view.code.state["groups"] for id, _title in attacks]
    assert sorted(listed) == sorted(ATTACKS)
    wire.send(view.code, name="choose", id="dma")
    assert view.code.text["code"] == "; your code\n"
    assert (view.code.state["solved"], view.code.state["hints"]) == (False, [])
    for count in (1, 2, 3, 3):
        wire.send(view.code, name="hint")
        assert len(view.code.state["hints"]) == count
    assert view.code.state["more_hints"] == 0
    wire.send(view.code, name="solution")
    assert view.code.state["solved"]
    move(view, wire, "run")
    assert view.trace.state["mechanism"].startswith("The IOMMU has no page")


def test_steps_say_what_was_accessed_and_whose_it_is(lab):
    view = vm.AttackLab(lab, code="mov rax, [0x2000]\nmov [0x3008], rax\nvmcall\n")
    for _step in range(3):
        view.trial.step()
    assert view.code.state["steps"] == [
        ["1", "mov rax, [0x2000]", "reads at 0x2000, a frame of your VM", ""],
        ["2", "mov [0x3008], rax", "writes at 0x3008, a frame of your VM", ""],
        ["3", "vmcall", "", "hypercall"],
    ]
    view.close()


def test_another_product_has_other_defences(view, wire, lab):
    wire.send(view.board, name="switch", id="confinement", on=False)
    rows = {row["id"]: row for row in view.board.state["rows"]}
    assert rows["confinement"]["offered"]
    assert not rows["validation"]["offered"]
    assert "does not let guests ask" in rows["validation"]["note"]
    view.products.move("xen")
    rows = {row["id"]: row for row in view.board.state["rows"]}
    assert not rows["confinement"]["offered"]
    assert rows["stub_domain"]["offered"]  # this attack needs imitated devices
    assert view.trial.switches == {}
    view.products.move("kvm")
    wire.send(view.board, name="switch", id="confinement", on=False)
    wire.send(view.board, name="switch", id="confinement", on=True)
    view.products.move("xen")
    assert view.trial.switches == {}  # to be on is nothing that could be taken along either
    wire.send(view.board, name="switch", id="confinement", on=True)
    assert "does not have the defence confinement" in view.board.error


def test_the_memory_shows_what_was_reached(lab):
    view = vm.AttackLab(lab, "beyond_memory", defences={"second_stage_tables": False})
    before = view.trace.state["frames"]
    assert (before["reached"], before["secret"]) == ([], -1)  # where the secret lies is not told before the end
    view.trial.run()
    after = view.trace.state["frames"]
    assert after["reached"]
    assert {after["letters"][frame] for frame in after["reached"]} <= set("12lf-")
    assert after["letters"][after["secret"]] == "1"
    assert after["letters"].count("0") == view.trial.manual["pages"]
    view.trace.lock("wait")
    assert view.trace.state["frames"]["secret"] == -1
    view.close()


def test_costs_are_measured(view, wire):
    assert {row["note"] for row in view.board.state["rows"] if row["offered"]} == {""}
    wire.send(view.board, name="measure")
    notes = {row["id"]: row["note"] for row in view.board.state["rows"] if row["offered"]}
    assert view.board.state["measured"]
    assert notes["iommu"] == "addresses translated: +8"
    assert notes["l1d_flush"].startswith("throughput: −")
    assert "; lines of the cache emptied: +" in notes["l1d_flush"]
    assert notes["salting"].startswith("frames in use: +")
    assert notes["confinement"] == "none that was measured in this workload"


def test_what_all_defences_cost_together_follows_the_switches(view, wire):
    assert view.board.state["total"] == ""
    wire.send(view.board, name="measure")
    all_on = view.board.state["total"]
    assert all_on.startswith("Measured with a guest that does no harm, beside two VMs that compute 10 % of their time.")
    assert "All defences as they are now, against none: throughput: −" in all_on
    assert "frames in use: +18" in all_on
    wire.send(view.board, name="switch", id="salting", on=False)
    assert "frames" not in view.board.state["total"]
    for id in view.trial.defences.offered:
        view.trial.switch(id, False)
    assert view.board.state["total"].endswith("none that was measured in this workload.")


def test_a_product_can_be_taken_as_it_is_shipped(view, wire):
    wire.send(view.board, name="ship")
    rows = {row["id"]: row for row in view.board.state["rows"]}
    assert view.board.state["as_shipped"]
    assert (rows["core_scheduling"]["on"], rows["salting"]["on"], rows["ecc"]["on"]) == (False, True, True)
    assert rows["salting"]["shipped"] == "on (Linux, admin-guide/mm/ksm.rst: run = 0)"
    assert rows["ecc"]["shipped"] == rows["validation"]["shipped"] == ""
    view.products.move("esx")  # the next product as it is shipped, too
    rows = {row["id"]: row for row in view.board.state["rows"]}
    assert (rows["salting"]["on"], view.board.state["as_shipped"]) == (False, True)
    wire.send(view.board, name="switch", id="salting", on=True)
    assert not view.board.state["as_shipped"]
    view.products.move("kvm")
    assert view.board.state["safe"] is False  # what was switched by hand is taken along, and follows nothing


def test_it_can_begin_as_the_product_is_shipped(lab):
    view = vm.AttackLab(lab, "cached_secret_sibling", defences="as_shipped")
    view.trial.run()
    assert view.trace.state["outcome"] == "open"
    view.close()
    with pytest.raises(vm.VmwidgetsError, match="defences is 'naked', expected ids with true or false, or as_shipped"):
        vm.AttackLab(lab, defences="naked")


def test_what_is_not_told_is_not_in_the_manual_and_cannot_be_used(lab):
    like = ATTACKS["device_overrun"]
    attack = replace(like, id="own", placement=Placement(emulated=True, untold=("floppy_distance",)))
    view = vm.AttackLab(lab, attack)
    assert "floppy_distance" not in [name for name, *_ in view.code.state["manual"]]
    line = 1 + next(at for at, text in enumerate(view.trial.code.splitlines()) if "{floppy_distance}" in text)
    assert view.code.state["fault"][0] == line
    assert "there is no floppy_distance in the manual" in view.code.state["fault"][1]
    view.close()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("push 5", "no label fault to go on at after this: page fault"),  # the stack would begin at the last address
        ("mov rax, [0x2000000]", "no label fault to go on at after this: page fault"),
        ("mov rsi, {memory_bytes}\nmov rax, [rsi]", "The VMM does not go on after this exit: "),
        ("nop\nint 0x80", "no label vector_128 to go on at after this: software interrupt"),
        ("int 3\nvector_3: hlt", "leaves a frame at rsp, where you have no memory. Instructions: 1."),
        ("rdmsr", "no label fault to go on at after this: "),
        ("push 5\nfault:\nnop", "The code has run to its end. Instructions: 2."),
    ],
)
def test_it_says_why_a_run_ends(lab, code, said):
    trial = Trial(lab, code=code)
    trial.run()
    assert said in status(trial)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"attack": ["dma"]}, "there is no attack"),
        ({"code": 5}, "code is 5, expected guest code as a text"),
        ({"defences": 5}, "defences is 5, expected ids with true or false"),
        ({"defences": {"iommu": 0}}, "the defence iommu is 0, expected true or false"),
    ],
)
def test_a_wrong_lab_gets_a_sentence(lab, how, told):
    with pytest.raises(vm.VmwidgetsError, match=told):
        vm.AttackLab(lab, **how)


def test_who_is_gone_does_not_work(lab):
    for victim, said in (("ended", "measured from inside."), ("beside", "measured from inside, and the victim works.")):
        told = about(replace(ATTACKS["sharing_oracle"], placement=Placement(victim=victim, timed=True)))
        assert said in told


def test_the_seed_hides_another_secret(view, wire):
    ports = view.trial.manual["port_floppy"], view.trial.scenario.secret
    wire.send(view.code, name="seed", value=5)
    assert (view.trial.manual["port_floppy"], view.trial.scenario.secret) != ports
    for wrong in (-1, 10_000, "a", True):
        wire.send(view.code, name="seed", value=wrong)
        assert view.code.error.startswith("seed is")
    assert view.code.state["seed"] == 5


@pytest.mark.parametrize("stack", ["esxi", "xen", "container"])
def test_messages_are_small_and_everything_has_words(stack, wire):
    lab = vm.Lab(stack)
    view = vm.AttackLab(lab)
    for id in ATTACKS:
        view.trial.choose(id)
        view.trial.show_code()
        view.trial.run()
        for part in (view.code, view.trace, view.board):
            assert "{" not in json.dumps([part.state.get(key) for key in ("title", "mechanism", "said", "about")])
    assert "<svg" in view._repr_mimebundle_()["image/svg+xml"]
    view.close()
    assert max(message.bytes for message in wire.updates) < MOST_BYTES


def test_nothing_in_the_model_is_without_words():
    assert set(GOALS) <= set(GOAL_NAMES) & set(REACHED)
    assert set(FAMILIES) <= set(FAMILY_NAMES)
    assert {check for check, _outcome in MECHANISMS} <= set(CHECK_NAMES) | set(DEFENCES)
    work = {kind for path in RANGE.glob("*.py") for kind in re.findall(r'work\["(\w+)"\]', path.read_text("utf-8"))}
    assert work
    assert work <= set(WORK_NAMES)


def test_names_that_are_written_without_a_capital_keep_it_so():
    assert capital("hypervisor has no call") == "Hypervisor has no call"
    assert capital("vhost threads sent it") == "vhost threads sent it"
    shown = {capital(layer.name) for stack in STACKS.values() for layer in stack.layers}
    assert "vboxdrv with the VMM's privileged half" in shown
    assert not {"Libvirt daemon", "Xl and xenstored", "Hostd and other agents"} & shown


def test_nothing_is_given_away_before_the_prediction(view, wire):
    move(view, wire, "run")
    view.lock()
    assert view.trace.state["mechanism"] == view.trace.state["consequences"] == ""
    assert view.trace.state["decisions"] == []
    assert "keeps the index" not in view._repr_mimebundle_()["image/svg+xml"]
    wire.send(view.code, name="move", to="restart", code="nop")
    wire.send(view.board, name="safe")
    said = "the controls are locked until your prediction is in"
    assert (view.code.error, view.board.error) == (said, said)
    view.unlock()
    assert view.trace.state["mechanism"].startswith("QEMU process keeps the index")
    assert view.code.error == ""


def test_it_speaks_the_readers_language(view):
    view.trial.write("mvo")
    said = view.code.state["fault"][1]
    locale.set_language("ru")
    assert view.code.state["fault"][1] != said
    for part in (view.code, view.trace, view.board):
        assert part.language == "ru"
    assert view.board.state["rows"][0]["id"] == "second_stage_tables"


def test_the_still_picture_and_the_short_text(view, wire):
    move(view, wire, "run")
    bundle = view._repr_mimebundle_()
    assert "The attack fails." in bundle["image/svg+xml"]
    assert "QEMU process" in bundle["image/svg+xml"]
    assert repr(view) == f"<AttackLab: device_overrun on kvm, {view.trial.position} instructions>"
    assert (
        repr(view.board)
        == f"<AttackBoard: {len(view.trial.defences.offered)} of {len(view.trial.defences.offered)} on>"
    )


def test_an_attack_of_ones_own(lab):
    own = vm.Attack.from_text("mov rax, [0x2000]\n", goal="foreign_write")
    view = vm.AttackLab(lab, own, products=False)
    assert view.products is None
    assert view.code.state["attack"] == "own"
    assert view.code.state["about"].startswith("Your task: write to memory that is not yours.")
    view.close()


def test_what_is_wrong_gets_a_sentence(lab, view, wire):
    with pytest.raises(vm.VmwidgetsError, match="there is no attack nuke, expected one of beyond_memory"):
        vm.AttackLab(lab, "nuke")
    with pytest.raises(vm.VmwidgetsError, match="KVM does not have the defence validation"):
        vm.AttackLab(lab, defences={"validation": True})
    with pytest.raises(vm.VmwidgetsError, match="seed is -1"):
        vm.AttackLab(lab, seed=-1)
    wire.send(view.code, name="choose", id="nuke")
    assert view.code.error == "there is no attack 'nuke'"
    wire.send(view.code, name="move", to="sideways", code="")
    assert view.code.error == "there is no control 'sideways'"
    wire.send(view.board, name="switch", id="moat", on=False)
    assert view.board.error == "there is no control 'moat'"
