"""The machine of a range: memory in frames, each with an owner, and a record of who touched what is not his.

The owner of a frame is a guest (``guest 0``), the address space of a layer (``host_kernel``, ``vmm_process 0``), the
firmware, or nobody (``free``). Whatever touches memory for a guest reports here, so that the question whether a guest
reached what is not its own has an answer that no defence can embellish.
"""

from collections import Counter
from collections.abc import Callable

from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.draws import Draws

FRAMES = 1024
"""Frames of the machine: 4 MiB, two large pages."""
LOW = 512
"""Frames below belong to the firmware and the layers of the VMM, those from here on to VMs. They fill a large page."""
FIRMWARE_FRAMES = 64
FREE, FIRMWARE = "free", "firmware"


class Machine:
    """Memory, owners, and what was touched.

    Parameters
    ----------
    draws
        Decides which frame is handed out next.

    Attributes
    ----------
    memory
        All bytes.
    owners
        Of each frame.
    work
        What defences have had to do, by kind: lookups in the map of a guest, bytes cleared, table entries validated,
        addresses translated for devices, indices and lengths checked, and so on.
    read, written
        Whose memory a guest has read or written that is not its own, by guest.
    """

    def __init__(self, draws: Draws) -> None:
        self.memory = bytearray(FRAMES * PAGE_BYTES)
        self.owners = [FIRMWARE] * FIRMWARE_FRAMES + [FREE] * (FRAMES - FIRMWARE_FRAMES)
        self.work: Counter[str] = Counter()
        self.read: dict[str, set[str]] = {}
        self.written: dict[str, set[str]] = {}
        self._low = [FIRMWARE_FRAMES + at for at in draws.order("low frames", LOW - FIRMWARE_FRAMES)]
        self._high = [LOW + at for at in draws.order("high frames", FRAMES - LOW)]
        self._flush: list[Callable[[], None]] = []

    def on_change(self, flush: Callable[[], None]) -> None:
        """Have something called whenever a frame changes hands: what remembers translations must forget them."""
        self._flush.append(flush)

    def changed(self) -> None:
        """Say that a mapping has changed."""
        for flush in self._flush:
            flush()

    def take(self, owner: str, *, low: bool = False, frame: int | None = None) -> int:
        """Hand out a free frame, the one that came back last first; its content stays as it is.

        Parameters
        ----------
        owner
            Who gets it.
        low
            Whether it is for a layer and not for a VM.
        frame
            Which; None: any.
        """
        pool = self._low if low else self._high
        if not pool:
            raise VmwidgetsError("the range has no free frame for {owner}", owner=owner)
        if frame is None:
            frame = pool.pop()
        else:
            pool.remove(frame)
        self.owners[frame] = owner
        self.changed()
        return frame

    def release(self, frame: int) -> None:
        """Take a frame back."""
        self.owners[frame] = FREE
        (self._low if frame < LOW else self._high).append(frame)
        self.changed()

    def clear(self, frame: int) -> None:
        """Overwrite a frame with zeros."""
        self.work["bytes_cleared"] += PAGE_BYTES
        self.memory[frame * PAGE_BYTES : (frame + 1) * PAGE_BYTES] = bytes(PAGE_BYTES)

    def touched(self, guest: str, frame: int, *, write: bool) -> str:
        """Write down that a guest reaches a frame; return whose it is."""
        owner = self.owners[frame]
        if owner != guest:
            (self.written if write else self.read).setdefault(guest, set()).add(owner)
        return owner

    def word(self, address: int) -> int:
        """Return the 8 bytes at a machine address."""
        return int.from_bytes(self.memory[address : address + 8], "little")

    def put(self, address: int, value: int) -> None:
        """Write 8 bytes at a machine address."""
        self.memory[address : address + 8] = value.to_bytes(8, "little")

    def frames_of(self, owner: str) -> tuple[int, ...]:
        """Return the frames of an owner."""
        return tuple(frame for frame, one in enumerate(self.owners) if one == owner)

    def holds(self, owner: str, content: bytes) -> bool:
        """Return whether some frame of an owner has these bytes somewhere."""
        return any(
            self.memory.find(content, frame * PAGE_BYTES, (frame + 1) * PAGE_BYTES) >= 0
            for frame in self.frames_of(owner)
        )
