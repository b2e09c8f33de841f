"""Chapter 6: boot lines say who is closer to the hardware, and every drill has the answer that the boots give."""

import pytest

from vmwidgets.chapters import chapter, first_up, first_up_drills
from vmwidgets.chapters.items import Draw
from vmwidgets.model.boot import boot
from vmwidgets.model.failures import fail
from vmwidgets.model.vm import VM
from vmwidgets.stacks import STACKS

TOKENS = [f"student {i}" for i in range(40)]
SCENES = {scene.id: scene for scene in first_up.SCENES}


def item(part: str, id: str, token: str = "practice"):
    return next(item for item in chapter(first_up.NAME, token).part(part).items if item.id == id)


def test_windows_has_become_the_root_partition():
    role = first_up.scene(Draw("practice", first_up.NAME))
    assert role.id == "role"
    assert role.closer() == "vmm"
    assert role.answers() == ("vmm", "vmm", "os")
    before, after = role.before().layers, role.after().layers
    assert [layer.id for layer in before.under("host_kernel")] == ["host_kernel", "firmware", "hardware"]
    assert [layer.id for layer in after.under("host_kernel")] == ["host_kernel", "hypervisor", "firmware", "hardware"]


def test_the_role_makes_of_windows_what_the_record_of_the_product_says():
    after, record = SCENES["role"].after(), STACKS["hyperv"]
    mine, theirs = after.layers["host_kernel"], record.layers["management"]
    assert (mine.kind, mine.privilege, mine.on, mine.vital) == (theirs.kind, theirs.privilege, theirs.on, theirs.vital)
    for failure in ("management_crash", "host_crash", "vmm_crash", "host_update", "logout", "guest_panic"):
        states = [[fate.state for fate in fail(one, failure, [VM("A"), VM("B")]).fates] for one in (after, record)]
        assert states[0] == states[1], failure


def test_who_is_closer_in_every_scene():
    assert {id: (scene.closer(), *scene.answers()) for id, scene in SCENES.items()} == {
        "role": ("vmm", "vmm", "vmm", "os"),
        "pending": ("os", "os", "os", "os"),
        "removed": ("os", "os", "os", "os"),
        "dom0": ("vmm", "vmm", "vmm", "os"),
        "module": ("os", "os", "os", "os"),
        "desktop": ("os", "os", "os", "os"),
    }
    assert {first_up.scene(Draw(token, first_up.NAME)).id for token in TOKENS} == set(SCENES) - {"role"}


def test_every_machine_of_every_scene_boots():
    for scene in SCENES.values():
        for stack in (scene.before(), scene.after()):
            booted = boot(stack)
            assert booted.symptoms == (), (scene.id, stack.id)
            assert booted.layers == stack.layers


def test_the_lines_are_told_before_and_after():
    told = chapter(first_up.NAME).lines().splitlines()
    assert told[0] == "before: Windows"
    assert "  3. Windows takes the machine" in told
    assert told[-2] == "  hardware → firmware → hypervisor → Windows kernel"
    assert told[-1] == "  hardware → firmware → hypervisor → guest kernel"
    kvm = first_up.FirstUp("", (), lambda: None, SCENES["module"], None).lines().splitlines()  # pyright: ignore
    assert kvm[-2] == "  hardware → firmware → Linux kernel of the host"


@pytest.mark.parametrize("token", ["practice", *TOKENS[:10]])
def test_every_planted_line_has_two_errors_and_fails_at_one_step(token):
    lines = first_up_drills.Lines(Draw(token, first_up.NAME))
    asked = item("drills", "ch06.lines", token)
    for (stack, line), answer in zip(lines.lines, lines.answers(), strict=True):
        right = [stage.id for stage in stack.boot]
        assert len(line) == len(right) - 1
        assert [one for one in right if one in line] != list(line)
        failed = boot(stack, line).steps[int(answer) - 1]
        assert failed.symptom
        assert answer in dict(asked.options)
    assert len(set(lines.answers())) == 4
    assert asked.check(lines.answers()).points == 2
    assert asked.check(("1", *lines.answers()[1:])).points == 1
    assert asked.check(("1",) * 4).points == 0
    assert lines.text().count("\n") + 1 == 4 + sum(len(line) for _stack, line in lines.lines)


def test_students_get_different_lines():
    drawn = {
        tuple(line for _stack, line in first_up_drills.Lines(Draw(token, first_up.NAME)).lines) for token in TOKENS
    }
    assert len(drawn) > 30


def test_what_remains_without_a_stage():
    found = {removal.id: first_up_drills.what_remains(removal) for removal in first_up_drills.REMOVALS}
    assert found == {
        "entry": "os", "dom0": "vmm", "module": "os", "vmkernel": "nothing", "off": "os", "driver": "os",
        "vhost": "all",
    }  # fmt: skip
    assert item("drills", "ch06.remains").check(("os", "vmm", "os", "nothing")).right
    for token in TOKENS[:12]:
        rows = [id for id, _ in item("drills", "ch06.remains", token).rows]
        assert len(set(rows)) == 4
        assert {"vmm", "os"} <= {found[id] for id in rows}
        assert item("drills", "ch06.remains", token).check(tuple(found[id] for id in rows)).right


def test_both_labels_of_kvm_are_accepted_with_the_ticks_that_the_products_bear_out():
    ticks = tuple(first_up_drills.speaks_for(one) for one in first_up_drills.PROPERTIES)
    assert dict(zip((one.id for one in first_up_drills.PROPERTIES), ticks, strict=True)) == {
        "below": "type2", "schedules": "type2", "crash": "type2", "rights": "neither",
        "session": "type1", "bomb": "type1", "assist": "neither",
    }  # fmt: skip
    assert all(one.holds(STACKS["kvm"]) for one in first_up_drills.PROPERTIES)
    check = item("drills", "ch06.label").check
    assert check(("type1", *ticks)).right
    assert check(("type2", *ticks)).right
    assert not check(("neither", *ticks)).right
    assert not check(("type1", "type1", *ticks[1:])).right


@pytest.mark.parametrize("token", ["practice", *TOKENS[:6]])
def test_ten_points_can_be_had(token):
    parts, scene = chapter(first_up.NAME, token), first_up.scene(Draw(token, first_up.NAME))
    observed = (scene.closer(), scene.answers())
    assert sum(i.check(v).points for i, v in zip(parts.part("observe").items, observed, strict=True)) == 2
    assert parts.part("explain").items[0].check("starts").points == 2
    assert sum(i.check(("?",) * len(i.rows)).most for i in parts.part("drills").items) == 4
    assert parts.part("exit").items[0].check("above").points == 1
    assert len({stack.id for stack in parts.stacks()}) == 2
