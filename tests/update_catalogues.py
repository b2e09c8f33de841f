"""Bring the Russian catalogue up to date with the sources: ``python tests/update_catalogues.py``.

New messages arrive untranslated (a test then names them), changed ones are dropped with their old translation rather
than guessed at, and the compiled ``.mo`` is written beside the ``.po``.
"""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "vmwidgets"
PO = PACKAGE / "locale" / "ru" / "LC_MESSAGES" / "vmwidgets.po"
MO = PO.with_suffix(".mo")
KEYWORDS = DEFAULT_KEYWORDS | {"t": None, "nt": (1, 2), "mark": None, "said": None}


def _sentences() -> Iterator[tuple[str, str]]:
    """File and message id of each sentence of an error: given to its class, or kept in a table ``_SENTENCES``.

    The model raises these and knows nothing of catalogues, so nothing marks them for Babel.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    classes = [n for tree in trees.values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]
    errors, before = {"VmwidgetsError"}, 0
    while len(errors) > before:
        before = len(errors)
        errors |= {c.name for c in classes if any(isinstance(b, ast.Name) and b.id in errors for b in c.bases)}
    for path, tree in trees.items():
        name = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=called), args=[ast.Constant(value=str(text)), *_]) if called in errors:
                    yield name, text
                case ast.Assign(targets=[ast.Name(id="_SENTENCES")], value=ast.Dict(values=values)):
                    yield from ((name, ast.literal_eval(value)) for value in values)


def extract() -> Catalog:
    """Every message of the package's Python and JavaScript."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    template = Catalog(project="vmwidgets")
    found = extract_from_dir(PACKAGE, methods, options, keywords=KEYWORDS, comment_tags=("Translators:",))
    for name, _line, message, comments, context in found:
        template.add(message, None, [(f"vmwidgets/{name}", None)], auto_comments=comments, context=context)
    for name, message in _sentences():
        template.add(message, None, [(f"vmwidgets/{name}", None)])
    return template


def read_catalogue() -> Catalog:
    """The Russian catalogue as it is on disk."""
    if not PO.exists():
        return Catalog(
            locale="ru",
            header_comment="# Russian translations for vmwidgets.",
            project="vmwidgets",
            last_translator="vmwidgets developers",
            language_team="vmwidgets developers",
            fuzzy=False,
        )
    with PO.open("rb") as file:
        return read_po(file, locale="ru", domain="vmwidgets")


def compiled(catalogue: Catalog) -> bytes:
    """The bytes of the ``.mo`` file for `catalogue`."""
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def update() -> list[str]:
    """Write both files and return the message ids that still need a translation."""
    catalogue = read_catalogue()
    catalogue.update(extract(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, include_lineno=False)
    catalogue = read_catalogue()
    MO.write_bytes(compiled(catalogue))
    return [str(m.id) for m in catalogue if m.id and not (all(m.string) if m.pluralizable else m.string)]


if __name__ == "__main__":
    missing = update()
    print(f"{PO.relative_to(ROOT)}: {len(missing)} messages to translate")
    for message in missing:
        print(f"  {message}")
