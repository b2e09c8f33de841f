"""Chapter 10: the numbers of the course come out of the runs, and every drill has an answer."""

from itertools import product

import pytest

from vmwidgets.chapters import chapter, tax_and_twins, tax_drills, twins
from vmwidgets.chapters.items import Draw
from vmwidgets.model.reclaim import idle_memory_tax

TOKENS = [f"student {i}" for i in range(40)]


def drill(id: str, token: str = "practice"):
    return next(item for item in chapter(tax_and_twins.NAME, token).part("drills").items if item.id == id)


def test_the_tax_of_the_course():
    machines = tax_and_twins.taxed(Draw("practice", tax_and_twins.NAME))
    lab = machines.lab()
    free = lab.advance(72)["memory_mapped_bytes"] / 2**20
    assert free.tolist() == pytest.approx([192, 192], abs=2)
    assert tax_and_twins.idle_gets(machines) == pytest.approx(96, abs=1)


def test_every_structure_comes_to_rest_where_the_rule_says():
    variants = {tax_and_twins.taxed(Draw(token, tax_and_twins.NAME)) for token in TOKENS}
    structures = {(len(m.active), m.shares[0], m.active[0] >= 64): m for m in variants}
    assert len(structures) == 4
    for machines in structures.values():
        n = machines.total
        rule = idle_memory_tax(n, machines.shares, machines.active, machines.tax / 100, 0, n)
        assert tax_and_twins.idle_gets(machines) == pytest.approx(rule[0], abs=3)


def test_twins_of_the_course():
    layout = twins.twins(Draw("practice", tax_and_twins.NAME))
    before, after = twins.saved(layout)
    assert before == 48
    # 3.6, and the pages of the kernel that runs in C until it boots again: 2 % of 4 GiB
    assert after == 37


def test_pages_of_zeros_need_one_frame():
    # 2 x 6 GiB x 30 % for the twins; of 3 x 6 GiB x 10 % zeros one frame is left
    assert twins.saved(twins.Twins(3, 6, 30, 10))[0] == 36 + 18


def test_layouts_fit_on_the_server():
    layouts = {twins.twins(Draw(token, tax_and_twins.NAME)) for token in TOKENS}
    assert {(each.size, each.zero > 0) for each in layouts} == {(3, False), (3, True), (6, False), (6, True)}
    assert all(each.count * each.size <= 31 for each in layouts)


def test_the_writer_pays_for_the_copy():
    layout = twins.twins(Draw("practice", tax_and_twins.NAME))
    lab = layout.lab()
    lab.advance(84)
    layout.upgrade(lab, "C")
    lab.advance(1)
    assert lab.memory
    copies = [lab.memory.tenant(slot).faults.copies for slot in range(5)]
    assert copies[2] == 4 * 512 * 28 // 100  # 28 % of 4 GiB in pages of 2 MiB
    assert sum(copies) == copies[2]


def test_a_write_gives_the_neighbour_away_only_where_a_frame_is_shared_with_it():
    told = {id: twins.leaks(each) for each, id, _ in twins._SET_UPS}
    assert [id for id, leaks in told.items() if leaks] == ["between"]
    item = drill("ch10.zones")
    right = tuple("leak" if told[id] else "quiet" for id, _ in item.rows)
    assert item.check(right).right
    assert not item.check(("quiet",) * len(item.rows)).right


@pytest.mark.parametrize("token", ["practice", *TOKENS])
def test_one_tax_serves_both(token):
    item = drill("ch10.smallest", token)
    right = [value for value in range(100) if item.check(value).right]
    assert len(right) == 1
    assert "less than it needs" in item.check(right[0] - 1).reason
    assert "smaller" in item.check(right[0] + 1).reason
    assert "floor" in item.check(99).reason
    assert not item.check(100).right


@pytest.mark.parametrize("token", ["practice", *TOKENS[:12]])
def test_six_machines_fit_only_with_a_plan(token):
    six = tax_drills.machines(Draw(token, tax_and_twins.NAME))
    assert sum(map(max, six.day, six.night)) > 3 * tax_drills.HOST_GIB
    item = drill("ch10.placement", token)
    held = [hosts for hosts in product("123", repeat=6) if item.check(hosts).right]
    assert len(held) == six.solutions()
    assert 0 < len(held) <= 48
    for hosts in held[:3]:
        for host in "123":
            assert sum(gib for gib, at in zip(six.day, hosts, strict=True) if at == host) <= 16
    assert "copies" in item.check(("1",) * 6).reason
