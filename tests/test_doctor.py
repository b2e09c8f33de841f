"""`vmwidgets doctor` finds what is wrong, and only that."""

import json
import shutil
from pathlib import Path

import pytest

from vmwidgets import doctor, locale


@pytest.fixture(autouse=True)
def _english():
    locale.set_language("en")
    yield
    locale.set_language(None)


def test_this_environment_is_well(capsys):
    assert doctor.run_doctor(None) == 0
    printed = capsys.readouterr().out
    assert "Nothing is wrong." in printed
    assert "bqplot in the browser" in printed


def test_missing_package_is_named(monkeypatch, capsys):
    version = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "anywidget" else version(name))
    assert doctor.run_doctor(None) == 1
    assert "Wrong: anywidget is not installed: run pip install 'vmwidgets[lab]'" in capsys.readouterr().out


def test_version_outside_the_range_is_named(monkeypatch):
    version = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "3.0.0" if name == "jupyterlab" else version(name))
    problems = doctor.examine().problems
    assert len(problems) == 1
    assert problems[0].startswith("jupyterlab 3.0.0 is installed, ")


def test_old_front_end_that_hides_the_right_one(monkeypatch, tmp_path):
    old = tmp_path / "labextensions" / "bqplot"
    old.mkdir(parents=True)
    shipped = doctor._shipped("bqplot", "bqplot")
    assert shipped is not None
    shutil.copy(shipped, old / "package.json")
    content = json.loads(shipped.read_text(encoding="utf-8"))
    (old / "package.json").write_text(json.dumps(content | {"version": "0.1.0"}), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    (problem,) = doctor.examine().problems
    assert problem == f"{old} hides version {content['version']} that came with bqplot: remove that folder"


def test_missing_front_end(monkeypatch):
    findings = doctor.Findings()
    doctor._front_ends(findings, [])
    assert len(findings.problems) == len(doctor.FRONT_ENDS)


def test_kernel_of_another_python(monkeypatch, tmp_path):
    folder = tmp_path / "kernels" / "python3"
    folder.mkdir(parents=True)
    spec = {"argv": ["/opt/other/bin/python", "-m", "ipykernel_launcher"], "display_name": "x", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    (problem,) = doctor.examine().problems
    assert problem.startswith("the kernel python3 runs /opt/other/bin/python, not ")


def test_no_kernel(monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager

    monkeypatch.setattr(KernelSpecManager, "find_kernel_specs", lambda self: {})
    (problem,) = doctor.examine().problems
    assert problem == "the kernel python3 is missing: run python -m ipykernel install --sys-prefix"


def test_front_end_tables_name_installed_packages():
    for package, extension in doctor.FRONT_ENDS.items():
        assert Path(str(doctor._shipped(package, extension))).is_file(), package


def test_taken_port_is_a_fact_and_no_problem(monkeypatch):
    monkeypatch.setattr(doctor.socket.socket, "connect_ex", lambda self, address: 0)
    findings = doctor.examine()
    assert findings.problems == []
    assert ("port 8888", "taken, the next free one will be used") in findings.lines


def test_unused_copy_of_the_right_version_is_fine(monkeypatch, tmp_path):
    shipped = doctor._shipped("anywidget", "anywidget")
    assert shipped is not None
    shutil.copytree(shipped.parent, tmp_path / "labextensions" / "anywidget")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert doctor.examine().problems == []
