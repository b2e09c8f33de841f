"""Chapter 7: fates come from layers, statements are tried on records, and the packet is that of the paper."""

from collections import Counter
from itertools import product

import pytest

from vmwidgets.chapters import chapter, hosted, hosted_drills, hosted_statements
from vmwidgets.chapters.items import Draw
from vmwidgets.stacks import STACKS

TOKENS = [f"student {i}" for i in range(40)]


def item(id, token="practice", part="drills"):
    return next(one for one in chapter(hosted.NAME, token).part(part).items if one.id == id)


# -------------------------------------------------------------------------------------------------------------- fates
def test_a_killed_process_a_restarted_service_and_a_root_domain():
    assert hosted.scenes(Draw("practice", hosted.NAME)).states() == ("gone", "goes_on", "goes_on", "gone")
    observe = item("ch07.fates", part="observe")
    assert observe.check(("gone", "goes_on", "goes_on", "gone")).right
    assert observe.check(("gone", "gone", "goes_on", "gone")).points == 1
    assert observe.check(("goes_on",) * 4).points == 0


def test_the_vms_are_those_of_the_comparison():
    from vmwidgets.widgets.stack_drill import busy

    assert list(hosted.VMS) == busy()


def test_four_structures_and_all_kinds_of_products():
    found = {hosted.scenes(Draw(token, hosted.NAME)) for token in TOKENS}
    assert {scenes.cases[0].failure for scenes in found} == {"logout", "host_update", "host_sleep", "vmm_killed"}
    assert {state for scenes in found for state in scenes.states()} == {"goes_on", "slowed", "paused", "gone"}
    for scenes in found:
        assert len(dict(scenes.products)) == len(set(dict(scenes.products).values())) == 3
        assert STACKS[dict(scenes.products)["hosted"]].type == 2
        assert scenes.states()[2] == "goes_on"  # a service of the management is beside the guests, not below them


# ----------------------------------------------------------------------------------------------------------- statements
def test_forty_statements_of_four_kinds():
    found = hosted_statements.concepts()
    assert len(found) == len(hosted_statements.STATEMENTS) == 40
    assert min(Counter(found.values()).values()) >= 8
    for id, concept in {
        "process": "type2",
        "host_crash": "type2",
        "changed": "para",
        "virtio": "para",
        "own_kernel": "both",
        "together": "both",
        "rewrites": "neither",
        "shared": "neither",
        "vtx": "neither",
    }.items():
        assert found[id] == concept


def test_a_statement_is_true_of_a_kind_only_if_it_holds_for_every_way():
    ways = hosted_statements.ways()
    assert {way.stack for way in ways if way.record.type == 2} == {"workstation", "virtualbox", "parallels"}
    assert any(way.record.type == 2 and way.modified for way in ways)  # the two are no opposites
    one = hosted_statements.Statement("one", "", lambda way: way != ways[0])
    assert one.concept() in ("type2", "para", "both")
    first_hosted = next(way for way in ways if way.record.type == 2 and not way.modified)
    assert hosted_statements.Statement("but", "", lambda way: way != first_hosted).concept() == "para"


@pytest.mark.parametrize("token", ["practice", *TOKENS[:20]])
def test_nine_are_asked_two_at_least_of_each_kind(token):
    nine = hosted_statements.asked(Draw(token, hosted.NAME))
    assert len(nine) == len(set(nine)) == 9
    right = tuple(hosted_statements.concepts()[one.id] for one in nine)
    assert min(Counter(right).get(kind, 0) for kind in hosted_statements.CONCEPTS) >= 2
    assert item("ch07.statements", token).check(right).right
    swapped = tuple({"type2": "para", "para": "type2"}.get(kind, kind) for kind in right)
    assert "Where does the VMM run?" in item("ch07.statements", token).check(swapped).hint


# ------------------------------------------------------------------------------------------------------ the host's view
def test_what_the_host_sees():
    assert item("ch07.top").check(400).right
    assert "several threads" in item("ch07.top").check(100).reason
    runs = {hosted_drills.Busy(8, 8, 4): 400, hosted_drills.Busy(4, 2, 8): 200, hosted_drills.Busy(4, 4, 4, 4): 200}
    for guest, percent in runs.items():
        assert guest.percent() == pytest.approx(percent, abs=2)


def test_four_kinds_of_busy_guests():
    guests = [hosted_drills.busy(Draw(token, hosted.NAME)) for token in TOKENS]
    assert len({(g.vcpus > g.pcpus, g.computing < g.vcpus, g.programs > 0) for g in guests}) == 4


# ------------------------------------------------------------------------------------------------- a night on a laptop
@pytest.mark.parametrize("stack", hosted_drills.HOSTED)
def test_who_sleeps_loses_nothing_and_who_is_in_the_session_goes_with_it(stack):
    least = {
        failure: hosted_drills.least(STACKS[stack], failure) for failure in ("host_sleep", "logout", "host_update")
    }
    assert least == {"host_sleep": "window", "logout": "background", "host_update": "saved"}


@pytest.mark.parametrize("token", ["practice", *TOKENS[:12]])
def test_nights_have_one_answer_each(token):
    nights = item("ch07.nights", token)
    right = [given for given in product(hosted_drills.SET_UPS, repeat=4) if nights.check(given).right]
    assert len(right) == 1
    assert {"window", "background", "saved"} == set(right[0])
    assert "lost" in nights.check(("window",) * 4).reason
    assert "less would do" in nights.check(("saved",) * 4).reason


def test_nights_differ():
    assert len({tuple(id for id, _ in item("ch07.nights", token).rows) for token in TOKENS}) > 8


# ----------------------------------------------------------------------------------------------------------- one packet
def test_one_packet_of_the_paper():
    run = hosted_drills.stages(Draw("practice", hosted.NAME))
    assert sum(one.us for one in run) == pytest.approx(31.63)
    assert sum(one.us for one in run if one.is_hosted) == pytest.approx(13.10)
    assert [at for at, one in enumerate(run) if one.is_hosted] == [1, 2, 4, 5]
    text = chapter(hosted.NAME).packet()
    assert text.splitlines()[-1].startswith("31.63 µs in all at 733 MHz; 13.10 µs of them, 41 %")


@pytest.mark.parametrize("token", ["practice", *TOKENS[:12]])
def test_the_four_stages_in_any_order(token):
    packet = item("ch07.packet", token)
    right = [given for given in product(("hosted", "any"), repeat=7) if packet.check(given).right]
    assert len(right) == 1
    assert right[0].count("hosted") == 4
    named = {id for (id, _), given in zip(packet.rows, right[0], strict=True) if given == "hosted"}
    assert named == {"stage1", "stage2", "stage4", "stage5"}


def test_times_are_in_the_rows(tmp_path):
    import vmwidgets as vm

    lesson = vm.Lesson(hosted.NAME, folder=tmp_path)
    state = lesson.chapter.part("drills").items[-1]
    assert dict(state.rows)["stage3"].format(**state.fields) == "the host's driver sends the packet: 17.55 µs"
    lesson.close()
