"""Receipts: the latest answers as one short text that fits any field of a learning management system.

``VMW1-<assignment>-<answers>-<check>``: the answers are an answer file with the last record of each item, deflated (RFC
1951) with a dictionary of the words that such files hold, in base32 (RFC 4648). Base32 needs no case, so a receipt
survives fields that change it, and none of its signs means anything in HTML, CSV or Markdown. Answers that are too long
for that leave their hash only, ``VMW1-<assignment>-FILE-<hash>-<check>``, and the file must follow.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b, sha256
from html import unescape

from vmwidgets.answers import MAX_BYTES, Answer, AnswerFile, as_text, parse
from vmwidgets.model.errors import VmwidgetsError

MAX_CHARACTERS = 10_000
"""The longest receipt. Three of the longest programs of the attack range and 2,000 Russian letters need 5,300. A cell
of a spreadsheet takes 32,767 characters, and text fields of forms that are limited by default take 10,240 or more."""
MAX_PASTED = 200_000
"""The most characters of what is searched for a receipt."""

_CHECK_BYTES = 5
_TAG = re.compile(r"<[^<>]{0,1000}>")
_ENTITY = re.compile(r"&#?[0-9a-zA-Z]{1,10};")  # a longer one is none, and might be a number that takes long to read
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_NOISE = re.compile(r"[^A-Z0-9-]")
_FORM = re.compile(r"VMW1(?:PRACTICE)?-([A-Z]{1,40})-(FILE-)?([A-Z2-7]+)-([A-Z2-7]{8})")
_ITEMS = (
    ("observation", "hint.memory", "0}"),
    ("observation", "hint.device", "1}"),
    ("observation", "hint.cpu", "2}"),
    ("text", "a6", '"'),
    ("prediction", "a5", '[0, 0, 0], "confidence": 2}'),
    ("choice", "a4", '["iommu", "'),
    ("choice", "a3.memory", '["'),
    ("choice", "a3.device", '["'),
    ("choice", "a3.cpu", '["'),
    ("choice", "a2.memory.family", '"V1"}'),
    ("choice", "a2.device.family", '"V2"}'),
    ("choice", "a2.cpu.family", '"V6"}'),
    ("prediction", "a1", '["weak", "sound", "weak", "sound", "weak", "'),
    ("program", "a2.memory", '"'),
    ("program", "a2.device", '"'),
    ("program", "a2.cpu", '"'),
    ("choice", "a0", '"agreed"}'),
)
# The words that are expected, in the order of the form VMW1: what is changed here makes old receipts unreadable.
_WORDS = (
    "iretq pushfq popfq invlpg clflush sgdt smsw movzx lea push pop call ret int3 jmp jbe ja jae jb jl jge jle jg js "
    "jns nop pause cli sti cpuid rdmsr wrmsr rdtsc hlt xor or and not test shr shl inc dec sub add cmp jz jnz je jne "
    "byte ptr word ptr dword ptr qword ptr cr0 cr3 r15 r14 r13 r11 ax al dx dl cx cl V9 V8 V3; in al, dx; in eax, dx; "
    "out dx, eax; out dx, al; mov dx, 0x; mov rcx, 0x6e0; rdtsc; shl rdx, 32; or rax, rdx; mov r8, rax; mov r9, rax; "
    "clflush [rsi]; hlt; mov rax, [rsi]; mov [rsi], rax; mov [rdi], rax; mov rsi, 0x; xor r8, r8; dec r10; jnz loop; "
    "loop:; cmp rax, ; mov rdi, rax; mov rbx, ; mov rdi, ; mov rdx, ; mov rax, 0x; mov rcx, ; vmcall; "
).replace("; ", "\\n    ").encode() + "\n".join(
    (
        *(f'{{"kind": "{kind}", "item": "{item}", "value": {value}' for kind, item, value in _ITEMS),
        '{"vmwidgets": "answers", "schema": 1, "chapter": "perimeter", "token": "perimeter:2026-autumn:',
        '", "model": "vmwidgets/1"}\n',
    )
).encode()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt tells.

    Parameters
    ----------
    assignment
        Its id.
    data
        An answer file with the last record of each item, or ``None`` if the file must follow.
    sha256
        The hash of that file, in hexadecimal digits.
    """

    assignment: str
    data: bytes | None
    sha256: str

    def fits(self, data: bytes) -> bool:
        """Whether the bytes of an answer file hold the answers that this receipt was given for.

        Raises
        ------
        VmwidgetsError
            If it is no answer file, see :func:`vmwidgets.answers.parse`.
        """
        sheet = parse(data, self.assignment)
        return sha256(_latest(self.assignment, sheet.token, sheet.answers)).hexdigest() == self.sha256


def write(assignment: str, token: str, answers: Iterable[Answer]) -> str:
    """Return the receipt of answers: the same text whenever the latest answers are the same.

    Parameters
    ----------
    assignment
        Id of the assignment.
    token
        Text of the token; of the practice token the receipt says so in its first word.
    answers
        All records, oldest first; the last one of each item is kept.
    """
    data = _latest(assignment, token, answers)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zdict=_WORDS)
    head = f"VMW1{'PRACTICE' * (token == 'practice')}-{assignment.upper()}-"
    body = head + _base32(packer.compress(data) + packer.flush())
    if len(body) > MAX_CHARACTERS - 20:
        body = f"{head}FILE-{_base32(sha256(data).digest())}"
    return f"{body}-{_check(body)}".replace(assignment.upper(), assignment, 1)


def of_file(file: AnswerFile) -> str:
    """Return the receipt of an answer file. Practice answers lie in ``<assignment>-practice``."""
    return write(file.name.removesuffix("-practice"), file.token, file.answers)


def read(text: str) -> Receipt:
    """Find the receipt in what was pasted. Of several the last one counts.

    Case, white space, line breaks, HTML around it and other dashes than ``-`` make no difference.

    Raises
    ------
    VmwidgetsError
        If there is none, or it is damaged.
    """
    if len(text) > MAX_PASTED:
        raise VmwidgetsError("a receipt is looked for in at most {most} characters", most=MAX_PASTED)
    words = _ENTITY.sub(lambda found: unescape(found[0]), _TAG.sub("", text))
    clean = _NOISE.sub("", words.translate(_DASHES).upper())
    found = list(_FORM.finditer(clean))
    if not found:
        raise VmwidgetsError("there is no receipt in this text: expected VMW1-assignment-answers-check")
    body, check = found[-1][0].rsplit("-", 1)
    assignment, alone, payload = found[-1][1].lower(), found[-1][2], found[-1][3]
    try:
        if _check(body) != check:
            raise ValueError(check)
        packed = base64.b32decode(payload + "=" * (-len(payload) % 8))
        if alone:
            return Receipt(assignment, None, packed.hex())
        data = _inflate(packed)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise VmwidgetsError("this receipt is damaged: copy it once more, from VMW1 to its end") from error
    return Receipt(assignment, data, sha256(data).hexdigest())


def _latest(assignment: str, token: str, answers: Iterable[Answer]) -> bytes:
    newest = {answer.item: answer for answer in answers}
    return as_text(assignment, token, (newest[item] for item in sorted(newest))).encode()


def _inflate(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=_WORDS)
    data = unpacker.decompress(packed, MAX_BYTES + 1)  # bounded: a receipt may be made to unpack to any size
    if len(data) > MAX_BYTES or not unpacker.eof or unpacker.unused_data:
        raise ValueError(len(data))
    return data


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _check(body: str) -> str:
    return _base32(blake2b(body.encode(), digest_size=_CHECK_BYTES, person=b"vmw receipt").digest())
