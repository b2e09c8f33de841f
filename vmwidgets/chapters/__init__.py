"""The chapters: what they ask, and what the model answers. One module per chapter, no widgets."""

from importlib import import_module

from vmwidgets.chapters.items import PRACTICE, Chapter
from vmwidgets.model.errors import VmwidgetsError

MODULES = {
    "01_one_server": "one_server",
    "02_cutting_the_server": "cutting",
    "03_walls": "walls",
    "04_hardware_that_is_not_there": "hardware",
    "05_own_kernel": "kernel",
    "06_first_up": "first_up",
    "07_program_among_programs": "hosted",
    "08_seven_benches": "benches",
    "09_lending_what_sleeps": "lending",
    "10_tax_and_twins": "tax_and_twins",
    "11_breaking_the_walls": "breaking",
}
"""The module of each chapter by the name of its notebook."""


def chapter(name: str, token: str = PRACTICE) -> Chapter:
    """Return a chapter in the variant of a token.

    Raises
    ------
    VmwidgetsError
        If there is no such chapter.
    """
    if type(name) is not str or name not in MODULES:
        raise VmwidgetsError(
            "there is no chapter {name}, expected one of {known}", name=repr(name)[:40], known=", ".join(MODULES)
        )
    return import_module(f"vmwidgets.chapters.{MODULES[name]}").chapter(token)
