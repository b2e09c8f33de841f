"""A lab whose memory is modelled page by page: everything that is done to it is a command like any other."""

import json

import numpy as np
import pytest

import vmwidgets as vm
from vmwidgets import copies, experiment_file
from vmwidgets.commands import SetMemory
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.model.paged import PagedMemory
from vmwidgets.model.units import GiB, KiB, MiB
from vmwidgets.stacks import MEMORY

SMALL = vm.Hardware(memory_bytes=4 * GiB, vmm_memory_bytes=128 * MiB, page_bytes=512 * KiB)


def make(memory="esx", **settings):
    lab = vm.Lab(memory=memory, hardware=SMALL, tick_s=2, seed=4, **settings)
    busy = vm.Workload("database", active_permille=900, touched_permille=1000)
    lab.create_vm("A", memory_bytes=3 * GiB, workload=busy)
    lab.create_vm("B", memory_bytes=3 * GiB, kernel=vm.GuestKernel("Windows", zeroes_memory=True))
    return lab


CHANGES = [
    lambda lab: lab.advance(20),
    lambda lab: lab.set_memory(idle_tax_permille=0, scan_pages_per_s=1000),
    lambda lab: lab.configure("B", kernel=vm.GuestKernel("Windows", zeroes_memory=True, balloon="refuses")),
    lambda lab: lab.advance(15),
    lambda lab: lab.set_memory(sharing="within", zero_on_allocate=False),
    lambda lab: lab.create_vm("C", memory_bytes=GiB, memory_reservation_bytes=GiB, workload="memory_hog"),
    lambda lab: lab.advance(9),
    lambda lab: lab.configure("A", memory_shares=3000, memory_limit_bytes=2 * GiB),
    lambda lab: lab.configure("A", kernel=vm.GuestKernel("Linux 2")),
    lambda lab: lab.advance(10),
    lambda lab: lab.destroy_vm("B"),
    lambda lab: lab.advance(10),
]


@pytest.fixture(scope="module", params=[id for id, profile in MEMORY.items() if not profile.gives_whole])
def lived(request):
    """A lab of each profile with its digests after each command; every second command begins from a copy."""
    patched = pytest.MonkeyPatch()
    patched.setattr(copies, "EVERY", 3)
    lab = make(request.param)
    digests = [lab.digest()]
    for change in CHANGES:
        change(lab)
        digests.append(lab.digest())
    yield lab, digests
    patched.undo()


def test_undo_and_redo_go_through_the_same_states(lived):
    lab, digests = lived
    for digest in digests[-2::-1]:
        lab.undo()
        assert lab.digest() == digest
    for digest in digests[1:]:
        lab.redo()
        assert lab.digest() == digest
    lab.memory.machine.check()


def test_replay_and_files_give_the_same_digest(lived, tmp_path):
    lab, digests = lived
    assert lab.replay().digest() == digests[-1]
    lab.save(tmp_path / "lab.jsonl")
    again = vm.Lab.open(tmp_path / "lab.jsonl")
    assert again.digest() == digests[-1]
    assert again.memory.profile == lab.memory.profile
    assert again.log == lab.log
    other = vm.Lab()  # of another kind
    other.load(tmp_path / "lab.jsonl")
    assert other.memory.profile.id == lab.memory.profile.id
    assert len(set(digests)) == len(digests)


def test_pools_close_while_memory_is_reclaimed(lived):
    lab, _ = lived
    pool = lab.snapshot.pools["memory"]
    assert pool.used + pool.vmm + pool.free == pool.capacity
    history = lab.history()
    for metric in ("mapped", "shared", "ballooned", "swapped", "compressed", "guest_swapped", "active", "used"):
        assert (history[f"memory_{metric}_bytes"] >= 0).all()
    sizes = history["vm"].map({"A": 3 * GiB, "B": 3 * GiB, "C": GiB})
    places = sum(history[f"memory_{place}_bytes"] for place in ("mapped", "ballooned", "swapped", "compressed"))
    assert (places <= sizes).all()
    used = history.groupby("tick")["memory_used_bytes"].sum()
    assert (used <= SMALL.guest_memory_bytes).all()


