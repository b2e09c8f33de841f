"""Which instructions of a processor let a trap-and-emulate VMM be built, and which stand in its way.

After G. J. Popek, R. P. Goldberg, "Formal Requirements for Virtualizable Third Generation Architectures", CACM 1974.
An instruction is *privileged* if it traps in user mode and not in supervisor mode. It is *control-sensitive* if it
changes the mode or what the VMM keeps for itself, and *behaviour-sensitive* if its result depends on the mode or on
where in real memory the program lies. What is neither is innocuous. Each theorem is a function that names the offender.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction with its flags; `None` where the source does not say.

    Parameters
    ----------
    name
        Mnemonic.
    privileged
        Whether it traps in user mode and not in supervisor mode.
    control_sensitive, behaviour_sensitive
        See the module. Both `None`: the source calls the instruction sensitive and does not say how.
    user_sensitive
        Whether it is control-sensitive, or sensitive to its location, already in user mode.
    group
        Where a published list puts it.
    """

    name: str
    privileged: bool
    control_sensitive: bool | None = False
    behaviour_sensitive: bool | None = False
    user_sensitive: bool | None = False
    group: str = ""

    @property
    def sensitive(self) -> bool:
        """Return whether it is sensitive in any way."""
        return self.control_sensitive is not False or self.behaviour_sensitive is not False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a theorem says of an instruction set.

    Parameters
    ----------
    holds
        Whether the condition is met; `None` if that hangs on instructions of which the source does not say enough. A
        theorem gives a sufficient condition: if it is not met, some other kind of VMM may still be possible.
    offenders
        What violates the condition, by name.
    unknown
        Instructions of which it is not known whether they violate it.
    """

    holds: bool | None
    offenders: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def theorem_1(instructions: Iterable[Instruction]) -> Verdict:
    """Return whether a VMM can be built: all sensitive instructions are privileged."""
    offenders = tuple(one.name for one in instructions if one.sensitive and not one.privileged)
    return Verdict(not offenders, offenders)


def theorem_2(instructions: Iterable[Instruction], timing_dependences: Sequence[str] = ()) -> Verdict:
    """Return whether VMMs can be stacked: theorem 1 holds, and the VMM does not depend on timing.

    Parameters
    ----------
    instructions
        The instruction set.
    timing_dependences
        Names of the parts of the VMM whose results depend on how long something takes.
    """
    first = theorem_1(instructions)
    return Verdict(bool(first.holds) and not timing_dependences, first.offenders + tuple(timing_dependences))


def theorem_3(instructions: Iterable[Instruction]) -> Verdict:
    """Return whether a hybrid VMM can be built, which interprets all of the guest's supervisor code.

    Its condition is weaker: only what is sensitive in user mode has to be privileged.
    """
    suspects = [one for one in instructions if not one.privileged and one.sensitive]
    offenders = tuple(one.name for one in suspects if one.user_sensitive)
    unknown = tuple(one.name for one in suspects if one.user_sensitive is None)
    return Verdict(False if offenders else None if unknown else True, offenders, unknown)


def _listed(group: str, *names: str) -> tuple[Instruction, ...]:
    return tuple(Instruction(name, False, None, None, None, group) for name in names)


X86_OFFENDERS = (
    *_listed("sensitive register instructions", "SGDT", "SIDT", "SLDT", "SMSW", "PUSHF", "POPF"),
    *_listed(
        "protection system instructions",
        *("LAR", "LSL", "VERR", "VERW", "POP", "PUSH", "CALL", "JMP", "INT n", "RET", "STR", "MOV"),
    ),
)
"""Instructions of the Pentium that are sensitive and not privileged: J. S. Robin, C. E. Irvine, "Analysis of the Intel
Pentium's Ability to Support a Secure Virtual Machine Monitor", USENIX Security 2000, as commonly printed. The text
counts 17, the printed list has 18 mnemonics; some of them are sensitive in some forms only (a ``MOV`` of a segment
register, a far ``CALL``). The list does not use the flags of Popek and Goldberg, so these are `None` here."""
