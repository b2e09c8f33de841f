import pytest

import vmwidgets as vm
from tests.widgets.memory_labs import memory_lab
from vmwidgets.model.memory_profile import TUNABLE
from vmwidgets.widgets.memory_controls import MemoryControls

OWN = ["active_permille", "memory_shares", "balloon"]


@pytest.fixture
def controls():
    made = MemoryControls(memory_lab(ticks=10))
    yield made
    made.close()


def specs(controls):
    state = controls.state
    return {spec["id"]: spec for spec in (*state["machine"], *state["more"], *state["vmm"])}


def test_four_controls_are_in_the_first_view(controls):
    assert [spec["id"] for spec in controls.state["machine"]] == OWN, "and the choice of the VM is the fourth"
    assert controls.state["unfold"] is False


@pytest.mark.parametrize(
    ("profile", "own", "vmm"),
    [
        ("neutral", OWN, {"idle_tax_permille", "balloon_limit_permille", "sharing", "scan_pages_per_s"}),
        ("esx", OWN, {"idle_tax_permille", "balloon_limit_permille", "sharing", "scan_pages_per_s"}),
        (
            "esxi",
            OWN,
            {"idle_tax_permille", "balloon_limit_permille", "sharing", "scan_pages_per_s", "compression_permille"},
        ),
        ("kvm", OWN[:1], {"sharing", "scan_pages_per_s"}),
        ("hyperv", OWN, {"buffer_permille", "balloon_limit_permille"}),
    ],
)
def test_only_settings_that_mean_something_are_shown(profile, own, vmm):
    controls = MemoryControls(memory_lab(profile, ticks=0))
    assert [spec["id"] for spec in controls.state["machine"]] == own
    assert {spec["id"] for spec in controls.state["vmm"]} == vmm | {"host_swap", "zero_on_allocate"}
    controls.close()


@pytest.mark.parametrize("profile", ["neutral", "esxi", "kvm", "hyperv"])
def test_every_control_is_a_command_that_can_be_undone(profile):
    lab = memory_lab(profile, ticks=1)
    controls = MemoryControls(lab)
    for name, spec in specs(controls).items():
        if spec["kind"] == "choice":
            value = next(key for key, _text in spec["options"] if key != spec["value"])
        elif spec["kind"] == "check":
            value = 1 - spec["value"]
        else:
            # A limit that is open has its last step to give away; everything else has a step to gain.
            stops = spec.get("stops") or [spec["value"] - spec["step"], spec["value"] + spec["step"]]
            value = next(v for v in stops if v != spec["value"] and spec["min"] <= v <= spec["max"])
        digest, commands = lab.digest(), len(lab.log)
        controls.set(name, value)
        assert len(lab.log) == commands + 1, name
        assert specs(controls)[name]["value"] == value, name
        lab.undo()
        assert specs(controls)[name]["value"] == spec["value"], name
        assert lab.digest() == digest, name
    controls.close()


def test_a_working_set_is_read_in_gib(controls):
    spec = specs(controls)["active_permille"]
    assert (spec["value"] / spec["per"], spec["unit"]) == (6, "GiB")
    controls.set("active_permille", 875)
    workload = controls.lab.vm("A").workload
    assert workload.settings()["active_permille"] == 875
    assert workload.kind == "database"


def test_a_workload_without_a_working_set_has_no_slider_for_it(controls):
    controls.lab.set_workload("A", "memory_hog")
    assert [spec["id"] for spec in controls.state["machine"]] == OWN[1:]


def test_what_is_not_on_the_scale_is_put_there(controls):
    controls.lab.set_memory(scan_pages_per_s=777)
    spec = specs(controls)["scan_pages_per_s"]
    assert spec["stops"] == sorted(spec["stops"])
    assert 777 in spec["stops"]
    low, high = next((low, high) for name, low, high in TUNABLE if name == "scan_pages_per_s")
    assert (spec["stops"][0], spec["stops"][-1]) == (low, high)


def test_the_balloon_of_the_guest_follows(controls):
    controls.set("balloon", "refuses")
    assert controls.lab.vm("A").kernel.balloon == "refuses"
    assert controls.lab.memory.tenants[controls.lab.memory_slot("A")].guest.balloon == "refuses"


