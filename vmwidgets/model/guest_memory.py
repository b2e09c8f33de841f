"""The memory of a guest: pages in machine frames, found through the second-stage table."""

from collections.abc import Iterable, Mapping
from struct import Struct

from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.units import KiB

PAGE_BYTES = 4 * KiB
"""Size of a page of guest memory and of a frame of machine memory."""
MASK64 = 2**64 - 1
_LOW = PAGE_BYTES - 1
_SHIFT = 12
READ = {size: Struct(f"<{code}").unpack_from for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))}
"""Read a number of 1, 2, 4 or 8 bytes: of bytes and a position, in a tuple of one."""
WRITE = {size: Struct(f"<{code}").pack_into for size, code in ((1, "B"), (2, "H"), (4, "I"), (8, "Q"))}
"""Write one: of bytes, a position and the number."""


class Trap(Exception):
    """The guest cannot go on without the VMM: the reason, and the details that the hardware reports."""

    def __init__(self, reason: str, **detail: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = tuple(detail.items())


class GuestMemory:
    """Memory as a guest sees it: its pages, each in a frame of the machine's memory.

    The second-stage table maps guest frame numbers to machine frame numbers; what it does not map is not there, and
    touching it is an EPT violation.

    Parameters
    ----------
    machine
        Memory of the machine; its length is a multiple of the frame size.
    table
        The second-stage table to start with.
    """

    __slots__ = ("_deltas", "_machine", "user")

    def __init__(self, machine: bytearray, table: Mapping[int, int]) -> None:
        self.user = False
        """Whether accesses are those of user code. Memory without page tables does not mind."""
        self._machine = machine
        self._deltas: dict[int, int] = {}  # by guest frame number: from a guest address to the machine's
        for gfn, mfn in table.items():
            self.map(gfn, mfn)

    @classmethod
    def flat(cls, size_bytes: int) -> "GuestMemory":
        """Return memory of its own, ``size_bytes`` from address 0 on."""
        check_int("memory_bytes", size_bytes, 0, 2**30)
        if size_bytes % PAGE_BYTES:
            raise VmwidgetsError(
                "memory_bytes is {value}, expected a multiple of {page}", value=size_bytes, page=PAGE_BYTES
            )
        pages = range(size_bytes // PAGE_BYTES)
        return cls(bytearray(size_bytes), dict(zip(pages, pages, strict=True)))

    @property
    def table(self) -> Mapping[int, int]:
        """The second-stage table: guest frame number to machine frame number."""
        return {gfn: gfn + delta // PAGE_BYTES for gfn, delta in self._deltas.items()}

    def map(self, gfn: int, mfn: int) -> None:
        """Put a guest page into a machine frame."""
        check_int("gfn", gfn, 0, MASK64 // PAGE_BYTES)
        check_int("mfn", mfn, 0, len(self._machine) // PAGE_BYTES - 1)
        self._deltas[gfn] = (mfn - gfn) * PAGE_BYTES

    def unmap(self, gfn: int) -> None:
        """Take a page away."""
        self._deltas.pop(gfn, None)

    def load(self, address: int, size: int, write: bool = False) -> int:
        """Read ``size`` bytes, little end first; ``write`` says that the same bytes are about to be written."""
        delta = self._deltas.get(address >> _SHIFT)
        if delta is None or address & _LOW > PAGE_BYTES - size:
            places = self._places(address, size, write)
            return int.from_bytes(bytes(self._machine[place] for place in places), "little")
        return READ[size](self._machine, address + delta)[0]

    def store(self, address: int, value: int, size: int) -> None:
        """Write ``size`` bytes, little end first; nothing is written if a part of them is not mapped."""
        delta = self._deltas.get(address >> _SHIFT)
        if delta is None or address & _LOW > PAGE_BYTES - size:
            for place, byte in zip(self._places(address, size, True), value.to_bytes(size, "little"), strict=True):
                self._machine[place] = byte
            return
        WRITE[size](self._machine, address + delta, value)

    def fill(self, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Write pieces of data, each at its address.

        Raises
        ------
        VmwidgetsError
            If there is no memory.
        """
        for start, data in pieces:
            try:
                for address, byte in enumerate(data, start):
                    self.store(address, byte, 1)
            except Trap as trap:
                raise VmwidgetsError(
                    "data begins at {address}, where the guest has no memory for it", address=hex(start)
                ) from trap

    def flush(self, address: int) -> None:
        """Write the line of an address out of the caches; without caches the address only has to be readable."""
        self.load(address, 1)

    def invalidate(self, address: int) -> None:
        """Forget the translation of an address, where translations are kept."""

    def switch(self, root: int) -> None:
        """Translate by the page tables at ``root`` from now on, and forget translations, where there are any."""

    def _places(self, address: int, size: int, write: bool) -> list[int]:
        places: list[int] = []
        for at in range(address, address + size):
            at &= MASK64
            delta = self._deltas.get(at >> _SHIFT)
            if delta is None:
                raise Trap("ept_violation", address=at, bytes=size, write=int(write))
            places.append(at + delta)
        return places
