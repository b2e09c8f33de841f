"""Drills of chapter 11: which defence stops what, what nobody looked at, threats, prices, and what remains."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from vmwidgets.attacks import ATTACKS
from vmwidgets.chapters.breaking_levels import Level
from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.chapters.threats import NONE, THREATS, threats_of
from vmwidgets.experiments import defence_costs
from vmwidgets.locale import mark
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

_SEED = 11
_ROWS = 4
_CARDS = (
    ("kvm", ("uncleared_frames", "device_overrun", "dma", "sharing_oracle", "nic_underflow", "backend_request")),
    ("xen", ("uncleared_frames", "device_overrun", "dma", "table_update", "tick_theft", "mapped_twice")),
    ("esxi", ("beyond_memory", "nic_underflow", "dma", "flush_reload", "backend_request", "uncleared_frames")),
    ("virtualbox", ("beyond_memory", "device_overrun", "sharing_oracle", "mapped_twice", "nic_underflow")),
)
"""Stacks, and attacks of which some are asked for: what stops them is found by running them."""
_SHOWN = (
    *("second_stage_tables", "validation", "frame_owners", "zero_on_allocate", "bounds_check", "descriptor_check"),
    *("request_check", "iommu", "salting", "exact_accounting", "ecc", "core_scheduling"),
)
"""Defences on the cards, if the stack has them."""


@cache
def stops(attack: str, stack: str, defence: str) -> bool:
    """Return whether a defence is what stops an attack: with all of them it fails, without this one it succeeds."""
    one, below = ATTACKS[attack], STACKS[stack]
    if defence not in Scenario(below, one.placement).defences.offered or succeeds(attack, stack):
        return False
    return run_attack(one, below, {defence: False}, _SEED).succeeded


@cache
def succeeds(attack: str, stack: str) -> bool:
    """Return whether an attack succeeds though all defences that the stack has are on."""
    return run_attack(ATTACKS[attack], STACKS[stack], None, _SEED).succeeded


def _rows(attacks: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((one, ATTACKS[one].title) for one in attacks)


def _given(value: Value) -> list[str]:
    return [str(one) for one in value] if isinstance(value, tuple) else []


# --------------------------------------------------------------------------------------------------------------- cards
def cards(draw: Draw) -> Item:
    """Return the question which defence stops which attack."""
    stack, dealt = _CARDS[0 if draw.practice else draw.number("cards", 0, len(_CARDS) - 1)]
    attacks = [dealt[at] for at in draw.order("card rows", len(dealt))][:_ROWS]
    offered = {one for id in attacks for one in Scenario(STACKS[stack], ATTACKS[id].placement).defences.offered}
    options = tuple((one, DEFENCES[one].name) for one in _SHOWN if one in offered)

    def check(value: Value) -> Verdict:
        wrong = sum(not stops(attack, stack, one) for attack, one in zip(attacks, _given(value), strict=True))
        if not wrong:
            return Verdict(1, 1, mark("Each was run twice: with all defences it fails, without this one it succeeds."))
        hint = mark("Switch that defence alone off in the range, and run the attack. What does the trace say?")
        return Verdict(0, 1, mark("Cards that stop something else: {count}."), hint, {"count": wrong})

    question = mark("Defence cards, on {product}. Which one is it that stops each of these?")
    return Item(
        "ch11.cards", "table", question, check, {"product": STACKS[stack].name}, options=options, rows=_rows(attacks)
    )


# ----------------------------------------------------------------------------------------------------------- diagnosis
_BROKEN = (
    *("second_stage_tables", "shadow_tables", "validation", "zero_on_allocate", "bounds_check", "descriptor_check"),
    *("channel_check", "iommu", "salting", "exact_accounting"),
)
"""What may not have been looked at in a level."""
_LEVEL_ROWS = (
    ("level1", mark("Level 1: {attack1}")),
    ("level2", mark("Level 2: {attack2}")),
    ("level3", mark("Level 3: {attack3}")),
)


def _level_fields(levels: Sequence[Level]) -> dict[str, str | int | float]:
    return {f"attack{one.number}": one.narrated.title for one in levels}


def diagnosis(levels: Sequence[Level]) -> Item:
    """Return the question which mechanism was broken in each level."""

    @cache
    def right() -> tuple[str, ...]:
        return tuple(decided.check for one in levels if (decided := one.told().deciding))

    def check(value: Value) -> Verdict:
        wrong = sum(one != other for one, other in zip(_given(value), right(), strict=True))
        if not wrong:
            return Verdict(1, 1, mark("That is where, in each run, nobody looked."))
        hint = mark(
            "Run the narrated attack to its end: the verdict names the layer that decided, and what it looked at."
        )
        return Verdict(0, 1, mark("Mechanisms that were another one: {count}."), hint, {"count": wrong})

    options = tuple((one, DEFENCES[one].without) for one in _BROKEN)
    question = mark("What was it, in each level, that the layer below did not see to?")
    return Item("ch11.diagnosis", "table", question, check, _level_fields(levels), options=options, rows=_LEVEL_ROWS)


# ------------------------------------------------------------------------------------------------------------- threats
def threats(levels: Sequence[Level]) -> Item:
    """Return the question for the threats of the standard."""
    families = [*(one.narrated.family for one in levels), ATTACKS["host_read"].family]

    def check(value: Value) -> Verdict:
        wrong = sum(one not in threats_of(family) for one, family in zip(_given(value), families, strict=True))
        if not wrong:
            return Verdict(1, 1, mark("So it is in the mapping that is proposed here."))
        hint = mark("Who was attacked: the layer below, or the VM beside? And does the attacker run in a VM at all?")
        return Verdict(0, 1, mark("Threats that are another one: {count}."), hint, {"count": wrong})

    options = (*((id, one.english) for id, one in THREATS.items()), (NONE, mark("none of these three")))
    rows = (*_LEVEL_ROWS, ("host", mark("an administrator of the host reads the memory of a VM")))
    question = mark("Of which threat of GOST R 56938-2016 is each an instance? If of two, choose either.")
    return Item("ch11.threat", "table", question, check, _level_fields(levels), options=options, rows=rows)


# --------------------------------------------------------------------------------------------------------------- price
_PRICES = (
    (
        ("kvm", "esx", "esxi", "virtualbox"),
        "salting",
        "frames",
        mark("{product}: a guest and two VMs with the same OS. How many frames more are in use with “{defence}”?"),
        mark("frames"),
    ),
    (
        ("kvm", "xen", "hyperv", "esxi"),
        "l1d_flush",
        "cpu_pct",
        mark(
            "{product}: two VMs have a core by turns. How much processor time does the guest need for the same work"
            " with “{defence}”, of what it needs without?"
        ),
        "%",
    ),
    (
        ("xen",),
        "stub_domain",
        "frames",
        mark("{product}: how many frames more are in use with “{defence}”?"),
        mark("frames"),
    ),
    (
        ("kvm", "esx", "esxi"),
        "io_weights",
        "throughput_pct",
        mark("{product}: a guest shares the disk. How much of its throughput is left to it with “{defence}”?"),
        "%",
    ),
)
"""Stacks, defence and column of the table of costs, the question and the unit."""


def priced(draw: Draw) -> tuple[str, int]:
    """Return the stack whose prices are asked for, and which price it is."""
    if draw.practice:
        return "kvm", 0
    at = draw.number("price", 0, len(_PRICES) - 1)
    return _PRICES[at][0][draw.number("price stack", 0, len(_PRICES[at][0]) - 1)], at


@cache
def costs(stack: str, seed: int) -> Any:
    """Return the table of what defences cost on a stack, without those that such a guest does not notice."""
    table: Any = defence_costs([stack], seed)
    noticed = (table["throughput_pct"] != 100) | (table["cpu_pct"] != 100) | (table["frames"] != 0)
    return table[noticed].set_index("defence")[["throughput_pct", "cpu_pct", "frames"]]


def price(draw: Draw) -> Item:
    """Return the question what a defence costs."""
    stack, at = priced(draw)
    _, defence, column, question, unit = _PRICES[at]

    @cache
    def right() -> int:
        return round(float(costs(stack, draw.number("prices", 0, 999)).loc[defence, column]))

    def check(value: Value) -> Verdict:
        if isinstance(value, int) and abs(value - right()) <= (unit == "%"):
            return Verdict(1, 1, mark("That is its price here. On another workload it is another one: measure yours."))
        return Verdict(0, 1, mark("The table of prices says something else."), mark("Mind the column."))

    fields: dict[str, str | int | float] = {"product": STACKS[stack].name, "defence": DEFENCES[defence].name}
    return Item("ch11.price", "number", question, check, fields, unit=unit)


# ------------------------------------------------------------------------------------------------------------ residual
_RESIDUAL = (
    ("xen", "kvm", ("table_update", "sharing_oracle", "device_overrun", "noisy_disk", "host_read")),
    ("hyperv", "kvm", ("uncleared_frames", "dma", "noisy_disk", "host_read", "tick_theft")),
    ("workstation", "kvm", ("convenience_channel", "noisy_disk", "host_read", "uncleared_frames", "sharing_oracle")),
    ("esxi", "virtualbox", ("flush_reload", "host_read", "dma", "nic_underflow", "uncleared_frames")),
    ("kvm", "esxi", ("sharing_oracle", "host_read", "dma", "fragments", "uncleared_frames")),
)
"""A stack, another one that the VM could be moved to, and attacks."""
_FATES = (("stopped", mark("is stopped")), ("remains", mark("gets there all the same")))
_ELSEWHERE = mark("the host reads the memory of a VM, after it has been moved to {other}")


def residual(draw: Draw) -> Item:
    """Return the question what remains with all defences on, and whether another stack would help."""
    stack, other, attacks = _RESIDUAL[0 if draw.practice else draw.number("residual", 0, len(_RESIDUAL) - 1)]
    runs = [*((one, stack) for one in attacks), ("host_read", other)]

    def check(value: Value) -> Verdict:
        wrong = sum(
            (one == "remains") != succeeds(attack, below)
            for one, (attack, below) in zip(_given(value), runs, strict=True)
        )
        if not wrong:
            return Verdict(1, 1, mark("What remains you have to accept, to pay for otherwise, or to leave by moving."))
        hint = mark("A defence helps only where the stack has it. Who attacks from below passes none of the walls.")
        return Verdict(0, 1, mark("Rows that turn out otherwise: {count}."), hint, {"count": wrong})

    question = mark(
        "All defences that {product} has are on. What comes of each attempt? Some switches it does not have."
    )
    fields: dict[str, str | int | float] = {"product": STACKS[stack].name, "other": STACKS[other].name}
    rows = (*_rows(attacks), ("moved", _ELSEWHERE))
    return Item("ch11.residual", "table", question, check, fields, options=_FATES, rows=rows)
