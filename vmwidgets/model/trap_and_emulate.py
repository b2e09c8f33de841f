"""A VMM of trap and emulate, as small as possible, under guests that really run.

With *shadow* tables it is a classical one: the guest's kernel runs in user mode, what is privileged traps, and the
processor walks tables of the VMM's, in which the pages of the guest's own tables are read-only. With *nested* tables
the processor helps: the guest has a mode, an interrupt flag and a CR3 of its own, and second-stage tables lie below its
own. What it decides for each class of instruction is data, so that a VMM can be wrong, too.

After G. J. Popek, R. P. Goldberg, CACM 1974; on traces of page tables and shadow tables: K. Adams, O. Agesen, ASPLOS
2006, section 2. As on the x86, `popf` is sensitive and silent in user mode, and `pushf` shows the real flag: under
shadow tables a kernel that uses them does not do what it does on the bare machine. Left out: accessed and dirty flags
of the guest's tables under shadow tables are those of the emulated stores only.
"""

from collections.abc import Mapping
from dataclasses import replace

from vmwidgets.model.assembly import assemble
from vmwidgets.model.cpu import CPU, Action, Exit, neutral
from vmwidgets.model.deprivileged import (
    DONE,
    LEVELS,
    NOTIFY,
    Device,
    GuestSpace,
    Processor,
    TranslatedMemory,
    carry_out,
    deliver,
)
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.guest_code import Instruction, Memory
from vmwidgets.model.guest_memory import PAGE_BYTES, Trap
from vmwidgets.model.moments import Moment
from vmwidgets.model.page_tables import ADDRESS_MASK, EptTables
from vmwidgets.model.page_walk import Walk
from vmwidgets.model.shadow_tables import ShadowTables
from vmwidgets.model.translation import Walker

TABLES = ("shadow", "nested")
DEVICES = ("emulated", "virtio", "passed_through")
CLASSES = ("arithmetic", "memory", "device", "halt", "flag", "cr3", "tables", "user", "unmapped")
"""What a VMM decides about: arithmetic and jumps; the guest's own memory; by its kernel: a device, a halt, the
interrupt flag, CR3, a store to its page tables; what is privileged, by its user programs; what its tables do not
allow."""
DECISIONS = ("run", "emulate", "inject", "skip")
"""Let the hardware do it; emulate it on the virtual state; give the guest an exception; pass over it."""
SOUND: Mapping[str, str] = {
    **dict.fromkeys(CLASSES, "emulate"),
    **dict.fromkeys(("arithmetic", "memory"), "run"),
    **dict.fromkeys(("user", "unmapped"), "inject"),
}
"""The decisions of a sound VMM."""
_PRIVILEGED = {"io": "device", "hlt": "halt", "interrupt_flag": "flag", "control_register": "cr3"}
_MAX_STEPS = 2000


