"""``vmwidgets lab``: lay the course beside the student and open JupyterLab on its first chapter."""

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vmwidgets import locale
from vmwidgets.doctor import DEFAULT_PORT, add_doctor_arguments, run_doctor
from vmwidgets.locale import gettext as _

__all__ = ["add_doctor_arguments", "add_lab_arguments", "course_source", "lay_course", "run_doctor", "run_lab"]

PACKAGE = Path(__file__).parent
FIRST_CHAPTER = "01_one_server.ipynb"
# What running the course leaves behind is nobody else's: answers, checkpoints, caches.
LEFTOVERS = {".ipynb_checkpoints", "__pycache__"}


def course_source() -> Path:
    """Where the notebooks are: inside an installed wheel, or at the root of the repository."""
    packed = PACKAGE / "_course"
    return packed if packed.is_dir() else PACKAGE.parent / "course"


def _course_files(source: Path) -> Iterator[Path]:
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_file() and not LEFTOVERS.intersection(relative.parts) and not path.name.endswith(".answers.jsonl"):
            yield relative


def lay_course(target: Path, source: Path | None = None) -> list[Path]:
    """Copy the course to `target`, file by file, and return what was new there.

    A file that is already there stays as it is: it may hold the student's work.
    """
    source = source or course_source()
    laid: list[Path] = []
    for relative in _course_files(source):
        copy = target / relative
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            with copy.open("xb") as file:
                file.write((source / relative).read_bytes())
        except FileExistsError:
            continue
        laid.append(relative)
    return laid


def add_lab_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``vmwidgets lab``."""
    parser.add_argument("--lang", choices=locale.LANGUAGES, help=_("language of the notebooks"))
    parser.add_argument(
        "--dir",
        type=Path,
        default=Path("vmwidgets-course"),
        help=_("folder for your copy of the course; files that are there stay as they are (default: %(default)s)"),
    )
    parser.add_argument("--port", type=int, help=_("port of the server (default: the first free one from 8888)"))
    parser.add_argument("--no-browser", action="store_true", help=_("print the address and open no browser"))
    parser.add_argument("jupyter", nargs="*", metavar="-- OPTION", help=_("further options, handed to JupyterLab"))


def lab_arguments(options: argparse.Namespace, root: Path, language: str) -> list[str]:
    """The command line of JupyterLab for the given options."""
    port: int | None = options.port
    further: list[str] = options.jupyter
    return [
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{language}/{FIRST_CHAPTER}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port or DEFAULT_PORT}",
        # A port that was asked for by number is not silently exchanged for another.
        *(["--ServerApp.port_retries=0"] if port else []),
        *(["--no-browser"] if options.no_browser else []),
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--ServerApp.kernel_websocket_connection_class=vmwidgets.websocket.NoDelay",
        *further,
    ]


def run_lab(options: argparse.Namespace) -> int:
    """Run JupyterLab until it is stopped; returns the exit code."""
    if importlib.util.find_spec("jupyterlab") is None:
        print(_("JupyterLab is not installed here: run pip install 'vmwidgets[lab]'."), file=sys.stderr)
        return 1
    root: Path = options.dir.resolve()
    laid = lay_course(root)
    language: str = options.lang or locale.language()
    if options.lang:
        # From here on the folder of each notebook decides, so that both languages stay one click apart.
        os.environ.pop("VMWIDGETS_LANG", None)
    told = locale.ngettext(
        "{count} file of the course is new in {folder}",
        "{count} files of the course are new in {folder}",
        len(laid),
    )
    print(told.format(count=len(laid), folder=root), file=sys.stderr)
    # Read by Jupyter beside the user's own configuration; switches the news question off.
    paths = [str(PACKAGE / "jupyter_config"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    application: Any = importlib.import_module("jupyterlab.labapp").LabApp
    application.launch_instance(argv=lab_arguments(options, root, language))
    return 0
