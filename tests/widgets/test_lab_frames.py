import numpy as np
import pytest

import vmwidgets as vm
from tests.widgets.memory_labs import memory_lab
from vmwidgets.model import memory as model
from vmwidgets.model.second_stage import MAPPED
from vmwidgets.widgets.frame_map import ACTIVE, COMPRESSED, FREE, NOBODY, OTHER, PRIVATE, SHARED, TABLE, VMM, ZERO
from vmwidgets.widgets.kit import SLOTS, Selection
from vmwidgets.widgets.lab_frames import LabFrames


def small(profile="esx", machines=3, **settings):
    """A machine of 1 GiB, so that every frame can be looked at."""
    lab = vm.Lab(
        memory=profile,
        hardware=vm.Hardware(memory_bytes=vm.GiB, vmm_memory_bytes=64 * vm.MiB, page_bytes=64 * vm.KiB),
        tick_s=5,
    )
    kernel = vm.GuestKernel(zero_permille=200, image_permille=200, zeroes_memory=True)
    for number in range(machines):
        size = 256 * vm.MiB if machines < 8 else 64 * vm.MiB
        work = vm.Workload("database", active_permille=300 + 30 * number)
        lab.create_vm(f"m{number}", memory_bytes=size, workload=work, kernel=kernel)
    lab.set_memory(**settings)
    return lab


def slowly(lab, selection):
    """The codes of all frames, from the tables and not from the frames."""
    machine = lab.memory.machine
    slots = {lab.memory_slot(one.name): selection.slot(one.name) for one in lab.vms}
    owner = {slot: (shown if shown >= 0 else OTHER) for slot, shown in slots.items()}
    codes = [FREE << 4 | NOBODY] * machine.frames
    codes[: machine.vmm_frames] = [VMM << 4 | NOBODY] * machine.vmm_frames
    mappings = {}
    for slot, table in machine.tables.items():
        for frame in table.node_frames.tolist():
            codes[frame] = TABLE << 4 | owner[slot]
        for frame in machine._cache.get(slot, []):
            codes[frame] = COMPRESSED << 4 | owner[slot]
        mapped = np.flatnonzero(table.where == MAPPED)
        for frame, stamp in zip(table.entry[mapped].tolist(), table.accessed[mapped].tolist(), strict=True):
            mappings.setdefault(frame, []).append((slot, stamp))
    for frame, found in mappings.items():
        if machine.state[frame] == model.SHARED:
            state = SHARED if machine.content[frame] else ZERO
            whose = machine.owner[frame]  # -1 as soon as a second VM has come to it
            assert whose == -1 or {slot for slot, _stamp in found} == {whose}
            codes[frame] = state << 4 | (NOBODY if whose == -1 else owner[int(whose)])
        else:
            [(slot, stamp)] = found
            recent = stamp and machine.period - stamp in (0, 1)
            codes[frame] = (ACTIVE if recent else PRIVATE) << 4 | owner[slot]
    return np.array(codes, np.uint8)


@pytest.mark.parametrize(("profile", "machines"), [("esx", 3), ("esxi", 5), ("kvm", 3), ("neutral", SLOTS + 2)])
def test_codes_are_what_the_tables_say(profile, machines):
    lab = small(profile, machines, sharing="between", scan_pages_per_s=500)
    lab.advance(12)
    selection = Selection(lab)
    frames = LabFrames(lab, selection)
    codes = frames.codes(0, frames.frames)
    np.testing.assert_array_equal(codes, slowly(lab, selection))
    assert {ACTIVE, SHARED, VMM, TABLE} <= set((codes >> 4).tolist())
    if machines > SLOTS:
        assert OTHER in set((codes & 15).tolist())
    np.testing.assert_array_equal(frames.codes(100, 50), codes[100:150])


