"""Attacks in other words: which are drawn, and that ending them early changes no outcome."""

import pytest

from vmwidgets.assignments.perimeter import Variant, variant
from vmwidgets.assignments.perimeter.board import reference
from vmwidgets.assignments.perimeter.mutants import crosses, draw
from vmwidgets.assignments.perimeter.weaknesses import WEAKNESSES
from vmwidgets.model.guest_memory import Trap
from vmwidgets.model.range.mutants import stripped

HOSTS = [variant(seed * 0x9E3779B97F4A7C15 % 2**64) for seed in range(1, 40)]
BOOT = 4711


@pytest.mark.parametrize("host", HOSTS[:12], ids=lambda host: host.zones.own)
def test_half_are_for_the_weak_walls_and_none_for_what_no_switch_stops(host: Variant):
    drawn = list(draw(host, 40, BOOT))
    weak = [hole for hole, _ in drawn if hole in host.exploitable.values()]
    others = {hole.id for hole, _ in drawn} - {hole.id for hole in weak}
    assert (len(drawn), len(weak)) == (40, 20)
    assert {hole.id for hole in weak} == {hole.id for hole in host.exploitable.values()}
    assert others == {
        id
        for id, hole in WEAKNESSES.items()
        if hole not in host.exploitable.values()
        and host.has_place_for(hole)
        and not set(hole.switches) <= set(host.missing)
    }


def test_none_is_the_attack_itself():
    for host in HOSTS[:4]:
        for hole, code in draw(host, 40, BOOT):
            assert stripped(code) != stripped(hole.attack.code)


def test_another_seed_draws_others():
    assert list(draw(HOSTS[0], 40, 1)) == list(draw(HOSTS[0], 40, 1))
    assert list(draw(HOSTS[0], 40, 1)) != list(draw(HOSTS[0], 40, 2))


@pytest.mark.parametrize("id", [id for id, hole in WEAKNESSES.items() if hole.switches])
def test_ending_at_the_first_refusal_changes_no_outcome(id: str):
    hole = WEAKNESSES[id]
    host = next(one for one in HOSTS if one.has_place_for(hole) and set(hole.switches) <= set(one.switches))
    code = next(code for one, code in draw(host, 40, BOOT) if one == hole)
    for on in (True, False):
        switches = dict.fromkeys(hole.switches, on)
        for text in (code, hole.attack.code):
            assert crosses(host, hole, text, BOOT, switches) is host.run_gallery(hole, BOOT, switches, text).fell
        assert crosses(host, hole, hole.attack.code, BOOT, switches) is not on


def test_the_smallest_fix_stops_all_of_them():
    for host in HOSTS[20:22]:
        fix = reference(host)
        assert not any(crosses(host, hole, code, BOOT, fix) for hole, code in draw(host, 40, BOOT))


def test_memory_is_given_back_at_once():
    """Forty machines of 4 MiB would otherwise wait for the collector of cycles."""
    scenario = HOSTS[0].gallery_shot(next(iter(HOSTS[0].exploitable.values())), BOOT).scenario
    scenario.release()
    assert not scenario.machine.memory
    with pytest.raises(Trap):
        scenario.path.load(64, 8)
