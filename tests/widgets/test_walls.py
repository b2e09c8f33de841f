"""Chapter 3: the numbers of its text, walls with and without a hole, two repairs, six reports, and the guilty frame."""

import pytest

import vmwidgets as vm
from vmwidgets.chapters import chapter
from vmwidgets.chapters.items import Draw
from vmwidgets.chapters.walls import NAME, Neighbours, neighbours
from vmwidgets.chapters.walls_drills import INCIDENTS, wall
from vmwidgets.chapters.walls_map import Mapped
from vmwidgets.chapters.walls_tried import SOUND, Server, tried
from vmwidgets.model.memory import SHARED

PRACTICE = neighbours(Draw("practice", NAME))
STUDENTS = [f"student {i}" for i in range(24)]


def item(part: str, id: str, token: str = "practice"):
    return next(i for i in chapter(NAME, token).part(part).items if i.id == id)


def test_the_numbers_of_the_chapter():
    assert Neighbours(2, (4,)) == PRACTICE
    assert PRACTICE.cores() == 133
    assert PRACTICE.seen() == ("no", "no", "yes")
    assert PRACTICE.isolation("cpu_reservation_mhz", 0) == (666, 1000)
    assert PRACTICE.isolation("cpu_reservation_mhz", 4000) == (1000, 1000)


def test_shares_per_vm_slow_nobody():
    lab = PRACTICE.lab(loud=True)
    for name in "AB":
        lab.configure(name, cpu_shares=1000)
    assert lab.snapshot["cpu_used_khz"].tolist() == [4_000_000, 4_000_000]


def test_a_neighbour_that_sleeps_slows_nobody():
    assert PRACTICE.lab().snapshot["cpu_used_khz"][0] == 4_000_000


@pytest.mark.parametrize(
    ("server", "seen", "goes_on"),
    [
        (SOUND, False, True),
        (Server(maps_twice=True), True, True),
        (Server(reuses=True), False, False),
        (Server(reuses=True, clears=False), True, False),
        (Server(stops="all"), False, False),
    ],
)
def test_what_the_guests_find_behind_each_wall(server, seen, goes_on):
    run = tried(server)
    assert run.words_seen is seen
    assert (run.a_went_on > 0) is goes_on
    assert run.violations == 1


@pytest.mark.parametrize(
    ("id", "edges", "outside"),
    [("ch03.reserve", (3800, 4000), (3799, 4001, 0, -1)), ("ch03.limit", (2400, 4200), (2399, 4201, 0, -1))],
)
def test_both_repairs_have_edges_that_the_model_draws(id, edges, outside):
    check = item("drills", id).check
    assert all(check(value).right for value in edges)
    assert not any(check(value).right for value in outside)
    assert check(-1).reason == "The VMM refuses this setting."


def test_too_tight_a_limit_leaves_the_server_idle_and_too_wide_a_one_slows():
    check = item("drills", "ch03.limit").check
    assert "lies idle" in check(2399).reason
    assert "loses more than 5 %" in check(4300).reason


def test_every_report_fails_the_wall_that_it_is_about():
    assert {one.id: wall(one) for one in INCIDENTS} == {
        "twice": "space",
        "reused": "space",
        "vmm": "fault",
        "kernel": "fault",
        "pool": "fault",
        "cores": "performance",
        "disk": "performance",
        "thief": "performance",
        "own": "none",
        "panic": "none",
        "probe": "none",
    }


@pytest.mark.parametrize("token", STUDENTS[:8])
def test_all_walls_are_among_six_reports(token):
    ids = [id for id, _ in item("drills", "ch03.incidents", token).rows]
    assert len(set(ids)) == 6
    assert {wall(one) for one in INCIDENTS if one.id in ids} == {"space", "fault", "performance", "none"}


@pytest.mark.parametrize("token", ["practice", *STUDENTS])
def test_one_frame_is_guilty_and_shared_ones_are_not(token):
    mapped = Mapped(Draw(token, NAME))
    (guilty,) = mapped.guilty()
    told = [line.split(f"→ {guilty}") for line in mapped.text().splitlines()]
    assert sum(len(parts) - 1 for parts in told) >= 2
    check = item("drills", "ch03.frame", token).check
    assert check(guilty).right
    (shared, _) = [frame for frame in range(48) if mapped.memory.state[frame] == SHARED]
    assert "shared, and rightly so" in check(shared).reason
    assert "does not stand there twice" in check(-1).reason


def test_without_the_bug_the_memory_is_sound():
    for token in STUDENTS:
        mapped = Mapped(Draw(token, NAME), broken=False)
        assert mapped.guilty() == ()
        mapped.memory.check()


def test_students_meet_all_structures():
    drawn = [neighbours(Draw(token, NAME)) for token in STUDENTS]
    assert len({(one.vcpus, len(one.loud), one.quiet > 0) for one in drawn}) == 4
    assert len({Draw(token, NAME).number("bug", 0, 3) for token in STUDENTS}) == 4


def test_the_thief_gets_through_sampled_accounting_and_in_nine_ms_through_the_repair_too():
    lab = chapter(NAME).theft_lab()

    def got(run: int) -> list[int]:
        return lab.quantum_runs()[run].ran_permille(4).tolist()

    assert got(0)[0] > 900
    assert max(got(0)[1:]) < 30
    assert got(1)[0] == pytest.approx(250, abs=10)
    lab.set_workload("thief", vm.Workload("tick_thief", run_us=9_000))
    assert got(1)[0] > 850
    lab.set_scheduler(accounting="precise")
    assert got(1)[0] == pytest.approx(250, abs=10)


def test_the_attempts_are_told_in_three_lines():
    read, beyond, fell = chapter(NAME).attempts().splitlines()
    assert "nothing of what A wrote" in read
    assert "1 VM exit" in beyond
    assert f"{tried(SOUND).a_went_on} instructions" in fell
