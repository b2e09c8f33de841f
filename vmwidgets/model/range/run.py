"""Running guest code in a range."""

from collections.abc import Mapping

from vmwidgets.model.cpu import CPU, Action, Exit
from vmwidgets.model.guest_code import REGISTERS
from vmwidgets.model.page_tables import ADDRESS_MASK
from vmwidgets.model.processor import ALWAYS_SETTLED
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.clock import TIME_STAMP, TSC_DEADLINE
from vmwidgets.model.range.goals import GOALS
from vmwidgets.model.range.processor_time import INSTRUCTION_US, TICK_US
from vmwidgets.model.range.reading import read
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.verdict import Verdict
from vmwidgets.model.stack import Stack

BUDGET = 200_000
"""Instructions that guest code may attempt."""
HANDLER = "fault"
"""The label at which guest code goes on when its own tables refuse an access; without it that is its end."""
FAULTS = ("page_fault", "general_protection", "invalid_opcode", "rdmsr", "wrmsr")
"""What guest code can go on after. The last two where there is no such register: a VMM then answers with a general
protection exception."""
TABLES = 3
"""The control register with the address of the page tables."""
FEATURES, HYPERVISOR = 1, 1 << 31
"""The leaf of cpuid that says what a processor can, and the bit of rcx by which a VMM says that it is there (Linux,
arch/x86/include/asm/cpufeatures.h, X86_FEATURE_HYPERVISOR)."""


class Shot:
    """Guest code in a range, to be run at once or step by step.

    Parameters
    ----------
    attack, scenario
        The code with its goal, and where it is run.
    numbers
        Those that the code may name; None: those of the manual.
    """

    def __init__(self, attack: Attack, scenario: Scenario, numbers: Mapping[str, int] | None = None) -> None:
        self.attack, self.scenario = attack, scenario
        self.fault: Exit | None = None
        """The exit after which nothing goes on."""
        self.cpu = CPU(
            read(attack.code, scenario.manual() if numbers is None else numbers),
            scenario.path,
            self._handle,
            TICK_US // INSTRUCTION_US if scenario.placement.scheduled else (),
            settles=_settled(scenario),
            clock=self._time,
        )

    def _time(self) -> int:
        return self.scenario.clock.read(self.cpu.executed)

    @property
    def succeeded(self) -> bool:
        """Whether the goal has been reached so far."""
        return GOALS[self.attack.goal](self.scenario)

    def verdict(self) -> Verdict:
        """Return what has come of it so far."""
        range, counts, succeeded = self.scenario, self.cpu.counts(), self.succeeded
        deciding, name = range.trace.deciding(succeeded), range.attacker.name
        return Verdict(
            succeeded,
            self.attack.goal,
            deciding,
            range.stack.layers[deciding.layer].name if deciding else "",
            range.trace.decisions,
            counts.exits,
            counts.instructions,
            tuple(sorted(range.machine.read.get(name, ()))),
            tuple(sorted(range.machine.written.get(name, ()))),
            tuple(range.taken),
            range.crashed,
            tuple(range.guests[index].name for index in range.in_reach),
            counts.finished and self.fault is None,
            self.fault,
        )

    def _handle(self, cpu: CPU, exit: Exit) -> Action:
        """Do as the VMM of the range does after an exit."""
        range = self.scenario
        if exit.reason == "io":
            if exit["write"]:
                range.ports.write(exit["port"], exit["bits"], exit["value"])
            else:
                cpu.answer(exit, range.ports.read(exit["port"], exit["bits"]) & (1 << exit["bits"]) - 1)
        elif exit.reason == "hypercall":
            range.hypercalls.call(cpu)
        elif exit.reason == "control_register":
            self._control_register(cpu, exit)
        elif exit.reason == "invlpg":
            range.path.invalidate(exit["address"])
        elif exit.reason == "hlt":
            range.clock.halt(cpu.executed)
        elif exit.reason == "external_interrupt":
            range.clock.interrupt(cpu.executed)
        elif exit.reason == "wrmsr" and exit["number"] == TSC_DEADLINE:
            range.clock.set_deadline(exit["value"])
        elif exit.reason == "rdmsr" and exit["number"] in (TSC_DEADLINE, TIME_STAMP):
            is_time = exit["number"] == TIME_STAMP  # before this instruction, as rdtsc has it
            cpu.write_pair(range.clock.read(cpu.executed - 1) if is_time else range.clock.deadline)
        elif exit.reason == "cpuid":
            self._identify(cpu, exit)
        elif exit.reason in FAULTS and HANDLER in cpu.program.labels:
            if exit.reason == "page_fault":
                cpu.state.control[2] = exit["address"]
                if range.core is not None:
                    range.core.speculate(cpu, exit)
            cpu.jump(HANDLER)
            return Action.RESUME
        elif exit.reason != "interrupt_flag":
            self.fault = exit
            return Action.STOP
        if range.core is not None:
            range.core.enter(after_halt=exit.reason == "hlt")
        is_over = range.processor is not None and range.processor.over
        return Action.STOP if range.crashed or is_over else Action.RESUME

    def _identify(self, cpu: CPU, exit: Exit) -> None:
        """Answer cpuid: this processor is none that has a name, and what it can is not said; there may be a VMM."""
        for register in ("rax", "rbx", "rcx", "rdx"):
            cpu.write(register, 0)
        if exit["leaf"] == 0:
            cpu.write("rax", FEATURES)
        elif exit["leaf"] == FEATURES and self.scenario.attacker.has_tables:
            cpu.write("rcx", HYPERVISOR)

    def _control_register(self, cpu: CPU, exit: Exit) -> None:
        """Let the guest read the address of its tables, and choose others, if these are its own affair.

        Of the other registers it sees what it has written there, and of cr2 where it has faulted last.
        """
        path = self.scenario.path
        if exit["number"] != TABLES:
            if exit["write"]:
                cpu.state.control[exit["number"]] = exit["value"]
            else:
                cpu.write(REGISTERS[exit["register"]], cpu.state.control[exit["number"]])
        elif not exit["write"]:
            cpu.write(REGISTERS[exit["register"]], path.root)
        elif not self.scenario.attacker.direct:
            path.switch(exit["value"] & ADDRESS_MASK)


def _settled(scenario: Scenario) -> frozenset[str]:
    """Return what the guest gets without its VMM: an interrupt by its own software goes to its own handler."""
    settled = ALWAYS_SETTLED
    if scenario.attacker.has_tables:  # else it is a program, whose handlers are those of a kernel
        settled |= {"software_interrupt"}
    return settled | {"invlpg"} if scenario.technique == "nested_paging" else settled


def run_attack(
    attack: Attack | str,
    stack: Stack,
    defences: Mapping[str, bool] | None = None,
    seed: int = 0,
    budget: int = BUDGET,
) -> Verdict:
    """Run guest code in a fresh range and return what came of it.

    Parameters
    ----------
    attack
        An attack, or guest code whose goal is the secret.
    stack
        What stands below the VMs.
    defences
        Which are not as the safe setting has them: ``{"iommu": False}`` opens one.
    seed
        Decides the secret, the layout, the ports: all that the attacker is not told.
    budget
        Instructions that the guest code may attempt.
    """
    if isinstance(attack, str):
        attack = Attack.from_text(attack)
    shot = Shot(attack, Scenario(stack, attack.placement, defences, seed))
    shot.cpu.run(budget)
    return shot.verdict()
