"""Page walks of a program: what goes into the experiment, and what its columns say."""

import math

import numpy as np
import pytest

from vmwidgets import experiments
from vmwidgets.experiments.paging import page_visits, speedup_pct, walker_of
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.units import MiB


def rows(**parameters):
    table = experiments.page_walk(**{"working_set_pages": 2000, "accesses": 400, **parameters})
    return table.set_index("walk").T.to_dict()


def test_the_same_again_and_another_seed():
    assert rows() == rows()
    assert rows() != rows(seed=2)


@pytest.mark.parametrize("pwc", ["off", "guest", "both"])
@pytest.mark.parametrize("nested_tlb", [False, True])
def test_the_columns_add_up(pwc, nested_tlb):
    for row in rows(pwc=pwc, nested_tlb=nested_tlb).values():
        assert row["references"] == pytest.approx(row["guest_references"] + row["second_stage_references"])
        found = row["pwc_hits"] + row["l2_hits"] + row["memory_reads"]
        assert found == pytest.approx(row["references"])
        cycles = 2 * (row["pwc_hits"] + row["nested_tlb_hits"]) + 11 * row["l2_hits"] + 100 * row["memory_reads"]
        assert row["cycles_per_walk"] == pytest.approx(cycles)
        assert row["cycles"] == pytest.approx(row["cycles_per_walk"] * row["walks"])
        assert (row["pwc_hits"] > 0) == (pwc != "off")
    both = rows(pwc=pwc, nested_tlb=nested_tlb)
    assert both["native"]["nested_tlb_hits"] == both["native"]["second_stage_references"] == 0
    assert (both["two_dimensional"]["nested_tlb_hits"] > 0) == nested_tlb


def test_the_tlb_makes_walks_rarer():
    without, small, fits = rows(tlb=False), rows(), rows(working_set_pages=300, locality_permille=0)
    assert without["native"]["walks"] == 400
    assert 0 < small["native"]["walks"] < 400
    assert fits["native"]["walks"] < small["native"]["walks"]
    assert small["native"]["walks"] == small["two_dimensional"]["walks"]


def test_when_no_access_walks():
    row = rows(working_set_pages=1)["two_dimensional"]
    assert (row["walks"], row["cycles_per_walk"], row["tlb_misses_per_100k"]) == (0, 0, 0)
    assert math.isnan(row["latency_ratio"])


def test_without_levels_there_is_nothing_to_read():
    assert rows(guest_levels=0)["two_dimensional"]["references"] == 4
    assert rows(host_levels=0)["two_dimensional"]["latency_ratio"] == 1
    assert rows(guest_levels=0, host_levels=0)["two_dimensional"]["walks"] == 0


def test_data_pushes_entries_out_of_the_l2_cache():
    quiet, busy = rows(data_lines_permille=0), rows(data_lines_permille=1000)
    assert quiet["two_dimensional"]["memory_reads"] < busy["two_dimensional"]["memory_reads"]


def test_large_nested_pages_make_tlb_misses_rarer_only_where_the_guest_has_large_pages_too():
    def walks(permille, host):
        row = rows(working_set_pages=20_000, guest_large_permille=permille, host_page_bytes=host)["two_dimensional"]
        return row["walks"]

    assert walks(0, 4096) == walks(0, 2 * MiB)
    assert walks(1000, 2 * MiB) < walks(1000, 4096)
    assert walks(500, 2 * MiB) < walks(0, 2 * MiB)


def test_large_guest_pages_save_a_level():
    row = rows(guest_large_permille=1000, working_set_pages=1024, tlb=False)
    assert (row["native"]["references"], row["two_dimensional"]["references"]) == (3, 3 * 4 + 3 + 4)


def test_a_walker_to_step_through():
    walk = walker_of(4, 4, pages=3).walk(0x2ABC)
    assert (walk.references, walk.fault) == (24, None)
    assert walker_of(4, 4, pages=3).walk(0x3000).fault.reason == "page_fault"


@pytest.mark.parametrize("locality", [0, 300, 1000])
def test_locality_is_the_share_of_next_pages(locality):
    visits = page_visits(5000, 20_000, locality, seed=1)
    assert visits.min() >= 0
    assert visits.max() < 5000
    near = (np.diff(visits) % 5000 == 1).mean()
    assert near == pytest.approx(locality / 1000, abs=0.02)
    if not locality:
        assert len(np.unique(visits)) > 4800  # all of the working set is visited


@pytest.mark.parametrize(
    ("perfect", "left", "expected"), [(100, 0, 100), (100, 1, 0), (100, 0.5, 100 / 3), (25, 0, 25)]
)
def test_speedup_of_a_program(perfect, left, expected):
    assert speedup_pct(perfect, 1000, 1000 * left) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"pwc": "on"}, "pwc is 'on', expected one of off, guest, both"),
        ({"host_page_bytes": 8192}, "host_page_bytes is 8192, expected one of 4096, 2097152"),
        ({"host_levels": 6}, "host_levels is 6, expected a whole number from 0 to 5"),
        ({"host_levels": 1, "host_page_bytes": 2 * MiB}, "host_levels is 1, expected a whole number from 2 to 5"),
        ({"guest_levels": 1}, "working_set_pages is 2000, expected a whole number from 1 to 256"),
        ({"guest_levels": 1, "guest_large_permille": 1000}, "guest_levels is 1, expected a whole number from 2 to 5"),
        ({"host_levels": 1}, "a second stage of 1 levels maps 512 guest pages, expected room for 2008"),
        ({"working_set_pages": 0}, "working_set_pages is 0"),
        ({"accesses": 0}, "accesses is 0"),
        ({"instructions": 0}, "instructions is 0"),
        ({"locality_permille": 1001}, "locality_permille is 1001"),
        ({"guest_large_permille": -1}, "guest_large_permille is -1"),
        ({"data_lines_permille": 1001}, "data_lines_permille is 1001"),
        ({"l2_bytes": 1}, "size_bytes is 1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_wrong_parameters(parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        rows(**parameters)
    assert str(error.value).startswith(told)
