"""No code asks which product it is dealing with: what products do differently is in their records."""

import ast
import re
from pathlib import Path

import pytest

import vmwidgets
from vmwidgets.model.scheduling import ALGORITHMS
from vmwidgets.stacks import STACKS

PACKAGE = Path(vmwidgets.__file__).parent
NAMES = {word for stack in STACKS.values() for word in (stack.id, stack.name)} - {"VMM", "container", *ALGORITHMS}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.parent.name != "stacks")
SCRIPTS = sorted((PACKAGE / "front").glob("*.js"))


def _asked(tree: ast.AST):
    """Strings that something is compared with, looked up by or matched against."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=right):
                sides = [left, *right]
            case ast.MatchValue(value=value):
                sides = [value]
            case ast.Dict(keys=keys):
                sides = keys
            case ast.Call(func=ast.Attribute(attr="startswith" | "endswith" | "get" | "__eq__"), args=args):
                sides = args
            case _:
                continue
        for side in sides:
            yield from (n for n in ast.walk(side or ast.Pass()) if isinstance(n, ast.Constant) and n.value in NAMES)


def asked(source: str) -> list[str]:
    return [f"{node.value} in line {node.lineno}" for node in _asked(ast.parse(source))]


def test_no_python_asks_for_a_product():
    found = {p.relative_to(PACKAGE).as_posix(): asked(p.read_text(encoding="utf-8")) for p in MODULES}
    assert {name: places for name, places in found.items() if places} == {}


def said(tree: ast.AST):
    """Strings of a module that are no documentation."""
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def test_the_range_and_its_attacks_name_no_product():
    """What comes of guest code follows from layers; only citations of published attacks may say where these were."""
    names = re.compile(rf"(?<!\w)({'|'.join(re.escape(name) for name in sorted(NAMES))})(?!\w)", re.IGNORECASE)
    found = set()
    for path in (*PACKAGE.glob("model/range/*.py"), *PACKAGE.glob("attacks/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        cited = {node.value for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg == "like"
                 for node in ast.walk(one.value) if isinstance(node, ast.Constant)}  # fmt: skip
        found |= {(path.name, text) for text in said(tree) if names.search(text) and text not in cited}
    assert found == set()
    assert names.search("as on Hyper-V")


def test_no_script_names_a_product():
    texts = {p.name: re.findall(r"""["'`]([^"'`\n]*)["'`]""", p.read_text(encoding="utf-8")) for p in SCRIPTS}
    assert {name: set(said) & NAMES for name, said in texts.items() if set(said) & NAMES} == {}


@pytest.mark.parametrize(
    "source",
    [
        'if stack.id == "xen": pass',
        'if stack.name in ("Hyper-V", "KVM"): pass',
        'SURVIVES = {"kvm": False}',
        'match name:\n    case "virtualbox": pass',
        'table.get("workstation")',
    ],
)
def test_the_lint_sees_every_way_of_asking(source):
    assert asked(source)
