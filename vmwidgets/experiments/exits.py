"""How often the VMM gets control: a guest runs a mix of instructions, and its VM exits are counted."""

from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.model.assembly import MAX_INSTRUCTIONS
from vmwidgets.model.cpu import EXIT_REASONS, MAX_BUDGET, Counts, run
from vmwidgets.model.errors import VmwidgetsError, check_int

if TYPE_CHECKING:
    import pandas as pd

_ORDINARY = ("mov rsi, rax", "add rsi, 3", "and rsi, 0xff8", "mov [rsi], rax", "xor rax, rsi", "shr rsi, 1", "nop")
_LOOP = 3  # instructions of the inner loop: add, dec, jnz


def exits_program(ordinary: int = 991, port_io: int = 6, hypercalls: int = 2, halts: int = 1) -> str:
    """Return the text of a guest program that executes exactly such a mix of instructions.

    Half of the port accesses read, half write; then come the hypercalls, then the halts; ordinary instructions fill
    the time between them.

    Parameters
    ----------
    ordinary, port_io, hypercalls, halts
        How many instructions of each kind are executed.
    """
    most = MAX_BUDGET // 4
    check_int("ordinary", ordinary, 0, most)
    events = [
        ("read", "in al, 0x60", "port_io", check_int("port_io", port_io, 0, most) - port_io // 2),
        ("write", "out 0x80, al", "port_io", port_io // 2),
        ("call", "vmcall", "hypercalls", check_int("hypercalls", hypercalls, 0, most)),
        ("halt", "hlt", "halts", check_int("halts", halts, 0, most)),
    ]
    total = sum(count for *_, count in events)
    left, lines = ordinary, list[str]()
    for name, event, _, count in events:
        if count:
            part = left * count // total
            lines += _stretch(name, event, count, part)
            left, total = left - part, total - count
    lines += _work("work", left)
    if sum(not line.endswith(":") for line in lines) > MAX_INSTRUCTIONS:
        raise VmwidgetsError(
            "{events} exits among {ordinary} ordinary instructions make a program of more than {most} instructions,"
            " expected at least {need} ordinary instructions",
            events=port_io + hypercalls + halts,
            ordinary=ordinary,
            most=MAX_INSTRUCTIONS,
            need=4 * (port_io + hypercalls + halts + 1),
        )
    return "\n".join(line if line.endswith(":") else "    " + line for line in lines) + "\n"


def exits_run(
    ordinary: int = 991, port_io: int = 6, hypercalls: int = 2, halts: int = 1, timer_interrupts: int = 2
) -> Counts:
    """Run that program, with timer interrupts at equal distances, and return what the guest did."""
    program = exits_program(ordinary, port_io, hypercalls, halts)
    length = ordinary + port_io + hypercalls + halts
    check_int("timer_interrupts", timer_interrupts, 0, length)
    arrivals = [length * (index + 1) // (timer_interrupts + 1) for index in range(timer_interrupts)]
    return run(program, budget=length, timer=arrivals)


@experiment(
    source="G. J. Popek, R. P. Goldberg, Formal Requirements for Virtualizable Third Generation Architectures, CACM"
    " 1974: innocuous instructions run directly"
)
def vm_exits(
    ordinary: int = 991, port_io: int = 6, hypercalls: int = 2, halts: int = 1, timer_interrupts: int = 2
) -> "pd.DataFrame":
    """Run a guest program and count how many of its instructions needed the VMM.

    Parameters
    ----------
    ordinary, port_io, hypercalls, halts
        How many instructions of each kind the guest executes.
    timer_interrupts
        How many timer interrupts arrive meanwhile.

    Returns
    -------
    DataFrame
        ``event``: ``direct`` for what ran without the VMM, then each reason for an exit; ``instructions`` executed
        because of it; ``exits``. Both columns are counted in the run and add up to all instructions and all exits.
    """
    import pandas as pd

    done = exits_run(ordinary, port_io, hypercalls, halts, timer_interrupts)
    rows = [("direct", done.direct, 0)]
    for reason in EXIT_REASONS:
        exits = done.exits[reason]
        rows.append((reason, exits if reason in ("io", "hypercall", "hlt") else 0, exits))
    return pd.DataFrame(rows, columns=["event", "instructions", "exits"])


def _stretch(name: str, event: str, count: int, ordinary: int) -> list[str]:
    """Return code that executes an event ``count`` times and ``ordinary`` other instructions around it."""
    if count == 1:
        return [*_work(f"before_{name}", ordinary), event]
    rounds, rest = divmod(ordinary - 1, count)
    if rounds < 2:  # the loop's own dec and jnz are ordinary instructions too
        return [*_work(f"before_{name}", ordinary), *[event] * count]
    return [
        *_work(f"before_{name}", rest),
        f"mov rbx, {count}",
        f"{name}:",
        *_work(f"between_{name}", rounds - 2),
        event,
        "dec rbx",
        f"jnz {name}",
    ]


def _work(name: str, ordinary: int) -> list[str]:
    """Return code that executes so many ordinary instructions."""
    if ordinary <= len(_ORDINARY):
        return list(_ORDINARY[:ordinary])
    times, rest = divmod(ordinary - 1, _LOOP)
    return [*_ORDINARY[:rest], f"mov rcx, {times}", f"{name}:", "add rax, rcx", "dec rcx", f"jnz {name}"]
