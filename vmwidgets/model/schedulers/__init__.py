"""The CPU schedulers of the products and of the textbooks, each in a module of its own, by name."""

from collections.abc import Callable
from functools import partial

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.schedulers.base import Scheduler
from vmwidgets.model.schedulers.bvt import Bvt
from vmwidgets.model.schedulers.cfs import Cfs
from vmwidgets.model.schedulers.credit import Credit
from vmwidgets.model.schedulers.credit2 import Credit2
from vmwidgets.model.schedulers.eevdf import Eevdf
from vmwidgets.model.schedulers.hosted import Hosted
from vmwidgets.model.schedulers.hyperv import HyperVClassic, HyperVCore, HyperVRoot
from vmwidgets.model.schedulers.lottery import Lottery
from vmwidgets.model.schedulers.proportional_share import ProportionalShare
from vmwidgets.model.schedulers.round_robin import RoundRobin
from vmwidgets.model.schedulers.stride import Stride

SCHEDULERS: dict[str, Callable[..., Scheduler]] = {
    "round_robin": RoundRobin,
    "lottery": Lottery,
    "stride": Stride,
    "bvt": Bvt,
    "credit": Credit,
    "credit_sampled": partial(Credit, "sampled"),
    "credit2": Credit2,
    "cfs": Cfs,
    "eevdf": Eevdf,
    "esx": ProportionalShare,
    "esx_strict": partial(ProportionalShare, coscheduling="strict"),
    "hyperv_classic": HyperVClassic,
    "hyperv_core": HyperVCore,
    "hyperv_root": HyperVRoot,
    "hosted": Hosted,
}
"""Name of an algorithm: how to make one with its defaults."""


def make(name: str) -> Scheduler:
    """Return a new scheduler by its name.

    Raises
    ------
    VmwidgetsError
        If there is none of that name.
    """
    if name not in SCHEDULERS:
        raise VmwidgetsError(
            "there is no scheduler {name}, expected one of {known}", name=name, known=", ".join(SCHEDULERS)
        )
    return SCHEDULERS[name]()