def test_what_changed_is_told_so_that_the_map_is_never_wrong():
    lab = small()
    selection = Selection(lab)
    frames = LabFrames(lab, selection)
    assert frames.changed() is None, "at first all of it"
    shown = frames.codes(0, frames.frames)
    seen = set()
    for step in range(60):
        if step == 10:
            lab.set_memory(sharing="between", scan_pages_per_s=2000)
        elif step == 30:
            lab.destroy_vm("m1")
        elif step == 40:
            lab.create_vm("new", memory_bytes=128 * vm.MiB)
        elif step == 50:
            lab.undo()
        else:
            lab.advance()
        selection.refresh(lab)
        changed = frames.changed()
        seen.add(changed is None)
        if changed is None:
            shown = frames.codes(0, frames.frames)
        else:
            for first in np.unique(changed // 1024).tolist():  # the frame map asks in blocks
                shown[first * 1024 : first * 1024 + 1024] = frames.codes(first * 1024, 1024)
        np.testing.assert_array_equal(shown, slowly(lab, selection), err_msg=f"step {step}")


def test_the_cost_follows_what_has_changed():
    lab = vm.Lab(memory="neutral", hardware=vm.Hardware(memory_bytes=8 * vm.GiB, page_bytes=16 * vm.KiB), tick_s=1)
    lab.create_vm("a", memory_bytes=vm.GiB, workload=vm.Workload("idle", active_permille=10, touched_permille=100))
    lab.advance(60)
    frames = LabFrames(lab, Selection(lab))
    frames.changed()
    frames.codes(0, frames.frames)
    lab.advance()
    changed = frames.changed()
    assert changed is not None
    assert 0 < len(changed) <= frames.frames // 10


def test_a_period_without_touches_lets_pages_go_idle():
    lab = small("esx")
    lab.advance(12)
    frames = LabFrames(lab, Selection(lab))
    frames.changed()
    lively = int((frames.codes(0, frames.frames) >> 4 == ACTIVE).sum())
    for number in range(3):
        lab.set_workload(f"m{number}", vm.Workload("idle", active_permille=0, touched_permille=0))
    for _tick in range(20):
        lab.advance()
        frames.changed()
    idle = int((frames.codes(0, frames.frames) >> 4 == ACTIVE).sum())
    assert idle < lively // 4


def test_about_says_who_shares():
    lab = small("esx", sharing="between", scan_pages_per_s=2000)
    lab.advance(20)
    selection = Selection(lab)
    frames, machine = LabFrames(lab, selection), lab.memory.machine
    codes = frames.codes(0, frames.frames)
    shared = int(np.flatnonzero((machine.refs > 1) & (machine.owner == -1))[0])
    about = frames.about(shared)
    assert about["refs"] == len(about["sharers"]) > 1
    assert {name for name, _gfn in about["sharers"]} <= {"m0", "m1", "m2"}
    assert about["owner"] == ""
    private = int(np.flatnonzero(machine.state == model.PRIVATE)[0])
    about = frames.about(private)
    assert (about["owner"], about["gfn"], about["refs"]) == ("m0", int(machine.gfn[private]), 1)
    assert about["state"] << 4 | about["slot"] == codes[private]
    assert frames.about(0)["refs"] == 0


def test_a_fluid_lab_has_no_frames():
    lab = vm.Lab()
    with pytest.raises(vm.VmwidgetsError, match="no pages"):
        LabFrames(lab, Selection(lab))


def test_the_map_of_a_whole_lab(wire):
    lab = memory_lab(ticks=20)
    view = vm.FrameMap(lab, frames=LabFrames(lab, (selection := Selection(lab))), selection=selection)
    lab.advance(5)
    counts = view.counts()
    assert counts[FREE].sum() == lab.memory.machine.free
    view.close()


def test_the_last_one_that_is_left_of_those_who_shared_is_named():
    lab = small("esx", sharing="between", scan_pages_per_s=2000)
    lab.advance(20)
    for name in ("m0", "m1"):
        lab.destroy_vm(name)
    machine, frames = lab.memory.machine, LabFrames(lab, Selection(lab))
    alone = np.flatnonzero((machine.refs == 1) & (machine.state == model.SHARED) & (machine.owner == -1))
    assert len(alone), "a frame stays copy-on-write when the others have gone"
    about = frames.about(int(alone[0]))
    assert (about["owner"], about["refs"], about["sharers"]) == ("m2", 1, [])
    slot = lab.memory_slot("m2")
    assert machine.tables[slot].entry[about["gfn"]] == alone[0]
