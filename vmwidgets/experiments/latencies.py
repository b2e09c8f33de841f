"""The time that writes take: how a guest learns, page by page, what is in a frame that it does not have alone."""

from typing import TYPE_CHECKING

from vmwidgets.experiments.breaking import MAX_SEED
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.run import BUDGET, Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.surroundings import NUMBERS
from vmwidgets.stacks import get

if TYPE_CHECKING:
    import pandas as pd

GUESSES = 10
"""Pages that get a guess each; one more gets the page of a library."""
PLACEMENT = Placement(timed=True)
LIBRARY = -1
"""Stands for the page of the library where a number is guessed on the others."""
PROBE = """
    mov rbx, {{mark}}
    mov rdi, {{page_bytes}}
    mov rdx, {first}
    mov rcx, {guesses}
fill:
    mov [rdi], rbx              ; pages 1 to 10 become what the neighbour's page would be
    mov [rdi + 8], rdx
    add rdi, {{page_bytes}}
    inc rdx
    dec rcx
    jnz fill
    mov rax, {{library_word}}     ; and page 11 a page that many have
    mov [rdi], rax
    mov r12, {{round_cycles}}     ; sleep until the scanner has seen all of memory twice
    add r12, r12
    rdtsc
    shl rdx, 32
    or rax, rdx
    add rax, r12
    mov rdx, rax
    shr rdx, 32
    mov rcx, 0x6e0
    wrmsr
    hlt
    mov rsi, {{page_bytes}}
    mov r10, {{call_report}}
    mov r12, {cold}
    mov rcx, {guesses}
    inc rcx
probe:
    mov r8, [rsi]
    test r12, 1
    jz warm
    clflush [rsi]               ; some lines come from memory first: noise
warm:
    shr r12, 1
    mov r13, rcx
    rdtsc
    mov r9, rax
    mov [rsi], r8               ; what is there already
    rdtsc
    sub rax, r9
    mov rdi, rax
    mov rax, r10
    vmcall
    mov rcx, r13
    add rsi, {{page_bytes}}
    dec rcx
    jnz probe
"""
"""Writes to each page once what is in it, and reports how long that has taken."""


@experiment(
    source="Suzaki et al. 2011; Xiao et al., DSN 2013, of the effect; cycles follow from the range's assumptions"
)
def write_latencies(
    product: str = "kvm", salted: bool = False, first: int = 0, cold: int = 0, seed: int = 0
) -> "pd.DataFrame":
    """Time the first write to pages of a guest's own, some of which a neighbour has as well.

    The neighbour has a page with a number of three digits, and a page of a library. The guest fills ten pages with a
    guess each and one with the page of the library, sleeps for two rounds of the scanner, and writes to each.

    Parameters
    ----------
    product
        Id of a product that has a scanner for equal pages.
    salted
        Whether pages are merged within a VM only.
    first
        The smallest of the ten guesses, 0 to 990.
    cold
        Which of the eleven lines are not in the cache when they are written to: bit 0 stands for the first page. Such a
        write is slower, too, for a reason that has nothing to do with the neighbour.
    seed
        Of the neighbour's number and all random choices.

    Returns
    -------
    DataFrame
        One row per page: ``page``, ``guess`` (-1: the page of the library), ``cycles`` (as the guest has measured),
        ``copied`` (whether the layer below gave the page another frame, which the guest does not see).

    Raises
    ------
    VmwidgetsError
        If the product has no scanner, or a number is out of range.
    """
    import pandas as pd

    check_int("first", first, 0, NUMBERS - GUESSES)
    check_int("cold", cold, 0, 2 ** (GUESSES + 1) - 1)
    check_int("seed", seed, 0, MAX_SEED)
    stack = get(product)
    if "salting" not in Scenario(stack, PLACEMENT).defences.offered:
        raise VmwidgetsError("{stack} has no scanner that looks for equal pages", stack=stack.name)
    scenario = Scenario(stack, PLACEMENT, {"salting": salted}, seed)
    code = PROBE.format(first=first, guesses=GUESSES, cold=cold)
    shot = Shot(Attack.from_text(code, "number", PLACEMENT), scenario)
    while not shot.cpu.counts().exits.get("hlt"):
        shot.cpu.run(1)
    before = dict(scenario.attacker.map)
    shot.cpu.run(BUDGET)
    after = scenario.attacker.map
    rows = [
        (page, first + page - 1 if page <= GUESSES else LIBRARY, cycles, after[page] != before[page])
        for page, cycles in enumerate(scenario.attacker.reports, 1)
    ]
    return pd.DataFrame(rows, columns=["page", "guess", "cycles", "copied"])
