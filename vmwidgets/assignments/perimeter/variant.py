"""A student's own host: which weaknesses it has, and all numbers that its manual prints, drawn from one seed.

First the structure is drawn: the families, of each the hole, how a proof is encoded; then the numbers. What a VM cannot
know before it boots, the secret, who has which frame, what lies where, is drawn at each boot from another seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from vmwidgets.assignments.perimeter.proof import Step, draw_steps, encode
from vmwidgets.assignments.perimeter.stack import KORDON, MEMORY
from vmwidgets.assignments.perimeter.trial import Run, Trial
from vmwidgets.assignments.perimeter.weaknesses import (
    FAMILIES,
    REDUNDANT,
    SLOTS,
    STUBBORN,
    SWITCHES,
    WEAKNESSES,
    Weakness,
    holes_of,
)
from vmwidgets.assignments.perimeter.zones import Zones, draw_zones
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.guest_code import AssemblyError
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.defences import Defences
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.goals import GOALS
from vmwidgets.model.range.reading import named
from vmwidgets.model.range.scenario import Scenario, technique_for
from vmwidgets.model.stack import Stack

BOOT_NAMES = ("lowest_table", "window_entry")
"""Numbers that are drawn at each boot and that a VM finds in its own page tables: programs write them as
``{placeholders}``. All others are printed in the manual, and written as they are."""
CORES = ("in_turn", "sibling")
"""The victim, whenever the attacker's VM halts, on a machine without SMT; the victim, on the other thread."""
_SCAN_PAGES_PER_S = (150, 250)
_TICKET_WORDS = (16, 511)
"""In page 0, which no attack needs to be empty."""
_SEEDS = 2**64 - 1
_UPPER = 2**64 - 0x5DEECE66D
"""Its highest bit is set; what the others are is of no account."""


