"""Caches by machine line, and loads that take the time of where their line lies."""

import pytest

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.timing import (
    BEFORE,
    L1_CYCLES,
    L1_LINES,
    LAST_CYCLES,
    LAST_LINES,
    MEMORY_CYCLES,
    OWN,
    SIBLING,
    Caches,
)
from vmwidgets.stacks import STACKS


@pytest.fixture
def caches():
    return Caches(lambda _address: None)


def test_a_line_is_fast_once_it_was_loaded(caches):
    assert [caches.access(5), caches.access(5)] == [MEMORY_CYCLES, L1_CYCLES]


def test_a_line_that_another_core_has_loaded_is_in_the_last_level(caches):
    assert caches.access_elsewhere(5) == MEMORY_CYCLES
    assert caches.access(5) == LAST_CYCLES


def test_a_flushed_line_comes_from_memory_again(caches):
    caches.access(5)
    caches.flush(5)
    assert caches.access(5) == MEMORY_CYCLES


def test_the_first_level_forgets_what_was_used_least_recently(caches):
    for line in range(L1_LINES):
        caches.access(line)
    caches.access(0)
    caches.access(L1_LINES)
    assert caches.access(0) == L1_CYCLES
    assert caches.access(1) == LAST_CYCLES


def test_the_last_level_forgets_too(caches):
    for line in range(LAST_LINES + 1):
        caches.access_elsewhere(line)
    assert caches.access_elsewhere(0) == MEMORY_CYCLES


def test_an_emptied_first_level_leaves_the_last(caches):
    caches.access(5)
    assert caches.empty_first() == 1
    assert caches.access(5) == LAST_CYCLES


def test_who_has_brought_a_line(caches):
    caches.access(1, BEFORE)
    caches.access(2, SIBLING)
    caches.access(2)
    assert [caches.brought_by(line) for line in (1, 2, 3)] == [BEFORE, OWN, None]


def test_rows_are_opened_only_for_what_no_cache_has():
    opened = []
    caches = Caches(opened.append)
    for _ in range(2):
        caches.access(5)
        caches.access_elsewhere(6)
    assert opened == [5 * 64, 6 * 64]


def test_guest_code_measures_where_a_line_lies():
    code = """
    mov rsi, {page_bytes}
    mov rbx, 3
again:
    rdtsc
    mov r9, rax
    mov rax, [rsi]
    rdtsc
    sub rax, r9
    mov rdi, rax
    mov rax, {call_report}
    vmcall
    cmp rbx, 2
    jne kept
    clflush [rsi]
kept:
    dec rbx
    jnz again
"""
    placement = Placement(timed=True)
    shot = Shot(Attack.from_text(code, placement=placement), Scenario(STACKS["kvm"], placement, {"l1d_flush": False}))
    shot.cpu.run(1000)
    cold, warm, flushed = shot.scenario.attacker.reports
    assert cold == flushed
    assert cold - warm == MEMORY_CYCLES - L1_CYCLES
