"""A type 1 VMM without a product's name: every resource is divided by shares, reservations and limits.

It costs nothing itself, so that the numbers of the first chapters come out round. What a VMM costs, and what the
products do differently, comes with their own records.
"""

from vmwidgets.model.stack import Stack

NEUTRAL = Stack(id="neutral", name="VMM", type=1)
