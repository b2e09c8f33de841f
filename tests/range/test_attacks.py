"""Each attack succeeds with its switch open and fails with it closed, on the stacks where the mechanism is."""

import pytest

from vmwidgets.attacks import ATTACKS, CLASSES, FAMILIES
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.model.range.run import run_attack
from vmwidgets.model.range.scenario import Scenario
from vmwidgets.stacks import STACKS

PARAVIRTUAL = {"xen"}  # the default type of its guests, xl.cfg(5)
TRANSLATED = {"workstation", "esx"}  # binary translation with shadow tables: Sugerman 2001, Waldspurger 2002
PROCESSES = {"bare_metal", "container"}  # no VM: a customer is a process
NESTED = set(STACKS) - PARAVIRTUAL - TRANSLATED - PROCESSES
VMS = set(STACKS) - PROCESSES
PASSTHROUGH = {"neutral", "hyperv", "xen", "esxi", "kvm"}
SCANNED = {"esx", "esxi", "kvm", "virtualbox", "bare_metal", "container"}  # TPS, KSM, page fusion
HOSTED = {"kvm", "workstation", "virtualbox", "parallels"}  # VMs are processes of an OS on the machine
DESKTOP = {"workstation", "virtualbox", "parallels"}  # VM processes of one user, held by nothing

