"""A range, ready for guest code: the attacker's VM, a victim with a secret, the layers of a stack below them.

What the attacker is told is the manual: sizes, ports, numbers of calls, and the mark behind which the secret lies.
Everything else, the secret, who has which frame, where a layer keeps what, is drawn from the seed.
"""

from collections import deque
from collections.abc import Callable, Mapping

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.layers import Layer
from vmwidgets.model.range import (
    backend,
    balloon,
    channel,
    disk,
    dma,
    floppy,
    guest_returns,
    host_side,
    interrupts,
    kernel_calls,
    link,
    nic,
    served_exits,
    short_memory,
    user_network,
)
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.clock import Clock
from vmwidgets.model.range.cores import Core
from vmwidgets.model.range.defences import Defences
from vmwidgets.model.range.devices import Ports
from vmwidgets.model.range.dram import Dram
from vmwidgets.model.range.draws import Draws
from vmwidgets.model.range.guest import DIRECTORY, LARGE_BYTES, MAX_PAGES, PAGES, TABLE, WINDOW, Guest
from vmwidgets.model.range.hypercalls import Hypercalls
from vmwidgets.model.range.machine import FRAMES, LOW, Machine
from vmwidgets.model.range.memory_path import MAP_CHECKS, MemoryPath
from vmwidgets.model.range.offers import emulates, keeper
from vmwidgets.model.range.processor_time import SharedProcessor
from vmwidgets.model.range.shared_queue import SharedQueue
from vmwidgets.model.range.sharing import Sharing
from vmwidgets.model.range.spaces import Space, build, give, owner_of
from vmwidgets.model.range.staging import stage
from vmwidgets.model.range.surroundings import NUMBERS, surround
from vmwidgets.model.range.table_updates import TableUpdates
from vmwidgets.model.range.timing import Caches, TimedPath
from vmwidgets.model.range.trace import Trace
from vmwidgets.model.stack import Stack

