"""Copies of a host that undo starts from: when another one is worth it, and how many are kept."""

from vmwidgets.model.host import Host
from vmwidgets.model.paged import PagedMemory

EVERY = 32
"""Commands between two copies of an ordinary host."""
MOST = 4
MOST_BYTES = 2**30
"""Copies that are kept at most, and what they take."""
BYTES_PER_PAGE = 24
"""Of a frame or a guest page, in a copy."""
_PAGES_PER_COMMAND = 2**13  # that are touched, or copied, in the time that an ordinary command takes


class Copies:
    """Copies of one host, each taken after some number of commands."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[tuple[int, Host]] = []

    @property
    def taken_after(self) -> tuple[int, ...]:
        """After how many commands each was taken."""
        return tuple(commands for commands, _host in self._kept)

    def latest(self, commands: int) -> tuple[int, Host | None]:
        """Return the last copy that was taken after at most so many commands, copied; none: 0 commands and ``None``."""
        return next(((n, host.copy()) for n, host in reversed(self._kept) if n <= commands), (0, None))

    def forget_after(self, commands: int) -> None:
        """Forget the copies that were taken after more commands."""
        self._kept = [kept for kept in self._kept if kept[0] <= commands]

    def consider(self, commands: int, host: Host) -> None:
        """Keep a copy of the host, after so many commands, if a replay from the last one would cost clearly more."""
        if self._is_far(commands, host):
            self._keep(commands, host)

    def _is_far(self, commands: int, host: Host) -> bool:
        """Return whether to replay what came since the last copy would cost clearly more than another copy.

        Both are counted in ordinary commands: a simulated second of paged memory costs what its guests touch, a copy
        what the host and the guests have, page by page.
        """
        at, tick = (self._kept[-1][0], self._kept[-1][1].tick) if self._kept else (0, 0)
        memory = host.memory
        if memory is None:
            return commands - at >= EVERY
        seconds = (host.tick - tick) * host.tick_s
        touched = seconds * sum(tenant.active for tenant in memory.tenants.values())
        most = EVERY + 2 * _pages(memory) // _PAGES_PER_COMMAND
        return commands - at + touched // _PAGES_PER_COMMAND >= most

    def _keep(self, commands: int, host: Host) -> None:
        """Keep the host as it is now, and of the older copies as many as there is room for."""
        room = MOST
        if host.memory is not None:
            room = min(room, MOST_BYTES // (BYTES_PER_PAGE * _pages(host.memory)))
        if not room:
            return
        del self._kept[: max(len(self._kept) + 1 - room, 0)]
        self._kept.append((commands, host.copy()))


def _pages(memory: PagedMemory) -> int:
    """Return how many frames and guest pages there are to copy."""
    return memory.machine.frames + sum(tenant.guest.pages for tenant in memory.tenants.values())
