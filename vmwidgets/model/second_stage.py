"""The second-stage table (EPT, NPT) of a VM: where each of its guest pages is."""

import numpy as np
from numpy.typing import NDArray

from vmwidgets.model.units import KiB

ABSENT, MAPPED, BALLOONED, SWAPPED, PACKED = range(5)
"""Where a guest page is: nowhere yet, in a frame, given to the balloon, in the VMM's swap file, compressed."""
PLACES = ("absent", "mapped", "ballooned", "swapped", "packed")
TABLE_BYTES = 4 * KiB
FANOUT = 512
"""A table has 512 entries of 8 bytes (Intel SDM volume 3, "The extended page-table mechanism")."""
_LEVELS, _SHIFT, _BITS = 4, 12, 9


class SecondStage:
    """The second-stage table (EPT, NPT) of one VM, flat: one entry a guest page.

    Parameters
    ----------
    slot
        Number of the VM on its machine.
    pages
        Guest pages of the VM.
    node_frames
        The machine frames that hold the tables, level by level from the lowest.
    """

    __slots__ = ("accessed", "entry", "node_frames", "nodes", "page_bytes", "pages", "slot", "where")

    def __init__(self, slot: int, pages: int, page_bytes: int, node_frames: NDArray[np.int32]) -> None:
        self.slot = slot
        self.pages = pages
        self.page_bytes = page_bytes
        self.node_frames = node_frames
        self.nodes = node_counts(pages, page_bytes)
        self.entry = np.full(pages, -1, np.int32)
        """The machine frame (mfn) of a mapped page, the place in the swap store of a swapped or packed one, else -1."""
        self.where = np.zeros(pages, np.uint8)
        self.accessed = np.zeros(pages, np.uint16)
        """The sampling period in which a page was last touched, 0 if never: the access bits of that period, without the
        pass over all tables that clearing them would take."""

    @property
    def table_base(self) -> int:
        """The machine frame that holds the first table."""
        return int(self.node_frames[0])

    def node(self, level: int, index: int) -> tuple[int, int]:
        """Return where a table lies: its machine frame and the byte in it at which it begins.

        Parameters
        ----------
        level
            1 for the tables whose entries map pages, and up.
        index
            Which table of that level: ``gfn // 512**level``.
        """
        at = (sum(self.nodes[: level - 1]) + index) * TABLE_BYTES
        return int(self.node_frames[at // self.page_bytes]), at % self.page_bytes


def node_counts(pages: int, page_bytes: int) -> tuple[int, ...]:
    """Return how many tables of each level, from those whose entries map pages up to the root, a VM has.

    A walk always begins at the fourth level (Intel SDM volume 3, "EPT translation mechanism": a walk length of 4), so a
    small VM has a root with a single entry in use. Pages of 2 MiB are mapped one level higher, so there is one less.
    """
    large = max((page_bytes.bit_length() - 1 - _SHIFT) // _BITS, 0)
    counts, left = list[int](), pages
    while len(counts) < _LEVELS - large or left > 1:
        left = -(-left // FANOUT)
        counts.append(left)
    return tuple(counts)
