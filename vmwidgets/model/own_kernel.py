"""A kernel of one's own: what becomes different, and where, when a guest changes, crashes or replaces its kernel.

Every kernel lies in a page of machine memory, and whoever changes it writes through the page tables that it has: a
guest kernel through its second-stage table, a container by system calls to the kernel of the host. So the difference
between before and after is found in memory, frame by frame, and not written down.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vmwidgets.model.acts import kernel_of_guest
from vmwidgets.model.errors import VmwidgetsError, check_name
from vmwidgets.model.guest_memory import PAGE_BYTES, GuestMemory, Trap
from vmwidgets.model.kernel_acts import (
    MODULES,
    PARAMETERS,
    Act,
    LoadModule,
    Panic,
    Rebuild,
    Replace,
    SetParameter,
    WriteOutside,
    check_known,
)
from vmwidgets.model.layers import Layer
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import GuestKernel
from vmwidgets.model.words import said

HOST = "host"
"""The pane of what lies below the guests."""


_KERNEL, _APPS = 0, 1
"""Guest pages: of the kernel, and of the applications with their namespaces."""
_SETTINGS = ("page_bytes", "tick_hz", "panicked")
_IN_KERNEL = (*_SETTINGS, *PARAMETERS, *MODULES)
_IN_APPS = ("stopped", *(name for name, parameter in PARAMETERS.items() if parameter.namespaced))
_DEAD = said("the kernel of {guest} has panicked: it does nothing any more until another one is booted")
_NAME_LENGTH = PAGE_BYTES // 2
_NAME_WORDS = range(_NAME_LENGTH + 8, _NAME_LENGTH + 8 + 4 * 40, 8)  # 40 characters of up to 4 bytes


# -------------------------------------------------------------------------------------------------------------- result
@dataclass(frozen=True, slots=True)
class Change:
    """One difference that one pane shows."""

    pane: str
    what: str
    before: int | str
    after: int | str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act.

    Parameters
    ----------
    changes
        All differences, pane by pane.
    frames
        The machine frames whose content differs.
    refused
        Why nothing was done, an English sentence with the field ``{guest}``; ``""``: it was done.
    """

    changes: tuple[Change, ...]
    frames: tuple[int, ...]
    refused: str = ""

    @property
    def panes(self) -> tuple[str, ...]:
        """The panes that show a difference."""
        return tuple(dict.fromkeys(change.pane for change in self.changes))


