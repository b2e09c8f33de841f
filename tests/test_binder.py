"""Binder's traps: links to what is not there, files it misreads, pins that fight the base image."""

import re
import subprocess
import tomllib

import pytest

from tests.binder_links import ROOT, links
from tests.needs import needs

BINDER = ROOT / "binder"


def _tracked(ref="HEAD"):
    needs("git")
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "--name-only", "-z", ref], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return set(listed.stdout.split("\0"))


def _requirements():
    return (BINDER / "requirements.txt").read_text(encoding="ascii").splitlines()


def test_there_is_a_badge_for_each_language():
    assert {link.path.split("/")[1] for link in links()} >= {"en", "ru"}


@pytest.mark.parametrize("link", links(), ids=lambda link: link.urlpath)
def test_badge_leads_to_a_committed_notebook(link):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    # A tag, not a branch: every commit on a branch would mean building the image again.
    assert link.ref == f"v{version}"
    assert link.urlpath.startswith("lab/tree/course/")
    assert link.path in _tracked()


@pytest.mark.parametrize("link", links(), ids=lambda link: link.urlpath)
def test_badge_leads_to_a_notebook_of_its_tag(link):
    needs("git")
    tags = subprocess.run(["git", "tag"], cwd=ROOT, capture_output=True, check=True, text=True).stdout.split()
    # Before the release there is no tag yet, and the commit that will bear it is checked above.
    assert link.ref not in tags or link.path in _tracked(link.ref)


@pytest.mark.parametrize("path", sorted(p for p in BINDER.iterdir() if p.is_file()), ids=lambda path: path.name)
def test_files_are_plain_ascii_without_carriage_returns(path):
    content = path.read_bytes()
    assert content.isascii()
    assert b"\r" not in content
    assert content.endswith(b"\n")


def test_python_is_pinned_exactly():
    assert re.fullmatch(r"python-3\.\d+\n", (BINDER / "runtime.txt").read_text(encoding="ascii"))


def test_requirements_name_the_package_in_a_form_that_binder_notices():
    lines = _requirements()
    assert len(lines) >= 2, "a single short line is read as UTF-16"
    assert lines[0] == "-c constraints.txt"
    assert ".[lab]" in lines


def test_jupyterlab_is_left_to_the_base_image():
    pinned = [*_requirements(), *(BINDER / "constraints.txt").read_text(encoding="ascii").splitlines()]
    names = {re.split(r"[=<>\[]", line)[0].lower() for line in pinned}
    assert names.isdisjoint({"jupyterlab", "notebook", "jupyter-server", "jupyter_server", "ipykernel"})


def test_constraints_pin_exact_versions():
    for line in (BINDER / "constraints.txt").read_text(encoding="ascii").splitlines():
        assert re.fullmatch(r"[a-z0-9-]+==\d+(\.\d+)+", line), line


def test_post_build_stops_at_the_first_failure_and_may_run():
    script = BINDER / "postBuild"
    assert script.read_text(encoding="ascii").startswith("#!/bin/bash\nset -euo pipefail\n")
    assert script.stat().st_mode & 0o111
    assert not (BINDER / "start").exists()
    assert not (ROOT / ".binder").exists()