VMS = 3
"""The attacker's, the victim's, and one more."""
ATTACKER, VICTIM = 0, 1
MOST_INTERRUPTS = 64
"""So many vectors are kept."""
DEVICES = (
    floppy.plug,
    dma.plug,
    nic.plug,
    backend.plug,
    user_network.plug,
    channel.plug,
    balloon.plug,
    interrupts.plug,
    host_side.plug,
    kernel_calls.plug,
    disk.plug,
    link.plug,
    served_exits.plug,
    short_memory.plug,
    guest_returns.plug,
)
"""What the attacker's VM may be connected to: each function gives it a device, if the stack has such."""
_FIRST_PORT, _PORT_STEP = 0x300, 0x40


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
    manual_seed
        Decides the numbers of the manual, if these are not to change with the seed.

    Attributes
    ----------
    numbers
        What devices add to the manual.
    speeds
        What can slow the victim down: each says how much is left, in thousandths.
    taken, crashed
        Ids of the layers that run the attacker's code, and of those that have fallen.
    in_reach
        The VMs whose memory the attacker has in its hands by layers that it has taken over.
    pin, library_page, library_content, free_pages
        A number in a page of the victim's, its page of a library, what that held at first, and the pages beside them.
    clock
        The time of the guest code.
    interrupts
        Vectors of interrupts that were handled below and are not those of the attacker's device: the last ones.
    processor, caches, dram, sharing, core, disk, link
        What goes on around it, None if the placement asks for nothing of the kind.
    """

    def __init__(
        self,
        stack: Stack,
        placement: Placement,
        switches: Mapping[str, bool] | None = None,
        seed: int = 0,
        manual_seed: int | None = None,
    ) -> None:
        self.stack, self.placement = stack, placement
        self.technique = technique_for(stack, placement)
        self.defences = Defences(stack, self.technique, switches)
        self.draws, self.trace = Draws(seed, manual_seed), Trace()
        self.machine = Machine(self.draws)
        on_host = placement.seat == "host"
        self.keeper = host_side.host_layer(stack.layers) if on_host else keeper(stack.layers)
        self.taken: list[str] = []
        self.crashed: tuple[str, ...] = ()
        self.in_reach: tuple[int, ...] = ()
        self.spaces = build(self.machine, stack.layers, VMS)
        self.guests = [Guest(index, self.technique) for index in range(VMS)]
        if on_host:  # a program, not a VM
            self.guests[ATTACKER] = Guest(ATTACKER, "none")
        self.speeds: list[Callable[[], int]] = []
        self.attacker, self.victim = self.guests[ATTACKER], self.guests[VICTIM]
        for guest in self.guests:
            guest.boot(self.machine, self._first_frame() if placement.contiguous and guest is self.attacker else None)
        self.mark, self.secret, self.secret_frame = self.draws.word("mark"), self.draws.word("secret"), -1
        self.pin, self.library_page, self.library_content = self.draws.number("pin", 0, NUMBERS - 1), 0, b""
        self.free_pages: list[int] = []
        self.interrupts: deque[int] = deque(maxlen=MOST_INTERRUPTS)
        self.clock = Clock()
        self.processor: SharedProcessor | None = None
        self.caches: Caches | None = None
        self.dram: Dram | None = None
        self.sharing: Sharing | None = None
        self.core: Core | None = None
        self.disk: SharedQueue | None = None
        self.link: SharedQueue | None = None
        self.numbers = dict[str, int]()
        self._port_ranges = 0
        stage(self)
        surround(self)
        self._connect()

    def _first_frame(self) -> int:
        return LOW + 2 * self.draws.number("first frame", 0, (FRAMES - LOW - PAGES) // 2)

    def release(self) -> None:
        """Give the memory of the machine back at once, when all is over: the collector of cycles may take its time."""
        self.machine.memory = bytearray()
        self.path.release()

    @property
    def victim_permille(self) -> int:
        """What the victim has kept of its speed: the least that anything has left it, in thousandths."""
        return min((speed() for speed in self.speeds), default=1000)

    @property
    def library_seen(self) -> bytes:
        """The page of the library as the victim sees it; empty if it has none."""
        frame = self.victim.map.get(self.library_page)
        if not self.library_page or frame is None:
            return b""
        return bytes(self.machine.memory[frame * PAGE_BYTES : (frame + 1) * PAGE_BYTES])

    def _connect(self) -> None:
        """Give the attacker's code memory, calls and devices."""
        machine, attacker, trace, on, keeper_id = (
            self.machine, self.attacker, self.trace, self.defences, self.keeper.id,
        )  # fmt: skip
        closed = on[MAP_CHECKS[self.technique]] or self.placement.seat == "host"
        if self.caches is None:
            self.path = MemoryPath(machine, attacker, trace, keeper_id, closed=closed)
        else:
            self.path = TimedPath(
                machine, attacker, trace, keeper_id, closed=closed, clock=self.clock, caches=self.caches
            )
        updates = None
        if attacker.direct:
            updates = TableUpdates(machine, attacker, trace, keeper_id, self.path.root, closed=on["validation"])
        zeroes = on["zero_on_allocate"]
        self.hypercalls = Hypercalls(
            machine, attacker, trace, keeper_id, updates, zeroes=zeroes, draws=self.draws
        )  # fmt: skip
        self.ports = Ports(trace, keeper_id)
        for plug in DEVICES:
            plug(self)

    def port(self, name: str, count: int) -> int:
        """Return the first of so many ports in a row for a device, and put it into the manual."""
        first = _FIRST_PORT + _PORT_STEP * self._port_ranges
        self._port_ranges += 1
        self.numbers[f"port_{name}"] = first + self.draws.number(f"port {name}", 0, _PORT_STEP - count)
        return self.numbers[f"port_{name}"]

    def emulator_space(self, layer: Layer) -> Space:
        """Return the memory of the layer that imitates the attacker's devices: its own, or that of a stub domain."""
        if not self.defences["stub_domain"]:
            return self.spaces[owner_of(self.stack.layers, layer, ATTACKER)]
        owner = f"stub_domain {ATTACKER}"
        if owner not in self.spaces:
            self.spaces[owner] = give(self.machine, owner, layer.id)
        return self.spaces[owner]

    def manual(self) -> dict[str, int]:
        """Return the numbers that guest code may use, by the names of their placeholders."""
        directory, table = (
            self.attacker.table_address(page) if self.attacker.has_tables else page * PAGE_BYTES
            for page in (DIRECTORY, TABLE)
        )
        numbers = {
            **{f"call_{name}": number for name, number in self.hypercalls.numbers.items()},
            **self.numbers,
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
            "window_entry": directory + 8 * WINDOW,
            "window_entry_virtual": DIRECTORY * PAGE_BYTES + 8 * WINDOW,
            "lowest_table": table,
        }
        return {name: value for name, value in numbers.items() if name not in self.placement.untold}
