"""The notebooks: English and Russian run the same code, nothing of this machine is in them, outputs are there."""

import hashlib
import json
import re

import nbformat
import pytest

from tests.needs import ROOT

COURSE = ROOT / "course"
NAMES = sorted(path.name for path in (COURSE / "en").glob("*.ipynb"))


def read(language: str, name: str):
    return nbformat.read(COURSE / language / name, as_version=4)


def test_every_notebook_has_its_twin():
    assert NAMES == sorted(path.name for path in (COURSE / "ru").glob("*.ipynb"))
    assert {"00_index.ipynb", "01_one_server.ipynb", "02_cutting_the_server.ipynb"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_twins_have_the_same_cells_and_the_same_code(name: str):
    english, russian = (read(language, name).cells for language in ("en", "ru"))
    assert [(c.cell_type, c.id, c.metadata.get("tags")) for c in english] == [
        (c.cell_type, c.id, c.metadata.get("tags")) for c in russian
    ]
    for one, other in zip(english, russian, strict=True):
        assert one.source.strip()
        assert other.source.strip()
        if one.cell_type == "code":
            assert one.source == other.source


@pytest.mark.parametrize("name", NAMES)
def test_the_translator_has_seen_the_english_text_as_it_is(name: str):
    for one, other in zip(read("en", name).cells, read("ru", name).cells, strict=True):
        if one.cell_type == "markdown":
            seen = hashlib.sha256(one.source.encode()).hexdigest()[:12]
            assert other.metadata["en_sha256"] == seen, f"{name}, cell {one.id}: look at the translation, then sign it"
            assert re.search("[а-яё]", other.source), one.id


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", NAMES)
def test_notebooks_are_clean(language: str, name: str):
    notebook = read(language, name)
    text = json.dumps(notebook)
    assert "widgets" not in notebook.metadata
    assert "application/vnd.jupyter.widget-state" not in text
    assert notebook.metadata.kernelspec.name == "python3"
    assert not re.search(r"/(home|root|Users|tmp|work)/|[A-Z]:\\\\", text)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].source.startswith("import vmwidgets as vm")
    for cell in code:
        assert all(output.output_type != "error" and output.get("name") != "stderr" for output in cell.outputs)
        shows = cell.source.splitlines()[-1]
        if not shows.startswith(("import", "lesson =", "lab =")):
            assert cell.outputs, f"{name}, cell {cell.id} has no output to compare"


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str):
    for language in ("en", "ru"):
        for cell in read(language, name).cells:
            for target in re.findall(r"\]\(([\w.]+\.ipynb)\)", cell.source):
                assert (COURSE / language / target).is_file(), target
