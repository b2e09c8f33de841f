"""Chapter 8: the matrix is read off the records, outcomes are computed, and no variant is odd."""

import pytest

from vmwidgets.chapters import benches, benches_drills, benches_facts, chapter
from vmwidgets.chapters.items import Draw
from vmwidgets.model.kin import differing
from vmwidgets.stacks import PRODUCTS, STACKS

TOKENS = [f"student {i}" for i in range(40)]
ALL = ["practice", *TOKENS]


def draw(token: str) -> Draw:
    return Draw(token, benches.NAME)


def item(part: str, id: str, token: str = "practice"):
    return next(item for item in chapter(benches.NAME, token).part(part).items if item.id == id)


# ----------------------------------------------------------------------------------------------------- the prediction
def test_four_of_the_seven_keep_their_guests_when_the_user_logs_out():
    one = benches.puzzle(draw("practice"))
    assert dict(zip(PRODUCTS, one.seen(), strict=True)) == {
        "hyperv": "yes", "xen": "yes", "esxi": "yes", "kvm": "yes", "workstation": "no", "virtualbox": "no",
        "parallels": "no",
    }  # fmt: skip
    assert item("observe", "ch08.keep").check(4).right
    assert not item("observe", "ch08.keep").check(3).right
    text = chapter(benches.NAME).outcomes()
    assert len(text.splitlines()) == 7
    assert "VM process belongs to the session that ends" in text
    assert text.count("an assumption") == 2  # of nobody's session is it published but of VirtualBox's


def test_students_meet_five_structures():
    found = {benches.puzzle(draw(token)) for token in TOKENS}
    assert {one.structure for one in found} == {"instead", "host_crash", "domain", "sleep"}
    counts = {(one.structure, one.instead): one.seen().count("yes") for one in found}
    assert counts == {
        ("instead", "autostart"): 5,
        ("instead", "pro_edition"): 5,
        ("instead", "user_session"): 3,
        ("host_crash", ""): 3,
        ("domain", ""): 5,
        ("sleep", ""): 1,
    }


def test_a_layer_that_leaves_the_session_changes_the_outcome():
    for id, (_name, base, _changes) in benches_facts.CONFIGURED.items():
        one, other = (benches.fail(benches_facts.configured(name), "logout", benches._GUESTS) for name in (base, id))
        assert (one.blast_radius != other.blast_radius) is (id != "restricted")


# -------------------------------------------------------------------------------------------------------- the matrix
def test_answers_follow_from_the_layers():
    def row(id: str) -> tuple[str, ...]:
        return tuple(benches_facts.answer(PRODUCTS[id], question) for question in benches_facts.QUESTIONS)

    assert row("esxi") == ("vmm",) * 5
    assert row("xen") == row("hyperv") == ("vmm", "vmm", "management", "management", "management")
    assert row("kvm") == row("workstation") == row("virtualbox") == row("parallels") == ("host_os",) * 5
    assert benches_facts.answer(STACKS["esx"], "boots") == "management"


def test_every_answer_has_a_source_and_a_dated_card_or_says_that_it_has_not():
    bare = set()
    for id, stack in PRODUCTS.items():
        for question, (_heading, _question, find, _topic) in benches_facts.QUESTIONS.items():
            layer, text = find(stack), benches_facts.evidence(stack, question)
            assert layer.name in text
            found = benches_facts.card(stack, question)
            if found:
                assert found.source in text
                assert found.checked_on in text
            elif "an assumption" in text:
                bare.add((id, question))
            else:
                assert layer.source in text
    assert {id for id, _question in bare} == {"parallels"}


@pytest.mark.parametrize("token", ALL[:12])
def test_ten_blank_cells(token):
    blank = benches_drills.blanks(draw(token))
    assert len(set(blank)) == 10
    assert {question for _id, question in blank} == set(benches_facts.QUESTIONS)
    assert not any(benches_facts.is_assumed(PRODUCTS[id], question) for id, question in blank)
    assert chapter(benches.NAME, token).matrix().count("?") == 10
    asked = item("drills", "ch08.cells", token)
    right = tuple(benches_facts.answer(PRODUCTS[id], question) for id, question in blank)
    assert len(set(right)) >= 2
    assert asked.check(right).right
    assert not asked.check(("vmm",) * 10).right
    assert len(chapter(benches.NAME, token).cards().splitlines()) == 20


# ---------------------------------------------------------------------------------------------------------- the claims
@pytest.mark.parametrize("token", ALL)
def test_six_claims_two_of_each_kind_and_a_card_for_each(token):
    said = benches_drills.claims_of(draw(token))
    verdicts = [one.claim.verdict for one in said]
    assert sorted(verdicts) == ["outdated"] * 2 + ["supported"] * 2 + ["unsupported"] * 2
    asked, decided = item("drills", "ch08.claims", token), item("drills", "ch08.cards", token)
    assert asked.check(tuple(verdicts)).right
    assert not asked.check(tuple(reversed(verdicts))).right or verdicts == verdicts[::-1]
    by_source = {line[3:]: line[0] for line in chapter(benches.NAME, token).deck().splitlines()}
    assert sorted(by_source.values()) == [id for id, _text in decided.options] == list("ABCDEF")
    assert decided.check(tuple(by_source[one.source] for one in said)).right
    assert not decided.check(("A",) * 6).right


def test_the_claims_of_the_text():
    said = {one.claim.text: one.claim for one in benches_drills.claims_of(draw("practice"))}
    by_default = said["ESXi shares pages of equal content between VMs by default."]
    assert (by_default.verdict, by_default.source) == ("outdated", "VMware KB 2080735")
    (assisted,) = (claim for text, claim in said.items() if "type 1" in text)
    assert assisted.verdict == "unsupported"


# ---------------------------------------------------------------------------------------------------------------- pair
def test_one_pair_of_the_seven_differs_in_one_layer():
    assert benches_drills.near_pairs(tuple(PRODUCTS)) == [("virtualbox", "parallels")]
    one, other = differing([PRODUCTS["virtualbox"].layers, PRODUCTS["parallels"].layers])
    assert one == other == {"management_tools"}
    assert item("drills", "ch08.pair").check("virtualbox+parallels").right
    assert not item("drills", "ch08.pair").check("hyperv+esxi").right


@pytest.mark.parametrize("token", ALL)
def test_five_benches_of_which_one_pair_is_near(token):
    ids = benches_drills.five(draw(token))
    assert len(ids) == 5
    assert len(benches_drills.near_pairs(ids)) == 1
    assert len(item("drills", "ch08.pair", token).options) == 10


def test_pairs_differ_between_students():
    assert len({benches_drills.near_pairs(benches_drills.five(draw(token)))[0] for token in TOKENS}) >= 4


# ---------------------------------------------------------------------------------------------------------------- exit
def test_each_request_is_met_by_one_product():
    found = {request: benches.fitting(request) for request in benches.REQUESTS}
    assert found == {
        "centre": ["esxi"], "servers": ["kvm"], "old": ["xen"], "confined": ["hyperv"], "desk": ["workstation"],
    }  # fmt: skip


@pytest.mark.parametrize("token", ALL[:12])
def test_a_wrong_choice_is_told_what_it_lacks(token):
    asked = item("exit", "ch08.exit", token)
    verdicts = {id: asked.check(id) for id, _text in asked.options}
    assert sum(verdict.right for verdict in verdicts.values()) == 1
    assert all(verdict.reason.startswith("There ") for verdict in verdicts.values() if not verdict.right)
