"""Chapter 4: the counts come out of runs, a wrong VMM is found out, and of four processors one can be virtualized."""

from itertools import product

import pytest

from vmwidgets.chapters import chapter, device_models, hardware, tiny_vmm, toy_isas
from vmwidgets.chapters.items import Draw
from vmwidgets.model.popek_goldberg import theorem_1
from vmwidgets.model.trap_and_emulate import CLASSES, DECISIONS, SOUND, VMM

TOKENS = [f"student {i}" for i in range(40)]


def item(id, token="practice", part="drills"):
    return next(one for one in chapter(hardware.NAME, token).part(part).items if one.id == id)


# ------------------------------------------------------------------------------------------------------------ the guest
def test_six_four_and_one():
    assert item("ch04.emulated", part="observe").check(6).right
    assert not item("ch04.emulated", part="observe").check(20).right
    fewer = item("ch04.fewer", part="observe")
    right = [v for v in product([id for id, _ in fewer.options], repeat=2) if fewer.check(v).right]
    assert right == [("4", "1")]


def test_four_kinds_of_guests_whose_counts_are_those_of_their_runs():
    works = {token: hardware.work(Draw(token, hardware.NAME)) for token in TOKENS}
    kinds = {
        (w.table_writes > w.requests and w.batches < w.requests, w.requests >= 6 and w.batches == 1, w.batches == 2)
        for w in works.values()
    }
    assert len(kinds) >= 4
    assert any(work.batches == work.requests > 2 for work in works.values())
    for token, work in list(works.items())[:12]:
        emulated = item("ch04.emulated", token, "observe")
        assert emulated.check(work.requests + work.table_writes).right
        assert item("ch04.fewer", token, "observe").check((str(work.requests), str(work.batches))).right


def test_a_kernel_guarded_by_popf_loses_an_update_only_where_nobody_hears_of_it():
    lines = chapter(hardware.NAME).lost_update().splitlines()
    assert [int(line.split()[-1]) for line in lines] == [11, 1, 11, 11]


# ---------------------------------------------------------------------------------------------------------- a tiny VMM
@pytest.mark.parametrize("name", CLASSES)
def test_each_wrong_decision_is_found_out(name):
    broken = {decision: tiny_vmm.replay({name: decision}).broken for decision in DECISIONS}
    assert [decision for decision in DECISIONS if not broken[decision]] == [SOUND[name]]
    if name in ("arithmetic", "memory"):
        assert broken["emulate"] == "efficiency"
    elif name not in ("tables", "unmapped"):
        assert broken["run"] == "control"


def test_hidden_programs_meet_every_class():
    kinds = set()
    for program in tiny_vmm.PROGRAMS:
        vmm = VMM(program.text.format(n=5), mode=program.mode).run()
        kinds |= {moment.kind for moment in vmm.moments}
    assert kinds >= set(CLASSES) - {"arithmetic", "memory"}


@pytest.mark.parametrize("token", ["practice", *TOKENS[:12]])
def test_the_decision_table_of_every_variant(token):
    draw = Draw(token, hardware.NAME)
    decide = item("ch04.decide", token)
    right = tiny_vmm.sound(draw)
    assert decide.check(right).right
    assert {"run", "emulate", "inject"} <= set(right)
    assert decide.check(("emulate",) * 7).points == 0
    assert decide.check(("run",) * 7).reason == "One of the hidden programs gets at the real machine."


# -------------------------------------------------------------------------------------------------- the toy processors
def test_of_four_processors_one_can_be_virtualized():
    offenders = {toy.id: theorem_1(toy.instructions()).offenders for toy in toy_isas.TOYS}
    assert offenders == {"popf": ("POPF",), "traps": (), "who": ("WHO",), "where": ("WHERE",)}
    flags = {
        toy.id: next(
            (one.control_sensitive, one.behaviour_sensitive) for one in toy.instructions() if one.name == toy.silent
        )
        for toy in toy_isas.TOYS
        if toy.silent
    }
    assert flags["popf"][0]  # it fails for another reason each time: what is changed, or what is shown
    assert flags["who"] == flags["where"] == (False, True)


@pytest.mark.parametrize("token", TOKENS[:12])
def test_marks_of_the_toy(token):
    toy = item("ch04.isa", token)
    right = [marks for marks in product([id for id, _ in toy.options], repeat=len(toy.rows)) if toy.check(marks).right]
    assert len(right) == 1
    assert "differently" in toy.check(("innocuous",) * 6).reason or "offender" not in right[0]


def test_all_four_processors_are_asked_about():
    asked = {tuple(id for id, _ in item("ch04.isa", token).rows) for token in TOKENS}
    assert len(asked) == 4


# ------------------------------------------------------------------------------------------------------------- devices
@pytest.mark.parametrize("token", ["practice", *TOKENS])
def test_devices_can_be_made_seldom_enough(token):
    desk = device_models.desk(Draw(token, hardware.NAME))
    devices = item("ch04.devices", token)
    right = [models for models in product(device_models.DEVICES, repeat=3) if devices.check(models).right]
    assert right == desk.solutions()
    assert 0 < len(right) <= 6
    assert not devices.check(("emulated",) * 3).right
    assert "not allowed" in devices.check(("passed_through",) * 3).reason


def test_exits_are_counted_in_runs():
    load = device_models.Load(rate=640, batch=32, accesses=3)
    assert [load.exits(device) for device in device_models.DEVICES] == [1920, 20, 0]


def test_four_kinds_of_desks():
    desks = [device_models.desk(Draw(token, hardware.NAME)) for token in TOKENS]
    assert {(desk.passed, desk.old) for desk in desks} == {(1, ""), (0, ""), (1, "disk"), (1, "network")}


# --------------------------------------------------------------------------------------------------------------- walks
def test_references_of_the_walks():
    asked = [hardware._price(Draw(token, hardware.NAME)).fields for token in TOKENS]
    fields = {tuple(each[name] for name in ("nested", "native", "size")) for each in asked}
    assert fields == {(24, 4, "4 KiB"), (19, 4, "2 MiB"), (35, 5, "4 KiB"), (29, 5, "4 KiB")}
    assert item("ch04.price").check("caches").right
    assert not item("ch04.price").check("skip").right