@pytest.mark.parametrize("parts", [[60], [1] * 60, [59, 1]])
def test_the_digest_does_not_depend_on_how_time_is_divided(parts):
    lab, whole = make(), make()
    whole.advance(60)
    for ticks in parts:
        lab.advance(ticks)
        lab.forecast(3)  # looking ahead changes nothing
    assert lab.digest() == whole.digest()


def test_another_seed_is_another_life():
    def life(seed):
        lab = vm.Lab(memory="esx", hardware=SMALL, tick_s=5, seed=seed)
        for name in "AB":
            lab.create_vm(name, memory_bytes=3 * GiB, workload=vm.Workload("database", active_permille=900))
        lab.advance(60)
        return np.array(lab.snapshot["memory_estimate_bytes"])

    assert (life(1) == life(1)).all()
    assert (life(1) != life(2)).any()


# ------------------------------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"idle_tax_permille": 1000}, "idle_tax_permille is 1000, expected a whole number from 0 to 990"),
        ({"idle_tax_permille": 0.5}, "idle_tax_permille is 0.5, expected a whole number"),
        ({"sharing": "all"}, "sharing is 'all', expected one of off, within, between"),
        ({"zero_on_allocate": 1}, "zero_on_allocate is 1, expected True or False"),
        ({"rebalance_s": 3}, "'rebalance_s' is not a memory setting that can be changed, expected one of idle_tax_"),
        ({"tax": 3}, "'tax' is not a memory setting that can be changed, expected one of idle_tax_permille, "),
        ({"scan_pages_per_s": -1}, "scan_pages_per_s is -1, expected a whole number from 0"),
        ({"idle_tax_permille": 0, "buffer_permille": 5}, "buffer_permille is 5, expected a whole number from 50"),
    ],
)
def test_a_bad_setting_gets_a_sentence_and_changes_nothing(changes, told):
    lab = make()
    before = lab.digest(), lab.log
    with pytest.raises(VmwidgetsError) as error:
        lab.set_memory(**changes)
    assert str(error.value).startswith(told)
    assert (lab.digest(), lab.log) == before


def test_a_lab_without_pages_has_no_memory_settings():
    lab = vm.Lab()
    assert lab.memory is None
    with pytest.raises(VmwidgetsError, match="this host has no memory settings: make the lab with memory="):
        lab.set_memory(idle_tax_permille=0)
    assert lab.log == ()


def test_unknown_profiles_and_long_ticks_are_refused():
    with pytest.raises(VmwidgetsError, match="memory is 'xm', expected one of neutral, esx, esxi, kvm, hyperv, xen"):
        vm.Lab(memory="xm")
    with pytest.raises(VmwidgetsError, match="tick_s is 61, expected a whole number from 1 to 60"):
        vm.Lab(memory="esx", tick_s=61)
    assert vm.Lab(tick_s=61).tick_s == 61


# ---------------------------------------------------------------------------------------------------------------- files
def lines(lab):
    return [json.loads(line) for line in lab.text().splitlines()]


def test_files_without_memory_still_load(tmp_path):
    lab = vm.Lab(seed=9)
    lab.create_vm("A", workload="web")
    lab.advance(3)
    assert "memory" not in lines(lab)[0]
    lab.save(tmp_path / "old.jsonl")
    again = vm.Lab.open(tmp_path / "old.jsonl")
    assert again.memory is None
    assert again.digest() == lab.digest()


def test_a_command_for_memory_in_a_file_of_a_lab_without_is_refused(tmp_path):
    lab = vm.Lab()
    setup = experiment_file.load(lab.text())[0]
    path = tmp_path / "wrong.jsonl"
    path.write_text(experiment_file.dump(setup, [SetMemory((("idle_tax_permille", 0),))]))
    before = lab.digest()
    with pytest.raises(VmwidgetsError, match="line 2: this host has no memory settings"):
        lab.load(path)
    assert lab.digest() == before


