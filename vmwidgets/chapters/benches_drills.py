"""The drills of chapter 8: ten blank cells, six claims with the cards that decide them, and a pair of near twins."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations

from vmwidgets.chapters.benches_facts import (
    CONFIGURED,
    PLACES,
    QUESTIONS,
    answer,
    configured,
    evidence,
    is_assumed,
    name_of,
)
from vmwidgets.chapters.items import Draw, Item, Value, Verdict
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.kin import differing
from vmwidgets.model.stack import Claim
from vmwidgets.stacks import PRODUCTS

CELLS, CLAIMS = 10, 6


# ---------------------------------------------------------------------------------------------------------- ten cells
def blanks(draw: Draw) -> tuple[tuple[str, str], ...]:
    """Return ten cells whose answers are published, product and question; two of each question, in matrix order."""
    cells: list[tuple[str, str]] = []
    for question in QUESTIONS:
        order = draw.order(f"cells/{question}", len(PRODUCTS))
        ids = [id for id in (list(PRODUCTS)[index] for index in order) if not is_assumed(PRODUCTS[id], question)]
        first = ids[0]
        other = next(
            (id for id in ids[1:] if answer(PRODUCTS[id], question) != answer(PRODUCTS[first], question)), ids[1]
        )
        cells += [(first, question), (other, question)]
    return tuple(sorted(cells, key=lambda cell: (list(PRODUCTS).index(cell[0]), list(QUESTIONS).index(cell[1]))))


def matrix(draw: Draw) -> str:
    """Return the matrix of products and answers with ten blank cells, as a table of text."""
    blank = set(blanks(draw))
    rows = [["", *(_(heading) for heading, *_rest in QUESTIONS.values())]]
    for id, stack in PRODUCTS.items():
        rows.append([_(stack.name), *("?" if (id, q) in blank else _(PLACES[answer(stack, q)]) for q in QUESTIONS)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def cards(draw: Draw) -> str:
    """Return the evidence for the ten blank cells, one card a line."""
    return "\n".join(evidence(PRODUCTS[id], question) for id, question in blanks(draw))


def cells(draw: Draw) -> Item:
    """Return the question about ten blank cells."""
    asked = blanks(draw)
    right = tuple(answer(PRODUCTS[id], question) for id, question in asked)

    def check(value: Value) -> Verdict:
        if value == right:
            return Verdict(1, 1, mark("All ten of them."))
        hint = mark("Read the card of the cell; where there is none, look at the layers: in whose privilege is it?")
        return Verdict(0, 1, mark("Some of the cells are not so."), hint)

    rows = tuple((f"{id}/{question}", f"{_(PRODUCTS[id].name)}: {_(QUESTIONS[question][1])}") for id, question in asked)
    return Item(
        "ch08.cells",
        "table",
        mark("Fill the ten blank cells of the matrix."),
        check,
        options=tuple(PLACES.items()),
        rows=rows,
    )


# --------------------------------------------------------------------------------------------------------- six claims
_VERDICTS = (("supported", mark("supported")), ("outdated", mark("outdated")), ("unsupported", mark("unsupported")))
_CARDS = "ABCDEF"
_MUST = ("(type 1)", "ESXi shares pages of equal content")
"""What the practice variant has among its claims: that placement is assistance, and a default that was one once."""


@dataclass(frozen=True, slots=True)
class Said:
    """A claim, and of which product."""

    product: str
    claim: Claim

    @property
    def text(self) -> str:
        """The claim with the name of the product, in the reader's language."""
        return f"{_(PRODUCTS[self.product].name)}: {_(self.claim.text)}"

    @property
    def source(self) -> str:
        """The card: who says what of it, when that was looked up, and of which version it is."""
        scope = f": {_(self.claim.scope)}" if self.claim.scope else ""
        return f"{self.claim.source} ({self.claim.checked_on}){scope}"


@cache
def pool() -> tuple[Said, ...]:
    """Return all claims on the products that a source decides."""
    verdicts = [id for id, _text in _VERDICTS]
    return tuple(
        Said(stack.id, claim)
        for stack in PRODUCTS.values()
        for claim in stack.claims
        if claim.source and claim.verdict in verdicts
    )


