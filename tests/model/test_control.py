"""A control: what a product's value means to the model, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmwidgets.model.control import Control, Size
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.units import GiB, MiB

SIZE = Size(vcpus=2, memory_bytes=4 * GiB, clock_khz=2_000_000)
CAP = Control("cap", "cpu_limit_mhz", 0, 400, 0, "%", full=100, none=0)
CAP_EACH = Control("cap", "cpu_limit_mhz", 1, 100, 100, "%", full=100, per="vcpu", none=100)
QUOTA = Control("cpu.max", "cpu_limit_mhz", 1000, 10**8, "max", "µs", full=100_000, with_quota_period=True, none="max")
WEIGHT = Control("weight", "cpu_shares", 1, 65_535, 256, per="vcpu")
SHARES = Control("shares", "cpu_shares", 1, 10**6, 1000, per="vcpu", levels=(("low", 500), ("normal", 1000)))
MEMORY_SHARES = Control("memory shares", "memory_shares", 1, 10**8, 10, per="MB", levels=(("normal", 10),))
MINIMUM = Control("minimum", "memory_reservation_bytes", 0, 10**6, 512, "MB", scale=MiB)
BALLOON = Control("balloon", "memory_limit_bytes", 0, 10**6, 0, "MB", scale=MiB, from_memory=True, none=0)
PRIORITY = Control("priority", "memory_shares", 0, 100, 50, offset=1)
THREADS = Control("", "cpu_shares", 1000, 1000, 1000, per="vcpu")
ALL = (CAP, CAP_EACH, QUOTA, WEIGHT, SHARES, MEMORY_SHARES, MINIMUM, BALLOON, PRIORITY)
SIZES = st.builds(
    Size, st.integers(1, 64), st.integers(4, 2**20).map(lambda mb: mb * MiB), st.integers(1_000_000, 5_000_000)
)


@pytest.mark.parametrize(
    ("control", "value", "setting"),
    [
        (CAP, 50, 1000),  # half of a processor of 2 GHz
        (CAP, 0, None),
        (CAP_EACH, 50, 2000),  # of each of two vCPUs
        (CAP_EACH, 100, None),
        (QUOTA, 50_000, 1000),
        (QUOTA, "50000 100000", 1000),
        (QUOTA, "5000 10000", 1000),
        (QUOTA, "max", None),
        (QUOTA, "max 100000", None),
        (WEIGHT, 512, 1024),
        (SHARES, "low", 1000),
        (SHARES, 1234, 1234),  # a number is of the whole VM
        (MEMORY_SHARES, "normal", 40_960),
        (MINIMUM, 512, 512 * MiB),
        (BALLOON, 1024, 3 * GiB),
        (BALLOON, 0, None),
        (PRIORITY, 0, 1),
    ],
)
def test_a_value_means(control, value, setting):
    assert control.to_setting(value, SIZE) == setting


@pytest.mark.parametrize(
    ("control", "setting", "value"),
    [
        (CAP, None, 0),
        (CAP, 1000, 50),
        (CAP, 3, 1),  # a bound, however small, is not none
        (CAP_EACH, None, 100),
        (QUOTA, 1000, "50000 100000"),
        (QUOTA, None, "max 100000"),
        (SHARES, 2000, "normal"),
        (SHARES, 1999, 1999),
        (BALLOON, None, 0),
        (BALLOON, 3 * GiB, 1024),
    ],
)
def test_a_setting_reads(control, setting, value):
    assert control.value(setting, SIZE) == value


@pytest.mark.parametrize(
    ("control", "default"),
    [
        (CAP, None), (CAP_EACH, None), (QUOTA, None), (WEIGHT, 512), (SHARES, 2000), (MEMORY_SHARES, 40_960),
        (MINIMUM, 512 * MiB), (BALLOON, None), (PRIORITY, 51), (THREADS, 2000),
    ],
)  # fmt: skip
def test_a_new_vm_has_the_default(control, default):
    assert control.default_setting(SIZE) == default


def test_a_vm_that_is_too_small_for_a_default_guarantee_has_none():
    assert MINIMUM.default_setting(Size(1, 256 * MiB, 10**6)) == 0


@given(st.sampled_from(ALL), SIZES, st.data())
def test_a_value_comes_back(control, size, data):
    """Percent of a processor and coarser units are exact; a quota in µs is kept to the nearest MHz."""
    low, high = control.range_of(size)
    value = data.draw(st.integers(low, max(low, high)))
    number = control.number(control.to_setting(value, size), size)
    if control is QUOTA:
        mhz = control.to_setting(value, size)
        assert control.to_setting(number, size) == mhz
        assert abs(number - value) * size.clock_khz <= 1000 * 100_000 // 2 + size.clock_khz
    else:
        assert number == (None if value == control.none else value)


@given(st.sampled_from(ALL), SIZES, SIZES, st.data())
def test_a_value_survives_another_size(control, old, new, data):
    low, high = control.range_of(old)
    value = data.draw(st.integers(low, max(low, high)))
    setting = control.to_setting(value, old)
    resized = control.resized(setting, old, new)
    if control is not QUOTA and control.value(setting, old) not in control.words and setting is not None:
        expected = min(max(value, control.range_of(new)[0]), control.range_of(new)[1])
        assert control.number(resized, new) == (None if expected == control.none else expected)


def test_a_level_survives_another_size():
    assert SHARES.resized(2000, SIZE, Size(4, GiB, 10**6)) == 4000
    assert SHARES.resized(1999, SIZE, Size(4, GiB, 10**6)) == 1999


@pytest.mark.parametrize(
    ("control", "value", "told"),
    [
        (WEIGHT, 0, "weight is 0, Xen takes 1 to 65535"),
        (WEIGHT, 65_536, "weight is 65536, Xen takes 1 to 65535"),
        (WEIGHT, True, "weight is True, Xen takes 1 to 65535"),
        (WEIGHT, 1.5, "weight is 1.5, Xen takes 1 to 65535"),
        (SHARES, "best", "shares is 'best', Xen takes 1 to 1000000, low, normal"),
        (QUOTA, "50000 0", "cpu.max is '50000 0', Xen takes 1000 to 100000000, max"),
        (QUOTA, "1 100000", "cpu.max is 1, Xen takes 1000 to 100000000, max"),
        (BALLOON, 4096, "balloon is 4096, Xen takes 0 to 4095"),
    ],
)
def test_what_is_out_of_range_is_named(control, value, told):
    with pytest.raises(VmwidgetsError) as error:
        control.to_setting(value, SIZE, "Xen")
    assert str(error.value) == told


def test_the_python_name_has_no_dots():
    assert QUOTA.python == "cpu_max"
    assert MEMORY_SHARES.python == "memory_shares"
