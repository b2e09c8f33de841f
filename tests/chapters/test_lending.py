"""Chapter 9: the numbers of the course come out of the runs, and no variant is odd."""

import pytest

from vmwidgets.chapters import chapter, lending, lending_drills
from vmwidgets.chapters.items import Draw
from vmwidgets.model.units import GiB

TOKENS = [f"student {i}" for i in range(40)]
PRACTICE = lending.lending(Draw("practice", lending.NAME))


def drill(id: str, token: str = "practice"):
    return next(item for item in chapter(lending.NAME, token).part("drills").items if item.id == id)


def accepted(item, values) -> list[int]:
    return [value for value in values if item.check(value).right]


def test_three_machines_of_16_gib_on_31():
    assert sum(PRACTICE.sizes) - 31 == 17
    ballooned, displaced = lending.readings(PRACTICE)
    print("in balloons, GiB:", ballooned / 10, "active without a frame, GiB:", displaced / 10)
    assert ballooned == pytest.approx(170, abs=4)
    assert displaced == pytest.approx(51, abs=2)  # 14 + 16 less twice 12.4, at a tax of 75 %


def test_nobody_lacks_anything_while_active_memory_fits():
    lab = PRACTICE.lab()
    seen = lab.advance(90)
    assert seen["memory_used_bytes"].sum() <= lab.hardware.guest_memory_bytes
    assert (seen["memory_mapped_bytes"] >= seen["memory_active_bytes"]).all()
    before = seen["throughput_per_ks"].copy()
    for name, size, active in zip("ABC", PRACTICE.sizes, PRACTICE.after, strict=True):
        lab.set_workload(name, lending._database(active, size))
    after = lab.advance(48)["throughput_per_ks"]
    assert after[0] * 4 < before[0]
    assert after[2] * 4 < before[2]
    assert after[1] == pytest.approx(before[1], rel=0.1)  # B sleeps on and lacks nothing


@pytest.mark.parametrize("late", [60, 84, 120])
def test_a_student_may_read_early_or_late(late):
    expected = lending.readings(PRACTICE)[0]
    seen = PRACTICE.lab().advance(late)
    assert lending.tenths(int(seen["memory_ballooned_bytes"].sum())) == pytest.approx(expected, abs=3)


def test_every_variant_fits_at_first_and_fails_later_by_more_than_it_must():
    variants = {lending.lending(Draw(token, lending.NAME)) for token in TOKENS}
    assert {len(machines.sizes) for machines in variants} == {3, 6}
    assert len({machines.sizes for machines in variants}) >= 3
    for machines in variants:
        assert all(value * 1000 % size == 0 for value, size in zip(machines.before, machines.sizes, strict=True))
        assert sum(machines.sizes) > 31 > sum(machines.before)
        least = 10 * (sum(machines.after) - 31)
        assert least > 0
    for machines in sorted(variants, key=repr)[::4]:
        ballooned, displaced = lending.readings(machines)
        assert 0 < ballooned <= 10 * (sum(machines.sizes) - 31) + 4
        assert displaced > 10 * (sum(machines.after) - 31) + 6  # the bound alone is not taken for the reading


def test_states_of_an_esxi_like_host():
    assert accepted(drill("ch09.state"), (1925, 1232, 616, 308)) == [1232]
    asked = {lending_drills._thresholds(Draw(token, lending.NAME)).fields["state"] for token in TOKENS}
    assert asked == {"clear", "soft", "hard", "low"}


def test_the_reserve_is_not_there_to_be_lent():
    assert 179 in accepted(drill("ch09.reserve"), (170, 179, 189))
    assert len(accepted(drill("ch09.reserve"), (170, 179, 189))) == 1


@pytest.mark.parametrize(
    "guest",
    [
        lending_drills.Guest(4),
        lending_drills.Guest(4, touched=500),
        lending_drills.Guest(4, zero=200),
        lending_drills.Guest(4, image=300, touched=900),
    ],
)
def test_the_floor_is_what_the_guest_cannot_give_for_nothing(guest):
    kept, free = guest.parts()
    assert kept + free <= 400
    assert not lending_drills.swaps(guest, kept + 10)
    assert lending_drills.swaps(guest, kept - 25)


def test_a_floor_that_is_too_high_is_told_so():
    item = drill("ch09.floor")
    assert accepted(item, range(0, 401, 50)) == [300]
    assert "smaller" in item.check(400).reason
    assert "swap file" in item.check(100).reason
    assert "reservation" in item.check(500).reason


def test_four_causes_show_in_four_ways():
    records = dict(
        lending_drills.record(each)
        for each in (
            lending_drills.Chart(800, left=750),
            lending_drills.Chart(800, left=450),
            lending_drills.Chart(800, left=600, balloon="none"),
            lending_drills.Chart(800, leaks=True),
        )
    )
    assert set(records) == {"balloon", "guest", "host", "leak"}
    end = {
        kind: [int(column.split()[-1]) for column in text.split(" | ")] for kind, text in records.items()
    }  # cache, swap file, frames, reads
    assert end["balloon"][0] < end["host"][0] == end["leak"][0]
    assert [kind for kind in end if end[kind][1]] == ["guest"]
    assert end["leak"][2] == 800 > end["balloon"][2]
    assert max(map(int, records["balloon"].split(" | ")[3].split())) == 0
    assert max(map(int, records["host"].split(" | ")[3].split())) > 100


@pytest.mark.parametrize("balloon", ["none", "refuses"])
def test_a_guest_that_gives_nothing_is_swapped_and_does_less(balloon):
    def run(balloon: str) -> tuple[float, float]:
        lab = PRACTICE.lab()
        lab.configure("A", kernel=lending_drills.GuestKernel(balloon=balloon))
        lab.advance(120)
        a = lab.history().query("vm == 'A'")
        return a["memory_swapped_bytes"].max() / GiB, a["throughput_per_ks"].mean()

    swapped, work = run("driver")
    without, less = run(balloon)
    assert without > swapped + 1
    assert less < 0.95 * work