def claims_of(draw: Draw) -> tuple[Said, ...]:
    """Return six claims, two of each verdict, that six different sources decide."""
    order = [pool()[index] for index in draw.order("claims", len(pool()))]
    if draw.practice:
        order.sort(key=lambda said: not any(text in said.claim.text for text in _MUST))
    chosen: list[Said] = []
    for said in order:
        same = sum(one.claim.verdict == said.claim.verdict for one in chosen)
        if same < CLAIMS // len(_VERDICTS) and all(one.claim.source != said.claim.source for one in chosen):
            chosen.append(said)
    if len(chosen) != CLAIMS:
        raise VmwidgetsError("there are {count} claims, expected {wanted}", count=len(chosen), wanted=CLAIMS)
    return tuple(said for said in order if said in chosen)


def deck_of(draw: Draw) -> tuple[Said, ...]:
    """Return the same six in the order in which their cards lie, A to F."""
    asked = claims_of(draw)
    return tuple(asked[index] for index in draw.order("deck", len(asked)))


def deck(draw: Draw) -> str:
    """Return the six cards that decide the claims, a line of text for each."""
    return "\n".join(f"{id}  {said.source}" for id, said in zip(_CARDS, deck_of(draw), strict=True))


def claims(draw: Draw) -> tuple[Item, Item]:
    """Return two questions about six claims: what is to be thought of each, and which card decides it."""
    asked, cards = claims_of(draw), deck_of(draw)
    verdicts = tuple(said.claim.verdict for said in asked)
    ids = tuple(_CARDS[cards.index(said)] for said in asked)

    def judged(value: Value) -> Verdict:
        if value == verdicts:
            return Verdict(1, 1, mark("All six of them."))
        hint = mark("Supported: the source says so. Outdated: it was so once. Unsupported: the source says otherwise.")
        return Verdict(0, 1, mark("Some of them are not so."), hint)

    def decided(value: Value) -> Verdict:
        if value == ids:
            return Verdict(1, 1, mark("Yes: each claim with the card that decides it."))
        return Verdict(
            0, 1, mark("Some cards are about something else."), mark("Who would know? And of which version?")
        )

    rows = tuple((f"claim {number}", said.text) for number, said in enumerate(asked, 1))
    letters = tuple((id, id) for id in _CARDS)
    return (
        Item(
            "ch08.claims", "table", mark("Six claims. What do you make of each?"), judged, options=_VERDICTS, rows=rows
        ),
        Item("ch08.cards", "table", mark("Which card decides each of them?"), decided, options=letters, rows=rows),
    )


# ------------------------------------------------------------------------------------------------------------- a pair
BENCHES = (*PRODUCTS, *CONFIGURED)


@cache
def distance(one: str, other: str) -> int:
    """Return in how many layers two products or configurations differ."""
    return max(len(ids) for ids in differing([configured(one).layers, configured(other).layers]))


def near_pairs(ids: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs that differ in exactly one layer."""
    return [(a, b) for a, b in combinations(ids, 2) if distance(a, b) == 1]


def five(draw: Draw) -> tuple[str, ...]:
    """Return five products or configurations of which exactly one pair differs in exactly one layer."""
    if draw.practice:
        return ("hyperv", "esxi", "kvm", "virtualbox", "parallels")
    pairs = near_pairs(BENCHES)
    chosen = list(pairs[draw.number("pair", 0, len(pairs) - 1)])
    for index in draw.order("others", len(BENCHES)):
        more = tuple(dict.fromkeys([*chosen, BENCHES[index]]))
        if len(more) <= 5 and len(near_pairs(more)) == 1:
            chosen = list(more)
    return tuple(id for id in BENCHES if id in chosen)


def pair(draw: Draw) -> Item:
    """Return the question which two of five differ in exactly one layer."""
    ids = five(draw)
    ((one, other),) = near_pairs(ids)

    def check(value: Value) -> Verdict:
        if value == f"{one}+{other}":
            return Verdict(1, 1, mark("Yes. One layer, and nothing else."))
        hint = mark("Set two of them side by side above: the layers that differ are lit.")
        return Verdict(0, 1, mark("These two differ in more layers, or in none."), hint)

    options = tuple(
        (f"{a}+{b}", _("{one} and {other}").format(one=_(name_of(a)), other=_(name_of(b))))
        for a, b in combinations(ids, 2)
    )
    question = mark("Two of these differ in exactly one layer: in what it may or has to do. Which two?")
    return Item("ch08.pair", "choice", question, check, options=options)
