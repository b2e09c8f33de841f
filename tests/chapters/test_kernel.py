"""Chapter 5: what the text says of kernels comes out of the bench, and no variant is odd."""

import pytest

from vmwidgets.chapters import chapter, kernel, kernel_drills
from vmwidgets.chapters.items import Draw
from vmwidgets.stacks import STACKS

TOKENS = [f"student {i}" for i in range(40)]
PRACTICE = kernel.puzzle(Draw("practice", kernel.NAME))


def item(part: str, id: str, token: str = "practice"):
    return next(item for item in chapter(kernel.NAME, token).part(part).items if item.id == id)


def test_what_is_done_in_a_vm_shows_in_its_own_pane():
    assert PRACTICE.acts == ("page_size", "tick", "module", "panic")
    assert PRACTICE.seen() == ("yes", "no", "no")
    check = item("observe", "ch05.panes").check
    assert check(("yes", "no", "no")).right
    assert not check(("yes", "no", "yes")).right


def test_in_containers_it_is_refused_or_hits_everybody():
    assert PRACTICE.spread() == ("none", "all")
    check = item("observe", "ch05.containers").check
    assert check(("none", "all")).right
    assert not check(("own", "own")).right


def test_students_meet_four_structures_with_different_answers():
    drawn = {kernel.puzzle(Draw(token, kernel.NAME)) for token in TOKENS}
    structures = {one.structure: one.spread() for one in drawn}
    assert structures == {
        "replaced": ("none", "all"),
        "namespace": ("own", "own"),
        "outside": ("none", "none"),
        "crash": ("none", "all"),
    }
    assert len({one.seen() for one in drawn}) >= 4
    assert len({one.stack for one in drawn}) == 4
    for one in drawn:
        assert "yes" not in one.seen()[-1]  # never the host
        assert item("predict", "ch05.panes").question
        bench = chapter(kernel.NAME, TOKENS[0]).bench()
        assert set(bench) == {"stack", "guests", "actor"}


def test_every_request_goes_to_the_weakest_place_that_will_do():
    found = {request.id: kernel_drills.needs(request) for request in kernel_drills.REQUESTS}
    assert found == {
        "module": "vm", "tick": "vm", "pages": "vm", "replace": "vm", "swappiness": "vm", "crash": "vm",
        "forward": "container", "python": "container", "distribution": "container", "config": "container",
        "nic": "host", "firmware": "host", "vmm": "host", "backend": "host",
    }  # fmt: skip


@pytest.mark.parametrize("token", ["practice", *TOKENS[:12]])
def test_eight_requests_of_all_kinds(token):
    asked = item("drills", "ch05.requests", token)
    ids = [id for id, _ in asked.rows]
    assert len(set(ids)) == 8
    right = tuple(kernel_drills.needs(request) for id in ids for request in kernel_drills.REQUESTS if request.id == id)
    assert set(right) == {"container", "vm", "host"}
    assert asked.check(right).points == 2
    spoilt = tuple("host" if answer == "vm" else answer for answer in right)
    assert asked.check(spoilt).points < 2
    one_off = ("vm" if right[0] != "vm" else "host", *right[1:])
    assert asked.check(one_off).points == 1


@pytest.mark.parametrize("token", ["practice", *TOKENS[:12]])
def test_four_pairs_some_of_which_need_vms(token):
    asked = item("drills", "ch05.pairs", token)
    pairs = {pair.id: kernel_drills.way(pair) for pair in kernel_drills.PAIRS}
    right = tuple(pairs[id] for id, _ in asked.rows)
    assert len(right) == 4
    assert set(right) == {"container", "vm"}
    assert asked.check(right).right
    assert not asked.check(right[::-1] if right != right[::-1] else ("vm",) * 4).right


@pytest.mark.parametrize("token", ["practice", *TOKENS[:12]])
def test_a_driver_is_added_by_the_guest_and_answered_by_the_other_end(token):
    asked = item("drills", "ch05.driver", token)
    assert [id for id, _ in asked.rows][:2] == ["A", "B"]
    assert asked.check(("changed", "unchanged", "serves", "unchanged")).right
    rewritten = asked.check(("unchanged", "unchanged", "serves", "changed"))  # the VMM rewrites nobody
    assert not rewritten.right


def test_the_other_end_is_where_the_record_has_it():
    assert {stack: STACKS[stack].layers.with_("serves")[0].id for stack in kernel_drills._STACKS} == {
        "kvm": "backends",
        "xen": "backends",
        "hyperv": "backends",
        "virtualbox": "vmm_process",
    }


@pytest.mark.parametrize("token", ["practice", *TOKENS[:6]])
def test_ten_points_can_be_had(token):
    one = kernel.puzzle(Draw(token, kernel.NAME))
    observed = (one.seen(), one.spread())
    parts = chapter(kernel.NAME, token)
    assert sum(i.check(v).points for i, v in zip(parts.part("observe").items, observed, strict=True)) == 2
    assert parts.part("explain").items[0].check("own").points == 2
    assert sum(i.check(("?",) * len(i.rows)).most for i in parts.part("drills").items) == 4
    assert parts.part("exit").items[0].check("container").points == 1
    assert {lab.name for lab in parts.lab().vms} == {"A", "B"}
