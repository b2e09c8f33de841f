"""A type 1 VMM without a product's name: every resource is divided by shares, reservations and limits.

It costs nothing itself, so that the numbers of the first chapters come out round. What a VMM costs, and what the
products do differently, comes with their own records.
"""

from vmwidgets.model.reclaim import Ladder, MemoryProfile, Rung
from vmwidgets.model.stack import Stack

NEUTRAL = Stack(id="neutral", name="VMM", type=1)

MEMORY = MemoryProfile(
    id="neutral",
    name="VMM",
    # Keeps nothing free, so that what is lent and what is reclaimed add up to the machine. The thresholds are chosen to
    # be small and still seen.
    ladder=Ladder(
        (
            Rung("high", 4),
            Rung("soft", 3, frozenset({"balloon"})),
            Rung("hard", 2, frozenset({"balloon", "swap"})),
            Rung("low", 1, frozenset({"balloon", "swap", "block"})),
        )
    ),
    targets="idle_tax",
    idle_tax_permille=750,  # as ESX and ESXi
    balloon_limit_permille=650,  # as ESXi
)
"""As ESXi without what complicates the picture: no sharing, no compression, no reserve. Its ladder is an assumption."""
