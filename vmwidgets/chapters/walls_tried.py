"""Two walls of chapter 3, tried by guest code: may B read what is A's, and does A fall when B does?

Two guests run in turns on the virtual CPU, under a VMM that may have a hole. What comes of it is found in the run.
"""

from dataclasses import dataclass
from functools import cache

from vmwidgets.model.assembly import assemble
from vmwidgets.model.cpu import CPU, Action, Exit
from vmwidgets.model.guest_memory import PAGE_BYTES, GuestMemory

SECRET = 0x5EC12E7
"""What A writes to all of its pages. Nobody else writes it."""
_FRAMES, _PAGES, _TURNS, _TURN = 16, 5, 8, 400

_OWNER = f"""
    mov rbx, {SECRET}
write:
    xor rsi, rsi
    mov rcx, {_PAGES}
page:
    mov [rsi], rbx
    add rsi, {PAGE_BYTES}
    dec rcx
    jnz page
    jmp write
"""
# r8 gathers all bits that are found: B has written nothing, so all of its pages should read as zeros.
_CURIOUS = f"""
    xor rsi, rsi
    mov rcx, {_PAGES}
look:
    mov rax, [rsi]
    or r8, rax
    add rsi, {PAGE_BYTES}
    dec rcx
    jnz look
    mov rdx, 300            ; the next turn is A's
wait:
    dec rdx
    jnz wait
    mov rax, [rsi]          ; one page beyond: nothing is mapped there, and no kernel expects the fault
    jmp look
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A VMM for the machines A and B. By default its walls have no hole.

    Parameters
    ----------
    maps_twice
        Whether one page of B lies in a frame that A has.
    reuses
        Whether A was removed before B came, so that B gets A's frames.
    clears
        Whether a frame is cleared before it is handed on.
    stops
        Whom a fault of B stops: ``"guest"``, who made it; ``"all"``, because what it brings down is there only once.
    """

    maps_twice: bool = False
    reuses: bool = False
    clears: bool = True
    stops: str = "guest"


SOUND = Server()


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it.

    Parameters
    ----------
    words_seen
        Whether B has read what A wrote.
    violations
        How many of B's accesses the second-stage table did not map.
    a_went_on
        Instructions that A executed after B had fallen.
    """

    words_seen: bool
    violations: int
    a_went_on: int


@cache
def tried(server: Server) -> Tried:
    """Let A work, B look around and then fall, and return what came of it."""
    memory = bytearray(_FRAMES * PAGE_BYTES)
    first = range(_PAGES)
    owner = CPU(assemble(_OWNER), GuestMemory(memory, dict(enumerate(first))), _stop)
    owner.run(_TURN)
    frames = list(first if server.reuses else range(_PAGES, 2 * _PAGES))
    if server.clears:
        for frame in frames:
            memory[frame * PAGE_BYTES : (frame + 1) * PAGE_BYTES] = bytes(PAGE_BYTES)
    if server.maps_twice:
        frames[_PAGES // 2] = first[-1]
    curious = CPU(assemble(_CURIOUS), GuestMemory(memory, dict(enumerate(frames))), _stop)
    alive, went_on = [curious] if server.reuses else [owner, curious], 0
    for _ in range(_TURNS):
        for guest in tuple(alive):
            if guest not in alive:
                continue
            before = guest.executed
            if guest.run(_TURN) is Action.STOP:
                alive = [] if server.stops == "all" else [other for other in alive if other is not guest]
            if guest is owner and curious not in alive:
                went_on += guest.executed - before
    seen = curious.registers["r8"] & SECRET == SECRET
    return Tried(seen, curious.counts().exits["ept_violation"], went_on)


def _stop(_cpu: CPU, exit: Exit) -> Action:
    """Handle an exit: a guest that touches what is not there cannot go on."""
    return Action.STOP if exit.reason == "ept_violation" else Action.RESUME
