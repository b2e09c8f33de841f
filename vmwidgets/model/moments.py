"""What trap and emulate leaves to look at: the machine after each step of a run."""

from dataclasses import dataclass

from vmwidgets.model.deprivileged import Processor


@dataclass(frozen=True, slots=True)
class Moment:
    """The machine after one step of a run.

    Parameters
    ----------
    phase
        ``"start"``; ``"run"``: an instruction ran directly; or of one that did not: ``"trap"``, ``"decode"``,
        ``"act"``, ``"resume"``.
    line
        The line of the program that it was.
    next_line
        The line that comes next, 0 behind the last.
    kind
        One of :data:`~vmwidgets.model.trap_and_emulate.CLASSES`; ``"hidden"`` for a fault that the guest would not have
        had, ``"other"`` for what is in no class, such as a hypercall, ``""`` without a trap. With ``"run"``: what the
        processor has given the guest an exception for.
    decision
        What the VMM decided, one of :data:`~vmwidgets.model.trap_and_emulate.DECISIONS`, or ``""``.
    reason
        Why it trapped.
    detail
        What the hardware reported.
    real, virtual
        The processor, and what the guest believes it to be.
    registers
        The general registers.
    executed, direct, exits, emulated
        Counts so far: instructions, of which ran without the VMM; exits; emulated instructions.
    requests, queued
        What the device has got so far; what lies in its queue, in the guest's memory, and has not been taken yet.
    """

    phase: str
    line: int
    next_line: int
    kind: str
    decision: str
    reason: str
    detail: tuple[tuple[str, int], ...]
    real: Processor
    virtual: Processor
    registers: tuple[int, ...]
    executed: int
    direct: int
    exits: int
    emulated: int
    requests: tuple[int, ...]
    queued: tuple[int, ...] = ()
