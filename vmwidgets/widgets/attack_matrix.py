"""Every attack on every product as a table to browse: what stops it, and which defences let it in if one is off."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree as Xml

import traitlets

from vmwidgets.experiments.breaking import ALL, MAX_SEED, chosen_attacks, chosen_defences, chosen_stacks, tried
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.matrix import SAFE
from vmwidgets.model.range.shipped import AS_SHIPPED
from vmwidgets.model.range.verdict import Verdict
from vmwidgets.model.stack import Stack
from vmwidgets.widgets.attack_words import FAMILY_NAMES, GOAL_NAMES, VM_NAMES, mechanism
from vmwidgets.widgets.kit import View, plain

OPEN, ALONE, STOPPED, NEVER = "open", "alone", "stopped", "never"
"""Kinds of cells: it gets through even so; single defences let it in; none does alone; it cannot happen here."""
_WORDS = {
    OPEN: mark("! through"),
    ALONE: mark("opens: {count}"),
    STOPPED: mark("✓ stopped"),
    NEVER: mark("– never"),
}
_MEANINGS = {
    OPEN: mark("gets through with all defences on"),
    ALONE: mark("stopped; so many defences let it in if one of them alone is off"),
    STOPPED: mark("stopped, unless several defences are off"),
    NEVER: mark("cannot happen here: stopped with all defences off, too"),
}
_MEANINGS_AS_SHIPPED = {
    OPEN: mark("gets through the product as it is shipped"),
    STOPPED: mark("stopped by the product as it is shipped"),
}
RUNS_AT_ONCE = 20
"""After so many runs, less than a second of work, the page can stop it."""
_OTHERS = mark("Others")


@dataclass(frozen=True, slots=True)
class _Found:
    """What the runs of one cell have shown: on as asked for, with single defences off that let it in, with all off."""

    on: Verdict
    alone: tuple[tuple[str, Verdict], ...] = ()
    off: Verdict | None = None
    defences: int = 0

    @property
    def kind(self) -> str:
        if self.on.succeeded:
            return OPEN
        if self.alone:
            return ALONE
        return NEVER if self.off and not self.off.succeeded else STOPPED


class AttackMatrix(View):
    """A row for each attack, a column for each product; a chosen cell says by which layer it was decided, and why.

    Nothing is run until somebody asks: for the whole table in the page, bit by bit, or with :meth:`compute`; for one
    cell by choosing it. All of it takes about a minute.

    Parameters
    ----------
    stacks
        Ids or records; none: all.
    attacks
        Ids of :data:`vmwidgets.attacks.ATTACKS`, or attacks; none: all.
    defences
        ``"as_shipped"``: with the defences that a product has unless somebody changes them. None: with all of them,
        and, where they stop it, with each of them off alone and with all off.
    seed
        Decides secrets and layouts.

    Raises
    ------
    VmwidgetsError
        If there is no such stack or attack, or ``defences`` is something else.
    """

    _front = "attack_matrix"
    _messages = ("run", "choose")

    table = traitlets.Dict().tag(sync=True)
    marks = traitlets.List().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        stacks: str | Stack | Sequence[object] | None = None,
        attacks: str | Attack | Sequence[object] | None = None,
        defences: str | None = None,
        seed: int = 0,
    ) -> None:
        self._stacks = chosen_stacks(() if stacks is None else stacks)
        order = [*(family for family in FAMILY_NAMES if family), ""]
        # The sort keeps the order of the gallery within a family.
        self._attacks = sorted(
            chosen_attacks(() if attacks is None else attacks), key=lambda attack: order.index(attack.family)
        )
        self._defences = chosen_defences("" if defences is None else defences)
        self._seed = check_int("seed", seed, 0, MAX_SEED)
        self._found: dict[tuple[int, int], _Found] = {}
        self._chosen: tuple[int, int] | None = None
        super().__init__(table=self._table(), marks=self._marks())

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.table = self._table()
        self.marks = self._marks()
        self.detail = self._detail()

    def compute(self) -> None:
        """Run all that has not been run."""
        for row, column in self._missing():
            self._run(row, column)
        self.marks = self._marks()

    def choose(self, attack: str, stack: str) -> None:
        """Do what choosing a cell does: run it if it has not been run, and say what came of it.

        Parameters
        ----------
        attack, stack
            Ids of a row and of a column.

        Raises
        ------
        VmwidgetsError
            If there is no such row or column.
        """
        rows, columns = [one.id for one in self._attacks], [one.id for one in self._stacks]
        for name, value, known in (("attack", attack, rows), ("stack", stack, columns)):
            if value not in known:
                raise VmwidgetsError(
                    "{name} is {value}, expected one of {known}",
                    name=name, value=repr(value)[:60], known=", ".join(known),
                )  # fmt: skip
        self._choose(rows.index(attack), columns.index(stack))

    # ------------------------------------------------------------------------------------------------- from the page
    def _on_run(self, _content: dict[str, Any]) -> None:
        self._run_some()

    def _on_choose(self, content: dict[str, Any]) -> None:
        row = check_int("row", content.get("row"), 0, len(self._attacks) - 1)
        self._choose(row, check_int("column", content.get("column"), 0, len(self._stacks) - 1))

    # -------------------------------------------------------------------------------------------------------- running
    def _missing(self) -> Iterator[tuple[int, int]]:
        """Return the cells that have not been run, row by row."""
        cells = ((row, column) for row in range(len(self._attacks)) for column in range(len(self._stacks)))
        return (cell for cell in cells if cell not in self._found)

    def _run_some(self) -> None:
        """Run the next cells, until there has been something to do."""
        runs = 0
        for row, column in self._missing():
            runs += self._run(row, column)
            if runs >= RUNS_AT_ONCE:
                break
        self.marks = self._marks()

    def _choose(self, row: int, column: int) -> None:
        self._run(row, column)
        self._chosen = row, column
        with self.hold_sync():
            self.marks = self._marks()
            self.detail = self._detail()

    def _run(self, row: int, column: int) -> int:
        """Run a cell if it has not been run; return how many runs it took."""
        if (row, column) in self._found:
            return 0
        verdicts: dict[str, Verdict] = {}
        for cell in tried(self._attacks[row], self._stacks[column], self._seed, self._defences):
            # What was decided on the way is not shown here, and thousands of traces would fill the memory.
            verdicts[cell.opened] = replace(cell.verdict, trace=())
            if cell.opened == SAFE and cell.verdict.succeeded:
                break
        runs = len(verdicts)
        on, off = verdicts.pop(self._defences or SAFE), verdicts.pop(ALL, None)
        alone = tuple((id, verdict) for id, verdict in verdicts.items() if verdict.succeeded)
        self._found[row, column] = _Found(on, alone, off, len(verdicts))
        return runs

    # --------------------------------------------------------------------------------------------------------- saying
    def _table(self) -> dict[str, Any]:
        groups: list[tuple[str, list[str]]] = []
        for attack in self._attacks:
            heading = _(FAMILY_NAMES[attack.family]) if attack.family else _(_OTHERS)
            if not groups or groups[-1][0] != heading:
                groups.append((heading, []))
            groups[-1][1].append(_title(attack))
        meanings = _MEANINGS_AS_SHIPPED if self._defences else _MEANINGS
        return {
            "stacks": [_(stack.name) for stack in self._stacks],
            "groups": groups,
            "legend": [[kind, plain(_WORDS[kind], count="N"), _(text)] for kind, text in meanings.items()],
        }

    def _marks(self) -> list[list[list[str]]]:
        """Return kind and text of each cell, row by row; an empty list for one that has not been run."""
        return [
            [self._mark(self._found.get((row, column))) for column in range(len(self._stacks))]
            for row in range(len(self._attacks))
        ]

    @staticmethod
    def _mark(found: _Found | None) -> list[str]:
        return [found.kind, plain(_WORDS[found.kind], count=len(found.alone))] if found else []

    def _detail(self) -> dict[str, Any]:
        if self._chosen is None:
            return {}
        row, column = self._chosen
        attack, stack, found = self._attacks[row], self._stacks[column], self._found[row, column]
        title = plain(mark("{attack} on {product}"), attack=_title(attack), product=_(stack.name))
        return {
            "place": [row, column],
            "title": title,
            "verdict": {
                "outcome": "open" if found.on.succeeded else "stopped",
                "title": self._outcome(found.on.succeeded),
                "mechanism": mechanism(found.on, stack),
                "consequences": plain(mark("Goal: {goal}."), goal=_(GOAL_NAMES[attack.goal])),
            },
            "lead": self._lead(found, stack),
            "opens": [[_sentence(_(DEFENCES[id].name)), f"{mechanism(one, stack)}."] for id, one in found.alone],
        }

    def _outcome(self, succeeded: bool) -> str:
        if self._defences == AS_SHIPPED:
            return _("As shipped, it gets through.") if succeeded else _("As shipped, it is stopped.")
        return (
            _("With all defences on, it gets through even so.")
            if succeeded
            else _("With all defences on, it is stopped.")
        )

    def _lead(self, found: _Found, stack: Stack) -> str:
        if self._defences == AS_SHIPPED:
            return ""
        if found.off is None:
            return plain(mark("No defence that {product} has stops it."), product=_(stack.name))
        if found.alone:
            text = mark("Defences that let it in if one of them alone is off ({count} of {all}):")
            return plain(text, count=len(found.alone), all=found.defences)
        text = (
            mark("No defence lets it in if it alone is off; with all of them off it gets through. {mechanism}.")
            if found.off.succeeded
            else mark("With all defences off it is stopped, too: it cannot happen here. {mechanism}.")
        )
        return plain(text, mechanism=mechanism(found.off, stack))

    def __repr__(self) -> str:
        count = len(self._attacks) * len(self._stacks)
        return (
            f"<AttackMatrix: {len(self._attacks)} attacks, {len(self._stacks)} products, "
            f"{len(self._found)} of {count} cells run>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        # Readers without a kernel see a plain table; those with one see the widget.
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle:
            bundle[0]["text/html"] = self._still()
        return bundle

    def _still(self) -> str:
        now, marks = self._table(), iter(self._marks())
        table = Xml.Element("table")
        Xml.SubElement(table, "caption").text = "; ".join(
            f"{sign} ({meaning})" for _kind, sign, meaning in now["legend"]
        )
        head = Xml.SubElement(table, "tr")
        for name in (_("Attack"), *now["stacks"]):
            Xml.SubElement(head, "th", scope="col").text = name
        for heading, titles in now["groups"]:
            line = Xml.SubElement(table, "tr")
            Xml.SubElement(line, "th", colspan=str(1 + len(self._stacks)), scope="colgroup").text = heading
            for title in titles:
                line = Xml.SubElement(table, "tr")
                Xml.SubElement(line, "th", scope="row").text = title
                for cell in next(marks):
                    Xml.SubElement(line, "td").text = cell[1] if cell else _("not run")
        return Xml.tostring(table, encoding="unicode", method="html")


def _title(attack: Attack) -> str:
    return _sentence(_(attack.title or VM_NAMES[0]))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
