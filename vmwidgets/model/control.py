"""A control of a VM under the product's own name, range and default, and what it means to the model.

A product counts in percent of a processor, microseconds of a quota, weights, megabytes; the model in MHz, shares and
bytes. All conversions are in whole numbers. Where the product counts in coarser steps than the model, as in percent of
a processor of 100 MHz or more, a value comes back as it was given; where it counts in finer ones, the setting does, and
a value is kept to the nearest that the model can hold.
"""

import re
from dataclasses import dataclass

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.units import MiB


@dataclass(frozen=True, slots=True)
class Size:
    """What the meaning of a value may depend on: the size of the VM, and the clock of a pCPU."""

    vcpus: int
    memory_bytes: int
    clock_khz: int


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Parameters
    ----------
    name
        As the product calls it, for example ``"cpu.weight"``. ``""``: it is none of the user's, and the product gives
        every VM the default.
    setting
        The setting of :class:`~vmwidgets.model.vm.VM` that it stands for.
    low, high
        Range in the product's unit.
    default
        Value of a new VM, in the product's unit.
    unit
        The product's unit as people write it (``"%"``, ``"µs per 100 ms"``), ``""`` for none.
    full
        For a control of processor time: the value that means a whole pCPU. 0: the value is taken as it is.
    scale, offset
        What one unit is in the setting's own unit, and what the setting is at 0; not with ``full``.
    per
        ``"vcpu"`` or ``"MB"``: the value counts for each vCPU, or for each MB of memory, of the VM. ``""``: for the VM.
    levels
        Names of values that can be given in their place. A number is then of the whole VM, whatever ``per`` says.
    from_memory
        Whether the value is what is taken away from the VM's memory.
    with_quota_period
        Whether the value is written with the period after it, which is ``full``: ``"50000 100000"``.
    none
        The value that means no bound, if there is one.
    without
        Schedulers of the product under which it has not this control.
    source
        Where range and default are said.
    """

    name: str
    setting: str
    low: int
    high: int
    default: int | str
    unit: str = ""
    full: int = 0
    scale: int = 1
    offset: int = 0
    per: str = ""
    levels: tuple[tuple[str, int], ...] = ()
    from_memory: bool = False
    with_quota_period: bool = False
    none: int | str | None = None
    without: frozenset[str] = frozenset()
    source: str = ""

    @property
    def python(self) -> str:
        """The name as a Python name, with ``_`` for what is not allowed there: ``cpu_weight``."""
        return re.sub(r"\W", "_", self.name).lower()

    def to_setting(self, value: object, size: Size, product: str = "") -> int | None:
        """Return what a value means to the model, for a VM of this size; ``None``: no bound.

        Raises
        ------
        VmwidgetsError
            If the product, of which ``product`` is the name, does not take it.
        """
        if self.with_quota_period and isinstance(value, str):
            value = self._read_quota(value)
        if self.none is not None and value == self.none:
            return None
        for level, amount in self.levels:
            if value == level:
                return amount * self._count(size)
        self.check(value, size, product)
        return self._amount(value, size) if type(value) is int else None

    def check(self, number: object, size: Size, product: str = "") -> None:
        """Raise a VmwidgetsError if the product takes no such number."""
        low, high = self.range_of(size)
        if type(number) is not int or not low <= number <= high:
            raise VmwidgetsError(
                "{name} is {value}, {product} takes {low} to {high}{words}",
                name=self.name,
                value=number if type(number) is int else repr(number)[:60],
                product=product,
                low=low,
                high=high,
                words="".join(f", {word}" for word in self.words),
            )

    def value(self, setting: int | None, size: Size) -> int | str:
        """Return what the product says of a setting: a number, or the word for a level or for no bound."""
        number = self.number(setting, size)
        if number is None:
            number = 0 if self.none is None else self.none
        if self.with_quota_period:
            return f"{number} {self.full}"
        count = self._count(size)
        return next((level for level, amount in self.levels if amount * count == setting), number)

    def number(self, setting: int | None, size: Size) -> int | None:
        """Return the number that the product has for a setting; ``None``: no bound."""
        if setting is None:
            return None
        amount = size.memory_bytes - setting if self.from_memory else setting - self.offset
        above, below = self._ratio(size)
        number = max((2 * amount * below + above) // (2 * above), self.low)  # rounding may leave the range
        return number + (number == self.none == self.low and not self.from_memory)  # a small bound is not none

    def default_setting(self, size: Size) -> int | None:
        """Return what the setting of a new VM is; a guarantee that it is too small for is none."""
        if self.default == self.none:
            return None
        if type(self.default) is int and (self.levels or not self.name):
            return self.default * self._count(size)
        setting = self.to_setting(self.default, size)
        return 0 if self.setting == "memory_reservation_bytes" and (setting or 0) > size.memory_bytes else setting

    def resized(self, setting: int | None, old: Size, new: Size) -> int | None:
        """Return the setting of the same value for a VM of another size; the nearest that it can have."""
        value = self.value(setting, old)
        number = self.number(setting, old)
        if not self.name or number is None:
            return self.default_setting(new) if not self.name else None
        if value in self.words:
            return self.to_setting(value, new)
        low, high = self.range_of(new)
        return self._amount(min(max(number, low), high), new)

    def range_of(self, size: Size) -> tuple[int, int]:
        """Return the lowest and the highest number for a VM of this size."""
        return self.low, min(self.high, size.memory_bytes // self.scale - 1) if self.from_memory else self.high

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The settings of a VM of which the meaning of a value depends."""
        return {"vcpu": ("vcpus",), "MB": ("memory_bytes",)}.get(self.per, ("memory_bytes",) * self.from_memory)

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the control takes beside numbers."""
        none = (self.none,) if isinstance(self.none, str) else ()
        return (*(level for level, _amount in self.levels), *none)

    def _count(self, size: Size) -> int:
        """Return how many of what the value is for a VM has."""
        return {"vcpu": size.vcpus, "MB": max(1, size.memory_bytes // MiB)}.get(self.per, 1)

    def _ratio(self, size: Size) -> tuple[int, int]:
        """Return one unit of the product in the setting's own unit, as a fraction."""
        count = 1 if self.levels else self._count(size)
        return (size.clock_khz * count, 1000 * self.full) if self.full else (self.scale * count, 1)

    def _amount(self, value: int, size: Size) -> int:
        above, below = self._ratio(size)
        amount = (2 * value * above + below) // (2 * below)
        return size.memory_bytes - amount if self.from_memory else amount + self.offset

    def _read_quota(self, text: str) -> int | str:
        """Return the quota for the period of this control, from ``"50000 100000"`` or ``"max 100000"``."""
        match text.split():
            case [quota] | [quota, _] if quota == self.none:
                return quota
            case [quota, period] if quota.isdecimal() and period.isdecimal() and 0 < int(period[:9]) <= 10 * self.full:
                return (2 * int(quota[:12]) * self.full + int(period)) // (2 * int(period))
            case _:
                return text
