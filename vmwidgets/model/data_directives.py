"""Directives of data in guest code: ``db 1, 2``, ``.quad start``, ``.asciz "text"``, ``.zero 64``."""

from vmwidgets.model.guest_code import AssemblyError
from vmwidgets.model.operands import LABEL, Operands

_ITEM_BITS = {
    **dict.fromkeys(("db", ".byte"), 8),
    **dict.fromkeys(("dw", ".word", ".short"), 16),
    **dict.fromkeys(("dd", ".long", ".int"), 32),
    **dict.fromkeys(("dq", ".quad"), 64),
}
_TEXTS = {".ascii": b"", ".asciz": b"\0"}
_SPACES = (".zero", ".skip")
DIRECTIVES = (*_ITEM_BITS, *_TEXTS, *_SPACES)
"""The directives, by the names that NASM and that GAS give them."""
MAX_SPACE_BYTES = 16_384
_ADDRESS_BITS = 32  # narrower items have no room for the address of a label


def read_data(line: Operands, *, labels_known: bool) -> bytes:
    """Return the bytes of a line that is a directive of data, read from its beginning.

    Parameters
    ----------
    line
        The line, labels in front of it taken away.
    labels_known
        Whether the addresses of labels are known; before, each is a zero as wide as it will be.
    """
    line.at = 0
    name = line.next().lower()
    if name in _SPACES:
        data = bytes(line.number(0, MAX_SPACE_BYTES).value)
    else:
        data = _item(line, name, labels_known)
        while line.peek() == ",":
            line.next()
            data += _item(line, name, labels_known)
    line.finish()
    return data


def _item(line: Operands, name: str, labels_known: bool) -> bytes:
    bits = _ITEM_BITS.get(name)
    if bits is None or (bits == 8 and line.is_text()):
        return _text(line) + _TEXTS.get(name, b"")
    size = bits // 8
    if not line.is_number() and LABEL.fullmatch(line.peek()):
        if bits < _ADDRESS_BITS:
            line.unexpected("10, 0x0a" if bits > 8 else "10, 'text'")
        if not labels_known:
            line.next()
            return bytes(size)
        if line.peek() not in line.addresses:
            line.unknown(line.peek(), line.addresses, line.at)
        return line.addresses[line.next()].to_bytes(size, "little")
    value = line.number(-(2 ** (bits - 1)), 2**bits - 1).value
    return (value & ((1 << bits) - 1)).to_bytes(size, "little")


def _text(line: Operands) -> bytes:
    if not line.is_text():
        line.unexpected('"text"')
    text = line.peek()[1:-1]
    if not text.isascii() or not text.isprintable() or "\\" in text:
        raise AssemblyError(
            "line {line}, column {column}: the text has a character that is not printable ASCII, or a \\",
            **line.here(),
        )
    line.next()
    return text.encode("ascii")
