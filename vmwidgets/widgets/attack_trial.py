"""What the parts of one attack lab look at together: an attack, its code, the defences, and how far the run has come.

A run is a function of all these: to go back is to run anew, not as far.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import traitlets

from vmwidgets.attacks import ATTACKS
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.exits import Action
from vmwidgets.model.guest_code import REGISTERS, AssemblyError, Memory
from vmwidgets.model.guest_memory import MASK64
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.defences import DEFENCES, Defences
from vmwidgets.model.range.run import BUDGET, Shot
from vmwidgets.model.range.scenario import Scenario, technique_for
from vmwidgets.model.range.shipped import as_shipped, switches_of

KEPT = 10
"""So many of the latest instructions are shown."""
MAX_CODE = 16_000
"""The longest text of guest code, in characters."""
MAX_SEED = 9_999
_STORES = ("mov", "add", "sub", "and", "or", "xor", "inc", "dec", "not", "neg", "shl", "shr", "sar", "xchg")


@dataclass(frozen=True, slots=True)
class Step:
    """An instruction that was attempted.

    Parameters
    ----------
    line
        Of the text, from 1.
    address
        The address that it named, None if it named no memory.
    write
        Whether it wrote there.
    owner
        Whose frame that was, ``""`` if that is not known.
    exits
        Reasons of the exits on the way.
    """

    line: int
    address: int | None
    write: bool
    owner: str
    exits: tuple[str, ...]


class Trial(traitlets.HasTraits):
    """One attack on the stack of a lab.

    Parameters
    ----------
    lab
        On whose stack.
    attack
        Id of one of :data:`vmwidgets.attacks.ATTACKS`, or an attack of one's own.
    code
        Guest code in its place; None: its own.
    defences
        What differs from the safe setting, or ``"as_shipped"``.
    seed
        Decides the secret and the layout.
    """

    turn = traitlets.Int(0)
    """Counts changes."""

    def __init__(
        self,
        lab: Lab,
        attack: Attack | str = "beyond_memory",
        *,
        code: str | None = None,
        defences: Mapping[str, bool] | str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.lab, self.seed = lab, check_int("seed", seed, 0, MAX_SEED)
        self.attack = attack if isinstance(attack, Attack) else _known(attack)
        if code is not None:
            Attack.from_text(code)  # refuses what is no text
        self._own = {} if self.attack.id in ATTACKS else {self.attack.id: self.attack}
        self.switches = switches_of(lab.stack, defences)
        self.is_shipped = isinstance(defences, str)
        """Whether the switches are those of the product as it is shipped, and follow it."""
        self.is_touched = False
        """Whether the reader has switched one by hand."""
        Defences(lab.stack, self.technique, self.switches)  # refuses what the stack does not have
        self.code = _tidy(self.attack.code if code is None else code)
        self.texts = 1
        """Counts the texts that came from here, and not from the page."""
        self.hints = 0
        """So many are shown."""
        self.fault: tuple[int, VmwidgetsError | None] = 0, None
        """The line that is no code, and what is wrong with it; 0 and None if all is well."""
        self._rewind()

    # ------------------------------------------------------------------------------------------------ what is looked at
    @property
    def technique(self) -> str:
        """How the memory of the VMs is virtualized."""
        return technique_for(self.lab.stack, self.attack.placement)

    @property
    def known(self) -> dict[str, Attack]:
        """All attacks that can be chosen, by id."""
        return {**ATTACKS, **self._own}

    @property
    def defences(self) -> Defences:
        """The switches as they are."""
        return Defences(self.lab.stack, self.technique, self.switches)

    @property
    def is_shown(self) -> bool:
        """Whether the text is the code of the attack itself."""
        return self.code == _tidy(self.attack.code)

    @property
    def position(self) -> int:
        """How many instructions have been attempted."""
        return self.shot.cpu.attempts if self.shot else 0

    # ----------------------------------------------------------------------------------------------------- what changes
    def choose(self, id: str) -> None:
        """Choose an attack; its code is for the reader to write, so only what it is about is put down."""
        if id not in self.known:
            raise VmwidgetsError("there is no attack {id}", id=repr(id)[:40])
        self.attack, self.hints = self.known[id], 0
        self._keep_offered()
        self._put(_("; your code") + "\n")

    def show_code(self) -> None:
        """Put the code of the attack in the place of what was written."""
        self._put(_tidy(self.attack.code))

    def show_hint(self) -> None:
        """Show one more hint."""
        self.hints = min(self.hints + 1, len(self.attack.hints))
        self.turn += 1

    def write(self, code: str) -> None:
        """Take what was written in the page; a run begins anew if it is something else."""
        if len(code) > MAX_CODE:
            raise VmwidgetsError(
                "the code has {count} characters, expected at most {most}", count=len(code), most=MAX_CODE
            )
        if code != self.code:
            self.code = code
            self._again()

    def switch(self, defence: str, on: bool) -> None:
        """Switch a defence; the run begins anew."""
        if defence not in DEFENCES:
            raise VmwidgetsError("there is no control {name}", name=repr(defence)[:40])
        changed = {**self.switches, defence: on}
        Defences(self.lab.stack, self.technique, changed)
        self.switches, self.is_shipped, self.is_touched = changed, False, True
        self._again()

    def make_safe(self) -> None:
        """Switch all defences on that the stack has."""
        self.switches, self.is_shipped, self.is_touched = {}, False, False
        self._again()

    def ship(self) -> None:
        """Switch all defences as the product is shipped."""
        self.switches, self.is_shipped, self.is_touched = as_shipped(self.lab.stack), True, False
        self._again()

    def draw(self, seed: int) -> None:
        """Hide another secret in another place."""
        self.seed = check_int("seed", seed, 0, MAX_SEED)
        self._again()

    def follow(self) -> None:
        """Begin anew on the stack that the lab has now; what that does not have cannot be switched off there."""
        self._keep_offered()
        self._again()

    # ---------------------------------------------------------------------------------------------------------- running
    def go(self, to: int) -> None:
        """Go to where so many instructions have been attempted, or to the end if that is earlier."""
        self._go(to)
        self.turn += 1

    def _go(self, to: int) -> None:
        shot = self._fresh()
        if shot is None:
            return
        self.shot, self.steps, self.ended = shot, (), False
        head = max(0, min(to, BUDGET) - KEPT)
        if head:
            self.ended = shot.cpu.run(head) is Action.STOP or shot.cpu.finished
        while self.position < min(to, BUDGET) and not self.ended:
            self._one()
        self.ended = self.ended or self.position >= BUDGET

    def step(self) -> None:
        """Attempt one more instruction."""
        if self.shot is None:
            return
        if not self.ended:
            self._one()
            self.ended = self.ended or self.position >= BUDGET
        self.turn += 1

    def run(self) -> None:
        """Go to the end: of the code, of what the VMM lets it do, or of the budget."""
        shot = self._fresh()
        if shot is not None:
            shot.cpu.run(BUDGET)
            self._go(shot.cpu.attempts)
            self.ended = True
        self.turn += 1

    def next_decision(self) -> None:
        """Go on until a layer has decided something."""
        if self.shot is None or self.ended:
            return
        cpu, trace = self.shot.cpu, self.shot.scenario.trace
        before, action = trace.count, Action.RESUME
        while action is Action.RESUME and not cpu.finished and trace.count == before and cpu.attempts < BUDGET:
            action = cpu.run(1)
        self.go(cpu.attempts)

    def last_decision(self) -> None:
        """Go back to where a layer has last decided something before."""
        shot, end = self._fresh(), self.position
        if shot is None:
            return
        found, trace = 0, shot.scenario.trace
        while shot.cpu.attempts < end - 1:
            before = trace.count
            if shot.cpu.run(1) is Action.STOP or shot.cpu.finished:
                break
            found = shot.cpu.attempts if trace.count != before else found
        self.go(found)

    # ---------------------------------------------------------------------------------------------------------- details
    def _keep_offered(self) -> None:
        if self.is_shipped:
            self.switches = as_shipped(self.lab.stack)
        offered = Defences(self.lab.stack, self.technique).offered
        self.switches = {id: on for id, on in self.switches.items() if id in offered}

    def _put(self, code: str) -> None:
        self.code = code
        self.texts += 1
        self._again()

    def _again(self) -> None:
        self._rewind()
        self.turn += 1

    def _rewind(self) -> None:
        self.ended, self.steps, self.before = False, tuple[Step, ...](), dict[str, int]()
        self.scenario = Scenario(self.lab.stack, self.attack.placement, self.switches, self.seed)
        self.manual = self.scenario.manual()
        self.shot = self._fresh()

    def _fresh(self) -> Shot | None:
        try:
            shot = Shot(replace(self.attack, code=self.code), self._scenario())
        except VmwidgetsError as error:
            self.fault = error.line if isinstance(error, AssemblyError) else 1, error
            return None
        self.fault = 0, None
        self.before = dict(shot.cpu.registers)
        return shot

    def _scenario(self) -> Scenario:
        return Scenario(self.lab.stack, self.attack.placement, self.switches, self.seed)

    def _one(self) -> None:
        shot = self.shot
        assert shot is not None
        cpu, trace = shot.cpu, shot.scenario.trace
        line, count = cpu.line, trace.count
        address, write = self._named(shot)
        self.before = dict(cpu.registers)
        exits = cpu.counts().total_exits
        stopped = cpu.run(1) is Action.STOP
        owner = shot.scenario.path.known_owner(address) if address is not None else ""
        if not owner:
            owner = next((one.owner for one in reversed(trace.since(count)) if one.frame >= 0), "")
        counts = cpu.counts()
        left = counts.total_exits - exits
        reasons = tuple(one.reason for one in counts.log[-left:]) if left else ()
        self.steps = (*self.steps, Step(line, address, write, owner, reasons))[-KEPT:]
        self.ended = stopped or cpu.finished

    @staticmethod
    def _named(shot: Shot) -> tuple[int | None, bool]:
        """Return the address that the next instruction names, and whether it is written."""
        cpu = shot.cpu
        at = cpu.program.places.index(cpu.address)
        if at >= len(cpu.program.instructions):
            return None, False
        one, values = cpu.program.instructions[at], cpu.registers
        for place, operand in enumerate(one.operands):
            if isinstance(operand, Memory) and operand.bits:
                base = 0 if operand.base is None else values[REGISTERS[operand.base]]
                index = 0 if operand.index is None else values[REGISTERS[operand.index]]
                address = base + index * operand.scale + operand.displacement & MASK64
                return address, place == 0 and one.mnemonic in _STORES
        return None, False


def _tidy(code: str) -> str:
    return code.strip("\n") + "\n"


def _known(id: object) -> Attack:
    if not isinstance(id, str) or id not in ATTACKS:
        raise VmwidgetsError("there is no attack {id}, expected one of {known}", id=id, known=", ".join(ATTACKS))
    return ATTACKS[id]
