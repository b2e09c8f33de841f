"""What a student reads of a grading: a page for the browser, and a few lines for an LMS.

Both are made from message ids and numbers in the student's language. A page holds no seed, no secret and nothing of the
hidden variants: the results do not carry them. It needs no network and no script.
"""

from collections.abc import Iterator
from html import escape

from vmwidgets import locale
from vmwidgets.assignments.result import Result
from vmwidgets.grading.marks import Mark
from vmwidgets.grading.words import TITLES, in_full, item_name, points, sentence
from vmwidgets.locale import gettext as _

_MOST_LINES = 20
_STYLE = """\
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --line: #c8ced6; --quiet: #57606a; --good: #1a7f37;
  --part: #8a5a00; --none: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #14171b; --line: #3a4149; --quiet: #9aa4af;
  --good: #57c06c; --part: #dcab4f; --none: #ff8a80; } }
body { margin: 2rem auto; max-width: 56rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--paper); }
h1 { font-size: 1.4rem; margin: 0; }
p { margin: .4rem 0; }
.quiet { color: var(--quiet); font-size: .875rem; overflow-wrap: anywhere; }
.total { font-size: 1.25rem; font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .5rem .6rem; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
td.points { white-space: nowrap; font-variant-numeric: tabular-nums; font-weight: 600; }
td.good { color: var(--good); } td.part { color: var(--part); } td.none { color: var(--none); }
"""


def page(mark: Mark, assignment: str, with_text: bool) -> str:
    """The student's page, whole and escaped, in the student's language.

    Parameters
    ----------
    mark
        What the student gets.
    assignment
        Id of the assignment.
    with_text
        Whether the text that a person reads belongs to the sum.
    """
    with locale.speaking(mark.student.language):
        return _page(mark, _(TITLES[assignment]), with_text)


def in_short(mark: Mark) -> str:
    """The same in a few lines of plain text, for the comment field of an LMS."""
    with locale.speaking(mark.student.language):
        lines = list(_remarks(mark))
        for result in mark.results:
            reason = _reason(result)
            line = f"{item_name(result.item)}: {points(result.points, result.most)}"
            lines.append(f"{line} ({reason})" if reason else line)
        return "\n".join(lines)


def _page(mark: Mark, title: str, with_text: bool) -> str:
    body = [f"<h1>{escape(title)}</h1>", f"<p>{escape(mark.student.name)} ({escape(mark.student.id)})</p>"]
    body += [f"<p>{escape(remark)}</p>" for remark in _remarks(mark)]
    if mark.results:
        total = points(mark.points(with_text), mark.most(with_text))
        told = _("Points: {points}").format(points=total)
        body += [f'<p class="total">{escape(told)}</p>', *_rows(mark)]
    if mark.graded is not None:
        origin = _("Graded by {model}, answers with the SHA-256 {digest}.")
        body.append(f'<p class="quiet">{escape(origin.format(model=mark.graded.model, digest=mark.graded.sha256))}</p>')
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{locale.language()}">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{escape(title)}: {escape(mark.student.name)}</title>",
            f"<style>\n{_STYLE}</style></head>",
            "<body><main>",
            *body,
            "</main></body></html>",
            "",
        ]
    )


def _remarks(mark: Mark) -> Iterator[str]:
    if mark.graded is None:
        yield _("Nothing was handed in.")
    elif mark.graded.refusal is not None:
        refusal = mark.graded.refusal
        yield _("Not graded: {reason}.").format(reason=sentence(refusal.reason, refusal.fields))
    for id, fields in mark.remarks:
        yield in_full(id, fields)
    if mark.graded is not None and mark.graded.damaged:
        damaged = mark.graded.damaged
        lines = ", ".join(map(str, damaged[:_MOST_LINES])) + ", …" * (len(damaged) > _MOST_LINES)
        yield _("Lines of the answer file that could not be read: {lines}.").format(lines=lines)


def _rows(mark: Mark) -> Iterator[str]:
    heads = (_("part"), _("points"), _("why"), _("what helps"))
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    yield f"<table><thead><tr>{head}</tr></thead><tbody>"
    for result in mark.results:
        colour = "good" if result.points == result.most else "part" if result.points or _waits(result) else "none"
        cells = (
            f'<th scope="row">{escape(item_name(result.item))}</th>',
            f'<td class="points {colour}">{escape(points(result.points, result.most))}</td>',
            f"<td>{escape(_reason(result))}</td>",
            f"<td>{escape(_help(mark, result))}</td>",
        )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _waits(result: Result) -> bool:
    return result.human and result.points is None


def _reason(result: Result) -> str:
    return in_full(result.reason, result.fields) if result.reason else ""


def _help(mark: Mark, result: Result) -> str:
    if result.human and mark.reading is not None:
        return mark.reading.comment
    return in_full(result.hint, result.fields) if result.hint else ""