@pytest.mark.parametrize(
    ("line", "key", "value", "told"),
    [
        (0, "memory", "xm", "line 1: memory is 'xm', expected one of "),
        (0, "memory", 5, "line 1: memory is 5, expected a text"),
        (3, "changes", {"idle_tax_permille": 5000}, "line 4: idle_tax_permille is 5000, expected a whole number"),
        (3, "changes", {"pages": 5}, "line 4: 'pages' is not a memory setting that can be changed"),
        (3, "changes", 5, "line 4: changes is 5, expected an object"),
    ],
)
def test_damaged_files_are_refused_with_the_line(line, key, value, told, tmp_path):
    lab = make()
    lab.set_memory(idle_tax_permille=5)
    records = lines(lab)
    assert key in records[line]
    records[line][key] = value
    path = tmp_path / "damaged.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    with pytest.raises(VmwidgetsError) as error:
        vm.Lab.open(path)
    assert str(error.value).startswith(told)


def ordinary(**settings):
    """A host with pages of 4 KiB and four busy VMs: more frames than a copy is free of cost for."""
    hardware = vm.Hardware(memory_bytes=2 * GiB, vmm_memory_bytes=64 * MiB, page_bytes=4 * KiB)
    lab = vm.Lab(memory="neutral", hardware=hardware, tick_s=5, **settings)
    for number in range(4):
        lab.create_vm(f"m{number}", memory_bytes=600 * MiB, workload=vm.Workload("database", active_permille=400))
    return lab


@pytest.fixture
def seconds(monkeypatch):
    """The seconds of paged memory that are lived from now on, in a list."""
    lived, step = [], PagedMemory.step
    monkeypatch.setattr(PagedMemory, "step", lambda self, active: (lived.append(self.second), step(self, active)))
    return lived


def test_undo_on_an_ordinary_host_starts_from_a_copy(seconds):
    lab = ordinary()
    lab.advance(12)
    before = lab.digest()
    lab.set_memory(idle_tax_permille=0)
    lab.set_memory(idle_tax_permille=100)
    seconds.clear()
    lab.undo()
    lab.undo()
    assert lab.digest() == before
    assert seconds == [], "nothing has to be lived again"
    lab.undo()
    assert (lab.tick, seconds) == (0, [])


def test_a_host_is_not_copied_where_a_replay_is_cheaper(seconds):
    lab = ordinary()
    lab.advance()
    for tax in range(40):  # a slider that is moved, and no time passes
        lab.set_memory(idle_tax_permille=tax)
    assert lab._journal._copies.taken_after == ()
    seconds.clear()
    lab.undo()
    assert len(seconds) == 5


@pytest.mark.parametrize(("room", "kept"), [(0.9, 0), (2.1, 2), (9, 4)])
def test_copies_are_bounded_by_their_bytes(monkeypatch, room, kept):
    lab = make("neutral")
    pages = lab.memory.machine.frames + sum(t.guest.pages for t in lab.memory.tenants.values())
    monkeypatch.setattr(copies, "MOST_BYTES", int(room * pages * copies.BYTES_PER_PAGE))
    digests = []
    for tax in range(6):
        lab.advance(40)
        digests.append(lab.digest())
        lab.set_memory(idle_tax_permille=tax)
    assert lab._journal._copies.taken_after == (3, 5, 7, 9, 11, 13)[6 - kept :]
    for digest in reversed(digests):
        lab.undo()
        assert lab.digest() == digest
        lab.undo()


def test_a_copy_takes_what_is_reckoned():
    lab = ordinary()
    lab.advance(12)
    machine, tenants = lab.memory.machine, lab.memory.tenants.values()
    arrays = [machine.owner, machine.gfn, machine.refs, machine.content, machine.state, machine._returned]
    for tenant, table in zip(tenants, machine.tables.values(), strict=True):
        arrays += [table.entry, table.where, table.accessed]
        arrays += [tenant.guest._gfn_of, tenant.guest._spare, tenant.guest._balloon]
    pages = machine.frames + sum(tenant.guest.pages for tenant in tenants)
    assert sum(array.nbytes for array in arrays) == pytest.approx(pages * copies.BYTES_PER_PAGE, rel=0.3)