@dataclass(frozen=True)
class Variant:
    """A student's host.

    Parameters
    ----------
    seed
        What it was drawn from.
    exploitable
        The hole of each wall of :data:`~vmwidgets.assignments.perimeter.weaknesses.SLOTS`.
    decoy
        A hole that a switch closes already.
    incurable
        A hole against which the board has no switch.
    core
        Who has the core of the attacker's VM besides: one of :data:`CORES`. The host has one of the two holes of V8 at
        most, and one of the two switches has nothing to do.
    encoding
        How a proof is encoded.
    zones
        What the VMs are called.
    scan_pages_per_s
        How many pages the scanner for equal pages looks at in a second.
    ticket_address
        Where in its own memory the attacker's VM finds its ticket.
    """

    seed: int
    exploitable: Mapping[str, Weakness]
    decoy: Weakness
    incurable: Weakness
    core: str
    encoding: tuple[Step, ...]
    zones: Zones
    scan_pages_per_s: int
    ticket_address: int

    @cached_property
    def stack(self) -> Stack:
        """The VMM and what it stands on; where the host is not the weak one, the memory of VMs is closed to it."""
        closed = frozenset[str]() if self.incurable.family == "V9" else frozenset({"memory_encryption"})
        profile = replace(MEMORY, scan_pages_per_s=self.scan_pages_per_s)
        return replace(KORDON, memory_profile=profile, extras=KORDON.extras | closed)

    @property
    def missing(self) -> tuple[str, ...]:
        """The switches that this board does not have: those against what is incurable."""
        return self.incurable.switches

    @property
    def switches(self) -> tuple[str, ...]:
        """The switches that this board has."""
        return tuple(id for id in SWITCHES if id not in self.missing)

    @property
    def settings(self) -> dict[str, bool]:
        """The switches as they are when the host is handed over: True is on."""
        needless = (id for one in WEAKNESSES.values() if not self.has_place_for(one) for id in one.switches)
        off = {*REDUNDANT, *needless, *(id for one in self.exploitable.values() for id in one.switches)}
        return {id: id not in off for id in self.switches}

    @property
    def planted(self) -> tuple[Weakness, ...]:
        """The five holes that the manual hints at: exploitable, decoy, incurable."""
        return (*self.exploitable.values(), self.decoy, self.incurable)

    def has_place_for(self, weakness: Weakness) -> bool:
        """Return whether on this host there is anybody where the hole is."""
        return weakness.attack.placement.core in ("own", self.core)

    @property
    def structure(self) -> tuple[str, ...]:
        """What is the same for students with the same structure: holes, and the kinds of steps of the encoding."""
        return (*(one.id for one in self.planted), self.core, *(step.operation for step in self.encoding))

    def weakness(self, family: str) -> Weakness:
        """Return the hole of a family: the one that this host has, else the first that there is.

        Raises
        ------
        VmwidgetsError
            If there is no such family.
        """
        if family not in FAMILIES:
            raise VmwidgetsError(
                "family is {value}, expected one of {known}", value=repr(family)[:40], known=", ".join(FAMILIES)
            )
        known = (*self.planted, *(one for one in FAMILIES[family] if self.has_place_for(one)))
        return next(one for one in known if one.family == family)

    def shot(self, family: str, code: str, boot_seed: int, switches: Mapping[str, bool] | None = None) -> Trial:
        """Return a program of the student's on the host after a boot, not yet run.

        Each wall is tried alone, with the holes of the other walls closed: one program that gets everywhere by way of
        a single hole would prove nothing of the others.

        Parameters
        ----------
        family
            The family of attacks that it is of, which decides where it is run.
        code
            Its text. Of placeholders it may have those of :data:`BOOT_NAMES`.
        boot_seed
            Decides what is random at boot, 0 to 2**64 - 1.
        switches
            Switches that are not as they are when the host is handed over.

        Raises
        ------
        VmwidgetsError
            If the text is no program, or there is no such family or switch.
        """
        weakness = self.weakness(family)
        scenario = self._boot(weakness, boot_seed, switches)
        numbers = _numbers(code, scenario.manual())
        goal = weakness.attack.goal if weakness.proof != "secret" else "secret"
        ticket = scenario.draws.word("ticket")

        def proven(range: Scenario) -> bool:
            reports = range.attacker.reports
            if weakness.proof == "number":
                return reports[:1] == [encode(self.encoding, range.pin)]
            if weakness.proof == "ticket":
                return encode(self.encoding, ticket) in reports and GOALS["starved"](range)
            return encode(self.encoding, range.secret) in reports

        return Trial(Attack("own", "", code, goal, weakness.attack.placement), scenario, proven, numbers)

    def run(self, family: str, code: str, boot_seed: int, switches: Mapping[str, bool] | None = None) -> Run:
        """Run a program of the student's on the host after a boot, see :meth:`shot`."""
        return self.shot(family, code, boot_seed, switches).run()

    def gallery_shot(
        self,
        weakness: Weakness,
        boot_seed: int,
        switches: Mapping[str, bool] | None = None,
        code: str | None = None,
    ) -> Trial:
        """Return an attack of the gallery on the host after a boot: it knows all numbers, and has nothing to prove.

        Parameters
        ----------
        weakness
            Whose hole it goes through.
        boot_seed, switches
            As for :meth:`shot`.
        code
            Another text of the attack, with placeholders: a mutant of it.
        """
        attack = weakness.attack
        goal = attack.goal if weakness.proof != "secret" else "secret"
        attack = replace(attack, goal=goal, code=attack.code if code is None else code)
        return Trial(attack, self._boot(weakness, boot_seed, switches))

    def run_gallery(
        self,
        weakness: Weakness,
        boot_seed: int,
        switches: Mapping[str, bool] | None = None,
        code: str | None = None,
    ) -> Run:
        """Run an attack of the gallery, see :meth:`gallery_shot`: whether the wall falls."""
        return self.gallery_shot(weakness, boot_seed, switches, code).run()

    def numbers(self, boot_seed: int = 0) -> dict[str, int]:
        """Return all numbers of the manual by name; those of :data:`BOOT_NAMES` are those of one boot."""
        if not boot_seed:
            return dict(self._printed)
        seen = self._boot(FAMILIES["V1"][0], boot_seed, None).manual()
        return self._printed | {name: seen[name] for name in BOOT_NAMES}

    @cached_property
    def _printed(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for family in ("V1", "V6", "V5"):  # tables of the machine, and the two kinds of clocks
            found = self._boot(FAMILIES[family][0], 0, None).manual() | found
        return found | {"ticket_address": self.ticket_address}

    def _boot(self, weakness: Weakness, boot_seed: int, switches: Mapping[str, bool] | None) -> Scenario:
        placement = weakness.attack.placement
        stack = replace(self.stack, technique=weakness.technique) if weakness.technique else self.stack
        offered = Defences(stack, technique_for(stack, placement)).offered
        settings = self.set(switches) | dict.fromkeys(self.missing, False)
        # All other walls are whole: what crosses this one has gone through its hole.
        holes = [weakness, *(self.exploitable[slot] for slot in SLOTS if weakness.family in SLOTS[slot])]
        own = {*REDUNDANT, *(id for one in holes for id in one.switches)}
        chosen = {id: on for id, on in settings.items() if id in own and id in offered}
        scenario = Scenario(stack, placement, chosen, folded(boot_seed), folded(self.seed))
        ticket_at = scenario.attacker.map[0] * PAGE_BYTES + self.ticket_address
        scenario.machine.put(ticket_at, scenario.draws.word("ticket"))
        return scenario

    def set(self, switches: Mapping[str, bool] | None) -> dict[str, bool]:
        """Return the settings of the board with some of its switches other than handed over.

        Raises
        ------
        VmwidgetsError
            If the board has no such switch.
        """
        settings = self.settings
        for id, on in (switches or {}).items():
            if id not in settings:
                raise VmwidgetsError(
                    "the board has no switch {name}, expected one of {known}",
                    name=repr(id)[:40],
                    known=", ".join(settings),
                )
            settings[id] = on
        return settings


def variant(seed: int) -> Variant:
    """Draw a student's host.

    Parameters
    ----------
    seed
        0 to 2**64 - 1; the same seed gives the same host everywhere.
    """
    check_int("seed", seed, 0, _SEEDS)
    draws = Draws(folded(seed))
    # Each hole of a wall is as likely as any other: who guesses one guesses right seldom.
    exploitable = {slot: _hole(draws, slot, holes_of(slot)) for slot in SLOTS}
    used = {one.family for one in exploitable.values()}
    incurable = _incurable(draws, used)
    rest = [family for family in FAMILIES if family not in {*used, incurable.family, "V9"}]
    decoy = _hole(draws, "decoy", FAMILIES[_one(draws, "decoy", rest)])
    cores = [one.attack.placement.core for one in (*exploitable.values(), decoy, incurable) if one.family == "V8"]
    return Variant(
        seed,
        exploitable,
        decoy,
        incurable,
        (cores or CORES)[draws.number("core", 0, 1) % len(cores or CORES)],
        draw_steps(draws),
        draw_zones(draws),
        draws.number("scanner", *_SCAN_PAGES_PER_S),
        8 * draws.number("ticket word", *_TICKET_WORDS),
    )


def _numbers(code: str, manual: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of a boot, which a program may name; it may not name others."""
    for name, place in named(code):
        if name in manual and name not in BOOT_NAMES:
            raise AssemblyError(
                "{name} stands in the manual: write the number itself; names in braces are for what is random at boot,"
                " {known}",
                **place,
                name=name,
                known=", ".join(BOOT_NAMES),
            )
    return {name: manual[name] for name in BOOT_NAMES}


def _incurable(draws: Draws, used: set[str]) -> Weakness:
    """Draw a hole that the board has no switch for: half of the time that of the host, else one of another family."""
    families = sorted({one.family for one in STUBBORN} - used - {"V9"})
    family = "V9" if draws.number("whose fault", 0, 1) else _one(draws, "incurable", families)
    return _hole(draws, "incurable", [one for one in STUBBORN if one.family == family])


def _one(draws: Draws, name: str, families: "list[str] | tuple[str, ...]") -> str:
    return families[draws.number(f"{name} family", 0, len(families) - 1)]


def _hole(draws: Draws, name: str, holes: "list[Weakness] | tuple[Weakness, ...]") -> Weakness:
    return holes[draws.number(f"{name} hole", 0, len(holes) - 1)]


def folded(seed: int) -> int:
    """Return a seed of 63 bits, as ranges take it, for one of 64, so that two that differ in one bit remain two."""
    check_int("seed", seed, 0, _SEEDS)
    return seed if seed < 2**63 else seed ^ _UPPER
