"""System calls: whose kernel carries them out, and whose a fault in them is."""

import pytest

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.buffers import Buffer, Exposed
from vmwidgets.model.range.kernel_calls import ARGUMENT_BYTES, INVALID, SharedKernel
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

ATTACK = ATTACKS["shared_kernel"]
SHARED = {"container", "bare_metal"}


def kernel(**switches):
    scenario = Scenario(STACKS["container"], Placement(), switches, seed=8)
    layer, space = scenario.stack.layers["host_kernel"], scenario.spaces["host_kernel"]
    exposed = Exposed(layer, space, 3, "kernel_check", confined=False)
    return scenario, SharedKernel(scenario, Buffer(scenario, "argument", ARGUMENT_BYTES, exposed))


@pytest.mark.parametrize("closed", [True, False])
def test_an_argument_that_fits(closed):
    scenario, one = kernel(kernel_check=closed)
    scenario.path.store(PAGE_BYTES, int.from_bytes(b"argument", "little"), 8)
    assert one.call(PAGE_BYTES, ARGUMENT_BYTES) == 0
    assert scenario.machine.holds("host_kernel", b"argument")
    assert scenario.machine.written == {}
    assert one.call(2**40, 8) == INVALID


@pytest.mark.parametrize("closed", [True, False])
def test_an_argument_that_is_too_long(closed):
    scenario, one = kernel(kernel_check=closed)
    assert one.call(PAGE_BYTES, ARGUMENT_BYTES + 1) == (INVALID if closed else 0)
    assert scenario.machine.written == ({} if closed else {"guest 0": {"host_kernel"}})


@pytest.mark.parametrize("stack", sorted(SHARED))
def test_a_fault_of_the_one_kernel_is_everybodys(stack):
    verdict = run_attack(ATTACK, STACKS[stack], {"kernel_check": False}, seed=8)
    assert verdict.succeeded
    assert verdict.taken == ("host_kernel",)
    assert verdict.in_reach == ("guest 0", "guest 1", "guest 2")


@pytest.mark.parametrize("stack", sorted(set(STACKS) - SHARED))
def test_in_a_vm_the_same_fault_stays_in_the_guest(stack):
    verdict = run_attack(ATTACK, STACKS[stack], seed=8)
    assert not verdict.succeeded
    assert verdict.written == verdict.read == verdict.taken == ()
    assert (verdict.deciding.layer, verdict.deciding.check) == ("guest_kernel", "own_kernel")
