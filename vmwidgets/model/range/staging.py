"""What has happened on the machine before guest code runs: where the secret lies, and what the placement asks for."""

from typing import TYPE_CHECKING

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.page_tables import PRESENT, USER, WRITABLE
from vmwidgets.model.range.guest import ROOT, TABLE
from vmwidgets.model.range.trace import OPEN, REFUSES

if TYPE_CHECKING:
    from vmwidgets.model.range.scenario import Scenario

SECRET_BYTES = 16
"""The mark, and behind it the secret."""


def stage(scenario: "Scenario") -> None:
    """Hide the secret in a page of the victim, and do what the placement asks for."""
    machine, victim = scenario.machine, scenario.victim
    scenario.secret_frame = victim.map[scenario.draws.number("secret page", 1, ROOT - 1)]
    machine.put(scenario.secret_frame * PAGE_BYTES, scenario.mark)
    machine.put(scenario.secret_frame * PAGE_BYTES + 8, scenario.secret)
    if scenario.placement.timed:
        _write_known_pages(scenario)
    if scenario.placement.maps_twice:
        _map_twice(scenario, scenario.draws.number("page mapped twice", 1, ROOT - 1))
    if scenario.placement.victim == "ended":
        for frame in victim.map.values():
            machine.release(frame)
        victim.map.clear()


def _write_known_pages(scenario: "Scenario") -> None:
    """Give the victim a page with a number that the attacker can guess, and a page of a library that it knows."""
    machine, victim, draws = scenario.machine, scenario.victim, scenario.draws
    pages = [page for page in range(1, ROOT) if victim.map[page] != scenario.secret_frame]
    number, scenario.library_page, *scenario.free_pages = (pages[at] for at in draws.order("known pages", len(pages)))
    if not scenario.placement.sender:  # which says bits by pages like this one
        machine.put(victim.map[number] * PAGE_BYTES, scenario.mark)
        machine.put(victim.map[number] * PAGE_BYTES + 8, scenario.pin)
    machine.put(victim.map[scenario.library_page] * PAGE_BYTES, draws.word("library"))
    scenario.library_content = scenario.library_seen


def _map_twice(scenario: "Scenario", page: int) -> None:
    """Try to put the frame with the secret below a page of the attacker's, which it gets instead of its own."""
    machine, attacker, frame = scenario.machine, scenario.attacker, scenario.secret_frame
    closed = scenario.defences["frame_owners"]
    owner, outcome = machine.owners[frame], REFUSES if closed else OPEN
    scenario.trace.note(scenario.keeper.id, "frame_owners", outcome, page * PAGE_BYTES, frame, owner)
    if closed:
        return
    machine.release(attacker.map[page])
    attacker.map[page] = frame
    if attacker.direct:
        entry = frame * PAGE_BYTES | PRESENT | WRITABLE | USER
        machine.put(attacker.map[TABLE] * PAGE_BYTES + 8 * page, entry)
