"""The stacks: one small module per product, each a frozen record with the policies that it chooses."""

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.memory_facts import MemoryFacts
from vmwidgets.model.memory_profile import MemoryProfile
from vmwidgets.model.stack import Stack
from vmwidgets.stacks import (
    bare_metal,
    container,
    esx,
    esxi,
    hyperv,
    kvm,
    neutral,
    parallels,
    virtualbox,
    workstation,
    xen,
)
from vmwidgets.stacks.neutral import NEUTRAL

PRODUCTS: dict[str, Stack] = {
    stack.id: stack
    for stack in (
        hyperv.HYPERV,
        xen.XEN,
        esxi.ESXI,
        kvm.KVM,
        workstation.WORKSTATION,
        virtualbox.VIRTUALBOX,
        parallels.PARALLELS,
    )
}
"""The seven products by id: first those whose VMM has the machine, then the programs on a host OS."""
STACKS: dict[str, Stack] = {
    NEUTRAL.id: NEUTRAL,
    **PRODUCTS,
    **{stack.id: stack for stack in (esx.ESX, bare_metal.BARE_METAL, container.CONTAINER)},
}
"""All stacks by id: the nameless one, the products, an older profile of one, and what they are compared with."""
_MODULES = (neutral, esx, esxi, kvm, hyperv, xen, workstation, virtualbox, parallels, bare_metal, container)
MEMORY: dict[str, MemoryProfile] = {m.MEMORY.id: m.MEMORY for m in _MODULES}
"""How products manage memory, by id."""
MEMORY_FACTS: dict[str, MemoryFacts] = {m.MEMORY.id: m.FACTS for m in _MODULES}
"""What is said of that, by id."""


def get(stack: str | Stack) -> Stack:
    """Return a stack by its id; a stack is returned as it is.

    Raises
    ------
    VmwidgetsError
        If there is no such stack.
    """
    if isinstance(stack, Stack):
        return stack
    if type(stack) is not str or stack not in STACKS:
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
    if type(name) is not str or name not in MEMORY:
        raise VmwidgetsError("memory is {name}, expected one of {known}", name=repr(name)[:60], known=", ".join(MEMORY))
    return MEMORY[name]
