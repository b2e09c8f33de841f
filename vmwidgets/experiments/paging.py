"""What a TLB miss costs in a VM: native and two-dimensional page walks side by side, with the remedies as switches."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.page_tables import EptTables, GuestPages, GuestTables, PageAllocator, SparseMemory
from vmwidgets.model.page_walk import GUEST, SECOND_STAGE
from vmwidgets.model.random import random_permille
from vmwidgets.model.translation import Walker
from vmwidgets.model.translation_caches import PWC_ENTRIES, Caches, L2Cache, Lru, NestedTlb, Tlb
from vmwidgets.model.units import KiB, MiB

if TYPE_CHECKING:
    import pandas as pd

_PWC = ("off", "guest", "both")
_PAGE_BYTES = 4 * KiB
_STRETCH = 2 * MiB // _PAGE_BYTES
_DIGITS = 9


@experiment(
    source="R. Bhargava, B. Serebrin, F. Spadini, S. Manne, Accelerating Two-Dimensional Page Walks for Virtualized"
    " Systems, ASPLOS 2008, Figure 1 and Tables 1 and 2",
    fitted="the latency ratio of MiscServer (Table 1): locality_permille",
    predicted="the latency ratios of the other four suites, whose rates of TLB misses go in; the numbers of references"
    " need no parameter",
)
def page_walk(
    guest_levels: int = 4,
    host_levels: int = 4,
    host_page_bytes: int = 4 * KiB,
    guest_large_permille: int = 0,
    tlb: bool = True,
    pwc: str = "off",
    nested_tlb: bool = False,
    l2: bool = True,
    working_set_pages: int = 65_536,
    accesses: int = 6_000,
    locality_permille: int = 500,
    instructions: int = 337,
    data_lines_permille: int = 10,
    l2_bytes: int = 512 * KiB,
    seed: int = 1,
) -> "pd.DataFrame":
    """Let a program go from page to page, natively and in a VM, and follow every page walk entry by entry.

    Parameters
    ----------
    guest_levels, host_levels
        Depth of the guest's and of the second-stage tables, 0 to 5; real ones have 4 or 5. The latter is that of the
        tables for pages of 4 KiB, before large pages make their walks shorter: ``page_walk(4, 4)`` has walks of 24
        references, ``page_walk(4, 4, host_page_bytes=2097152)`` of 19.
    host_page_bytes
        Page size of the second stage: 4096, or 2097152, whose walks end one level earlier.
    guest_large_permille
        How many of 1000 stretches of 2 MiB of the working set the guest maps by one large page.
    tlb
        A data TLB of two levels: only its misses are walks. Without it every access walks.
    pwc
        Page-walk cache: ``"off"``, for entries of the ``"guest"`` only, or for ``"both"`` dimensions.
    nested_tlb
        A TLB for the addresses of the guest's tables.
    l2
        Whether entries are kept in the L2 cache, beside the program's data.
    working_set_pages
        Pages that the program uses, side by side; the guest hands out its own pages in the same order, its tables
        between them. An assumption, as the size of the L2 cache is.
    accesses
        Visits to a page that are counted; half as many go before them to warm the caches up.
    locality_permille
        Of 1000 visits so many go to the page after the last one, the others anywhere in the working set. Fitted.
    instructions
        From one visit to the next. The default makes the TLB misses of MiscServer, 294.3 in 100,000 instructions.
    data_lines_permille
        Lines of data that 1000 instructions bring into the L2 cache: an assumption. They push table entries out, the
        more the rarer the walks are.
    l2_bytes
        Size of the L2 cache, in lines of 64 bytes.
    seed
        Of the visits.

    Returns
    -------
    DataFrame
        A row for ``native`` (the same caches, no second stage) and one for ``two_dimensional``: ``walks``;
        ``tlb_misses_per_100k`` instructions; per walk ``guest_references``, ``second_stage_references`` and their sum
        ``references``, where they were found (``pwc_hits``, ``l2_hits``, ``memory_reads``), ``nested_tlb_hits``, and
        ``cycles_per_walk``; ``references_ratio`` and ``latency_ratio`` over native; ``cycles`` of all walks.
    """
    import pandas as pd

    if pwc not in _PWC:
        raise VmwidgetsError("pwc is {value}, expected one of {known}", value=repr(pwc)[:60], known=", ".join(_PWC))
    check_int("accesses", accesses, 1, 10**6)
    check_int("instructions", instructions, 1, 10**6)
    check_int("data_lines_permille", data_lines_permille, 0, 1000)
    check_int("seed", seed, 0, 2**63 - 1)
    large = _large(working_set_pages, guest_large_permille, seed)
    visits = page_visits(working_set_pages, accesses + accesses // 2, locality_permille, seed)
    rows: list[dict[str, object]] = []
    native: _Tally | None = None
    for name, levels in (("native", 0), ("two_dimensional", host_levels)):
        caches = Caches(
            tlb=Tlb() if tlb else None,
            nested_tlb=NestedTlb() if nested_tlb else None,
            pwc=Lru(PWC_ENTRIES) if pwc != "off" else None,
            pwc_second_stage=pwc == "both",
            l2=L2Cache(l2_bytes) if l2 else None,
        )
        walker = walker_of(guest_levels, levels, host_page_bytes, working_set_pages, large, caches)
        tally = _follow(walker, visits, accesses // 2, instructions * data_lines_permille)
        native = native or tally
        rows.append({"walk": name, **tally.row(accesses * instructions, native)})
    return pd.DataFrame(rows)


def speedup_pct(perfect_tlb_pct: float, cycles_before: float, cycles_after: float) -> float:
    """Return by how many percent a program gets faster when its walks take fewer cycles.

    Parameters
    ----------
    perfect_tlb_pct
        By how many percent it would get faster without any walk (the perfect-TLB columns of Table 1).
    cycles_before, cycles_after
        Cycles of all its walks.
    """
    rest = 100 / perfect_tlb_pct  # what is no walk, in units of the walks before
    return 100 * ((rest + 1) / (rest + cycles_after / cycles_before) - 1)


def page_visits(pages: int, visits: int, locality_permille: int, seed: int) -> NDArray[np.int64]:
    """Return which page a program visits, visit by visit: the next one, or any."""
    check_int("locality_permille", locality_permille, 0, 1000)
    ticks = np.arange(visits, dtype=np.int64)
    jumps = random_permille(seed, "page walk, jump", ticks) >= locality_permille
    jumps[0] = True
    digits = [random_permille(seed, f"page walk, page {digit}", ticks) for digit in range(3)]
    anywhere = (digits[0] * 10**6 + digits[1] * 1000 + digits[2]) * pages // 10**9
    last = np.maximum.accumulate(np.where(jumps, ticks, 0))
    return (anywhere[last] + ticks - last) % pages


def walker_of(
    guest_levels: int = 4,
    host_levels: int = 4,
    host_page_bytes: int = 4 * KiB,
    pages: int = 1,
    large: frozenset[int] = frozenset(),
    caches: Caches | None = None,
) -> Walker:
    """Make a guest that has mapped pages from address 0 on, on a machine of its own, and return its walker.

    Parameters
    ----------
    guest_levels, host_levels, host_page_bytes
        Depth of both tables and page size of the second stage; without levels there: native.
    pages
        Pages of 4 KiB that the guest has mapped.
    large
        Stretches of 2 MiB that it has mapped by one page instead.
    caches
        Of the walker.
    """
    check_int("guest_levels", guest_levels, 0, 5)
    check_int("host_levels", host_levels, 0, 5)
    if host_page_bytes not in (4 * KiB, 2 * MiB):
        raise VmwidgetsError(
            "host_page_bytes is {value}, expected one of {known}",
            value=host_page_bytes,
            known=f"{4 * KiB}, {2 * MiB}",
        )
    leaf = 1 if host_page_bytes == 4 * KiB else 2
    if host_levels:
        check_int("host_levels", host_levels, leaf, 5)
    if large:
        check_int("guest_levels", guest_levels, 2, 5)
    machine = SparseMemory()
    ept = EptTables(machine, host_levels, machine.allocate) if host_levels else None
    memory = GuestPages(machine, ept, leaf)
    _check_room(guest_levels, host_levels, pages, len(large))
    if not guest_levels:
        for page in range(pages):
            memory.back(page * _PAGE_BYTES)
        return Walker(machine, 0, 0, ept, caches)
    guest = PageAllocator()
    tables = GuestTables(memory, guest_levels, guest.allocate)
    for stretch in range(-(-pages // _STRETCH)):
        first, end = stretch * _STRETCH, min((stretch + 1) * _STRETCH, pages)
        whole = guest.allocate(_STRETCH) if stretch in large else 0
        if whole:
            tables.map(first * _PAGE_BYTES, whole, level=2)
        for page in range(first, end):
            target = whole + (page - first) * _PAGE_BYTES if whole else guest.allocate()
            if not whole:
                tables.map(page * _PAGE_BYTES, target)
            memory.back(target)
    return Walker(machine, tables.root, guest_levels, ept, caches)


@dataclass(slots=True)
class _Tally:
    """What was counted over the walks of a run."""

    walks: int = 0
    cycles: int = 0
    read: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def row(self, instructions: int, native: "_Tally") -> dict[str, object]:
        guest = self._of(GUEST)
        second = self._of(SECOND_STAGE)
        return {
            "walks": self.walks,
            "tlb_misses_per_100k": round(100_000 * self.walks / instructions, _DIGITS),
            "guest_references": self._per_walk(guest),
            "second_stage_references": self._per_walk(second),
            "references": self._per_walk(guest + second),
            "pwc_hits": self._per_walk(self._in("pwc")),
            "l2_hits": self._per_walk(self._in("l2")),
            "memory_reads": self._per_walk(self._in("memory")),
            "nested_tlb_hits": self._per_walk(self._in("nested_tlb")),
            "cycles_per_walk": self._per_walk(self.cycles),
            "references_ratio": _ratio((guest + second) * native.walks, native._of(GUEST) * self.walks),
            "latency_ratio": _ratio(self.cycles * native.walks, native.cycles * self.walks),
            "cycles": self.cycles,
        }

    def _of(self, dimension: str) -> int:
        return sum(n for (of, place), n in self.read.items() if of == dimension and place != "nested_tlb")

    def _in(self, place: str) -> int:
        return self.read[GUEST, place] + self.read[SECOND_STAGE, place]

    def _per_walk(self, count: int) -> float:
        return round(count / self.walks, _DIGITS) if self.walks else 0.0


def _ratio(one: int, other: int) -> float:
    """Return a quotient; not a number where natively nothing was read."""
    return round(one / other, _DIGITS) if other else float("nan")


def _follow(walker: Walker, visits: NDArray[np.int64], warm_up: int, data_lines_permille: int) -> _Tally:
    """Make the accesses and count the walks after the warm-up; between two, so many lines of data come into L2."""
    tally, l2, lines = _Tally(), walker.caches.l2, 0
    for number, page in enumerate(visits.tolist()):
        walk = walker.walk(page * _PAGE_BYTES)
        if walk.fault is not None:
            raise AssertionError(f"a mapped page faulted: {walk.fault}")
        if walk.steps and number >= warm_up:
            tally.walks += 1
            tally.cycles += walk.cycles
            tally.read.update((step.dimension, step.found_in) for step in walk.steps)
        if l2 is not None:
            lines += data_lines_permille
            l2.fill(lines // 1000)
            lines %= 1000
    return tally


def _large(pages: int, permille: int, seed: int) -> frozenset[int]:
    """Return which stretches of 2 MiB are large pages."""
    check_int("working_set_pages", pages, 1, 2**20)
    check_int("guest_large_permille", permille, 0, 1000)
    stretches = np.arange(pages // _STRETCH, dtype=np.int64)
    return frozenset(np.flatnonzero(random_permille(seed, "page walk, large", stretches) < permille).tolist())


def _check_room(guest_levels: int, host_levels: int, pages: int, large: int) -> None:
    """Refuse more pages than either dimension can map."""
    if guest_levels:
        check_int("working_set_pages", pages, 1, _STRETCH**guest_levels // 2)
    tables = sum(-(-pages // _STRETCH**level) for level in range(1, guest_levels + 1))
    need = 1 + pages + tables + large * _STRETCH  # large pages leave holes before them
    if host_levels and need > _STRETCH**host_levels:
        raise VmwidgetsError(
            "a second stage of {levels} levels maps {reach} guest pages, expected room for {need}",
            levels=host_levels,
            reach=_STRETCH**host_levels,
            need=need,
        )
