"""Guests whose devices and page tables need the VMM: the same work done by other device models and other tables."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmwidgets.experiments.registry import experiment
from vmwidgets.model.deprivileged import DATA, NEW, NOTIFY, PORT, QUEUE, SPARE, SPARES, entry_address
from vmwidgets.model.errors import check_int
from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.page_tables import PRESENT, USER, WRITABLE
from vmwidgets.model.trap_and_emulate import DEVICES, TABLES, VMM

if TYPE_CHECKING:
    import pandas as pd

_WORK = ("mov rax, [rsi]", "add rax, rcx", "mov [rsi], rax", "lea rcx, [rcx + rax*2 + 1]", "and rcx, 0xff", "inc r8")
_ENTRY = PRESENT | WRITABLE | USER


@dataclass(frozen=True, slots=True)
class Work:
    """What a guest does: it maps pages, gives a device requests, and computes.

    Parameters
    ----------
    requests
        Requests to the device, each of which is one access to an emulated one.
    batches
        In how many groups they come; a virtio device is notified once for each.
    table_writes
        Writes to the guest's page tables, each of which maps a page.
    ordinary
        Other instructions, if the device is an emulated one.
    """

    requests: int = 4
    batches: int = 1
    table_writes: int = 2
    ordinary: int = 14

    def __post_init__(self) -> None:
        check_int("requests", self.requests, 1, 40)
        check_int("batches", self.batches, 1, self.requests)
        check_int("table_writes", self.table_writes, 0, SPARES)
        least = max(len(self._lines("emulated")), len(self._lines("virtio"))) - self.requests - self.table_writes
        check_int("ordinary", self.ordinary, least, 100)

    @property
    def instructions(self) -> int:
        """Return how many instructions the guest executes, whatever the device."""
        return self.ordinary + self.requests + self.table_writes

    def program(self, device: str = "emulated") -> str:
        """Return the text of the guest's program, with the driver of a device model."""
        lines = self._lines("virtio" if device == "virtio" else "emulated")
        work = [_WORK[at % len(_WORK)] for at in range(self.instructions - len(lines))]
        return "\n".join([*lines, *work]) + "\n"

    def run(self, tables: str = "shadow", device: str = "emulated") -> VMM:
        """Run it under a VMM."""
        return VMM(self.program(device), tables, device).run()

    def _lines(self, device: str) -> list[str]:
        lines = [f"mov edi, {entry_address(NEW):#x}"] if self.table_writes else []
        for at in range(self.table_writes):
            place = f"rdi + {8 * at}" if at else "rdi"
            lines.append(f"mov qword [{place}], {SPARE + at * PAGE_BYTES | _ENTRY:#x}")
        lines.append(f"mov esi, {NEW if self.table_writes else DATA:#x}")
        virtio = device == "virtio"
        if virtio:
            lines.append(f"mov ebx, {QUEUE:#x}")
        lines.append(f"mov edx, {NOTIFY if virtio else PORT:#x}")
        for at in range(self.requests):
            sector = 100 + at
            lines += [f"mov qword [rbx + {8 + 8 * at}], {sector}"] if virtio else [f"mov eax, {sector}", "out dx, eax"]
            if virtio and self._ends(at):
                lines += [f"mov dword [rbx], {at + 1}", "out dx, ax"]
        return lines

    def _ends(self, request: int) -> bool:
        """Return whether a group of requests ends with this one."""
        return (request + 1) * self.batches // self.requests > request * self.batches // self.requests


@experiment(
    source="G. J. Popek, R. P. Goldberg, CACM 1974; K. Adams, O. Agesen, ASPLOS 2006, sections 2 and 4: traces of page"
    " tables, and nested tables that need none"
)
def emulated_instructions(
    requests: int = 4, batches: int = 1, table_writes: int = 2, ordinary: int = 14
) -> "pd.DataFrame":
    """Run a guest under every pair of page tables and device model, and count what had to be emulated.

    Parameters
    ----------
    requests
        Requests to the device.
    batches
        In how many groups they come: a virtio device is notified once for each.
    table_writes
        Writes to the guest's page tables.
    ordinary
        Other instructions of the guest, with an emulated device.

    Returns
    -------
    DataFrame
        ``tables``, ``device``; ``instructions`` executed, of which ``direct`` ran without the VMM and ``emulated`` were
        emulated by it; ``exits``.
    """
    import pandas as pd

    work = Work(requests, batches, table_writes, ordinary)
    rows: list[tuple[object, ...]] = []
    for tables in TABLES:
        for device in DEVICES:
            done = work.run(tables, device)
            rows.append((tables, device, done.cpu.executed, done.direct, done.emulated, len(done.log)))
    return pd.DataFrame(rows, columns=["tables", "device", "instructions", "direct", "emulated", "exits"])
