"""Perimeter: break the isolation of a host, say what broke, mend it, and show that it holds.

Each student has a host of its own under a VMM that exists nowhere: ``stack`` is the VMM, ``weaknesses`` what can be
wrong with it, ``variant`` the host of one student, with ``zones`` and ``proof`` what its VMs are called and how what
they find is reported; ``trial`` runs a program on it. ``items`` is what earns points, ``checks`` how many of them.
"""

from vmwidgets.assignments.perimeter.board import board as board
from vmwidgets.assignments.perimeter.board import cost as cost
from vmwidgets.assignments.perimeter.checks import check_item as check_item
from vmwidgets.assignments.perimeter.checks import grade as grade
from vmwidgets.assignments.perimeter.items import BOOTS as BOOTS
from vmwidgets.assignments.perimeter.items import ITEMS as ITEMS
from vmwidgets.assignments.perimeter.items import MECHANISMS as MECHANISMS
from vmwidgets.assignments.perimeter.items import OWN_BOOT as OWN_BOOT
from vmwidgets.assignments.perimeter.items import THREATS as THREATS
from vmwidgets.assignments.perimeter.items import hints as hints
from vmwidgets.assignments.perimeter.items import layers as layers
from vmwidgets.assignments.perimeter.variant import Variant as Variant
from vmwidgets.assignments.perimeter.variant import variant as variant
