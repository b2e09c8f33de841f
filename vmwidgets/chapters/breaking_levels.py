"""The guided levels of chapter 11: N.0 is narrated, N.1 is silent; a program for it is judged by running it."""

from dataclasses import dataclass
from functools import cache
from textwrap import wrap

from vmwidgets.attacks import ATTACKS
from vmwidgets.chapters.breaking_tales import tale
from vmwidgets.chapters.breaking_tasks import LEVELS, TASKS, Task
from vmwidgets.chapters.items import Check, Draw, Item, Value, Verdict
from vmwidgets.lab import Lab
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.random import fnv1a
from vmwidgets.model.range import verdict as came
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.machine import FREE
from vmwidgets.model.range.reading import named
from vmwidgets.model.range.run import Shot, run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.sharing import SHARED
from vmwidgets.model.stack import Stack
from vmwidgets.stacks import STACKS

MACHINES = 5
"""On so many machines a program is run. Which ones depends on its text: who changes a number gets others."""
_TITLES = (
    mark("level 1.1: memory"),
    mark("level 2.1: a device"),
    mark("level 3.1: what is shared"),
)
_PRACTICE = (("left", "kvm"), ("floppy", "kvm"), ("oracle", "kvm"))
_OWNERS = {
    "guest 0": mark("your VM"),
    "guest 1": mark("the victim"),
    "guest 2": mark("the third VM"),
    FREE: mark("nobody"),
    SHARED: mark("several VMs together"),
}


@dataclass(frozen=True, slots=True)
class Level:
    """One level in the variant of a student.

    Parameters
    ----------
    number
        1 to 3.
    task
        The silent one.
    stack
        Id of the stack.
    stream
        What the machines are drawn from on which a program is run.
    seed
        Of the machine to try things on.
    """

    number: int
    task: Task
    stack: str
    stream: str
    seed: int

    @property
    def item(self) -> str:
        """Id of the drill."""
        return f"ch11.level{self.number}"

    @property
    def narrated(self) -> Attack:
        """The attack that is narrated."""
        return ATTACKS[self.task.narrated]

    @property
    def silent(self) -> Attack:
        """The situation of the silent level; its code is the student's to write."""
        task, title = self.task, _TITLES[self.number - 1]
        like = ATTACKS[task.like]
        return Attack(f"level_{self.number}", title, "", task.goal, task.placement, like.family, hints=task.hints)

    @property
    def start(self) -> str:
        """The code that the program begins with."""
        return self.task.start

    @property
    def holes(self) -> tuple[str, ...]:
        """Ids of the defences that are off."""
        task = self.task
        offered = Scenario(STACKS[self.stack], task.placement).defences.offered
        found = tuple(one for one in task.holes if one in offered)
        return found if task.all_holes else found[:1]

    @property
    def opened(self) -> dict[str, bool]:
        """The same as switches."""
        return dict.fromkeys(self.holes, False)

    def lab(self) -> Lab:
        """Return a lab on the stack of the level."""
        return Lab(self.stack, seed=11)

    def tale(self) -> str:
        """Return the narrated steps as a text."""
        said = _("{product}, with “{defence}” off: {title}.")
        fields = {"product": STACKS[self.stack].name, "title": _(self.narrated.title)}
        head = said.format(defence=_(DEFENCES[self.holes[0]].name), **fields)
        where = Scenario(STACKS[self.stack], self.narrated.placement, self.opened, self.seed)
        return f"{head}\n\n{tale(Shot(self.narrated, where))}"

    def asked(self) -> str:
        """Return the silent task as a text."""
        item = self.question()
        words = {name: _(value) if isinstance(value, str) else number(value) for name, value in item.fields.items()}
        return "\n".join(wrap(_(item.question).format(**words), 110))

    def told(self) -> came.Verdict:
        """Run the narrated attack with the hole open, and return what came of it."""
        return run_attack(self.narrated, STACKS[self.stack], self.opened, self.seed)

    def question(self) -> Item:
        """Return the drill."""
        task = self.task
        fields: dict[str, str | int | float] = {
            "product": STACKS[self.stack].name,
            "defence": DEFENCES[self.holes[0]].name,
            "missing": task.missing,
            "most": task.most,
        }
        if task.buffer:
            fields["bytes"] = Scenario(STACKS[self.stack], task.placement).manual()[task.buffer]
        return Item(self.item, "program", task.text, self.check(), fields=fields)

    def check(self) -> Check:
        """Return a check that runs the program."""

        @cache
        def judged(code: str) -> Verdict:
            try:
                return self._judge(code)
            except VmwidgetsError as error:
                return Verdict(0, 1, error.id, error=error)

        def check(value: Value) -> Verdict:
            return judged(str(value))

        return check

    def _judge(self, code: str) -> Verdict:
        stack, task = STACKS[self.stack], self.task
        seeds = [fnv1a(f"{self.stream}/{self.number}/{at}/{code}") % 2**63 for at in range(MACHINES)]
        _check_names(code, Scenario(stack, task.placement).manual())
        attack = Attack.from_text(code, task.goal, task.placement)
        runs = [run_attack(attack, stack, self.opened, seed) for seed in seeds]
        reached = sum(one.succeeded for one in runs)
        if reached < MACHINES:
            failed = next(one for one in runs if not one.succeeded)
            fields: dict[str, object] = {"count": reached, "all": MACHINES}
            if reached:
                hint = mark("It has to do so on all: take nothing from one machine, save from its manual.")
            else:
                hint, fields = failed.mechanism, fields | _fields(failed, stack)
            return Verdict(0, 1, mark("Run on {all} machines: it gets there on {count}."), hint, fields)
        most = max(one.instructions for one in runs)
        if task.most and most > task.most:
            text = mark("It gets there, but with {count} instructions, expected at most {all}.")
            return Verdict(0, 1, text, mark("Compute less in each tick."), {"count": most, "all": task.most})
        closed = sum(run_attack(attack, stack, None, seed).succeeded for seed in seeds)
        text = mark(
            "It gets there on {all} machines of {all}, each with another secret; with the defence on, on {count}."
        )
        return Verdict(1, 1, text, fields={"all": MACHINES, "count": closed})


