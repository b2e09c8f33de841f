"""The receipt of an assignment, to copy, and its answer file, to download."""

from typing import Any

from vmwidgets.locale import gettext as _
from vmwidgets.locale import mark
from vmwidgets.widgets.assignment_lamps import sent
from vmwidgets.widgets.assignment_stage import Stage
from vmwidgets.widgets.kit import plain


class ReceiptView(Stage):
    """The receipt as it is now: it follows every answer."""

    _front = "assignment_receipt"
    _messages = ("taken", "download")
    _name = "receipt"

    def _state(self) -> dict[str, Any]:
        zone = self.zone
        text = zone.receipt if zone.answered else ""
        name = zone.file.path.name
        if not text:
            advice = _("There is nothing to hand in yet.")
        elif zone.carries_answers:
            advice = plain(
                mark(
                    "Copy the receipt into the text field of your course, or upload the file {file}: both say the same."
                ),
                file=name,
            )
        else:
            advice = plain(
                mark(
                    "Your answers are too long for a receipt that carries them: it only says which they are. Upload "
                    "the file {file} as well."
                ),
                file=name,
            )
        if zone.practice and text:
            advice = _("This is the receipt of practice: a grader refuses it.")
        head = self._head(mark("Hand in"))
        return {**head, "lamps": [sent(self.assignment)], "text": text, "file": name, "advice": advice, "note": ""}

    def _on_taken(self, content: dict[str, Any]) -> None:
        self.assignment.take_receipt(str(content.get("text")))

    def _on_download(self, _content: dict[str, Any]) -> None:
        self.send({"file": self.zone.file.path.name, "text": self.zone.file.path.read_text(encoding="utf-8")})
        self.assignment.take_receipt(self.zone.receipt)
