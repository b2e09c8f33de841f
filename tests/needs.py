"""What a suite needs beyond Python: absent, it skips on a user's machine and fails where everything is installed."""

import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("VMWIDGETS_CI") == "1"


def _chromium() -> str | None:
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


def _node_module(name: str) -> str | None:
    folder = ROOT / "node_modules" / name
    return str(folder) if folder.is_dir() else None


def _traces() -> str | None:
    folder = os.environ.get("VMWIDGETS_TRACES", "")
    return folder if folder and Path(folder).is_dir() else None


def _python_module(name: str) -> Callable[[], str | None]:
    return lambda: name if importlib.util.find_spec(name) else None


# tool: (where it is or None, how a user gets it)
TOOLS: dict[str, tuple[Callable[[], str | None], str]] = {
    "chromium": (_chromium, "install Chromium so that `chromium` is on the path"),
    "axe": (lambda: _node_module("axe-core"), "run `npm ci` at the root of the repository"),
    "node": (lambda: shutil.which("node"), "install Node.js 20 or later"),
    "git": (lambda: shutil.which("git") if (ROOT / ".git").exists() else None, "run the tests in a git clone"),
    "traces": (_traces, "set VMWIDGETS_TRACES to a folder with the traces of real machines"),
    "voila": (_python_module("voila"), "run `pip install -e '.[test]'`"),
    "keystone": (_python_module("keystone"), "run `pip install -e '.[test]'`"),
    "unicorn": (_python_module("unicorn"), "run `pip install -e '.[test]'`"),
    "distributed": (_python_module("distributed"), "run `pip install -e '.[test]'`"),
    "notebook": (_python_module("notebook"), "run `pip install -e '.[test]'`"),
}


def needs(tool: str) -> str:
    """Where `tool` is; without it the calling test or module skips, or fails if VMWIDGETS_CI=1."""
    find, remedy = TOOLS[tool]
    found = find()
    if found is not None:
        return found
    reason = f"{tool} is missing: {remedy}"
    if IN_CI:
        pytest.fail(f"{reason} (VMWIDGETS_CI=1 allows no such skip)", pytrace=False)
    pytest.skip(reason, allow_module_level=True)
