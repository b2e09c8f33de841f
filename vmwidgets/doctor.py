"""``vmwidgets doctor``: what is installed on both sides of the wire, and what is wrong with it.

A widget has two halves, a Python package in the kernel and JavaScript in the browser. JupyterLab takes the JavaScript
from the first folder of its search path that has it, so an old copy in the user's home can hide the right one. That is
the usual reason for "Error displaying widget", and nothing else tells the user.
"""

import argparse
import importlib
import importlib.util
import json
import platform
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from vmwidgets import locale
from vmwidgets.locale import gettext as _

DEFAULT_PORT = 8888
PACKAGES = (
    "vmwidgets",
    "numpy",
    "traitlets",
    "ipywidgets",
    "anywidget",
    "bqplot",
    "pandas",
    "ipykernel",
    "jupyter-server",
    "jupyterlab",
    "notebook",
    "voila",
)
OPTIONAL = ("notebook", "voila")
# Python package -> the front-end half that its wheel carries.
FRONT_ENDS = {
    "anywidget": "anywidget",
    "bqplot": "bqplot",
    "bqscales": "bqscales",
    "jupyterlab-widgets": "@jupyter-widgets/jupyterlab-manager",
}


@dataclass
class Findings:
    """Lines to print, and those of them that are wrong."""

    lines: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    problems: list[str] = field(default_factory=list[str])

    def add(self, name: str, value: str) -> None:
        """One fact."""
        self.lines.append((name, value))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _packages(findings: Findings) -> None:
    for package in PACKAGES:
        version = _version(package)
        findings.add(package, version or _("not installed"))
        if version is None and package not in OPTIONAL:
            findings.problems.append(
                _("{package} is not installed: run pip install 'vmwidgets[lab]'").format(package=package)
            )


def _ranges(findings: Findings) -> None:
    """Compare what is installed with what this package says it works with."""
    if importlib.util.find_spec("packaging") is None:
        return  # Comes with JupyterLab, whose absence has been reported.
    requirement: Any = importlib.import_module("packaging.requirements").Requirement
    for text in metadata.requires("vmwidgets") or []:
        wanted = requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": "lab"}):
            continue
        version = _version(wanted.name)
        if version is not None and not wanted.specifier.contains(version, prereleases=True):
            findings.problems.append(
                _("{package} {version} is installed, {wanted} is needed").format(
                    package=wanted.name, version=version, wanted=wanted.specifier
                )
            )


def _shipped(package: str, extension: str) -> Path | None:
    """The front-end half that `package` brought along."""
    tail = f"labextensions/{extension}/package.json"
    for file in metadata.files(package) or []:
        if file.as_posix().endswith(tail):
            return Path(str(file.locate())).resolve()
    return None


def _front_ends(findings: Findings, folders: list[str]) -> None:
    for package, extension in FRONT_ENDS.items():
        if _version(package) is None:
            continue
        shipped = _shipped(package, extension)
        copies = [path for folder in folders if (path := Path(folder, extension, "package.json")).is_file()]
        used = copies[0].resolve() if copies else None
        version = _front_version(used) if used else _("not found")
        findings.add(_("{extension} in the browser").format(extension=extension), version)
        if used is None:
            findings.problems.append(
                _("the browser's half of {package} is missing: reinstall {package}").format(package=package)
            )
        elif shipped is not None and used != shipped and version != _front_version(shipped):
            findings.problems.append(
                _("{path} hides version {version} that came with {package}: remove that folder").format(
                    path=used.parent, version=_front_version(shipped), package=package
                )
            )


def _front_version(package_json: Path) -> str:
    return str(json.loads(package_json.read_text(encoding="utf-8"))["version"])


def _kernel(findings: Findings) -> None:
    manager: Any = importlib.import_module("jupyter_client.kernelspec").KernelSpecManager()
    specs: dict[str, str] = manager.find_kernel_specs()
    findings.add(_("kernels"), ", ".join(sorted(specs)) or _("none"))
    if "python3" not in specs:
        findings.problems.append(_("the kernel python3 is missing: run python -m ipykernel install --sys-prefix"))
        return
    program = Path(manager.get_kernel_spec("python3").argv[0])
    findings.add("python3", str(program))
    # A bare "python" is replaced by Jupyter with its own interpreter.
    if program.is_absolute() and program.parent.resolve() != Path(sys.executable).parent.resolve():
        findings.problems.append(
            _("the kernel python3 runs {program}, not {python}: install vmwidgets there, or run {repair}").format(
                program=program, python=sys.executable, repair="python -m ipykernel install --sys-prefix"
            )
        )


def _port(findings: Findings) -> None:
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", DEFAULT_PORT)) == 0
    state = _("taken, the next free one will be used") if taken else _("free")
    findings.add(_("port {port}").format(port=DEFAULT_PORT), state)


def examine() -> Findings:
    """Look at everything and change nothing."""
    findings = Findings()
    findings.add("Python", f"{platform.python_version()} ({sys.executable})")
    findings.add(_("language"), locale.language())
    _packages(findings)
    _ranges(findings)
    if importlib.util.find_spec("jupyter_core") is not None:
        folders: list[str] = importlib.import_module("jupyter_core.paths").jupyter_path("labextensions")
        _front_ends(findings, folders)
    if importlib.util.find_spec("jupyter_client") is not None:
        _kernel(findings)
    _port(findings)
    return findings


def _report(findings: Findings) -> Iterator[str]:
    width = max(len(name) for name, _value in findings.lines)
    for name, value in findings.lines:
        yield f"{name:<{width}}  {value}"
    yield ""
    if not findings.problems:
        yield _("Nothing is wrong.")
    for problem in findings.problems:
        yield _("Wrong: {problem}").format(problem=problem)


def add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``vmwidgets doctor``: it has none."""
    parser.set_defaults()


def run_doctor(options: argparse.Namespace) -> int:
    """Print the findings; returns 1 if something is wrong."""
    del options
    findings = examine()
    print("\n".join(_report(findings)))
    return 1 if findings.problems else 0
