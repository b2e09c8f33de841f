"""The products' memory profiles hold the published numbers."""

from itertools import pairwise

import pytest

from vmwidgets.model.units import GiB, MiB
from vmwidgets.stacks import MEMORY, STACKS


def test_each_profile_is_found_by_its_id():
    assert set(MEMORY) == set(STACKS)
    assert all(profile.id == key for key, profile in MEMORY.items())
    assert all(stack.memory_profile is MEMORY[stack.id] for stack in STACKS.values())


def test_states_of_esx():
    # Waldspurger 2002, section 6.3, percent of machine memory
    esx = MEMORY["esx"]
    percent = {rung.name: rung.permille / 10 for rung in esx.ladder.rungs}
    assert (esx.ladder.base, percent) == ("memory", {"high": 6, "soft": 4, "hard": 2, "low": 1})
    actions = {rung.name: rung.actions for rung in esx.ladder.rungs}
    assert not actions["high"]
    assert actions["soft"] == {"balloon"}
    assert {"share", "swap"} <= actions["hard"]  # paging is forced, and a copy is looked for before
    assert "block" not in actions["hard"]
    assert {"swap", "block"} <= actions["low"]


def test_defaults_of_esx():
    # Waldspurger 2002, sections 5.2, 5.3, 6.2; ESX Server 2.x administration manual, /proc/vmware/config/Mem
    esx = MEMORY["esx"]
    assert (esx.targets, esx.idle_tax_permille, esx.sharing) == ("idle_tax", 750, "between")
    assert (esx.sample_pages, esx.sample_period_s, esx.rebalance_s) == (100, 30, 15)
    assert (esx.scan_pages_per_s, esx.scan_vm_pages_per_s) == (200, 50)
    assert esx.zero_on_allocate


def test_states_of_esxi():
    # running-system.com (vSphere 6), percent of minFree; F. Denneman 2011-07-26
    esxi = MEMORY["esxi"]
    assert esxi.ladder.base == "min_free"
    percent = {rung.name: rung.permille / 10 for rung in esxi.ladder.rungs if rung.name != "high"}
    assert percent == {"clear": 100, "soft": 64, "hard": 32, "low": 16}
    assert [round(free / MiB) for free in esxi.ladder.thresholds(128 * GiB)[1:]] == [1925, 1232, 616, 308]
    assert esxi.ladder.rungs[1].actions == {"break_large", "share"}


def test_options_of_esxi():
    # VMware vSphere documentation; VMware KB 2080735: sharing inside a VM only
    esxi = MEMORY["esxi"]
    assert (esxi.idle_tax_permille, esxi.balloon_limit_permille, esxi.compression_permille) == (750, 650, 100)
    assert esxi.sharing == "within"


def test_kvm_shares_and_balloons_only_when_told_to():
    # Linux, admin-guide/mm/ksm.rst (run = 0; 100 pages every 20 ms) and admin-guide/cgroup-v2.rst (memory.max)
    kvm = MEMORY["kvm"]
    assert (kvm.targets, kvm.sharing, kvm.scan_pages_per_s) == ("none", "off", 100 * 1000 // 20)
    assert kvm.limit_kills
    assert kvm.host_kills
    assert kvm.host_swap


def test_hyper_v_has_a_buffer_and_no_sharing():
    # Microsoft, Set-VMMemory reference
    hyperv = MEMORY["hyperv"]
    assert (hyperv.targets, hyperv.buffer_permille, hyperv.sharing) == ("dynamic", 200, "off")


@pytest.mark.parametrize("profile", MEMORY.values(), ids=MEMORY)
def test_what_is_done_on_a_rung_goes_on_below_it(profile):
    rungs = profile.ladder.rungs
    assert all(upper.actions <= lower.actions for upper, lower in pairwise(rungs))
    assert profile.zero_on_allocate


def test_the_nameless_vmm_keeps_nothing_back():
    neutral = MEMORY["neutral"]
    assert 0 < neutral.ladder.reserve_bytes(32 * GiB) < GiB // 8  # too little to be seen
    assert (neutral.sharing, neutral.compression_permille, neutral.idle_tax_permille) == ("off", 0, 750)
