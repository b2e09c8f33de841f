"""The form of an experiment in a file: what is written is read back, and nothing else is read at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vmwidgets as vm
from vmwidgets import experiment_file
from vmwidgets.commands import MAX_COMMANDS, Advance, Configure, CreateVM, DestroyVM, SetScheduler, Setup, SetWorkload
from vmwidgets.model.errors import VmwidgetsError
from vmwidgets.stacks import get

SETUP = Setup(vm.Hardware(pcpus=8), get("neutral"), 7, 60)
HEADER = experiment_file.dump(SETUP, ()).rstrip("\n")
NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=40
).filter(lambda text: text == text.strip() and text.isprintable())
WORKLOADS = st.sampled_from(
    [
        vm.Workload("idle"),
        vm.Workload("database", clients=3, growth_bytes_per_day=10**9),
        vm.Workload("trace", values=(0, 100, 50), value_s=60),
    ]
)
VMS = st.builds(
    vm.VM,
    name=NAMES,
    vcpus=st.integers(1, 256),
    thin=st.booleans(),
    workload=WORKLOADS,
    kernel=st.builds(vm.GuestKernel, name=NAMES),
    cpu_limit_mhz=st.none() | st.integers(1, 10**9),
    stream=NAMES,
)
COMMANDS = st.one_of(
    st.builds(CreateVM, VMS),
    st.builds(DestroyVM, NAMES),
    st.builds(SetWorkload, NAMES, WORKLOADS),
    st.builds(Advance, st.integers(1, 100_000)),
    st.builds(SetScheduler, st.sampled_from([(), (("algorithm", "credit2"), ("slice_ms", 5))])),
    st.builds(
        Configure,
        NAMES,
        st.fixed_dictionaries(
            {},
            optional={
                "name": NAMES,
                "vcpus": st.integers(1, 256),
                "memory_limit_bytes": st.none() | st.integers(2**20, 2**50),
                "thin": st.booleans(),
                "workload": WORKLOADS,
                "kernel": st.builds(vm.GuestKernel, name=NAMES),
            },
        ).map(lambda changes: tuple(changes.items())),
    ),
)


@given(st.lists(COMMANDS, max_size=5))
def test_what_is_written_is_read_back(log):
    assert experiment_file.load(experiment_file.dump(SETUP, log)) == (SETUP, tuple(log))


def test_the_form_of_a_file():
    lines = experiment_file.dump(SETUP, [CreateVM(vm.VM("Ж")), DestroyVM("Ж"), Advance(3)]).splitlines()
    header = json.loads(lines[0])
    assert header["vmwidgets"] == "experiment"
    assert header["schema"] == experiment_file.SCHEMA
    assert header["hardware"]["pcpus"] == 8
    assert lines[2:] == ['{"command":"destroy_vm","vm":"Ж"}', '{"command":"advance","ticks":3}']


def test_windows_line_ends_and_a_missing_last_one():
    assert experiment_file.load(HEADER + "\r\n" + '{"command":"advance","ticks":3}\r\n')[1] == (Advance(3),)
    assert experiment_file.load(HEADER + "\n" + '{"command":"advance","ticks":3}')[1] == (Advance(3),)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "this is not a JSON object: "),
        ("null", "this is not a JSON object: null"),
        ("[1]", "this is not a JSON object: [1]"),
        ('{"command":"advance"', "this is not a JSON object: "),
        ('{"command":"advance","ticks":1}}', "this is not a JSON object: "),
        ("[" * 100_000, "this is not a JSON object: ["),
        (
            "{}",
            "the command is None, expected one of create_vm, destroy_vm, configure, set_workload, set_memory, "
            "set_scheduler, set_stack, advance",
        ),
        ('{"command":"advanse","ticks":1}', "the command is 'advanse', expected one of create_vm, "),
        ('{"command":["advance"],"ticks":1}', "the command is ['advance'], expected one of create_vm, "),
        ('{"command":"advance"}', "ticks is missing"),
        ('{"command":"advance","ticks":1,"tick":2}', "tick (did you mean ticks?) is not known here"),
        ('{"command":"advance","ticks":1,"ticks":1}', "a key stands twice"),
        ('{"command":"advance","ticks":1.0}', "1.0 is not a whole number"),
        ('{"command":"advance","ticks":1e3}', "1e3 is not a whole number"),
        ('{"command":"advance","ticks":NaN}', "NaN is not a whole number"),
        ('{"command":"advance","ticks":-Infinity}', "-Infinity is not a whole number"),
        ('{"command":"advance","ticks":' + "9" * 5000 + "}", "999"),
        ('{"command":"advance","ticks":true}', "ticks is True, expected a whole number from 1 to 100000"),
        ('{"command":"advance","ticks":"1"}', "ticks is '1', expected a whole number from 1 to 100000"),
        ('{"command":"advance","ticks":0}', "ticks is 0, expected a whole number from 1 to 100000"),
        ('{"command":"advance","ticks":100001}', "ticks is 100001, expected a whole number from 1 to 100000"),
        ('{"command":"destroy_vm","vm":1}', "vm is 1, expected 1 to 40 printable characters"),
        ('{"command":"destroy_vm","vm":" A"}', "vm is ' A', expected 1 to 40 printable characters"),
        ('{"command":"create_vm","vm":"A"}', "vm is 'A', expected an object"),
        ('{"command":"create_vm","vm":{}}', "VM lacks a field: "),
        ('{"command":"create_vm","vm":{"name":"A","vcpu":2}}', "vcpu (did you mean vcpus?) is not known here"),
        (
            '{"command":"create_vm","vm":{"name":"A","vcpus":[2]}}',
            "vcpus is [2], expected a whole number from 1 to 256",
        ),
        ('{"command":"create_vm","vm":{"name":["A"]}}', "name is ['A'], expected 1 to 40 printable characters"),
        ('{"command":"create_vm","vm":{"name":"A\\ud800"}}', "name is 'A\\ud800', expected 1 to 40 printable"),
        ('{"command":"create_vm","vm":{"name":"A","thin":1}}', "thin is 1, expected True or False"),
        ('{"command":"create_vm","vm":{"name":"A","kernel":1}}', "GuestKernel is 1, expected an object"),
        ('{"command":"create_vm","vm":{"name":"A","kernel":{"hz":1}}}', "hz is not known here, expected one of"),
        ('{"command":"create_vm","vm":{"name":"A","workload":1}}', "workload is 1, expected an object"),
        (
            '{"command":"create_vm","vm":{"name":"A","workload":{}}}',
            "a workload needs a kind, and its values are a list",
        ),
        ('{"command":"configure","vm":"A","changes":[]}', "changes is [], expected an object"),
        ('{"command":"configure","vm":"A","changes":{"stream":"B"}}', "stream is not known here, expected one of"),
        ('{"command":"set_workload","vm":"A","workload":{"kind":"x"}}', "workload is 'x', expected one of idle, "),
        ('{"command":"set_workload","vm":"A","workload":{"kind":"idle","self":1}}', "self is not known here"),
        ('{"command":"set_workload","vm":"A","workload":{"kind":"web","cpu":1}}', "cpu (did you mean cpu_us?) is not"),
        ('{"command":"set_workload","vm":"A","workload":{"kind":"idle","values":[1]}}', "values are for the workload"),
        (
            '{"command":"set_workload","vm":"A","workload":{"kind":"trace","values":["1"]}}',
            "trace value is '1', expect",
        ),
        ('{"command":"set_workload","vm":"A","workload":{"kind":"trace","values":{}}}', "a workload needs a kind, and"),
    ],
)
def test_anything_else_is_refused_by_its_line(line, told):
    good = '{"command":"advance","ticks":1}'
    with pytest.raises(VmwidgetsError) as error:
        experiment_file.load("\n".join((HEADER, good, line, good)))
    assert str(error.value).startswith(f"line 3: {told}")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"vmwidgets": "answers"}, "this is not the header of an experiment"),
        ({"schema": experiment_file.SCHEMA + 1}, "the schema is 2, this version reads schema 1"),
        ({"schema": "1"}, "the schema is '1', this version reads schema 1"),
        ({"schema": True}, "the schema is True, this version reads schema 1"),
        ({"schema": None}, "the schema is None, this version reads schema 1"),
        ({"stack": 1}, "stack is 1, expected a text"),
        ({"stack": "none"}, "stack is 'none', expected one of neutral"),
        ({"seed": -1}, "seed is -1, expected a whole number from 0 to "),
        ({"tick_s": 0}, "tick_s is 0, expected a whole number from 1 to 86400"),
        ({"hardware": []}, "Hardware is [], expected an object"),
        ({"hardware": {"pcpus": 0}}, "pcpus is 0, expected a whole number from 1 to 1024"),
        ({"hardware": {"cpus": 2}}, "cpus (did you mean pcpus?) is not known here"),
        ({"stak": "neutral"}, "stak (did you mean stack?) is not known here"),
    ],
)
def test_another_header_is_refused(change, told):
    with pytest.raises(VmwidgetsError) as error:
        experiment_file.load(json.dumps(json.loads(HEADER) | change))
    assert str(error.value).startswith(f"line 1: {told}")


def test_an_empty_file_and_too_many_lines():
    with pytest.raises(VmwidgetsError, match="line 1: the file is empty, expected the header of an experiment"):
        experiment_file.load("")
    lines = [HEADER, *['{"command":"advance","ticks":1}'] * (MAX_COMMANDS + 1)]
    with pytest.raises(VmwidgetsError, match="line 5002: more than 5000 commands"):
        experiment_file.load("\n".join(lines))
