"""A program of a student on the host that was handed over: one boot, from the first instruction to the verdict."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vmwidgets.assignments.perimeter.effort import EFFORT, run_within
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.run import Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.trace import OPEN
from vmwidgets.model.range.verdict import Verdict


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
        Whether the program was stopped because it had taken all the effort that it may.
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
    numbers
        Those that the program may name; None: those of the manual.

    Attributes
    ----------
    spent
        Whether the program has taken all the effort that it may.
    """

    def __init__(
        self,
        attack: Attack,
        scenario: Scenario,
        proven: Callable[[Scenario], bool] | None = None,
        numbers: Mapping[str, int] | None = None,
    ) -> None:
        self._proven, self.spent = proven, False
        super().__init__(attack, scenario, numbers)

    @property
    def crossed(self) -> bool:
        """Whether the program has proven that it has crossed the wall."""
        return self._proven is not None and self._proven(self.scenario)

    @property
    def succeeded(self) -> bool:  # noqa: D102
        return self.crossed or super().succeeded

    def run(self, effort: int = EFFORT, until: Callable[[], bool] | None = None) -> Run:
        """Run the program until it ends, is stopped by the host, or has taken all its effort.

        Parameters
        ----------
        effort
            How much it may take.
        until
            Whether nothing more need be seen; by default when the program has proven itself, and the trace shows
            through which hole it went.
        """
        self.spent = run_within(self, effort, until or self._is_proven)
        return self.outcome()

    def _is_proven(self) -> bool:
        scenario = self.scenario  # without a report there is no proof, so most exits need no closer look
        return bool(scenario.attacker.reports) and self.crossed and OPEN in scenario.trace.last

    def outcome(self) -> Run:
        """Return what has come of it so far."""
        verdict, reports = self.verdict(), tuple(self.scenario.attacker.reports)
        return Run(self.crossed, verdict.succeeded, self.spent, reports, verdict)
