"""Trap and emulate, step by step: the guest's code, the real and the virtual processor, and the log of exits."""

from typing import Any
from xml.etree import ElementTree as Xml

import traitlets

from vmwidgets.experiments.trapped import Work
from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.deprivileged import NEW, PORT, SPARE, entry_address
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_code import REGISTERS, Memory, Register
from vmwidgets.model.trap_and_emulate import DEVICES, TABLES, VMM
from vmwidgets.widgets.kit import View, plain
from vmwidgets.widgets.picture import WIDTH, add_rect, add_text, svg_of
from vmwidgets.widgets.trap_words import KINDS, PHASES, processor, told

EXAMPLE = f"""\
mov eax, 7
cli
mov edi, {entry_address(NEW):#x}
mov qword [rdi], {SPARE | 7:#x}
sti
mov ebx, {NEW:#x}
mov [rbx], rax
mov edx, {PORT:#x}
out dx, eax
in eax, dx
mov rcx, cr3
hlt
"""
"""A kernel at work: it closes the interrupts, maps a page, uses it, and gives its disk a request."""
MAX_INSTRUCTIONS = 200
"""So many instructions of a program of one's own are run."""
_TABLES = {"shadow": mark("shadow tables"), "nested": mark("nested tables (EPT/NPT)")}
_DEVICES = {
    "emulated": mark("emulated device"),
    "virtio": mark("virtio queue"),
    "passed_through": mark("device passed through"),
}
_ROW = 20


class TrapStepper(View):
    """A guest under a VMM of trap and emulate, to step through forward and back.

    The whole run is one trait: stepping needs no kernel. It is sent again when other tables or another device are
    chosen.

    Parameters
    ----------
    guest
        What the guest does: a :class:`vmwidgets.experiments.trapped.Work`, whose driver fits the chosen device, or the
        text of a program, of which at most :data:`MAX_INSTRUCTIONS` instructions are run. By default a short example.
    tables
        ``"shadow"`` or ``"nested"``.
    device
        ``"emulated"``, ``"virtio"`` or ``"passed_through"``; the driver of a program's text stays as it is.

    Raises
    ------
    VmwidgetsError
        If the guest is neither, its text is no program, or there are no such tables or device.
    """

    _front = "trap_stepper"
    _messages = ("set",)

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, guest: Work | str = EXAMPLE, *, tables: str = "shadow", device: str = "emulated") -> None:
        if not isinstance(guest, Work | str):
            raise VmwidgetsError(
                "{name} is {value}, expected Work(…) or the text of a program", name="guest", value=repr(guest)[:60]
            )
        self.guest = guest
        self._chosen = {"tables": tables, "device": device}
        self._locked = False
        self._turn = 0
        self.run = self._execute()
        super().__init__(state=self._state())

    def refresh(self) -> None:
        """Write all synced traits anew."""
        self.state = self._state()

    def lock(self) -> None:
        """Hide the run until :meth:`unlock`."""
        self._locked = True
        self.refresh()

    def unlock(self) -> None:
        """Show the run."""
        self._locked = False
        self.refresh()

    def _on_set(self, content: dict[str, Any]) -> None:
        name, value = str(content.get("id")), str(content.get("value"))
        known = {"tables": TABLES, "device": DEVICES}.get(name)
        if known is None:
            raise VmwidgetsError("there is no control {name}", name=repr(name)[:40])
        if value not in known:
            raise VmwidgetsError(
                "{name} is {value}, expected one of {known}", name=name, value=repr(value)[:60], known=", ".join(known)
            )
        self._chosen[name] = value
        self.run = self._execute()
        self._turn += 1
        self.refresh()

    def _execute(self) -> VMM:
        tables, device = self._chosen["tables"], self._chosen["device"]
        if isinstance(self.guest, Work):
            return self.guest.run(tables, device)
        return VMM(self.guest, tables, device).run(MAX_INSTRUCTIONS)

    def _state(self) -> dict[str, Any]:
        if self._locked:
            # The run is the answer: it is not even sent before the prediction is in.
            return {"closed": _("The run opens when your prediction is in.")}
        run, lines = self.run, self.run.cpu.program.text.splitlines()
        used = _registers(run)
        names = [_("mode"), _("interrupt flag"), "CR3", _("second-stage tables"), *(REGISTERS[at] for at in used)]
        devices = _DEVICES if isinstance(self.guest, Work) else {}
        return {
            "closed": "",
            "turn": self._turn,
            "choices": [
                ["tables", _("Page tables"), [[id, _(text)] for id, text in _TABLES.items()], run.tables],
                ["device", _("Device"), [[id, _(text)] for id, text in devices.items()], run.device_model],
            ],
            "queue": run.device_model == "virtio" and isinstance(self.guest, Work),
            "program": lines,
            "phases": [[id, _(text)] for id, text in PHASES.items()],
            "names": names,
            "moments": [self._moment(at, used, lines) for at in range(len(run.moments))],
            "log": [
                [_(KINDS[now.kind]), lines[now.line - 1].strip(), told(run, at, lines)]
                for at, now in enumerate(run.moments)
                if now.phase == "act"
            ],
        }

    def _moment(self, at: int, used: list[int], lines: list[str]) -> dict[str, Any]:
        now = self.run.moments[at]
        values = [f"{now.registers[register]:#x}" for register in used]
        inside = now.real.mode == "vmm"
        root = self.run.second_stage_root
        return {
            "phase": now.phase,
            "line": now.line if now.phase != "start" else 0,
            "next": now.next_line,
            "text": told(self.run, at, lines),
            "real": [*processor(now, now.real, 0 if inside else root), *(["–"] * len(values) if inside else values)],
            "virtual": [*processor(now, now.virtual, 0), *values],
            "counts": [now.executed, now.direct, now.exits, now.emulated],
            "requests": list(now.requests),
            "queued": list(now.queued),
        }

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        # Readers without a kernel see the picture; those with one see the widget.
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle and not self._locked:
            bundle[0]["image/svg+xml"] = picture(self.run)
        return bundle

    def __repr__(self) -> str:
        if self._locked:
            return "<TrapStepper, closed>"
        run = self.run
        return f"<TrapStepper: {run.cpu.executed} instructions, {run.emulated} emulated>"


