"""Run notebooks of the course and save them as they are kept: ``python -m tests.course.renew [NAME ...]``.

Both languages are run, each in its own folder. Kept are the outputs that nbval compares and that a reader without a
kernel sees; not kept are times, widget views and widget state.
"""

import sys

import nbformat
from nbclient import NotebookClient

from tests.needs import ROOT

VIEW = "application/vnd.jupyter.widget-view+json"


def renew(language: str, name: str) -> None:
    """Run one notebook and save it."""
    path = ROOT / "course" / language / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
    ).execute()
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(VIEW, None)
    nbformat.write(notebook, path)


def main(names: list[str]) -> None:
    """Renew the named notebooks, or all."""
    for name in names or sorted(path.stem for path in (ROOT / "course" / "en").glob("*.ipynb")):
        for language in ("en", "ru"):
            renew(language, name)
            print(f"{language}/{name}")


if __name__ == "__main__":
    main([name.removesuffix(".ipynb") for name in sys.argv[1:]])