def test_a_limit_is_taken_away_at_the_last_step(controls):
    spec = specs(controls)["memory_limit_bytes"]
    assert spec["value"] == spec["max"]
    assert (spec["max"] - spec["min"]) % spec["step"] == 0, "the browser cannot reach 'no limit'"
    controls.set("memory_limit_bytes", 8 * vm.GiB)
    assert controls.lab.vm("A").memory_limit_bytes == 8 * vm.GiB
    controls.set("memory_limit_bytes", spec["max"])
    assert controls.lab.vm("A").memory_limit_bytes is None


def test_create_clone_remove_and_the_last_one(controls, wire):
    lab = controls.lab
    wire.send(controls, name="create", seq=1)
    assert controls.state["vm"] == lab.vms[-1].name == "VM 1"
    assert lab.vms[-1].memory_bytes == 16 * vm.GiB
    wire.send(controls, name="clone", seq=2)
    assert controls.state["vm"] == lab.vms[-1].name == "VM 2"
    for _left in range(5):
        wire.send(controls, name="remove", seq=3)
    assert lab.vms == ()
    assert (controls.state["vm"], controls.state["machine"], controls.state["more"]) == ("", [], [])
    wire.send(controls, name="remove", seq=4)
    assert controls.error
    wire.send(controls, name="create", seq=5)
    assert (controls.error, controls.state["vm"]) == ("", "VM 1")


def test_a_setting_that_names_a_machine_is_for_that_one_and_one_of_the_vmm_for_all(controls, wire):
    lab = controls.lab
    chosen, other = lab.vms[0], lab.vms[1]
    wire.send(controls, name="set", id="memory_shares", value=700, vm=other.name, seq=1)
    assert lab.vm(other.name).memory_shares == 700
    assert lab.vm(chosen.name) == chosen
    wire.send(controls, name="set", id="memory_shares", value=800, vm="nobody", seq=2)
    assert "nobody" in controls.error
    wire.send(controls, name="set", id="scan_pages_per_s", value=0, vm="nobody", seq=3)
    assert (controls.error, lab.memory.profile.scan_pages_per_s) == ("", 0)


def test_a_refusal_says_why_and_nothing_is_changed(controls, wire):
    digest = controls.lab.digest()
    controls.set("memory_limit_bytes", 4 * vm.GiB)
    wire.send(controls, name="set", id="memory_reservation_bytes", value=8 * vm.GiB, seq=7)
    assert "memory_reservation_bytes is" in controls.error
    assert specs(controls)["memory_reservation_bytes"]["value"] == 0
    assert wire.to(controls)[-1].data["content"] == {"ack": 7}
    controls.lab.undo()
    assert controls.lab.digest() == digest


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("idle_tax_permille", 1000),
        ("idle_tax_permille", -1),
        ("idle_tax_permille", "750"),
        ("idle_tax_permille", None),
        ("scan_pages_per_s", 10**9),
        ("sharing", "everywhere"),
        ("sharing", 1),
        ("balloon", "explodes"),
        ("compression_permille", 100),  # this product compresses nothing
        ("buffer_permille", 200),
        ("cpu_shares", 2000),
        (None, 1),
    ],
)
def test_values_a_page_cannot_mean(controls, wire, setting, value):
    digest = controls.lab.digest()
    wire.send(controls, name="set", id=setting, value=value, seq=1)
    assert controls.error
    assert controls.lab.digest() == digest


@pytest.mark.parametrize(
    "content",
    [
        {"name": "set", "id": "sharing", "value": "between"},
        {"name": "create"},
        {"name": "clone"},
        {"name": "remove"},
        {"name": "reset"},
    ],
)
def test_locked_controls_refuse_what_a_page_still_sends(controls, wire, content):
    controls.lock("The controls open when your prediction is in.")
    digest = controls.lab.digest()
    wire.send(controls, **content, seq=1)
    assert controls.lab.digest() == digest
    assert "locked" in controls.error
    controls.lock("")
    assert controls.state["locked"] == ""