def levels(draw: Draw) -> tuple[Level, ...]:
    """Return the three levels of a variant."""
    found: list[Level] = []
    for at, (choices, (practised, stack)) in enumerate(zip(LEVELS, _PRACTICE, strict=True), 1):
        id = practised if draw.practice else choices[draw.number(f"task {at}", 0, len(choices) - 1)]
        task = TASKS[id]
        if not draw.practice:
            stack = task.stacks[draw.number(f"stack {at}", 0, len(task.stacks) - 1)]
        found.append(Level(at, task, stack, str(draw.seed), draw.number(f"machine {at}", 0, 9_999)))
    return tuple(found)


def _check_names(code: str, manual: dict[str, int]) -> None:
    """Refuse a program that wants what is not in the manual of the machines on which it is judged, with the place."""
    for name, place in named(code):
        if name not in manual:
            raise VmwidgetsError(
                "line {line}, column {column}: there is no {name} in the manual of the machines on which it is judged",
                **place,
                name=name,
            )


def mechanism(verdict: came.Verdict, stack: Stack) -> str:
    """Return the sentence that names the mechanism, in the reader's language."""
    return _(verdict.mechanism).format(**{name: _(str(value)) for name, value in _fields(verdict, stack).items()})


def _fields(verdict: came.Verdict, stack: Stack) -> dict[str, object]:
    """Return the fields of the sentence that names the mechanism; texts among them are message ids."""
    fields = verdict.fields
    owner = str(fields.get("owner", ""))
    layer = owner.partition(" ")[0]
    words = stack.layers[layer].name if layer in stack.layers else _OWNERS.get(owner, owner)
    return {**fields, "owner": words} if fields else {}
