"""Words of x86-64 that guest code does not know, and what does instead."""

_INSTEAD = {
    "dec, jnz": ("loop", "loope", "loopne", "loopz", "loopnz"),
    "shl, add": ("mul", "imul"),
    "shr, sub": ("div", "idiv"),
    "xor": ("not",),
    "sub": ("neg",),
    "mov": ("xchg", "movabs", "movl", "movq", "movdqa", "movups", "prefetch", "prefetcht0"),
    "shl": ("sal",),
    "shr": ("sar",),
    "shl, shr, or": ("rol", "ror"),
    "add, jc": ("adc",),
    "sub, jc": ("sbb",),
    "movzx": ("movsx", "movsxd", "cbw", "cwde", "cdqe"),
    "test": ("bt",),
    "test, jz": ("jcxz", "jecxz", "jrcxz"),
    "jz, mov": ("cmov", "set"),
    "mov, inc, jnz": (
        *("rep", "repe", "repz", "repne", "repnz", "movsb", "movsw", "movsd", "movsq"),
        *("stosb", "stosw", "stosd", "stosq", "lodsb", "lodsq", "scasb", "cmpsb"),
    ),
    "mov, pop": ("leave",),
    "push, mov": ("enter",),
    "clflush": ("clflushopt", "clwb", "invd", "wbinvd"),
    "cpuid": ("lfence", "mfence", "sfence", "serialize"),
    "rdtsc": ("rdtscp",),
    "in": ("inb", "inw", "inl"),
    "out": ("outb", "outw", "outl"),
    "vmcall": ("syscall", "sysenter", "vmmcall", "hypercall"),
    "iretq": ("iret", "iretd", "sysret", "sysexit"),
    "hlt": ("halt",),
    "jmp": ("jump", "goto"),
    "ret": ("return", "retn"),
    "sgdt": ("sidt", "sldt", "str"),
}
INSTEAD: dict[str, str] = {word: instead for instead, words in _INSTEAD.items() for word in words}
"""Instructions that the subset does not have, or that people call so, and with which of its own the same is done."""
FAMILIES = ("cmov", "set")
"""Names that all instructions of a kind begin with."""
NOT_NEEDED = frozenset(
    (
        *("section", "segment", "global", "extern", "bits", "org", "default", "align"),
        *(".text", ".data", ".globl", ".org"),
    )
)
"""Directives of assemblers about what is settled here."""


def instead_of(word: str) -> str:
    """Return what does instead of an instruction that is left out, ``""`` for another word."""
    return INSTEAD.get(word) or next((INSTEAD[one] for one in FAMILIES if word.startswith(one)), "")
