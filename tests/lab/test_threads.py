"""Callbacks of widgets arrive on other threads than the cell's: the gate lets one in at a time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

import pytest

import vmwidgets as vm
from vmwidgets.model.errors import VmwidgetsError

THREADS = 8
ROUNDS = 6


def together(work):
    """Run ``work(number)`` on many threads that start at the same moment; raise what one of them raises."""
    ready = Barrier(THREADS)

    def start(number):
        ready.wait(timeout=300)
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return [one.result(timeout=300) for one in [pool.submit(start, number) for number in range(THREADS)]]


def test_commands_from_many_threads_are_all_carried_out_one_after_the_other():
    lab, heard = vm.Lab(seed=3), []
    lab.subscribe(lambda told: heard.append((told.tick, len(told.log), told.digest())))

    def work(number):
        lab.create_vm(f"VM {number}", workload="web")
        for round_ in range(ROUNDS):
            lab.configure(f"VM {number}", cpu_shares=1000 + round_)
            snapshot = lab.advance(2)
            assert all(p.used + p.vmm + p.free == p.capacity for p in snapshot.pools.values())

    together(work)
    assert lab.tick == THREADS * ROUNDS * 2
    assert len(lab.vms) == THREADS
    assert len(heard) == THREADS * (1 + 2 * ROUNDS)
    assert sum(command.kind != "advance" for command in lab.log) == THREADS * (1 + ROUNDS)
    assert lab.replay().digest() == lab.digest() == heard[-1][2]


def test_undo_and_redo_from_many_threads():
    lab = vm.Lab(seed=3)
    lab.create_vm("A", workload="batch")

    def work(number):
        refused = 0
        for round_ in range(ROUNDS):
            try:
                (lab.undo, lab.redo, lab.advance)[(number + round_) % 3]()
            except VmwidgetsError:
                refused += 1
        return refused

    together(work)
    assert lab.replay().digest() == lab.digest()


def test_readers_see_whole_states():
    lab = vm.Lab(seed=3)
    lab.create_vm("A", workload="web")
    lab.create_vm("B", workload="web")
    reading = Thread(target=lambda: [lab.advance() for _ in range(40)])
    reading.start()
    while reading.is_alive():
        table = lab.history()
        assert len(table) == 2 * table["tick"].nunique()
        snapshot = lab.snapshot
        assert snapshot.names == ("A", "B")
    reading.join()
    assert len(lab.history()) == 80


def test_one_name_can_be_taken_once():
    lab = vm.Lab()

    def work(number):
        try:
            lab.create_vm("A", vcpus=1 + number % 4)
        except VmwidgetsError as error:
            return str(error)
        return ""

    assert sorted(together(work)) == ["", *["there is a VM A already"] * (THREADS - 1)]
    assert len(lab.log) == 1


def test_a_lock_is_let_go_when_a_command_or_a_view_fails():
    lab = vm.Lab()
    lab.subscribe(lambda told: 1 / 0)
    with pytest.raises(ExceptionGroup):
        lab.create_vm("A")
    with pytest.raises(VmwidgetsError):
        lab.create_vm("A")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: lab.snapshot.names).result(timeout=300) == ("A",)
