"""A program of a student on the host that was handed over: one boot, from the first instruction to the verdict."""

from collections.abc import Callable
from dataclasses import dataclass

from vmwidgets.model.cpu import CPU, Action, Exit
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.verdict import Verdict

BUDGET = 200_000
"""Steps that a program may take. An instruction is a step, and what it makes the host do counts as well: so the worst
program that can be written takes as long as one that computes."""
EXIT_STEPS = 40
"""What an exit counts as: by measurement it takes as long as so many instructions."""
DECISION_STEPS = 15
"""What a decision of a layer counts as, such as the look-up of an address that the processor does not remember."""
_SLICE = 400
"""After so many instructions without an exit it is looked again how many steps were taken."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it.

    Parameters
    ----------
    crossed
        Whether the wall was crossed and that was proven.
    fell
        Whether the wall was crossed, be it proven or not.
    spent
        Whether the program was stopped because its steps were spent.
    reports
        What it reported.
    verdict
        Decisions, exits, and on what it turned.
    """

    crossed: bool
    fell: bool
    spent: bool
    reports: tuple[int, ...]
    verdict: Verdict


class Trial(Shot):
    """A program in a fresh range, to be run at once or step by step.

    Parameters
    ----------
    attack, scenario
        The program, and where it is run.
    proven
        Whether a range shows that the program has proven itself; None for an attack of the gallery, which proves
        nothing and only has to reach its goal.

    Attributes
    ----------
    spent
        Whether its steps are spent.
    """

    def __init__(self, attack: Attack, scenario: Scenario, proven: Callable[[Scenario], bool] | None = None) -> None:
        self._proven = proven
        self._exits, self.spent = 0, False
        super().__init__(attack, scenario)

    @property
    def crossed(self) -> bool:
        """Whether the program has proven that it has crossed the wall."""
        return self._proven is not None and self._proven(self.scenario)

    @property
    def succeeded(self) -> bool:  # noqa: D102
        return self.crossed or super().succeeded

    @property
    def steps(self) -> int:
        """Steps taken so far."""
        scenario = self.scenario
        return self.cpu.attempts + EXIT_STEPS * self._exits + DECISION_STEPS * scenario.trace.count

    def run(self, budget: int = BUDGET) -> Run:
        """Run the program until it ends, the host stops it, or its steps are spent."""
        while not self.cpu.finished and not self.spent:
            if self.cpu.run(_SLICE) is Action.STOP:
                break
            self.spent = self.steps >= budget
        return self.outcome()

    def outcome(self) -> Run:
        """Return what has come of it so far."""
        verdict = self.verdict()
        return Run(
            self.crossed, verdict.succeeded, self.spent, tuple(self.scenario.attacker.reports), verdict
        )  # fmt: skip

    def _handle(self, cpu: CPU, exit: Exit) -> Action:
        self._exits += 1
        if self.steps >= BUDGET:
            self.spent = True
            return Action.STOP
        return super()._handle(cpu, exit)
