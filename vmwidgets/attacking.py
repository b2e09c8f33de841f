"""Guest code of one's own on the stack of a lab: its VMs lend the names, the stack decides what comes of it."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace

from vmwidgets.attacks import ATTACKS
from vmwidgets.model.assembly import MNEMONICS
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.run import BUDGET, run_attack
from vmwidgets.model.range.scenario import ATTACKER, VICTIM, VMS
from vmwidgets.model.range.shipped import switches_of
from vmwidgets.model.range.verdict import Verdict
from vmwidgets.model.stack import Stack

MOST_INSTRUCTIONS = 10_000_000
"""Guest code may not attempt more."""
_WORD = re.compile(r"\w+")


def run(
    stack: Stack,
    names: tuple[str, ...],
    code: object,
    vm: str = "",
    target: str = "",
    defences: Mapping[str, bool] | str | None = None,
    seed: int = 0,
    budget: int = BUDGET,
    attack: str = "",
) -> Verdict:
    """Run guest code in one VM, with the secret in another, and return what came of it in the names of these VMs.

    Parameters
    ----------
    stack, names
        What stands below the VMs, and how they are called.
    code, vm, target, defences, seed, budget, attack
        See :meth:`vmwidgets.lab.Lab.run_attack`.
    """
    wanted = _attack(code, attack)
    attacker = _known("vm", vm, names) or next((one for one in names if one != target), "")
    victim = _known("target", target, names) or next((one for one in names if one != attacker), "")
    if attacker and attacker == victim:
        raise VmwidgetsError("{vm} is both the VM with the code and its target, expected two", vm=attacker)
    rest = [one for one in names if one not in (attacker, victim)]
    chosen = {ATTACKER: attacker, VICTIM: victim, VMS - 1: rest[0] if rest else ""}
    budget = check_int("budget", budget, 1, MOST_INSTRUCTIONS)
    found = run_attack(wanted, stack, switches_of(stack, defences), seed, budget)
    return _named(found, {f"guest {index}": name for index, name in chosen.items() if name})


def _attack(code: object, pattern: object) -> Attack:
    """Return an attack as it is, by its id, or made of a text, with the situation and the goal of another."""
    if pattern and not (isinstance(pattern, str) and pattern in ATTACKS):
        raise VmwidgetsError(
            "attack is {value}, expected one of {known}", value=repr(pattern)[:60], known=", ".join(ATTACKS)
        )
    if isinstance(code, Attack):
        return code
    if not isinstance(code, str):
        raise VmwidgetsError("code is {value}, expected guest code, an attack or the id of one", value=repr(code)[:60])
    if code in ATTACKS:
        return ATTACKS[code]
    if _WORD.fullmatch(code) and code.lower() not in MNEMONICS:  # no program is one word that is no instruction
        near = difflib.get_close_matches(code.lower(), ATTACKS, 1)
        if near:
            raise VmwidgetsError("there is no attack {id}, did you mean {near}?", id=code[:40], near=near[0])
        raise VmwidgetsError("there is no attack {id}, expected one of {known}", id=code[:40], known=", ".join(ATTACKS))
    if not pattern:
        return Attack.from_text(code)
    like = ATTACKS[str(pattern)]
    return Attack.from_text(code, like.goal, like.placement)


def _known(what: str, name: object, names: tuple[str, ...]) -> str:
    """Return the name of a VM, ``""`` if none was asked for."""
    if name == "":
        return ""
    if not isinstance(name, str) or name not in names:
        raise VmwidgetsError(
            "{what} is {value}, expected one of {known}",
            what=what,
            value=repr(name)[:60],
            known=", ".join(names) or "the VMs of the lab, which has none",
        )
    return name


def _named(verdict: Verdict, names: Mapping[str, str]) -> Verdict:
    """Return a verdict in which VMs have the names of a lab's."""

    def owners(found: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(one, one) for one in found)

    deciding = verdict.deciding
    return replace(
        verdict,
        deciding=deciding and replace(deciding, owner=names.get(deciding.owner, deciding.owner)),
        trace=tuple(replace(one, owner=names.get(one.owner, one.owner)) for one in verdict.trace),
        read=owners(verdict.read),
        written=owners(verdict.written),
        in_reach=owners(verdict.in_reach),
    )
