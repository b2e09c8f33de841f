"""Perimeter: break the isolation of a host, say what broke, mend it, and show that it holds.

Each student has a host of its own under a VMM that exists nowhere: ``stack`` is the VMM, ``weaknesses`` what can be
wrong with it, ``variant`` the host of one student, with ``zones`` and ``proof`` what its VMs are called and how what
they find is reported; ``trial`` runs a program on it.
"""

from vmwidgets.assignments.perimeter.variant import Variant as Variant
from vmwidgets.assignments.perimeter.variant import variant as variant
