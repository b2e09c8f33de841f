"""The journal alone: one host, one log, back and forth, and nothing changed by what is refused."""

import pytest

import vmwidgets as vm
from vmwidgets.commands import Advance, CreateVM, DestroyVM, Setup
from vmwidgets.journal import Journal
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.stacks import get


@pytest.fixture
def journal():
    made = Journal(Setup(vm.Hardware(), get("neutral"), 7, 60))
    made.do(CreateVM(vm.VM("A")))
    made.do(Advance(3))
    return made


def state(journal):
    return journal.host.digest(), list(journal.log), list(journal.undone)


def test_back_and_forth(journal):
    before = state(journal)
    journal.do(DestroyVM("A"))
    after = state(journal)
    journal.undo()
    assert state(journal) == (*before[:2], [DestroyVM("A")])
    journal.redo()
    assert state(journal) == after


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda journal: journal.do("advance"), "'advance' is not a command"),
        (lambda journal: journal.do(DestroyVM("B")), "there is no VM 'B'"),
        (lambda journal: journal.at([DestroyVM("B")]), "there is no VM 'B'"),
        (lambda journal: journal.redo(), "there is nothing to redo"),
    ],
)
def test_what_is_refused_changes_nothing(journal, wrong, told):
    before = state(journal)
    with pytest.raises(VmwidgetsError, match=told):
        wrong(journal)
    assert state(journal) == before


def test_an_earlier_log_has_the_rest_before_it(journal):
    journal.do(Advance(2))
    journal.do(DestroyVM("A"))
    earlier = journal.at((CreateVM(vm.VM("A")), Advance(3)))
    assert earlier.undone == [DestroyVM("A"), Advance(2)]
    assert journal.at(()).undone == [DestroyVM("A"), Advance(5), CreateVM(vm.VM("A"))]
    assert journal.at((Advance(3),)).undone == []
    while earlier.undone:
        earlier.redo()
    assert state(earlier) == state(journal)
