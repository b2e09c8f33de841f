"""A type 1 VMM without a product's name: every resource is divided by shares, reservations and limits.

It costs nothing itself, so that the numbers of the first chapters come out round. What a VMM costs, and what the
products do differently, comes with their own records.
"""

from vmwidgets.model.memory_profile import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Stack

NEUTRAL = Stack(id="neutral", name="VMM", type=1)

MEMORY = MemoryProfile(
    id="neutral",
    name="VMM",
    # Keeps so little free that what is lent and what is reclaimed nearly add up to the machine. Balloons begin early
    # enough to be done before anybody has to be paged. All thresholds are assumptions.
    ladder=Ladder(
        (
            Rung("high", 60),
            Rung("soft", 40, frozenset({"balloon"})),
            Rung("hard", 2, frozenset({"balloon", "swap"})),
            Rung("low", 1, frozenset({"balloon", "swap", "block"})),
        ),
        reserve_permille=3,
    ),
    targets="idle_tax",
    idle_tax_permille=750,  # as ESX and ESXi
    balloon_limit_permille=650,  # as ESXi
    sample_pages=0,  # counts access bits, so that the estimate is exact
)
"""As ESXi without what complicates the picture: no sharing, no compression."""
