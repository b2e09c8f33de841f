"""Attacks name no product and import no stack: what comes of them is found by running them on layers."""

import ast
import re
from pathlib import Path

import pytest

import vmwidgets.attacks
from vmwidgets.attacks import ATTACKS
from vmwidgets.model.range.attack import Attack
from vmwidgets.model.range.defences import DEFENCES
from vmwidgets.stacks import STACKS

MODULES = sorted(Path(vmwidgets.attacks.__file__).parent.glob("*.py"))
ORDINARY = {"neutral", "container", "bare_metal", "VMM"}  # words of English that are ids, too
NAMES = {word for stack in STACKS.values() for word in (stack.id, stack.name)} - ORDINARY
NAMES |= {"QEMU", "libvirt", "VMware", "VBox", "vSphere", "Windows", "macOS"}
_PRODUCT = re.compile(rf"\b({'|'.join(re.escape(name) for name in sorted(NAMES))})\b", re.IGNORECASE)
_CITATION = re.compile(r'\blike="[^"]*"')


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_of_an_attack_names_a_product(path):
    """Only the citation of the published attack may: that is where it was found."""
    text = _CITATION.sub("", path.read_text(encoding="utf-8"))
    assert _PRODUCT.findall(text) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_of_an_attack_imports_a_stack_or_names_a_defence(path):
    """Which defence stops an attack is found out, not written down."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").startswith(("vmwidgets.model", "vmwidgets.attacks", "dataclasses"))
        assert not isinstance(node, ast.Import)
        if isinstance(node, ast.Constant):
            assert node.value not in DEFENCES


def test_the_lint_sees_a_product():
    assert _PRODUCT.findall("as on Xen and kvm, or on Hyper-V") == ["Xen", "kvm", "Hyper-V"]


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_is_a_record_with_three_hints(attack):
    assert isinstance(attack, Attack)
    assert attack.title
    assert len(set(attack.hints)) == 3
    assert all(hint.endswith((".", "?")) for hint in attack.hints)
