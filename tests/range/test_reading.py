"""Guest code with names of a manual in it: numbers take their places, and errors point at the text as written."""

import pytest

from vmwidgets.model.guest_code import AssemblyError, Immediate
from vmwidgets.model.range.reading import fill, read

MANUAL = {"mark": 2**60, "page_bytes": 4096, "call_report": 7}


def test_numbers_take_the_places_of_names_but_not_in_comments_and_texts():
    code = 'mov rax, { mark } ; as {said}\ndb "{mark}"\nadd rax, {page_bytes}*2 # {x}'
    filled = fill(code, MANUAL)
    assert filled == f'mov rax, {2**60} ; as {{said}}\ndb "{{mark}}"\nadd rax, 4096*2 # {{x}}'
    assert read("add rsi, {page_bytes}*2", MANUAL).instructions[0].operands[1] == Immediate(8192)


@pytest.mark.parametrize(
    ("code", "line", "column", "said"),
    [
        ("nop\n mov rax, {secret}", 2, 11, "there is no secret in the manual, expected one of mark, page_bytes"),
        ("mov rax, {call_repot}", 1, 10, "there is no call_repot in the manual, did you mean call_report?"),
        ("nop\nmov rax, {call_report}, 5", 2, 23, "this is ',', expected the end of the line"),
        ("mov [rax + {page_bytes} + rbx*3], {mark}", 1, 27, "the scale is 3"),
        ("mov al, {mark}", 1, 9, "the number does not fit"),
        ("mov qword [rax + {page_bytes}], {mark}", 1, 33, "the number does not fit"),
        ("mov rax, call_report", 1, 10, "there is no 'call_report', did you mean {call_report}?"),
        ("mov rax, {page_bytes} ; {\nadd rax, pagebytes", 2, 10, "did you mean {page_bytes}?"),
        ("mov rax, {mark", 1, 10, "this is '{', expected {mark}"),
        ("mov rax, {}", 1, 10, "this is '{', expected {name}"),
        ("mark", 1, 1, "this is 'mark', expected mov"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_written(code, line, column, said):
    with pytest.raises(AssemblyError) as refused:
        read(code, MANUAL)
    assert (refused.value.line, refused.value.column) == (line, column)
    assert f"line {line}, column {column}: " in str(refused.value)
    assert said in str(refused.value)
