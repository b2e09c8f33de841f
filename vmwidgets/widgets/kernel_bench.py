"""A bench for kernels: guests side by side and the host below them, and what is different after each act."""

from collections.abc import Sequence
from typing import Any

import traitlets

from vmwidgets.experiments.failing import ACTS
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.errors import VmwidgetsError, check_list, check_name
from vmwidgets.model.kernel_acts import MODULES, check_known
from vmwidgets.model.own_kernel import HOST, Bench, Done
from vmwidgets.model.stack import Stack
from vmwidgets.model.units import KiB
from vmwidgets.stacks import STACKS, get
from vmwidgets.widgets.kit import View, plain

ACT_NAMES = {
    "page_size": mark("boot a kernel with pages of 64 KiB"),
    "tick": mark("boot a kernel with a tick of 1000 Hz"),
    "parameter": mark("set vm.swappiness = 10"),
    "namespaced_parameter": mark("set net.ipv4.ip_forward = 1"),
    "module": mark("load the module wireguard"),
    "replace": mark("boot Linux 6.12"),
    "panic": mark("crash the kernel"),
    "write_outside": mark("write behind one's own memory"),
}
"""What can be done, in the order of the buttons."""
_ROWS = (
    ("kernel", mark("kernel")),
    ("page_bytes", mark("page size")),
    ("tick_hz", mark("tick")),
    ("modules", mark("modules loaded")),
    ("vm.swappiness", "vm.swappiness"),
    ("net.ipv4.ip_forward", "net.ipv4.ip_forward"),
    ("panicked", mark("the kernel")),
    ("stopped", mark("the applications")),
)
_WORDS = {
    ("panicked", 0): mark("runs"),
    ("panicked", 1): mark("has panicked"),
    ("stopped", 0): mark("run"),
    ("stopped", 1): mark("have stopped"),
}
_SHARED = "container"
"""Id of the stack whose guests have no kernel of their own."""
_MODES = (
    ("vm", mark("VMs ({stack})")),
    ("container", mark("containers without privileges")),
    ("privileged", mark("privileged containers")),
)


class KernelBench(View):
    """Guests and a host, with a kernel in every pane; what has changed since they were booted is marked.

    Parameters
    ----------
    stack
        Id of the stack whose VMs they are, or a stack.
    guests
        Their names.
    actor
        The guest in which things are done.

    Raises
    ------
    VmwidgetsError
        If there is no such stack or guest.
    """

    _front = "kernel_bench"
    _messages = ("act", "mode", "again")

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, stack: str | Stack = "kvm", guests: Sequence[str] = ("A", "B"), actor: str = "A") -> None:
        check_list("guests", guests)
        for name in guests:
            check_name("guest", name)
        check_known("guest", actor, guests)
        self._stack, self._guests, self.actor = get(stack), tuple(guests), actor
        self._locked = False
        self.mode = "vm"
        self._begin()
        super().__init__(state=self._state())

    # What can be done, here and in the page

    def act(self, name: str) -> Done:
        """Let the administrator of the acting guest do something, one of :data:`ACT_NAMES`, and return what changed."""
        if self._locked:
            raise VmwidgetsError("the bench opens when your prediction is in")
        check_known("act", name, ACT_NAMES)
        self.done = self._bench.act(self.actor, ACTS[name])
        self._last = name
        self.refresh()
        return self.done

    def choose(self, mode: str) -> None:
        """Choose what the guests are: ``"vm"``, ``"container"`` or ``"privileged"``; they are booted anew."""
        check_known("mode", mode, [id for id, _text in _MODES])
        self.mode = mode
        self.again()

    def again(self) -> None:
        """Boot all guests and the host anew."""
        self._begin()
        self.refresh()

    def lock(self) -> None:
        """Keep everything as it is until :meth:`unlock`."""
        self._locked = True
        self.refresh()

    def unlock(self) -> None:
        """Let things be done."""
        self._locked = False
        self.refresh()

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def _on_act(self, content: dict[str, Any]) -> None:
        self.act(str(content.get("act")))

    def _on_mode(self, content: dict[str, Any]) -> None:
        if self._locked:
            raise VmwidgetsError("the bench opens when your prediction is in")
        self.choose(str(content.get("mode")))

    def _on_again(self, _content: dict[str, Any]) -> None:
        self.again()

    # What is shown

    def _begin(self) -> None:
        stack = self._stack if self.mode == "vm" else STACKS[_SHARED]
        privileged = None if self.mode == "vm" else self.mode == "privileged"
        self._bench = Bench(stack, dict.fromkeys(self._guests), privileged=privileged)
        self._fresh = {pane: self._shown(pane) for pane in self._panes()}
        self.done: Done | None = None
        self._last = ""

    def _panes(self) -> tuple[str, ...]:
        return (*self._guests, HOST)

    def _shown(self, pane: str) -> dict[str, str]:
        seen = self._bench.seen(pane)
        loaded = ", ".join(module for module in MODULES if seen[module])
        shown: dict[str, str] = {"modules": loaded or _("none")}
        for name, value in seen.items():
            if (word := _WORDS.get((name, int(value) if isinstance(value, int) else -1))) is not None:
                shown[name] = _(word)
            elif name == "page_bytes":
                shown[name] = plain(mark("{size} KiB"), size=number(int(value) // KiB))
            elif name == "tick_hz":
                shown[name] = plain(mark("{rate} Hz"), rate=number(int(value)))
            else:
                shown[name] = _(value) if isinstance(value, str) else number(value)
        return shown

    def _sentence(self) -> str:
        if self.done is None:
            return plain(mark("Everything has just been booted. The acts are done in {guest}."), guest=self.actor)
        if self.done.refused:
            return _(self.done.refused).format(guest=self.actor)
        titles = [self._title(pane) for pane in self.done.panes]
        if not titles:
            return _("Done. It was so already: nothing has changed.")
        return plain(mark("Done. Something has changed in: {panes}."), panes=", ".join(titles))

    def _title(self, pane: str) -> str:
        return plain(mark("the host: {layer}"), layer=_(self._bench.host_layer.name)) if pane == HOST else pane

    def _state(self) -> dict[str, Any]:
        panes: list[dict[str, Any]] = []
        for pane in self._panes():
            shown, fresh = self._shown(pane), self._fresh[pane]
            rows = [
                {"name": _(name), "value": shown[id], "was": "" if shown[id] == fresh[id] else fresh[id]}
                for id, name in _ROWS
                if id in shown
            ]
            panes.append({"title": self._title(pane), "rows": rows, "changed": shown != fresh})
        return {
            "locked": self._locked,
            "closed": _("The bench opens when your prediction is in.") if self._locked else "",
            "modes": [[id, plain(text, stack=self._stack.name) if id == "vm" else _(text)] for id, text in _MODES],
            "mode": self.mode,
            "actor": self.actor,
            "acts": [[id, _(text)] for id, text in ACT_NAMES.items()],
            "refused": bool(self.done and self.done.refused),
            "sentence": self._sentence(),
            "panes": panes,
        }

    def _translate(self, language: str) -> None:
        # What a pane showed at first is text too: it has to be said anew before it is compared.
        seen, self._bench = self._bench, Bench(self._bench.stack, dict.fromkeys(self._guests))
        self._fresh = {pane: self._shown(pane) for pane in self._panes()}
        self._bench = seen
        super()._translate(language)

    def __repr__(self) -> str:
        changed = [pane["title"] for pane in self.state["panes"] if pane["changed"]]
        return f"<KernelBench: {self.mode}, {', '.join(changed) or 'nothing'} changed>"
