"""A range, ready for guest code: the attacker's VM, a victim with a secret, the layers of a stack below them.

What the attacker is told is the manual: sizes, ports, numbers of calls, and the mark behind which the secret lies.
Everything else, the secret, who has which frame, where a layer keeps what, is drawn from the seed.
"""

from collections.abc import Mapping

from vmwidgets.model.falling import Reason, falls
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.layers import Layer
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.defences import Defences, emulates, emulator, keeper
from vmwidgets.model.range.devices import Ports
from vmwidgets.model.range.dma import BLOCK_BYTES, DmaDevice
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.floppy import BUFFER_BYTES, Floppy
from vmwidgets.model.range.guest import DIRECTORY, LARGE_BYTES, MAX_PAGES, PAGES, ROOT, TABLE, WINDOW, Guest
from vmwidgets.model.range.hypercalls import Hypercalls
from vmwidgets.model.range.machine import FRAMES, LOW, Machine
from vmwidgets.model.range.memory_path import MemoryPath
from vmwidgets.model.range.reach import reach
from vmwidgets.model.range.spaces import SPACE_FRAMES, Space, build, owner_of
from vmwidgets.model.range.table_updates import TableUpdates
from vmwidgets.model.range.trace import OPEN, REFUSES, Trace
from vmwidgets.model.stack import Stack
from vmwidgets.model.words import said

VMS = 3
"""The attacker's, the victim's, and one more."""
ATTACKER, VICTIM = 0, 1
SECRET_BYTES = 16
"""The mark, and behind it the secret."""
_CRASHED = said("{layer} touches memory that it does not have")


def technique_for(stack: Stack, placement: Placement) -> str:
    """Return how the memory of the VMs is virtualized: as is usual for the stack, if such VMs have what is needed."""
    usable = [one for one in (stack.technique, *stack.techniques) if emulates(stack, one)]
    return usable[0] if placement.emulated and usable else stack.technique


