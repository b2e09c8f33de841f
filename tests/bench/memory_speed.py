"""Memory page by page on a large host: what moving and scanning pages costs, what the model itself takes, and a step.

    python -m tests.bench.memory_speed [--rounds 5]

The peer of each rate is a bare NumPy pass over the same pages in the same run: reading and writing the entries of the
arrays, without a decision or a count. Steps are timed on hosts of different sizes, interleaved; resident memory is the
process's own, before and after.
"""

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np

from vmwidgets.model.guest_pages import GuestPages, Mix
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.second_stage import BALLOONED
from vmwidgets.model.units import GiB, KiB, MiB
from vmwidgets.stacks import MEMORY

VMS = 4
PART = 1 << 16
"""Pages of one call."""


def resident_mb() -> float:
    """Memory of this process in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def host(memory_bytes: int, page_bytes: int, *, full: bool, profile: str = "esx") -> PagedMemory:
    """Return a host with VMs that have taken nearly all of its frames, if it shall be full."""
    hardware = Hardware(memory_bytes=memory_bytes, vmm_memory_bytes=memory_bytes // 32, page_bytes=page_bytes)
    memory = PagedMemory(hardware, MEMORY[profile])
    pages = (memory.machine.free - 2000) // VMS
    for number in range(VMS):
        slot = memory.add(GuestPages(pages, "Linux", f"VM{number}", Mix(kernel=0, image=0, cache=0)))
        for first in range(0, pages if full else 0, PART):
            gfns = np.arange(first, min(first + PART, pages))
            memory.machine.allocate(slot, gfns)
            memory.machine.write(slot, gfns, (gfns + 1 + slot * pages).astype(np.uint64))
    return memory


def sizes_mb(memory: PagedMemory) -> dict[str, float]:
    """Return what the parts of the model take: the bytes of their arrays."""
    machine = memory.machine
    tables = [array for t in machine.tables.values() for array in (t.entry, t.where, t.accessed, t.node_frames)]
    guests = [v for t in memory.tenants.values() for v in (t.guest._gfn_of, t.guest._spare, t.guest._balloon)]
    parts = {
        "frames: owner, gfn, refs, content, state": [
            *(machine.owner, machine.gfn, machine.refs, machine.content, machine.state)
        ],
        "frames given back (as far as used)": [machine._returned[: machine._returned_count]],
        "second-stage tables": tables,
        "swap store": [machine.swap.content],
        "hints of the scanner": [memory.sharing._bucket],
        "guests' own tables": guests[::3],
        "guests' lists (allocated, hardly used)": [a for i, a in enumerate(guests) if i % 3],
    }
    return {name: sum(array.nbytes for array in arrays) / 1e6 for name, arrays in parts.items()}


def rate(work: Callable[[], int]) -> float:
    """Pages per second of processor time."""
    began = time.process_time()
    pages = work()
    return pages / (time.process_time() - began)


def bare(memory: PagedMemory, parts: list[np.ndarray]) -> int:
    """Read and write the entries of the same pages and of their frames, as if there were nothing to decide."""
    machine, table = memory.machine, memory.machine.tables[0]
    for gfns in parts:
        frames = table.entry[gfns]
        machine.content[frames] = machine.content[frames]
        for array in (machine.owner, machine.gfn, machine.refs, machine.state):
            array[frames] = array[frames]
        for array in (table.entry, table.where):
            array[gfns] = array[gfns]
    return sum(map(len, parts))


def movers(memory: PagedMemory, parts: list[np.ndarray]) -> dict[str, Callable[[], int]]:
    """Return what moves or scans pages of the first VM, each a function that says how many."""
    machine, slot = memory.machine, 0
    count = sum(map(len, parts))

    def each(act: Callable[[np.ndarray], object]) -> int:
        for gfns in parts:
            act(gfns)
        return count

    return {
        "swap out, random pages": lambda: each(lambda gfns: machine.swap_out(slot, gfns)),
        "swap in": lambda: each(lambda gfns: machine.swap_in(slot, gfns)),
        "to the balloon": lambda: each(lambda gfns: machine.release(slot, gfns, BALLOONED)),
        "fresh frames": lambda: each(lambda gfns: machine.allocate(slot, gfns)),
        "scan, nothing equal": lambda: scan(memory, count),
    }


def scan(memory: PagedMemory, count: int) -> int:
    """Scan pages; return how many."""
    before = memory.sharing.scanned
    for _ in range(0, count, PART):
        memory.sharing.scan(PART, "between")
    return memory.sharing.scanned - before


def speed(rounds: int) -> None:
    """Print rates on a host of 64 GiB in pages of 4 KiB, and what it takes."""
    before = resident_mb()
    memory = host(64 * GiB, 4 * KiB, full=True)
    print(f"64 GiB in pages of 4 KiB: {memory.machine.frames:,} frames, {memory.machine.free:,} free")
    print(f"  resident memory of the model, all frames in use: {resident_mb() - before:.0f} MB")
    pages = memory.machine.tables[0].pages
    some = np.random.default_rng(1).permutation(pages)[: 16 * PART].copy()
    parts = [some[first : first + PART] for first in range(0, len(some), PART)]
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name, work in movers(memory, parts).items():
            peer = rate(lambda: bare(memory, parts))
            found.setdefault(name, []).append((own := rate(work), own / peer))
    for name, pairs in found.items():
        own, ratio = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"  {name:24} {own / 1e6:7.2f} M pages/s, {ratio:5.2f} of a bare pass over the same pages")
    print(f"  resident after a million pages were swapped, ballooned and scanned: {resident_mb() - before:.0f} MB")
    for name, mb in sizes_mb(memory).items():
        print(f"    {name:44} {mb:7.1f} MB")


def steps(rounds: int) -> None:
    """Print the time of a step in which guests touch next to nothing, on hosts of different sizes."""
    cases = {
        "1 GiB, 4 KiB": host(GiB, 4 * KiB, full=True),
        "64 GiB, 4 KiB": host(64 * GiB, 4 * KiB, full=True),
        "1 TiB, 2 MiB": host(1024 * GiB, 2 * MiB, full=True),
    }
    for memory in cases.values():
        for tenant in memory.tenants.values():
            tenant.guest.used = 1
            tenant.shares = 1
        memory.tune(memory.profile.with_changes(scan_pages_per_s=0))
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, memory in cases.items():
            began = time.process_time()
            for _ in range(30):
                memory.step(dict.fromkeys(memory.tenants, 1))
            times[name].append((time.process_time() - began) / 30 * 1e6)
    base = statistics.median(times["1 GiB, 4 KiB"])
    print("a second in which guests touch one page each, nothing is scanned:")
    for name, column in times.items():
        own = statistics.median(column)
        print(f"  {name:14} {own:8.0f} us, {own / base:5.2f} of the smallest host")


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    speed(chosen.rounds)
    steps(chosen.rounds)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
