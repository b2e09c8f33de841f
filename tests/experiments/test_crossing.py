"""The way of an operation as a table."""

import pytest

from vmwidgets import experiments
from vmwidgets.model.errors import VmwidgetsError


def test_the_packet_of_sugerman_et_al():
    table = experiments.operation_path()
    assert table["us"].sum() == pytest.approx(31.63)
    assert table["us"].notna().all()
    assert table["from"].iloc[0] == "guest kernel"
    assert set(table["cpu"]) == {"Pentium III 733 MHz"}
    assert (table["step"] == range(1, len(table) + 1)).all()
    assert set(table.loc[table["us"] > 0, "source"].str.contains("Figure 5")) == {True}


def test_several_products_and_a_processor():
    table = experiments.operation_path(["kvm", "xen"], "disk_read", technique="nested_paging", cpu="Xeon X5570")
    by_stack = table.groupby("stack", sort=False)["cycles"].sum()
    assert by_stack.to_dict() == {"kvm": 2000, "xen": 2000}
    assert table["us"].isna().any()
    assert set(table["cpu"]) == {"Xeon X5570"}
    assert "domain_switch" in set(table.loc[table["stack"] == "xen", "crossing"])


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"stack": "vax"}, "stack is 'vax', expected one of neutral"),
        ({"operation": "dance"}, "the operation of VMware Workstation is 'dance'"),
        ({"technique": "paravirtualization"}, "technique is 'paravirtualization', expected one of binary_translation"),
    ],
)
def test_a_wrong_call_gets_a_sentence(parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        experiments.operation_path(**parameters)
    assert str(error.value).startswith(told)