class Scenario:
    """A machine with VMs, before and after guest code has run in one of them.

    Parameters
    ----------
    stack, placement
        What stands below the VMs, and what the guest code needs.
    switches
        Defences that are not as the safe setting has them, see :class:`~vmwidgets.model.range.defences.Defences`.
    seed
        Decides all that the attacker is not told.

    Attributes
    ----------
    taken, crashed
        Ids of the layers that run the attacker's code, and of those that have fallen.
    in_reach
        The VMs whose memory the attacker has in its hands by layers that it has taken over.
    """

    def __init__(
        self, stack: Stack, placement: Placement, switches: Mapping[str, bool] | None = None, seed: int = 0
    ) -> None:
        self.stack, self.placement = stack, placement
        self.technique = technique_for(stack, placement)
        self.defences = Defences(stack, self.technique, switches)
        self.draws, self.trace = Draws(seed), Trace()
        self.machine = Machine(self.draws)
        self.keeper = keeper(stack.layers)
        self.taken: list[str] = []
        self.crashed: tuple[str, ...] = ()
        self.in_reach: tuple[int, ...] = ()
        self.spaces = build(self.machine, stack.layers, VMS)
        self.guests = [Guest(index, self.technique) for index in range(VMS)]
        self.attacker = self.guests[ATTACKER]
        for guest in self.guests:
            guest.boot(self.machine)
        self._hide_secret()
        self._connect()

    # The victim's secret

    def _hide_secret(self) -> None:
        victim = self.guests[VICTIM]
        self.mark, self.secret = self.draws.word("mark"), self.draws.word("secret")
        page = self.draws.number("secret page", 1, ROOT - 1)
        self.secret_frame = victim.map[page]
        at = self.secret_frame * PAGE_BYTES
        self.machine.put(at, self.mark)
        self.machine.put(at + 8, self.secret)
        if self.placement.maps_twice:
            self._map_twice(self.draws.number("page mapped twice", 1, ROOT - 1))
        if self.placement.victim == "ended":
            for frame in victim.map.values():
                self.machine.release(frame)
            victim.map.clear()

    def _map_twice(self, page: int) -> None:
        """Try to put the frame with the secret below a page of the attacker's, which it gets instead of its own."""
        closed = self.defences["frame_owners"]
        owner = self.machine.owners[self.secret_frame]
        outcome = REFUSES if closed else OPEN
        self.trace.note(self.keeper.id, "frame_owners", outcome, page * PAGE_BYTES, self.secret_frame, owner)
        if closed:
            return
        self.machine.release(self.attacker.map[page])
        self.attacker.map[page] = self.secret_frame
        if self.attacker.direct:
            self.machine.put(self.attacker.map[TABLE] * PAGE_BYTES + 8 * page, self.secret_frame * PAGE_BYTES | 7)

    # What the attacker's VM is connected to

    def _connect(self) -> None:
        on, keeper_id, attacker, trace = self.defences, self.keeper.id, self.attacker, self.trace
        walled = on[{"paravirtualization": "validation", "none": "process_tables"}.get(self.technique, "")]
        walled = walled or on["second_stage_tables"] or on["shadow_tables"]
        self.path = MemoryPath(self.machine, attacker, trace, keeper_id, closed=walled)
        updates = None
        if attacker.direct:
            updates = TableUpdates(self.machine, attacker, trace, keeper_id, self.path.root, closed=on["validation"])
        self.hypercalls = Hypercalls(
            self.machine, attacker, self.path, trace, keeper_id, updates,
            zeroes=on["zero_on_allocate"], draws=self.draws,
        )  # fmt: skip
        self.ports = Ports(trace, keeper_id)
        self._numbers = {"floppy": self.draws.number("floppy port", 0x300, 0x3FF)}
        self._numbers["dma"] = self.draws.number("dma ports", 0x400, 0x4F0)
        self._distance = 8 * self.draws.number("distance", 0, 31)
        layer = emulator(self.stack.layers)
        if layer is not None and emulates(self.stack, self.technique):
            self._plug_floppy(layer)
        if "passthrough" in self.stack.devices:
            self.ports.plug(self._numbers["dma"], DmaDevice(self.machine, attacker, trace, closed=on["iommu"]))

    def _plug_floppy(self, layer: Layer) -> None:
        space = self._emulator_space(layer)
        buffer = 16 * self.draws.number("floppy buffer", 0, 63)
        self.ports.plug(
            self._numbers["floppy"],
            Floppy(
                self.machine, self.attacker.name, self.trace, space, layer.id,
                buffer=buffer, handler=buffer + BUFFER_BYTES + self._distance, code=self.draws.word("handler"),
                closed=self.defences["bounds_check"],
                taken=lambda: self.take_over(layer), crashed=lambda: self.crash(layer),
            ),
        )  # fmt: skip

    def _emulator_space(self, layer: Layer) -> Space:
        owner = owner_of(self.stack.layers, layer, ATTACKER)
        if not self.defences["stub_domain"]:
            return self.spaces[owner]
        owner = f"stub_domain {ATTACKER}"
        frames = tuple(self.machine.take(owner, low=True) for _ in range(SPACE_FRAMES))
        self.spaces[owner] = Space(owner, layer.id, frames)
        return self.spaces[owner]

    # What can happen to a layer

    def take_over(self, layer: Layer) -> None:
        """Let a layer run the attacker's code.

        What that code does there is not guest code any more. It does the same each time: it looks for the mark in the
        memory of all VMs that the layer reaches, and copies what lies there into the attacker's page 0.
        """
        if layer.id in self.taken:
            return
        self.taken.append(layer.id)
        confined = self.defences["confinement"] or self.defences["stub_domain"]
        self.in_reach = reach(self.stack.layers, layer, ATTACKER, VMS, confined=confined)
        mark, target = self.mark.to_bytes(8, "little"), self.attacker.map.get(0)
        for vm in self.in_reach:
            for frame in () if vm == ATTACKER else self.guests[vm].map.values():
                start = frame * PAGE_BYTES
                self.machine.touched(self.attacker.name, frame, write=False)
                at = self.machine.memory.find(mark, start, start + PAGE_BYTES)
                if at >= 0 and target is not None:
                    found = self.machine.memory[at : at + SECRET_BYTES]
                    self.machine.memory[target * PAGE_BYTES : target * PAGE_BYTES + SECRET_BYTES] = found

    def crash(self, layer: Layer) -> None:
        """Let a layer fall, and what falls with it."""
        self.crashed = tuple(falls(self.stack.layers, {layer.id: (Reason(_CRASHED, layer, layer),)}, is_fault=True))

    # What the attacker is told

    def manual(self) -> dict[str, int]:
        """Return the numbers that guest code may use, by the names of their placeholders."""
        entry = 8 * WINDOW
        directory = self.attacker.table_address(DIRECTORY) if self.attacker.has_tables else DIRECTORY * PAGE_BYTES
        table = self.attacker.table_address(TABLE) if self.attacker.has_tables else TABLE * PAGE_BYTES
        return {
            **{f"call_{name}": number for name, number in self.hypercalls.numbers.items()},
            **{f"port_{name}": number for name, number in self._numbers.items()},
            "mark": self.mark,
            "page_bytes": PAGE_BYTES,
            "pages": PAGES,
            "most_pages": MAX_PAGES,
            "memory_bytes": PAGES * PAGE_BYTES,
            "machine_bytes": FRAMES * PAGE_BYTES,
            "machine_frames": FRAMES,
            "vm_memory_at": LOW * PAGE_BYTES,
            "window": WINDOW * LARGE_BYTES,
            "window_pages": LARGE_BYTES // PAGE_BYTES,
            "window_entry": directory + entry,
            "window_entry_virtual": DIRECTORY * PAGE_BYTES + entry,
            "lowest_table": table,
            "floppy_bytes": BUFFER_BYTES,
            "floppy_distance": self._distance,
            "dma_block_bytes": BLOCK_BYTES,
        }
