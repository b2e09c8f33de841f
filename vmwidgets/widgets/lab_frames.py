"""The frames of a lab's machine as the frame map wants them: a byte a frame."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmwidgets.lab import Lab
from vmwidgets.model import memory as model
from vmwidgets.model.memory import BLOCK, MAX_VMS, MachineMemory
from vmwidgets.widgets import frame_map as codes_of
from vmwidgets.widgets.frame_map import About
from vmwidgets.widgets.kit import Selection
from vmwidgets.widgets.memory_state import paged

_STATES = np.zeros(len(model.FRAME_STATES), np.uint8)
_STATES[model.FREE] = codes_of.FREE
_STATES[model.VMM] = codes_of.VMM
_STATES[model.TABLE] = codes_of.TABLE
_STATES[model.PRIVATE] = codes_of.PRIVATE
_STATES[model.SHARED] = codes_of.SHARED
_STATES[model.CACHE] = codes_of.COMPRESSED


class LabFrames:
    """Feeds one frame map from the memory of a lab.

    A frame counts as active if its page was touched in this sampling period or in the one before.

    Parameters
    ----------
    lab
        Its memory is modelled page by page.
    selection
        Which slot, and so which colour, each VM has.
    """

    def __init__(self, lab: Lab, selection: Selection) -> None:
        self.lab = lab
        self.selection = selection
        machine = paged(lab).machine
        self.frames: int = machine.frames
        self.page_bytes: int = machine.page_bytes
        self._told: MachineMemory | None = None
        self._clock = self._period = 0
        self._owners = np.empty(0, np.uint8)
        self._lit = np.zeros(len(machine.changed_at), np.bool_)  # blocks in which frames were told to be active

    def codes(self, first: int, count: int) -> NDArray[np.uint8]:
        """Return state << 4 | owner of ``count`` frames."""
        with self.lab.hold():
            states, owners = self._read(first, count)
        blocks = (first + np.flatnonzero(states == codes_of.ACTIVE)) // BLOCK
        self._lit[-(-first // BLOCK) : (first + count) // BLOCK] = False
        self._lit[blocks] = True
        return states << 4 | owners

    def changed(self) -> NDArray[np.int64] | None:
        """Return the frames of all blocks that may have changed since the last call; None for all frames."""
        with self.lab.hold():
            machine, owners = paged(self.lab).machine, self._owners_now()
            new = machine is not self._told or not np.array_equal(owners, self._owners)
            # Commands between two seconds come at the same time of the clock as the second that was told.
            moved = machine.changed_at >= self._clock
            if machine.period != self._period:
                moved |= self._lit  # what nobody has touched since the last period is idle now, and nobody noted it
            self._told, self._owners = machine, owners
            self._clock, self._period = machine.clock, machine.period
        if new or 2 * np.count_nonzero(moved) > len(moved):
            return None
        frames = np.flatnonzero(moved)[:, None] * BLOCK + np.arange(BLOCK)
        return frames[frames < self.frames]

    def about(self, frame: int) -> About:
        """Return what is known of one frame."""
        with self.lab.hold():
            machine = paged(self.lab).machine
            states, owners = self._read(frame, 1)
            names = {self.lab.memory_slot(vm.name): vm.name for vm in self.lab.vms}
            refs, gfn = int(machine.refs[frame]), int(machine.gfn[frame])
            owner = int(machine.owner[frame])
            found = machine.sharers(frame) if machine.state[frame] == model.SHARED else [(owner, gfn)]
            if refs == 1:  # the last one that is left of those who shared it
                owner = found[0][0]
            return {
                "slot": int(owners[0]),
                "owner": names.get(owner, ""),
                "gfn": found[0][1],
                "state": int(states[0]),
                "refs": refs,
                "sharers": [(names.get(slot, ""), page) for slot, page in found] if refs > 1 else [],
            }

    def _read(self, first: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return state and owner of each frame, in the map's terms."""
        machine = paged(self.lab).machine
        part = slice(first, first + count)
        state, owner, gfn = machine.state[part], machine.owner[part], machine.gfn[part]
        states = _STATES[state]
        private = np.flatnonzero(state == model.PRIVATE)
        slots = owner[private]
        for slot in np.unique(slots).tolist():
            mine = private[slots == slot]
            touched = _touched(machine.tables[slot].accessed[gfn[mine]], machine.period)
            states[mine[touched]] = codes_of.ACTIVE
        states[(state == model.SHARED) & (machine.content[part] == 0)] = codes_of.ZERO
        return states, self._owners_now()[owner]

    def _owners_now(self) -> NDArray[np.uint8]:
        """Return the map's owner for each of the machine's slots; the last one stands for none (-1)."""
        owners = np.full(MAX_VMS + 1, codes_of.OTHER, np.uint8)
        owners[-1] = codes_of.NOBODY
        for vm in self.lab.vms:
            slot = self.selection.slot(vm.name)
            owners[self.lab.memory_slot(vm.name)] = slot if slot >= 0 else codes_of.OTHER
        return owners


def _touched(accessed: NDArray[Any], period: int) -> NDArray[np.bool_]:
    """Return which stamps are of this sampling period or of the one before; periods count from 1 to 65,535."""
    before = (period - 2) % 65_535 + 1
    return (accessed == period) | (accessed == before)
