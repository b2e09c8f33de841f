"""What a defence costs, measured: one guest program that does no harm, run with it and without.

What is counted is what the defence has to do: entries looked at, bytes cleared, exits, frames. How many cycles each of
these takes on a certain machine is another matter, and no source says it for all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.range.attack import Attack, Placement
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.machine import FREE
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.stack import Stack

WORKLOAD = """
    mov r12, 8                  ; rounds
round:
    xor rsi, rsi                ; writes to its pages, but for those of its tables
    mov rcx, {pages}
    sub rcx, 4
write:
    mov [rsi + 64], r12
    add rsi, {page_bytes}
    dec rcx
    jnz write
    mov rax, {call_balloon_claim}
    mov rdi, {pages}
    vmcall                      ; grows by a page
    mov rax, {call_page_table_update}
    mov rdi, {window_entry}
    mov rsi, {lowest_table}
    or rsi, 7
    vmcall                      ; maps its lowest table a second time, then read-only, and takes that back
    mov rax, {call_page_table_update}
    xor rsi, 2
    vmcall
    mov rax, {call_page_table_update}
    xor rsi, rsi
    vmcall
    mov rax, {call_balloon_release}
    mov rdi, {pages}
    vmcall
    mov rdx, {port_dma}         ; lets its device fetch a block
    xor rax, rax
    out dx, eax
    inc rdx
    inc rax
    out dx, al
    mov rdx, {port_floppy}      ; sends a command with two parameters
    mov rax, 0x8e
    out dx, al
    mov rax, 1
    out dx, al
    mov rax, 0x80
    out dx, al
    mov rsi, {page_bytes}       ; sends 8 bytes by a descriptor of its card, and by a request to the backend
    mov rax, 0x800000006
    mov [rsi], rax
    lea rax, [rsi + 64]
    mov [rsi + 8], rax
    mov rdx, {port_nic}
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 1
    out dx, eax
    mov rdx, {port_backend}
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 1
    out dx, eax
    mov rdx, {port_network}     ; the same in two fragments
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 8
    out dx, eax
    inc rdx
    mov rax, 1
    out dx, eax
    xor rax, rax
    out dx, eax
    mov rdx, {port_channel}     ; copies a text to the desktop
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 8
    out dx, eax
    mov rdx, {port_interrupts}  ; has a device that is busy
    mov rax, 20000
    out dx, eax
    inc rdx
    out dx, al
    mov rdi, rsi                ; and calls its kernel
    mov rax, {call_system_call}
    mov rsi, 8
    vmcall
    dec r12
    jnz round
"""
"""What a guest does all day: memory, tables, devices."""
BUDGET = 20_000


@dataclass(frozen=True, slots=True)
class Price:
    """What a defence costs in this workload.

    Parameters
    ----------
    defence
        Its id.
    work
        What it has to do that is not done without it, by kind, see :class:`~vmwidgets.model.range.machine.Machine`.
    exits
        VM exits more than without it.
    instructions
        Instructions of the guest more than without it.
    frames
        Frames of the machine that are in use and would not be without it.
    cycles, cycles_without
        How much longer the workload takes, and how long without it. Where no time passes, see
        :class:`~vmwidgets.model.range.attack.Placement`, each instruction takes a cycle.
    """

    defence: str
    work: Mapping[str, int]
    exits: int
    instructions: int
    frames: int
    cycles: int = 0
    cycles_without: int = 0

    @property
    def is_free(self) -> bool:
        """Whether the workload does not notice it."""
        return not (self.work or self.exits or self.instructions or self.frames or self.cycles)


@dataclass(frozen=True, slots=True)
class _Bill:
    work: Mapping[str, int]
    exits: int
    instructions: int
    frames: int
    cycles: int


def price(defence: str, stack: Stack, placement: Placement | None = None, code: str = WORKLOAD, seed: int = 0) -> Price:
    """Measure what a defence costs on a stack.

    Parameters
    ----------
    defence
        Id of one of :data:`~vmwidgets.model.range.defences.DEFENCES` that the stack has.
    stack, placement
        What stands below the guest, and what it needs; by default imitated devices, if it is their defence.
    code
        The workload.
    seed
        Decides the layout.

    Raises
    ------
    VmwidgetsError
        If the stack does not have the defence.
    """
    where = placement or Placement(emulated=not _has(defence, stack, Placement()))
    if not _has(defence, stack, where):
        raise VmwidgetsError(
            "{stack} does not have the defence {name}, expected one of {known}",
            stack=stack.name,
            name=defence,
            known=", ".join(Scenario(stack, where).defences.offered),
        )
    with_it, without = (_bill(Scenario(stack, where, {defence: on}, seed), code) for on in (True, False))
    work = {kind: with_it.work[kind] - without.work.get(kind, 0) for kind in with_it.work}
    return Price(
        defence,
        {kind: more for kind, more in work.items() if more},
        with_it.exits - without.exits,
        with_it.instructions - without.instructions,
        with_it.frames - without.frames,
        with_it.cycles - without.cycles,
        without.cycles,
    )


def _has(defence: str, stack: Stack, placement: Placement) -> bool:
    if defence not in DEFENCES:
        raise VmwidgetsError(
            "there is no defence {name}, expected one of {known}", name=defence, known=", ".join(DEFENCES)
        )
    return defence in Scenario(stack, placement).defences.offered


def _bill(scenario: Scenario, code: str) -> _Bill:
    shot = Shot(Attack.from_text(code), scenario)
    shot.cpu.run(BUDGET)
    counts, owners = shot.cpu.counts(), scenario.machine.owners
    return _Bill(
        dict(scenario.machine.work),
        counts.total_exits,
        counts.instructions,
        len(owners) - owners.count(FREE),
        scenario.clock.read(shot.cpu.executed),
    )