# By attack: which switch, or which of them together, open the way on which stacks; None: it is open anyway.
EXPECTED = {
    # What lies beyond the VM's memory is reached only if the map of the layer below has no end. Where the tables of
    # a guest are validated nothing beyond is ever in them, whatever the shorter way for flags does.
    "beyond_memory": {
        "second_stage_tables": NESTED,
        "shadow_tables": TRANSLATED,
        "process_tables": PROCESSES,
    },
    # A mistake of the layer that hands out frames, which every stack has.
    "mapped_twice": {"frame_owners": set(STACKS)},
    # XSA-148: only guests whose tables hold machine addresses. Others write their own tables, and the map below
    # decides; processes have neither.
    "table_update": {
        "validation": PARAVIRTUAL,
        "second_stage_tables": NESTED,
        "shadow_tables": TRANSLATED,
    },
    # XSA-7: only a VMM that lets kernels run in user mode returns to their programs for them.
    "guest_return": {"canonical_check": PARAVIRTUAL},
    # VENOM as a class: wherever a VM has imitated devices the layer that imitates them is taken over. (That only the
    # code of one emulator had the hole is a fact about that code, and the switch is what makes the hole.)
    "device_overrun": {"bounds_check": VMS},
    # A neighbour is reached only if the layer is more than a process that is held to its own VM.
    "device_overrun_neighbour": {"bounds_check": {"neutral", "esx"} | DESKTOP},
    # DMA does not go through page tables; a customer programs a device only where one is passed through to a VM.
    "dma": {"iommu": PASSTHROUGH},
    # A write is an interrupt where a device that can write is passed through; only remapping knows whose vector it is.
    "message_interrupt": {"interrupt_remapping": PASSTHROUGH},
    # Remanence is a matter of the allocator, which every stack has.
    "uncleared_frames": {"zero_on_allocate": set(STACKS)},
    # Wherever a card is imitated; a guest type without such cards has nothing to get at.
    "nic_underflow": {"descriptor_check": VMS},
    # Wherever somebody serves paravirtual devices: where that is a kernel or a VMM, all VMs are lost, and where it is
    # the process of a user, those of that user.
    "backend_request": {"request_check": {"neutral", "hyperv", "xen", "esxi", "esx", "kvm", "virtualbox", "parallels"}},
    # Only where the process of the VMM has a network stack of its own.
    "fragments": {"reassembly_check": {"kvm"}},
    # Two walls, and only on desktops: the channel must be on, and its length unchecked.
    "convenience_channel": {("channel_off", "channel_check"): DESKTOP},
    # Where there are balloons: who can page has that to fall back on, who cannot must not lend.
    "balloon_refusal": {
        "forced_reclaim": {"neutral", "esx", "esxi", "virtualbox"},
        "memory_limit": {"hyperv", "xen"},
    },
    "interrupt_storm": {"interrupt_limit": PASSTHROUGH},
    # No switch of the VM's helps where the memory of VMs is not encrypted.
    "host_read": {None: set(STACKS) - {"kvm"}, "memory_encryption": {"kvm"}},
    # Where VMs are processes, or customers are: a hypervisor gives the OS that manages a share like any other.
    "fork_bomb": {"host_cgroups": HOSTED | PROCESSES},
    # The same, but what macOS does with VMs when memory runs out is not published.
    "host_memory": {"host_cgroups": HOSTED - {"parallels"} | PROCESSES},
    # A system call reaches a kernel that is not the customer's own only where there is no VM.
    "shared_kernel": {"kernel_check": PROCESSES},
    # Equal pages meet only where there is a scanner, and only if it looks beyond one VM.
    "sharing_oracle": {"salting": SCANNED},
    "covert_channel": {"salting": SCANNED},
    "flush_reload": {"salting": SCANNED},
    # One defence is enough: another frame, or a bit that is put right.
    "row_hammer": {("salting", "ecc"): SCANNED},
    # The guest's own entries must be what the processor walks; shadow tables and those of a process are not.
    "cached_secret": {"l1d_flush": NESTED},
    "cached_secret_sibling": {"core_scheduling": NESTED},
    # Turns for vCPUs, or shares for them (ESXi: 1000 for each); elsewhere a VM, or its control group, has one share.
    # ESX 2 does not run a VM that has more vCPUs than the machine has processors.
    # One is enough where there are both: what the noisy VM may have, or what the others shall have.
    "noisy_cpu": {
        None: {"workstation", "parallels"},
        "cpu_limit": {"neutral", "xen", "virtualbox"},
        ("cpu_limit", "cpu_reservation"): {"esxi"},
    },
    # Weights at the disk are a control of some products; others serve who comes first.
    "noisy_disk": {
        None: {"hyperv", "xen", "workstation", "virtualbox", "parallels", "bare_metal"},
        "io_weights": {"neutral", "esxi", "esx", "kvm", "container"},
    },
    # Shares of the network are no control of any product's record here.
    "noisy_network": {None: set(STACKS) - {"neutral"}, "network_weights": {"neutral"}},
    # Only where the host pages, and asks no shares first; a reservation (memory.min of a control group) ends it there.
    "noisy_memory": {
        None: {"workstation", "virtualbox", "parallels", "bare_metal"},
        "memory_reservation": {"kvm", "container"},
    },
    # Where exits are carried out in a domain beside the VM its time is not the VM's: dom0, the root partition. Of these
    # two Hyper-V has reservations, and Xen can keep dom0 off the processors of VMs. Elsewhere it is the kernel, the
    # monitor or the process of the VM, in its own time.
    "exit_storm": {"cpu_pools": {"xen"}, "cpu_reservation": {"hyperv"}},
    # Of the schedulers only Xen's credit scheduler took accounts at ticks, before August 2009.
    "tick_theft": {"exact_accounting": {"neutral", "xen"}},
}


CELLS = [
    pytest.param(attack, stack, id=f"{attack.id}-{stack.id}")
    for attack in ATTACKS.values()
    for stack in STACKS.values()
]


def test_the_table_knows_every_attack():
    assert set(EXPECTED) == set(ATTACKS)
    for openings in EXPECTED.values():
        assert set(opened(openings)) <= set(DEFENCES)


def opened(openings):
    """All switches of a table, one by one; a tuple of them opens only together."""
    return [one for key in openings if key for one in (key if isinstance(key, tuple) else (key,))]


@pytest.mark.parametrize(("attack", "stack"), CELLS)
def test_one_open_switch_at_a_time(attack, stack):
    offered = Scenario(stack, attack.placement).defences.offered
    always = stack.id in EXPECTED[attack.id].get(None, ())
    expected = {None: always} | {one: always or stack.id in EXPECTED[attack.id].get(one, ()) for one in offered}
    for one, succeeds in expected.items():
        for seed in (0, 7, 2**40 + 1) if succeeds else (7,):
            verdict = run_attack(attack, stack, {one: False} if one else None, seed)
            assert verdict.succeeded is succeeds, (one, seed, str(verdict))
            if succeeds and not always:
                assert verdict.deciding.check == one