def test_what_notebooks_compare(controls):
    assert repr(controls) == "<MemoryControls: A>"


# ---------------------------------------------------------------------------------------------------------- any host
def of_host(memory_bytes, page_bytes, *sizes):
    hardware = vm.Hardware(memory_bytes=memory_bytes, vmm_memory_bytes=memory_bytes // 16, page_bytes=page_bytes)
    lab = vm.Lab(memory="neutral", hardware=hardware, tick_s=1)
    for number, size in enumerate(sizes):
        work = vm.Workload("database", active_permille=300)
        lab.create_vm(f"m{number}", memory_bytes=size, workload=work)
    return lab


HOSTS = [
    (16 * vm.MiB, 4 * vm.KiB, 4 * vm.MiB),
    (16 * vm.MiB, 4 * vm.KiB, 5_000_000),  # not a whole number of pages
    (100 * vm.MiB, 4 * vm.KiB, 60 * vm.MiB),
    (vm.GiB, 16 * vm.MiB, 4 * vm.MiB),  # less than a page
    (3 * vm.GiB, 4 * vm.KiB, 4 * vm.GiB),  # larger than its host
    (32 * vm.GiB, 4 * vm.KiB, 100 * vm.MiB),
    (32 * vm.GiB, 2 * vm.MiB, 16 * vm.GiB),
]


@pytest.mark.parametrize(("memory", "page", "size"), HOSTS)
def test_every_slider_of_any_host_can_be_moved_and_read(memory, page, size):
    lab = of_host(memory, page, size)
    controls = MemoryControls(lab)
    found = {spec["id"]: spec for spec in (*controls.state["machine"], *controls.state["more"])}
    for name in ("memory_bytes", "memory_reservation_bytes", "memory_limit_bytes", "active_permille"):
        spec = found[name]
        low, high, step, value = spec["min"], spec["max"], spec["step"], spec["value"]
        assert low <= value <= high, name
        assert low < high, name
        assert 0 < step <= high - low, name
        assert (value - low) % step == (high - low) % step == 0, f"the browser cannot show {name}"
        assert {"GiB": vm.GiB, "MiB": vm.MiB}[spec["unit"]] == spec["per"] * (
            1 if name != "active_permille" else size / 1000
        )
        if name.endswith("bytes") and size % page == 0:
            assert step >= page
            assert round(step / spec["per"], spec["decimals"]) > 0, f"a step of {name} does not show"
    controls.set("memory_bytes", found["memory_bytes"]["min"])
    assert lab.vm("m0").memory_bytes == found["memory_bytes"]["min"], "the least is allowed"
    lab.undo()
    controls.set("memory_limit_bytes", found["memory_limit_bytes"]["min"])
    assert lab.vm("m0").memory_limit_bytes == found["memory_limit_bytes"]["min"]
    controls.close()


def test_a_small_host_is_moved_in_steps_of_its_own():
    lab = of_host(16 * vm.MiB, 4 * vm.KiB, 4 * vm.MiB)
    controls = MemoryControls(lab)
    found = specs(controls)
    memory, working_set = found["memory_bytes"], found["active_permille"]
    assert (memory["step"], memory["min"], memory["max"]) == (vm.MiB, 4 * vm.MiB, 16 * vm.MiB)
    assert (memory["value"] / memory["per"], memory["unit"], memory["decimals"]) == (4, "MiB", 0)
    assert (working_set["value"] / working_set["per"], working_set["unit"]) == (pytest.approx(1.2), "MiB")
    assert found["memory_reservation_bytes"]["step"] == 256 * vm.KiB
    controls.set("memory_bytes", 6 * vm.MiB)
    controls.set("memory_limit_bytes", 3 * vm.MiB)
    controls.set("memory_reservation_bytes", vm.MiB)
    one = lab.vm("m0")
    assert (one.memory_bytes, one.memory_limit_bytes, one.memory_reservation_bytes) == (6 * vm.MiB, 3 * vm.MiB, vm.MiB)
    lab.destroy_vm("m0")
    controls._on_create({})
    assert lab.vms[-1].memory_bytes == 4 * vm.MiB
    controls.close()
