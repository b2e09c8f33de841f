"""How fast guest code runs: ``python tests/bench/guest_speed.py``.

Prints instructions per second of processor time, and how many times a bare Python loop of the same machine fits in the
time of one instruction. Memory is flat, or behind two-dimensional page tables with a TLB in front; at last a whole
budget is run again, as for one step back.
"""

from statistics import median
from time import process_time
from types import SimpleNamespace

from vmwidgets.experiments.exits import exits_program
from vmwidgets.model.cpu import CPU
from vmwidgets.model.page_tables import EptTables, GuestPages, GuestTables, PageAllocator, SparseMemory
from vmwidgets.model.processor import WITH_ASSISTANCE
from vmwidgets.model.rewind import Rewind
from vmwidgets.model.tlb import PagedMemory
from vmwidgets.model.translation import Walker

BUDGET = 200_000
ROUNDS = 7
PAGES = 8
LOADS_AND_STORES = "again: mov [rsi + 8], rax\nmov rbx, [rsi]\nmov [rsi + 16], ebx\nmov rcx, [rsi + 8]\njmp again"
MIXED = "again: mov [rsi + 8], rax\nadd rax, [rsi + rcx*8]\ninc qword [rsi]\nand rsi, 0xff8\njmp again"
PROGRAMS = {
    "registers": "again: add rax, rcx\nxor rdx, rax\nmov rbx, rdx\ncmp rbx, 77\njb again\njmp again",
    "narrow registers": "again: add al, cl\nxor dx, ax\nmov bl, dl\ncmp bl, 77\njb again\njmp again",
    "steps to a branch": "again: dec rcx\njnz again\njmp again",
    "calls": "mov rsp, 0x7000\nagain: call there\njmp again\nthere: push rax\npop rbx\nret",
    "loads and stores": LOADS_AND_STORES,
    "reading, changing, writing": MIXED,
    "chapter 1": exits_program(ordinary=BUDGET * 991 // 1000, port_io=BUDGET * 6 // 1000, hypercalls=400, halts=200),
}
PAGED = {
    "loads and stores, TLB hits": LOADS_AND_STORES,
    "reading, changing, writing, TLB hits": MIXED,
    "a TLB miss in five": "again: mov rax, [rsi]\nadd rsi, 4096\nand rsi, 0x7000\nnop\njmp again",
}


def paged(entries: int) -> PagedMemory:
    """Return memory of some pages behind two-dimensional tables of four levels each."""
    machine = SparseMemory()
    ept = EptTables(machine, 4, machine.allocate)
    pages = GuestPages(machine, ept)
    tables = GuestTables(pages, 4, PageAllocator().allocate)
    for page in range(PAGES):
        tables.map(page << 12, 0x100000 + (page << 12))
        pages.back(0x100000 + (page << 12))
    walker = Walker(machine, tables.root, 4, ept)
    return PagedMemory(walker, lambda number: machine.frames.setdefault(number, bytearray(4096)), entries)


def guest(text: str, translated: bool = False) -> float:
    """Seconds per instruction."""
    misses = text == PAGED["a TLB miss in five"]
    cpu = CPU(text, paged(PAGES // 2 if misses else 64), settles=WITH_ASSISTANCE) if translated else CPU(text)
    start = process_time()
    cpu.run(BUDGET // (10 if misses else 1))
    return (process_time() - start) / cpu.executed


def bare() -> float:
    """Seconds per round of a loop that only adds."""
    total, start = 0, process_time()
    for number in range(BUDGET):
        total += number
    return (process_time() - start) / BUDGET


def back() -> float:
    """Seconds for one step back at the end of a budget."""
    run = Rewind(lambda: SimpleNamespace(cpu=CPU(PROGRAMS["registers"])))
    run.to(BUDGET)
    start = process_time()
    run.back()
    return process_time() - start


if __name__ == "__main__":
    rows = [
        (bare(), *(guest(text) for text in PROGRAMS.values()), *(guest(text, True) for text in PAGED.values()))
        for _ in range(ROUNDS)
    ]
    for column, name in enumerate((*PROGRAMS, *PAGED), 1):
        seconds = median(row[column] for row in rows)
        ratio = median(row[column] / row[0] for row in rows)
        print(f"{name:38} {1e-6 / seconds:6.2f} M instructions/s, {ratio:6.1f} rounds of a bare loop each")
    print(f"one step back after {BUDGET} instructions {median(back() for _ in range(ROUNDS)):.2f} s")
