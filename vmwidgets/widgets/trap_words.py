"""What a moment of trap and emulate is in words, for the stepper."""

from collections.abc import Sequence

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark, number
from vmwidgets.model.deprivileged import HANDLER, NOTIFY, Processor
from vmwidgets.model.guest_code import REGISTERS
from vmwidgets.model.moments import Moment
from vmwidgets.model.trap_and_emulate import VMM
from vmwidgets.widgets.kit import plain

MODES = {
    "kernel": mark("kernel"),
    "user": mark("user"),
    "guest": mark("guest mode"),
    "vmm": mark("the VMM's"),
}
PHASES = {
    "run": mark("guest runs"),
    "trap": mark("trap"),
    "decode": mark("VMM decodes"),
    "act": mark("VMM emulates"),
    "resume": mark("guest resumes"),
}
KINDS = {
    "device": mark("device access"),
    "halt": mark("halt"),
    "flag": mark("interrupt flag"),
    "cr3": mark("CR3, the root of the page tables"),
    "tables": mark("write to the guest's page tables"),
    "user": mark("privileged instruction of a user program"),
    "unmapped": mark("access that the guest's tables do not allow"),
    "other": mark("call of the VMM"),
    "hidden": mark("page without an entry in the VMM's tables"),
}


def told(vmm: VMM, at: int, lines: Sequence[str]) -> str:
    """Return the sentence of a moment.

    Parameters
    ----------
    vmm
        Whose run it is.
    at
        Index of the moment.
    lines
        Lines of the program.
    """
    now = vmm.moments[at]
    code = lines[now.line - 1].strip() if now.line else ""
    where = _(MODES[now.real.mode])
    if now.phase == "start":
        if vmm.tables == "nested":
            return _("The guest is about to begin, in a mode of its own that the processor keeps for guests.")
        return _("The guest is about to begin. It believes it is in kernel mode; really it runs in user mode.")
    if now.phase == "run" and now.kind:
        return plain(
            mark("“{code}” is an exception: the processor calls the guest's own kernel, and the VMM hears nothing."),
            code=code,
        )
    if now.phase == "run":
        return plain(mark("“{code}” has run directly on the processor. The VMM has heard nothing of it."), code=code)
    if now.phase == "trap":
        return _trap(vmm, now, code)
    if now.phase == "decode":
        return _decode(now, code)
    if now.phase == "act":
        return _act(vmm, vmm.moments[at - 1], now)
    if not now.next_line or (vmm.ended and at == len(vmm.moments) - 1):
        return _("The guest has come to the end of its program.")
    if now.decision == "inject":
        return _("The guest goes on with the handler of its kernel, as after an exception of a real processor.")
    return plain(
        mark("The guest resumes, in {mode}, with “{code}”. It has not noticed anything."),
        mode=_("user mode") if now.real.mode == "user" else where,
        code=lines[now.next_line - 1].strip(),
    )


def _trap(vmm: VMM, now: Moment, code: str) -> str:
    if now.reason == "ept_violation":
        return plain(
            mark("“{code}”: the second-stage tables do not map this page. A VM exit: the VMM has control."), code=code
        )
    if now.reason == "page_fault":
        if now.kind == "tables":
            return plain(
                mark(
                    "“{code}” writes to a page that is read-only in the shadow tables: a page fault. The VMM has"
                    " control."
                ),
                code=code,
            )
        return plain(
            mark("“{code}”: the tables that the processor walks do not allow this: a page fault. The VMM has control."),
            code=code,
        )
    if vmm.tables == "nested":
        return plain(mark("“{code}” makes the processor leave the guest: a VM exit. The VMM has control."), code=code)
    return plain(
        mark("“{code}” is privileged, and the processor is in user mode: it traps. The VMM has control."), code=code
    )


def _decode(now: Moment, code: str) -> str:
    fields = {"what": _(KINDS[now.kind])}
    if now.kind == "hidden":
        return _("The VMM looks into the guest's own tables: they allow it. It is the VMM's table that is behind.")
    if now.kind == "unmapped":
        return _("The VMM looks into the guest's own tables: they do not allow it. That is for the guest's kernel.")
    if now.kind == "user":
        return _("The VMM decodes it: privileged, and the guest is in user mode. Its kernel has to hear of it.")
    if now.kind == "other":
        return plain(mark("The VMM decodes it: {what}."), **fields)
    if now.kind == "tables":
        return _("The VMM decodes it: the guest's kernel writes an entry of its page tables, which it may.")
    return plain(mark("The VMM decodes it: {what}. The guest believes it is in kernel mode, so it may."), **fields)


def _act(vmm: VMM, before: Moment, now: Moment) -> str:
    detail = dict(now.detail)
    if now.decision == "inject" and HANDLER not in vmm.cpu.program.labels:
        return _("The VMM gives the guest an exception. Nothing handles it: the guest is at its end.")
    if now.decision == "inject":
        return _("The VMM gives the guest an exception: its kernel goes on at its handler.")
    if now.kind == "hidden":
        return _("The VMM adds the missing entry. Nothing is emulated: the guest tries again.")
    if now.kind == "other":
        return _("The VMM answers in the registers: it has nothing of that kind.")
    if now.kind == "tables":
        return _("The VMM writes the entry into the guest's table and lets its shadow table follow.")
    if now.kind == "flag":
        if detail["value"]:
            return _("The virtual interrupt flag is set. The real one was set all the time.")
        return _("The virtual interrupt flag is cleared. The real one stays set, or the VMM would lose the processor.")
    if now.kind == "cr3":
        if detail["write"]:
            return _("The virtual CR3 gets the value; the real one gets shadow tables that the VMM has made for it.")
        return plain(
            mark("The guest gets its virtual CR3 in {register}, not the real one."),
            register=REGISTERS[detail["register"]],
        )
    if now.kind == "halt":
        return _("The virtual processor sleeps until an interrupt. The real one would run another guest meanwhile.")
    new = now.requests[len(before.requests) :]
    if detail["port"] == NOTIFY and vmm.device_model == "virtio":
        return plain(
            mark("The device finds the new requests in the queue, in the guest's memory: {requests}."),
            requests=", ".join(number(request) for request in new) or "–",
        )
    if detail["write"]:
        return plain(mark("The virtual device takes the request {request}."), request=number(detail["value"]))
    return plain(mark("The virtual device answers in rax: {count} requests so far."), count=number(len(now.requests)))


def processor(now: Moment, state: Processor, second_stage: int) -> list[str]:
    """Return mode, interrupt flag, CR3 and the root of the second-stage tables, as they are shown."""
    return [
        _(MODES[state.mode]),
        "1" if state.interrupts else "0",
        f"{state.cr3:#x}" if state.mode != "vmm" else "–",
        f"{second_stage:#x}" if second_stage else "–",
    ]
