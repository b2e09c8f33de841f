"""The manual of a student's host: two pages, all of them ids of messages and numbers, so that any language will do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmwidgets.assignments.perimeter.manual_words import (
    CALLS,
    CORES,
    DEVICES,
    MEMORY,
    NUMBERS,
    PROOFS,
    REMARKS,
    STEPS,
    TIME,
    WHERE,
)
from vmwidgets.assignments.perimeter.proof import Step
from vmwidgets.assignments.perimeter.variant import BOOT_NAMES, Variant, folded
from vmwidgets.assignments.perimeter.weaknesses import FAMILIES
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.words import said

_TITLES = {
    "host": said("The host"),
    "remarks": said("What the operators say of it"),
    "families": said("Where programs run, and what they have to bring"),
    "encoding": said("How a report is encoded"),
    "calls": said("Calls"),
    "devices": said("Devices"),
    "memory": said("Memory"),
    "time": said("Time"),
    "boot": said("Random at boot"),
}
_HOST = (
    said(
        "A machine under Kordon, a VMM that exists nowhere. On it run your VM {own}, {victim}, which has a secret, and"
        " {other}."
    ),
    said(
        "A hypervisor has the machine; the service domain has the drivers, the tools, and for each VM a process that"
        " imitates devices."
    ),
)
_ENCRYPTED = said("The memory of VMs is encrypted with keys that only the CPU has.")
_ALONE = said("Each wall is tried alone: while a program is run against one, the holes of the two others are closed.")
_ENCODED = said("What was found, as 64 bits, goes through these steps, and the result is what is reported.")
_BOOT = (
    said("The secret, the number, the ticket, and who has which frame are drawn at each boot."),
    said(
        "What your VM can see of that at boot it writes as {first} and {second}, in braces: where its lowest page table"
        " lies, and where the entry of its directory for the window. These are addresses of the machine if the VMM"
        " writes its tables for it, else of the VM. All other numbers are written as they are."
    ),
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence.

    Parameters
    ----------
    text
        An English text with fields, a key of the catalogues.
    fields
        Numbers and names for it.
    key
        What it is about, if it is one of several: an id, or the number of a family.
    """

    text: str
    fields: Mapping[str, int | str] = field(default_factory=dict[str, int | str])
    key: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A number.

    Parameters
    ----------
    name
        What it is called, as in the attacks of the gallery.
    number
        It.
    text
        What it is (an English text, a key of the catalogues).
    """

    name: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the manual.

    Parameters
    ----------
    id, title
        Its key, and what stands above it (an English text, a key of the catalogues).
    sentences, rows
        What it says, and the numbers below.
    """

    id: str
    title: str
    sentences: tuple[Sentence, ...] = ()
    rows: tuple[Row, ...] = ()


def manual(variant: Variant) -> tuple[Section, ...]:
    """Return the manual of a host."""
    numbers = variant.numbers()
    texts: dict[str, tuple[Sentence, ...]] = {
        "host": _host(variant),
        "remarks": _remarks(variant),
        "families": (
            Sentence(_ALONE),
            *(one for family in FAMILIES for one in (where(variant, family), proof(variant, family))),
        ),
        "encoding": (Sentence(_ENCODED), *(_step(step) for step in variant.encoding)),
        "calls": tuple(Sentence(text) for text in CALLS),
        "devices": tuple(Sentence(text) for text in DEVICES),
        "memory": tuple(Sentence(text) for text in MEMORY),
        "time": tuple(Sentence(text) for text in TIME),
        "boot": tuple(Sentence(text, dict(zip(("first", "second"), BOOT_NAMES, strict=True))) for text in _BOOT),
    }
    return tuple(
        Section(
            id,
            title,
            texts.get(id, ()),
            tuple(Row(name, numbers[name], text) for name, text in NUMBERS.get(id, {}).items()),
        )
        for id, title in _TITLES.items()
    )


def _host(variant: Variant) -> tuple[Sentence, ...]:
    texts = [*_HOST, CORES[variant.core]]
    if "memory_encryption" in variant.stack.extras:
        texts.append(_ENCRYPTED)
    return tuple(Sentence(text, _names(variant)) for text in texts)


def _remarks(variant: Variant) -> tuple[Sentence, ...]:
    """Return a sentence for each of the five places, in random order."""
    order = Draws(folded(variant.seed)).order("remarks", len(variant.planted))
    return tuple(Sentence(REMARKS[variant.planted[at].id]) for at in order)


def _step(step: Step) -> Sentence:
    return Sentence(STEPS[step.operation], {"number": step.number if step.operation == "rotate" else hex(step.number)})


def where(variant: Variant, family: str) -> Sentence:
    """Return where a program of a family is run."""
    vcpus = variant.weakness(family).attack.placement.vcpus
    return Sentence(WHERE[family], {**_names(variant), "vcpus": vcpus}, family)


def proof(variant: Variant, family: str) -> Sentence:
    """Return what a program of a family has to bring."""
    return Sentence(PROOFS[variant.weakness(family).proof], _names(variant), family)


def _names(variant: Variant) -> dict[str, int | str]:
    zones = variant.zones
    return {"own": zones.own, "victim": zones.victim, "other": zones.other}
