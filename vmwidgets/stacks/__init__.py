"""The stacks: one small module per product, each a frozen record with the policies that it chooses."""

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Stack
from vmwidgets.stacks import esx, esxi, hyperv, kvm, neutral
from vmwidgets.stacks.neutral import NEUTRAL

STACKS = {stack.id: stack for stack in (NEUTRAL,)}
"""All stacks by id."""
MEMORY: dict[str, MemoryProfile] = {m.MEMORY.id: m.MEMORY for m in (neutral, esx, esxi, kvm, hyperv)}
"""How products manage memory, by id."""


def get(stack: str | Stack) -> Stack:
    """Return a stack by its id; a stack is returned as it is.

    Raises
    ------
    VmwidgetsError
        If there is no such stack.
    """
    if isinstance(stack, Stack):
        return stack
    if stack not in STACKS:
        raise VmwidgetsError(
            "stack is {stack}, expected one of {known}", stack=repr(stack)[:60], known=", ".join(STACKS)
        )
    return STACKS[stack]


def memory_profile(name: str) -> MemoryProfile:
    """Return a memory profile by its id.

    Raises
    ------
    VmwidgetsError
        If there is no such profile.
    """
    if name not in MEMORY:
        raise VmwidgetsError("memory is {name}, expected one of {known}", name=repr(name)[:60], known=", ".join(MEMORY))
    return MEMORY[name]
