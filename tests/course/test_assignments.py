"""The notebooks of the assignment: twins, clean, and with a cell of nbgrader for every item, worth what the item is."""

import hashlib
import json
import re

import nbformat
import pytest

from tests.needs import ROOT
from vmwidgets.assignments.perimeter.items import ITEMS

SOURCE = ROOT / "course" / "assignments" / "source"
LANGUAGES = ("en", "ru")


def read(language: str):
    return nbformat.read(SOURCE / f"perimeter-{language}" / "perimeter.ipynb", as_version=4)


def test_twins_have_the_same_cells_and_the_same_code():
    english, russian = (read(language).cells for language in LANGUAGES)
    assert [(c.cell_type, c.id, c.metadata.get("nbgrader")) for c in english] == [
        (c.cell_type, c.id, c.metadata.get("nbgrader")) for c in russian
    ]
    for one, other in zip(english, russian, strict=True):
        assert one.source.strip()
        assert other.source.strip()
        if one.cell_type == "code":
            assert one.source == other.source
        else:
            seen = hashlib.sha256(one.source.encode()).hexdigest()[:12]
            assert other.metadata["en_sha256"] == seen, f"cell {one.id}: look at the translation, then sign it"
            assert re.search("[а-яё]", other.source), one.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_has_its_cell_and_its_points(language: str):
    cells = {c.metadata.nbgrader.grade_id: c for c in read(language).cells if "nbgrader" in c.metadata}
    items = {one.id.replace(".", "_"): one for one in ITEMS if one.most}
    assert set(cells) == set(items)
    assert sum(cell.metadata.nbgrader.points for cell in cells.values()) == 100
    for id, cell in cells.items():
        meta = cell.metadata.nbgrader
        assert cell.cell_type == meta.cell_type == "code"
        assert meta.points == items[id].most
        assert (meta.grade, meta.task, meta.schema_version) == (True, False, 3)
        # What a person reads is a solution to nbgrader; what is counted is a locked test.
        assert (meta.solution, meta.locked) == (items[id].human, not items[id].human)
        assert cell.source == ("a.post_mortem" if items[id].human else f'a.check("{items[id].id}")')


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notebook_is_clean_and_was_run(language: str):
    notebook = read(language)
    text = json.dumps(notebook)
    assert "widgets" not in notebook.metadata
    assert "application/vnd.jupyter.widget-state" not in text
    assert not re.search(r"/(home|root|Users|tmp|work)/|[A-Z]:\\\\", text)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code[0].source == "import vmwidgets as vm"
    for cell in code[1:]:
        assert cell.outputs, f"cell {cell.id} has no output to compare"
        assert all(output.output_type != "error" and output.get("name") != "stderr" for output in cell.outputs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_but_the_notebook_is_released(language: str):
    assert [path.name for path in (SOURCE / f"perimeter-{language}").iterdir()] == ["perimeter.ipynb"]