class VMM:
    """A guest under a VMM.

    Parameters
    ----------
    program
        Text of the guest's program.
    tables
        One of `TABLES`, or ``"bare"`` for the machine without a VMM.
    device
        One of `DEVICES`.
    mode
        In which the guest begins, ``"kernel"`` or ``"user"``.
    decisions
        What the VMM decides, one of `DECISIONS` for each of `CLASSES`.
    """

    def __init__(
        self,
        program: str,
        tables: str = "shadow",
        device: str = "emulated",
        mode: str = "kernel",
        decisions: Mapping[str, str] = SOUND,
    ) -> None:
        _check("tables", tables, (*TABLES, "bare"))
        _check("device", device, DEVICES)
        _check("mode", mode, ("kernel", "user"))
        self.tables = tables
        self.device_model = device
        self.decisions = {**SOUND, **decisions}
        for name, decision in self.decisions.items():
            _check("decision", name, CLASSES)
            _check(name, decision, DECISIONS)
        self.space = GuestSpace(bare=tables == "bare")
        self.device = Device()
        self.virtual = Processor(mode)
        self.faults: list[str] = []
        """The classes of what the guest got an exception for."""
        self.loose: list[str] = []
        """The classes of what reached the real machine past the VMM."""
        self.moments: list[Moment] = []
        self.log: list[Exit] = []
        self.emulated = self.direct = 0
        self.ended = False
        self._shadow: ShadowTables | None = None
        self._foreign: dict[int, int] = {}
        self._walker = self._hardware()
        memory = TranslatedMemory(self.space.machine, self._by_hardware)
        self._memory = memory
        self.cpu = CPU(assemble(program), memory, self._handle, assistance=self._assist)
        self._code = self.cpu.program.instructions
        self._note("start", 0)

    # ------------------------------------------------------------------------------------------------------ processor
    @property
    def real(self) -> Processor:
        """What the real processor holds while the guest runs."""
        if self.tables == "bare":
            return self.virtual
        if self._shadow is not None:
            return Processor("user", True, self._shadow.root)
        return Processor("guest", self.virtual.interrupts, self.virtual.cr3)

    @property
    def second_stage_root(self) -> int:
        """Machine address of the second-stage tables that the hardware walks, 0 if it walks none."""
        return self.space.map.root if self.space.map and self.tables == "nested" else 0

    def _hardware(self) -> Walker:
        """Return what translates addresses, set up for the virtual processor as it is now."""
        if self.tables == "shadow":
            self._shadow = ShadowTables(self.space, self.virtual, guarded=self.decisions["tables"] != "run")
            return Walker(self.space.machine, self._shadow.root, LEVELS)
        second: EptTables | None = self.space.map if self.tables == "nested" else None
        return Walker(self.space.machine, self.virtual.cr3, LEVELS, second)

    def _by_hardware(self, address: int, size: int, write: bool) -> int:
        user = self.real.mode == "user" if self.tables != "nested" else self.virtual.mode == "user"
        walk = self._walker.walk(address, write=write, user=user)
        if walk.fault:
            reason = "page_fault" if walk.fault.reason == "general_protection" else walk.fault.reason
            raise Trap(reason, address=address, bytes=size, write=int(write))
        return walk.machine

    def _by_software(self, address: int, size: int, write: bool) -> int:
        """Translate as the VMM does when it emulates: through the guest's own tables."""
        if address // PAGE_BYTES in self._foreign:
            return self._foreign[address // PAGE_BYTES] + address % PAGE_BYTES
        walk = self._guest_walk(address, write)
        return self.space.memory.back(walk.guest_physical)

    def _guest_walk(self, address: int, write: bool) -> Walk:
        walker = Walker(self.space.memory, self.virtual.cr3, LEVELS)
        return walker.walk(address, write=write, user=self.virtual.mode == "user")

    # ---------------------------------------------------------------------------------------------------------- traps
    def _assist(self, cpu: CPU, trap: Trap) -> bool:
        """Do what the processor does by itself: all on the bare machine, some of it with nested tables."""
        bare, kind = self.tables == "bare", _PRIVILEGED.get(trap.reason, "")
        user = self.virtual.mode == "user"
        if trap.reason == "page_fault" or (kind and user):
            if bare or self.tables == "nested":
                self._deliver("user" if kind else "unmapped")
                return True
            return False
        direct = bare or (self.tables == "nested" and kind in ("flag", "cr3"))
        if kind == "device" and self.device_model == "passed_through":
            direct = True  # the ports are open to this guest
        if not kind or not direct:
            return False
        self._carry_out(trap)
        cpu.skip()
        return True

    def _carry_out(self, trap: Trap) -> None:
        """Carry out what is privileged, for a guest that is in kernel mode."""
        before = self.virtual
        if trap.reason == "io" and self.device_model == "virtio" and dict(trap.detail)["port"] == NOTIFY:
            self.device.take(self.space.memory, self.space.queue)
        else:
            self.virtual = carry_out(self.cpu, trap, before, self.device)
        if self.virtual.cr3 != before.cr3:
            self._walker = self._hardware()

    def _deliver(self, kind: str) -> None:
        self.faults.append(kind)
        state = deliver(self.cpu, self.virtual)
        self.ended = state is None
        if state is not None:
            self.virtual = state
            if self._shadow is not None:
                self._shadow.follow(self.virtual)

    def _handle(self, cpu: CPU, exit: Exit) -> Action:
        """Handle a trap: find out what it is about, decide, act."""
        self.log.append(exit)
        kind = self._kind(exit)
        decision = self.decisions.get(kind, "emulate")
        self._note("trap", exit.rip_line, kind, "", exit)
        self._note("decode", exit.rip_line, kind, decision, exit)
        self._act(kind, decision, exit)
        self._note("act", exit.rip_line, kind, decision, exit)
        self._note("resume", exit.rip_line, kind, decision, exit)
        return Action.STOP if self.ended else Action.RESUME

    def _kind(self, exit: Exit) -> str:
        if exit.reason in _PRIVILEGED:
            return "user" if self.virtual.mode == "user" else _PRIVILEGED[exit.reason]
        if exit.reason == "page_fault":
            walk = self._guest_walk(exit["address"], bool(exit["write"]))
            if walk.fault:
                return "unmapped"
            tables = self.space.mapped(self.virtual.cr3)[1]
            return "tables" if exit["write"] and walk.guest_physical & ADDRESS_MASK in tables else "hidden"
        return "hidden" if exit.reason == "ept_violation" else "other"

    def _act(self, kind: str, decision: str, exit: Exit) -> None:
        trap = Trap(exit.reason, **dict(exit.detail))
        if kind == "hidden":
            self._repair(exit)
        elif kind == "other":
            self.ended = neutral(self.cpu, exit) is Action.STOP
            self.emulated += 1
        elif decision == "inject":
            self._deliver(kind)
        elif decision == "skip":
            if exit.reason == "page_fault":
                self.cpu.skip()
        elif exit.reason == "page_fault":
            self._emulate_access(kind, exit)
        else:
            if decision == "run":
                self.loose.append(kind)
            else:
                self.emulated += 1
            self._carry_out(trap)

    def _repair(self, exit: Exit) -> None:
        """Handle a fault that only the VMM's own tables have made."""
        if self._shadow is not None:
            self._shadow.follow(self.virtual)
        elif exit.reason == "ept_violation":
            walk = self._walker.walk(exit["address"], write=bool(exit["write"]))
            assert walk.fault is not None
            self.space.memory.back(walk.fault.address)

    def _emulate_access(self, kind: str, exit: Exit) -> None:
        """Carry out an instruction that reaches memory in software."""
        if kind == "unmapped":  # a VMM that has no exception for the guest gives it a page of its own instead
            page = exit["address"] // PAGE_BYTES
            self._foreign.setdefault(page, self.space.machine.allocate())
        self._memory.translate = self._by_software
        self.cpu.emulate()
        self._memory.translate = self._by_hardware
        self.emulated += 1
        if self._shadow is not None:
            self._shadow.follow(self.virtual)

    # -------------------------------------------------------------------------------------------------------- running
    def step(self) -> bool:
        """Execute one instruction, and return whether there was one."""
        if self.ended or self.cpu.finished:
            return False
        at = self._at()
        line, kind = self.cpu.line, kind_of(self._code[at])
        decision = self.decisions[kind] if kind and self.tables != "bare" else "run"
        traps, faults = len(self.log), len(self.faults)
        if decision == "run":
            self._enter(self._code[at])
            self.cpu.step()
            self._leave(self._code[at])
            if len(self.log) == traps:
                self.direct += 1
                self._note("run", line, self.faults[-1] if len(self.faults) > faults else "")
        elif decision == "inject":
            self._deliver(kind)
        elif decision == "skip":
            self.cpu.skip()
        else:
            self.cpu.step()
            self.emulated += 1
        return True

    def _enter(self, instruction: Instruction) -> None:
        """Put the processor into the mode and the interrupt flag that the guest really runs with.

        What is privileged comes here as what it is, and not as a general protection exception that a VMM has to
        decode, so the mode matters for `popf` alone: in user mode it is silent.
        """
        state = self.cpu.state
        state.interrupts = self.real.interrupts
        state.user = instruction.mnemonic == "popfq" and "user" in (self.real.mode, self.virtual.mode)

    def _leave(self, instruction: Instruction) -> None:
        """Take over what an instruction has done to a flag that is the guest's own."""
        self.cpu.state.user = False
        if self.tables != "shadow" and instruction.mnemonic == "popfq":
            self.virtual = replace(self.virtual, interrupts=self.cpu.state.interrupts)

    def _at(self) -> int:
        return next(at for at, one in enumerate(self._code) if one.line == self.cpu.line)

    def run(self, steps: int = _MAX_STEPS) -> "VMM":
        """Run the guest to its end, or for so many instructions."""
        for _ in range(steps):
            if not self.step():
                break
        return self

    def _note(self, phase: str, line: int, kind: str = "", decision: str = "", exit: Exit | None = None) -> None:
        real = self.real
        if phase in ("trap", "decode", "act"):
            real = replace(real, mode="vmm", interrupts=True)
        moment = Moment(
            phase,
            line,
            self.cpu.line,
            kind,
            decision,
            exit.reason if exit else "",
            exit.detail if exit else (),
            real,
            self.virtual,
            tuple(self.cpu.registers.values()),
            self.cpu.executed,
            self.direct,
            len(self.log),
            self.emulated,
            tuple(self.device.requests),
            self._queued(),
        )
        self.moments.append(moment)

    def _queued(self) -> tuple[int, ...]:
        """Return what lies in the queue and has not been taken yet."""
        if self.device_model != "virtio":
            return ()
        memory, queue, found = self.space.memory, self.space.queue, list[int]()
        at = memory.load(queue + DONE, 8)
        while 8 + 8 * at < DONE and (request := memory.load(queue + 8 + 8 * at, 8)):
            found.append(request)
            at += 1
        return tuple(found)


def kind_of(instruction: Instruction) -> str:
    """Return the class of an instruction that runs directly, or ``""`` if it may trap by what it is."""
    if instruction.mnemonic in ("in", "out", "hlt", "cli", "sti", "vmcall"):
        return ""
    return "memory" if any(isinstance(operand, Memory) for operand in instruction.operands) else "arithmetic"


def _check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise VmwidgetsError(
            "{name} is {value}, expected one of {known}", name=name, value=repr(value)[:60], known=", ".join(known)
        )