class Bench:
    """Guests side by side, and below them the host: their kernels in one machine's memory.

    Parameters
    ----------
    stack
        Whose layers say which kernel the applications of a guest run on.
    guests
        Names of guests with their kernels; None: the default one. Where guests have no kernel of their own, only None.
    privileged
        Whether a guest without a kernel of its own may do to the host's kernel what the host's administrator may. By
        default it may if its applications are not confined. (Docker, "Runtime privilege and Linux capabilities")

    Raises
    ------
    VmwidgetsError
        If the stack has no guests, or a guest cannot have the kernel that is asked for.
    """

    def __init__(
        self, stack: Stack, guests: Mapping[str, GuestKernel | None] | None = None, *, privileged: bool | None = None
    ) -> None:
        if "guest_apps" not in stack.layers:
            raise VmwidgetsError("{stack} has no layers of guests", stack=stack.name)
        self.stack, self.guests = stack, tuple(guests or {"A": None, "B": None})
        self.own = kernel_of_guest(stack.layers).per_vm
        """Whether each guest has a kernel of its own."""
        self.privileged = self.own or (not stack.layers["guest_apps"].confined if privileged is None else privileged)
        self.memory = bytearray((1 + 2 * len(self.guests)) * PAGE_BYTES)
        self.owner = {0: HOST}
        """Whose each frame is."""
        self._maps = {HOST: GuestMemory(self.memory, {_KERNEL: 0})}
        for i, guest in enumerate(self.guests):
            check_name("guest", guest)
            kernel = (guests or {}).get(guest)
            frames = {_KERNEL: 1 + 2 * i, _APPS: 2 + 2 * i} if self.own else {_APPS: 2 + 2 * i}
            self._maps[guest] = GuestMemory(self.memory, frames)
            self.owner.update(dict.fromkeys(frames.values(), guest))
            if self.own:
                self._boot(guest, kernel or GuestKernel("Linux"))
            elif kernel is not None:
                raise VmwidgetsError(
                    "{guest} cannot have a kernel of its own: its applications run on that of the host ({stack})",
                    guest=guest,
                    stack=stack.name,
                )
        self._boot(HOST, GuestKernel(self.host_layer.name))

    @property
    def host_layer(self) -> Layer:
        """What the pane of the host shows: the lowest layer that is a kernel or a VMM."""
        return next(one for one in self.stack.layers if one.kind in ("kernel", "vmm") and not one.per_vm)

    def seen(self, pane: str) -> dict[str, int | str]:
        """Return what a pane shows: a kernel, and how the applications on it are."""
        kernel = self._maps[self._kernel_of(pane)]
        length = kernel.load(_NAME_LENGTH, 8)
        shown: dict[str, int | str] = {
            "kernel": b"".join(kernel.load(at, 8).to_bytes(8, "little") for at in _NAME_WORDS)[:length].decode()
        }
        shown |= {name: kernel.load(_at(_KERNEL, _IN_KERNEL, name), 8) for name in _IN_KERNEL}
        if pane != HOST:
            own = _IN_APPS[:1] if self.own else _IN_APPS
            shown |= {name: self._maps[pane].load(_at(_APPS, _IN_APPS, name), 8) for name in own}
        return shown

    def act(self, guest: str, act: Act) -> Done:
        """Let the administrator of a guest do something, and return what is different then.

        Raises
        ------
        VmwidgetsError
            If there is no such guest.
        """
        check_known("guest", guest, self.guests)
        panes = (*self.guests, HOST)
        before, memory = {pane: self.seen(pane) for pane in panes}, self.memory.copy()
        refused = self._do(guest, act)
        changes = [
            Change(pane, what, value, now)
            for pane in panes
            for (what, value), now in zip(before[pane].items(), self.seen(pane).values(), strict=True)
            if value != now
        ]
        pages = range(0, len(memory), PAGE_BYTES)
        frames = [at // PAGE_BYTES for at in pages if memory[at : at + PAGE_BYTES] != self.memory[at : at + PAGE_BYTES]]
        return Done(tuple(changes), tuple(frames), refused)

    # What happens

    def _do(self, guest: str, act: Act) -> str:
        """Do it; return why not, or ``""``."""
        if isinstance(act, WriteOutside):
            try:
                self._maps[guest].store(max(self._maps[guest].table) * PAGE_BYTES + PAGE_BYTES, 1, 8)
            except Trap:
                return act.refusal
            return ""
        if not self.own and isinstance(act, SetParameter) and PARAMETERS[act.name].namespaced:
            self._store(guest, _APPS, {act.name: act.value})
            return ""
        if not self.privileged:
            return act.refusal
        on, now = self._kernel_of(guest), self.seen(guest)
        if now["panicked"] and not isinstance(act, Replace | Rebuild):
            return _DEAD
        match act:
            case SetParameter(name, value):
                self._store(on, _KERNEL, {name: value})
            case LoadModule(name):
                self._store(on, _KERNEL, {name: 1})
            case Replace(kernel):
                self._boot(on, kernel)
            case Rebuild(tick_hz, page_bytes):
                tick_hz, page_bytes = tick_hz or int(now["tick_hz"]), page_bytes or int(now["page_bytes"])
                self._boot(on, GuestKernel(str(now["kernel"]), page_bytes, tick_hz))
            case Panic():
                self._store(on, _KERNEL, {"panicked": 1})
                for one in self._on(on):
                    self._store(one, _APPS, {"stopped": 1})
            case _:
                raise VmwidgetsError("there is no act {act}", act=type(act).__name__)
        return ""

    def _on(self, kernel: str) -> list[str]:
        return [guest for guest in self.guests if self._kernel_of(guest) == kernel and guest in self._maps]

    def _kernel_of(self, pane: str) -> str:
        return pane if self.own else HOST

    def _boot(self, pane: str, kernel: GuestKernel) -> None:
        name = kernel.name.encode()
        self._maps[pane].store(_NAME_LENGTH, len(name), 8)
        for word, at in enumerate(_NAME_WORDS):
            self._maps[pane].store(at, int.from_bytes(name[8 * word : 8 * word + 8], "little"), 8)
        words = dict.fromkeys(_IN_KERNEL, 0) | {name: parameter.default for name, parameter in PARAMETERS.items()}
        self._store(pane, _KERNEL, words | {"page_bytes": kernel.page_bytes, "tick_hz": kernel.tick_hz})
        for guest in self._on(pane):  # its applications start again, and their namespaces are new
            self._store(guest, _APPS, {"stopped": 0} | {name: PARAMETERS[name].default for name in _IN_APPS[1:]})

    def _store(self, pane: str, page: int, words: Mapping[str, int]) -> None:
        names = _IN_KERNEL if page == _KERNEL else _IN_APPS
        for name, value in words.items():
            self._maps[pane].store(_at(page, names, name), value, 8)


def _at(page: int, names: tuple[str, ...], name: str) -> int:
    return page * PAGE_BYTES + 8 * names.index(name)
