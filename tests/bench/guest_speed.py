"""How fast guest code runs: ``python tests/bench/guest_speed.py``.

Prints instructions per second of four programs, and how many times a bare Python loop of the same machine fits in
the time of one instruction.
"""

from statistics import median
from time import perf_counter

from vmwidgets.experiments.exits import exits_program
from vmwidgets.model.cpu import CPU

BUDGET = 400_000
PROGRAMS = {
    "registers": "again: add rax, rcx\nxor rdx, rax\nmov rbx, rdx\ncmp rbx, 77\njb again\njmp again",
    "memory": "again: mov [rsi + 8], rax\nadd rax, [rsi + rcx*8]\ninc qword [rsi]\nand rsi, 0xff8\njmp again",
    "steps to a branch": "again: dec rcx\njnz again\njmp again",
    "chapter 1": exits_program(ordinary=BUDGET * 991 // 1000, port_io=2400, hypercalls=800, halts=400),
}


def guest(text: str) -> float:
    """Seconds per instruction."""
    cpu = CPU(text)
    start = perf_counter()
    cpu.run(BUDGET)
    return (perf_counter() - start) / cpu.executed


def bare() -> float:
    """Seconds per round of a loop that only adds."""
    total, start = 0, perf_counter()
    for number in range(BUDGET):
        total += number
    return (perf_counter() - start) / BUDGET


if __name__ == "__main__":
    rounds = [(bare(), *(guest(text) for text in PROGRAMS.values())) for _ in range(7)]
    for column, name in enumerate(PROGRAMS, 1):
        seconds = median(row[column] for row in rounds)
        ratio = median(row[column] / row[0] for row in rounds)
        print(f"{name:18} {1e-6 / seconds:6.2f} M instructions/s, {ratio:5.1f} rounds of a bare loop each")
