"""Submissions of students who want to harm the grader: JSON, programs and files as nobody should write them."""

import json
import os

from hypothesis import strategies as st

from tests.range.guest_fuzz import Programs
from vmwidgets.answers import KINDS, MAX_BYTES, Answer, as_text
from vmwidgets.assignments.perimeter import ITEMS, MECHANISMS, THREATS, variant
from vmwidgets.assignments.perimeter.items import PREDICTED
from vmwidgets.assignments.perimeter.weaknesses import SLOTS

NAMES = (
    *(item.id for item in ITEMS),
    *(f"{stage}.{slot}" for stage in ("a2", "a3", "hint") for slot in SLOTS),
    *(f"a2.{slot}.family" for slot in SLOTS),
    *("a4", "a9", "__class__"),
)
LOOP = "again:\n    jmp again\n"
STORM = "again:\n    mov rax, {call}\n    vmcall\n    jmp again\n"
DEVICE = "    mov dx, {port}\nagain:\n    out dx, eax\n    in eax, dx\n    jmp again\n"
BELL = "again:\n    out dx, eax\n    jmp again\n"
WRITES = "    xor rdi, rdi\nagain:\n    mov [rdi], rdi\n    add rdi, 4096\n    jmp again\n"
STACK = "again:\n    call again\n"
ACROSS = "again:\n    add [0xffc], rax\n    jmp again\n"
CLOCK = "again:\n    rdtsc\n    jmp again\n"
FLUSH = "again:\n    clflush [0x1000]\n    mov rbx, [0x1000]\n    jmp again\n"
SWITCH = "    mov rax, cr3\nagain:\n    mov cr3, rax\n    mov rbx, [0x1000]\n    jmp again\n"
HALT = "again:\n    mov rax, 0xffffffff\n    mov rdx, rax\n    mov rcx, 0x6e0\n    wrmsr\n    hlt\n    jmp again\n"
ENDLESS = (LOOP, WRITES, STACK, ACROSS, CLOCK, FLUSH, SWITCH, HALT)

whole = st.integers(-(2**70), 2**70) | st.sampled_from([0, 1, -1, 10**18, 2**63])
texts = st.text(max_size=40) | st.sampled_from(
    ["", "\0", "\x1b[2J", "=1+1", "<script>", "../../x", "{0}", "%s", "ы" * 4000]
)
values = st.recursive(
    whole | texts | st.none() | st.booleans() | st.floats(),
    lambda one: st.lists(one, max_size=9) | st.dictionaries(texts, one, max_size=3),
    max_leaves=12,
)
known = st.sampled_from([*MECHANISMS, *THREATS, *PREDICTED, "weak", "sound", "agreed", "vmm", "nothing"])
likely = st.one_of(known, whole, st.lists(known, max_size=9), st.lists(st.integers(-(10**6), 10**6), max_size=3), texts)
lines = st.one_of(
    st.builds(
        lambda kind, item, value, sure: json.dumps({"kind": kind, "item": item, "value": value} | sure).encode(),
        st.sampled_from(KINDS) | texts,
        st.sampled_from(NAMES) | texts,
        likely | values,
        st.sampled_from([{}, {"confidence": 1}, {"confidence": 4}, {"confidence": True}, {"more": 1}]),
    ),
    st.binary(max_size=60),
    st.sampled_from(
        [
            b'{"kind": "choice", "item": "a4", "value": [' + b"[" * 100_000,
            b'{"a":' * 50_000,
            b'{"kind": "choice", "kind": "choice", "item": "a4", "value": 1}',
            b'{"kind": "prediction", "item": "a5", "value": [' + b"9" * 5000 + b", NaN, Infinity]}",
            b'{"kind": "text", "item": "a6", "value": "\\ud800"}',
            b'{"kind": "text", "item": "a6", "value": "\xff\xfe"}',
            b'{"kind": "text", "item": "a6", "value": "' + b"\\u0000" * 4000 + b'"}',
            b"\0" * 1000,
        ]
    ),
)


def programs(host):
    """Programs that loop, storm the VMM with exits, touch all memory, or are random and know the manual."""
    numbers = host.numbers()
    calls = sorted(value for name, value in numbers.items() if name.startswith("call_"))
    ports = sorted(value for name, value in numbers.items() if name.startswith("port_"))
    fixed = [*ENDLESS, *(STORM.format(call=call) for call in calls)]
    fixed += [DEVICE.format(port=port) for port in ports]
    fixed += ["", "mov", "nop\n" * 300, "x" * 16_000, ".byte " + ",".join(["1"] * 4000), "dq 0\n" * 256]

    def random(seed):
        code = Programs(seed, tuple(numbers)).text()
        for name, value in numbers.items():
            code = code.replace(f"{{{name}}}", str(value))
        return code

    return st.sampled_from(fixed) | st.integers(0, 2**32).map(random)


def answered(host):
    """Answer files whose programs are hostile, and whose other answers may be right."""
    slots = st.tuples(*(st.tuples(programs(host), st.sampled_from(PREDICTED)) for _ in SLOTS))
    board = st.lists(st.sampled_from(sorted(host.switches)), unique=True).map(sorted)

    def records(given, on, more):
        for slot, (code, family) in zip(SLOTS, given, strict=True):
            yield Answer("choice", f"a2.{slot}.family", family)
            yield Answer("program", f"a2.{slot}", code)
        yield Answer("choice", "a4", tuple(on))
        yield Answer("prediction", "a5", (0, 0, 0), more)

    return st.builds(lambda *parts: list(records(*parts)), slots, board, st.integers(1, 4))


def submissions(token):
    """Bytes with a header that is genuine, mostly, so that what is behind it is looked at."""
    host = variant(token.seed)

    def whole(records, others, cut):
        data = as_text("perimeter", token.text, records).encode() + b"\n".join(others)
        return data[: len(data) * cut // 100] if cut < 100 else data

    heads = st.sampled_from([[], [Answer("choice", "a0", "agreed")]]) | answered(host)
    built = st.builds(whole, heads, st.lists(lines, max_size=6), st.sampled_from([100, 100, 100, 100, 60, 99]))
    return built | st.binary(max_size=80) | st.just(b"[" * (MAX_BYTES + 1))


def files(folder, data):
    """Put what is no plain file where a submission should lie: each name once."""
    (folder / "plain").write_bytes(data)
    os.symlink(folder / "plain", folder / "link")
    os.symlink(folder / "loop", folder / "loop")
    os.symlink("/dev/zero", folder / "device")
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    with (folder / "sparse").open("wb") as sparse:
        sparse.truncate(5 * 10**9)
    return [folder / name for name in ("link", "loop", "device", "pipe", "folder", "sparse", "nothing")]
