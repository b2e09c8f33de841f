"""Exits without end: whoever carries them out for a VM needs the processor, too."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

EXIT_STORM = Attack(
    id="exit_storm",
    title=said("exits without end, that somebody else carries out"),
    code="""
    mov r8, {loops_per_ms}
    shl r8, 1
again:
    mov rdx, {port_register}
    mov rcx, {writes_waiting}
    shr rcx, 1
more:
    out dx, al                  ; an exit: somebody below has to do something
    dec rcx
    jnz more
    mov rcx, r8                 ; and meanwhile I compute
work:
    dec rcx
    jnz work
    rdtsc                       ; so long has it taken, which is of no interest
    jmp again
""",
    goal="starved",
    placement=Placement(scheduled=True),
    family="V6",
    number=15,
    like="Padala et al. 2007",
    hints=(
        said("Each exit is work for somebody. Who is charged for it?"),
        said("Find out who carries out what you write to a register: the VMM in your time, or a domain beside you?"),
        said("Write to port_register writes_waiting / 2 times, compute for 2 ms, and begin again, without end."),
    ),
)
"""Keeps whoever carries out its exits busy, and computes all its own time as well."""
