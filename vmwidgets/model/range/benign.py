"""A guest that does no harm, and what it meets on a server: its program, its pages, and its neighbours.

It computes, touches memory, uses devices, waits for the disk and sleeps. Two other VMs run the same OS, as VMs on one
server mostly do, so that some of their pages are equal to its own.
"""

from vmwidgets.model.guest_memory import PAGE_BYTES
from vmwidgets.model.range.attack import Placement
from vmwidgets.model.range.guest import ROOT
from vmwidgets.model.range.scenario import Scenario

BENIGN = Placement(timed=True, core="in_turn")
"""Where it runs: time passes, and another VM has the core whenever it halts."""
WORKLOAD = """
    mov rsp, {page_bytes}       ; its stack ends with its fourth page
    shl rsp, 2
    mov r15, {port_link}        ; sends 16 packets, and waits until they are out
    mov rcx, 16
    call send
    mov r15, {port_disk}        ; sends four requests to the disk, and waits for them
    mov rcx, 4
    call send
    mov r12, 8                  ; rounds
round:
    mov r13, 2                  ; works through four pages, twice
again:
    xor rsi, rsi
    mov rcx, {page_bytes}
    shr rcx, 4
line:
    add [rsi], r12
    add rsi, 64
    dec rcx
    jnz line
    dec r13
    jnz again
    xor rsi, rsi                ; looks into each of its pages, but for those of its tables
    mov rcx, {pages}
    sub rcx, 4
look:
    mov rax, [rsi + 64]
    add rsi, {page_bytes}
    dec rcx
    jnz look
    mov rax, {call_balloon_claim}
    mov rdi, {most_pages}
    dec rdi
    vmcall                      ; grows by a page
    mov rax, {call_page_table_update}
    mov rdi, {window_entry}
    mov rsi, {lowest_table}
    or rsi, 7
    vmcall                      ; maps its lowest table a second time, then read-only, and takes that back
    mov rax, {call_page_table_update}
    xor rsi, 2
    vmcall
    mov rax, {call_page_table_update}
    xor rsi, rsi
    vmcall
    mov rax, {call_balloon_release}
    mov rdi, {most_pages}
    dec rdi
    vmcall
    mov rdx, {port_dma}         ; lets its device fetch a block, and interrupt by its vector
    xor rax, rax
    out dx, eax
    inc rdx
    inc rax
    out dx, al
    dec rdx
    mov rax, {message_address}
    out dx, eax
    add rdx, 2
    mov rax, {device_vector}
    out dx, eax
    dec rdx
    mov rax, 2
    out dx, al
    mov rdx, {port_floppy}      ; sends a command with two parameters
    mov rax, 0x8e
    out dx, al
    mov rax, 1
    out dx, al
    mov rax, 0x80
    out dx, al
    mov rsi, {page_bytes}       ; sends 8 bytes by a descriptor of its card, and by a request to the backend
    mov rax, 0x800000006
    mov [rsi], rax
    lea rax, [rsi + 64]
    mov [rsi + 8], rax
    mov rdx, {port_nic}
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 1
    out dx, eax
    mov rdx, {port_backend}
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 1
    out dx, eax
    mov rdx, {port_network}     ; the same in two fragments
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 8
    out dx, eax
    inc rdx
    mov rax, 1
    out dx, eax
    xor rax, rax
    out dx, eax
    mov rdx, {port_channel}     ; copies a text to the desktop
    mov rax, rsi
    out dx, eax
    inc rdx
    mov rax, 8
    out dx, eax
    mov rdx, {port_interrupts}  ; has a device that is busy
    mov rax, 20000
    out dx, eax
    inc rdx
    out dx, al
    mov rdi, rsi                ; calls its kernel
    mov rax, {call_system_call}
    mov rsi, 8
    vmcall
    mov r14, 20000              ; and sleeps
    call sleep
    dec r12
    jnz round
    mov rdx, {port_balloon}     ; is asked for memory, and has none to give back
    out dx, al
    jmp done
send:
    mov rdx, r15
    out dx, eax
    dec rcx
    jnz send
wait:
    mov r14, 50000
    call sleep
    mov rdx, r15
    in eax, dx
    test eax, eax
    jnz wait
    ret
sleep:
    rdtsc
    shl rdx, 32
    or rax, rdx
    add rax, r14
    mov rdx, rax
    shr rdx, 32
    mov rcx, 0x6e0
    wrmsr
    hlt
    ret
done:
"""
"""What it does all day. Page 1 has its descriptors, too. It waits for network and disk before all else, so that it
finds these in the same state however long the rest takes."""
GROWS = """
    mov rdi, {pages}            ; grows as far as it may
more:
    mov rax, {call_balloon_claim}
    vmcall
    inc rdi
    cmp rdi, {most_pages}
    jb more
    mov r12, 16                 ; and uses its pages in each of 16 ticks
tick:
    xor rsi, rsi
    mov rcx, {most_pages}
touch:
    mov rax, [rsi]
    add rsi, {page_bytes}
    dec rcx
    jnz touch
    hlt
    dec r12
    jnz tick
"""
"""What a guest does that needs all memory that it can get."""
OWN_PAGES, OS_PAGES = range(4), range(6, 10)
"""Pages that only it has, and those of the OS that all VMs run. The others are zeros, which all have as well."""
SETTLE_ROUNDS = 2
"""It has rested for so many rounds of the scanner for equal pages before it begins, so that these are found."""


def settle(scenario: Scenario) -> None:
    """Let the VMs run the same OS and rest until the scanner has seen it."""
    machine, draws = scenario.machine, scenario.draws
    first, second, third = scenario.guests
    own = [page for page in OWN_PAGES if page in first.map]
    for page in own:
        machine.put(first.map[page] * PAGE_BYTES, draws.word(f"page {page}"))
    others = [page for page in scenario.free_pages if page in second.map]
    for at, page in enumerate(OS_PAGES):
        content = draws.word(f"page {at} of the OS")
        places = ((first, page), *((second, one) for one in others[at : at + 1]), (third, page))
        for guest, where in places:
            if where in guest.map and where < ROOT:
                machine.put(guest.map[where] * PAGE_BYTES, content)
    if scenario.placement.timed:
        scenario.clock.set_deadline(SETTLE_ROUNDS * scenario.numbers["round_cycles"])
        scenario.clock.halt(0)
