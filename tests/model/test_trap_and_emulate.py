"""Trap and emulate: what a guest does under a VMM is what it does on the bare machine, and nothing real is touched."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmwidgets.model.cpu import UNKNOWN_HYPERCALL
from vmwidgets.model.deprivileged import DATA, NEW, PORT, QUEUE, ROOTS, SPARE, TABLE, entry_address
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.trap_and_emulate import CLASSES, DECISIONS, SOUND, TABLES, VMM

MAP = f"mov rdi, {entry_address(NEW)}\nmov qword [rdi], {SPARE | 7}\nmov qword [{NEW}], 77\n"


def outcome(vmm: VMM):
    """What the guest, its memory and the world have of a run; not how it came about."""
    return (
        dict(vmm.cpu.registers),
        vmm.cpu.flags,
        vmm.space.words(),
        vmm.device.requests,
        vmm.virtual,
        vmm.faults,
        vmm.cpu.line,
    )


lines = st.sampled_from(
    (
        *(
            "cli",
            "sti",
            "hlt",
            "in eax, 0x60",
            "mov r9, cr3",
            "inc rax",
            "add rcx, rax",
            "cmp rax, 3",
            "mov edx, 0x1f0",
        ),
        *(f"mov rbx, {root}\nmov cr3, rbx" for root in ROOTS),
        *(f"out {port}, {data}" for port, data in ((0x80, "al"), ("dx", "eax"))),
        *(f"mov [{page + 8}], rax" for page in (DATA, QUEUE, NEW, NEW + 4096)),
        *(f"mov rax, [{page}]" for page in (DATA, QUEUE, NEW, NEW + 4096, TABLE, 0x7000)),
        *(f"mov qword [{entry_address(NEW + 4096 * at)}], {SPARE + 4096 * to | 7}" for at in (0, 1) for to in (0, 1)),
        f"mov qword [{entry_address(NEW)}], 0",
        f"mov qword [{entry_address(DATA)}], {SPARE | 5}",  # from now on data is read-only, and another page
        f"add dword [{entry_address(NEW)}], 4096",
    )
)


@given(st.lists(lines, min_size=1, max_size=12), st.lists(lines, max_size=4), st.sampled_from(("kernel", "user")))
@settings(max_examples=80, deadline=None)
def test_a_guest_cannot_tell_a_vmm_from_the_bare_machine(body, handler, mode):
    program = "\n".join([*body, "jmp end", "fault: inc r15", "cmp r15, 3", "ja end", *handler, "end: nop"])
    bare = VMM(program, "bare", mode=mode).run()
    assert not bare.log
    for tables in TABLES:
        vmm = VMM(program, tables, mode=mode).run()
        assert outcome(vmm) == outcome(bare)
        assert vmm.loose == []
        assert VMM(program, tables, mode=mode).run().log == vmm.log  # same program, same state: same exits


def test_what_the_guest_believes_and_what_is_so():
    vmm = VMM(f"cli\nmov rbx, {ROOTS[1]}\nmov cr3, rbx\nmov rax, cr3\nmov rcx, [{DATA}]").run()
    assert (vmm.virtual.mode, vmm.virtual.interrupts, vmm.virtual.cr3) == ("kernel", False, ROOTS[1])
    assert (vmm.real.mode, vmm.real.interrupts) == ("user", True)
    assert vmm.real.cr3 not in ROOTS
    assert (vmm.cpu.registers["rax"], vmm.cpu.registers["rcx"]) == (ROOTS[1], 0x22)
    assert vmm.second_stage_root == 0
    helped = VMM("cli", "nested").run()
    assert (helped.real.mode, helped.real.interrupts, helped.real.cr3) == ("guest", False, ROOTS[0])
    assert helped.second_stage_root > 0


def test_four_phases_of_a_trap_and_none_of_what_runs_directly():
    vmm = VMM("inc rax\nout 0x80, al\ninc rax").run()
    assert [moment.phase for moment in vmm.moments] == ["start", "run", "trap", "decode", "act", "resume", "run"]
    decode, act = vmm.moments[3:5]
    assert (decode.kind, decode.decision, decode.real.mode, decode.requests) == ("device", "emulate", "vmm", ())
    assert act.requests == (1,)
    assert vmm.moments[5].real.mode == "user"


def test_shadow_tables_follow_the_guests_tables():
    vmm = VMM(MAP + f"mov qword [rdi], {SPARE + 4096 | 7}\nmov rax, [{NEW}]\nmov rcx, [{TABLE}]").run()
    assert [moment.kind for moment in vmm.moments if moment.phase == "trap"] == ["tables", "tables"]
    assert vmm.cpu.registers["rax"] == 0  # the second page, not the first with its 77
    stale = VMM(MAP + f"mov qword [rdi], {SPARE + 4096 | 7}\nmov rax, [{NEW}]", decisions={"tables": "run"}).run()
    assert stale.cpu.registers["rax"] == 77


def test_an_exception_is_the_guests_own_affair():
    program = "mov rax, [0x7000]\njmp end\nfault: mov r15, 1\nend: nop"
    shadow, nested = (VMM(program, tables, mode="user").run() for tables in TABLES)
    assert [vmm.cpu.registers["r15"] for vmm in (shadow, nested)] == [1, 1]
    assert [len(vmm.log) for vmm in (shadow, nested)] == [1, 0]
    assert shadow.virtual.mode == "kernel"
    ended = VMM("hlt\ninc rax", mode="user").run()
    assert (ended.faults, ended.ended, ended.cpu.registers["rax"]) == (["user"], True, 0)


def test_a_queue_is_taken_at_one_notification():
    program = f"mov rbx, {QUEUE}\nmov qword [rbx + 8], 7\nmov qword [rbx + 16], 8\nmov qword [rbx], 2\n"
    vmm = VMM(
        program + "mov edx, 0xc010\nout dx, ax\nmov rax, [rbx + 0x800]\nmov dword [rbx], 0\nout dx, ax",
        "nested",
        "virtio",
    ).run()
    assert (vmm.device.requests, vmm.cpu.registers["rax"], len(vmm.log)) == ([7, 8], 2, 2)
    assert VMM(f"mov edx, {PORT}\nmov eax, 9\nout dx, eax", device="passed_through").run().log == []


def test_a_page_without_a_frame_is_backed_and_the_guest_goes_on():
    program = MAP.replace(str(SPARE | 7), str(0x40000 | 7)) + f"mov rax, [{NEW}]"
    vmm = VMM(program, "nested").run()
    assert [exit.reason for exit in vmm.log] == ["ept_violation"]
    assert (vmm.cpu.registers["rax"], vmm.emulated) == (77, 0)
    assert VMM(program).run().cpu.registers["rax"] == 77


def test_popf_is_silent_where_nothing_helps_the_vmm():
    program = f"mov rsp, {DATA + 512}\npushf\ncli\npopf\npushf\npop rax"
    bare, shadow, nested = (VMM(program, tables).run() for tables in ("bare", *TABLES))
    assert [vmm.virtual.interrupts for vmm in (bare, shadow, nested)] == [True, False, True]
    assert outcome(nested) == outcome(bare)
    assert outcome(shadow) != outcome(bare)  # the kernel has opened the interrupts, and its VMM has not heard of it
    assert [exit.reason for exit in shadow.log] == ["interrupt_flag"]
    closed = VMM(f"mov rsp, {DATA + 512}\ncli\npushf\npop rax", "shadow").run()
    assert closed.cpu.registers["rax"] & 0x200  # and pushf shows the real flag
    user = VMM(program.replace("cli\n", ""), "nested", mode="user").run()
    assert outcome(user) == outcome(VMM(program.replace("cli\n", ""), "bare", mode="user").run())


def test_other_control_registers_are_no_cr3():
    for tables in ("bare", *TABLES):
        vmm = VMM("mov rax, 5\nmov cr2, rax\nmov rbx, cr2\nmov rcx, cr3", tables).run()
        assert (vmm.cpu.registers["rbx"], vmm.cpu.registers["rcx"]) == (5, ROOTS[0])


def test_a_call_of_the_vmm_is_answered_in_either_mode():
    for tables in TABLES:
        vmm = VMM("mov rax, 5\nvmcall\ninc rcx", tables, mode="user").run()
        assert (vmm.cpu.registers["rax"], vmm.cpu.registers["rcx"]) == (UNKNOWN_HYPERCALL, 1)
        assert [moment.kind for moment in vmm.moments if moment.phase == "act"] == ["other"]


def test_what_is_wrong_gets_a_sentence():
    with pytest.raises(VmwidgetsError, match="tables is 'none', expected one of shadow, nested, bare"):
        VMM("nop", "none")
    with pytest.raises(VmwidgetsError, match="device is 'real'"):
        VMM("nop", device="real")
    with pytest.raises(VmwidgetsError, match="halt is 'sleep'"):
        VMM("nop", decisions={"halt": "sleep"})
    assert set(SOUND) == set(CLASSES)
    assert set(SOUND.values()) < set(DECISIONS)
