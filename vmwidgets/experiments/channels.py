"""Covert channels: how fast two VMs that may not talk still do."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vmwidgets.attacks.covert_channel import COVERT_CHANNEL
from vmwidgets.experiments.registry import experiment
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.range.clock import CYCLES_PER_S
from vmwidgets.model.range.run import BUDGET, Shot
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.model.range.victim import SECRET_BITS
from vmwidgets.stacks import get

if TYPE_CHECKING:
    import pandas as pd


@experiment(source="J. Xiao et al., DSN 2013, of the channel; what it carries here follows from the scanner")
def covert_channel(
    pages_per_s: int | Sequence[int] = (50, 200, 1000, 5000), product: str = "kvm", salted: bool = False, seed: int = 0
) -> "pd.DataFrame":
    """Send 64 bits from VM to VM by page sharing, at several rates of the scanner, and measure how long it takes.

    A bit is a page that is equal to one of the receiver's or is not. The receiver sees it by the time of a write, but
    only after the scanner has merged both: it has to look at all pages of all VMs once in between. With n pages in the
    VMs and b bits at a time no channel of this kind carries more than b times the scan rate in n pages.

    Parameters
    ----------
    pages_per_s
        Pages that the scanner looks at in a second, one number or a list.
    product
        Id of a product that has a scanner.
    salted
        Whether pages are merged within a VM only.
    seed
        Of the message and all random choices.

    Returns
    -------
    DataFrame
        One row per rate: ``pages_per_s``, ``round_s`` (the scanner looks at all pages once), ``bits``, ``errors``,
        ``seconds``, ``bit_per_s``, ``bound_bit_per_s``.
    """
    import pandas as pd

    stack = get(product)
    profile = stack.memory_profile
    if "salting" not in Scenario(stack, COVERT_CHANNEL.placement).defences.offered or profile is None:
        raise VmwidgetsError("{stack} has no scanner that looks for equal pages", stack=stack.name)
    rows: list[dict[str, float]] = []
    for rate in [pages_per_s] if isinstance(pages_per_s, int) else pages_per_s:
        check_int("pages_per_s", rate, 1, 1_000_000)
        scanned = replace(stack, memory_profile=profile.with_changes(scan_pages_per_s=rate))
        scenario = Scenario(scanned, COVERT_CHANNEL.placement, {"salting": salted}, seed)
        shot = Shot(COVERT_CHANNEL, scenario)
        shot.cpu.run(BUDGET)
        pages = sum(len(guest.map) for guest in scenario.guests)
        received = scenario.attacker.reports[-1] if scenario.attacker.reports else 0
        seconds = scenario.clock.now / CYCLES_PER_S
        rows.append(
            {
                "pages_per_s": rate,
                "round_s": pages / rate,
                "bits": SECRET_BITS,
                "errors": (received ^ scenario.secret).bit_count(),
                "seconds": seconds,
                "bit_per_s": SECRET_BITS / seconds,
                "bound_bit_per_s": scenario.numbers["sender_pages"] * rate / pages,
            }
        )
    return pd.DataFrame(rows)