@pytest.mark.parametrize(("attack", "stack"), CELLS)
def test_all_other_switches_open_do_not_help(attack, stack):
    defences = Scenario(stack, attack.placement).defences
    openings = {key: stacks for key, stacks in EXPECTED[attack.id].items() if stack.id in stacks}
    opening = [one for one in defences.offered if one in opened(openings)]
    shut = {one: False for one in defences.offered if one not in opening}
    if None in openings:
        assert run_attack(attack, stack, seed=3).succeeded
        return
    if attack.id == "device_overrun_neighbour":
        shut.pop("bounds_check", None)
    assert not run_attack(attack, stack, shut, seed=3).succeeded


@pytest.mark.parametrize(
    ("attack", "switches", "stack"),
    [
        (attack, switches, stack)
        for attack, openings in EXPECTED.items()
        for switches, stacks in openings.items()
        if isinstance(switches, tuple)
        for stack in sorted(stacks)
    ],
)
@pytest.mark.parametrize("seed", [0, 7, 2**40 + 1])
def test_switches_that_open_only_together(attack, switches, stack, seed):
    assert run_attack(ATTACKS[attack], STACKS[stack], dict.fromkeys(switches, False), seed).succeeded


@pytest.mark.parametrize(
    ("stack", "switches", "reached"),
    [
        ("neutral", {}, (0, 1, 2)),  # it imitates devices itself
        ("esx", {}, (0, 1, 2)),  # inside the VMkernel
        ("kvm", {}, (0,)),  # a process that libvirt labels
        ("kvm", {"confinement": False}, (0, 1, 2)),  # beside other processes of the same user
        ("esxi", {}, (0,)),
        ("hyperv", {}, (0,)),
        ("xen", {}, (0,)),  # a stub domain
        ("xen", {"stub_domain": False}, (0, 1, 2)),  # QEMU as root in dom0
        ("workstation", {}, (0, 1, 2)),
        ("virtualbox", {}, (0, 1, 2)),
        ("parallels", {}, (0, 1, 2)),
    ],
)
def test_blast_radius_of_a_device_model(stack, switches, reached):
    verdict = run_attack(ATTACKS["device_overrun"], STACKS[stack], {"bounds_check": False} | switches, seed=1)
    assert verdict.succeeded
    assert verdict.in_reach == tuple(f"guest {vm}" for vm in reached)
    neighbour = ATTACKS["device_overrun_neighbour"]
    escaped = run_attack(neighbour, STACKS[stack], {"bounds_check": False} | switches, seed=1)
    assert escaped.succeeded is (1 in reached)


@pytest.mark.parametrize(
    ("stack", "switches", "owner"),
    [
        ("kvm", {}, "vmm_process 0"),
        ("xen", {}, "stub_domain 0"),
        ("xen", {"stub_domain": False}, "device_model 0"),
        ("virtualbox", {}, "vmm_process 0"),
        ("esx", {}, "hypervisor"),
        ("neutral", {}, "hypervisor"),
    ],
)
def test_the_overrun_writes_into_the_memory_of_whoever_imitates_the_device(stack, switches, owner):
    verdict = run_attack(ATTACKS["device_overrun"], STACKS[stack], {"bounds_check": False} | switches, seed=1)
    assert verdict.written == (owner,)


def test_a_guest_type_without_imitated_devices_has_no_floppy():
    code = ATTACKS["device_overrun"].code
    verdict = run_attack(code, STACKS["xen"], {})
    assert (verdict.deciding.check, verdict.deciding.outcome) == ("port", "absent")


def test_families_and_classes():
    in_families = {number for numbers in FAMILIES.values() for number in numbers}
    for attack in ATTACKS.values():
        if attack.family:
            assert attack.number in FAMILIES[attack.family]
        else:
            assert attack.number not in in_families
        assert len(attack.hints) == 3
    assert in_families <= set(CLASSES)
    assert {attack.number for attack in ATTACKS.values()} - {0} == set(CLASSES)