def _registers(run: VMM) -> list[int]:
    """Return the general registers that a program uses."""
    found = {0}
    for one in run.cpu.program.instructions:
        for operand in one.operands:
            if isinstance(operand, Register):
                found.add(operand.number)
            elif isinstance(operand, Memory):
                found |= {at for at in (operand.base, operand.index) if at is not None}
    return sorted(found)


def summary(run: VMM) -> str:
    """Return in a sentence what came of a run."""
    return plain(
        mark("Instructions: {executed}; run directly: {direct}, emulated: {emulated}; exits: {exits}."),
        executed=number(run.cpu.executed),
        direct=number(run.direct),
        emulated=number(run.emulated),
        exits=number(len(run.log)),
    )


def picture(run: VMM) -> str:
    """Return a run as an SVG text: the program, and beside each line whether it ran directly or what the VMM did."""
    lines = run.cpu.program.text.splitlines()
    said = {now.line: told(run, at, lines) for at, now in enumerate(run.moments) if now.phase == "act"}
    svg = svg_of(60 + _ROW * len(lines), summary(run))
    devices = f", {_(_DEVICES[run.device_model])}"
    add_text(svg, 16, 24, _(_TABLES[run.tables]) + devices, weight="600")
    add_text(svg, WIDTH - 16, 24, summary(run), anchor="end", fill="#565e66")
    for at, line in enumerate(lines):
        y = 52 + at * _ROW
        if at + 1 in said:
            add_rect(svg, 12, y - 14, WIDTH - 24, _ROW - 2, "#fbe3d6", radius=3)
        add_text(svg, 20, y, line.strip())
        add_text(
            svg,
            270,
            y,
            said.get(at + 1, _("runs directly")),
            fill="#111111" if at + 1 in said else "#565e66",
            size="12",
        )
    return Xml.tostring(svg, encoding="unicode")
