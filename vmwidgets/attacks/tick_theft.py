"""Who sleeps at each tick is never charged: theft of processor time (F. Zhou et al., arXiv 1103.0759)."""

from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.words import said

TICK_THEFT = Attack(
    id="tick_theft",
    title=said("processor time taken between the ticks"),
    code="""
    mov r12, {tick_us}          ; the next tick
again:
    rdtsc
    shl rdx, 32
    or rax, rdx
later:
    cmp r12, rax
    ja sleep
    add r12, {tick_us}
    jmp later
sleep:
    mov rax, r12
    add rax, 50                 ; just after it
    mov rdx, rax
    shr rdx, 32
    mov rcx, 0x6e0              ; the deadline of the timer
    wrmsr
    hlt
    mov rax, {loops_per_ms}     ; compute for 9.5 ms, until just before the next tick
    mov rcx, rax
    shl rcx, 3
    add rcx, rax
    shr rax, 1
    add rcx, rax
work:
    dec rcx
    jnz work
    jmp again
""",
    goal="starved",
    placement=Placement(scheduled=True),
    family="V6",
    number=14,
    like="Xen before commit 78c9b2a6 of 2009",
    hints=(
        said("When does the scheduler look who is running?"),
        said("Let the trace show what the VM was charged for, and what it ran."),
        said("Sleep until just after a tick, compute until just before the next one, and halt."),
    ),
)
"""Runs 9.5 ms of each tick of 10 ms and sleeps while the tick takes accounts."""
