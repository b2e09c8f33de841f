"""The time line of the scheduler lab: what each pCPU and each vCPU did, span by span."""

import threading
import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import traitlets

from vmwidgets.lab import Lab
from vmwidgets.locale import error_text, mark, ngettext, number
from vmwidgets.locale import gettext as _
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.quantum import QuantumRun, Rerun, entitled_permille
from vmwidgets.model.scheduler import RUNNABLE, RUNNING
from vmwidgets.model.scheduling import ALGORITHMS
from vmwidgets.widgets.kit import Selection, View, plain, watch

ALGORITHM_NAMES = {
    "round_robin": mark("Round robin"),
    "lottery": mark("Lottery"),
    "stride": mark("Stride"),
    "bvt": mark("Borrowed Virtual Time"),
    "credit": mark("Xen credit"),
    "credit_sampled": mark("Xen credit before 2009"),
    "credit2": mark("Xen credit2"),
    "cfs": mark("Linux CFS"),
    "eevdf": mark("Linux EEVDF"),
    "esx": mark("ESX, relaxed co-scheduling"),
    "esx_strict": mark("ESX 2, strict co-scheduling"),
    "hyperv_classic": mark("Hyper-V classic"),
    "hyperv_core": mark("Hyper-V core"),
    "hyperv_root": mark("Hyper-V root"),
    "hosted": mark("Hosted, on Linux"),
}
ACCOUNTS = {
    "": "",
    "credits": mark("credits"),
    "virtual time": mark("virtual time"),
    "tickets": mark("tickets, ‰"),
}
MAX_ROWS = 96
"""vCPUs that have a row; what the others did is in the rows of the pCPUs and in the table."""
_SMALL = 1 << 16


class TimeLine(View):
    """Who runs when: one row for each pCPU and each vCPU, for one scheduler or for two on the same guests.

    The spans of a run are sent once, as bytes; to zoom and to move about asks nothing of the kernel. Only what no span
    holds, the scheduler's accounts and run queues at the cursor, is asked for, one question at a time.

    Parameters
    ----------
    lab
        What is shown.
    selection
        Which VM; a new one if left out.
    """

    _front = "time_line"
    _messages = ("look", "select")

    state = traitlets.Dict().tag(sync=True)
    runs = traitlets.List().tag(sync=True)
    version = traitlets.Int(0).tag(sync=True)
    """Counts the runs: rows and words of one version belong together."""
    looked = traitlets.Dict().tag(sync=True)

    def __init__(self, lab: Lab, selection: Selection | None = None) -> None:
        self.lab = lab
        self.selection = selection or Selection(lab)
        self._lock = threading.Lock()  # a question may be answered on another thread than a command is carried out
        self._shown: tuple[QuantumRun, ...] = ()
        self._again: tuple[tuple[QuantumRun, ...], list[Rerun]] = (), []
        super().__init__()
        self._closers += [lab.subscribe(self._follow), watch(self.selection, ["vm"], self._changed)]
        self.refresh()

    def refresh(self) -> None:
        """Write all synced traits anew; the spans only if they are others."""
        with self.lab.hold(), self.hold_sync():
            runs, refusals = self.lab.quantum_outcomes()
            self.state = self._state(runs, refusals)
            if runs != self._shown or not self.version:  # runs are equal only to themselves
                self._shown = runs
                self.runs = [packed(run) for run in runs]
                self.version += 1

    def _follow(self, lab: Lab) -> None:
        self.selection.refresh(lab)
        self.refresh()

    def _changed(self, _change: object) -> None:
        self.refresh()

    # -------------------------------------------------------------------------------------------------------- messages
    def _on_look(self, content: dict[str, Any]) -> None:
        lab = self.lab
        with lab.hold():
            runs, version = self._shown, self.version
            rest = lab.seed, lab.default_shares
            make = [partial(Rerun, lab.hardware, lab.vms, lab.scheduling, run.algorithm, *rest) for run in runs]
        at = check_int("at", content.get("at"), 0, max((run.until_us for run in runs), default=0))
        with self._lock:
            if self._again[0] is not runs:
                self._again = runs, [one() for one in make]
            ends = [min(at, run.until_us) for run in runs]
            moments = [rerun.moment(end) for rerun, end in zip(self._again[1], ends, strict=True)]
        self.looked = {
            "at": at,
            "run": version,
            "accounts": [moment.accounts for moment in moments],
            "queues": [[[p.start, p.stop - 1, order] for p, order in moment.queues] for moment in moments],
        }

    def _on_select(self, content: dict[str, Any]) -> None:
        names, slot = self.selection.names(), content.get("slot")
        if isinstance(slot, int) and 0 <= slot < len(names) and names[slot]:
            self.selection.vm = names[slot]

    # ----------------------------------------------------------------------------------------------------------- state
    def _state(self, runs: tuple[QuantumRun, ...], refusals: Sequence[VmwidgetsError]) -> dict[str, Any]:
        vms, selection = self.lab.vms, self.selection
        vcpus = [
            {"label": f"{vm.name}/{vcpu}" if vm.vcpus > 1 else vm.name, "slot": selection.slot(vm.name)}
            for vm in vms
            for vcpu in range(vm.vcpus)
        ]
        programs = max((np.count_nonzero(run.owner >= len(vms)) for run in runs), default=0)
        label = mark("host program {n}")
        vcpus += [{"label": plain(label, n=program + 1), "slot": -1} for program in range(programs)]
        return {
            "lab": selection.id,
            "pcpus": self.lab.hardware.pcpus,
            "vcpus": vcpus,
            "rows_most": MAX_ROWS,
            "names": selection.names(),
            "selected": selection.slot(selection.vm),
            "schedulers": [_scheduler(run) for run in runs],
            "sentence": sentence(self.lab, runs),
            "rows": table(self.lab, runs),
            "note": " ".join([*dict.fromkeys(map(error_text, refusals)), *self._notes(runs, len(vcpus))]),
        }

    def _notes(self, runs: tuple[QuantumRun, ...], vcpus: int) -> list[str]:
        notes: list[str] = []
        if not self.lab.vms:
            notes.append(_("No virtual machine runs on the server."))
        for run in runs:
            if run.until_us < self.lab.scheduling.window_s * 1_000_000:
                told = mark("{scheduler} switched so often that only the first {seconds} s were run.")
                seconds = number(run.until_us / 1e6, 1)
                notes.append(plain(told, scheduler=_(ALGORITHM_NAMES[run.algorithm]), seconds=seconds))
        if vcpus > MAX_ROWS:
            notes.append(plain(mark("Only the first {count} vCPUs have a row of their own."), count=MAX_ROWS))
        return notes

    def __repr__(self) -> str:
        return f"<TimeLine: {', '.join(self.lab.scheduling.algorithms)}, {self.lab.scheduling.window_s} s>"


