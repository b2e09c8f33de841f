"""Evidence: statements about the products, what they rest on, and when that was last looked at."""

import warnings
from datetime import date

import pytest

from vmwidgets.model.stack import TOPICS, VERDICTS
from vmwidgets.stacks import PRODUCTS, STACKS

CLAIMS = [(stack.id, claim) for stack in STACKS.values() for claim in stack.claims]
each_claim = pytest.mark.parametrize("claim", [claim for _, claim in CLAIMS], ids=[id for id, _ in CLAIMS])
OLD_MONTHS = 12


def months(day):
    return 12 * day.year + day.month


def old(checked_on, today):
    year, month = map(int, checked_on.split("-"))
    return months(today) - months(date(year, month, 1)) > OLD_MONTHS


@each_claim
def test_a_claim_is_a_sentence_on_a_topic_with_a_verdict(claim):
    assert claim.topic in TOPICS
    assert claim.verdict in VERDICTS
    assert claim.text.endswith(".")
    assert claim.source or claim.verdict == "supported"  # an assumption; nobody has decided against it
    assert claim.scope or claim.verdict == "supported"  # what is true instead


@pytest.mark.parametrize("stack", PRODUCTS.values(), ids=PRODUCTS)
def test_each_product_has_evidence_on_what_products_are_compared_by(stack):
    assert {claim.topic for claim in stack.claims} >= {"boot", "scheduler", "memory", "session", "cpu"}
    assert len({claim.text for claim in stack.claims}) == len(stack.claims)


def test_sources_are_looked_at_once_a_year():
    """Old ones are told as a warning: facts do not become wrong by age, and a release must not fail over night."""
    assert not old("2025-11", date(2026, 11, 30))
    assert old("2025-10", date(2026, 11, 1))
    for id, claim in CLAIMS:
        if old(claim.checked_on, date.today()):
            warnings.warn(f"{id}: {claim.text} was last checked in {claim.checked_on}", stacklevel=1)


def test_who_keeps_vms_beyond_the_session_is_said_by_the_layers_too():
    """What a card says about logging out and what follows from the layers must not drift apart."""
    for stack in PRODUCTS.values():
        ends = any(layer.session for layer in stack.layers.under("guest_kernel"))
        said = [claim.text for claim in stack.claims if claim.topic == "session"]
        assert any(("end with the session" in text or "are aborted" in text) is ends for text in said)
