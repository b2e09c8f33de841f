"""A guest's own memory: what it touches, what it gives away first, and what its pages hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_pages import TURNS, GuestPages, Mix

MIX = Mix(kernel=20, image=100, twins=80, twin_copies=2000, cache=200, zero=100)
KINDS = ("kernel", "image", "twins", "programs", "cache", "zero")


def guest(pages=1000, mix=MIX, **settings):
    return GuestPages(pages, settings.pop("image", "Linux"), settings.pop("stream", "A"), mix, **settings)


def filled(**settings):
    made = guest(**settings)
    while made.census()["free"]:
        made.touch(0)
    return made


def held(touches):
    return dict(zip(touches.written.tolist(), touches.contents.tolist(), strict=True))


# ----------------------------------------------------------------------------------------------------- the working set
@pytest.mark.parametrize("active", [20, 101, 500, 999, 1000])
def test_a_working_set_is_touched_whole_within_ten_seconds(active):
    one = filled()
    seen, hot = set(), None
    for _ in range(TURNS):
        now = set(one.touch(active).gfns.tolist())
        hot = now if hot is None else hot & now
        seen |= now
    assert len(seen) == active
    assert len(hot) == active // 2


def test_the_kernel_is_always_active_and_nobody_has_more_than_all():
    assert len(guest().touch(0).gfns) >= 10
    one = guest(100)
    for _ in range(2 * TURNS):
        touched = one.touch(10**6)
    assert one.census()["free"] == 0
    assert touched.denied == 0


def test_memory_fills_at_its_rate_and_no_further():
    one = guest(fill_per_s=30, used=400)
    sizes = []
    for _ in range(20):
        one.touch(20)
        sizes.append(1000 - one.census()["free"])
    # the hot half and what is new at once, the warm half one page a turn
    assert sizes[:10] == [30 * second - (TURNS - second) for second in range(1, 11)]
    assert sizes[-1] == 400


def test_the_census_of_a_full_guest_is_its_mix():
    census = filled().census()
    assert [census[kind] for kind in KINDS] == [20, 100, 80, 500, 200, 100]
    assert census["free"] == census["balloon"] == census["swapped"] == census["dropped"] == 0


# ------------------------------------------------------------------------------------------------------------ contents
def contents(one, seconds=400):
    holds = {}
    for _ in range(seconds):
        holds |= held(one.touch(20))
    return holds


def by_kind(one):
    holds = contents(one)
    bounds = zip((0, *one.ends), one.ends, KINDS, strict=False)
    return {kind: [holds[gfn] for gfn in one.gfns(np.arange(a, b)).tolist()] for a, b, kind in bounds}


def test_what_is_equal_in_vms_of_one_image():
    a, b, other = by_kind(guest(stream="A")), by_kind(guest(stream="B")), by_kind(guest(stream="C", image="Plan 9"))
    for kind in ("kernel", "image", "twins"):
        assert a[kind] == b[kind]
        assert not set(a[kind]) & set(other[kind])
    for kind in ("programs", "cache"):
        assert len(set(a[kind])) == len(a[kind])
        assert not set(a[kind]) & set(b[kind])
    assert set(a["zero"]) == {0}
    assert len(set(a["image"])) == 100


@pytest.mark.parametrize(("copies", "distinct"), [(1000, 80), (2000, 40), (2500, 32), (80_000, 1)])
def test_twins_have_so_many_copies(copies, distinct):
    twins = by_kind(guest(mix=Mix(twins=80, twin_copies=copies)))["twins"]
    assert (len(twins), len(set(twins))) == (80, distinct)


def test_an_upgrade_rewrites_the_image_and_nothing_else():
    one = filled()
    before = one.gfns(np.arange(1000)).tolist()
    one.upgrade("Linux")
    assert len(one.touch(20).written) < 100  # the same image
    one.upgrade("Linux 2")
    written = held(one.touch(20))
    assert set(before[20:200]) <= set(written)
    assert not set(before[20:200]) & set(held(one.touch(20)))  # once
    new = by_kind(guest(image="Linux 2"))
    assert [written[gfn] for gfn in before[20:120]] == new["image"]


def test_programs_write_and_caches_do_not():
    one = filled()
    written = set()
    for _ in range(40):
        written |= set(one.touch(1000).written.tolist())
    assert written == set(one.gfns(np.arange(200, 700)).tolist())  # the programs, and all of them


def test_windows_zeroes_its_memory_while_it_boots():
    one = guest(zeroes_memory=True, used=100, fill_per_s=100)
    written = {}
    for _ in range(17):
        written |= held(one.touch(50))
    assert set(written) == set(range(1000))
    assert one.census()["free"] == 900  # that is no use of theirs
    assert sum(content == 0 for content in written.values()) >= 880
    assert not held(one.touch(50)).keys() - set(range(100))  # and it does so once


# ------------------------------------------------------------------------------------------------------------- balloon
def test_a_balloon_takes_free_pages_then_the_coldest():
    one = guest(used=600, fill_per_s=600)
    for _ in range(TURNS):
        one.touch(20)
    given, out = one.inflate(300)
    assert (len(given), out) == (300, 0)
    assert one.census()["free"] == 100
    given, out = one.inflate(200)  # 100 free ones and the coldest 100 of the 600
    assert (len(given), out) == (200, 100)
    assert one.swapped == 100
    resident = one.gfns(np.arange(600)) >= 0
    assert resident[:500].all()
    assert not resident[500:].any()


def test_what_the_disk_has_is_dropped_and_not_swapped():
    one = filled()
    given, out = one.inflate(300)  # the zero pages and the cache
    assert (len(given), out, one.swapped, one.dropped) == (300, 0, 0, 200)
    _, out = one.inflate(50)
    assert (out, one.swapped) == (50, 50)
    one.deflate(350)
    back = one.touch(900)
    assert back.written_out == back.denied == 0
    total = back.read_in
    for _ in range(TURNS):
        total += one.touch(900).read_in
    assert total == 250
    assert one.swapped == one.dropped == 0


def test_the_kernel_stays():
    one = filled()
    given, _ = one.inflate(5000)
    assert len(given) == 980
    assert one.census()["kernel"] == 20
    assert one.touch(500).denied > 0  # no room for anything else


@pytest.mark.parametrize("driver", ["none", "refuses"])
def test_a_guest_that_gives_nothing(driver):
    one = filled(balloon=driver)
    given, out = one.inflate(10)
    assert (len(given), out, one.ballooned) == (0, 0, 0)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 200),
    st.builds(
        Mix,
        kernel=st.sampled_from([0, 50]),
        image=st.sampled_from([0, 200]),
        twins=st.sampled_from([0, 50]),
        cache=st.sampled_from([0, 300]),
        zero=st.sampled_from([0, 300]),
    ),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["touch", "inflate", "deflate"]), st.integers(0, 220)), max_size=30),
)
def test_every_page_has_one_use_and_nothing_is_forgotten(pages, mix, zeroes, actions):
    one = guest(pages, mix, zeroes_memory=zeroes)
    used = 0  # pages of the list that were ever in use and hold something that must not be lost
    for action, number in actions:
        if action == "touch":
            touches = one.touch(number)
            assert len(np.unique(touches.gfns)) == len(touches.gfns)
            assert len(np.unique(touches.written)) == len(touches.written) == len(touches.contents)
            assert set(touches.written.tolist()) <= set(touches.gfns.tolist())
        elif action == "inflate":
            given, _ = one.inflate(number)
            assert len(np.unique(given)) == len(given) <= number
        else:
            had = one.ballooned
            assert len(one.deflate(number)) == had - one.ballooned == min(number, had)
        census = one.census()
        assert min(census.values()) >= 0
        assert sum(census[k] for k in (*KINDS, "balloon", "free")) == pages
        kept = sum(census[k] for k in KINDS[:5]) + census["swapped"] + census["dropped"]
        assert kept >= used  # zero pages apart, what was once used is in memory, in swap, or on the disk
        used = kept
        places = one.gfns(np.arange(pages))
        assert len(np.unique(places[places >= 0])) == (places >= 0).sum()


def test_two_guests_to_which_the_same_happens_are_equal():
    def life(stream):
        one = guest(stream=stream)
        for second in range(30):
            one.touch(second * 30)
            one.inflate(second)
            one.deflate(second // 2)
        return one.digest()

    assert life("A") == life("A")
    other = guest()
    other.touch(1)
    assert other.digest() != guest().digest()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"image": -1}, "image is -1, expected a whole number from 0 to 1000"),
        ({"twin_copies": 999}, "twin_copies is 999, expected a whole number from 1000"),
        (
            {"image": 700, "cache": 300},
            "kernel, image, twins, cache and zero together is 1020, expected a whole number",
        ),
    ],
)
def test_a_wrong_mix_gets_a_sentence(wrong, told):
    with pytest.raises(VmwidgetsError) as error:
        Mix(**wrong)
    assert str(error.value).startswith(told)
