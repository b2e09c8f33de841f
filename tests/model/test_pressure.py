"""What VMs get beside programs of an OS: by the fluid model, and as a scheduler does it slice by slice."""

import pytest

from tests.model.stacks_to_try import memory
from vmwidgets.model.guest_threads import busy
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.pressure import Contender, divide, room_bytes, under_pressure
from vmwidgets.model.scheduler import RUNNING, Guest, Processors, Simulation
from vmwidgets.model.schedulers.hosted import Hosted
from vmwidgets.model.units import GiB
from vmwidgets.model.vm import VM


@pytest.mark.parametrize(("vcpus", "bomb"), [((2, 2, 2), 16), ((1, 4), 8)])
def test_a_host_os_runs_threads_as_the_fluid_model_divides_them(vcpus, bomb):
    contenders = [Contender((1000,) * n, grouped=False) for n in vcpus] + [Contender((1000,) * bomb, grouped=False)]
    guests = [Guest(f"VM{i}", (busy(),) * n) for i, n in enumerate(vcpus)]
    guests += [Guest(f"program {i}", (busy(),), is_host_program=True) for i in range(bomb)]
    sim, until_us = Simulation(Processors(4), Hosted(), guests, log_limit=0), 20_000_000
    sim.run(until_us)
    ran = [times[RUNNING] for times in sim.spent_us()]
    expected, first = divide(4000.0, contenders), 0
    for n, permille in zip(vcpus, expected[:-1], strict=True):
        assert 1000 * sum(ran[first : first + n]) / until_us == pytest.approx(permille, rel=0.1)
        first += n


def test_nothing_is_lost_or_made_up():
    contenders = [Contender((1000, 500), 2000), Contender((1000,) * 9, grouped=False), Contender((300,), grouped=False)]
    assert sum(divide(4000.0, contenders)) == pytest.approx(4000)
    assert divide(50_000.0, contenders) == pytest.approx([1500, 9000, 300])
    assert divide(4000.0, []) == []


def test_weights_limits_and_reservations_hold_between_groups():
    heavy, light = Contender((1000,) * 4, 3000), Contender((1000,) * 4, 1000)
    assert divide(4000.0, [heavy, light]) == pytest.approx([3000, 1000])
    capped = Contender((1000,) * 4, 3000, high_permille=500)
    assert divide(4000.0, [capped, light]) == pytest.approx([500, 3500])
    sure = Contender((1000,) * 4, 1000, low_permille=2500)
    assert divide(4000.0, [heavy, sure]) == pytest.approx([1500, 2500])


def test_memory_is_kept_as_long_as_it_fits():
    vms, machine = [VM("A", memory_bytes=8 * GiB), VM("B", memory_bytes=4 * GiB)], Hardware()
    assert [one.kept_permille for one in under_pressure(vms, memory(), machine, 19 * GiB)] == [1000, 1000]
    assert [one.kept_permille for one in under_pressure(vms, memory(), machine, 20 * GiB)] == [969, 969]
    room = room_bytes(vms, memory(), machine)
    assert room == (31 + 32 - 12) * GiB
    assert not any(one.is_killed for one in under_pressure(vms, memory(), machine, room))
    assert [one.is_killed for one in under_pressure(vms, memory(), machine, room + 1)] == [True, False]
    assert all(one.is_killed for one in under_pressure(vms, memory(), machine, room + 12 * GiB))
