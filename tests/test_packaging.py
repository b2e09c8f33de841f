"""What is promised about the package as a whole: light imports, a complete wheel, a README that works."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from ipywidgets import Widget

import vmwidgets
from tests.needs import ROOT
from vmwidgets import locale

FRONT = ROOT / "vmwidgets" / "front"
HEAVY = ("IPython", "anywidget", "bqplot", "ipykernel", "ipywidgets", "jupyter_core", "pandas", "traitlets")


def _imported_by(statement):
    code = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import vmwidgets",
        "import vmwidgets as vm; vm.Lab(seed=1).advance(2)",
        "import vmwidgets.cli",
        "import vmwidgets.server",
    ],
)
def test_nothing_of_jupyter_is_imported_before_the_first_widget(statement):
    assert _imported_by(statement).isdisjoint(HEAVY)


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == vmwidgets.__version__
    assert f"## {vmwidgets.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_public_name_loads():
    for name in vmwidgets.__all__:
        assert getattr(vmwidgets, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = vmwidgets.nothing


def test_examples_of_the_readme_run():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    five, paged, products = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(five.splitlines()) == 5
    names, before = {}, set(locale._subscribers)
    exec(five, names)
    assert [machine.name for machine in names["lab"].vms] == ["web", "batch"]
    exec(paged, names)
    assert names["lab"].memory.profile.name == "ESXi"
    exec(products, names)
    Widget.close_all()  # or they would hear of every change of language in the tests after this one
    assert set(locale._subscribers) <= before


def test_files_the_readme_shows_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).is_file(), target


def test_readme_and_contributing_give_the_same_commands():
    commands = ["pip install -e '.[test]' && pytest"]
    for name in ("README.md", "CONTRIBUTING.md"):
        for command in commands:
            assert command in (ROOT / name).read_text(encoding="utf-8")


def test_lock_names_no_registry():
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    assert not any("resolved" in package for package in lock["packages"].values())


@pytest.mark.parametrize("path", sorted(FRONT.rglob("*.js")), ids=lambda path: path.name)
def test_front_end_writes_text_only_and_fetches_nothing(path):
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", source)
    addresses = set(re.findall(r"https?://[^\s\"'`]+", source))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1999/xlink"}


@pytest.mark.parametrize("path", sorted(FRONT.rglob("*.css")), ids=lambda path: path.name)
def test_styles_touch_only_our_own_views(path):
    source = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "@import" not in source
    assert "url(" not in source
    for head in re.findall(r"([^{}]+)\{", source):
        if head.strip().startswith("@") or re.fullmatch(r"\s*(from|to|[\d.]+%)(\s*,\s*(from|to|[\d.]+%))*\s*", head):
            continue
        for selector in re.split(r",(?![^(]*\))", head):
            assert selector.strip().startswith(".vmw-"), selector.strip()


def test_wheel_carries_course_front_end_and_catalogues(tmp_path):
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-qq",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            str(tmp_path),
            str(ROOT),
        ],
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = [path for path in (ROOT / "vmwidgets").rglob("*") if path.suffix in {".py", ".js", ".css", ".mo", ".json"}]
    wanted += [ROOT / "vmwidgets" / "locale" / "ru" / "LC_MESSAGES" / "vmwidgets.po"]
    missing = [p for path in wanted if (p := path.relative_to(ROOT).as_posix()) not in names]
    assert missing == []
    for language in ("en", "ru"):
        notebooks = [
            Path("vmwidgets/_course") / p.relative_to(ROOT / "course") for p in ROOT.glob(f"course/{language}/*.ipynb")
        ]
        assert {p.as_posix() for p in notebooks} <= names
    assert not any(".answers.jsonl" in name or ".ipynb_checkpoints" in name for name in names)
