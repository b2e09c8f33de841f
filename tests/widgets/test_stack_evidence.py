import pytest

from tests.widgets.example_stacks import DESK, SLIM
from vmwidgets.model.stack import TOPICS, VERDICTS
from vmwidgets.stacks import STACKS
from vmwidgets.widgets.stack_choice import Choice
from vmwidgets.widgets.stack_evidence import StackEvidence


@pytest.fixture
def choice():
    made = Choice((SLIM, DESK))
    made.tab = "evidence"
    return made


def test_every_claim_is_a_card_with_its_source_date_and_verdict(wire, choice):
    view = StackEvidence(choice)
    slim, desk = view.state["products"]
    assert (slim["name"], desk["name"]) == ("Slim", "Desk")
    first, second = slim["cards"]
    assert (first["text"], first["source"], first["checked"]) == ("It boots first.", "a manual", "2026-10")
    assert (first["scope"], first["verdict"], first["judged"]) == ("version 3", "supported", "✓ supported")
    assert second["judged"] == "~ outdated"
    assert [topic for topic, _name in view.state["topics"]] == ["boot", "memory"]
    view.close()


def test_all_topics_and_verdicts_have_words(wire):
    for stack in STACKS.values():
        assert {claim.topic for claim in stack.claims} <= set(TOPICS)
        assert {claim.verdict for claim in stack.claims} <= set(VERDICTS)
    known = [stack for stack in STACKS.values() if stack.claims]
    made = Choice(known[:4])
    made.tab = "evidence"
    view = StackEvidence(made)
    assert all(card["judged"] for product in view.state["products"] for card in product["cards"])
    view.close()