def _scheduler(run: QuantumRun) -> dict[str, str]:
    switches = ngettext("{count} context switch", "{count} context switches", run.switches)
    told = switches.format(count=number(run.switches))
    if run.overhead_us:
        told += ", " + plain(mark("{time} ms lost in them"), time=number(run.overhead_us / 1000, 1))
    account = ACCOUNTS[ALGORITHMS[run.algorithm].account]
    return {"title": _(ALGORITHM_NAMES[run.algorithm]), "told": told, "account": _(account) if account else ""}


def packed(run: QuantumRun) -> dict[str, Any]:
    """Return a run for the page: three arrays after each other, little-endian, deflated if that saves much.

    The distance from the start of one span to that of the next, the first from 0 (uint32); the vCPU (uint16); and the
    pCPU << 3 | state (uint16). A span ends where the next one of its vCPU begins, so ends are not sent.
    """
    start, _end, pcpu, vcpu, state = run.timeline
    data = (
        np.diff(start, prepend=0).astype("<u4").tobytes()
        + vcpu.astype("<u2").tobytes()
        + (pcpu << 3 | state).astype("<u2").tobytes()
    )
    deflated = len(data) > _SMALL
    return {
        "id": run.algorithm,
        "count": len(start),
        "begin": int(start[0]) if len(start) else 0,
        "until": run.until_us,
        "deflated": deflated,
        "spans": zlib.compress(data, 1) if deflated else data,
    }


def sentence(lab: Lab, runs: tuple[QuantumRun, ...]) -> str:
    """Return what the time line shows, in one sentence a scheduler."""
    vms, said = lab.vms, list[str]()
    for run in runs:
        got = run.ran_permille(len(vms))
        parts = ", ".join(f"{vm.name} {number(value / 1000, 2)}" for vm, value in zip(vms, got.tolist(), strict=True))
        told = mark("{scheduler}: processors that each virtual machine got: {list}.")
        said.append(plain(told, scheduler=_(ALGORITHM_NAMES[run.algorithm]), list=parts))
    return " ".join(said) or _("No virtual machine runs on the server.")


def table(lab: Lab, runs: tuple[QuantumRun, ...]) -> list[list[str]]:
    """Return the text twin: what each VM is entitled to and got, how long it was ready, how late it woke.

    Programs of the host, where there are any, have one row at the end.
    """
    vms = lab.vms
    rows = [["", _("entitlement, pCPUs")], *([vm.name] for vm in vms)]
    for row, value in zip(rows[1:], entitled_permille(lab.hardware, vms, lab.seed).tolist(), strict=True):
        row.append(number(value / 1000, 2))
    for run in runs:
        name = _(ALGORITHM_NAMES[run.algorithm])
        what = (_("got, pCPUs"), _("ready, %"), _("latency, ms"), _("longest, ms"))
        rows[0] += [f"{name}: {text}" for text in what]
        got, ready = run.ran_permille(len(vms)), run.ready_permille(len(vms))
        for i, row in enumerate(rows[1:]):
            late = run.latencies_us(i)
            row += [number(got[i] / 1000, 2), number(ready[i] / 10, 1)]
            row += [number(v / 1000, 2) for v in (late[len(late) // 2], late[-1])] if len(late) else ["–", "–"]
    shares = [run.spent_us[run.owner >= len(vms)] / run.until_us for run in runs]
    if any(map(len, shares)):
        rows.append([_("host programs"), "–"])
        for part in shares:
            ran = [part[:, RUNNING].sum(), 100 * part[:, RUNNABLE].mean()] if len(part) else []
            rows[-1] += [*(number(value, 2 - i) for i, value in enumerate(ran)), *["–"] * (4 - len(ran))]
    return rows
