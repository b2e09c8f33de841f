"""Experiments are found by name, say what they are, and answer a wrong call with a sentence."""

import subprocess
import sys

import pytest

import vmwidgets as vm
from vmwidgets import experiments
from vmwidgets.experiments.registry import REQUIRED
from vmwidgets.model.errors import VmwidgetsError


def test_importing_experiments_imports_neither_pandas_nor_jupyter():
    heavy = "{'pandas', 'ipywidgets', 'IPython', 'bqplot', 'anywidget', 'traitlets'}"
    code = f"import sys, vmwidgets as vm; vm.experiments.day_of_traces; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_says_what_it_is(name):
    found = experiments.get(name)
    assert found.name == name
    assert found.source
    assert found.summary.endswith(".")
    assert found.parameters
    assert getattr(vm.experiments, name) is found.run
    assert name in dir(vm.experiments)


def test_required_parameters_are_marked():
    parameters = experiments.get("day_of_traces").parameters
    assert [name for name, default in parameters.items() if default is REQUIRED] == ["files"]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("idle_tax", ["total_mb", "active_mb", "shares", "tax"]),
        ("min_free", ["host_gb"]),
        ("page_sharing", ["vms"]),
        ("balloon_overhead", ["size_mb", "balloon_mb"]),
        ("active_memory_sampling", ["schedule"]),
        ("page_walk", ["guest_levels", "host_levels"]),
        ("boot_storm", ["vms"]),
        ("ksm_pass", ["memory"]),
        ("limits_frozen_at_boot", ["boot_mb", "grown_mb"]),
        ("dynamic_memory", ["demand_mb", "buffer_pct", "minimum_mb", "maximum_mb", "priority"]),
        ("memory_profile", ["product"]),
    ],
)
def test_memory_experiments_keep_their_first_parameters(name, first):
    assert list(experiments.get(name).parameters)[: len(first)] == first


def test_unknown_experiments():
    with pytest.raises(VmwidgetsError, match="there is no experiment nothing, expected one of mhz_entitlement, "):
        experiments.get("nothing")
    with pytest.raises(VmwidgetsError, match=r"there is no experiment \['cap'\], expected one of "):
        experiments.get(["cap"])
    with pytest.raises(AttributeError, match="there is no experiment 'nothing'"):
        _ = vm.experiments.nothing


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("weighted_domains", {"weight": (1,)}, "the experiment weighted_domains has no parameter weight (did you mean"),
        ("weighted_domains", {"weights": 5}, "weights is 5, expected a list"),
        ("weighted_domains", {"weights": "87"}, "weights is '87', expected a list"),
        ("weighted_domains", {"pcpus": "2"}, "pcpus is '2', expected a whole number"),
        ("weighted_domains", {"pcpus": True}, "pcpus is True, expected a whole number"),
        ("weighted_domains", {"workload": 1}, "workload is 1, expected a text"),
        ("resource_pools", {"scalable": 1}, "scalable is 1, expected true or false"),
        ("resource_pools", {"total": float("nan")}, "total is nan, expected a number"),
        ("day_of_traces", {}, "the experiment day_of_traces cannot be called like this: missing a required argument"),
        ("day_of_traces", {"files": 1}, "files is 1, expected a text or a list of them"),
        ("slice_length", {"slice_ms": ["30"]}, "slice_ms is '30', expected a number from "),
        ("compare", {"stacks": 5}, "stacks is 5, expected the id of a product, its record, or a list of them"),
        ("attack_matrix", {"attacks": 5}, "attacks is 5, expected the id of an attack, an attack, or a list of them"),
        ("day_of_traces", {"files": "x", "vcpus": 1.5}, "vcpus is 1.5, expected a whole number or a list of them"),
    ],
)
def test_a_wrong_call_gets_a_sentence(name, parameters, told):
    with pytest.raises(VmwidgetsError) as error:
        getattr(experiments, name)(**parameters)
    assert str(error.value).startswith(told)
