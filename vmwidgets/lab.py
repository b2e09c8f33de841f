"""The lab: one host and one command log. Widgets, notebooks, the command line and the grader are views of it."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from vmwidgets import experiment_file, saving
from vmwidgets.commands import (
    Advance,
    Command,
    Configure,
    CreateVM,
    DestroyVM,
    SetMemory,
    SetScheduler,
    SetStack,
    Setup,
    SetWorkload,
)
from vmwidgets.journal import Journal
from vmwidgets.model.errors import VmwidgetsError, check_int
from vmwidgets.model.hardware import Hardware
from vmwidgets.model.history import METRICS, History, Segment
from vmwidgets.model.host import MAX_FORECAST, Host
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.product_controls import Adjustment, changes_of, default_shares, new_vm, values
from vmwidgets.model.quantum import QuantumRun, run_quantum
from vmwidgets.model.scheduling import Scheduling
from vmwidgets.model.snapshot import Snapshot
from vmwidgets.model.stack import Stack
from vmwidgets.model.vm import VM
from vmwidgets.model.workload import Workload
from vmwidgets.stacks import get

if TYPE_CHECKING:
    import pandas as pd

    from vmwidgets.model.range.attack import Attack
    from vmwidgets.model.range.verdict import Verdict


class Lab:
    """A modelled server with its virtual machines, and all that was done to it.

    Everything that changes the host is a command: checked, carried out, logged, and announced once to every
    subscriber. The log is the experiment: replayed on a fresh host it gives the same digest, bit for bit.

    Parameters
    ----------
    stack
        Id of a stack (:data:`vmwidgets.stacks.STACKS`), or a :class:`~vmwidgets.model.stack.Stack`. A product's own
        scheduler is the one that is looked at slice by slice.
    seed
        Key of all random numbers, 0 to 2**63 - 1.
    hardware
        The server.
    tick_s
        Seconds of a tick, 1 to 86,400; with ``memory`` 1 to 60.
    memory
        Id of a memory profile (:data:`vmwidgets.stacks.MEMORY`): memory is then modelled page by page, by the second.
        ``True``: the stack's own.

    Raises
    ------
    VmwidgetsError
        From every method: if something cannot be done. The lab is then as it was.
    """

    def __init__(
        self,
        stack: str | Stack = "neutral",
        seed: int = 0,
        hardware: Hardware | None = None,
        tick_s: int = 60,
        memory: str | bool = "",
    ) -> None:
        stack = get(stack)
        hardware = Hardware() if hardware is None else hardware
        setup = Setup(hardware, stack, seed, tick_s, _profile(stack, memory))
        # Callbacks of widgets may arrive on another thread than the cell's: everything goes through this lock.
        self._lock = threading.RLock()
        self._subscribers: dict[object, Callable[[Lab], object]] = {}
        self._need_pages: set[object] = set()
        self._horizon = 1
        self._runs: dict[tuple[Hardware, tuple[VM, ...], Scheduling, int, int], QuantumRun] = {}
        self._turn_to(Journal(setup))

    def _turn_to(self, journal: Journal) -> None:
        self._journal = journal
        self._coming: Segment | None = None

    @property
    def _host(self) -> Host:
        return self._journal.host

    # ------------------------------------------------------------------------------------------------------- commands
    def create_vm(self, name: str, /, **settings: Any) -> Snapshot:
        """Create a VM. Admission control may refuse it.

        Parameters
        ----------
        name
            Unique in the lab.
        **settings
            Those of :class:`~vmwidgets.model.vm.VM`, and the controls of the stack under its own names, with ``_`` for
            what a Python name cannot have: ``cpu_weight=200`` for KVM's ``cpu.weight``, see :meth:`controls`.
        """
        with self._lock:
            vm = new_vm(self.stack, self.hardware, {**settings, "name": name, **_workload(settings)})
            return self.do(CreateVM(vm.named(name)))

    def clone_vm(self, name: str, new_name: str) -> Snapshot:
        """Create a VM with the settings of another one; its disk begins with what the other's began with."""
        return self.do(CreateVM(self.vm(name).named(new_name)))

    def destroy_vm(self, name: str) -> Snapshot:
        """Switch a VM off and give back all it had."""
        return self.do(DestroyVM(name))

    def configure(self, vm: str, /, **changes: Any) -> Snapshot:
        """Change settings of a VM, all of them or none; ``name`` is one of them, and its random numbers stay.

        The names are those of :meth:`create_vm`. The log holds what they mean to the model.
        """
        changes |= _workload(changes)
        with self._lock:
            if self.stack.controls:
                changes = changes_of(self.stack, self.hardware, self.vm(vm), changes)
            return self.do(Configure(vm, tuple(changes.items())))

    def controls(self, vm: str) -> dict[str, int | str | None]:
        """Return the shares, reservations and limits of a VM under the stack's own names and in its own units.

        Range, default and unit of each are in ``lab.stack.controls``.
        """
        with self._lock:
            return values(self.stack, self._host.vm(vm), self.hardware)

    def set_stack(self, stack: str | Stack) -> tuple[Adjustment, ...]:
        """Move the VMs to another product: they are shut down here and start there, with its scheduler and memory.

        Shares are taken along as the multiple of the default that they are, amounts as amounts. What the product has
        no control for begins with its default.

        Returns
        -------
        tuple
            What could not be taken along as it was, one :class:`~vmwidgets.model.product_controls.Adjustment` each.
        """
        command = SetStack(get(stack).id)
        if isinstance(stack, Stack) and get(command.stack) is not stack:
            raise VmwidgetsError(
                "{product} is another stack than {id}, which a log would name", product=stack.name, id=command.stack
            )
        with self._lock:
            adjusted = self._host.moved(get(stack))[1]
            self.do(command)
            return adjusted

    def set_workload(self, name: str, workload: Workload | str) -> Snapshot:
        """Give the guest something else to do."""
        return self.do(SetWorkload(name, Workload(workload) if isinstance(workload, str) else workload))

    def set_memory(self, **changes: int | str | bool) -> Snapshot:
        """Change how the VMM manages memory, see :data:`vmwidgets.model.memory_profile.TUNABLE`."""
        return self.do(SetMemory(tuple(changes.items())))

    def set_scheduler(self, **changes: int | str) -> Snapshot:
        """Change the scheduler that is looked at slice by slice, see :class:`vmwidgets.model.scheduling.Scheduling`."""
        return self.do(SetScheduler(tuple(changes.items())))

    def advance(self, ticks: int = 1) -> Snapshot:
        """Let time pass."""
        return self.do(Advance(ticks))

    def do(self, command: Command) -> Snapshot:
        """Carry out a command: the one gate through which everything passes.

        Returns
        -------
        Snapshot
            The host as it is now.
        """
        with self._lock:
            self._journal.do(command)
            return self._announce()

    def undo(self) -> Snapshot:
        """Go back to where the lab was before the last command; ticks in a row are one command."""
        with self._lock:
            self._journal.undo()
            return self._announce()

    def redo(self) -> Snapshot:
        """Do again what was undone last."""
        with self._lock:
            self._journal.redo()
            return self._announce()

    def restore(self, log: Sequence[Command]) -> Snapshot:
        """Go back to where the lab was when :attr:`log` was ``log``; what came after can be done again."""
        with self._lock:
            self._turn_to(self._journal.at(log))
            return self._announce()

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._journal.log)

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return bool(self._journal.undone)

    # ---------------------------------------------------------------------------------------------------- subscribers
    def subscribe(self, callback: "Callable[[Lab], object]", pages: bool = False) -> Callable[[], None]:
        """Call ``callback(lab)`` after every command; returns a function that ends this.

        Parameters
        ----------
        callback
            Is given this lab.
        pages
            Whether it looks at the pages of the memory: no experiment that has none is loaded meanwhile.
        """
        key = object()
        with self._lock:
            self._subscribers[key] = callback
            if pages:
                self._need_pages.add(key)

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers.pop(key, None)
                self._need_pages.discard(key)

        return unsubscribe

    def _announce(self) -> Snapshot:
        self._coming = None
        failures: list[Exception] = []
        for callback in tuple(self._subscribers.values()):
            try:
                callback(self)
            except Exception as error:
                failures.append(error)  # the others are told all the same
        if failures:
            raise ExceptionGroup("a view of the lab failed; the command itself was carried out", failures)
        return self.snapshot

    # -------------------------------------------------------------------------------------------------------- reading
    @property
    def snapshot(self) -> Snapshot:
        """The host as it is now."""
        with self._lock:
            return self._host.snapshot_from(self.forecast(1))

    def forecast(self, ticks: int) -> Segment:
        """Return what the next ticks would bring if nobody changes anything; the lab stays as it is."""
        check_int("ticks", ticks, 1, MAX_FORECAST)
        with self._lock:
            # Solving forty ticks costs hardly more than one, so look as far at once as was ever asked for.
            self._horizon = max(self._horizon, ticks)
            if self._coming is None or self._coming.ticks < ticks:
                self._coming = self._host.forecast(self._horizon)
            return self._coming

    @property
    def vms(self) -> tuple[VM, ...]:
        """The VMs in the order of their creation."""
        with self._lock:
            return self._host.vms

    def vm(self, name: str) -> VM:
        """Return one VM."""
        with self._lock:
            return self._host.vm(name)

    @property
    def setup(self) -> Setup:
        """How the lab was made; another one after another experiment was loaded."""
        return self._journal.setup

    @property
    def hardware(self) -> Hardware:
        """The server."""
        return self.setup.hardware

    @property
    def memory(self) -> PagedMemory | None:
        """The frames and what is done with them, where memory is modelled page by page; do not change it."""
        return self._host.memory

    def memory_slot(self, name: str) -> int:
        """Return the slot that a VM has in :attr:`memory`."""
        with self._lock:
            return self._host.memory_slot(name)

    @property
    def scheduling(self) -> Scheduling:
        """Which scheduler is looked at slice by slice, and how."""
        return self._host.scheduling

    @property
    def default_shares(self) -> int:
        """The CPU shares that stand for the default weight of a scheduler."""
        return default_shares(self.stack)

    def quantum_runs(self) -> tuple[QuantumRun, ...]:
        """Run the VMs under the schedulers of :attr:`scheduling`; what has not changed is not run again.

        Returns
        -------
        tuple
            One for each scheduler; none without a VM.

        Raises
        ------
        VmwidgetsError
            If one of the schedulers refuses the VMs.
        """
        runs, refusals = self.quantum_outcomes()
        for refusal in refusals:
            raise refusal
        return runs

    def quantum_outcomes(self) -> tuple[tuple[QuantumRun, ...], tuple[VmwidgetsError, ...]]:
        """Return the runs of the schedulers that take the VMs, and why the others do not."""
        with self._lock:
            each = [replace(self.scheduling, algorithm=name, beside="") for name in self.scheduling.algorithms]
            known, self._runs, refusals = self._runs, {}, list[VmwidgetsError]()
            shares = self.default_shares
            for key in [(self.hardware, self.vms, one, self.seed, shares) for one in each if self.vms]:
                try:
                    self._runs[key] = known.get(key) or run_quantum(*key[:3], key[2].algorithm, self.seed, shares)
                except VmwidgetsError as refusal:
                    refusals.append(refusal)
            return tuple(self._runs.values()), tuple(refusals)

    def run_attack(
        self,
        code: "str | Attack",
        vm: str = "",
        target: str = "",
        defences: Mapping[str, bool] | str | None = None,
        *,
        attack: str = "",
        budget: int = 200_000,
    ) -> "Verdict":
        """Run guest code against the isolation of the stack, on a small machine with the secret of another VM.

        The lab is left as it is: the code runs in a range of its own, whose secret and layout the lab's seed decides.

        Parameters
        ----------
        code
            Guest code in Intel syntax, in which ``{names}`` stand for numbers of the range's manual; or an attack, or
            the id of one of :data:`vmwidgets.attacks.ATTACKS`.
        vm, target
            Names of the VM in which the code runs and of that which has the secret; by default the first two.
        defences
            What differs from the safe setting: ``{"iommu": False}`` opens one. ``"as_shipped"``: what the product has
            unless somebody changes it; defences of which nobody says that are on.
        attack
            Id of an attack whose goal and situation guest code of one's own shall have: a VM with imitated devices, a
            clock. By default it is after the secret, beside its owner.
        budget
            Instructions that the code may attempt, 1 to 10,000,000.

        Returns
        -------
        Verdict
            Whether the goal was reached, the mechanism as a sentence (``str(verdict)``), the deciding layer, the trace.

        Raises
        ------
        VmwidgetsError
            If the code is none (line and column are said), a VM or a defence is not there.
        """
        from vmwidgets import attacking

        with self._lock:
            names, stack = tuple(one.name for one in self.vms), self.stack
        return attacking.run(stack, names, code, vm, target, defences, self.seed, budget, attack)

    def hold(self) -> AbstractContextManager[object]:
        """Return a context in which no other thread's command comes through: to read more than a snapshot says."""
        return self._lock

    @property
    def stack(self) -> Stack:
        """The stack that the VMs run on."""
        return self._host.stack

    @property
    def tick(self) -> int:
        """Ticks that have passed."""
        return self._host.tick

    @property
    def tick_s(self) -> int:
        """Seconds of a tick."""
        return self.setup.tick_s

    @property
    def seed(self) -> int:
        """The key of all random numbers."""
        return self.setup.seed

    @property
    def log(self) -> tuple[Command, ...]:
        """All commands so far."""
        with self._lock:
            return tuple(self._journal.log)

    @property
    def recorded(self) -> History:
        """The recorded ticks, for charts; do not change it."""
        return self._host.history

    def history(self) -> "pd.DataFrame":
        """Return the recorded ticks as a table: one row per tick and VM, one column per metric."""
        import numpy as np
        import pandas as pd

        with self._lock:
            segments = list(self._host.history.segments)
        columns: dict[str, list[Any]] = {"tick": [], "vm": [], **{metric: [] for metric in METRICS}}
        for segment in segments:
            vms = len(segment.names)
            columns["tick"].append(np.repeat(np.arange(segment.first_tick, segment.first_tick + segment.ticks), vms))
            columns["vm"].append(np.tile(np.array(segment.names, dtype=object), segment.ticks))
            for metric in METRICS:
                columns[metric].append(segment.column(metric).T.reshape(-1))
        empty = {"tick": np.int64, "vm": object}
        return pd.DataFrame(
            {
                name: np.concatenate(parts) if parts else np.empty(0, empty.get(name, np.int64))
                for name, parts in columns.items()
            }
        )

    def digest(self) -> str:
        """Return a SHA-256 over settings, state and all that has happened, in hexadecimal."""
        with self._lock:
            return self._host.digest()

    # ---------------------------------------------------------------------------------------------------------- files
    def replay(self) -> "Lab":
        """Return a fresh lab to which the same commands were given."""
        with self._lock:
            setup, log = self.setup, self.log
            fresh = Lab(setup.stack, setup.seed, setup.hardware, setup.tick_s, setup.memory)
        for command in log:
            fresh.do(command)
        return fresh

    def text(self) -> str:
        """Return the experiment as JSON Lines: how the lab was made, and every command."""
        with self._lock:
            return experiment_file.dump(self.setup, self._journal.log)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the experiment to a file, whole or not at all."""
        saving.write(path, self.text())

    def load(self, path: str | os.PathLike[str]) -> Snapshot:
        """Replace everything in this lab by a saved experiment, whole or not at all.

        Raises
        ------
        VmwidgetsError
            If the file is of another schema, damaged, or holds a command that is refused; it names the line. If it has
            no pages of memory and a view shows those of this lab.
        """
        setup, host, log = saving.read(path)
        with self._lock:
            if self._need_pages and not setup.memory:
                raise VmwidgetsError(
                    "{path} has no pages of memory, and a view shows those of this lab: open it with vm.Lab.open",
                    path=os.fspath(path),
                )
            self._turn_to(Journal(setup, host, log))
            return self._announce()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Return a new lab with a saved experiment."""
        lab = cls()
        lab.load(path)
        return lab

    def __repr__(self) -> str:
        count = len(self.vms)
        return f"<Lab {self.stack.id}: {count} VM{'' if count == 1 else 's'}, tick {self.tick}>"


def _profile(stack: Stack, memory: str | bool) -> str:
    """Return the id of a memory profile: the one asked for, or the stack's own."""
    if not isinstance(memory, bool):
        return memory
    if memory and stack.memory_profile is None:
        raise VmwidgetsError("the model does not know how {product} manages memory", product=stack.name)
    return stack.memory_profile.id if memory and stack.memory_profile else ""


def _workload(settings: dict[str, Any]) -> dict[str, Workload]:
    kind = settings.get("workload")
    return {"workload": Workload(kind)} if isinstance(kind, str) else {}
