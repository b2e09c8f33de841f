"""What goes on around guest code: time, caches, rows of memory, the scanner, the victim's work, others on the core."""

from typing import TYPE_CHECKING

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.clock import CYCLES_PER_S, TICK_CYCLES, Clock
from vmwidgets.model.range.cores import Core
from vmwidgets.model.range.dram import HAMMERS, ROW_FRAMES, Dram
from vmwidgets.model.range.guest import ROOT
from vmwidgets.model.range.processor_time import HANDLING_US, INSTRUCTION_US, MOST_WAITING, TICK_US, SharedProcessor
from vmwidgets.model.range.served_exits import handler, is_apart
from vmwidgets.model.range.sharing import COPY_CYCLES, Sharing
from vmwidgets.model.range.timing import LINE_BYTES, MEMORY_CYCLES, Caches
from vmwidgets.model.range.victim import SECRET_BITS, Sender, Victim

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

NUMBERS = 1000
"""The number in the victim's page is less than this."""
SENDER_PAGES, SENDER_ROUNDS = 8, 2
"""A VM in league says so many bits at a time, for at least so many rounds of the scanner: then it has seen each page
since all were written. The period is the next power of two cycles, which guest code gets by a shift."""
DEFAULT_PAGES_PER_S = 200
"""By which the manual reckons where there is no scanner (ESX Server 2.x administration manual, Mem/ShareScanTotal)."""


def surround(scenario: "Scenario") -> None:
    """Let time pass in a range, as its placement asks for."""
    if scenario.placement.scheduled:
        _share_processor(scenario)
    if scenario.placement.timed:
        _keep_time(scenario)


def _share_processor(scenario: "Scenario") -> None:
    stack = scenario.stack
    scheduler = stack.layers.with_("schedules")[-1].id
    exact, serves = scenario.defences["exact_accounting"], handler(scenario)
    scenario.processor = scenario.clock = SharedProcessor(
        stack.scheduler,
        len(scenario.guests),
        scenario.trace,
        scheduler,
        exact=exact,
        vcpus=scenario.placement.vcpus,
        limited=scenario.placement.vcpus > 1 and scenario.defences["cpu_limit"],
        reserved=scenario.defences["cpu_reservation"],
        server=(serves.id, is_apart(serves)),
        aside=scenario.defences["cpu_pools"] if "cpu_pools" in scenario.defences.offered else None,
    )
    scenario.numbers |= {
        "tick_us": TICK_US,
        "loops_per_ms": 1000 // (2 * INSTRUCTION_US),
        "writes_waiting": MOST_WAITING,
        "handling_us": HANDLING_US,
    }


def _keep_time(scenario: "Scenario") -> None:
    machine, trace, on, draws = scenario.machine, scenario.trace, scenario.defences, scenario.draws
    clock = scenario.clock = Clock()
    pages = scenario.attacker.map
    row = draws.number("weak row", 1, ROOT // ROW_FRAMES - 2)
    page = ROW_FRAMES * row + draws.number("weak page", 0, ROW_FRAMES - 1)
    at = pages[page] * PAGE_BYTES + draws.number("weak byte", 2 * LINE_BYTES, PAGE_BYTES - 1)
    weak = at, draws.number("weak bit", 0, 7)
    scenario.dram = Dram(machine, trace, scenario.attacker.name, weak, corrects=on["ecc"])
    scenario.caches = Caches(scenario.dram.activate)
    profile = scenario.stack.memory_profile
    has_scanner = "salting" in on.offered and profile is not None
    pages_per_s = profile.scan_pages_per_s if has_scanner and profile is not None else 0
    scenario.sharing = Sharing(
        machine,
        scenario.guests,
        trace,
        scenario.keeper.id,
        pages_per_s,
        between=not on["salting"],
        stall=clock.stall,
    )
    victim = Victim(scenario.victim, scenario.library_page, scenario.secret, scenario.caches)
    for listener in (scenario.dram.refresh, scenario.sharing.scan_until, victim.work_until):
        clock.on_time(listener)
    scenario.core = Core(scenario)
    pages_in_all = sum(len(guest.map) for guest in scenario.guests)
    round_cycles = pages_in_all * CYCLES_PER_S // (pages_per_s or DEFAULT_PAGES_PER_S)
    period_cycles = 1 << (SENDER_ROUNDS * round_cycles).bit_length()
    if scenario.placement.sender:
        speaks = Sender(
            machine, scenario.victim, scenario.free_pages[:SENDER_PAGES], scenario.mark, scenario.secret, period_cycles
        )
        speaks.speak_until(0)
        clock.on_time(speaks.speak_until)
    scenario.numbers |= {
        "line_bytes": LINE_BYTES,
        "row_bytes": ROW_FRAMES * PAGE_BYTES,
        "tick_shift": TICK_CYCLES.bit_length() - 1,
        "key_bits": SECRET_BITS,
        "slow_load": MEMORY_CYCLES // 2,
        "slow_write": COPY_CYCLES // 2,
        "round_cycles": round_cycles,
        "period_shift": period_cycles.bit_length() - 1,
        "sender_pages": SENDER_PAGES,
        "library_word": draws.word("library"),
        "numbers": NUMBERS,
        "hammers": HAMMERS,
    }
