"""What stands around a replay: a process of its own with limits, and bubblewrap as a second wall where there is one.

No code of a student's runs in a replay: programs are run by the model's virtual CPU. The walls are there for the day on
which the parser or the model has a hole.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from vmwidgets.model.errors import VmwidgetsError

PROCESS, LIMITS, BUBBLEWRAP = "process", "limits", "bubblewrap"
"""A fresh process; one with bounds on time, memory and files too; one that sees nothing else of the computer."""
_KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/nix/store")


def environment() -> dict[str, str]:
    """Environment of a replay: what finds the system's libraries, and no more."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | dict.fromkeys(_ONE_THREAD, "1")


def packages() -> list[str]:
    """Folders from which a replay imports, for they may be such as ``python -I`` does not look into."""
    found = (find_spec(name) for name in ("vmwidgets", "numpy"))
    places = [str(Path(spec.origin).resolve().parent.parent) for spec in found if spec and spec.origin]
    return list(dict.fromkeys(places))


def around(command: Sequence[str], sandbox: bool) -> list[str]:
    """Return the command that runs another one, in bubblewrap or not.

    Parameters
    ----------
    command
        A program and its arguments.
    sandbox
        Whether bubblewrap shall stand around it.

    Raises
    ------
    VmwidgetsError
        If that is wanted and cannot be had.
    """
    if not sandbox:
        return list(command)
    if not has_bubblewrap():
        raise VmwidgetsError("bubblewrap is not installed here, or may not make namespaces: grade without the sandbox")
    return [*_bubblewrap(), *command]


@cache
def has_bubblewrap() -> bool:
    """Whether bubblewrap is there and works."""
    if shutil.which("bwrap") is None:
        return False
    tried = subprocess.run(
        [*_bubblewrap(), sys.executable, "-I", "-S", "-c", ""], capture_output=True, timeout=30, check=False, cwd="/"
    )
    return tried.returncode == 0


def _bubblewrap() -> list[str]:
    seen = [part for place in _SYSTEM for part in _shown(Path(place))]
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix, *_package_folders())):
        if not prefix.startswith("/usr/"):
            seen += ["--ro-bind", prefix, prefix]
    return [
        *(shutil.which("bwrap") or "bwrap", "--unshare-all", "--cap-drop", "ALL", "--new-session"),
        *("--uid", "65534", "--gid", "65534"),
        *seen,
        *("--proc", "/proc", "--dev", "/dev", "--chdir", "/"),
    ]


def _shown(path: Path) -> list[str]:
    if path.is_symlink():
        return ["--symlink", os.readlink(path), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.exists() else []


def _package_folders() -> list[str]:
    """The packages themselves: what lies beside them, in a folder one works in, is nobody's business."""
    return [f"{place}/vmwidgets" for place in packages()[:1]] + packages()[1:]
